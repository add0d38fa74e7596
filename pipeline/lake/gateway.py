"""The SQLMesh project on Spark: the same files, another gateway. Only this needs pyspark and Java."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from sqlmesh.core.config import DuckDBConnectionConfig, GatewayConfig, PostgresConnectionConfig
from sqlmesh.core.config.connection import ConnectionConfig, SparkConnectionConfig

from pipeline.errors import UsageError
from pipeline.lake.place import TABLES, Place
from pipeline.lake.require import iceberg_jars, require_spark
from pipeline.settings import Settings
from pipeline.warehouse import ProjectConfig, project_config

GATEWAY = "spark"  # the macros that have a form per engine ask for it by this name
CATALOG = "spark.sql.catalog.spark_catalog"
METASTORE = "spark.hadoop.javax.jdo.option.ConnectionURL"


def spark_project(settings: Settings, place: Place, project: Path) -> ProjectConfig:
    """config.yaml with a Spark gateway as its only one. Raises UsageError without the extra `spark`."""
    require_spark()
    config = project_config(settings, project)
    gateway = GatewayConfig(
        connection=SparkConnectionConfig(
            config=spark_conf(settings, place), concurrent_tasks=settings.threads
        ),
        state_connection=_state(settings),
    )
    # What is made anew every night is plain Parquet; models that keep rows ask for Iceberg themselves.
    defaults = config.model_defaults.copy(update={"storage_format": "parquet"})
    return config.copy(
        update={
            "gateways": {GATEWAY: gateway},
            "default_gateway": GATEWAY,
            "model_defaults": defaults,
            "cache_dir": str(project / ".cache" / "spark"),
        }
    )


def spark_conf(settings: Settings, place: Place) -> dict[str, Any]:
    """Configuration of the Spark session. SCHOOLHOUSE_SPARK_CONF wins."""
    folder = settings.spark_dir.absolute()
    return {
        "spark.app.name": "schoolhouse",
        "spark.master": f"local[{settings.threads}]",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={folder / 'derby.log'}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        # Spark takes 15 s without an answer for a death: a busy or suspended machine would lose its night.
        "spark.python.authenticate.socketTimeout": "10min",
        "spark.network.timeout": "15min",
        "spark.jars": ",".join(iceberg_jars()),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        CATALOG: "org.apache.iceberg.spark.SparkSessionCatalog",
        f"{CATALOG}.type": "hive",
        f"{CATALOG}.table-default.write.metadata.delete-after-commit.enabled": "true",
        f"{CATALOG}.table-default.write.metadata.previous-versions-max": "10",
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",  # the run lock leaves one writer
        METASTORE: _metastore(settings),
        # As Spark sets them for its own client of the metastore; Iceberg has another.
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        "spark.hadoop.hive.metastore.schema.verification": "false",
        "spark.sql.warehouse.dir": place.spark(TABLES),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.shuffle.partitions": str(settings.threads),
        "spark.sql.hive.manageFilesourcePartitions": "false",  # folders say which dates there are
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    } | settings.spark_conf


def refuse_another_session(settings: Settings) -> None:
    """Raise UsageError where this process runs Spark for another data directory.

    A process has one session, which would go on working on that one's tables; Hive and Iceberg keep their
    connections to its metastore even when the session is stopped.
    """
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    found = session.sparkContext.getConf().get(METASTORE) if session else None
    if found and found != settings.spark_conf.get(METASTORE, _metastore(settings)):
        raise UsageError("This process runs Spark for another data directory.", hint="Use one process each.")


def _metastore(settings: Settings) -> str:
    return f"jdbc:derby:;databaseName={settings.spark_dir.absolute() / 'metastore'};create=true"


def _state(settings: Settings) -> ConnectionConfig:
    """Where SQLMesh keeps what it has built: PostgreSQL where several machines take turns, else a file."""
    if settings.spark_state_url is None:
        return DuckDBConnectionConfig(
            database=str(settings.spark_dir / "state.duckdb"), concurrent_tasks=settings.threads
        )
    parts = conninfo_to_dict(settings.spark_state_url.get_secret_value())
    return PostgresConnectionConfig(
        host=str(parts.get("host", "localhost")),
        port=int(parts.get("port") or 5432),
        user=str(parts.get("user", "")),
        password=str(parts.get("password", "")),
        database=str(parts.get("dbname", "")),
        concurrent_tasks=settings.threads,
    )

"""The tables that Spark sees: raw as it was landed, and what the models made of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot

from pipeline.build_scope import incremental_tables
from pipeline.lake.landing import Landed
from pipeline.lake.place import Place

Spark = Any  # a SparkSession; pyspark is there only with the extra `spark`
ICEBERG = "iceberg"
SPARK_TYPES = {"INTEGER": "INT", "TIMESTAMP": "TIMESTAMP_NTZ", "UUID": "STRING", "VARCHAR": "STRING"}


def landed_tables(context: Context) -> list[str]:
    """The tables outside the project that its models read."""
    outside = {fqn: model.name for fqn, model in context.models.items() if model.kind.is_external}
    read = {parent for model in context.models.values() for parent in model.depends_on or ()}
    return sorted(name for fqn, name in outside.items() if fqn in read)


def session(context: Context) -> Spark:
    """The session that the models are built in."""
    return context.engine_adapter.spark


def register(spark: Spark, place: Place, tables: Sequence[Landed]) -> None:
    """Make Spark see landed files as tables of the same names; a table whose columns changed is made anew."""
    for schema in sorted({table.table.partition(".")[0] for table in tables}):
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table in tables:
        _register(spark, place, table)


def _register(spark: Spark, place: Place, table: Landed) -> None:
    columns = {name: _spark_type(kind) for name, kind in table.columns.items()}
    if table.partition:
        columns[table.partition] = "DATE"
    if spark.catalog.tableExists(table.table) and spark.table(table.table).columns == list(columns):
        spark.sql(f"REFRESH TABLE {table.table}")
        return
    body = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
    partitioned = f" PARTITIONED BY ({table.partition})" if table.partition else ""
    spark.sql(f"DROP TABLE IF EXISTS {table.table}")
    location = f"LOCATION '{place.spark(table.folder)}'"
    spark.sql(f"CREATE TABLE {table.table} ({body}) USING parquet{partitioned} {location}")


def _spark_type(kind: str) -> str:
    return "STRING" if kind.startswith("ENUM") else SPARK_TYPES.get(kind, kind)


def forget(context: Context, user_keys: Collection[int]) -> None:
    """Delete people from the models that keep what they built; all others are made anew anyhow."""
    them = ", ".join(str(int(key)) for key in user_keys)
    for table in incremental_tables(context) if user_keys else ():
        context.engine_adapter.execute(f"DELETE FROM {table} WHERE user_key IN ({them})")  # noqa: S608


def files_of(context: Context, snapshot: Snapshot) -> list[str]:
    """URIs of the files that hold the rows of a model now."""
    spark, table = session(context), snapshot.table_name()
    if snapshot.model.table_format == ICEBERG:
        # Copy on write: without files of deletes, the data files are the rows.
        return [row[0] for row in spark.sql(f"SELECT file_path FROM {table}.files").collect()]  # noqa: S608
    return list(spark.table(table).inputFiles())


def tidy(context: Context) -> None:
    """Merge the small files that nights leave in incremental tables, where there are five or more in one.

    Then let go of older versions: deleted people are in their files.
    """
    for table in incremental_tables(context):
        name = table.partition(".")[2]
        _call(context, f"rewrite_data_files(table => '{name}')")
        now = f"TIMESTAMP_LTZ '{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}'"
        _call(context, f"expire_snapshots(table => '{name}', older_than => {now}, retain_last => 1)")


def _call(context: Context, procedure: str) -> None:
    session(context).sql(f"CALL spark_catalog.system.{procedure}")

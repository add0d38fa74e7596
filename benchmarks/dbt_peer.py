"""The same nightly build in dbt-duckdb: our models and audits, rendered by SQLMesh, as models and tests of dbt.

Both build on the same raw tables, each as a process of its own (`schoolhouse build`, `dbt build`), night after
night. dbt gets what it does best: one process for models and tests, incremental models that delete and
append the same days, seeds that are there already, two threads. Every mart is compared afterwards.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from sqlmesh.core.macros import RuntimeStage
from sqlmesh.core.model import Model

from benchmarks import nights, processes
from benchmarks.ingest import environment
from demo.day import append_day
from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse

DBT_PACKAGES = ("dbt-core==1.11.16", "dbt-duckdb==1.11.1", "duckdb==1.5.5")
BUILT_SCHEMAS = ("staging", "intermediate", "marts")
# Raw tables that our first build makes before its models read them.
MADE_BY_BUILDS = ("mart_catalog", "erasure_receipts")
NIGHTS = 3
PROJECT = """
name: peer
version: "1.0"
profile: peer
flags: {send_anonymous_usage_stats: false}
on-run-start:
  - "DELETE FROM build.build_days"
  - "INSERT INTO build.build_days SELECT DISTINCT user_key, local_date FROM {{ 'raw.analytics' if flags.FULL_REFRESH else 'raw.pending_days' }}"
"""
PROFILE = """
peer:
  target: local
  outputs:
    local: {type: duckdb, path: FILE, threads: 2, settings: {TimeZone: UTC, threads: 2, memory_limit: 2GB, preserve_insertion_order: false}}
"""
SCHEMA_NAME = """
{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}
"""


@dataclass(frozen=True)
class Pair:
    """Seconds of one build by each, whole processes."""

    ours: float
    dbt: float


def measure(server: str, events: int, work: Path) -> str:
    """A first build and nights by both; gives the section of the page."""
    folder = work / "dbt"
    shutil.rmtree(folder, ignore_errors=True)
    dbt = environment(folder / "venv", DBT_PACKAGES).with_name("dbt")
    as_of = nights.start()
    url = nights.source(server, events, as_of)
    data_dir, peer = folder / "data", folder / "peer" / "warehouse.duckdb"
    schoolhouse(url, data_dir, "ingest", as_of)
    copy_raw(data_dir, peer)
    first = Pair(schoolhouse(url, data_dir, "build"), write_and_run(dbt, data_dir, peer))
    later = [one_night(dbt, url, data_dir, peer, number) for number in range(NIGHTS + 1)][1:]
    return section(events, first, later, differing_marts(data_dir, peer))


def one_night(dbt: Path, url: str, data_dir: Path, peer: Path, number: int) -> Pair:
    """Play a day, ingest it, and build it by both."""
    day = append_day(url, seed=nights.SEED + number, events=nights.NEW_EVENTS, departures=False)
    schoolhouse(url, data_dir, "ingest", day.as_of)
    copy_raw(data_dir, peer)
    return Pair(schoolhouse(url, data_dir, "build"), run_dbt(dbt, peer.parent))


def schoolhouse(url: str, data_dir: Path, command: str, as_of: datetime | None = None) -> float:
    """Run one of our commands; gives its seconds."""
    options = ["--as-of", as_of.isoformat()] if as_of else []
    names = {"SCHOOLHOUSE_SOURCE_URL": url, "SCHOOLHOUSE_DATA_DIR": str(data_dir)}
    program = str(Path(sys.executable).with_name("schoolhouse"))
    return processes.run([program, command, *options], names).seconds


def write_and_run(dbt: Path, data_dir: Path, peer: Path) -> float:
    """Write dbt's project from ours, and build everything with it for the first time."""
    write_project(data_dir, peer)
    run_dbt(dbt, peer.parent, "parse")
    return run_dbt(dbt, peer.parent, "build", "--full-refresh")


def run_dbt(dbt: Path, folder: Path, command: str = "build", *options: str) -> float:
    """Run dbt in its project; gives its seconds."""
    command_line = [str(dbt.absolute()), "--quiet", command, "--profiles-dir", ".", *options]
    return processes.run(command_line, folder=folder).seconds


def copy_raw(data_dir: Path, peer: Path) -> None:
    """The raw tables and a place for the days to build, as our ingest has just left them."""
    with beside(data_dir, peer) as connection:
        copy(connection, "raw")
        connection.execute("CREATE SCHEMA IF NOT EXISTS peer.build")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS peer.build.build_days (user_key INTEGER, local_date DATE)"
        )


@contextmanager
def beside(data_dir: Path, peer: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Our warehouse, whose views want it under its own name, with dbt's attached as `peer`."""
    peer.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{data_dir / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        connection.execute(f"ATTACH '{peer}' AS peer")
        yield connection


def copy(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Copy a schema of ours."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS peer.{schema}")
    for table in tables(connection, schema):
        connection.execute(
            f"CREATE OR REPLACE TABLE peer.{schema}.{table} AS FROM warehouse.{schema}.{table}"
        )


def tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Names of our tables and views of a schema."""
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_catalog = 'warehouse' AND table_schema = $1 ORDER BY table_name",
        [schema],
    )
    return [name for (name,) in rows.fetchall()]


def write_project(data_dir: Path, peer: Path) -> None:
    """dbt's project beside its file; the seeds and the list of marts are copied, since they never change."""
    folder = peer.parent
    for name, text in (
        ("dbt_project.yml", PROJECT),
        ("profiles.yml", PROFILE.replace("FILE", str(peer.absolute()))),
        ("macros/schema_name.sql", SCHEMA_NAME),
    ):
        write(folder / name, text)
    with models_of(data_dir) as models:
        names = {model.view_name for model in models}
        for model in models:
            schema = model.fully_qualified_table.db
            write(folder / "models" / schema / f"{model.view_name}.sql", dbt_model(model, names))
            for number, (audit, arguments) in enumerate(model.audits_with_args):
                query = model.render_audit_query(audit, **arguments).sql("duckdb")
                test = folder / "tests" / f"{model.view_name}_{number}_{audit.name}.sql"
                write(test, referring(query, names))
    with beside(data_dir, peer) as connection:
        copy(connection, "seeds")
        for table in MADE_BY_BUILDS:
            connection.execute(f"CREATE OR REPLACE TABLE peer.raw.{table} AS FROM warehouse.raw.{table}")


@contextmanager
def models_of(data_dir: Path) -> Iterator[list[Model]]:
    """The models that dbt has to build."""
    with open_warehouse(Settings(data_dir=data_dir)) as warehouse:
        models = warehouse.context.models.values()
        yield [one for one in models if one.fully_qualified_table.db in BUILT_SCHEMAS]


def dbt_model(model: Model, names: set[str]) -> str:
    """A model with dbt's configuration in its head."""
    kind = "view" if model.kind.is_view else "incremental" if model.kind.is_incremental_unmanaged else "table"
    configuration: dict[str, object] = {"materialized": kind, "schema": model.fully_qualified_table.db}
    query = referring(model.render_query_or_raise().sql("duckdb"), names)
    if kind != "incremental":
        return head(configuration) + query
    before = model.render_pre_statements(runtime_stage=RuntimeStage.EVALUATING)
    # The table of ours is not a model to wait for: it is this one.
    own = re.compile(rf'"warehouse"\."{model.fully_qualified_table.db}"\."{model.view_name}"')
    hooks = [referring(own.sub("{{ this }}", one.sql("duckdb")), names) for one in before]
    configuration |= {"incremental_strategy": "append"}
    hooks = [f"{{% if is_incremental() %}}{hook}{{% endif %}}" for hook in hooks]
    configuration |= {"pre_hook": hooks}
    # dbt does not see references inside a condition.
    referred = sorted(set(re.findall(r"ref\('\w+'\)", "".join(hooks))))
    return head(configuration) + "".join(f"-- depends_on: {{{{ {one} }}}}\n" for one in referred) + query


def head(configuration: dict[str, object]) -> str:
    """dbt's config() call; JSON is what Jinja reads."""
    told = ", ".join(f"{name}={json.dumps(value)}" for name, value in configuration.items())
    return f"{{{{ config({told}) }}}}\n"


def referring(query: str, names: set[str]) -> str:
    """The query with dbt's references in place of our names."""
    pattern = re.compile(r'"warehouse"\."(?:staging|intermediate|marts)"\."(\w+)"')
    return pattern.sub(lambda found: f"{{{{ ref('{found[1]}') }}}}" if found[1] in names else found[0], query)


def write(path: Path, text: str) -> None:
    """Write a file and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def differing_marts(data_dir: Path, peer: Path) -> list[str]:
    """Marts whose rows are not the same in both."""
    with beside(data_dir, peer) as connection:
        return [name for name in tables(connection, "marts") if _differs(connection, name)]


def _differs(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    ours, theirs = f"warehouse.marts.{name}", f"peer.marts.{name}"
    more = f"(FROM {ours} EXCEPT ALL FROM {theirs}) UNION ALL (FROM {theirs} EXCEPT ALL FROM {ours})"
    found = connection.execute(f"SELECT count(*) FROM ({more})").fetchone()
    return found is None or bool(found[0])


def section(events: int, first: Pair, later: Sequence[Pair], differing: Sequence[str]) -> str:
    """The table and the ratio that the issue asks for."""
    ours, dbt = (statistics.median(getattr(pair, who) for pair in later) for who in ("ours", "dbt"))
    return "\n".join(
        [
            f"## The build of a night beside dbt-duckdb, at {events:,} events",
            "",
            f"Whole processes on the same raw tables, {nights.NEW_EVENTS:,} new events a night, median of {len(later)} nights; "
            "dbt runs our models and audits as rendered by SQLMesh.",
            "",
            "| | ours, s | dbt, s | ours / dbt (wanted: at most 0.8 for a night) |",
            "|---|---|---|---|",
            f"| first build | {first.ours:.1f} | {first.dbt:.1f} | {first.ours / first.dbt:.2f} |",
            f"| night | {ours:.1f} | {dbt:.1f} | {ours / dbt:.2f} |",
            "",
            f"Marts that differ afterwards: {', '.join(differing) or 'none'}.",
        ]
    )

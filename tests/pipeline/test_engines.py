"""Two engines, one project: what each needs, what they write differently, what changing them means."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import duckdb
import pytest
from sqlmesh import Context
from typer.testing import CliRunner

from api.runs import RunState
from pipeline.built_by import is_another_engine, remember_engine
from pipeline.cli import app
from pipeline.settings import Engine, Settings
from pipeline.warehouse import PROJECT, open_warehouse, project_config
from tests.conftest import SCHOOL_AS_OF, Night, School
from tests.nights.comparison import differences
from tests.pipeline.conftest import Environment

TABLES = """
SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE contains(table_name, 'int_user_day__')
"""


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="the extra spark is installed here")
def test_without_the_extra_the_engine_is_refused_by_name(
    command_line: CliRunner, environment: Environment, settings: Settings
) -> None:
    environment(SOURCE_URL="postgresql://nobody@127.0.0.1:1/none")

    result = command_line.invoke(app, ["nightly", "--engine", "spark"])

    assert result.exit_code == 2
    assert "schoolhouse[spark]" in result.stderr
    assert not settings.runs_dir.exists()


def test_an_unknown_engine_is_wrong_use(command_line: CliRunner, environment: Environment) -> None:
    environment(ENGINE="abacus")

    assert command_line.invoke(app, ["build"]).exit_code == 2
    assert command_line.invoke(app, ["build", "--engine", "abacus"]).exit_code == 2


def test_the_night_on_duckdb_imports_nothing_of_spark() -> None:
    """Guards against a command line that needs Java everywhere because of one import."""
    assert _imported("pipeline.steps, pipeline.build, pipeline.publish", "pyspark", "py4j") == "[]\n"


def test_the_source_is_asked_before_sqlmesh_is_imported() -> None:
    """Guards against a second or two more for each night because of one import."""
    assert _imported("pipeline.cli, pipeline.night", "sqlmesh", "fastapi") == "[]\n"


def _imported(modules: str, *packages: str) -> str:
    """Modules of these packages that importing `modules` imports."""
    code = f"import sys, {modules}; print([name for name in sys.modules if name.startswith({packages})])"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_macros_have_a_form_for_spark(settings: Settings) -> None:
    """A macro that asks for the dialect, not the gateway, gives Spark the SQL of DuckDB."""
    config = project_config(settings, PROJECT)
    gateway = config.gateways["local"]
    named = config.copy(update={"gateways": {"spark": gateway}, "default_gateway": "spark"})
    settings.data_dir.mkdir()
    context = Context(paths=[PROJECT], config={PROJECT.absolute(): named})

    rendered = {
        name: context.render(name).sql("spark")
        for name in ("intermediate.int_knowledge", "marts.learner_at_risk", "intermediate.int_user_day")
    }
    context.close()

    assert "AGGREGATE(SORT_ARRAY(COLLECT_LIST(NAMED_STRUCT(" in rendered["intermediate.int_knowledge"]
    assert "PERCENTILE(" in rendered["marts.learner_at_risk"]
    assert "UNIX_MICROS(" in rendered["intermediate.int_user_day"]


def test_the_last_engine_is_remembered() -> None:
    """Before it was kept, there was only DuckDB: an old warehouse must not be built anew for nothing."""
    with duckdb.connect() as connection:
        assert not is_another_engine(connection, Engine.DUCKDB)
        assert is_another_engine(connection, Engine.SPARK)

        remember_engine(connection, Engine.SPARK)

        assert is_another_engine(connection, Engine.DUCKDB)
        assert not is_another_engine(connection, Engine.SPARK)


@pytest.mark.slow
def test_after_nights_on_another_engine_everything_is_built_anew(
    own_school: School, school: School, night: Night
) -> None:
    """Its tables know nothing of the nights in between: building only new days would keep old figures."""
    with open_warehouse(own_school.settings) as warehouse:
        remember_engine(warehouse.connection, Engine.SPARK)
        for (table,) in warehouse.connection.execute(TABLES).fetchall():
            warehouse.connection.execute(f"UPDATE {table} SET xp = xp + 1000")

    run = night(own_school.source_url, own_school.settings.data_dir, as_of=SCHOOL_AS_OF)

    assert run.state is RunState.PUBLISHED
    assert differences(own_school.settings, school.settings) == {}

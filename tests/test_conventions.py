"""The house rules of the models, as checks: layers, names, grain, audits, descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.console import NoopConsole, set_console
from sqlmesh.core.model import Model

PROJECT = Path(__file__).resolve().parents[1]
MODELS = PROJECT / "models"
MAY_READ = {
    "seeds": set(),
    "staging": {"raw", "build"},
    "intermediate": {"seeds", "staging", "intermediate", "marts"},
    "marts": {"seeds", "staging", "intermediate", "marts"},
}
PREFIX = {"staging": "stg_", "intermediate": "int_"}
GRAIN_AUDITS = {"unique_values", "unique_combination_of_columns", "unique_by_blocks"}


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    """The project on a database in memory."""
    set_console(NoopConsole())
    opened = Context(paths=[PROJECT])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def models(context: Context) -> list[Model]:
    """Every model that is written here."""
    return [model for model in context.models.values() if not model.kind.is_external]


@pytest.fixture(scope="module")
def marts(models: list[Model]) -> list[Model]:
    """The marts among them."""
    return [model for model in models if _schema(model) == "marts"]


def test_each_file_holds_the_model_of_its_name_in_the_schema_of_its_folder(models: list[Model]) -> None:
    files = {path.relative_to(MODELS).with_suffix("").as_posix() for path in MODELS.rglob("*.sql")}
    assert {f"{_schema(model)}/{model.view_name}" for model in models} == files


def test_names_tell_the_layer(models: list[Model]) -> None:
    misnamed = [
        model.name for model in models if not model.view_name.startswith(PREFIX.get(_schema(model), ""))
    ]
    assert misnamed == []


def test_layers_read_only_what_lies_before_them(models: list[Model]) -> None:
    broken = [
        (model.name, f"{parent.db}.{parent.name}")
        for model in models
        for parent in map(exp.to_table, _parents_of_query(model))
        if parent.db not in MAY_READ[_schema(model)]
    ]
    assert broken == []


def test_staging_models_have_one_source_each(models: list[Model]) -> None:
    sources = {
        model.name: {name for name in _parents_of_query(model) if not name.endswith("raw.current_batch")}
        for model in models
        if _schema(model) == "staging" and model.view_name != "stg_batch"
    }
    assert {name: found for name, found in sources.items() if len(found) != 1} == {}


def test_descriptions_say_what_one_row_is(models: list[Model]) -> None:
    """A mart whose grain is unclear is read wrongly without any error."""
    silent = [model.name for model in models if not model.description]
    unclear = [
        model.name
        for model in models
        if _schema(model) == "marts" and not (model.description or "").startswith("One row per ")
    ]
    assert (silent, unclear) == ([], [])


def test_every_column_of_every_mart_is_described(marts: list[Model]) -> None:
    for model in marts:
        described = {name for name, text in (model.column_descriptions or {}).items() if text}
        assert described == set(model.columns_to_types_or_raise), model.name


def test_the_grain_is_audited(marts: list[Model]) -> None:
    """SQLMesh's `grain` checks nothing: without both audits a doubled row would double every sum."""
    for model in marts:
        grain = _grain(model)
        assert grain, model.name
        assert grain in [_audited(model, name) for name in _positions(model, GRAIN_AUDITS)], model.name
        not_null = set().union(*(_audited(model, one) for one in _positions(model, {"not_null"})))
        assert grain <= not_null, model.name


def test_every_audit_blocks(models: list[Model]) -> None:
    """The manifest says of a published mart that its audits passed: none may be only a warning."""
    lenient = [
        (model.name, audit.name)
        for model in models
        for audit, arguments in model.audits_with_args
        if not audit.blocking or "blocking" in arguments
    ]
    assert lenient == []


def test_what_an_audit_reads_is_built_before_it(models: list[Model]) -> None:
    """SQLMesh does not order audits: one that reads a mart of yesterday would let a broken night pass."""
    late = [
        (model.name, table.sql())
        for model in models
        for audit, _ in model.audits_with_args
        for table in audit.query.find_all(exp.Table)
        if table.db and not any(parent.endswith(_quoted(table)) for parent in model.depends_on)
    ]
    assert late == []


def test_facts_refer_to_a_dimension_for_every_key(marts: list[Model]) -> None:
    """An event of nobody would be in the sums of the platform and in those of no school."""
    dimensions = {"user_key", "school_key", "course_key", "lesson_key", "quiz_key"}
    for model in (one for one in marts if one.view_name.startswith("fct_")):
        keys = dimensions & set(model.columns_to_types_or_raise)
        missing = {key for key in keys if not _is_referenced(model, key)}
        assert not missing, f"{model.name}: {missing}"


def test_no_mart_holds_a_hugeint_or_an_id_of_a_person(marts: list[Model]) -> None:
    """A stored HUGEINT scans a hundred times slower; an id of a person outlives an erased identity."""
    for model in marts:
        types = {name: kind.sql("duckdb") for name, kind in model.columns_to_types_or_raise.items()}
        assert "INT128" not in types.values(), model.name
        assert "UUID" not in types.values(), model.name
        assert not {"user_id", "student_id", "teacher_id", "username", "email"} & set(types), model.name


def test_every_mart_has_a_unit_test(context: Context, marts: list[Model]) -> None:
    assert {model.name for model in marts if model.name not in context.models_with_tests} == set()


def _schema(model: Model) -> str:
    return str(model.fully_qualified_table.db)


def _parents_of_query(model: Model) -> set[str]:
    query = model.render_query(optimize=False)
    if query is None or model.kind.is_seed:
        return set()
    common = {table.alias_or_name for table in query.find_all(exp.CTE)}
    tables = (table for table in query.find_all(exp.Table) if table.db or table.name not in common)
    return {f"{table.db}.{table.name}" for table in tables}


def _grain(model: Model) -> set[str]:
    return {column.name for grain in model.grains for column in grain.find_all(exp.Column)}


def _positions(model: Model, names: set[str]) -> list[int]:
    return [place for place, (name, _) in enumerate(model.audits) if name in names]


def _audited(model: Model, place: int) -> set[str]:
    arguments = model.audits[place][1].values()
    return {column.name for argument in arguments for column in argument.find_all(exp.Column)}


def _is_referenced(model: Model, key: str) -> bool:
    audits = {name for name, arguments in model.audits if not arguments}
    audit = f"references_dim_{key.removesuffix('_key')}"
    both = {"user_key", "school_key"}
    return audit in audits or (key in both and "school_is_that_of_the_user" in audits)


def _quoted(table: exp.Table) -> str:
    return f'"{table.db}"."{table.name}"'

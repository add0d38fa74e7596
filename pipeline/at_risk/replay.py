"""The at-risk flags as they would have been at the end of past local dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from api.project import PROJECT
from pipeline.at_risk import replay_sql as sql
from pipeline.build_state import whole_build
from pipeline.errors import PublishError
from pipeline.lock import run_lock
from pipeline.settings import Settings
from pipeline.warehouse import CATALOG, duckdb_config, project_config

PREFIX = "at_risk_"


@dataclass(frozen=True)
class Rules:
    """The thresholds of the at-risk flag, as config.yaml has them."""

    inactive_days: int
    recent_attempts: int
    minimum_attempts: int
    minimum_score: int
    iqr_factor: float
    minimum_class_size: int

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Rules:
        """The rules among the variables of the project."""
        named = {name.removeprefix(PREFIX): value for name, value in variables.items()}
        return cls(**{field: named[field] for field in cls.__dataclass_fields__})


@contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-only, with the tables that `replay` reads; holds the run lock.

    Raises LockedError, and PublishError when the warehouse has no whole build.
    """
    with run_lock(settings):
        if not settings.warehouse_file.exists():
            raise PublishError("There is no warehouse yet.", hint="Run `schoolhouse nightly` first.")
        with duckdb.connect(
            str(settings.warehouse_file), read_only=True, config=dict(duckdb_config(settings))
        ) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            whole_build(connection)
            _prepare(connection, rules_of(settings))
            yield connection


def rules_of(settings: Settings) -> Rules:
    """The thresholds that the nights use."""
    return Rules.of(project_config(settings, PROJECT).variables)


def replay(connection: duckdb.DuckDBPyConnection, rules: Rules, back: int) -> duckdb.DuckDBPyConnection:
    """The rows of the mart `back` days before the today of each school; 0 gives those of the mart itself.

    Columns: class_key, user_key, school_key (of the learner), day, and a boolean per reason.
    """
    return connection.execute(sql.REPLAY, values(rules, back))


def values(rules: Rules, back: int) -> dict[str, float]:
    """What sql.REPLAY binds."""
    return {
        "back": back,
        "inactive_days": rules.inactive_days,
        "minimum_attempts": rules.minimum_attempts,
        "minimum_score": rules.minimum_score,
        "iqr_factor": rules.iqr_factor,
        "minimum_class_size": rules.minimum_class_size,
    }


def _prepare(connection: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    connection.execute(f"USE {CATALOG}.main")
    for statement in (sql.MEMBERS, sql.SPANS, sql.PROGRESS, sql.COURSES):
        connection.execute(statement)
    connection.execute(sql.SCORES, {"before": rules.recent_attempts - 1})

"""Whose progress and attempts come out otherwise in the models: raw.pending_people.

What a model says of a row of progress or an attempt follows from the row, its person's school and zone, and
the chain quiz, lesson, course behind it. Each transaction notes the people whose chain it changes: the rows
nearer to the person than the changed one are the same before and after, so they lead to everybody.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from ingest.columns import TableSpec
from ingest.specs import COURSES, LESSONS, QUIZ_ATTEMPTS, QUIZZES, USER_PROGRESS
from ingest.warehouse import listed, quoted

_STUDY = (USER_PROGRESS.name, QUIZ_ATTEMPTS.name)
# What models over progress and attempts read of the rest of the chain, key first: titles change freely.
_CHAIN = {
    COURSES.name: ("course_key",),
    LESSONS.name: ("lesson_key", "course_key"),
    QUIZZES.name: ("quiz_key", "lesson_key", "pass_score"),
}
_OF_QUIZZES = "SELECT user_key FROM raw.quiz_attempts WHERE quiz_key IN ({})"
_OF_LESSONS = (
    "SELECT user_key FROM raw.user_progress WHERE lesson_key IN ({0}) UNION ALL "
    + _OF_QUIZZES.format("SELECT quiz_key FROM raw.quizzes WHERE lesson_key IN ({0})")
)
_OF_COURSES = _OF_LESSONS.format("SELECT lesson_key FROM raw.lessons WHERE course_key IN ({0})")
_PEOPLE = {COURSES.name: _OF_COURSES, LESSONS.name: _OF_LESSONS, QUIZZES.name: _OF_QUIZZES}


def touch_people(connection: duckdb.DuckDBPyConnection, people: str, *values: object) -> None:
    """Note the people that the query `people` gives (user_key; NULL and known ones are left out)."""
    connection.execute(
        f"INSERT INTO raw.pending_people SELECT user_key FROM ({people}) AS found (user_key) "
        "WHERE user_key IS NOT NULL EXCEPT SELECT user_key FROM raw.pending_people",
        list(values),
    )


def touch_people_of(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, fresh: str, doomed: str | None
) -> None:
    """Note whose rows change with the rows of a table that came (`fresh`) and went (`doomed`, if any did)."""
    if spec.name in _STUDY:
        touch_people(
            connection, " UNION ALL ".join(f"SELECT user_key FROM {s}" for s in (fresh, doomed) if s)
        )
    elif spec.name in _CHAIN:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE ingest_links AS {_changed(spec, fresh, doomed)}")
        touch_people(connection, _PEOPLE[spec.name].format("SELECT key FROM ingest_links"))


def touch_passed_people(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, before: datetime | None, now: datetime
) -> None:
    """Whose rows lie between the previous as_of and this one, whichever is later: they enter or leave."""
    if before is not None and spec.name in _STUDY:
        happened = f"{spec.happened_at} > $1 AND {spec.happened_at} <= $2"
        sql = f"SELECT user_key FROM raw.{quoted(spec.name)} WHERE {happened}"
        touch_people(connection, sql, *sorted((before, now)))


def _changed(spec: TableSpec, fresh: str, doomed: str | None) -> str:
    """Keys whose row came, went, or changed in what the models read of it."""
    columns = _CHAIN[spec.name]
    came = f"SELECT {listed(columns)} FROM {fresh}"
    if doomed is None:
        return f"SELECT {quoted(columns[0])} AS key FROM ({came})"
    went = f"SELECT {listed(columns)} FROM {doomed}"
    differing = f"({came} EXCEPT {went}) UNION ALL ({went} EXCEPT {came})"
    return f"SELECT DISTINCT {quoted(columns[0])} AS key FROM ({differing})"

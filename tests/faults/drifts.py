"""Fifty ways in which the source's schema may drift overnight, made from the contract's own script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from demo.server import operational_schema


@dataclass(frozen=True)
class Drift:
    """What happens to the source, as SQL; the error that names it, or None where the night is published.

    A tolerated drift must come to the figures of an undisturbed source.
    """

    name: str
    sql: str
    code: str | None = None
    words: tuple[str, ...] = ()
    step: str = "ingest"

    @property
    def outcome(self) -> str:
        """For the record."""
        if self.code:
            return f"`{self.step}/{self.code}` names {' and '.join(self.words)}; nothing published"
        return "tolerated and named in the report: equal"


@dataclass(frozen=True)
class _Column:
    table: str
    name: str
    type: str
    is_optional: bool


def drifts() -> list[Drift]:
    """All of them."""
    columns = list(_columns())
    return [
        *_dropped(columns),
        *_renamed(columns),
        *_retyped(),
        *_added(columns),
        *_enums(),
        *_tables(),
        *_duplicates(),
        *_nulls(),
    ]


def text_columns() -> list[tuple[str, str, bool]]:
    """Table, column and whether it is unique, of every column of free text: no key words, no codes."""
    words = {"kind", "status", "purpose", "policy_version", "given_by", "event_type", "timezone", "code"}
    unique = {"username", "email"}
    return [
        (column.table, column.name, column.name in unique)
        for column in _columns()
        if column.type == "text" and column.name not in words
    ]


def _columns() -> Iterator[_Column]:
    for table, body in re.findall(r"^CREATE TABLE (\w+) \((.*?)^\);", operational_schema(), re.M | re.S):
        for line in body.splitlines()[1:]:
            if found := re.match(
                r"\s+([a-z_]+)\s+(uuid|text|integer|bigint|numeric|boolean|date|timestamptz)", line
            ):
                yield _Column(table, found[1], found[2], "[optional column]" in line)


def _dropped(columns: list[_Column]) -> Iterator[Drift]:
    """Required columns that are no key, one a table; and every optional one that holds something."""
    last: dict[str, _Column] = {}
    for column in columns:
        if not column.is_optional and column.name not in ("id", "metadata", "created_at", "updated_at"):
            last[column.table] = column
    for column in last.values():
        yield Drift(
            f"{column.table}.{column.name} dropped",
            f"ALTER TABLE {column.table} DROP COLUMN {column.name} CASCADE",
            "schema_mismatch",
            (f"column {column.table}.{column.name} is missing",),
        )
    for column in columns:
        if column.is_optional:
            yield Drift(
                f"optional {column.table}.{column.name} dropped although it was filled yesterday",
                f"ALTER TABLE {column.table} DROP COLUMN {column.name}",
                "truncation_refused",
                (f"{column.table}.{column.name}",),
            )


def _renamed(columns: list[_Column]) -> Iterator[Drift]:
    for table, name in (("users", "role"), ("lessons", "course_id"), ("analytics", "xp_earned")):
        yield Drift(
            f"{table}.{name} renamed",
            f"ALTER TABLE {table} RENAME {name} TO {name}_new",
            "schema_mismatch",
            (f"column {table}.{name} is missing",),
        )
    yield Drift(
        "optional users.birth_date renamed although it was filled yesterday",
        "ALTER TABLE users RENAME birth_date TO born_on",
        "truncation_refused",
        ("users.birth_date",),
    )
    yield Drift(
        "column that is read nowhere (analytics.metadata) renamed",
        "ALTER TABLE analytics RENAME metadata TO details",
    )


def _retyped() -> Iterator[Drift]:
    refused = (
        ("analytics.created_at", "timestamp", "created_at"),
        ("analytics.xp_earned", "text", "xp_earned::text"),
        ("analytics.xp_earned", "double precision", "xp_earned"),
        ("users.is_active", "integer", "is_active::integer"),
        ("users.birth_date", "text", "birth_date::text"),
        ("quiz_attempts.score", "numeric", "score"),
        ("quiz_attempts.score", "double precision", "score"),
        ("user_progress.time_spent_seconds", "interval", "make_interval(secs => time_spent_seconds)"),
        ("lessons.title", "bytea", "title::bytea"),
    )
    for column, kind, using in refused:
        table, name = column.split(".")
        yield Drift(
            f"{column} retyped to {kind}",
            f"ALTER TABLE {table} ALTER {name} DROP DEFAULT, ALTER {name} TYPE {kind} USING {using}",
            "schema_mismatch",
            (f"column {column} has type {'timestamp without' if kind == 'timestamp' else kind}",),
        )
    tolerated = (
        ("analytics.xp_earned", "bigint"),
        ("users.role", "text"),
        ("users.username", "varchar(300)"),
        ("quiz_attempts.score", "numeric(9, 2)"),
    )
    for column, kind in tolerated:
        table, name = column.split(".")
        yield Drift(f"{column} retyped to {kind}", f"ALTER TABLE {table} ALTER {name} TYPE {kind}")


def _added(columns: list[_Column]) -> Iterator[Drift]:
    for table in ("analytics", "users"):
        yield Drift(
            f"{table}.batch_id added, with a default",
            f"ALTER TABLE {table} ADD COLUMN batch_id bigint NOT NULL DEFAULT 7",
        )
    tables = sorted({column.table for column in columns})
    yield Drift(
        "a column added in front of every table's own, by a new table of the same name",
        "".join(
            f"ALTER TABLE {table} RENAME TO old_{table};"
            f"CREATE VIEW {table} AS SELECT 'new'::text AS added, old_{table}.* FROM old_{table};"
            for table in tables
        ),
    )


def _enums() -> Iterator[Drift]:
    yield Drift(
        "enum user_role extended, nobody has the new value", "ALTER TYPE user_role ADD VALUE 'PARENT'"
    )
    yield Drift(
        "enum user_role extended and somebody has the new value",
        "ALTER TYPE user_role ADD VALUE 'PARENT'; COMMIT;"
        "UPDATE users SET role = 'PARENT' WHERE id = (SELECT id FROM users ORDER BY id LIMIT 1)",
        "audit_failed",
        ("marts.dim_user", "accepted_values"),
        step="build",
    )
    yield Drift(
        "enum user_role replaced by one with small letters",
        "CREATE TYPE small AS ENUM ('admin', 'teacher', 'student');"
        "ALTER TABLE users ALTER role TYPE small USING lower(role::text)::small",
        "audit_failed",
        ("marts.dim_user", "accepted_values"),
        step="build",
    )


def _tables() -> Iterator[Drift]:
    for table in ("users", "lessons", "analytics"):
        yield Drift(
            f"table {table} gone",
            f"ALTER TABLE {table} RENAME TO {table}_old",
            "schema_mismatch",
            (f"table {table} is missing",),
        )
    for table in ("schools", "consents", "leaderboard"):
        yield Drift(
            f"optional table {table} gone although it had rows yesterday",
            f"ALTER TABLE {table} RENAME TO {table}_old",
            "truncation_refused",
            (table,),
        )
    yield Drift(
        "table analytics moved to another schema",
        "CREATE SCHEMA elsewhere; ALTER TABLE analytics SET SCHEMA elsewhere",
        "schema_mismatch",
        ("table analytics is missing",),
    )
    yield Drift(
        "an unknown table added", "CREATE TABLE badges (id uuid PRIMARY KEY, user_id uuid REFERENCES users)"
    )


def _duplicates() -> Iterator[Drift]:
    # What else keeps a row from being there twice.
    also = {
        "users": "ALTER TABLE users DROP CONSTRAINT users_username_key, DROP CONSTRAINT users_email_key;",
        "user_progress": "ALTER TABLE user_progress DROP CONSTRAINT user_progress_user_id_lesson_id_key;",
        "analytics": "ALTER TABLE analytics ALTER id DROP IDENTITY;",
    }
    keys = dict.fromkeys(("users", "lessons", "user_progress", "quiz_attempts", "analytics"), "id")
    for table, key in (keys | {"class_enrollments": "class_id, student_id"}).items():
        yield Drift(
            f"primary key of {table} lost and its oldest row doubled",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey CASCADE; {also.get(table, '')}"
            f"INSERT INTO {table} SELECT * FROM {table} ORDER BY {key} LIMIT 1",
            "duplicate_key",
            (table, key),
        )


def _nulls() -> Iterator[Drift]:
    for table, column in (("analytics", "created_at"), ("users", "is_active")):
        yield Drift(
            f"{table}.{column} loses NOT NULL and gets a NULL",
            f"ALTER TABLE {table} ALTER {column} DROP NOT NULL;"
            f"UPDATE {table} SET {column} = NULL WHERE id = (SELECT max(id::text) FROM {table})::"
            f"{'bigint' if table == 'analytics' else 'uuid'}",
            "value_refused",
            (f"{table}.{column}",),
        )

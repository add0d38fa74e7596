"""Where rows about a person are in a DuckDB database of ours.

Tables are found by the names of their columns, so that none is forgotten. Personal columns
are integers named below; `raw.key_users` maps them to ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import duckdb

PERSON_COLUMNS = ("user_key", "student_key", "learner_key", "teacher_key")
# Rows that are about something else and only mention the person keep their other columns.
MENTIONS = ("teacher_key",)
KEY_MAP = ("raw", "key_users", "key")
RAW = "raw"

_COLUMNS = """
SELECT columns.schema_name, columns.table_name, columns.column_name
FROM duckdb_columns() AS columns
JOIN duckdb_tables() AS tables USING (database_name, schema_name, table_name)
WHERE columns.database_name = $1 AND NOT tables.temporary
    AND columns.column_name IN (SELECT unnest($2::VARCHAR[]))
ORDER BY ALL
"""
_THEM = "(SELECT unnest($1::INTEGER[]))"
_HAS_TABLE = "SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3"


@dataclass(frozen=True)
class PersonColumn:
    """A column of a base table that holds keys of people."""

    schema: str
    table: str
    column: str

    @property
    def name(self) -> str:
        """`schema.table`, with the column where it is a mention."""
        suffix = f".{self.column}" if self.column in MENTIONS else ""
        return f"{self.schema}.{self.table}{suffix}"


def person_columns(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[PersonColumn]:
    """Every personal column of a database, old model versions and the key map included."""
    rows = connection.execute(_COLUMNS, [catalog, list(PERSON_COLUMNS)]).fetchall()
    has_map = connection.execute(_HAS_TABLE, [catalog, *KEY_MAP[:2]]).fetchone()
    return [PersonColumn(*row) for row in rows] + ([PersonColumn(*KEY_MAP)] if has_map else [])


def count_rows(
    connection: duckdb.DuckDBPyConnection, catalog: str, user_keys: Collection[int]
) -> dict[int, dict[str, int]]:
    """Rows per person and table; every table with a personal column is listed, with 0 where nothing is."""
    columns = person_columns(connection, catalog) if user_keys else []
    counts: dict[int, dict[str, int]] = {key: defaultdict(int) for key in user_keys}
    for column in columns:
        found = dict(_rows_by_key(connection, catalog, column, user_keys))
        for key in user_keys:
            counts[key][column.name] += found.get(key, 0)
    return {key: dict(tables) for key, tables in counts.items()}


def remove_from_models(
    connection: duckdb.DuckDBPyConnection, catalog: str, user_keys: Collection[int]
) -> None:
    """Delete the people's rows from every table outside raw, in every version; mentions become NULL."""
    for column in person_columns(connection, catalog):
        if column.schema == RAW:
            continue
        table, name = _table(catalog, column), f'"{column.column}"'
        action = f"UPDATE {table} SET {name} = NULL" if column.column in MENTIONS else f"DELETE FROM {table}"  # noqa: S608
        connection.execute(f"{action} WHERE {name} IN {_THEM}", [list(user_keys)])


def _rows_by_key(
    connection: duckdb.DuckDBPyConnection, catalog: str, column: PersonColumn, user_keys: Collection[int]
) -> list[tuple[int, int]]:
    name = f'"{column.column}"'
    sql = f"SELECT {name}, count(*) FROM {_table(catalog, column)} WHERE {name} IN {_THEM} GROUP BY 1"  # noqa: S608
    return [(row[0], row[1]) for row in connection.execute(sql, [list(user_keys)]).fetchall()]


def _table(catalog: str, column: PersonColumn) -> str:
    return f'"{catalog}"."{column.schema}"."{column.table}"'

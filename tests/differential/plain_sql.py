"""The other side of the comparison: metrics.md as plain SQL on the operational tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

FOLDER = Path(__file__).parent / "reference"
Row = dict[str, Any]
ConsentAges = tuple[tuple[str, date, int], ...]


@dataclass(frozen=True)
class Reference:
    """One session on the operational database in which "now" is `as_of`."""

    connection: psycopg.Connection[Row]

    def rows(self, name: str, **values: Any) -> list[Row]:
        """Run reference/<name>.sql with bound values and return its rows."""
        return self.connection.execute(statement(name), values or None).fetchall()

    def row(self, name: str, **values: Any) -> Row:
        """Run reference/<name>.sql, which gives exactly one row."""
        (row,) = self.rows(name, **values)
        return row


@contextmanager
def reference_at(url: str, as_of: datetime, consent_ages: ConsentAges = ()) -> Iterator[Reference]:
    """Open a session whose temporary tables hold the vocabulary of metrics.md at `as_of`.

    `consent_ages` holds (country, valid from, age) of the dated table that metrics.md refers to.
    """
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as connection:
        connection.execute("CREATE TEMP TABLE moment (as_of timestamptz NOT NULL)")
        connection.execute("INSERT INTO moment VALUES (%s)", [as_of])
        connection.execute("CREATE TEMP TABLE consent_age_seed (country text, valid_from date, age integer)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO consent_age_seed VALUES (%s, %s, %s)", consent_ages)
        connection.execute(statement("prelude").encode())
        yield Reference(connection)


@cache
def statement(name: str) -> str:
    """Return the text of reference/<name>.sql."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")

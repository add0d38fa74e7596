"""Optional tables and columns that held something at the last batch and are missing now.

A smaller installation never had them; one that loses them overnight has met with an accident, and without
birth dates, say, every child would count as grown up.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ingest.errors import VanishedError
from ingest.schema import TableFit
from ingest.warehouse import integer, quoted


def refuse_vanished(connection: duckdb.DuckDBPyConnection, fits: list[TableFit]) -> None:
    """Raise VanishedError naming everything that is gone; needs the tables of raw."""
    vanished = [name for fit in fits for name in _vanished(connection, fit)]
    if vanished:
        raise VanishedError(vanished)


def _vanished(connection: duckdb.DuckDBPyConnection, fit: TableFit) -> Iterator[str]:
    table = f"raw.{quoted(fit.spec.name)}"
    if fit.found is None:
        if integer(connection, f"SELECT count(*) FROM {table}"):
            yield fit.spec.name
        return
    for name in fit.missing:
        column = fit.spec.source_columns[name]
        nothing = "NULL" if column.default is None else str(column.default)
        held = f"SELECT count(*) FROM {table} WHERE {quoted(column.name)} IS DISTINCT FROM {nothing}"
        if integer(connection, held):
            yield f"{fit.spec.name}.{name}"

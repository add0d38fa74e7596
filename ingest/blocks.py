"""Blocks: how the rows of a table are divided to be compared with the source, in DuckDB and in PostgreSQL.

A block is 1,024 whole numbers in a row, or the rows about one person (both sides group by these in a third
of the time that parts of a UUID take); a table without a column for blocks is one. Few rows, since one that
is gone costs its whole block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from ingest.columns import Column, TableSpec
from ingest.schema import TableFit
from ingest.warehouse import quoted
from ingest.watermarks import Condition

_BITS = 10
_NOBODY = -1


def is_by_person(spec: TableSpec) -> bool:
    """Whether a block is what is about one person: then nothing is known here of blocks of erased people."""
    column = _column(spec)
    return column is not None and column.entity is not None


def block_of(spec: TableSpec) -> str:
    """The block of a row of raw, in DuckDB."""
    column = _column(spec)
    if column is None:
        return "0"
    if is_by_person(spec):
        return f"coalesce({quoted(column.name)}, {_NOBODY})"
    return f"(CAST({quoted(column.name)} AS BIGINT) >> {_BITS})"


def read_block(spec: TableSpec) -> tuple[str, str]:
    """The block of a row read from the source, in DuckDB, and its type; of people their UUID."""
    return (quoted(spec.block or ""), "UUID") if is_by_person(spec) else (block_of(spec), "BIGINT")


def source_block(spec: TableSpec) -> str:
    """The block of a row at the source, in PostgreSQL; of people their UUID."""
    column = _column(spec)
    if column is None:
        return "0::bigint"
    name = quoted(column.source)
    return name if is_by_person(spec) else f"({name}::bigint >> {_BITS})"


def with_keys(spec: TableSpec, relation: str) -> str:
    """A relation with blocks of the source, with those of raw instead: without people who have no key."""
    if not is_by_person(spec):
        return relation
    return (
        f"(SELECT theirs.* REPLACE (coalesce(known.key, {_NOBODY}) AS block) FROM {relation} AS theirs "
        "LEFT JOIN raw.key_users AS known ON known.id = CAST(theirs.block AS UUID) "
        "WHERE theirs.block IS NULL OR known.key IS NOT NULL)"
    )


def in_blocks(connection: duckdb.DuckDBPyConnection, fit: TableFit, blocks: Sequence[int]) -> Condition:
    """The rows of these blocks at the source."""
    column = _column(fit.spec)
    if column is None:
        return "", {}
    if is_by_person(fit.spec):
        return _about(connection, column, blocks)
    name, settings = quoted(column.source), {"blocks": _array(map(str, blocks))}
    wanted = "unnest(current_setting('schoolhouse.blocks')::bigint[])"
    if fit.found and fit.found.is_unique({column.source}):
        # A block is a range of ids: the source finds it through the index.
        low, high = f"wanted.block << {_BITS}", f"(wanted.block + 1) << {_BITS}"
        return f"JOIN {wanted} AS wanted (block) ON {name} >= {low} AND {name} < {high}", settings
    # In a subquery: as a plain expression the list would be parsed again for every row.
    return f"WHERE {source_block(fit.spec)} IN (SELECT {wanted})", settings


def _about(connection: duckdb.DuckDBPyConnection, column: Column, keys: Sequence[int]) -> Condition:
    sql = "SELECT CAST(id AS VARCHAR) FROM raw.key_users WHERE key IN (SELECT unnest($1::INTEGER[]))"
    people = [row[0] for row in connection.execute(sql, [list(keys)]).fetchall()]
    name = quoted(column.source)
    wanted = f"{name} IN (SELECT unnest(current_setting('schoolhouse.people')::uuid[]))"
    nobody = f" OR {name} IS NULL" if _NOBODY in keys else ""
    return f"WHERE {wanted}{nobody}", {"people": _array(people)}


def _column(spec: TableSpec) -> Column | None:
    return None if spec.block is None else spec.column(spec.block)


def _array(values: Iterable[str]) -> str:
    return f"{{{','.join(values)}}}"

"""What the source has: tables, columns, types, rights and unique keys, from PostgreSQL's own catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from ingest.source import Source

# A domain counts as its base type.
_COLUMNS = """
SELECT wanted.name AS table_name, class.oid::bigint AS oid, class.relkind::text AS relkind,
       greatest(class.reltuples, 0)::bigint AS rows_estimate,
       CASE
           WHEN class.relkind = 'r' AND method.amname = 'heap'
               AND current_setting('server_version_num')::integer >= 140000
               THEN pg_relation_size(class.oid) / current_setting('block_size')::integer
           ELSE 0
       END AS pages,
       (class.relkind = 'r' AND NOT class.relhassubclass AND method.amname = 'heap'
           AND has_table_privilege(class.oid, 'SELECT')) AS has_transactions,
       attribute.attname::text AS column_name, attribute.attnum::bigint AS number,
       format_type(
           CASE type.typtype WHEN 'd' THEN type.typbasetype ELSE attribute.atttypid END,
           CASE type.typtype WHEN 'd' THEN type.typtypmod ELSE attribute.atttypmod END
       ) AS column_type,
       (CASE type.typtype WHEN 'd' THEN base.typtype ELSE type.typtype END = 'e') AS is_enum,
       -- From version 18 on a constraint may stand without having been checked for old rows.
       (attribute.attnotnull AND NOT EXISTS (
           SELECT FROM pg_constraint AS promised
           WHERE promised.conrelid = class.oid AND promised.contype = 'n' AND NOT promised.convalidated
               AND attribute.attnum = ANY (promised.conkey)
       )) AS is_filled,
       (has_table_privilege(class.oid, 'SELECT')
           OR has_column_privilege(class.oid, attribute.attnum, 'SELECT')) AS is_readable
FROM unnest(string_to_array($1, ',')) AS wanted (name)
JOIN pg_class AS class ON class.oid = to_regclass(quote_ident(wanted.name))
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0
    AND NOT attribute.attisdropped
JOIN pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_type AS base ON base.oid = type.typbasetype
LEFT JOIN pg_am AS method ON method.oid = class.relam
ORDER BY wanted.name, attribute.attnum
"""

_UNIQUE = """
SELECT wanted.name AS table_name,
       (SELECT string_agg(attribute.attname, ',')
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = index.indrelid AND attribute.attnum = ANY (index.indkey)) AS columns
FROM unnest(string_to_array($1, ',')) AS wanted (name)
JOIN pg_index AS index ON index.indrelid = to_regclass(quote_ident(wanted.name))
WHERE index.indisunique AND index.indisvalid AND index.indpred IS NULL AND index.indexprs IS NULL
    AND index.indnatts = index.indnkeyatts
"""


@dataclass(frozen=True)
class SourceColumn:
    """A column at the source; `type` as format_type() writes it, 'enum' for an enum of any name.

    `number` is never given to another column of the table. `is_filled`: no row has NULL.
    """

    name: str
    type: str
    is_readable: bool
    number: int
    is_filled: bool

    @property
    def family(self) -> str:
        """The type without its length, precision or scale."""
        return re.sub(r"\(.*?\)", "", self.type).strip()


@dataclass(frozen=True)
class SourceTable:
    """A table at the source. `pages` is 0 for what cannot be read by pages: views, partitioned tables, and
    all tables before PostgreSQL 14, which would scan the whole table for each range.

    `heap` is the oid of a table whose rows carry the ids of the transactions that wrote them, else None.
    """

    name: str
    rows_estimate: int
    pages: int
    heap: int | None = None
    columns: dict[str, SourceColumn] = field(default_factory=dict)
    unique: tuple[frozenset[str], ...] = ()

    def is_unique(self, columns: set[str]) -> bool:
        """Whether the source itself guarantees that `columns` identify a row."""
        return any(key <= columns for key in self.unique)


def describe(source: Source, names: list[str]) -> dict[str, SourceTable]:
    """The tables of `names` that the source has, as its search_path resolves them."""
    unique = defaultdict(list)
    for row in source.query(_UNIQUE, ",".join(names)).to_pylist():
        unique[row["table_name"]].append(frozenset(row["columns"].split(",")))
    tables: dict[str, SourceTable] = {}
    for row in source.query(_COLUMNS, ",".join(names)).to_pylist():
        name = row["table_name"]
        if name not in tables:
            heap = row["oid"] if row["has_transactions"] else None
            tables[name] = SourceTable(
                name, row["rows_estimate"], row["pages"], heap, unique=tuple(unique[name])
            )
        kind = "enum" if row["is_enum"] else row["column_type"]
        tables[name].columns[row["column_name"]] = SourceColumn(
            row["column_name"], kind, row["is_readable"], row["number"], row["is_filled"]
        )
    return tables

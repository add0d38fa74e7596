"""The vocabulary of table specs: frozen data that says what is read and how it lands in `raw`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

Entity = Literal[
    "users", "schools", "courses", "lessons", "classes", "quizzes", "attempts", "requests", "incidents"
]
ENTITIES: tuple[Entity, ...] = (
    "users",
    "schools",
    "courses",
    "lessons",
    "classes",
    "quizzes",
    "attempts",
    "requests",
    "incidents",
)


class Kind(StrEnum):
    """Type of a column in `raw` (a DuckDB type); TIMESTAMP is naive UTC."""

    UUID = "UUID"
    TEXT = "VARCHAR"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    PERCENT = "DECIMAL(5, 2)"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


class Mode(StrEnum):
    """How rows arrive.

    Where the source's transaction ids tell what was written since (horizons), that is read, and deletes are
    found by counts. Elsewhere:
    append: rows never change; read from the cursor (minus overlap) on, deletes found per block of ids.
    merge: rows change; read from the cursor (minus overlap) on, everything else compared per block of ids.
    replace: small; read in full every night and compared row by row.
    """

    APPEND = "append"
    MERGE = "merge"
    REPLACE = "replace"


class Orphan(StrEnum):
    """When a reference makes its row an orphan."""

    NEVER = "never"
    DANGLING = "dangling"
    DANGLING_OR_NULL = "dangling or null"


class Forget(StrEnum):
    """What the erasure of a person does to a row that refers to the person."""

    DELETE = "delete"
    CLEAR = "clear"


@dataclass(frozen=True)
class Column:
    """One column of a raw table.

    `source` is the column's name there. With `entity` the source's UUID becomes the integer key of
    raw.key_<entity>. `default` replaces NULL and a missing optional column. `required` columns refuse NULL.
    """

    name: str
    kind: Kind
    source: str
    optional: bool = False
    required: bool = False
    default: bool | int | None = None
    entity: Entity | None = None
    orphan: Orphan = Orphan.NEVER
    forget: Forget | None = None
    derived: Literal["zone", "local_date"] | None = None

    @property
    def raw_type(self) -> str:
        """The DuckDB type of the column in `raw`."""
        return Kind.INTEGER.value if self.entity else self.kind.value


@dataclass(frozen=True)
class TableSpec:
    """One source table and the raw table of the same name.

    `key`: raw columns that identify a row. `cursor`: raw column the reading resumes from, `overlap` behind
    the watermark (ids for an integer cursor). `block` (a number, or a person whose rows go with the person)
    and `checksum`: raw columns by which older rows are compared with the source, block by block.
    `happened_at`: SQL over raw columns; a row after as_of is future. `moves`: column of the event stream
    through which a change here changes an event's school, local date or orphanhood. `ignored`: source columns
    that are left behind on purpose.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    mode: Mode = Mode.REPLACE
    optional: bool = False
    cursor: str | None = None
    overlap: timedelta | int | None = None
    block: str | None = None
    checksum: tuple[str, ...] = ()
    happened_at: str | None = None
    moves: Literal["user_key", "lesson_key"] | None = None
    ignored: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The raw column of that name (KeyError if there is none)."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the raw columns, without batch_id."""
        return tuple(column.name for column in self.columns)

    @property
    def source_columns(self) -> dict[str, Column]:
        """Source column name -> the first raw column that reads it."""
        return {column.source: column for column in reversed(self.columns)}

"""One side of the comparison: rows of a published snapshot, surrogate keys turned back into ids."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from .compare import plain

FOLDER = Path(__file__).parent / "published"
WHOLE = ("global", "platform")  # scopes of everything have no key of their own
Row = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """A snapshot folder that holds marts.duckdb and identity.duckdb."""

    folder: Path
    as_of: datetime

    def rows(self, mart: str) -> list[Row]:
        """Return published/<mart>.sql if there is one, else all rows of the mart, keyed by source ids."""
        if mart not in self._read:
            self._read[mart] = self._rows(mart)
        return self._read[mart]

    @cached_property
    def _read(self) -> dict[str, list[Row]]:
        return {}

    def _rows(self, mart: str) -> list[Row]:
        derivation = FOLDER / f"{mart}.sql"
        query = derivation.read_text(encoding="utf-8") if derivation.exists() else f'FROM "{mart}"'
        with duckdb.connect(str(self.folder / "marts.duckdb"), read_only=True) as marts:
            found = marts.execute(query, {"as_of": plain(self.as_of)} if "$as_of" in query else None)
            columns = [column[0] for column in found.description or ()]
            return [self._translated(dict(zip(columns, row, strict=True))) for row in found.fetchall()]

    @cached_property
    def source_ids(self) -> dict[str, dict[int, str]]:
        """Return, per kind of key, the source id of every surrogate key."""
        with duckdb.connect(str(self.folder / "identity.duckdb"), read_only=True) as identity:
            users = dict(identity.execute("SELECT user_key, user_id::VARCHAR FROM users").fetchall())
        with duckdb.connect(str(self.folder / "marts.duckdb"), read_only=True) as marts:
            ids = {
                kind: dict(marts.execute(f"SELECT {kind}_key, {kind}_id FROM dim_{kind}").fetchall())
                for kind in ("school", "class", "course", "lesson", "quiz")
            }
        ids["school"][0] = "unassigned"
        return ids | {"user": users, "teacher": users}

    @cached_property
    def pseudonyms(self) -> dict[str, str]:
        """Return the pseudonym of every user id; stable within this snapshot."""
        with duckdb.connect(str(self.folder / "identity.duckdb"), read_only=True) as identity:
            return dict(identity.execute("SELECT user_id::VARCHAR, pseudonym FROM users").fetchall())

    def _translated(self, row: Row) -> Row:
        keys = {column: self._kind(column, row) for column in row if column.endswith("_key")}
        kinds = {column: kind for column, kind in keys.items() if kind in self.source_ids or kind in WHOLE}
        return {column: value for column, value in row.items() if column not in kinds} | {
            f"{column.removesuffix('_key')}_id": self._source_id(kind, row[column])
            for column, kind in kinds.items()
        }

    def _kind(self, column: str, row: Row) -> str:
        return str(row["scope"]) if column == "scope_key" else column.removesuffix("_key")

    def _source_id(self, kind: str, key: int | None) -> str | int | None:
        if kind in WHOLE or key is None:
            return key if key is None else kind
        return self.source_ids[kind].get(key, f"unknown {kind}_key {key}")

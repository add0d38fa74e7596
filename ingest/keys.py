"""Key maps raw.key_<entity>: a small integer for every UUID ever seen. Numbers are never used twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import duckdb
import pyarrow as pa

from ingest.columns import ENTITIES, Entity
from ingest.warehouse import integer, registered

IsErased = Callable[[UUID], bool]


class Keys:
    """Gives numbers to UUIDs. People for whom `is_erased` holds get none: see ingest_erased."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, is_erased: IsErased | None) -> None:
        self._connection = connection
        self._is_erased = is_erased
        connection.execute("CREATE OR REPLACE TEMP TABLE ingest_erased (id UUID)")
        self._last = {entity: self._stored(entity) for entity in ENTITIES}
        self._written = dict(self._last)
        self.known_before = dict(self._last)
        self.has_erased = False

    def meet(self, entity: Entity, column: str) -> None:
        """Number the UUIDs of a column of ingest_chunk that have none yet."""
        new = f"""
            SELECT DISTINCT {column} AS id FROM ingest_chunk AS chunk
            WHERE {column} IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM raw.key_{entity} AS known WHERE known.id = {column})"""
        if entity == "users" and self._is_erased is not None:
            new += f" AND NOT EXISTS (SELECT 1 FROM ingest_erased AS erased WHERE erased.id = {column})"
            self._set_aside(self._is_erased, new)
        self._last[entity] += integer(
            self._connection,
            f"INSERT INTO raw.key_{entity} SELECT id, $1 + row_number() OVER () FROM ({new})",
            [self._last[entity]],
        )

    def store(self, batch_id: int) -> None:
        """Write the highest numbers down, inside the caller's transaction."""
        for entity in ENTITIES:
            if self._last[entity] != self._written[entity]:
                row = [f"key_{entity}", self._last[entity], batch_id]
                self._connection.execute("DELETE FROM raw.watermarks WHERE table_name = $1", row[:1])
                self._connection.execute("INSERT INTO raw.watermarks VALUES ($1, $2, NULL, $3)", row)
        self._written = dict(self._last)

    def _stored(self, entity: Entity) -> int:
        sql = "SELECT max(last_id) FROM raw.watermarks WHERE table_name = $1"
        return integer(self._connection, sql, [f"key_{entity}"])

    def _set_aside(self, is_erased: IsErased, new: str) -> None:
        erased = [row[0].bytes for row in self._connection.execute(new).fetchall() if is_erased(row[0])]
        if erased:
            self.has_erased = True
            ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array(erased, pa.binary(16)))
            with registered(self._connection, "ingest_new_erased", pa.table({"id": ids})):
                self._connection.execute("INSERT INTO ingest_erased SELECT id FROM ingest_new_erased")

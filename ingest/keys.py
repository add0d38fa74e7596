"""Key maps raw.key_<entity>: a small integer for every UUID ever seen. Numbers are never used twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import ENTITIES, Entity
from ingest.known_ids import KnownIds
from ingest.warehouse import integer, registered

IsErased = Callable[[UUID], bool]
_ID = pa.binary(16)


class Keys:
    """Gives numbers to UUIDs. People for whom `is_erased` holds get none.

    UUIDs met in this batch are remembered: looking a column up there costs a tenth of a join in DuckDB.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, is_erased: IsErased | None) -> None:
        self._connection = connection
        self._is_erased = is_erased
        self._met = {entity: KnownIds() for entity in ENTITIES}
        self._last = {entity: self._stored(entity) for entity in ENTITIES}
        self._written = dict(self._last)
        self.known_before = dict(self._last)
        self.erased = pa.array([], _ID)

    def known(self, entity: Entity, column: pa.Array) -> pa.Array | None:
        """The key of each UUID of an Arrow column, if all have been met; for any thread."""
        keys, is_unknown = self._met[entity].keys(column.storage)
        return None if is_unknown.any() else pa.array(keys, mask=keys == 0)

    def numbers(self, entity: Entity, column: pa.Array) -> pa.Array:
        """The key of each UUID of an Arrow column, NULL for NULL and for erased people."""
        keys = self.known(entity, column)
        if keys is None:
            _, is_unknown = self._met[entity].keys(column.storage)
            self._meet(entity, pc.unique(column.storage.filter(pa.array(is_unknown))))
            keys = self.known(entity, column)
        return keys

    def store(self, batch_id: int) -> None:
        """Write the highest numbers down, inside the caller's transaction."""
        for entity in ENTITIES:
            if self._last[entity] != self._written[entity]:
                row = [f"key_{entity}", self._last[entity], batch_id]
                self._connection.execute("DELETE FROM raw.watermarks WHERE table_name = $1", row[:1])
                self._connection.execute("INSERT INTO raw.watermarks VALUES ($1, $2, NULL, $3)", row)
        self._written = dict(self._last)

    def _stored(self, entity: Entity) -> int:
        """The highest number given so far; keys of erased people are in no table any more."""
        sql = (
            "SELECT greatest((SELECT max(last_id) FROM raw.watermarks WHERE table_name = $1), "
            f"(SELECT max(key) FROM raw.key_{entity}))"
        )
        return integer(self._connection, sql, [f"key_{entity}"])

    def _meet(self, entity: Entity, ids: pa.Array) -> None:
        """Remember the keys of UUIDs met for the first time in this batch; number those that have none."""
        known_ids, known_keys = self._look_up(entity, ids)
        new = ids.filter(pc.invert(pc.is_in(ids, value_set=known_ids)))
        erased = self._who_is_erased(new) if entity == "users" else new.slice(0, 0)
        new = new.filter(pc.invert(pc.is_in(new, value_set=erased)))
        keys = pa.array(range(self._last[entity] + 1, self._last[entity] + len(new) + 1), pa.int32())
        self._number(entity, new, keys)
        self.erased = pa.concat_arrays([self.erased, erased])
        nothing = pa.repeat(pa.scalar(0, pa.int32()), len(erased))
        self._met[entity].add(
            pa.concat_arrays([known_ids, new, erased]),
            pa.concat_arrays([known_keys, keys, nothing]).to_numpy(),
        )

    def _look_up(self, entity: Entity, ids: pa.Array) -> tuple[pa.Array, pa.Array]:
        # A native copy, as DuckDB cannot push a filter on a UUID down into Arrow.
        with registered(self._connection, "ingest_ids", _as_uuids(ids)):
            self._connection.execute("CREATE OR REPLACE TEMP TABLE ingest_met AS SELECT id FROM ingest_ids")
        found = self._connection.execute(
            "SELECT unhex(replace(CAST(known.id AS VARCHAR), '-', '')) AS id, known.key "
            f"FROM raw.key_{entity} AS known SEMI JOIN ingest_met USING (id)"
        ).to_arrow_table()
        columns = [column.combine_chunks() for column in found.columns]
        return columns[0].cast(_ID), columns[1]

    def _number(self, entity: Entity, ids: pa.Array, keys: pa.Array) -> None:
        if len(ids):
            with registered(self._connection, "ingest_ids", _as_uuids(ids).append_column("key", keys)):
                self._connection.execute(f"INSERT INTO raw.key_{entity} SELECT id, key FROM ingest_ids")
            self._last[entity] += len(ids)

    def _who_is_erased(self, ids: pa.Array) -> pa.Array:
        is_erased = self._is_erased
        if is_erased is None:
            return ids.slice(0, 0)
        return ids.filter(pa.array([is_erased(UUID(bytes=value)) for value in ids.to_pylist()], pa.bool_()))


def _as_uuids(ids: pa.Array) -> pa.Table:
    return pa.table({"id": pa.ExtensionArray.from_storage(pa.uuid(), ids)})

"""Key maps raw.key_<entity>: a small integer for every UUID ever seen. Numbers are never used twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import ENTITIES, Entity
from ingest.warehouse import integer, registered

IsErased = Callable[[UUID], bool]
_ID = pa.binary(16)


class Keys:
    """Gives numbers to UUIDs. People for whom `is_erased` holds get none.

    UUIDs met in this batch are remembered as Arrow arrays: looking a column up there costs a tenth of a
    join in DuckDB.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, is_erased: IsErased | None) -> None:
        self._connection = connection
        self._is_erased = is_erased
        self._met = {entity: (pa.array([], _ID), pa.array([], pa.int32())) for entity in ENTITIES}
        self._last = {entity: self._stored(entity) for entity in ENTITIES}
        self._written = dict(self._last)
        self.known_before = dict(self._last)
        self.erased = pa.array([], _ID)

    def known(self, entity: Entity, column: pa.Array) -> pa.Array | None:
        """The key of each UUID of an Arrow column, if all have been met; for any thread."""
        ids, keys = self._met[entity]
        places = pc.index_in(column.storage, value_set=ids)
        return keys.take(places) if places.null_count == column.null_count else None

    def numbers(self, entity: Entity, column: pa.Array) -> pa.Array:
        """The key of each UUID of an Arrow column, NULL for NULL and for erased people."""
        keys = self.known(entity, column)
        if keys is None:
            is_new = pc.invert(pc.is_in(column.storage, value_set=self._met[entity][0]))
            self._meet(entity, pc.unique(column.storage.filter(is_new)).drop_null())
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
        met_ids, met_keys = self._met[entity]
        nothing = pa.nulls(len(erased), pa.int32())
        self._met[entity] = (
            pa.concat_arrays([met_ids, known_ids, new, erased]),
            pa.concat_arrays([met_keys, known_keys, keys, nothing]),
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

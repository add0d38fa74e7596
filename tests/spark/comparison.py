"""Compare what two engines published, row by row: exactly, but for the last digits of ratios."""

from __future__ import annotations

import duckdb

from api.manifest import read_manifest
from pipeline.settings import Settings
from pipeline.snapshots import current_folder
from tests.nights.comparison import Published, identity_differences, published, translated

RELATIVE = 1e-9


def differences(left: Settings, right: Settings, *, without: frozenset[str] = frozenset()) -> dict[str, int]:
    """Rows that differ, by `mart.column`, or by `mart` where only one side has the row; empty when equal."""
    marts = read_manifest(current_folder(left.snapshots_dir)).marts
    found = {}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        with published(connection, left, "left") as one, published(connection, right, "right") as other:
            for name in marts.keys() - without:
                found |= _differing(connection, one, other, name, marts[name].grain)
            found["identity"] = identity_differences(connection, one, other)
    return {name: rows for name, rows in found.items() if rows}


def _differing(
    connection: duckdb.DuckDBPyConnection, one: Published, other: Published, mart: str, grain: tuple[str, ...]
) -> dict[str, int]:
    left, right = (translated(connection, side, mart) for side in (one, other))
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {left}").fetchall()}
    keys = " AND ".join(f'l."{key}" IS NOT DISTINCT FROM r."{key}"' for key in grain)
    values = {name: _is_different(name, kind) for name, kind in types.items() if name not in grain}
    counts = ", ".join(
        f"count(*) FILTER (WHERE l.is_there AND r.is_there AND {test})" for test in values.values()
    )
    sql = (
        "SELECT count(*) FILTER (WHERE l.is_there IS NULL OR r.is_there IS NULL)"
        f"{', ' + counts if counts else ''} FROM (SELECT *, true AS is_there FROM ({left})) AS l "
        f"FULL OUTER JOIN (SELECT *, true AS is_there FROM ({right})) AS r ON {keys}"
    )
    row = connection.execute(sql).fetchone()
    assert row is not None
    return dict(zip([mart, *(f"{mart}.{name}" for name in values)], row, strict=True))


def _is_different(name: str, kind: str) -> str:
    left, right = f'l."{name}"', f'r."{name}"'
    if kind != "DOUBLE":
        return f"{left} IS DISTINCT FROM {right}"
    far = f"abs({left} - {right}) > {RELATIVE} * greatest(1, abs({left}))"
    return f"(({left} IS NULL) <> ({right} IS NULL) OR coalesce({far}, false))"

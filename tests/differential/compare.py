"""Row-by-row comparison of one metric, and a message that shows where the two sides part."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

TOLERANCE = 1e-9
SHOWN = 5
Key = tuple[Any, ...]


def differences(
    published: Iterable[Mapping[str, Any]],
    expected: Iterable[Mapping[str, Any]],
    keys: Sequence[str],
    value: str,
) -> list[str]:
    """Compare column `value` of all rows by `keys`; describe every difference, missing and surplus rows too.

    Integers, decimals, text and times must be equal, rates may differ by 1e-9. Rows that share a key are
    compared as a sorted list, so that a doubled row is a difference too.
    """
    ours, theirs = _by_key(published, keys, value), _by_key(expected, keys, value)
    return [
        f"{dict(zip(keys, key, strict=True))}: published {_shown(ours, key)}, plain SQL {_shown(theirs, key)}"
        for key in sorted(ours.keys() | theirs.keys(), key=repr)
        if not _equal_lists(ours.get(key), theirs.get(key))
    ]


def report(found: Sequence[str]) -> str:
    """Return the first differences as one readable text."""
    more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([f"{len(found)} differences", *found[:SHOWN], *more])


def plain(value: Any) -> Any:
    """Return a value as both databases can agree on it: ids as text, instants as naive UTC."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def equal(ours: Any, theirs: Any) -> bool:
    """Tell whether two single values agree."""
    ours, theirs = plain(ours), plain(theirs)
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if isinstance(ours, float) or isinstance(theirs, float):
        return abs(float(ours) - float(theirs)) <= TOLERANCE * max(1.0, abs(float(theirs)))
    return bool(ours == theirs)


def json_differences(ours: Any, theirs: Any, path: str = "data") -> list[str]:
    """Compare an answer with the expected JSON, field by field; unknown and missing fields differ too."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            difference
            for name in [*theirs, *(ours.keys() - theirs.keys())]
            for difference in (
                json_differences(ours[name], theirs[name], f"{path}.{name}")
                if name in ours and name in theirs
                else [f"{path}.{name}: only in {'the answer' if name in ours else 'plain SQL'}"]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        lengths = [f"{path}: {len(ours)} items, plain SQL {len(theirs)}"] if len(ours) != len(theirs) else []
        return lengths + [
            difference
            for number, (one, other) in enumerate(zip(ours, theirs, strict=False))
            for difference in json_differences(one, other, f"{path}[{number}]")
        ]
    return (
        [] if equal(instant(ours), instant(theirs)) else [f"{path}: answered {ours!r}, plain SQL {theirs!r}"]
    )


def leaves(value: Any) -> int:
    """Return the number of single values in a JSON document: the comparisons that it stands for."""
    if isinstance(value, dict | list):
        return sum(leaves(part) for part in (value.values() if isinstance(value, dict) else value))
    return 1


def instant(value: Any) -> Any:
    """Return the datetime that a JSON text stands for, any other value as it is."""
    if isinstance(value, str) and len(value) > len("2024-02-29T"):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value


def _by_key(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], value: str) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = defaultdict(list)
    for row in rows:
        found[tuple(_key_part(row[key]) for key in keys)].append(plain(row[value]))
    return {key: sorted(values, key=_order) for key, values in found.items()}


def _key_part(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value.normalize()) if isinstance(value, Decimal) else value


def _order(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _equal_lists(ours: list[Any] | None, theirs: list[Any] | None) -> bool:
    if ours is None or theirs is None or len(ours) != len(theirs):
        return False
    return all(equal(one, other) for one, other in zip(ours, theirs, strict=True))


def _shown(side: Mapping[Key, list[Any]], key: Key) -> str:
    if key not in side:
        return "no row"
    values = side[key]
    return repr(values[0]) if len(values) == 1 else f"{len(values)} rows {values!r}"

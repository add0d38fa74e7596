"""dashboard/definitions.json, generated from docs/metrics.md: `python -m api.definitions [--check]`.

The last section of the page lists the columns of each metric; the ones before define it, in a row of a table
or in a point of a list.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path("docs/metrics.md")
TARGET = Path("dashboard/definitions.json")
PLACES = "## Where each one is"
_ROW = re.compile(r"^\| (?P<name>[^|]+?) \| (?P<text>.+?) \|$", re.MULTILINE)
_POINT = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)
_COLUMN = re.compile(r"`([a-z_]+\.[a-z_0-9]+)`")


def definitions(page: str) -> list[dict[str, object]]:
    """Metric, definition and columns (`mart.column`), in the page's order.

    Raises ValueError naming a metric that the page does not define.
    """
    defined, _, places = page.partition(PLACES)
    rows = {row["name"]: row["text"] for row in _ROW.finditer(defined)}
    points = [" ".join(point.split()) for point in _POINT.findall(defined)]
    return [
        {"metric": name, "definition": rows.get(name) or _point(name, points), "columns": columns}
        for name, columns in _places(places)
    ]


def main(arguments: list[str]) -> int:
    """Write the file, or with --check say whether the stored one is up to date."""
    text = json.dumps(definitions(SOURCE.read_text()), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        TARGET.write_text(text)
        return 0
    if TARGET.is_file() and TARGET.read_text() == text:
        return 0
    sys.stderr.write(f"{TARGET} is not up to date: run python -m api.definitions\n")
    return 1


def _places(section: str) -> Iterator[tuple[str, list[str]]]:
    for row in _ROW.finditer(section):
        if columns := _COLUMN.findall(row["text"]):
            yield row["name"], columns


def _point(name: str, points: list[str]) -> str:
    starts = (f"*{name}*", f"`{name}`", f"{name}:")
    for point in points:
        if point.startswith(name) or any(start in point for start in starts):
            return point.removeprefix(f"{name}: ")
    raise ValueError(f"{SOURCE} says where {name!r} is, but not what it is")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

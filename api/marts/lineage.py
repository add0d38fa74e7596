"""What a mart is made of, down to the tables of the source: models, and the columns of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.errors import NotFound
from api.manifest import Manifest, MartEntry, ModelEntry
from api.respond import Listing
from api.snapshots import Snapshot

MARTS_SCHEMA = "marts"
Entry = MartEntry | ModelEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """One model, `schema.name`: the models it reads, and the columns that each of its columns is made of.

    Both are empty for a table of the source.
    """

    name: str
    upstream: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


def lineage(snapshot: Snapshot, name: str) -> Listing:
    """The mart itself and everything upstream of it, by name, on one page.

    Raises NotFound for an unknown mart.
    """
    if name not in snapshot.manifest.marts:
        raise NotFound
    known = _entries(snapshot.manifest)
    reached = sorted(_reached(f"{MARTS_SCHEMA}.{name}", known))
    origins = [_origin(model, known.get(model)) for model in reached]
    return Listing(origins, limit=len(origins), total=len(origins), offset=0)


def _entries(manifest: Manifest) -> dict[str, Entry]:
    marts: dict[str, Entry] = {f"{MARTS_SCHEMA}.{name}": mart for name, mart in manifest.marts.items()}
    return marts | manifest.models


def _reached(start: str, known: Mapping[str, Entry]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        new = set(_parents(known.get(waiting.pop()))) - reached
        reached |= new
        waiting += new
    return reached


def _parents(entry: Entry | None) -> Iterator[str]:
    if entry is not None:
        yield from entry.upstream


def _origin(name: str, entry: Entry | None) -> Origin:
    return Origin(name, entry.upstream, entry.column_lineage) if entry else Origin(name, (), {})

"""Nights to compare: a published snapshot beside the reference's rows of its very source."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from api.runs import RunState
from tests.conftest import play_night

from .metrics import COMPARISONS
from .plain_sql import ConsentAges, Reference, Row, reference_at
from .published import Snapshot

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Night:
    """What one nightly run published, what plain SQL says it should be, and where both came from."""

    as_of: datetime
    source_url: str
    data_dir: Path
    snapshot_id: str
    snapshot: Snapshot
    expected: dict[str, list[Row]]

    @contextmanager
    def reference(self) -> Iterator[Reference]:
        """Open a reference session on the source, which must still be as it was in that night."""
        with reference_at(self.source_url, self.as_of, consent_ages()) as reference:
            yield reference


def run_nightly(source_url: str, data_dir: Path, as_of: datetime) -> None:
    """Run a real night and insist that it published."""
    run = play_night(source_url, data_dir, as_of=as_of)
    assert run.state is RunState.PUBLISHED, run.error


def observe(source_url: str, data_dir: Path, as_of: datetime) -> Night:
    """Return the night that `current` points to, with all reference rows.

    Both outlive later nights: sources change, and an erasure removes the snapshots that hold the person.
    """
    current = (data_dir / "snapshots" / "current").resolve()
    folder = shutil.copytree(current, data_dir.with_name(f"{data_dir.name}-{current.name}"))
    with reference_at(source_url, as_of, consent_ages()) as reference:
        expected = {comparison.name: reference.rows(comparison.name) for comparison in COMPARISONS}
    return Night(as_of, source_url, data_dir, current.name, Snapshot(folder, as_of), expected)


def consent_ages() -> ConsentAges:
    """Return the dated ages of digital consent that metrics.md refers to, without the default row."""
    with (ROOT / "seeds" / "age_of_consent.csv").open(encoding="utf-8") as lines:
        return tuple(
            (row["country"], date.fromisoformat(row["valid_from"]), int(row["age"]))
            for row in csv.DictReader(lines)
        )

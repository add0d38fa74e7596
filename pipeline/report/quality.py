"""How far the figures can be trusted: freshness, audits, orphans, late rows, and nights that failed since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.manifest import Manifest, is_stale
from api.runs import RunRecord, RunState, read_runs
from pipeline.settings import Settings


@dataclass(frozen=True)
class TableQuality:
    """One source table. Late and new rows are None when the run's record is gone."""

    table: str
    orphans: int
    future: int
    late: int | None
    inserted: int | None

    @property
    def is_notable(self) -> bool:
        """Whether some rows are no part of the figures, or came late into them."""
        return bool(self.orphans or self.future or self.late)


@dataclass(frozen=True)
class BrokenAudit:
    """An audit that rows of a mart broke."""

    mart: str
    audit: str
    rows: int


@dataclass(frozen=True)
class Quality:
    """State of the whole platform's data, which the figures of every school rest on.

    `failed` are the runs that failed since the snapshot was built, newest first.
    """

    snapshot_id: str
    as_of: datetime
    built_at: datetime
    good_until: datetime
    is_stale: bool
    audits_passed: int
    audits_total: int
    broken: tuple[BrokenAudit, ...]
    tables: tuple[TableQuality, ...]
    missing_at_source: tuple[str, ...]
    unknown_zones: int
    failed: tuple[RunRecord, ...]

    @property
    def notable(self) -> list[TableQuality]:
        """The tables that a reader should look at."""
        return [table for table in self.tables if table.is_notable]

    def total(self, figure: str) -> int | None:
        """The sum of a figure over the tables; None when it is not known."""
        values = [getattr(table, figure) for table in self.tables]
        return None if None in values else sum(values)


def find_quality(settings: Settings, manifest: Manifest, now: datetime) -> Quality:
    """From the manifest of the snapshot and the run history; `now` decides what is stale."""
    runs = read_runs(settings.runs_dir)
    ingest = _ingest(runs, manifest)
    return Quality(
        snapshot_id=manifest.id,
        as_of=manifest.as_of,
        built_at=manifest.built_at,
        good_until=manifest.as_of + timedelta(hours=settings.stale_after_hours),
        is_stale=is_stale(manifest, now, settings.stale_after_hours),
        audits_passed=manifest.audits_passed,
        audits_total=manifest.audits_total,
        broken=_broken(manifest),
        tables=_tables(manifest, ingest),
        missing_at_source=(*ingest.get("missing_tables", ()), *ingest.get("missing_columns", ())),
        unknown_zones=ingest.get("unknown_zones", 0),
        failed=tuple(run for run in runs if run.state is RunState.FAILED and _concerns(run, manifest)),
    )


def _ingest(runs: list[RunRecord], manifest: Manifest) -> dict[str, Any]:
    """The report of the run that read what the snapshot holds; the steps may have been run one by one."""
    return next((run.ingest for run in runs if run.ingest and run.as_of == manifest.as_of), {})


def _concerns(run: RunRecord, manifest: Manifest) -> bool:
    """Whether it came after the snapshot, or is the run that published it and did not end well."""
    return run.run_id == manifest.run_id or run.started_at > manifest.built_at


def _broken(manifest: Manifest) -> tuple[BrokenAudit, ...]:
    return tuple(
        BrokenAudit(name, audit.name, audit.rows)
        for name, mart in sorted(manifest.marts.items())
        for audit in mart.audits
        if not audit.passed
    )


def _tables(manifest: Manifest, ingest: dict[str, Any]) -> tuple[TableQuality, ...]:
    read = {table["table"]: table for table in ingest.get("tables", ())}
    names = sorted({*manifest.orphans, *manifest.future, *read})
    return tuple(
        TableQuality(
            table=name,
            orphans=manifest.orphans.get(name, 0),
            future=manifest.future.get(name, 0),
            late=read[name]["late"] if name in read else None,
            inserted=read[name]["rows_inserted"] if name in read else None,
        )
        for name in names
    )

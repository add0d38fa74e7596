"""What a batch did: frozen, and JSON by `to_json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime


@dataclass(frozen=True)
class TableReport:
    """One table. rows_total = rows in facts + orphans + future, for tables of events.

    future: own timestamp after as_of. orphans: of the others, those whose user, lesson, quiz or class is
    not in the source. late: inserted now, although older than the day of the previous batch's as_of.
    """

    table: str
    missing: bool
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    rows_total: int
    orphans: int
    future: int
    late: int
    seconds: float


@dataclass(frozen=True)
class BatchReport:
    """One batch. Times are UTC; `unknown_zones` counts schools whose time zone is no IANA name."""

    batch_id: int
    as_of: datetime
    source_now: datetime
    tables: tuple[TableReport, ...]
    touched_dates: int
    missing_tables: tuple[str, ...]
    missing_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    unknown_zones: int
    seconds: float

    def table(self, name: str) -> TableReport:
        """The report of one table (KeyError if there is none)."""
        return {report.table: report for report in self.tables}[name]

    def to_json(self) -> dict[str, object]:
        """Plain lists, numbers and strings; times in ISO 8601."""
        times = {"as_of": self.as_of.isoformat(), "source_now": self.source_now.isoformat()}
        return asdict(self) | times

"""Precision, recall and lead time of every reason of the at-risk flag, by school."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from pipeline.at_risk import judge_sql as sql
from pipeline.at_risk.replay import Rules, values
from pipeline.at_risk.replay_sql import REPLAY

REASONS = ("never_started", "is_inactive", "has_low_accuracy", "is_behind_class")
ANY = "has_any"
HORIZON_DAYS = 14
SILENCE_DAYS = 28
Row = tuple[int, ...]
Losses = Callable[[duckdb.DuckDBPyConnection], None]


@dataclass(frozen=True)
class Figures:
    """One reason (or ANY of them) in one school (or in all: None).

    `days`: learner-dates of learners who are there; `right_days`: those on which a flag would be right.
    """

    reason: str
    school: str | None
    days: int
    right_days: int
    raised: int
    right: int
    losses: int = 0
    warned: int = 0
    found: int = 0
    lead_days: float | None = None

    @property
    def precision(self) -> float | None:
        """Share of the flags raised that were right."""
        return _share(self.right, self.raised)

    @property
    def base_rate(self) -> float | None:
        """The precision of flags raised by lot, on learners who are there."""
        return _share(self.right_days, self.days)

    @property
    def recall(self) -> float | None:
        """Share of the drop-outs that were flagged before, or within the horizon after."""
        return _share(self.found, self.losses)

    @property
    def recall_before(self) -> float | None:
        """Share of the drop-outs that were flagged before."""
        return _share(self.warned, self.losses)


def observed(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `losses` (user_key, loss_date, return_date) of the warehouse's own events."""
    connection.execute(sql.OBSERVED, {"silence": SILENCE_DAYS})


def judge(
    connection: duckdb.DuckDBPyConnection, rules: Rules, days: int, losses: Losses = observed
) -> list[Figures]:
    """Figures of the flags of the last `days` dates and of today, on a connection of `replay.opened`.

    All schools first, then by name; per school every reason, then ANY. `losses` makes the table of who
    dropped out, from which date on (return_date None: for good).
    """
    losses(connection)
    connection.execute(sql.FLAGS)
    for back in range(days, -1, -1):
        bound = values(rules, back) | {"horizon": HORIZON_DAYS}
        connection.execute(sql.ADD.format(replay=REPLAY), bound)
    names = dict(connection.execute("SELECT school_key, code FROM intermediate.int_schools").fetchall())
    figures = [one for reason in (*REASONS, ANY) for one in _figures(connection, reason, days, names)]
    return sorted(figures, key=lambda one: (one.school is not None, one.school or ""))


def _figures(
    connection: duckdb.DuckDBPyConnection, reason: str, days: int, names: dict[int, str]
) -> list[Figures]:
    window = {"days": days, "horizon": HORIZON_DAYS, "silence": SILENCE_DAYS}
    raised = connection.execute(sql.RAISED.format(reason=reason), window).fetchall()
    found = {
        row[0]: row[1:] for row in connection.execute(sql.FOUND.format(reason=reason), window).fetchall()
    }
    return [
        Figures(reason, names.get(school), *counts, *found.get(school, (0, 0, 0, None)))
        for school, *counts in raised
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

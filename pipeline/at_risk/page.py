"""Figures as people read them: cells of a table, and a table in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.at_risk.judge import HORIZON_DAYS, SILENCE_DAYS, Figures

COLUMNS = (
    "school",
    "reason",
    "flags raised",
    "right",
    "precision",
    "base rate",
    "drop-outs",
    "warned before",
    "found",
    "recall before",
    "recall",
    "median lead, days",
)
MEANING = (
    f"A drop-out is a run of {SILENCE_DAYS} dates or more without an event. A flag is right when the learner "
    f"is away already or stays away from a date within the next {HORIZON_DAYS}. Found: flagged in the "
    f"{HORIZON_DAYS} dates before the first one away or in the {HORIZON_DAYS} from it on. Negative: late."
)


def cells(figures: Figures) -> tuple[object, ...]:
    """One row under COLUMNS."""
    return (
        figures.school or "all",
        figures.reason.removeprefix("is_").removeprefix("has_"),
        figures.raised,
        figures.right,
        _percent(figures.precision),
        _percent(figures.base_rate),
        figures.losses,
        figures.warned,
        figures.found,
        _percent(figures.recall_before),
        _percent(figures.recall),
        "–" if figures.lead_days is None else f"{figures.lead_days:+.0f}",
    )


def markdown(rows: Iterable[Figures]) -> str:
    """A Markdown table of figures."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(str(cell) for cell in cells(one))} |" for one in rows]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"

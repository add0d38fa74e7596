"""The page itself: one file of HTML without script; its text is escaped, its drawings are part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from api.schemas.analytics import ContentDay, EngagementDay
from pipeline.report import formats
from pipeline.report.attention import needs_attention
from pipeline.report.charts import Drawing
from pipeline.report.figures import Figures, Period
from pipeline.report.quality import Quality

_FOLDER = Path(__file__).parent
_FILTERS = ("number", "percent", "rate", "signed", "day", "long_day", "short_day", "plain_day", "words")


@dataclass(frozen=True)
class Line:
    """One figure of two windows; `kind` names the format of its values."""

    label: str
    kind: str
    now: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """The relative change; None when there is nothing to compare with."""
        return formats.change(self.now, self.before)


def make_page(figures: Figures, quality: Quality, drawings: dict[str, Drawing]) -> str:
    """The report as HTML."""
    zone = figures.subject.zone
    return _template().render(
        figures=figures,
        quality=quality,
        attention=needs_attention(figures, quality),
        yesterday=lines_of(figures.yesterday),
        week=[*lines_of(figures.week), *_rolling(figures)],
        days=_newest_first(figures),
        drawings=drawings,
        moment=partial(formats.moment, zone=zone),
        counted=formats.counted,
    )


def lines_of(period: Period) -> list[Line]:
    """The figures of a period and of the one before, in the order that they are read."""
    now, before = period.figures, period.figures_before
    return [
        Line("Active users", "number", now.users_active, before.users_active),
        Line("Activities", "number", now.activities, before.activities),
        Line("XP earned", "number", now.xp.total, before.xp.total),
        Line("Lessons completed", "number", now.progress.completions, before.progress.completions),
        Line("Quiz attempts", "number", now.quizzes.attempts_completed, before.quizzes.attempts_completed),
        Line("Quiz score", "percent", now.quizzes.average_score, before.quizzes.average_score),
    ]


def _rolling(figures: Figures) -> list[Line]:
    """Figures that look back 28 days from the last day of each week."""
    now, before = figures.engagement[-1], figures.engagement[-1 - len(figures.week.window)]
    return [
        Line("Active in 28 days", "number", now.mau, before.mau),
        Line("Stickiness", "rate", now.stickiness, before.stickiness),
    ]


def _newest_first(figures: Figures) -> list[tuple[EngagementDay, ContentDay]]:
    days = list(zip(figures.engagement, figures.content, strict=True))
    return days[-len(figures.week.window) :][::-1]


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(formats, name) for name in _FILTERS})
    environment.filters["drawn"] = Markup  # Vega's own output, of dates and numbers alone
    environment.globals["style"] = Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))  # noqa: S704
    return environment.get_template("page.html")

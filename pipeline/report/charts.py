"""The dashboard's Vega-Lite files, drawn without a browser: SVG for the page, PNG for everything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from pipeline.errors import PipelineError

WIDE, NARROW = 680, 340
PNG_SCALE = 2


@dataclass(frozen=True)
class Palette:
    """Colours of a drawing, in any form that SVG takes."""

    text: str
    muted: str
    line: str
    background: str
    series: tuple[str, ...]


# Okabe and Ito's series, safe for colour-blind people, as the dashboard has them.
_ON_PAPER = Palette("#1a2230", "#55606f", "#d5dae1", "#ffffff", ("#0072b2", "#d55e00", "#009e73"))
# The style sheet decides the colours of a drawing that is part of the page: it may be read in the dark.
_ON_PAGE = Palette(
    "var(--text)",
    "var(--muted)",
    "var(--line)",
    "transparent",
    ("var(--first)", "var(--second)", "var(--third)"),
)


class ChartError(PipelineError):
    """A chart of the report cannot be drawn."""

    code = "chart_failed"
    default_hint = "SCHOOLHOUSE_DASHBOARD_DIR must name the folder that holds charts/*.vl.json."


@dataclass(frozen=True)
class Drawing:
    """One chart as SVG in two widths (pixels), whose colours the page decides, and as PNG on white."""

    wide: str
    narrow: str
    png: bytes


def draw(folder: Path, name: str, rows: Sequence[Any]) -> Drawing:
    """Draw `<folder>/<name>.vl.json` with rows that are dataclasses. Raises ChartError without it."""
    text = _read(folder / f"{name}.vl.json")
    values = [_plain(asdict(row)) for row in rows]
    try:
        return Drawing(
            wide=_svg(_specification(text, values, WIDE)),
            narrow=_svg(_specification(text, values, NARROW)),
            png=_png(_specification(text, values, WIDE)),
        )
    except ValueError as error:
        raise ChartError(f"The chart {name!r} cannot be drawn.") from error


@cache
def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ChartError(f"The chart {path} cannot be read: {error.strerror}.") from error


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _specification(text: str, values: list[dict[str, Any]], width: int) -> dict[str, Any]:
    drawn = {"width": width, "autosize": {"type": "fit", "contains": "padding"}, "data": {"values": values}}
    specification: dict[str, Any] = json.loads(text) | drawn
    if "layer" in specification:  # what answers a pointer has no place in a picture
        specification["layer"] = [layer for layer in specification["layer"] if "params" not in layer]
    return specification


def _svg(specification: dict[str, Any]) -> str:
    return vl_convert.vegalite_to_svg(specification, config=_config(_ON_PAGE), allowed_base_urls=[])


def _png(specification: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_png(
        specification, scale=PNG_SCALE, config=_config(_ON_PAPER), allowed_base_urls=[]
    )


def _config(palette: Palette) -> dict[str, Any]:
    return {
        "background": palette.background,
        "font": "system-ui, Liberation Sans, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": palette.muted,
            "titleColor": palette.muted,
            "gridColor": palette.line,
            "domainColor": palette.line,
            "tickColor": palette.line,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "axisX": {
            "grid": False,
            "format": "%-d %b",
            "tickCount": {"interval": "week", "step": 1},
            "labelOverlap": "greedy",
            "labelSeparation": 10,
        },
        "legend": {"labelColor": palette.text, "orient": "top", "labelFontSize": 12},
        "range": {"category": list(palette.series)},
    }

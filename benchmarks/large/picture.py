"""The picture of the large benchmark: a night by its steps and the API's p95 against events, log-log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vl_convert

from benchmarks.large.result import STEPS, Result

WIDTH, HEIGHT = 340, 300
# Okabe and Ito's colours, as in the dashboard and the report.
COLOURS = {"whole night": "#1a2230", "ingest": "#0072b2", "build": "#d55e00", "publish": "#009e73"}
CONFIG = {
    "background": "#ffffff",
    "font": "system-ui, Liberation Sans, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": "#55606f", "titleColor": "#55606f", "gridColor": "#d5dae1", "titleFontWeight": "normal"},
    "legend": {"orient": "top", "labelColor": "#1a2230", "title": None},
    "title": {"color": "#1a2230", "anchor": "start"},
}  # fmt: skip
P95 = "#0072b2"
LINES = [figure * 10**power for power in range(5) for figure in (1, 2, 5)]


def draw(results: Sequence[Result]) -> str:
    """Return it as SVG. A size without nights, or without the API, has no points there."""
    ticks = [result.events for result in results]
    drawn = {"hconcat": [_nights(results, ticks), _api(results, ticks)], "spacing": 40}
    return vl_convert.vegalite_to_svg(drawn, config=CONFIG, allowed_base_urls=[])


def _nights(results: Sequence[Result], ticks: list[int]) -> dict[str, Any]:
    values = [
        {"events": one.events, "s": seconds, "step": name}
        for one in results
        for name, seconds in _seconds(one).items()
        if seconds
    ]
    scale = {"domain": list(COLOURS), "range": list(COLOURS.values())}
    colour = {"field": "step", "type": "nominal", "scale": scale}
    return {
        **_panel("A night, seconds", values),
        "mark": {"type": "line", "point": True},
        "encoding": {"x": _x(ticks), "y": _y("s"), "color": colour},
    }


def _seconds(one: Result) -> dict[str, float | None]:
    steps = {name: one.night(lambda run, name=name: run.step(name)) for name in STEPS}  # type: ignore[misc]
    return {"whole night": one.night_seconds, **steps}


def _api(results: Sequence[Result], ticks: list[int]) -> dict[str, Any]:
    values = [
        {"events": one.events, "ms": latency.p95_ms, "endpoint": latency.name}
        for one in results
        for latency in one.latencies
    ]
    each = {
        "mark": {
            "type": "line",
            "color": P95,
            "opacity": 0.35,
            "point": {"size": 12, "color": P95, "opacity": 0.35},
        }
    }
    middle = {"mark": {"type": "line", "color": P95, "strokeWidth": 3, "point": {"color": P95}}}
    return {
        **_panel("API, p95 in ms: each endpoint alone, and their median", values),
        "layer": [
            {**each, "encoding": {"x": _x(ticks), "y": _y("ms"), "detail": {"field": "endpoint"}}},
            {**middle, "encoding": {"x": _x(ticks), "y": {**_y("ms"), "aggregate": "median"}}},
        ],
    }  # fmt: skip


def _panel(title: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "width": WIDTH, "height": HEIGHT, "data": {"values": values}}


def _x(ticks: list[int]) -> dict[str, Any]:
    axis = {"values": ticks, "format": "~s", "title": "events"}
    return {"field": "events", "type": "quantitative", "scale": {"type": "log"}, "axis": axis}


def _y(field: str) -> dict[str, Any]:
    axis = {"title": None, "values": LINES, "format": "~g"}
    return {"field": field, "type": "quantitative", "scale": {"type": "log"}, "axis": axis}

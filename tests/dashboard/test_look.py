"""Anybody can use it: contrast, names and order for all senses, small screens, a quick first view."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.dashboard.conftest import Visit
from tests.dashboard.visitor import Scheme, Visitor, visiting

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
# What can differ between two drawings of the same elements.
COLOURS_AND_SIZES = {
    "resultTypes": ["violations"],
    "runOnly": ["color-contrast", "target-size"],
    "rules": {"target-size": {"enabled": True}},
}
PLACES = {
    "admin": [
        "/overview", "/engagement", "/retention", "/content", "/compliance", "/users", "/schools", "/marts",
        "/marts/engagement_daily", "/metrics", "/builds", "/desk",
    ],
    "teacher": ["/overview", "/classes", "class", "learner", "/at-risk", "/leaderboard"],
    "student": ["/week", "/mastery", "/leaderboard"],
}  # fmt: skip
STOPS = "main a[href], main button, main input, main select, main [tabindex='0']"
FIRST_VIEW_SECONDS = 1.5
FIRST_VIEW_BYTES = 500_000
TRIES = 10


@pytest.mark.parametrize(
    ("width", "scheme", "rules"), [(360, "dark", COLOURS_AND_SIZES), (1920, "light", EVERYTHING)]
)
@pytest.mark.parametrize("role", PLACES)
def test_every_view_is_accessible_and_fits(
    visit: Visit, role: str, width: int, scheme: Scheme, rules: dict[str, Any]
) -> None:
    visitor = visit(role, width=width, height=800 if width < 800 else 1080, scheme=scheme)
    for place in PLACES[role]:
        name = _go(visitor, place)
        visitor.page.screenshot(path=_picture(role, name, width, scheme), full_page=True)
        assert _violations(visitor, rules) == [], name
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_is_accessible_and_works_by_keyboard(
    browser: Browser, address: str, cast: dict[str, str], scheme: Scheme
) -> None:
    with visiting(browser, address, cast["teacher"], width=360, scheme=scheme) as visitor:
        page = visitor.page
        page.goto(address)
        assert visitor.heading == "Sign in"
        assert _violations(visitor, EVERYTHING) == []
        page.get_by_label("Token").fill(f"  {visitor.token}\n")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#nav a").first.wait_for()
        visitor.settle()
        assert visitor.heading == "Overview"
        assert visitor.token not in page.url
        page.get_by_role("button", name="Sign out").click()
        assert visitor.heading == "Sign in"
        assert page.evaluate("sessionStorage.length") == 0
        assert visitor.problems == []


def test_everything_is_reached_by_tab_and_seen_when_reached(visit: Visit) -> None:
    visitor = visit("teacher", place="/leaderboard")
    page = visitor.page
    page.locator(".skip").focus()
    assert page.evaluate("document.activeElement.getBoundingClientRect().x") > 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert visitor.heading == "Leaderboard"
    wanted = page.locator(STOPS).count()
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                    const all = [...document.querySelectorAll('main *')];
                    const style = getComputedStyle(document.activeElement);
                    return style.outlineStyle === 'none' ? -1 : all.indexOf(document.activeElement);
                }"""
            )
        )
    assert -1 not in reached
    assert len(reached) == wanted > 5


def test_the_first_view_is_quick_and_small(browser: Browser, address: str, cast: dict[str, str]) -> None:
    """Cold cache, drawn to the last mark. What else the machine does may disturb all tries but one."""
    tries = []
    for _ in range(TRIES):
        seconds, size = _first_view(browser, address, cast["admin"])
        assert size < FIRST_VIEW_BYTES
        tries.append(seconds / _waiting_per_core())
        if len(tries) > 1 and min(tries) < FIRST_VIEW_SECONDS:
            break
    assert min(tries) < FIRST_VIEW_SECONDS


def _waiting_per_core() -> float:
    """How many processes share a core: 1 on a machine of our own. A busy one is slower for everybody."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _first_view(browser: Browser, address: str, token: str) -> tuple[float, int]:
    """Seconds until the overview was drawn, and bytes that came over the wire for it."""
    with visiting(browser, address, token) as visitor:
        session = visitor.page.context.new_cdp_session(visitor.page)
        arrived: list[int] = []
        session.on("Network.loadingFinished", lambda event: arrived.append(event["encodedDataLength"]))
        session.send("Network.enable")
        visitor.sign_in()
        milliseconds = visitor.page.evaluate("performance.now()")
        assert visitor.page.locator("main svg").count() == 1
        return milliseconds / 1000, sum(arrived)


def _go(visitor: Visitor, place: str) -> str:
    """Open a place; a class and a learner are those of the teacher's own fullest class."""
    if place in ("class", "learner"):
        chosen = max(visitor.ask("/classes/"), key=lambda row: row["learners"])
        visitor.open(f"/classes/{chosen['class_id']}")
        if place == "learner":
            learners = visitor.ask(f"/classes/{chosen['class_id']}/learners")
            visitor.open(f"/learner/{learners[0]['user_id']}")
    else:
        visitor.open(place)
    if place == "/desk":
        visitor.page.locator("#sql").press("Control+Enter")
        visitor.card("Quick chart").wait_for()
        visitor.settle()
    return place.strip("/").replace("/", "_")


def _picture(role: str, name: str, width: int, scheme: str) -> Path:
    return SCREENSHOTS / f"{role}-{name}-{width}-{scheme}.png"


def _violations(visitor: Visitor, rules: dict[str, Any]) -> list[Any]:
    """What axe-core calls serious or critical: rule, and where."""
    found = Axe().run(visitor.page, options=rules).response["violations"]
    return [
        (item["id"], [node["target"] for node in item["nodes"]][:3])
        for item in found
        if item["impact"] in ("serious", "critical")
    ]

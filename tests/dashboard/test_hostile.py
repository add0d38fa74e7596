"""Names are text: whatever a user, a lesson or a school is called, nothing of it runs or gets lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser

from api.runs import RunRecord, RunState
from tests.api import rules_source as source
from tests.api.serving import SECRET, bearer
from tests.conftest import School, settings_of
from tests.dashboard.conftest import served
from tests.dashboard.visitor import Visitor, visiting

MARKUP = '<img src=x onerror="window.hacked=1">'
SCRIPT = "</td><script>window.hacked=1</script>"
SQL = "'; DROP TABLE users; --"
FORMULA = "=HYPERLINK(0)"
_RENAMES = {
    "UPDATE schools SET name = %s || ' ' || code": MARKUP,
    "UPDATE users SET first_name = %s": MARKUP,
    "UPDATE users SET last_name = %s || username": SCRIPT,
    "UPDATE users SET username = username || %s": SQL,
    "UPDATE courses SET title = %s || title": MARKUP,
    "UPDATE lessons SET title = %s || title": SCRIPT,
    "UPDATE classes SET name = %s || name": FORMULA,
    "INSERT INTO analytics (user_id, event_type, xp_earned, created_at)"
    " SELECT id, %s, 5, now() FROM users WHERE username LIKE 'ana%%'": MARKUP,
}


@pytest.fixture(scope="session")
def hostile(
    make_database: Callable[..., str],
    night: Callable[..., RunRecord],
    tmp_path_factory: pytest.TempPathFactory,
) -> School:
    """The hand-made source with names that attack a page, an SQL statement and a spreadsheet."""
    url = make_database()
    source.fill(url)
    with psycopg.connect(url) as connection:
        for statement, name in _RENAMES.items():
            connection.execute(statement, [name])
    data_dir = tmp_path_factory.mktemp("hostile")
    run = night(url, data_dir, as_of=source.AS_OF)
    assert run.state is RunState.PUBLISHED, run.error
    return School(url, settings_of(url, data_dir), source.AS_OF)


@pytest.fixture(scope="session")
def site(hostile: School) -> Iterator[str]:
    """A server on it."""
    with served(hostile, jwt_secret=SECRET) as address:
        yield address


@pytest.fixture
def come(hostile: School, site: str, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return `come(role, school, person)`: a visitor in whose tab nothing may ever run."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def visit(*who: Any) -> Visitor:
            token = bearer(*who)["Authorization"].removeprefix("Bearer ")
            visitors.append(stack.enter_context(visiting(browser, site, token)))
            visitors[-1].sign_in()
            return visitors[-1]

        yield visit
        for visitor in visitors:
            assert visitor.page.evaluate("window.hacked") is None
            assert visitor.elsewhere() == []
            assert visitor.problems == []


CLASS = f"/classes/{source.CLASS}"
STAFF = {
    "/overview": MARKUP,
    "/classes": FORMULA,
    CLASS: MARKUP,
    f"/learner/{source.BEN}": SCRIPT,
    "/at-risk": MARKUP,
    "/leaderboard?timeframe=all": SCRIPT,
    "/content": SCRIPT,
    "/schools": MARKUP,
    f"/schools/{source.TONGA}": MARKUP,
    "/marts/dim_lesson": SCRIPT,
}
PLATFORM = STAFF | {"/users": SQL, "/engagement": "", "/retention": "", "/compliance": "", "/builds": ""}
ROLES = {
    "admin": (("admin", None, source.NOBODY), PLATFORM),
    "teacher": (("teacher", source.TONGA, source.TEACHER), STAFF),
    "student": (
        ("student", source.TONGA, source.BEN),
        {"/week": "", "/mastery": MARKUP, "/leaderboard?timeframe=all": MARKUP},
    ),
}


@pytest.mark.parametrize("role", ROLES)
def test_names_that_are_markup_are_shown_as_text_in_every_view(
    come: Callable[..., Visitor], role: str
) -> None:
    who, places = ROLES[role]
    visitor = come(*who)
    for place, name in places.items():
        visitor.open(place)
        assert name in visitor.text(), place
        assert visitor.page.locator("img[src='x'], main script").count() == 0, place
        assert visitor.page.evaluate("window.hacked") is None, place


def test_a_tooltip_of_a_chart_shows_names_as_text(come: Callable[..., Visitor]) -> None:
    visitor = come("teacher", source.TONGA, source.TEACHER)
    visitor.open(CLASS)
    visitor.card("Mastery of learners by course").locator(".mark-rect path").first.hover()
    tooltip = visitor.page.locator("#vg-tooltip-element")
    tooltip.wait_for()
    assert MARKUP in tooltip.inner_text()
    assert tooltip.locator("img").count() == 0


def test_names_come_whole_through_the_desk_and_run_in_no_spreadsheet(come: Callable[..., Visitor]) -> None:
    visitor = come("analyst", None, source.NOBODY)
    visitor.open("/desk")
    visitor.page.locator("#sql").fill("SELECT name FROM dim_class ORDER BY 1")
    visitor.page.locator("#sql").press("Control+Enter")
    visitor.card("2 rows").wait_for()
    assert visitor.rows("2 rows") == [[f"{FORMULA}1b"], [f"{FORMULA}7a"]]
    assert [row["name"] for row in visitor.csv("2 rows")] == [f"'{FORMULA}1b", f"'{FORMULA}7a"]
    visitor.page.locator("#sql").fill(f"SELECT '{MARKUP}' AS \"{SCRIPT}\", 1 AS one UNION ALL SELECT 'b', 2")
    visitor.page.locator("#sql").press("Control+Enter")
    visitor.page.locator("section.card th", has_text="script").wait_for()
    visitor.settle()
    assert MARKUP in visitor.text()
    assert visitor.page.locator("img[src='x'], main script").count() == 0


def test_a_school_is_added_once_and_what_is_wrong_is_said(come: Callable[..., Visitor]) -> None:
    visitor = come("admin", None, source.NOBODY)
    visitor.open("/schools")
    _fill(visitor, code="odense", name=SCRIPT, country="DK", timezone="Mars/Olympus")
    visitor.page.locator(".problem").wait_for()
    visitor.expect("422")
    _fill(visitor, timezone="Europe/Copenhagen")
    visitor.page.get_by_text("was added").wait_for()
    assert [row[:4] for row in visitor.rows("Registry") if row[1] == "odense"] == [
        [SCRIPT, "odense", "DK", "Europe/Copenhagen"]
    ]
    _fill(visitor, code="odense", name="Again", country="DK", timezone="UTC")
    visitor.page.locator(".problem").wait_for()
    visitor.expect("409")
    visitor.card("Registry").get_by_role("link", name=SCRIPT).click()
    visitor.page.get_by_text("Its figures appear after the next nightly build.").wait_for()


def _fill(visitor: Visitor, **fields: str) -> None:
    form = visitor.card("Add a school").locator("form")
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button", name="Add").click()


def test_a_week_and_a_school_without_anything_are_said_to_be_empty(come: Callable[..., Visitor]) -> None:
    idle = come("student", source.TONGA, source.IDA)
    idle.open("/week")
    assert "No XP in these seven days." in idle.text()
    assert [row["xp"] for row in idle.csv("XP by day")] == ["0"] * 7
    idle.open("/mastery")
    assert "Start a lesson or a quiz" in idle.text()
    nobody = come("teacher", source.EMPTY, source.NOBODY)
    for place, sentence in {
        "/classes": "There are no classes yet.",
        "/at-risk": "Nobody is at risk.",
        "/leaderboard": "Nobody has earned XP in this period.",
        "/overview": "No lesson was completed in the last seven days.",
    }.items():
        nobody.open(place)
        assert sentence in nobody.text(), place

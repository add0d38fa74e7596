"""What is shown when there is nothing to show, or something went wrong, or the numbers have grown old."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import httpx
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import TimeoutError as NotInTime

from api.manifest import MANIFEST_FILE, MARTS_FILE, FileEntry, read_manifest
from pipeline.snapshots import switch
from tests.api.serving import BASE
from tests.conftest import School
from tests.dashboard.conftest import Visit, identity, served
from tests.dashboard.visitor import PATIENCE_SECONDS, Visitor

A_ROUND = 31_000
ROUNDS = 20
A_MOMENT_MS = 1_500


def test_old_numbers_carry_a_warning(school: School, visit: Visit) -> None:
    """A dashboard that looks alive on yesterday's numbers would be believed."""
    with served(school, stale_after_hours=0.001) as address:
        visitor = visit("teacher", at=address)
        assert visitor.page.locator("#freshness.stale").inner_text().startswith("Out of date: data as of")
        visitor.page.close()  # it asks again every few seconds, and its server is about to end
    fresh = visit("teacher")
    assert fresh.page.locator("#freshness.stale").count() == 0


def test_a_page_that_is_no_longer_kept_up_to_date_says_so(visit: Visit) -> None:
    """Left open over a night, with a token that has run out, it would show yesterday's numbers as today's."""
    visitor = visit("teacher")
    visitor.page.clock.install()
    visitor.page.reload()
    visitor.settle()
    told = visitor.page.inner_text("#freshness")
    for status, said in ((401, "Signed out: not kept up to date, data as of"), (None, "No connection")):
        visitor.page.route("**/api/v1/analytics/overview", _refusing(status))
        _in_some_rounds(visitor.page, visitor.page.locator("#freshness.stale", has_text=said))
        visitor.page.unroute("**/api/v1/analytics/overview")
        _in_some_rounds(visitor.page, visitor.page.locator("#freshness:not(.stale)", has_text=told))
        visitor.expect("Failed to load resource")


def _in_some_rounds(page: Page, line: Locator) -> None:
    """Wait for a line: an answer that was under way may still come after that of the first round."""
    for _ in range(ROUNDS):
        page.clock.fast_forward(A_ROUND)
        with suppress(NotInTime):
            line.wait_for(timeout=A_MOMENT_MS)
            return
    raise AssertionError(page.inner_text("#freshness"))


def _refusing(status: int | None) -> Callable[[Route], None]:
    """An answer with that status and no figures, or none at all."""
    if status is None:
        return lambda route: route.abort()
    error = {"error": {"code": "unauthenticated", "message": "The token has expired."}}
    return lambda route: route.fulfill(status=status, json=error)


def test_what_is_no_token_is_said_so_and_not_kept(visit: Visit) -> None:
    """A form that comes back empty without a word sends people away."""
    visitor = visit("teacher")
    page = visitor.page
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("alert").count() == 0
    page.get_by_label("Token").fill("my password")
    page.get_by_role("button", name="Sign in").click()
    assert "That is not a token" in page.get_by_role("alert").inner_text()
    assert page.evaluate("sessionStorage.length") == 0


def test_places_that_name_nobody_and_nothing_are_said_so(visit: Visit) -> None:
    visitor = visit("teacher", place="/learner")
    assert (visitor.heading, "Choose a learner" in visitor.text()) == ("Learner", True)
    visitor.open("/marts/nothing")
    assert (visitor.heading, "There is no such mart" in visitor.text()) == ("Mart", True)


def test_a_view_of_another_role_says_so_instead_of_being_blank(visit: Visit) -> None:
    for role, place in (
        ("student", "/compliance"),
        ("teacher", "/users"),
        ("analyst", "/classes"),
        ("school admin", "/desk"),
    ):
        visitor = visit(role, place=place)
        assert "Not for this role" in visitor.page.get_by_role("alert").inner_text()
    visitor.open("/nonsense")
    assert visitor.heading == "Not found"


def test_a_teacher_of_another_school_finds_nothing(school: School, visit: Visit) -> None:
    owner, stranger = visit("teacher"), visit("stranger")
    chosen = next(row for row in owner.ask("/classes/") if row["learners"])
    learner = owner.ask(f"/classes/{chosen['class_id']}/learners")[0]
    own_school = owner.ask("/schools/")[0]["id"]
    for place in (
        f"/classes/{chosen['class_id']}",
        f"/learner/{learner['user_id']}",
        f"/schools/{own_school}",
        f"/leaderboard?class={chosen['class_id']}",
    ):
        stranger.open(place)
        assert "There is nothing here that you may see." in stranger.page.get_by_role("alert").inner_text()
        stranger.expect("404")
    names = _names(school, own_school)
    assert len(names) > 5
    for place in (
        "/overview",
        "/classes",
        "/at-risk",
        "/leaderboard?timeframe=all",
        "/content",
        "/schools",
        "/marts",
        "/marts/dim_user",
    ):
        stranger.open(place)
        assert [name for name in names if name in stranger.text()] == [], place


def _names(school: School, school_id: str) -> set[str]:
    """Full names in a school that nobody of another school has."""
    rows = identity(
        school,
        """
        SELECT users.first_name || ' ' || users.last_name AS name FROM identity.users AS users
        JOIN marts.dim_school AS dim_school USING (school_key)
        GROUP BY 1 HAVING bool_and(dim_school.school_id = ?)
        """,
        school_id,
    )
    return {name for (name,) in rows}


def test_a_failed_request_can_be_tried_again(visit: Visit) -> None:
    visitor = visit("teacher")
    visitor.page.route("**/api/v1/classes/**", lambda route: route.abort())
    visitor.open("/classes")
    assert "This did not work" in visitor.page.get_by_role("alert").inner_text()
    visitor.expect("Failed to load resource")
    visitor.page.unroute("**/api/v1/classes/**")
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.card("Enrolled learners by class").wait_for()


def test_waiting_is_shown(visit: Visit) -> None:
    visitor = visit("teacher")
    held: list[Route] = []
    visitor.page.route("**/api/v1/classes/**", lambda route: held.append(route))
    visitor.page.evaluate("location.hash = '#/classes'")
    visitor.page.get_by_role("status").get_by_text("Loading").wait_for()
    visitor.until(lambda: bool(held))
    assert visitor.page.get_by_role("status").get_by_text("Loading").count() == 1
    assert visitor.card("Enrolled learners by class").count() == 0
    held[0].continue_()
    visitor.card("Enrolled learners by class").wait_for()


def test_before_the_first_night_the_page_says_so_and_comes_alive_by_itself(
    own_school: School, visit: Visit
) -> None:
    current = own_school.settings.snapshots_dir / "current"
    name = current.readlink()
    current.unlink()
    with served(own_school) as address:
        visitor = visit("teacher", at=address)
        assert "No numbers yet" in visitor.page.get_by_role("alert").inner_text()
        visitor.expect("503")
        visitor.page.clock.install()
        visitor.page.reload()
        visitor.settle()
        visitor.expect("503")
        current.symlink_to(name)
        _next_round(visitor, name.name)
        visitor.page.get_by_text("Active classes").wait_for()
        visitor.problems = [heard for heard in visitor.problems if "503" not in heard]


def test_a_new_snapshot_changes_the_numbers_quietly(own_school: School, visit: Visit) -> None:
    with served(own_school) as address:
        visitor = visit("admin", at=address)
        visitor.page.clock.install()
        visitor.page.reload()
        visitor.settle()
        before = int(visitor.tiles()["Students"])
        visitor.page.evaluate("window.same = true")
        _next_round(visitor, _publish_more_students(own_school.settings.snapshots_dir))
        visitor.page.locator(".figure", has_text=re.compile(rf"^{before + 100}$")).wait_for()
        assert visitor.page.evaluate("window.same") is True


def test_a_new_snapshot_leaves_a_query_alone_that_is_being_written(own_school: School, visit: Visit) -> None:
    with served(own_school) as address:
        visitor = visit("admin", at=address)
        visitor.page.clock.install()
        visitor.page.reload()
        visitor.open("/desk")
        visitor.page.locator("#sql").fill("SELECT 'half written")
        visitor.page.locator("h1").click()
        with visitor.page.expect_response("**/api/v1/analytics/overview"):
            _next_round(visitor, _publish_more_students(own_school.settings.snapshots_dir))
        visitor.page.wait_for_timeout(300)
        assert visitor.page.locator("#sql").input_value() == "SELECT 'half written"


def _next_round(visitor: Visitor, snapshot_id: str) -> None:
    """Let the page ask for news, once the server itself has seen the snapshot."""
    visitor.until(lambda: _seen(visitor) == snapshot_id)
    visitor.page.clock.fast_forward(A_ROUND)


def _seen(visitor: Visitor) -> str | None:
    url = f"{visitor.address}{BASE}/analytics/overview"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {visitor.token}"}, timeout=PATIENCE_SECONDS)
    return answer.json()["meta"]["snapshot_id"] if answer.status_code == 200 else None


def _publish_more_students(snapshots: Path) -> str:
    """A copy of the current snapshot with a hundred students more; its id."""
    old = (snapshots / "current").resolve()
    new = snapshots / f"{old.name}more"
    new.mkdir()
    for file in old.iterdir():
        (new / file.name).write_bytes(file.read_bytes())
    with duckdb.connect(str(new / MARTS_FILE)) as connection:
        connection.execute(
            "UPDATE school_overview SET students_total = students_total + 100"
            " WHERE school_key = (SELECT min(school_key) FROM school_overview)"
        )
    content = (new / MARTS_FILE).read_bytes()
    manifest = read_manifest(new)
    entry = FileEntry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    changed = manifest.model_copy(update={"id": new.name, "files": manifest.files | {MARTS_FILE: entry}})
    (new / MANIFEST_FILE).write_text(changed.model_dump_json())
    switch(snapshots, new.name)
    return new.name

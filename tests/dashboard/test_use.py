"""Working with it: table and CSV beside every chart, addresses that can be shared, the desk."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.dashboard.conftest import Visit
from tests.dashboard.shown import day, number
from tests.dashboard.visitor import Visitor

CHARTS = {
    "admin": ["/overview", "/engagement", "/retention", "/content"],
    "teacher": ["class"],
    "student": ["/week", "/mastery"],
}


@pytest.mark.parametrize("role", CHARTS)
def test_table_and_csv_hold_the_numbers_of_the_chart(visit: Visit, role: str) -> None:
    visitor = visit(role)
    for place in CHARTS[role]:
        visitor.open(_class(visitor) if place == "class" else place)
        cards = visitor.page.locator("section.card:has(.chart)")
        titles = cards.locator("h2").all_inner_texts()
        assert titles
        for title in titles:
            _compare(visitor, title)


def _compare(visitor: Visitor, title: str) -> None:
    drawn, found = visitor.drawn(title), visitor.csv(title)
    assert [{name: _plain(row[name]) for name in found[0]} for row in drawn] == found
    visitor.card(title).get_by_role("button", name="Table").click()
    rows = visitor.rows(title)
    assert len(rows) == len(drawn) > 0
    whole = [at for at, name in enumerate(found[0]) if all(isinstance(row[name], int) for row in drawn)]
    for row, cells in zip(drawn, rows, strict=True):
        values = [row[name] for name in found[0]]
        assert [cells[at] for at in whole] == [number(values[at]) for at in whole]
    visitor.card(title).get_by_role("button", name="Table").click()
    visitor.settle()
    assert len(visitor.drawn(title)) == len(drawn)


def _plain(value: Any) -> str:
    """A value as CSV writes it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _class(visitor: Visitor) -> str:
    found = max(visitor.ask("/classes/"), key=lambda row: row["learners"])
    return f"/classes/{found['class_id']}"


def test_numbers_and_dates_are_written_for_the_reader_and_stay_on_their_day(visit: Visit) -> None:
    """West of Greenwich a date that is read as midnight UTC is drawn under the day before."""
    visitor = visit("admin", place="/engagement", locale="de-DE", timezone_id="America/Los_Angeles")
    data = visitor.ask("/analytics/trends/engagement", days=30)
    axis = visitor.card("Active users").locator("svg .mark-text.role-axis-label").first
    months = {10: "Okt.", 11: "Nov."}
    days = [date.fromisoformat(row["date"]) for row in data["daily"]]
    assert axis.locator("text").all_text_contents() == [f"{one.day}. {months[one.month]}" for one in days]
    assert visitor.tiles()["Activities"] == f"{data['summary']['activities']:,}".replace(",", ".")


def test_a_chart_tells_its_figures_where_the_pointer_is(visit: Visit) -> None:
    visitor = visit("admin", place="/engagement")
    last = visitor.ask("/analytics/trends/engagement", days=30)["daily"][-1]
    drawing = visitor.card("Active users").locator("svg")
    box = drawing.bounding_box()
    assert box
    visitor.page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] / 2, steps=3)
    tooltip = visitor.page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    for figure in (day(last["date"]), number(last["active_users"]), number(last["wau"]), number(last["mau"])):
        assert figure in tooltip.inner_text()


def test_the_address_holds_the_view_and_its_filters(visit: Visit) -> None:
    visitor = visit("admin", place="/engagement")
    visitor.page.get_by_label("Period").select_option("7")
    visitor.page.locator('main[data-place="#/engagement?days=7"]').wait_for()
    visitor.settle()
    assert len(visitor.csv("Active users")) == 7
    visitor.page.reload()
    visitor.settle()
    assert len(visitor.csv("Active users")) == 7
    visitor.page.go_back()
    visitor.page.locator('main[data-place="#/engagement"]').wait_for()
    visitor.settle()
    assert len(visitor.csv("Active users")) == 30
    other = visit("admin", place="/users?search=a&role=TEACHER")
    assert other.place == "/users?search=a&role=TEACHER"
    assert {row[3] for row in other.rows("Accounts")} == {"teacher"}


def test_searching_and_paging_go_into_the_address(visit: Visit) -> None:
    visitor = visit("admin", place="/users")
    visitor.page.get_by_role("button", name="Next").click()
    visitor.page.locator('main[data-place="#/users?offset=20"]').wait_for()
    first = visitor.ask("/users/", limit=20, offset=20)[0]["username"]
    assert visitor.rows("Accounts")[0][0] == first
    visitor.page.get_by_label("Name, username or e-mail").fill(first)
    visitor.page.keyboard.press("Enter")
    visitor.page.locator(f'main[data-place="#/users?search={first}"]').wait_for()
    assert [row[0] for row in visitor.rows("Accounts")] == [first]


def test_the_desk_keeps_its_history_and_says_what_is_wrong(visit: Visit) -> None:
    visitor = visit("analyst", place="/desk")
    editor = visitor.page.locator("#sql")
    editor.fill("SELECT nothing FROM dim_course")
    visitor.page.get_by_role("button", name="Run").click()
    assert "nothing" in visitor.page.get_by_role("alert").inner_text()
    visitor.expect("400")
    visitor.page.get_by_role("button", name="Put into the address").click()
    visitor.page.locator('main[data-place*="nothing"]').wait_for()
    visitor.page.reload()
    visitor.settle()
    assert editor.input_value() == "SELECT nothing FROM dim_course"
    editor.fill("")
    visitor.page.locator(".history button").first.click()
    assert editor.input_value() == "SELECT nothing FROM dim_course"


def test_marts_are_found_by_a_word_of_their_columns(visit: Visit) -> None:
    visitor = visit("analyst", place="/desk")
    marts = [mart for mart in visitor.ask("/marts") if mart["is_readable"]]
    visitor.page.get_by_label("Find a mart or column").fill("Stickiness")
    shown = visitor.page.locator("aside details:visible > summary").all_inner_texts()
    assert shown == [mart["name"] for mart in marts if "stickiness" in str(mart["columns"]).lower()]
    visitor.page.get_by_label("Find a mart or column").fill("")
    assert visitor.page.locator("aside details:visible").count() == len(marts)


def test_a_result_is_saved_as_csv_parquet_and_arrow(visit: Visit) -> None:
    visitor = visit("analyst", place="/desk")
    visitor.page.locator("#sql").fill("SELECT course_key, title FROM dim_course ORDER BY course_key")
    visitor.page.get_by_role("button", name="Run").click()
    courses = sorted(visitor.ask("/marts/dim_course", limit=1000), key=lambda row: row["course_key"])
    expected = [{"course_key": row["course_key"], "title": row["title"]} for row in courses]
    title = f"{len(expected)} rows"
    assert visitor.csv(title) == [{name: str(value) for name, value in row.items()} for row in expected]
    assert pa.parquet.read_table(visitor.saved(title, "Parquet")).to_pylist() == expected
    assert pa.ipc.open_stream(visitor.saved(title, "Arrow").read_bytes()).read_all().to_pylist() == expected


def test_a_column_is_followed_to_where_it_comes_from(visit: Visit) -> None:
    visitor = visit("analyst", place="/marts/engagement_daily")
    visitor.page.locator("select[name=column]").select_option("xp")
    nodes = visitor.page.get_by_role("region", name="Columns that xp is made of").locator(".node title")
    found = set(nodes.all_text_contents())
    lineage = {
        f"{model['name']}.{column}": origins
        for model in visitor.ask("/marts/engagement_daily/lineage")
        for column, origins in model["columns"].items()
    }
    wanted, queue = set(), ["marts.engagement_daily.xp"]
    while queue:
        wanted.add(queue[0])
        queue += lineage.get(queue.pop(0), [])
    assert found == wanted
    assert "raw.analytics.xp_earned" in wanted


def test_a_token_that_is_no_longer_good_is_said_so(visit: Visit) -> None:
    visitor = visit("teacher")
    spoilt = visitor.token[:-8] + "AAAAAAAA"
    visitor.page.evaluate("token => sessionStorage.setItem('schoolhouse.token', token)", spoilt)
    visitor.open("/classes")
    assert "Signed out" in visitor.page.get_by_role("alert").inner_text()
    visitor.expect("401")
    visitor.page.get_by_role("button", name="Try again").click()
    assert visitor.heading == "Sign in"

"""The morning report: its numbers are the API's, nobody is named, and nothing on it is believed."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from api.opening import open_snapshot
from api.runs import RunError, RunState, StepState, read_runs
from api.snapshots import Snapshot
from pipeline.cli import app
from pipeline.errors import UsageError
from pipeline.history import RunLog
from pipeline.report import formats
from pipeline.report.charts import ChartError, draw
from pipeline.report.figures import Figures, collect, find_school, platform
from pipeline.report.page import make_page
from pipeline.report.quality import Quality, find_quality
from pipeline.report.risk import Place
from pipeline.report.write import file_name, write_report
from pipeline.settings import Settings
from pipeline.snapshots import current_id
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import SCHOOL_AS_OF, School
from tests.pipeline.conftest import Environment
from tests.pipeline.pages import Page, read_page
from tests.pipeline.receivers import webhook
from tests.pipeline.test_night import personal

pytestmark = pytest.mark.timeout(900)  # the published school is made within the first test
CHARTS = Path(__file__).resolve().parents[2] / "dashboard" / "charts"
MORNING = SCHOOL_AS_OF + timedelta(hours=5)
YESTERDAY = date(2026, 11, 19)
LARGEST = "oresund-gymnasium"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7 * 7 }} \u202emoor'


class Api:
    """The API on the published school, asked as an administrator."""

    def __init__(self, client: Any, school_id: str | None) -> None:
        self._client = client
        self._headers = bearer("admin", UUID(school_id) if school_id else None)

    def get(self, path: str, **params: Any) -> Any:
        answer = self._client.get(BASE + path, params=params, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture(scope="module")
def snapshot(school: School) -> Iterator[Snapshot]:
    opened = open_snapshot(school.snapshot, school.settings)
    yield opened
    opened.release()


@pytest.fixture(scope="module")
def quality(school: School, snapshot: Snapshot) -> Quality:
    return find_quality(school.settings, snapshot.manifest, MORNING)


def page_of(figures: Figures, quality: Quality) -> Page:
    drawings = {name: draw(CHARTS, name, getattr(figures, name)) for name in ("engagement", "content")}
    return read_page(make_page(figures, quality, drawings))


def against(data: dict[str, Any]) -> dict[str, str]:
    """The figures of GET /analytics/summary under the names and in the form of the report."""
    return {
        "Active users": formats.number(data["users_active"]),
        "Activities": formats.number(data["activities"]),
        "XP earned": formats.number(data["xp"]["total"]),
        "Lessons completed": formats.number(data["progress"]["completions"]),
        "Quiz attempts": formats.number(data["quizzes"]["attempts_completed"]),
        "Quiz score": formats.percent(data["quizzes"]["average_score"]),
    }


@pytest.mark.parametrize("code", [None, LARGEST])
def test_numbers_are_those_of_the_api(
    school: School, snapshot: Snapshot, quality: Quality, code: str | None
) -> None:
    """Guards against a report that says one thing while the dashboard says another."""
    subject = find_school(snapshot, code) if code else platform()
    page = page_of(collect(snapshot, subject), quality)
    school_id = subject.scope.caller.school_id
    with client_of(settings_for(school.settings.data_dir)) as client:
        api = Api(client, str(school_id) if school_id else None)
        days = api.get("/analytics/trends/engagement", days=57)["daily"]
        assert days[-2]["date"] == str(YESTERDAY)
        check_yesterday(api, page)
        check_weeks(api, page, days)
        check_days(api, page, days)
        check_risk(api, page)
        if code:
            check_classes_at_risk(api, page)
        check_compliance(api, page)
        check_quality(api, page)


def check_yesterday(api: Api, page: Page) -> None:
    """The tiles of the day."""
    yesterday = api.get("/analytics/summary", start_date=str(YESTERDAY), end_date=str(YESTERDAY))
    assert {name: page.tiles[name] for name in against(yesterday)} == against(yesterday)
    assert yesterday["activities"] > 0


def check_weeks(api: Api, page: Page, days: list[dict[str, Any]]) -> None:
    """The last seven days and the seven before."""
    weeks = [
        against(api.get("/analytics/summary", start_date=str(end - timedelta(6)), end_date=str(end)))
        for end in (YESTERDAY, YESTERDAY - timedelta(7))
    ]
    for week, last in zip(weeks, (days[-2], days[-9]), strict=True):
        week["Active in 28 days"] = formats.number(last["mau"])
        week["Stickiness"] = formats.rate(last["stickiness"])
    shown = page.table("Fri 13 Nov to Thu 19 Nov 2026")
    del shown["Figure"]
    assert {name: cells[:2] for name, cells in shown.items()} == {
        name: [weeks[0][name], weeks[1][name]] for name in weeks[0]
    }


def check_days(api: Api, page: Page, days: list[dict[str, Any]]) -> None:
    """Each of the last seven days."""
    content = api.get("/analytics/trends/content", days=57)["daily"]
    for day, viewed in zip(days[-8:-1], content[-8:-1], strict=True):
        figures = (day["active_users"], day["activities"], day["xp"], viewed["views"], viewed["completions"])
        label = formats.short_day(date.fromisoformat(day["date"]))
        assert page.table("Day by day")[label] == [formats.number(figure) for figure in figures]


def check_risk(api: Api, page: Page) -> None:
    """Learners at risk, by reason and in all."""
    risk = api.get("/marts/learner_at_risk", limit=10_000)
    assert page.table("By reason") | {"Reason": []} == {
        "Reason": [],
        "Inactive: nothing in 7 days": [distinct(risk, "is_inactive")],
        "of them never started": [distinct(risk, "never_started")],
        "Low accuracy: last 5 quizzes below 50": [distinct(risk, "has_low_accuracy")],
        "Far behind the class": [distinct(risk, "is_behind_class")],
    }
    people = {row["user_key"] for row in risk}
    assert f"{distinct(risk, 'is_at_risk')} of {len(people)} enrolled" in page.text


def check_classes_at_risk(api: Api, page: Page) -> None:
    """Where the learners at risk are."""
    classes = {one["name"]: one for one in api.get("/classes/") if one["at_risk"]}
    places = page.table("Where they are")
    del places["Class"]
    assert 0 < len(places) <= len(classes)
    assert places == {
        name: [str(classes[name]["at_risk"]), str(classes[name]["learners"])] for name in places
    }


def check_compliance(api: Api, page: Page) -> None:
    """The tiles of the law, and the requests with their deadlines."""
    status = api.get("/compliance/status")
    assert page.tiles["Open requests"] == str(status["requests"]["open"])
    assert page.tiles["Past their deadline"] == str(status["requests"]["overdue"])
    assert page.tiles["Children without consent"] == str(status["minors"]["without_parental_consent"])
    assert page.tiles["Open incidents"] == str(status["incidents"]["open"])
    assert page.tiles["Erasures unproven"] == str(status["erasures"]["unproven"])
    kept = sum(table["rows_overdue"] for table in status["retention"])
    assert page.tiles["Rows kept too long"] == formats.number(kept)
    for caption, is_overdue in (("Next deadlines", False), ("Open past their deadline", True)):
        requests = api.get("/compliance/requests", is_open=True, is_overdue=is_overdue, limit=6)
        listed = page.table(caption) if requests else {"No.": []}
        assert list(listed) == ["No.", *(str(one["request_key"]) for one in requests)]
        assert [cells[2] for cells in list(listed.values())[1:]] == [
            formats.plain_day(date.fromisoformat(one["due_date"])) for one in requests
        ]


def check_quality(api: Api, page: Page) -> None:
    """What the night found in the source, and its audits."""
    (build, *_) = api.get("/builds")
    ingest = api.get(f"/builds/{build['run_id']}")["ingest"]["tables"]
    for label, figure in (("Orphans", "orphans"), ("Late rows", "late"), ("Rows of the future", "future")):
        assert page.tiles[label] == formats.number(sum(table[figure] for table in ingest))
    passed, audits = page.tiles["Audits passed"].split(" / ")
    assert passed == audits


def distinct(rows: list[dict[str, Any]], reason: str) -> str:
    return formats.number(len({row["user_key"] for row in rows if row[reason]}))


@pytest.mark.parametrize("code", [None, LARGEST])
def test_page_needs_nothing_and_names_nobody(
    school: School, snapshot: Snapshot, quality: Quality, code: str | None
) -> None:
    """Guards against a mail that tells who reads it, and against names in the wrong hands."""
    subject = find_school(snapshot, code) if code else platform()
    page = page_of(collect(snapshot, subject), quality)

    used = {tag for tag, _ in page.elements}
    assert used.isdisjoint({"script", "link", "img", "iframe", "a", "form", "object", "image", "use"})
    names = {name for _, attributes in page.elements for name in attributes}
    assert not any(name.startswith("on") or name in ("src", "href", "xlink:href") for name in names)
    policy = next(one["content"] for _, one in page.elements if one.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    everything = page.text + json.dumps(page.elements, ensure_ascii=False)
    assert [person for person in personal(school) if person in everything] == []


def test_text_of_the_source_stays_text(snapshot: Snapshot, quality: Quality) -> None:
    """Guards against a name of a school or class that runs, or turns its line around, in a mail."""
    figures = collect(snapshot, find_school(snapshot, LARGEST))
    hostile = replace(
        figures,
        subject=replace(figures.subject, name=HOSTILE),
        risk=replace(figures.risk, places=(Place(HOSTILE, 20, 3),)),
    )

    page = page_of(hostile, quality)

    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.elements)
    assert page.text.count(HOSTILE) == 3  # title, heading, class
    assert page.table("Where they are")[HOSTILE] == ["3", "20"]
    assert sum(tag == "bdi" for tag, _ in page.elements) == 2


def test_yesterday_is_the_last_whole_date_of_the_place(snapshot: Snapshot, quality: Quality) -> None:
    """Guards against half a day that looks like a collapse. as_of is 20 November, 01:30 UTC."""
    days = {
        code: collect(snapshot, find_school(snapshot, code) if code else platform()).day.day
        for code in (None, "nukualofa-college", "pacific-middle", LARGEST)
    }
    assert days == {None: 19, "nukualofa-college": 19, "pacific-middle": 18, LARGEST: 19}
    figures = collect(snapshot, platform())
    assert figures.unfinished_schools == 3
    assert (
        "Thursday 19 November 2026 was not over yet at 3 schools west of UTC."
        in page_of(figures, quality).text
    )


def test_old_figures_say_so(school: School, snapshot: Snapshot, tmp_path: Path) -> None:
    """Guards against a page that looks like this morning's while nights have failed for days."""
    figures = collect(snapshot, platform())
    settings = Settings.model_validate(school.settings.model_dump() | {"data_dir": tmp_path})
    log = RunLog(settings, "nightly", ("build",))
    error = RunError(step="build", code="audit_failed", message="4 rows of dim_user", hint="")
    log.finish(RunState.FAILED, error)

    fresh = page_of(figures, find_quality(school.settings, snapshot.manifest, MORNING))
    old = page_of(figures, find_quality(settings, snapshot.manifest, SCHOOL_AS_OF + timedelta(hours=27)))

    assert "Figures as of 20 Nov 2026, 01:30 (UTC), good until 21 Nov 2026, 03:30." in fresh.text
    assert not any(one.get("class") == "stale" for _, one in fresh.elements)
    assert any(one.get("class") == "stale" for _, one in old.elements)
    assert "1 run failed since this snapshot was built, the last at build (audit_failed)." in old.text
    assert "dim_user" not in old.text
    assert old.tiles["Late rows"] == formats.MISSING


def test_what_needs_a_hand_comes_first(snapshot: Snapshot, quality: Quality) -> None:
    figures = collect(snapshot, platform())
    nothing = replace(figures.yesterday.figures, activities=0)
    quiet = replace(figures, yesterday=replace(figures.yesterday, figures=nothing))
    broken = replace(quality, missing_at_source=("consents",), unknown_zones=2)

    page = page_of(quiet, broken)

    assert "Nobody was active, unlike on the same weekday of the week before." in page.text
    assert "Missing at the source: consents." in page.text
    assert "2 schools have an unknown time zone: dates there are those of UTC." in page.text
    tones = [one["class"] for tag, one in page.elements if tag == "li"]
    assert tones == sorted(tones, key=["bad", "warn"].index)
    assert {"bad", "warn"} == set(tones)


def test_school_without_anything_has_a_report(snapshot: Snapshot, quality: Quality) -> None:
    """Guards against a night that writes no report at all because one school has just been added."""
    found = find_school(snapshot, LARGEST)
    empty = replace(found, scope=replace(found.scope, school_key=-1))

    page = page_of(collect(snapshot, empty), quality)

    assert page.tiles["Active users"] == "0"
    assert page.tiles["Quiz score"] == formats.MISSING
    assert "Nobody is enrolled" in page.text
    assert "No request is open." in page.text


def test_charts_are_the_files_of_the_dashboard(snapshot: Snapshot, tmp_path: Path) -> None:
    """Guards against a report whose drawings are no longer those of the dashboard."""
    rows = collect(snapshot, platform()).engagement
    shutil.copytree(CHARTS, tmp_path / "charts")
    changed = tmp_path / "charts" / "engagement.vl.json"
    changed.write_text(json.dumps(json.loads(changed.read_text()) | {"height": 111}))

    drawing, lower = draw(CHARTS, "engagement", rows), draw(tmp_path / "charts", "engagement", rows)

    assert (size(drawing.png), size(lower.png)) == ((1360, 520), (1360, 222))
    assert 'width="680"' in drawing.wide
    assert 'width="340"' in drawing.narrow
    assert ">15 Nov<" in drawing.wide
    assert "var(--first)" in drawing.wide
    with pytest.raises(ChartError, match=r"nothing\.vl\.json"):
        draw(CHARTS, "nothing", rows)
    (changed.parent / "odd.vl.json").write_text('{"mark": "no such mark"}')
    with pytest.raises(ChartError, match="'odd' cannot be drawn"):
        draw(changed.parent, "odd", [])


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_command_writes_the_page_and_its_charts(
    school: School, snapshot: Snapshot, command_line: CliRunner, environment: Environment, tmp_path: Path
) -> None:
    environment(DATA_DIR=str(school.settings.data_dir))
    by_code, by_id = tmp_path / "deep" / "code.html", tmp_path / "id.html"
    with_id = str(find_school(snapshot, LARGEST).scope.caller.school_id).upper()

    for out, wanted in ((by_code, LARGEST), (by_id, with_id)):
        result = command_line.invoke(app, ["report", "--school", wanted, "--out", str(out)])
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, str(out))
    named = command_line.invoke(app, ["report"])
    unknown = command_line.invoke(app, ["report", "--school", "no'where"])
    folder = command_line.invoke(app, ["report", "--out", str(tmp_path)])

    assert by_code.read_text() == by_id.read_text()
    assert size(by_code.with_suffix(".engagement.png").read_bytes())[0] == 1360
    assert named.stdout.splitlines()[-1] == "platform.html"
    assert "All schools" in Path("platform.html").read_text()
    assert (unknown.exit_code, folder.exit_code) == (2, 2)
    assert "no'where" in unknown.stderr
    assert "is a folder" in folder.stderr


def test_snapshot_that_is_away_or_damaged_is_named(
    command_line: CliRunner, school: School, environment: Environment, tmp_path: Path
) -> None:
    nothing = command_line.invoke(app, ["report"])
    copy = shutil.copytree(school.settings.snapshots_dir, tmp_path / "copy" / "snapshots", symlinks=True)
    environment(DATA_DIR=str(copy.parent))
    (copy / "current" / "marts.duckdb").write_bytes(b"nothing")
    damaged = command_line.invoke(app, ["report"])

    assert (nothing.exit_code, damaged.exit_code) == (1, 1)
    assert "No snapshot has been published yet" in nothing.stderr
    assert "marts.duckdb does not match its checksum" in damaged.stderr


@pytest.mark.slow
def test_report_that_fails_undoes_no_publication(
    command_line: CliRunner, own_school: School, environment: Environment, tmp_path: Path
) -> None:
    """Guards against a full disk beside the warehouse that costs the night, or the other reports."""
    kept = (LARGEST, "harbor-high")
    with psycopg.connect(own_school.source_url) as connection:
        connection.execute("UPDATE schools SET is_active = code = ANY(%s)", [list(kept)])
    before = current_id(own_school.settings.snapshots_dir)
    reports = tmp_path / "reports"
    (reports / "platform.html").mkdir(parents=True)
    with webhook() as box:
        environment(
            DATA_DIR=str(own_school.settings.data_dir),
            SOURCE_URL=own_school.source_url,
            NOTICE_WEBHOOK_URL=box.url,
            MEMORY_LIMIT="1GB",
        )
        command = ["nightly", "--as-of", SCHOOL_AS_OF.isoformat(), "--report", str(reports)]
        result = command_line.invoke(app, command)

    run = read_runs(own_school.settings.runs_dir)[0]
    assert (result.exit_code, run.state) == (0, RunState.PUBLISHED), result.stderr
    assert current_id(own_school.settings.snapshots_dir) == run.snapshot_id != before
    report, notice = run.steps[-2:]
    assert (report.name, report.state, notice.name, notice.state) == (
        "report",
        StepState.FAILED,
        "notice",
        StepState.DONE,
    )
    assert "1 of 3 reports" in report.detail
    assert "Is a directory" in report.detail
    assert "report: failed: 1 of 3 reports" in result.stderr
    assert [heard["event"] for heard in box.heard] == ["report_failed"]
    assert box.heard[0]["served"]["snapshot_id"] == run.snapshot_id
    pages = sorted(path.name for path in reports.glob("school-*.html"))
    assert [name.split("-", 2)[2] for name in pages] == ["oresund-gymnasium.html", "harbor-high.html"]


def test_file_names_stay_in_their_folder(snapshot: Snapshot) -> None:
    """Guards against a school's code that leads out of the folder, or over another school's page."""
    subject = find_school(snapshot, LARGEST)
    names = [
        file_name(replace(subject, code=code, scope=replace(subject.scope, school_key=key)))
        for key, code in enumerate(("../../etc/passwd", "Å b/..", "...", "x" * 300))
    ]
    assert names == [
        "school-0-etc-passwd.html",
        "school-1-b.html",
        "school-2.html",
        f"school-3-{'x' * 60}.html",
    ]


def test_missing_school_is_wrong_use(school: School) -> None:
    with pytest.raises(UsageError, match="There is no school 'nowhere'"):
        write_report(school.settings, "nowhere", None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.number(1234567), "1,234,567"),
        (formats.number(-0.04), "0"),
        (formats.number(-12.25), "−12.2"),
        (formats.percent(66.6666), "66.7%"),
        (formats.rate(0.5), "50%"),
        (formats.rate(None), "–"),
        (formats.signed(0.123), "+12.3%"),
        (formats.signed(-1.0), "−100%"),
        (formats.signed(-0.0001), "0%"),
        (str(formats.change(3, 0)), "None"),
        (str(formats.change(3, 2)), "0.5"),
        (formats.long_day(date(2026, 3, 1)), "Sunday 1 March 2026"),
        (formats.day(date(2026, 3, 1)), "Sun 1 Mar 2026"),
        (formats.moment(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "Europe/Copenhagen"), "29 Mar 2026, 03:30"),
        (formats.moment(None, "UTC"), "–"),
        (formats.counted(1, "school has", "schools have"), "1 school has"),
        (formats.counted(2, "run"), "2 runs"),
    ],
)
def test_figures_are_written_for_people(written: str, expected: str) -> None:
    assert written == expected

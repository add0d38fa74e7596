"""Every view of every role shows the very numbers that the API answers to the same caller."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jwt
import pytest

from tests.conftest import School
from tests.dashboard.conftest import DASHBOARD, Visit, identity
from tests.dashboard.shown import day, moment, number, percent, rate, text, words, yes_no
from tests.dashboard.visitor import Visitor

METRICS = json.loads((DASHBOARD / "definitions.json").read_text())
MENUS = {
    "admin": [
        "Overview", "Classes", "At risk", "Leaderboard", "Engagement", "Retention", "Content", "Compliance",
        "Users", "Schools", "SQL desk", "Marts", "Metrics", "Builds and quality",
    ],
    "school admin": [
        "Overview", "Classes", "At risk", "Leaderboard", "Engagement", "Retention", "Content", "Compliance",
        "Users", "Schools", "Marts", "Metrics", "Builds and quality",
    ],
    "teacher": ["Overview", "Classes", "At risk", "Leaderboard", "Content", "Schools", "Marts", "Metrics"],
    "student": ["My week", "My mastery", "Leaderboard"],
    "analyst": ["Overview", "Leaderboard", "SQL desk", "Marts", "Metrics", "Builds and quality"],
}  # fmt: skip


def overview(visitor: Visitor, zone: str) -> None:
    """Tiles of now and of two periods, and the week's best."""
    visitor.open("/overview")
    answer = visitor.answer("/analytics/overview")
    data, tiles = answer["data"], visitor.tiles()
    assert tiles["Students"] == number(data["students_total"])
    assert tiles["Engagement rate"] == rate(data["engagement_rate"])
    assert tiles["Attendance rate"] == rate(data["attendance_rate"])
    assert tiles["Active classes"] == number(data["classes_active"])
    assert tiles["Average completion"] == percent(data["average_completion"])
    assert tiles["Average quiz score"] == percent(data["average_quiz_score"])
    assert tiles["Quizzes"] == number(data["assignments"]["quizzes_total"])
    assert f"Data as of {moment(answer['meta']['as_of'], zone)}" in visitor.page.inner_text("#freshness")


def periods(visitor: Visitor, zone: str) -> None:
    """Tiles of the last 30 days against the 30 before, and the people of the week."""
    visitor.open("/overview")
    last = _today(visitor, zone)
    current, before = (_summary(visitor, last - timedelta(days=gone)) for gone in (0, 30))
    tiles = visitor.tiles()
    assert tiles["Active users"] == number(current["users_active"])
    assert tiles["XP"] == number(current["xp"]["total"])
    assert tiles["Quiz score"] == percent(current["quizzes"]["average_score"])
    assert f"against {number(before['xp']['total'])}" in visitor.text()
    week = visitor.ask("/analytics/dashboard", time_range="week")
    assert visitor.rows("Top of the week") == [
        [number(row["rank"]), row["name"], number(row["xp"])] for row in week["top_performers"]
    ]
    assert visitor.rows("Just completed") == [
        [row["name"], row["lesson"], row["course"], moment(row["completed_at"], zone)]
        for row in week["recent_completions"]
    ]


def realtime(visitor: Visitor, zone: str) -> None:
    """The newest activities of the source itself."""
    visitor.open("/overview")
    data = visitor.ask("/analytics/realtime")
    assert [row[:4] for row in visitor.rows("Now")] == [
        [row["user_name"], words(row["event_type"]), text(row["lesson_title"]), number(row["xp_earned"])]
        for row in data["recent_activities"]
    ]


def classes(visitor: Visitor, zone: str) -> None:
    """The list of classes, one class with its heat map, one learner."""
    visitor.open("/classes")
    found = visitor.ask("/classes/")
    assert visitor.rows("Enrolled learners by class") == [
        [
            row["name"],
            text(row["course"]),
            number(row["learners"]),
            percent(row["average_mastery"]),
            rate(row["average_knowledge"]),
            number(row["at_risk"]),
        ]
        for row in found
    ]
    chosen = max(found, key=lambda row: row["learners"])
    visitor.open(f"/classes/{chosen['class_id']}")
    learners = visitor.ask(f"/classes/{chosen['class_id']}/learners")
    assert visitor.heading == chosen["name"]
    assert visitor.tiles()["At risk"] == number(sum(row["is_at_risk"] for row in learners))
    assert [row[0] for row in visitor.rows("Learners")] == [row["name"] for row in learners]
    cells = visitor.drawn("Mastery of learners by course")
    assert [(cell["course"], cell["level"], cell["knowledge"]) for cell in cells] == [
        (course["course"], course["level"], course["knowledge"])
        for row in learners
        for course in row["courses"]
    ]
    _learner(visitor, max(learners, key=lambda row: len(row["courses"])))


def at_risk(visitor: Visitor, zone: str) -> None:
    """Learners at risk with every reason."""
    visitor.open("/at-risk")
    chosen = next(row["class_id"] for row in visitor.ask("/classes/") if row["at_risk"])
    learners = [row for row in visitor.ask(f"/classes/{chosen}/learners") if row["is_at_risk"]]
    assert visitor.rows("Learners at risk") == [
        [
            row["name"],
            " ".join(map(words, row["reasons"])),
            percent(row["course_progress"]),
            percent(row["recent_score"]),
        ]
        for row in learners
    ]


def leaderboard(visitor: Visitor, zone: str) -> None:
    """The ranking of a chosen period; a student's own place in it."""
    visitor.open("/leaderboard?timeframe=month")
    scope = "global" if "platform" in visitor.page.inner_text("#account") else "school"
    is_student = "student" in visitor.page.inner_text("#account")
    around = {"around": "me"} if is_student else {}
    data = visitor.ask("/gamification/leaderboard", timeframe="month", scope=scope, limit=20, **around)
    assert visitor.rows(f"{day(data['from'])} to {day(data['to'])}") == [
        [number(row["rank"]), row["name"], number(row["xp"])] for row in data["entries"]
    ]
    if is_student:
        me = data["current_user"]
        assert visitor.tiles()["My rank"] == number(me["rank"])
        assert visitor.tiles()["My XP"] == number(me["xp"])
        assert visitor.page.locator("tr.me").inner_text().split("\t")[1] == "You"


def engagement(visitor: Visitor, zone: str) -> None:
    """Active users of day, week and month, and the lifecycle summed over schools."""
    visitor.open("/engagement?days=90")
    data = visitor.ask("/analytics/trends/engagement", days=90)
    assert visitor.tiles()["Average daily users"] == number(data["summary"]["average_dau"])
    assert visitor.tiles()["Busiest day"] == number(data["summary"]["peak_dau"])
    today = data["daily"][-1]
    assert visitor.tiles()["7 days (WAU)"] == number(today["wau"])
    assert visitor.tiles()["28 days (MAU)"] == number(today["mau"])
    assert visitor.tiles()["Stickiness (DAU / MAU)"] == rate(today["stickiness"])
    assert "in 28 days" in visitor.text()
    names = ("date", "active_users", "wau", "mau")
    drawn = [tuple(row[name] for name in names[1:]) for row in visitor.drawn("Active users")]
    assert drawn == [tuple(row[name] for name in names[1:]) for row in data["daily"]]
    _same(visitor, "Active users", data["daily"], (*names, "activities", "xp", "sessions"))
    _same(visitor, "Stickiness", data["daily"], ("date", "stickiness"))
    rows = visitor.ask("/marts/engagement_daily", limit=1000, activity_date=f"eq.{data['daily'][-1]['date']}")
    assert visitor.csv("Lifecycle")[-1]["returning_users"] == str(sum(row["returning_users"] for row in rows))


def retention(visitor: Visitor, zone: str) -> None:
    """The newest cohort that has come back: share of its learners over all schools."""
    visitor.open("/retention")
    rows = visitor.ask("/marts/engagement_retention", limit=1000, week_number="eq.1")
    shown = {
        row["cohort_week"]: row for row in visitor.csv("Learners who came back") if row["week_number"] == "1"
    }
    week = max(row["cohort_week"] for row in rows if row["active_learners"] is not None)
    cohort = [row for row in rows if row["cohort_week"] == week]
    size, active = (sum(row[name] for row in cohort) for name in ("cohort_size", "active_learners"))
    assert (shown[week]["cohort_size"], shown[week]["active_learners"]) == (str(size), str(active))
    assert float(shown[week]["retention_rate"]) == pytest.approx(active / size)


def content(visitor: Visitor, zone: str) -> None:
    """Views and completions by day, by course, and the lessons most viewed."""
    visitor.open("/content?days=90")
    data = visitor.ask("/analytics/trends/content", days=90)
    _same(visitor, "Views and completions", data["daily"], ("date", "views", "completions"))
    _same(
        visitor,
        "Completion by course",
        data["completion_by_course"],
        ("course", "average_completion", "learners", "completions"),
    )
    assert visitor.rows("Most viewed") == [
        [row["title"], row["course"], number(row["views"]), number(row["learners"])]
        for row in data["most_viewed"]
    ]


def compliance(visitor: Visitor, zone: str) -> None:
    """The light, deadlines, coverage, retention."""
    visitor.open("/compliance")
    data, tiles = visitor.ask("/compliance/status"), visitor.tiles()
    assert {"ok": "Within the law", "attention": "Needs attention", "breach": "In breach"}[
        data["overall"]
    ] in visitor.text()
    assert tiles["Open requests"] == number(data["requests"]["open"])
    assert tiles["Overdue requests"] == number(data["requests"]["overdue"])
    assert tiles["Closed in time"] == rate(data["requests"]["closed_in_time_rate"])
    assert tiles["Children without parental consent"] == number(data["minors"]["without_parental_consent"])
    assert tiles["Erasures"] == number(data["erasures"]["completed"])
    assert visitor.rows("Consents") == [
        [words(row["purpose"]), rate(row["coverage"])] for row in data["consents"]
    ]
    assert visitor.rows("Retention") == [
        [words(row["table"]), number(row["limit_days"]), number(row["rows_overdue"]), day(row["oldest"])]
        for row in data["retention"]
    ]
    requests = visitor.ask("/compliance/requests", is_open=True)
    assert [row[:6] for row in visitor.rows("Requests and deadlines")] == [
        [
            number(row["request_key"]),
            words(row["kind"]),
            words(row["status"]),
            day(row["received_date"]),
            day(row["due_date"]),
            number(row["days_left"]),
        ]
        for row in requests
    ]


def receipts(visitor: Visitor, zone: str) -> None:
    """Every completed erasure with its proof, and one receipt table by table."""
    visitor.open("/compliance")
    found = visitor.ask("/marts/compliance_erasures")
    assert visitor.rows("Erasure receipts") == [
        [f"Receipt of request {row['request_key']}", day(row["completed_date"]), "verified: nothing is left"]
        for row in found
    ]
    visitor.open(f"/compliance/{found[0]['request_id']}")
    receipt = visitor.ask(f"/compliance/erasures/{found[0]['request_id']}")
    for one in receipt["passes"]:
        assert visitor.rows(moment(one["erased_at"], zone)) == [
            [table["table"], number(table["rows_before"]), number(table["rows_after"])]
            for table in one["tables"]
        ]


def users(visitor: Visitor, zone: str) -> None:
    """Accounts by page, search and role."""
    visitor.open("/users?role=STUDENT&offset=20")
    found = visitor.answer("/users/", role="STUDENT", limit=20, offset=20)
    assert visitor.rows("Accounts") == [
        [
            row["username"],
            " ".join(filter(None, [row["first_name"], row["last_name"]])) or "–",
            text(row["email"]),
            "student",
            yes_no(row["is_active"]),
            moment(row["last_login"], zone),
        ]
        for row in found["data"]
    ]
    assert f"of {number(found['page']['total'])}" in visitor.text()


def schools(visitor: Visitor, zone: str) -> None:
    """The registry, and one school's figures."""
    visitor.open("/schools")
    found = visitor.ask("/schools/", limit=20)
    assert [row[:4] for row in visitor.rows("Registry")] == [
        [row["name"], row["code"], text(row["country"]), row["timezone"]] for row in found
    ]
    visitor.open(f"/schools/{found[0]['id']}")
    stats = visitor.ask(f"/schools/{found[0]['id']}")["stats"]
    assert visitor.tiles()["Students"] == number(stats["students"])
    assert visitor.tiles()["XP, 30 days"] == number(stats["xp_30d"])
    assert visitor.tiles()["Average completion"] == percent(stats["average_completion"])


def marts(visitor: Visitor, zone: str) -> None:
    """The catalogue, and one mart: columns, lineage to its columns, audits, sample."""
    visitor.open("/marts")
    found = visitor.ask("/marts")
    assert [row[0] for row in visitor.rows("Catalogue")] == [mart["name"] for mart in found]
    assert [row[2] for row in visitor.rows("Catalogue")] == [number(mart["rows"]) for mart in found]
    mart = next(mart for mart in found if mart["name"] == "engagement_daily")
    visitor.open("/marts/engagement_daily")
    assert mart["description"] in visitor.text()
    shown = visitor.rows("Columns and definitions")
    assert [row[1] for row in shown] == [column["type"] for column in mart["columns"]]
    for row, column in zip(shown, mart["columns"], strict=True):
        assert row[2].startswith(column["description"])
        metrics = [entry for entry in METRICS if f"engagement_daily.{column['name']}" in entry["columns"]]
        assert [entry["metric"] for entry in metrics if entry["metric"] not in row[2]] == []
    assert "stickiness: DAU / MAU; null when MAU = 0" in visitor.text()
    assert [row[0] for row in visitor.rows("Audits")] == [audit["name"] for audit in mart["audits"]]
    sample = visitor.ask("/marts/engagement_daily", limit=20)
    assert visitor.rows("Sample") == [
        [_cell(row[column["name"]]) or "–" for column in mart["columns"]] for row in sample
    ]
    nodes = set(visitor.card("Lineage").locator(".node title").all_text_contents())
    models = {model["name"] for model in visitor.ask("/marts/engagement_daily/lineage")}
    assert nodes >= {"marts.engagement_daily", *mart["upstream"], *models}
    assert nodes >= {origin for column in mart["columns"] for origin in column["lineage"]}


def metrics(visitor: Visitor, zone: str) -> None:
    """The definitions, and the way from a mart's column to its own."""
    visitor.open("/metrics")
    assert [row[0] for row in visitor.rows("Definitions")] == [entry["metric"] for entry in METRICS]
    visitor.open("/marts/engagement_daily")
    visitor.page.get_by_role("link", name="stickiness", exact=True).click()
    visitor.page.locator('main[data-place="#/metrics?search=stickiness"]').wait_for()
    visitor.settle()
    (row,) = visitor.rows("Definitions")
    assert row == ["stickiness", "DAU / MAU; null when MAU = 0", "engagement_daily.stickiness"]


def builds(visitor: Visitor, zone: str) -> None:
    """The last run, what it read, and its own page."""
    visitor.open("/builds")
    run = visitor.ask("/builds")[0]
    audits = [audit for mart in visitor.ask("/marts") for audit in mart["audits"]]
    passed = sum(audit["passed"] for audit in audits)
    assert visitor.tiles()["Last run"] == run["state"]
    assert visitor.tiles()["Audits passed"] == f"{number(passed)} / {number(len(audits))}"
    assert visitor.rows("Runs")[0][0] == run["run_id"]
    full = visitor.ask(f"/builds/{run['run_id']}")
    tables = [
        [
            words(row["table"]),
            *(
                number(row[name])
                for name in (
                    "rows_total",
                    "rows_inserted",
                    "rows_updated",
                    "rows_deleted",
                    "orphans",
                    "future",
                    "late",
                )
            ),
        ]
        for row in full["ingest"]["tables"]
    ]
    assert visitor.rows("Rows of the source") == tables
    visitor.open(f"/builds/{run['run_id']}")
    assert [row[0] for row in visitor.rows("Steps")] == [step["name"] for step in full["steps"]]
    assert len(visitor.rows("Audits")) == len(full["build"]["audits"])


def week(visitor: Visitor, zone: str) -> None:
    """A student's own seven days."""
    visitor.open("/week")
    xp, progress = visitor.ask("/analytics/weekly_xp"), visitor.ask("/analytics/student-progress")
    tiles = visitor.tiles()
    assert tiles["XP in 7 days"] == number(xp["week_total"])
    assert tiles["Streak"].split()[0] == number(xp["streak_days"])
    assert tiles["Lessons completed"] == number(progress["lessons_completed"])
    assert tiles["Rank"] == number(progress["rank"])
    assert [row["xp"] for row in visitor.csv("XP by day")] == [str(row["xp"]) for row in xp["days"]]


def mastery(visitor: Visitor, zone: str) -> None:
    """A student's own subjects with level and evidence."""
    visitor.open("/mastery")
    _subjects(visitor, visitor.ask("/analytics/subject_mastery"))


def desk(visitor: Visitor, zone: str) -> None:
    """A query by keyboard: the rows and the quick chart are those of POST /sql."""
    visitor.open("/desk")
    editor = visitor.page.locator("#sql")
    editor.fill("SELECT school_key, students_total FROM school_overview ORDER BY school_key")
    editor.press("Control+Enter")
    visitor.card("Quick chart").wait_for()
    visitor.settle()
    expected = sorted(
        (row["school_key"], row["students_total"])
        for row in visitor.ask("/marts/school_overview", limit=1000)
    )
    assert visitor.rows(f"{len(expected)} rows") == [[str(key), str(total)] for key, total in expected]
    assert [(row["x"], row["y"]) for row in visitor.drawn("Quick chart")] == expected


Look = Callable[[Visitor, str], None]
PLATFORM: list[Look] = [engagement, retention, compliance, users, schools]
LOOKS: dict[str, list[Look]] = {
    "admin": [
        overview,
        periods,
        realtime,
        classes,
        at_risk,
        leaderboard,
        content,
        marts,
        builds,
        desk,
        receipts,
        *PLATFORM,
    ],
    "school admin": [overview, periods, leaderboard, builds, *PLATFORM],
    "teacher": [overview, periods, realtime, classes, at_risk, leaderboard, content, schools, marts],
    "student": [week, mastery, leaderboard],
    "analyst": [overview, realtime, leaderboard, marts, metrics, builds, desk],
}


@pytest.mark.parametrize("role", MENUS)
def test_every_view_of_a_role_shows_the_numbers_of_the_api(school: School, visit: Visit, role: str) -> None:
    visitor = visit(role)
    assert visitor.page.locator("#nav a").all_inner_texts() == MENUS[role]
    zone = _zone(school, visitor)
    for look in LOOKS[role]:
        look(visitor, zone)


@pytest.mark.parametrize("role", ["admin", "school admin", "teacher", "student"])
def test_times_are_the_schools_wherever_the_device_is(school: School, visit: Visit, role: str) -> None:
    """A pupil on holiday would read that the numbers are of tomorrow."""
    visitor = visit(role, timezone_id="Pacific/Auckland")
    as_of = visitor.answer("/analytics/overview")["meta"]["as_of"]
    zone = _zone(school, visitor)
    assert moment(as_of, zone) != moment(as_of, "Pacific/Auckland")
    assert visitor.page.inner_text("#freshness").startswith(f"Data as of {moment(as_of, zone)}")


def _zone(school: School, visitor: Visitor) -> str:
    """The zone that times are shown in: that of the school in the token, UTC for the platform."""
    own = jwt.decode(visitor.token, options={"verify_signature": False}).get("school_id")
    found = identity(school, "SELECT zone FROM marts.dim_school WHERE school_id = ?", own)
    return str(found[0][0]) if own else "UTC"


def _today(visitor: Visitor, zone: str) -> date:
    as_of = visitor.answer("/analytics/overview")["meta"]["as_of"]
    return datetime.fromisoformat(as_of).astimezone(ZoneInfo(zone)).date()


def _summary(visitor: Visitor, last: date) -> Any:
    first = last - timedelta(days=29)
    return visitor.ask("/analytics/summary", start_date=first.isoformat(), end_date=last.isoformat())


def _learner(visitor: Visitor, learner: Any) -> None:
    visitor.open(f"/learner/{learner['user_id']}")
    progress = visitor.ask("/analytics/student-progress", student_id=learner["user_id"])
    assert visitor.heading == learner["name"]
    assert visitor.tiles()["Overall progress"] == percent(progress["overall_progress"])
    assert visitor.tiles()["XP"] == number(progress["xp_total"])
    _subjects(visitor, visitor.ask(f"/learners/{learner['user_id']}/mastery")["subjects"])


def _subjects(visitor: Visitor, subjects: Any) -> None:
    assert visitor.rows("By subject") == [
        [
            row["subject"],
            words(row["level"]),
            percent(row["mastery"]),
            rate(row["knowledge"]),
            rate(row["retained"]),
            number(row["evidence"]),
            number(row["topics_completed"]),
            number(row["topics_total"]),
        ]
        for row in subjects
    ]
    _same(visitor, "Progress by subject", subjects, ("subject", "level", "mastery"))


def _same(visitor: Visitor, title: str, rows: Any, names: tuple[str, ...]) -> None:
    """The card's CSV holds exactly these rows."""
    found = visitor.csv(title)
    assert [[row[name] for name in names] for row in found] == [
        [_cell(row[name]) for name in names] for row in rows
    ]


def _cell(value: Any) -> str:
    """A value as CSV holds it: JavaScript writes whole numbers without a point."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

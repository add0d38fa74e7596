"""Figures of a school and of the platform: windows, nulls, empty schools, ranges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, admin, student, teacher


def test_overview_of_a_school(rules: Api) -> None:
    """Students without an account, and quizzes that no active class teaches, would inflate the figures."""
    assert rules.get("/analytics/overview", teacher()) == {
        "students_total": 8,
        "students_active": 8,
        "classes_active": 1,
        "average_completion": 67.5,
        "average_quiz_score": 70.0,
        "assignments": {"quizzes_total": 1, "attempts_total": 4, "attempts_completed": 3},
        "engagement_rate": 1.0,
        "attendance_rate": 0.5,
    }


def test_the_platform_counts_every_quiz_once(rules: Api) -> None:
    overview = rules.get("/analytics/overview", PLATFORM)
    assert overview["assignments"] == {"quizzes_total": 2, "attempts_total": 4, "attempts_completed": 3}
    assert overview["students_total"] == 10
    assert overview["average_completion"] == pytest.approx(350 / 5)


@pytest.mark.parametrize("headers", [admin(source.EMPTY), admin(source.NOBODY)], ids=["empty", "unknown"])
def test_a_school_without_anybody_has_nulls_instead_of_rates(headers: dict[str, str], rules: Api) -> None:
    """0 / 0 is not 0 %."""
    overview = rules.get("/analytics/overview", headers)
    assert overview["students_total"] == overview["classes_active"] == 0
    for rate in ("average_completion", "average_quiz_score", "engagement_rate", "attendance_rate"):
        assert overview[rate] is None
    dashboard = rules.get("/analytics/dashboard", headers)
    assert (dashboard["active_users"], dashboard["top_performers"]) == (0, [])
    assert (dashboard["average_quiz_score"], dashboard["recent_completions"]) == (None, [])
    summary = rules.get("/analytics/summary", headers)
    assert summary["xp"] == {"total": 0, "average_per_active_user": None}
    trend = rules.get("/analytics/trends/engagement", headers)
    assert len(trend["daily"]) == 30
    assert (trend["summary"]["peak_dau"], trend["summary"]["peak_date"]) == (0, None)
    assert trend["summary"]["growth_rate"] is None
    assert {day["stickiness"] for day in trend["daily"]} == {None}


@pytest.mark.parametrize("headers", [student(source.BEN), ANALYST, teacher(None)])
def test_everybody_may_see_the_overview(headers: dict[str, str], rules: Api) -> None:
    assert rules.status("/analytics/overview", headers) == 200


def test_a_trend_is_one_row_per_date_up_to_the_schools_today(rules: Api) -> None:
    trend = rules.get("/analytics/trends/engagement", admin(), days=3)
    assert [(day["date"], day["active_users"], day["activities"], day["xp"]) for day in trend["daily"]] == [
        ("2026-03-01", 7, 8, 280),
        ("2026-03-02", 1, 1, 0),
        ("2026-03-03", 1, 1, 20),
    ]
    assert trend["summary"] == {
        "average_dau": 3.0,
        "peak_dau": 7,
        "peak_date": "2026-03-01",
        "activities": 10,
        "growth_rate": None,
    }


def test_a_platform_window_ends_on_the_utc_date(rules: Api) -> None:
    """A school at UTC+13 is a day ahead: its 3 March is not part of the platform's 2 March."""
    trend = rules.get("/analytics/trends/engagement", PLATFORM, days=1)
    (today,) = trend["daily"]
    # The teacher of Tonga, Lea and Una on their own 2 March.
    assert (today["date"], today["active_users"], today["activities"], today["xp"]) == (
        "2026-03-02",
        3,
        3,
        22,
    )
    day = rules.get("/analytics/dashboard", PLATFORM, time_range="day")
    assert (day["active_users"], day["activities"]) == (3, 3)
    assert rules.get("/analytics/summary", PLATFORM, start_date="2026-03-02")["activities"] == 3


def test_growth_needs_two_weeks_and_something_to_grow_from(rules: Api) -> None:
    thirteen = rules.get("/analytics/trends/engagement", admin(), days=13)
    fourteen = rules.get("/analytics/trends/engagement", admin(), days=14)
    assert (thirteen["summary"]["growth_rate"], fourteen["summary"]["growth_rate"]) == (None, None)
    # 4 to 10 January hold Ben's event of long ago; the last week has 11 active user-days.
    grown = rules.get("/analytics/trends/engagement", admin(), days=55)
    first = sum(day["active_users"] for day in grown["daily"][:7])
    last = sum(day["active_users"] for day in grown["daily"][-7:])
    assert (first, last) == (1, 11)
    assert grown["summary"]["growth_rate"] == pytest.approx(10.0)


def test_most_viewed_counts_students_but_views_of_everybody(rules: Api) -> None:
    content = rules.get("/analytics/trends/content", teacher())
    assert [(row["title"], row["views"], row["learners"]) for row in content["most_viewed"]] == [
        ("Fractions", 5, 2),
        ("Equations", 1, 1),
    ]
    assert content["completion_by_course"] == [
        {
            "course_id": str(source.COURSE),
            "course": "Algebra",
            "average_completion": pytest.approx(250 / 3),
            "learners": 2,
            "completions": 2,
        }
    ]
    assert sum(day["views"] for day in content["daily"]) == 6
    assert content["daily"][-1] == {"date": "2026-03-03", "views": 1, "completions": 1}


def test_learners_of_a_platform_window_are_those_seen_in_it(rules: Api) -> None:
    """Ana saw Fractions on her 3 March and on 27 February; only the second lies in the platform's window."""
    content = rules.get("/analytics/trends/content", PLATFORM, days=30)
    fractions = next(row for row in content["most_viewed"] if row["title"] == "Fractions")
    assert (fractions["views"], fractions["learners"]) == (5, 3)


def test_the_dashboard_of_a_school(rules: Api) -> None:
    dashboard = rules.get("/analytics/dashboard", teacher())
    assert (dashboard["active_users"], dashboard["activities"]) == (9, 12)
    assert (dashboard["average_completion"], dashboard["average_quiz_score"]) == (67.5, 70.0)
    assert [(row["rank"], row["name"], row["xp"]) for row in dashboard["top_performers"]] == [
        (1, "Ana Alofa", 50),
        (2, "Ben Brown", 40),
        (2, "Cat", 40),
        (4, "Dot Dayton", 30),
        (5, "eve", 20),
    ]
    assert dashboard["recent_completions"] == [
        {
            "user_id": str(source.CAT),
            "name": "Cat",
            "lesson": "Fractions",
            "course": "Algebra",
            "completed_at": "2026-03-02T11:05:00Z",
        },
        {
            "user_id": str(source.BEN),
            "name": "Ben Brown",
            "lesson": "Fractions",
            "course": "Algebra",
            "completed_at": "2026-02-27T23:00:00Z",
        },
    ]


def test_a_year_of_top_performers_reaches_back(rules: Api) -> None:
    assert rules.get("/analytics/dashboard", teacher(), time_range="year")["top_performers"][0]["xp"] == 540
    assert rules.get("/analytics/dashboard", teacher(), time_range="month")["top_performers"][0]["xp"] == 50


def test_a_completion_after_the_platforms_today_is_not_recent(rules: Api) -> None:
    dashboard = rules.get("/analytics/dashboard", PLATFORM)
    assert [row["name"] for row in dashboard["recent_completions"]] == ["Ben Brown"]


def test_a_summary_includes_both_of_its_ends(rules: Api) -> None:
    answer = rules.get("/analytics/summary", teacher(), start_date="2026-02-28", end_date="2026-03-01")
    assert answer == {
        "users_active": 8,
        "activities": 9,
        "xp": {"total": 320, "average_per_active_user": pytest.approx(320 / 8)},
        "progress": {"average": 75.0, "completions": 1},
        "quizzes": {"attempts_completed": 3, "average_score": 70.0},
    }


def test_a_class_limits_a_summary_to_its_learners(rules: Api) -> None:
    answer = rules.get("/analytics/summary", teacher(), class_id=source.CLASS)
    assert (answer["users_active"], answer["xp"]["total"]) == (3, 100)
    assert (answer["progress"]["completions"], answer["quizzes"]["attempts_completed"]) == (2, 3)


def test_one_end_of_a_range_is_enough(rules: Api) -> None:
    until = rules.get("/analytics/summary", teacher(), end_date="2026-01-11")
    assert (until["activities"], until["xp"]["total"]) == (1, 500)
    since = rules.get("/analytics/summary", teacher(), start_date="2026-03-03")
    assert (since["activities"], since["users_active"]) == (1, 1)


@pytest.mark.parametrize(
    ("status", "path", "headers", "params"),
    [
        (403, "/analytics/trends/engagement", teacher(), {}),
        (403, "/analytics/trends/engagement", ANALYST, {}),
        (403, "/analytics/trends/content", student(source.BEN), {}),
        (403, "/analytics/dashboard", ANALYST, {}),
        (403, "/analytics/summary", student(source.BEN), {}),
        (422, "/analytics/trends/engagement", admin(), {"days": 0}),
        (422, "/analytics/trends/content", admin(), {"days": 366}),
        (200, "/analytics/trends/content", admin(), {"days": 365}),
        (422, "/analytics/dashboard", admin(), {"time_range": "decade"}),
        (422, "/analytics/summary", admin(), {"start_date": "2026-03-03", "end_date": "2026-03-01"}),
        (422, "/analytics/summary", admin(), {"start_date": "1772409600"}),
        (422, "/analytics/summary", admin(), {"start_date": "2026-02-30"}),
        (422, "/analytics/summary", admin(), {"end_date": "0001-01-02"}),
        (404, "/analytics/summary", admin(), {"class_id": str(source.LINCOLN_CLASS)}),
        (404, "/analytics/summary", PLATFORM, {"class_id": str(source.NOBODY)}),
        (200, "/analytics/summary", PLATFORM, {"class_id": str(source.LINCOLN_CLASS)}),
    ],
)
def test_roles_and_bounds(
    status: int, path: str, headers: dict[str, str], params: dict[str, Any], rules: Api
) -> None:
    assert rules.status(path, headers, **params) == status


@pytest.mark.parametrize(
    ("path", "max_age"),
    [
        ("/analytics/overview", 60),
        ("/analytics/dashboard", 60),
        ("/analytics/trends/content", 3600),
        ("/gamification/leaderboard", 300),
        ("/users/", 0),
    ],
)
def test_answers_say_how_long_they_hold(path: str, max_age: int, rules: Api) -> None:
    answer = rules.client.get(f"/api/v1{path}", headers=admin())
    assert answer.headers["cache-control"] == f"private, max-age={max_age}"

"""One person's figures, and who may ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, admin, student, teacher

PROGRESS = "/analytics/student-progress"


def test_progress_of_a_student(rules: Api) -> None:
    answer = rules.get(PROGRESS, teacher(), student_id=source.BEN)
    assert answer == {
        "student_id": str(source.BEN),
        "overall_progress": pytest.approx(170 / 3),
        "lessons_completed": 1,
        "lessons_total": 3,
        "xp_total": 540,
        "rank": 1,
        "current_streak_days": 0,
        "longest_streak_days": 1,
        "at_risk": {"is_at_risk": False, "reasons": []},
    }


def test_a_class_limits_progress_to_its_course(rules: Api) -> None:
    answer = rules.get(PROGRESS, student(source.BEN), class_id=source.CLASS)
    assert (answer["overall_progress"], answer["lessons_completed"], answer["lessons_total"]) == (75.0, 1, 2)


def test_no_rows_are_no_figures_instead_of_zero(rules: Api) -> None:
    """ "0 %" would report a learner who has not begun as one who failed."""
    answer = rules.get(PROGRESS, student(source.IDA))
    assert (answer["overall_progress"], answer["rank"], answer["xp_total"]) == (None, None, 0)
    assert (answer["lessons_completed"], answer["lessons_total"]) == (0, 0)


def test_an_opted_out_student_has_xp_but_no_rank(rules: Api) -> None:
    answer = rules.get(PROGRESS, student(source.FAY))
    assert (answer["xp_total"], answer["rank"]) == (100, None)


@pytest.mark.parametrize(
    ("status", "headers", "params"),
    [
        (200, student(source.BEN), {}),
        (200, student(source.BEN), {"student_id": str(source.BEN)}),
        (403, student(source.BEN), {"student_id": str(source.ANA)}),
        (403, student(source.BEN), {"student_id": str(source.LEA)}),
        (403, student(source.BEN), {"student_id": str(source.NOBODY)}),
        (404, student(source.NOBODY), {}),
        (404, student(source.BEN), {"class_id": str(source.LINCOLN_CLASS)}),
        (422, teacher(), {}),
        (422, admin(), {}),
        (422, PLATFORM, {}),
        (404, teacher(), {"student_id": str(source.LEA)}),
        (404, teacher(), {"student_id": str(source.NOBODY)}),
        (404, teacher(), {"student_id": str(source.TEACHER)}),
        (404, admin(), {"student_id": str(source.ADMIN)}),
        (404, teacher(source.LINCOLN), {"student_id": str(source.BEN)}),
        (200, PLATFORM, {"student_id": str(source.LEA)}),
        (422, teacher(), {"student_id": "ben"}),
        (403, ANALYST, {"student_id": str(source.BEN)}),
    ],
)
def test_who_may_ask_for_whom(
    status: int, headers: dict[str, str], params: dict[str, Any], rules: Api
) -> None:
    """A 404 for another student would tell a student which ids exist."""
    assert rules.status(PROGRESS, headers, **params) == status


def test_a_school_less_caller_sees_the_unassigned_school_only(rules: Api) -> None:
    assert rules.get(PROGRESS, teacher(None), student_id=source.UNA)["xp_total"] == 7
    assert rules.status(PROGRESS, teacher(None), student_id=source.BEN) == 404


def test_the_week_is_seven_local_dates_oldest_first(rules: Api) -> None:
    """Ana's last event lies on 3 March for her and on 2 March in UTC."""
    week = rules.get("/analytics/weekly_xp", student(source.ANA))
    assert [(day["date"], day["weekday"], day["xp"]) for day in week["days"]] == [
        ("2026-02-25", "Wed", 0),
        ("2026-02-26", "Thu", 0),
        ("2026-02-27", "Fri", 30),
        ("2026-02-28", "Sat", 0),
        ("2026-03-01", "Sun", 0),
        ("2026-03-02", "Mon", 0),
        ("2026-03-03", "Tue", 20),
    ]
    assert (week["week_total"], week["streak_days"]) == (50, 1)
    assert week["daily_average"] == pytest.approx(50 / 7)


def test_a_day_begins_at_the_schools_midnight(rules: Api) -> None:
    """Two events an hour apart around midnight in Chicago are two days, a streak of two."""
    week = rules.get("/analytics/weekly_xp", student(source.LEA, source.LINCOLN))
    assert [day["xp"] for day in week["days"]] == [0, 0, 0, 0, 0, 15, 15]
    assert week["streak_days"] == 2


def test_a_teacher_has_a_streak_too(rules: Api) -> None:
    week = rules.get("/analytics/weekly_xp", teacher())
    assert (week["week_total"], week["streak_days"]) == (0, 2)


@pytest.mark.parametrize("path", ["/analytics/weekly_xp", "/analytics/subject_mastery"])
@pytest.mark.parametrize("headers", [PLATFORM, ANALYST, student(source.NOBODY)])
def test_who_is_no_person_has_no_own_figures(path: str, headers: dict[str, str], rules: Api) -> None:
    assert rules.status(path, headers) == 404


def test_mastery_by_subject(rules: Api) -> None:
    algebra, botany = rules.get("/analytics/subject_mastery", student(source.BEN))
    posterior = 0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.2)
    assert algebra["knowledge"] == pytest.approx(posterior + (1 - posterior) * 0.15)
    assert algebra["retained"] == pytest.approx(algebra["knowledge"] * 2 ** (-(2.5 / 45)))
    assert {name: algebra[name] for name in algebra if name not in ("knowledge", "retained")} == {
        "course_id": str(source.COURSE),
        "subject": "Algebra",
        "mastery": 75.0,
        "topics_completed": 1,
        "topics_total": 2,
        "proficiency": None,
        "level": "not_enough_data",
        "evidence": 1,
    }
    assert (botany["mastery"], botany["knowledge"], botany["retained"], botany["evidence"]) == (
        20,
        None,
        None,
        0,
    )


def test_nothing_learned_is_an_empty_list(rules: Api) -> None:
    assert rules.get("/analytics/subject_mastery", student(source.IDA)) == []

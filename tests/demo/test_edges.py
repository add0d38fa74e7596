"""Every awkward case that a metric's definition distinguishes is in a generated platform."""

import re

import pytest

from demo.server import SCHEMA_FILE
from tests.demo.conftest import AS_OF, rows, value

EDGES = {
    "event of a gone account": "FROM analytics a WHERE NOT EXISTS (SELECT FROM users WHERE id = a.user_id)",
    "event of a gone lesson": """FROM analytics a WHERE lesson_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM lessons WHERE id = a.lesson_id)""",
    "event without a lesson": "FROM analytics WHERE lesson_id IS NULL",
    "event in the future": "FROM analytics WHERE created_at > :now",
    "negative correction": "FROM analytics WHERE xp_earned < 0 AND event_type = 'xp_correction'",
    "event with details": "FROM analytics WHERE metadata->>'offline' = 'true'",
    "event of a teacher": "FROM analytics a JOIN users u ON u.id = a.user_id WHERE role = 'TEACHER'",
    "gap of exactly 30 minutes": """FROM (SELECT created_at - lag(created_at) OVER
        (PARTITION BY user_id ORDER BY created_at, id) AS gap FROM analytics) e
        WHERE gap = interval '30 min'""",
    "gap above 30 minutes": """FROM (SELECT created_at - lag(created_at) OVER
        (PARTITION BY user_id ORDER BY created_at, id) AS gap FROM analytics) e
        WHERE gap > interval '30 min' AND gap < interval '4 hours'""",
    "two events at one moment": """FROM (SELECT 1 FROM analytics GROUP BY user_id, created_at
        HAVING count(*) > 1) e""",
    "tie in XP": """FROM (SELECT 1 FROM (SELECT sum(xp_earned) AS xp FROM analytics GROUP BY user_id) t
        GROUP BY xp HAVING count(*) > 1) e""",
    "streak of two weeks": """FROM (SELECT 1 FROM (SELECT user_id, day - (row_number() OVER
        (PARTITION BY user_id ORDER BY day))::int AS island FROM
        (SELECT DISTINCT user_id, created_at::date AS day FROM analytics) d) i
        GROUP BY user_id, island HAVING count(*) >= 14) e""",
    "event on a weekend": "FROM analytics WHERE extract(isodow FROM created_at) >= 6",
    "progress of a gone account": """FROM user_progress p
        WHERE NOT EXISTS (SELECT FROM users WHERE id = p.user_id)""",
    "progress in a gone lesson": """FROM user_progress p
        WHERE NOT EXISTS (SELECT FROM lessons WHERE id = p.lesson_id)""",
    "progress in the future": "FROM user_progress WHERE updated_at > :now",
    "completed without a date": "FROM user_progress WHERE progress_percentage = 100 AND completed_at IS NULL",
    "lesson begun, not completed": "FROM user_progress WHERE progress_percentage BETWEEN 1 AND 99",
    "attempt of a gone account": """FROM quiz_attempts q
        WHERE NOT EXISTS (SELECT FROM users WHERE id = q.user_id)""",
    "attempt at a gone quiz": """FROM quiz_attempts q
        WHERE NOT EXISTS (SELECT FROM quizzes WHERE id = q.quiz_id)""",
    "attempt in the future": "FROM quiz_attempts WHERE coalesce(completed_at, started_at) > :now",
    "attempt still open": "FROM quiz_attempts WHERE score IS NULL AND completed_at IS NULL",
    "score without a date": "FROM quiz_attempts WHERE score IS NOT NULL AND completed_at IS NULL",
    "date without a score": "FROM quiz_attempts WHERE score IS NULL AND completed_at IS NOT NULL",
    "score equal to the pass score": """FROM quiz_attempts a JOIN quizzes q ON q.id = a.quiz_id
        WHERE a.score = q.pass_score""",
    "repeated attempt": "FROM (SELECT 1 FROM quiz_attempts GROUP BY user_id, quiz_id HAVING count(*) > 1) e",
    "two attempts completed at one moment": """FROM (SELECT 1 FROM quiz_attempts
        WHERE completed_at IS NOT NULL GROUP BY user_id, quiz_id, completed_at HAVING count(*) > 1) e""",
    "quiz without a lesson": "FROM quizzes WHERE lesson_id IS NULL",
    "quiz of a gone lesson": """FROM quizzes q WHERE lesson_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM lessons WHERE id = q.lesson_id)""",
    "quiz without a due date": "FROM quizzes WHERE due_at IS NULL",
    "another pass score": "FROM quizzes WHERE pass_score <> 70",
    "course without lessons": """FROM courses c
        WHERE NOT EXISTS (SELECT FROM lessons WHERE course_id = c.id)""",
    "course without a subject": "FROM courses WHERE subject IS NULL",
    "lesson without contents": """FROM lessons l
        WHERE NOT EXISTS (SELECT FROM contents WHERE lesson_id = l.id)""",
    "content of a gone lesson": """FROM contents c
        WHERE NOT EXISTS (SELECT FROM lessons WHERE id = c.lesson_id)""",
    "lessons of one title": "FROM (SELECT 1 FROM lessons GROUP BY title HAVING count(*) > 1) e",
    "class without a course": """FROM classes c WHERE course_id IS NULL
        AND EXISTS (SELECT FROM class_enrollments WHERE class_id = c.id)""",
    "class without a teacher": "FROM classes WHERE teacher_id IS NULL",
    "class without a school": """FROM classes c WHERE school_id IS NULL
        AND EXISTS (SELECT FROM class_enrollments WHERE class_id = c.id)""",
    "class of a gone school": """FROM classes c WHERE school_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM schools WHERE id = c.school_id)""",
    "inactive class": "FROM classes WHERE NOT is_active",
    "empty class": "FROM classes c WHERE NOT EXISTS (SELECT FROM class_enrollments WHERE class_id = c.id)",
    "class of eight": "FROM (SELECT 1 FROM class_enrollments GROUP BY class_id HAVING count(*) >= 8) e",
    "small class": "FROM (SELECT 1 FROM class_enrollments GROUP BY class_id HAVING count(*) < 8) e",
    "enrolment in a gone class": """FROM class_enrollments e
        WHERE NOT EXISTS (SELECT FROM classes WHERE id = e.class_id)""",
    "enrolment of a gone learner": """FROM class_enrollments e
        WHERE NOT EXISTS (SELECT FROM users WHERE id = e.student_id)""",
    "withdrawn enrolment": "FROM class_enrollments WHERE status = 'withdrawn'",
    "completed enrolment": "FROM class_enrollments WHERE status = 'completed'",
    "enrolment in the future": "FROM class_enrollments WHERE enrolled_at > :now",
    "account without a school": "FROM users WHERE school_id IS NULL AND role = 'STUDENT'",
    "account of a gone school": """FROM users u WHERE school_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM schools WHERE id = u.school_id)""",
    "platform administrator": "FROM users WHERE school_id IS NULL AND role = 'ADMIN'",
    "inactive account": "FROM users WHERE NOT is_active AND role = 'STUDENT'",
    "never logged in": "FROM users WHERE last_login IS NULL AND role = 'STUDENT'",
    "last login more than 30 days ago": "FROM users WHERE last_login < :now - interval '30 days'",
    "leaderboard opt-out": "FROM users WHERE leaderboard_opt_out",
    "unknown birth date": "FROM users WHERE birth_date IS NULL",
    "leap day birth": "FROM users WHERE to_char(birth_date, 'MM-DD') = '02-29'",
    "thirteenth birthday today": "FROM users WHERE birth_date = (:now - interval '13 years')::date",
    "sixteenth birthday tomorrow": """FROM users
        WHERE birth_date = (:now - interval '16 years' + interval '1 day')::date""",
    "adult learner": "FROM users WHERE role = 'STUDENT' AND birth_date < :now - interval '18 years'",
    "account without a name": "FROM users WHERE first_name IS NULL",
    "unknown zone": "FROM schools s WHERE NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = s.timezone)",
    "UTC+13": "FROM schools WHERE timezone = 'Pacific/Tongatapu'",
    "northern summer time": "FROM schools WHERE timezone = 'Europe/Copenhagen'",
    "southern summer time": "FROM schools WHERE timezone = 'Australia/Sydney'",
    "school without a country": "FROM schools WHERE country IS NULL",
    "inactive school": "FROM schools WHERE NOT is_active",
    "leaderboard right": """FROM leaderboard b WHERE total_xp = (SELECT coalesce(sum(xp_earned), 0)
        FROM analytics WHERE user_id = b.user_id AND created_at <= :now)""",
    "leaderboard wrong": """FROM leaderboard b WHERE total_xp <> (SELECT coalesce(sum(xp_earned), 0)
        FROM analytics WHERE user_id = b.user_id AND created_at <= :now)""",
    "learner without a leaderboard row": """FROM users u WHERE role = 'STUDENT'
        AND NOT EXISTS (SELECT FROM leaderboard WHERE user_id = u.id)""",
    "consent by a parent": "FROM consents WHERE given_by = 'parent' AND purpose = 'analytics'",
    "consent by the child": """FROM consents c JOIN users u ON u.id = c.user_id
        WHERE given_by = 'self' AND birth_date > :now - interval '13 years'""",
    "consent withdrawn": "FROM consents WHERE withdrawn_at <= :now AND purpose = 'analytics'",
    "leaderboard consent withdrawn": "FROM consents WHERE withdrawn_at <= :now AND purpose = 'leaderboard'",
    "consent renewed": """FROM (SELECT 1 FROM consents GROUP BY user_id, purpose
        HAVING count(DISTINCT policy_version) > 1) e""",
    "withdrawn, then given again": """FROM consents a JOIN consents b USING (user_id, purpose)
        WHERE a.withdrawn_at < b.given_at AND b.withdrawn_at IS NULL""",
    "consent in the future": "FROM consents WHERE given_at > :now",
    "withdrawal in the future": "FROM consents WHERE withdrawn_at > :now AND given_at <= :now",
    "consent of a gone account": "FROM consents c WHERE NOT EXISTS (SELECT FROM users WHERE id = c.user_id)",
    "learner without any consent": """FROM users u WHERE role = 'STUDENT'
        AND NOT EXISTS (SELECT FROM consents WHERE user_id = u.id)""",
    "request received on a 31st": "FROM data_subject_requests WHERE extract(day FROM received_at) = 31",
    "request due at a weekend": """FROM data_subject_requests WHERE completed_at IS NULL
        AND extract(isodow FROM received_at + interval '1 month') >= 6""",
    "request overdue": """FROM data_subject_requests WHERE completed_at IS NULL
        AND status <> 'refused' AND extension_months = 0 AND received_at < :now - interval '2 months'""",
    "request closed late": "FROM data_subject_requests WHERE completed_at > received_at + interval '40 days'",
    "request closed in time": """FROM data_subject_requests
        WHERE completed_at < received_at + interval '28 days'""",
    "request due within a week": """FROM data_subject_requests WHERE completed_at IS NULL
        AND received_at + interval '1 month' BETWEEN :now AND :now + interval '7 days'""",
    "valid extension": """FROM data_subject_requests WHERE extension_months = 2
        AND extension_notified_at <= received_at + interval '1 month'""",
    "extension told too late": """FROM data_subject_requests WHERE extension_months > 0
        AND extension_notified_at > received_at + interval '33 days'""",
    "extension never told": """FROM data_subject_requests WHERE extension_months > 0
        AND extension_notified_at IS NULL""",
    "request in the future": "FROM data_subject_requests WHERE received_at > :now",
    "erasure carried out": """FROM data_subject_requests r WHERE kind = 'erasure' AND status = 'completed'
        AND NOT EXISTS (SELECT FROM users WHERE id = r.user_id)
        AND NOT EXISTS (SELECT FROM analytics WHERE user_id = r.user_id)""",
    "open erasure": """FROM data_subject_requests r JOIN users u ON u.id = r.user_id
        WHERE kind = 'erasure' AND status = 'in_progress'""",
    "request without a school": "FROM data_subject_requests WHERE school_id IS NULL",
    "incident told in time": "FROM security_incidents WHERE notified_at < aware_at + interval '72 hours'",
    "incident told in the last hour": """FROM security_incidents
        WHERE notified_at = aware_at + interval '72 hours'""",
    "incident told late": "FROM security_incidents WHERE notified_at > aware_at + interval '72 hours'",
    "incident never told": """FROM security_incidents WHERE notified_at IS NULL
        AND aware_at < :now - interval '72 hours'""",
    "incident not told yet": """FROM security_incidents WHERE notified_at IS NULL
        AND aware_at > :now - interval '72 hours'""",
    "incident in the future": "FROM security_incidents WHERE aware_at > :now",
    "incident without a school": "FROM security_incidents WHERE school_id IS NULL",
}
IMPOSSIBLE = {
    "changed before it was created": """FROM (SELECT created_at, updated_at FROM users
        UNION ALL SELECT created_at, updated_at FROM user_progress
        UNION ALL SELECT created_at, updated_at FROM classes
        UNION ALL SELECT created_at, updated_at FROM quizzes) t WHERE updated_at < created_at""",
    "event before the account": """FROM analytics a JOIN users u ON u.id = a.user_id
        WHERE a.created_at < u.created_at""",
    "progress outside 0..100": "FROM user_progress WHERE progress_percentage NOT BETWEEN 0 AND 100",
    "score outside 0..100": "FROM quiz_attempts WHERE score NOT BETWEEN 0 AND 100",
    "account changed in the future": "FROM users WHERE updated_at > :now OR created_at > :now",
}


@pytest.mark.parametrize("edge", EDGES)
def test_is_there(platform: str, edge: str) -> None:
    assert counted(platform, EDGES[edge]) > 0


@pytest.mark.parametrize("edge", IMPOSSIBLE)
def test_is_not_there(platform: str, edge: str) -> None:
    assert counted(platform, IMPOSSIBLE[edge]) == 0


@pytest.mark.parametrize(("column", "comment"), [("kind", "'access'"), ("status", "'received'")])
def test_requests_come_in_every_kind_and_state(platform: str, column: str, comment: str) -> None:
    line = next(line for line in SCHEMA_FILE.read_text().splitlines() if comment in line)
    wanted = set(re.findall(r"'(\w+)'", line))
    assert {
        row for (row,) in rows(platform, f"SELECT DISTINCT {column} FROM data_subject_requests")
    } == wanted
    assert value(platform, "SELECT count(DISTINCT (kind, status)) FROM data_subject_requests") == 30


def test_learners_study_as_much_as_learners_do(platform: str) -> None:
    learners = value(platform, "SELECT count(*) FROM users WHERE role = 'STUDENT'")
    assert 30 <= value(platform, "SELECT count(*) FROM user_progress") / learners <= 50
    assert 10 <= value(platform, "SELECT count(*) FROM quiz_attempts") / learners <= 20


def test_days_have_a_rhythm_in_the_time_of_the_school(platform: str) -> None:
    # In UTC, Sydney's and Copenhagen's evenings are half a day apart.
    query = """SELECT avg((extract(hour FROM a.created_at AT TIME ZONE s.timezone) BETWEEN 7 AND 22)::int)
        FROM analytics a JOIN users u ON u.id = a.user_id JOIN schools s ON s.id = u.school_id
        WHERE s.timezone = %s"""
    for zone in ("Australia/Sydney", "Europe/Copenhagen", "Pacific/Tongatapu", "America/New_York"):
        assert value(platform, query, zone) > 0.9
    weekday = """SELECT count(*) FILTER (WHERE extract(isodow FROM created_at) < 6) / 5.0
        > 1.5 * count(*) FILTER (WHERE extract(isodow FROM created_at) >= 6) / 2.0 FROM analytics"""
    assert value(platform, weekday) is True


def counted(url: str, clause: str) -> int:
    now = f"timestamptz '{AS_OF.isoformat()}'"
    return int(value(url, f"SELECT count(*) {clause.replace(':now', now)}"))

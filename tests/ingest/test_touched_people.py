"""Whose progress and attempts are built again after which change at the source: raw.pending_people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

import pytest

from tests.ingest.conftest import School

NOBODY: set[str] = set()
# Change at the source (people, lessons and quizzes as $NAME), and who is touched by it, one after another.
CHANGES: tuple[tuple[LiteralString, set[str]], ...] = (
    (
        "UPDATE users SET last_login = now(), role = 'TEACHER', is_active = false;"
        "INSERT INTO users (username, email, first_name, role) VALUES ('e', 'e', 'Eve', 'STUDENT');"
        "UPDATE lessons SET title = 'Other', position = 7; UPDATE courses SET title = 'Other';"
        "UPDATE quizzes SET title = 'Other', due_at = now(); UPDATE schools SET name = 'Other'",
        NOBODY,
    ),
    ("UPDATE user_progress SET progress_percentage = 50, updated_at = now() WHERE user_id = 'ANN'", {"ann"}),
    ("UPDATE quiz_attempts SET score = 50, updated_at = now() WHERE user_id = 'BEN'", {"ben"}),
    ("UPDATE lessons SET course_id = 'COURSE' WHERE id = 'SUMS'", {"ann", "ben"}),
    ("UPDATE quizzes SET pass_score = 50 WHERE id = 'QUIZ'", {"ben"}),
    ("UPDATE quizzes SET lesson_id = 'POEMS' WHERE id = 'FREE'", {"cid"}),
    ("DELETE FROM courses WHERE id = 'COURSE'", {"ann", "ben", "cid"}),
    ("UPDATE users SET school_id = 'TOKYO' WHERE id = 'BEN'", {"ben"}),
    ("UPDATE schools SET timezone = 'Asia/Kolkata' WHERE id = 'TOKYO'", {"ben"}),
    ("DELETE FROM schools WHERE id = 'TOKYO'", {"ben"}),
    ("DELETE FROM lessons WHERE id = 'SUMS'", {"ann", "ben"}),
    ("UPDATE quiz_attempts SET user_id = 'DAN', updated_at = now() WHERE user_id = 'BEN'", {"ben", "dan"}),
    ("DELETE FROM quizzes WHERE id = 'QUIZ'", {"dan"}),
    ("DELETE FROM user_progress WHERE user_id = 'ANN'", {"ann"}),
    ("DELETE FROM users WHERE id = 'CID'", {"cid"}),
    ("INSERT INTO users SELECT * FROM gone", {"cid"}),
)


@pytest.mark.slow
def test_each_change_touches_those_whose_rows_come_out_otherwise(school: School) -> None:
    """Guards against progress that shows an old school, course or pass score for good; and against a night
    that makes everything anew because somebody has logged in."""
    names = _fill(school)
    people = {names[person.upper()]: person for person in ("ann", "ben", "cid", "dan")}
    school.ingest()
    assert _touched(school, people) == NOBODY  # a first build makes everything anyhow

    found = []
    for change, _ in CHANGES:
        for name, identity in names.items():
            change = change.replace(f"'{name}'", f"'{identity}'")  # type: ignore[assignment]
        school.run(change)
        school.ingest(allow_truncation=True)
        found.append(_touched(school, people))
        school.warehouse.execute("DELETE FROM raw.pending_people")

    assert [*zip((change for change, _ in CHANGES), found, strict=True)] == [*CHANGES]


def test_rows_that_as_of_passes_touch_their_people(school: School) -> None:
    """Guards against a row of the future that nobody sees when its time has come."""
    ann, ben = school.user(), school.user()
    people = {ann: "ann", ben: "ben"}
    school.progress(ann, school.lesson(), "2026-03-02T11:30:00+00:00")
    school.run(
        "INSERT INTO quiz_attempts (quiz_id, user_id, started_at, completed_at) "
        "VALUES (gen_random_uuid(), %s, '2026-03-02T08:00:00+00:00', '2026-03-02T09:00:00+00:00')",
        ben,
    )
    touched = []
    for hour in (1, 8, 9, 12, 10):
        school.ingest(as_of=datetime(2026, 3, 2, hour, tzinfo=UTC))
        touched.append(_touched(school, people))
        school.warehouse.execute("DELETE FROM raw.pending_people")

    assert touched == [NOBODY, NOBODY, {"ben"}, {"ann"}, {"ann"}]


def test_a_corrected_time_zone_touches_its_people(school: School) -> None:
    """Local dates of progress are made in the models: they follow a correction only if people are touched."""
    ann, ben = school.user(school.school("Europe/Berlin")), school.user()
    people = {ann: "ann", ben: "ben"}
    for person in people:
        school.progress(person, school.lesson())
    school.ingest()
    school.warehouse.execute("UPDATE raw.zone_days SET offset_seconds = 0 WHERE zone = 'Europe/Berlin'")

    school.ingest()

    assert _touched(school, people) == {"ann"}


def test_the_first_rows_of_a_table_touch_their_people(school: School) -> None:
    """Guards against first progress that is copied into an empty table past the notes."""
    ann, lesson = school.user(), school.lesson()
    school.ingest()
    school.progress(ann, lesson)

    school.ingest()

    assert _touched(school, {ann: "ann"}) == {"ann"}


def _fill(school: School) -> dict[str, UUID]:
    """Ann has progress, Ben an attempt at a quiz of the same lesson, Cid both elsewhere, Dan nothing."""
    home, tokyo = school.school("Europe/London"), school.school("Asia/Tokyo")
    ann, ben, cid, dan = (school.user(home) for _ in range(4))
    sums, poems = school.lesson(), school.lesson()
    course = school.run("SELECT course_id FROM lessons WHERE id = %s", poems)
    quiz, free = (_quiz(school, lesson) for lesson in (sums, None))
    school.progress(ann, sums)
    school.progress(cid, poems)
    for person, one in ((ben, quiz), (cid, free)):
        school.run("INSERT INTO quiz_attempts (quiz_id, user_id) VALUES (%s, %s)", one, person)
    school.run("CREATE TABLE gone AS SELECT * FROM users WHERE id = %s", cid)
    names = {"ANN": ann, "BEN": ben, "CID": cid, "DAN": dan, "TOKYO": tokyo}
    return names | {"SUMS": sums, "POEMS": poems, "COURSE": course, "QUIZ": quiz, "FREE": free}


def _quiz(school: School, lesson: UUID | None) -> UUID:
    quiz: UUID = school.run("INSERT INTO quizzes (lesson_id, title) VALUES (%s, 'Q') RETURNING id", lesson)
    return quiz


def _touched(school: School, people: dict[UUID, str]) -> set[str]:
    rows = school.rows(
        "SELECT known.id FROM raw.pending_people AS pending "
        "JOIN raw.key_users AS known ON known.key = pending.user_key"
    )
    assert school.value("SELECT count(*) FROM raw.pending_people") == len(rows)
    return {people[identity] for (identity,) in rows}

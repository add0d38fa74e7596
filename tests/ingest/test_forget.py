"""People are removed from raw, and stay out."""

from __future__ import annotations

from uuid import UUID

from ingest import forget
from ingest.layout import raw_tables
from tests.ingest.conftest import School


def _fill(school: School) -> tuple[UUID, UUID]:
    """Two people with a row in every table that refers to people; the second teaches the class."""
    lesson, people = school.lesson(), (school.user(), school.user())
    group = school.run("INSERT INTO classes (teacher_id, name) VALUES (%s, 'A') RETURNING id", people[1])
    for day, user in enumerate(people, start=1):
        at = f"2026-03-0{3 - day}T10:00:00+00:00"
        school.event(user, at)
        school.progress(user, lesson, at)
        school.run("INSERT INTO class_enrollments (class_id, student_id) VALUES (%s, %s)", group, user)
        school.run(
            "INSERT INTO quiz_attempts (quiz_id, user_id, started_at) VALUES (gen_random_uuid(), %s, %s)",
            user,
            at,
        )
        school.run("INSERT INTO leaderboard (user_id, total_xp) VALUES (%s, 5)", user)
        school.run(
            "INSERT INTO consents (user_id, purpose, policy_version, given_at) VALUES (%s, 'a', '1', now())",
            user,
        )
        school.run(
            "INSERT INTO data_subject_requests (user_id, kind, status, received_at) "
            "VALUES (%s, 'erasure', 'completed', now())",
            user,
        )
    return people


def _traces(school: School, key: int) -> dict[str, int]:
    """Rows per raw table that still carry the key of a person."""
    return {
        f"{table}.{column}": rows
        for table, columns in raw_tables()
        for column in columns
        if column in ("user_key", "teacher_key", "student_key")
        and (rows := school.value(f'SELECT count(*) FROM raw.{table} WHERE "{column}" = $1', key))
    }


def test_forget_leaves_no_row_and_spares_others(school: School) -> None:
    other, person = _fill(school)
    school.ingest()
    school.warehouse.execute("DELETE FROM raw.pending_dates")
    key = school.value("SELECT key FROM raw.key_users WHERE id = $1", person)
    spared = school.value("SELECT key FROM raw.key_users WHERE id = $1", other)
    school.warehouse.execute("INSERT INTO raw.pending_days SELECT user_key, local_date FROM raw.analytics")
    school.warehouse.execute("INSERT INTO raw.pending_people SELECT user_key FROM raw.users")
    assert len(_traces(school, key)) == 11

    rows = forget(school.warehouse, [key])

    assert rows == dict.fromkeys(
        (
            "users",
            "classes",
            "class_enrollments",
            "user_progress",
            "quiz_attempts",
            "leaderboard",
            "consents",
            "data_subject_requests",
            "analytics",
            "key_users",
        ),
        1,
    )
    assert _traces(school, key) == {}
    assert len(_traces(school, spared)) == 10
    assert school.rows("SELECT CAST(local_date AS VARCHAR) FROM raw.pending_dates") == [("2026-03-01",)]
    assert school.value("SELECT count(*) FROM raw.classes") == 1
    assert school.value("SELECT count(*) FROM raw.data_subject_requests") == 2
    assert set(forget(school.warehouse, []).values()) == {0}


def test_who_is_erased_stays_out_although_the_source_still_has_rows(school: School) -> None:
    """A deleted key that is handed out again brings the person back with the next night."""
    person = _fill(school)[1]
    school.ingest(settled=True)
    key = school.value("SELECT key FROM raw.key_users WHERE id = $1", person)
    forget(school.warehouse, [key])

    asked: list[UUID] = []

    def is_erased(user: UUID) -> bool:
        asked.append(user)
        return user == person

    after = school.ingest(settled=True, is_erased=is_erased)
    assert asked == [person]
    assert _traces(school, key) == {}
    assert school.value("SELECT count(*) FROM raw.key_users") == 1
    assert after.table("analytics").rows_total == 1
    assert after.table("analytics").orphans == 0
    # Nothing of the person is copied again: what the source still has is known.
    assert after.table("user_progress").rows_read == 0
    assert after.table("analytics").rows_read == 0
    assert school.value("SELECT count(*) FROM raw.classes WHERE teacher_key IS NULL") == 1

    read = school.ingest(settled=True, is_erased=is_erased)
    assert read.table("user_progress").rows_read == read.table("analytics").rows_read == 0
    assert read.touched_dates == 0
    newcomer = school.user()
    school.event(newcomer, "2026-03-02T12:00:00+00:00")
    assert school.ingest(settled=True, is_erased=is_erased).table("analytics").rows_inserted == 1
    assert school.value("SELECT key FROM raw.key_users WHERE id = $1", newcomer) == 3


def test_erased_people_are_left_out_of_a_first_copy(school: School) -> None:
    other, person = _fill(school)
    report = school.ingest(is_erased=lambda user: user == person)
    assert report.table("users").rows_total == report.table("analytics").rows_total == 1
    assert school.rows("SELECT id FROM raw.key_users") == [(other,)]
    assert report.table("analytics").rows_inserted == 1
    again = school.ingest(is_erased=lambda user: user == person)
    assert again.touched_dates == 0
    assert school.value("SELECT row_count FROM raw.withheld WHERE table_name = 'analytics'") == 1

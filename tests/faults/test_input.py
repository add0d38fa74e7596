"""Rows that a sound platform would not have: odd moments, numbers, zones and texts."""

from __future__ import annotations

import re
from itertools import cycle

import duckdb
import psycopg
import pytest

from api.manifest import MARTS_FILE
from pipeline.settings import Settings
from pipeline.snapshots import current_folder, current_id
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.conftest import MakeDatabase, Night, School, settings_of
from tests.faults.drifts import text_columns
from tests.faults.outcomes import assert_failed, assert_whole
from tests.nights.comparison import differences
from tests.nights.test_nights import OWN_HISTORY

TEXTS = (
    "🎓👩‍🏫 Ünïcødé 𝔄lgebra",
    "‮עברית‬ و العربية ‏",
    "Robert'); DROP TABLE students;--",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "x" * 1_000_000,
    "",
    " \t\n\r\u2028\x01\x7f ",
    "\"; \\ ' $1 %s {} ${x} {{x}} NULL NaN",
    "=cmd|'/C calc'!A0",
)


@pytest.mark.fault(
    "NUL byte in a text", "cannot be: PostgreSQL refuses it in every text; the ingest never sees one"
)
def test_postgres_itself_refuses_nul(evening: School) -> None:
    """A text that ends at its NUL in one place and goes on in another."""
    with psycopg.connect(evening.source_url) as source:
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            source.execute("UPDATE courses SET title = 'a' || chr(0) || 'b'")
        source.rollback()
        with pytest.raises(psycopg.Error):
            source.execute(b"UPDATE courses SET title = E'a\\000b'")


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "24:61", "yesterday at noon"])
@pytest.mark.fault("a date that does not exist", "cannot be: PostgreSQL refuses it")
def test_postgres_itself_refuses_dates_that_do_not_exist(evening: School, text: str) -> None:
    """A date that each side reads in its own way."""
    with psycopg.connect(evening.source_url) as source, pytest.raises(psycopg.DataError):
        source.execute("UPDATE users SET birth_date = %s::text::date", [text])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param(
            column,
            value,
            id=f"{column}-{value}",
            marks=pytest.mark.fault(
                f"{column} = '{value}'", f"`value_refused` names {column}, no value; nothing published"
            ),
        )
        for column, value in (
            ("analytics.created_at", "infinity"),
            ("analytics.created_at", "-infinity"),
            ("users.birth_date", "infinity"),
            ("users.birth_date", "0044-03-15 BC"),
            ("user_progress.updated_at", "infinity"),
            ("quizzes.due_at", "infinity"),
            ("consents.given_at", "-infinity"),
            ("users.last_login", "290000-01-01"),
        )
    ],
)
def test_a_moment_that_no_calendar_has(evening: School, night: Night, column: str, value: str) -> None:
    """An infinite moment that becomes some date, and with it a learner of two thousand years."""
    table, name = column.split(".")
    with psycopg.connect(evening.source_url) as source:
        source.execute("SET session_replication_role = replica")
        source.execute(
            f"UPDATE {table} SET {name} = %s WHERE id = (SELECT id FROM {table} LIMIT 1)".encode(), [value]
        )
    before = current_id(evening.settings.snapshots_dir)
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    assert_failed(run, "ingest", "value_refused", column)
    assert assert_whole(evening.settings) == before


@pytest.mark.fault(
    "emoji, right-to-left, SQL, HTML, control characters, formulas, 1 MB in every text column",
    "kept to the letter; every figure equals that of the same source with plain texts; the API answers",
)
def test_texts_of_every_kind(evening: School, tomorrow: School, night: Night) -> None:
    """A name that breaks a statement, a page or a sum."""
    kept = hostile_texts(evening.source_url)
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    assert run.snapshot_id, run.error
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{evening.settings.warehouse_file}' AS warehouse (READ_ONLY)")
        for (table, column), values in kept.items():
            found = connection.execute(f'SELECT "{column}" FROM warehouse.raw."{table}"').fetchall()
            assert values <= {row[0] for row in found}, (table, column)
    found = differences(evening.settings, tomorrow.settings, without=OWN_HISTORY)
    assert set(found) - with_texts(evening) == set()
    with client_of(settings_for(evening.settings.data_dir)) as client:
        for path in (
            "/analytics/overview",
            "/users/?limit=100",
            "/classes/",
            "/marts/dim_course",
            "/schools/",
        ):
            answer = client.get(BASE + path, headers=bearer("admin"))
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]


def hostile_texts(url: str) -> dict[tuple[str, str], set[str]]:
    """Write every text into every free text column; returns what is there now."""
    written: dict[tuple[str, str], set[str]] = {}
    with psycopg.connect(url) as source:
        source.execute("SET session_replication_role = replica")
        for table, column, is_unique in text_columns():
            ids = source.execute(f"SELECT id FROM {table} ORDER BY id LIMIT {len(TEXTS)}".encode()).fetchall()
            for number, ((row_id,), text) in enumerate(zip(ids, cycle(TEXTS), strict=False)):
                # A unique index takes at most 2,704 bytes.
                value = f"{text[:600]}{number}" if is_unique else text
                source.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s".encode(), [value, row_id])
                written.setdefault((table, column), set()).add(value)
    return written


def with_texts(school: School) -> set[str]:
    """Tables that show a text of the source: what else they hold is in others, too."""
    with duckdb.connect(
        str(current_folder(school.settings.snapshots_dir) / MARTS_FILE), read_only=True
    ) as marts:
        rows = marts.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() WHERE regexp_matches(column_name, $1)",
            [r"title|name|subject|code"],
        ).fetchall()
    return {row[0] for row in rows} | {"identity"}


@pytest.mark.fault(
    "schools.timezone is no IANA name",
    "read as UTC and counted in the report: equal to a source that says UTC",
)
def test_a_zone_that_does_not_exist(
    evening: School, tomorrow: School, make_database: MakeDatabase, night: Night, tmp_path: object
) -> None:
    """A school whose days begin at some other hour, or a night that stops for one school."""
    twin = make_database(template=tomorrow.pristine)
    for url, zones in ((evening.source_url, ("Mars/Olympus", "localtime", "")), (twin, ("UTC",) * 3)):
        with psycopg.connect(url) as source:
            codes = source.execute("SELECT code FROM schools ORDER BY code LIMIT 3").fetchall()
            for (code,), zone in zip(codes, zones, strict=True):
                source.execute("UPDATE schools SET timezone = %s WHERE code = %s", [zone, code])
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    assert run.ingest["unknown_zones"] >= 3
    calm = settings_of(twin, evening.settings.data_dir.with_name("twin"))
    assert night(twin, calm.data_dir, as_of=evening.as_of).snapshot_id
    # The dimension also says what the source calls the zone.
    assert set(differences(evening.settings, calm, without=OWN_HISTORY)) == {"dim_school"}
    assert schools_of(evening.settings) == schools_of(calm)


def schools_of(settings: Settings) -> list[tuple[object, ...]]:
    """The schools of the current snapshot, without what the source calls their zone."""
    marts = current_folder(settings.snapshots_dir) / MARTS_FILE
    with duckdb.connect(str(marts), read_only=True) as connection:
        rows = connection.execute("SELECT * EXCLUDE (school_key, timezone) FROM dim_school ORDER BY code")
        return rows.fetchall()


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        pytest.param(
            sql, what, id=what, marks=pytest.mark.fault(what, "published, or a named error: no wrong sum")
        )
        for sql, what in (
            ("UPDATE analytics SET xp_earned = -2147483648 WHERE id % 1000 = 1", "smallest XP"),
            (
                "UPDATE analytics SET xp_earned = 2147483647 WHERE id % 100 = 1",
                "highest XP, sums beyond 32 bits",
            ),
            ("UPDATE user_progress SET time_spent_seconds = 2147483647", "highest time spent"),
            ("UPDATE user_progress SET progress_percentage = -999.99", "progress below nothing"),
            ("UPDATE quiz_attempts SET score = 999.99 WHERE score IS NOT NULL", "scores of 999.99"),
            ("UPDATE leaderboard SET total_xp = 9223372036854775807", "highest total"),
        )
    ],
)
def test_numbers_of_every_size(evening: School, night: Night, sql: str, what: str) -> None:
    """A sum that wraps round, or is cut to what fits."""
    with psycopg.connect(evening.source_url) as source:
        source.execute(sql.encode())
        total = source.execute(
            "SELECT sum(xp_earned) FROM analytics JOIN users ON users.id = user_id"
            " WHERE analytics.created_at <= %s AND (lesson_id IS NULL OR lesson_id IN"
            " (SELECT id FROM lessons))",
            [evening.as_of],
        ).fetchone()
    assert total is not None
    before = current_id(evening.settings.snapshots_dir)
    run = night(evening.source_url, evening.settings.data_dir, as_of=evening.as_of)
    if run.error is not None:
        assert run.error.code in {"build_failed", "audit_failed", "value_refused"}, run.error
        assert re.search(r"marts\.|intermediate\.|staging\.|\w+\.\w+", run.error.message)
        assert assert_whole(evening.settings) == before
        return
    with duckdb.connect(
        str(current_folder(evening.settings.snapshots_dir) / MARTS_FILE), read_only=True
    ) as marts:
        assert marts.execute("SELECT sum(xp) FROM fct_user_day").fetchone() == total

"""Small hand-made snapshots in the published form, for what needs many of them or damaged ones.

One school year in miniature: schools 1 (Lincoln) and 2 (Curie) and the unassigned school 0. The figures
of school 1 grow with `number`, so that a test can tell from an answer which snapshot it came from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb

from api.manifest import (
    IDENTITY_FILE,
    MANIFEST_FILE,
    MARTS_FILE,
    ColumnEntry,
    FileEntry,
    Manifest,
    MartEntry,
    Scope,
)

LINCOLN = UUID("00000000-0000-4000-8000-0000000000a1")
CURIE = UUID("00000000-0000-4000-8000-0000000000a2")
NOWHERE = UUID("00000000-0000-4000-8000-0000000000ff")
BUILT_AT = datetime(2026, 3, 2, 1, 31, tzinfo=UTC)
COMPLIANCE = ("compliance_requests",)


def user_id(key: int) -> UUID:
    """Id of the person with that key; keys 1..60 exist."""
    return UUID(int=(0x4000_8000 << 64) + key)


_MARTS = {
    "dim_school": """
        SELECT * FROM (VALUES
            (0::INTEGER, NULL::VARCHAR, 'unassigned', 'Unassigned', NULL::VARCHAR, 'UTC'),
            (1, '00000000-0000-4000-8000-0000000000a1', 'lincoln', 'Lincoln', 'DK', 'Europe/Copenhagen'),
            (2, '00000000-0000-4000-8000-0000000000a2', 'curie', 'Curie', 'FR', 'Europe/Paris')
        ) AS schools(school_key, school_id, code, name, country, timezone)""",
    "dim_course": """
        SELECT * FROM (VALUES (1::INTEGER, 'Algebra', 'maths'), (2, 'Optics, waves', NULL))
        AS courses(course_key, title, subject)""",
    "dim_class": """
        SELECT * FROM (VALUES (1::INTEGER, 1::INTEGER, '7a'), (2, 2, '7b'))
        AS classes(class_key, school_key, name)""",
    "dim_user": """
        SELECT range::INTEGER AS user_key, (range % 3)::INTEGER AS school_key,
            CASE WHEN range <= 48 THEN 'STUDENT' ELSE 'TEACHER' END AS role
        FROM range(1, 61)""",
    "fct_user_day": """
        SELECT (1 + range % 60)::INTEGER AS user_key,
            (DATE '2026-01-01' + (range // 60)::INTEGER) AS activity_date,
            ((1 + range % 60) % 3)::INTEGER AS school_key, $number::INTEGER AS event_count,
            CASE WHEN range % 7 = 0 THEN NULL ELSE (range % 5)::INTEGER END AS xp,
            CASE WHEN range % 11 = 0 THEN NULL ELSE range / 8 END AS hours,
            TIMESTAMP '2026-01-01 10:00:00' + INTERVAL (range) MINUTE AS last_event_at
        FROM range(1200)""",
    "leaderboard": """
        SELECT timeframe, scope, scope_key::INTEGER AS scope_key, user_key::INTEGER AS user_key,
            xp::INTEGER AS xp
        FROM (VALUES ('week', 'global', 0, 1, 50), ('week', 'school', 1, 1, 50), ('week', 'school', 2, 2, 40),
            ('week', 'class', 1, 1, 50), ('week', 'class', 2, 2, 40))
            AS rows(timeframe, scope, scope_key, user_key, xp)""",
    "school_overview": """
        SELECT school_key::INTEGER AS school_key, ($number * 10 + school_key)::INTEGER AS students_total
        FROM range(3) AS keys(school_key)""",
    "compliance_requests": """
        SELECT * FROM (VALUES (1::INTEGER, 1::INTEGER, DATE '2026-02-01'), (2, 2, DATE '2026-02-02'))
        AS requests(request_key, school_key, received_date)""",
    "platform_totals": "SELECT 'events' AS figure, 1200::BIGINT AS total",
}
_GRAINS = {
    "fct_user_day": ("user_key", "activity_date"),
    "leaderboard": ("timeframe", "scope", "scope_key", "user_key"),
    "platform_totals": ("figure",),
    "compliance_requests": ("request_key",),
}
_IDENTITY = """
    CREATE TABLE users AS
    SELECT range::INTEGER AS user_key,
        ('00000000-4000-8000-0000-' || lpad(to_hex(range), 12, '0'))::UUID AS user_id,
        'user' || range AS username, 'user' || range || '@school.example' AS email,
        'First' || range AS first_name, 'Last' || range AS last_name,
        CASE WHEN range <= 48 THEN 'STUDENT' ELSE 'TEACHER' END AS role,
        (range % 3)::INTEGER AS school_key, true AS is_active, NULL::TIMESTAMP AS last_login,
        TIMESTAMP '2025-09-01' AS created_at, range % 10 = 0 AS is_below_consent_age,
        'learner-' || range AS pseudonym
    FROM range(1, 61) ORDER BY user_key"""


@dataclass(frozen=True)
class Published:
    """A snapshot on disk."""

    folder: Path
    number: int

    @property
    def id(self) -> str:
        """Its id, the folder's name."""
        return self.folder.name


def publish(data_dir: Path, number: int = 1, *, as_of: datetime = BUILT_AT) -> Published:
    """Write snapshot `number` and switch `current` to it."""
    published = write_snapshot(data_dir, number, as_of=as_of)
    point_current(data_dir, published.id)
    return published


def write_snapshot(data_dir: Path, number: int, *, as_of: datetime = BUILT_AT) -> Published:
    """Write snapshot `number` without making it current."""
    folder = data_dir / "snapshots" / f"2026030{number // 1000}T01{number:04d}Z"
    folder.mkdir(parents=True)
    _write_marts(folder / MARTS_FILE, number)
    _write(folder / IDENTITY_FILE, _IDENTITY)
    manifest = _manifest(folder, as_of, number)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json())
    return Published(folder, number)


def point_current(data_dir: Path, snapshot_id: str) -> None:
    """Switch `current` atomically, as the publisher does."""
    snapshots = data_dir / "snapshots"
    fresh = snapshots / "current.new"
    fresh.symlink_to(snapshot_id)
    fresh.replace(snapshots / "current")


def _write_marts(path: Path, number: int) -> None:
    with duckdb.connect(str(path)) as connection:
        for name, select in _MARTS.items():
            params = {"number": number} if "$number" in select else {}
            connection.execute(f"CREATE TABLE {name} AS {select}", params)


def _write(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def _manifest(folder: Path, as_of: datetime, number: int) -> Manifest:
    with duckdb.connect(str(folder / MARTS_FILE), read_only=True) as connection:
        marts = {name: _mart(connection, name) for name in _MARTS}
    return Manifest(
        id=folder.name,
        run_id=folder.name,
        as_of=as_of,
        built_at=BUILT_AT + timedelta(seconds=number),
        versions={},
        files={name: _entry(folder / name) for name in (MARTS_FILE, IDENTITY_FILE)},
        tables={name: mart.rows for name, mart in marts.items()},
        orphans={},
        future={},
        marts=marts,
    )


def _mart(connection: duckdb.DuckDBPyConnection, name: str) -> MartEntry:
    described = connection.execute(f"DESCRIBE {name}").fetchall()
    columns = tuple(ColumnEntry(name=row[0], type=row[1], description=f"The {row[0]}.") for row in described)
    rows = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    assert rows is not None
    names = [column.name for column in columns]
    return MartEntry(
        description=f"One row per {name}.",
        grain=_GRAINS.get(name, (names[0],)),
        columns=columns,
        rows=rows[0],
        upstream=(),
        column_lineage={},
        audits=(),
        scope=Scope(school_column="school_key" if "school_key" in names else None),
        is_compliance=name in COMPLIANCE,
    )


def _entry(path: Path) -> FileEntry:
    content = path.read_bytes()
    return FileEntry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

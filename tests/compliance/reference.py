"""Every compliance figure in plain SQL on the operational tables, written from metrics.md, not from models.

The session's `moment` holds as_of; `place` the schools with their zones, 'none' for the unassigned one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

SEEDS = Path(__file__).parents[2] / "seeds"

_PRELUDE = """
CREATE TEMP TABLE place AS
SELECT id::text AS school, country, timezone AS zone FROM schools UNION ALL SELECT 'none', NULL, 'UTC';
ALTER TABLE place ADD today date;
UPDATE place SET today = ((SELECT as_of FROM moment) AT TIME ZONE zone)::date;
CREATE TEMP TABLE person AS
SELECT users.*, coalesce(school_id::text, 'none') AS school FROM users;
CREATE TEMP TABLE asked AS
SELECT
    data_subject_requests.*, place.school, place.today, place.zone,
    (received_at AT TIME ZONE zone)::date AS received_on,
    (extension_notified_at AT TIME ZONE zone)::date AS told_on,
    (completed_at AT TIME ZONE zone)::date AS closed_on,
    status IN ('completed', 'refused') AS is_closed
FROM data_subject_requests
LEFT JOIN person ON person.id = data_subject_requests.user_id
JOIN place ON place.school = coalesce(data_subject_requests.school_id::text, person.school, 'none');
CREATE FUNCTION pg_temp.due(received date, months integer) RETURNS date LANGUAGE sql AS $$
    SELECT CASE extract(isodow FROM day) WHEN 6 THEN day + 2 WHEN 7 THEN day + 1 ELSE day END
    FROM (SELECT (received + months * interval '1 month')::date AS day) AS nominal
$$;
CREATE TEMP TABLE request AS
SELECT
    *, CASE WHEN is_closed THEN closed_on > due_on ELSE today > due_on END AS is_overdue,
    NOT is_closed AND due_on BETWEEN today AND today + 7 AS is_due
FROM (
    SELECT *, CASE
        WHEN extension_months > 0 AND told_on <= pg_temp.due(received_on, 1)
        THEN pg_temp.due(received_on, 1 + extension_months) ELSE pg_temp.due(received_on, 1)
    END AS due_on FROM asked
) AS dated;
CREATE TEMP TABLE newest AS
SELECT DISTINCT ON (user_id, purpose)
    user_id, purpose, given_by, withdrawn_at <= (SELECT as_of FROM moment) IS TRUE AS is_withdrawn
FROM consents ORDER BY user_id, purpose, given_at DESC, id DESC;
CREATE TEMP TABLE child AS
SELECT person.id, person.school FROM person JOIN place USING (school)
WHERE role = 'STUDENT' AND is_active AND (birth_date IS NULL OR
    extract(year FROM age(today, birth_date)) < coalesce((
        SELECT years FROM rule WHERE rule.country = place.country AND valid_from <= today
        ORDER BY valid_from DESC LIMIT 1), 16));
"""

_STATUS = """
SELECT
    (SELECT count(*) FROM request WHERE {scope} AND NOT is_closed),
    (SELECT count(*) FROM request WHERE {scope} AND is_overdue),
    (SELECT count(*) FROM request WHERE {scope} AND is_due),
    (SELECT count(*) FILTER (WHERE NOT is_overdue)::float / nullif(count(*), 0)
        FROM request WHERE {scope} AND is_closed),
    (SELECT count(*) FROM child WHERE {scope}),
    (SELECT count(*) FROM child WHERE {scope} AND NOT EXISTS (SELECT FROM newest WHERE user_id = child.id
        AND purpose = 'analytics' AND given_by = 'parent' AND NOT is_withdrawn)),
    (SELECT count(*) FROM security_incidents WHERE {incidents} AND closed_at IS NULL),
    (SELECT count(*) FROM security_incidents WHERE {incidents}
        AND coalesce(notified_at, (SELECT as_of FROM moment)) - aware_at > interval '72 hours'),
    (SELECT count(*) FROM request WHERE {scope} AND kind = 'erasure' AND status = 'completed')
"""

_COVERAGE = """
SELECT purpose, (SELECT count(*) FROM person JOIN newest ON newest.user_id = person.id
        WHERE {scope} AND is_active AND newest.purpose = asked_for.purpose AND NOT is_withdrawn)::float
    / nullif((SELECT count(*) FROM person WHERE {scope} AND is_active), 0)
FROM (SELECT DISTINCT purpose FROM consents) AS asked_for ORDER BY purpose
"""

_OLDEST = (
    "SELECT count(*) FROM analytics WHERE created_at < (SELECT as_of FROM moment) - %s * interval '1 day'"
)


class Reference:
    """Figures of one moment; `school` None is the platform."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def status(self, school: str | None) -> dict[str, Any]:
        """The figures of /compliance/status that are about the source."""
        row = self._connection.execute(_STATUS.format(**_scope(school))).fetchone()
        names = (
            "open", "overdue", "due_within_7_days", "closed_in_time_rate", "minors",
            "without_parental_consent", "incidents_open", "notified_late", "erasures",
        )  # fmt: skip
        coverage = self._connection.execute(_COVERAGE.format(**_scope(school))).fetchall()
        return dict(zip(names, row or (), strict=True)) | {"coverage": coverage}

    def due_dates(self) -> dict[str, tuple[Any, ...]]:
        """Due date, overdue or not, and received date of every request by id."""
        rows = self._connection.execute("SELECT id::text, due_on, is_overdue, received_on FROM request")
        return {row[0]: (str(row[1]), row[2], str(row[3])) for row in rows.fetchall()}

    def events_older_than(self, days: int) -> int:
        """Events of the whole platform that are older than a limit."""
        row = self._connection.execute(_OLDEST, [days]).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def reference_at(url: str, as_of: datetime) -> Iterator[Reference]:
    """A session on the source, with temporary tables only."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TEMP TABLE moment (as_of timestamptz)")
        connection.execute("INSERT INTO moment VALUES (%s)", [as_of])
        connection.execute("CREATE TEMP TABLE rule (country text, valid_from date, years integer)")
        with (SEEDS / "age_of_consent.csv").open(encoding="utf-8") as file:
            rules = [(row["country"], row["valid_from"], row["age"]) for row in csv.DictReader(file)]
        for values in rules:
            connection.execute("INSERT INTO rule VALUES (%s, %s, %s)", values)
        connection.execute(_PRELUDE.encode())
        yield Reference(connection)


def _scope(school: str | None) -> dict[str, str]:
    if school is None:
        return {"scope": "true", "incidents": "true"}
    return {"scope": f"school = '{school}'", "incidents": f"coalesce(school_id::text, 'none') = '{school}'"}

WITH counted AS (
    SELECT
        school_id,
        (SELECT count(*) FROM request WHERE request.school_id = school.school_id AND is_open) AS requests_open,
        (SELECT count(*) FROM request WHERE request.school_id = school.school_id AND is_overdue) AS requests_overdue,
        (
            SELECT count(*) FROM request WHERE request.school_id = school.school_id AND is_due_within_7_days
        ) AS requests_due_within_7_days,
        (SELECT count(*) FROM request WHERE request.school_id = school.school_id AND NOT is_open) AS requests_closed,
        (
            SELECT count(*) FROM request
            WHERE request.school_id = school.school_id AND NOT is_open AND NOT is_overdue
        ) AS requests_closed_in_time,
        (SELECT count(*) FROM minor WHERE minor.school_id = school.school_id) AS minors_total,
        (
            SELECT count(*) FROM minor WHERE minor.school_id = school.school_id AND is_without_parental_consent
        ) AS minors_without_parental_consent,
        (SELECT count(*) FROM incident WHERE incident.school_id = school.school_id AND is_open) AS incidents_open,
        (
            SELECT count(*) FROM incident WHERE incident.school_id = school.school_id AND is_late
        ) AS incidents_notified_late
    FROM school
)
SELECT * FROM counted

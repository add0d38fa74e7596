-- The counts of /compliance/status that metrics.md defines.
WITH purpose AS (
    SELECT DISTINCT purpose FROM newest_consent
),
account AS (
    SELECT person.* FROM person JOIN scope USING (school_id) WHERE is_active
)
SELECT json_build_object(
    'requests', json_build_object(
        'open', (SELECT count(*) FROM request JOIN scope USING (school_id) WHERE is_open),
        'overdue', (SELECT count(*) FROM request JOIN scope USING (school_id) WHERE is_overdue),
        'due_within_7_days', (SELECT count(*) FROM request JOIN scope USING (school_id) WHERE is_due_within_7_days),
        'closed_in_time_rate', (
            SELECT count(*) FILTER (WHERE NOT is_overdue)::double precision / nullif(count(*), 0)
            FROM request JOIN scope USING (school_id) WHERE NOT is_open
        )
    ),
    'minors', json_build_object(
        'total', (SELECT count(*) FROM minor JOIN scope USING (school_id)),
        'without_parental_consent', (
            SELECT count(*) FROM minor JOIN scope USING (school_id) WHERE is_without_parental_consent
        )
    ),
    'incidents', json_build_object(
        'open', (SELECT count(*) FROM incident JOIN scope USING (school_id) WHERE is_open),
        'notified_late', (SELECT count(*) FROM incident JOIN scope USING (school_id) WHERE is_late)
    ),
    'consents', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'purpose', purpose,
                    'coverage', (
                        SELECT count(newest_consent.user_id)::double precision / nullif(count(account.user_id), 0)
                        FROM account
                        LEFT JOIN newest_consent
                            ON newest_consent.user_id = account.user_id
                            AND newest_consent.purpose = purpose.purpose
                            AND NOT newest_consent.is_withdrawn
                    )
                ) ORDER BY purpose COLLATE "C"
            ), '[]'
        )
        FROM purpose
    )
) AS data

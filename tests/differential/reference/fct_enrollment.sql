SELECT
    class_id,
    user_id,
    school_id,
    status,
    is_enrolled,
    enrolled_at,
    (enrolled_at AT TIME ZONE zone)::date AS enrolled_date
FROM enrollment

SELECT
    request_id,
    school_id,
    kind AS request_kind,
    status AS request_status,
    received_date,
    first_deadline AS first_due_date,
    deadline AS due_date,
    closed_date,
    is_open,
    is_overdue,
    is_due_within_7_days,
    CASE WHEN NOT is_open THEN NOT is_overdue END AS is_closed_in_time
FROM request

SELECT
    user_id,
    quiz_id,
    started_at,
    completed_at,
    score,
    school_id,
    course_id,
    is_completed,
    CASE WHEN is_completed THEN score >= pass_score END AS is_passed,
    completed_date
FROM attempt

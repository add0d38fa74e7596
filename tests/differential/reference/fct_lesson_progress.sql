SELECT
    user_id,
    lesson_id,
    school_id,
    course_id,
    progress_percentage,
    is_completed,
    time_spent_seconds,
    completed_at,
    completed_date,
    updated_at,
    updated_date
FROM progress

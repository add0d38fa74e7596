WITH happened AS (
    SELECT school_id, course_id, updated_date AS activity_date, 1 AS progress_rows, progress_percentage AS progress_sum, 0 AS completions
    FROM progress WHERE course_id IS NOT NULL
    UNION ALL
    SELECT school_id, course_id, completed_date, 0, 0, 1
    FROM progress WHERE course_id IS NOT NULL AND is_completed AND completed_date IS NOT NULL
)
SELECT
    school_id,
    course_id,
    activity_date,
    sum(progress_rows) AS progress_rows,
    sum(progress_sum) AS progress_sum,
    sum(completions) AS completions
FROM happened
GROUP BY school_id, course_id, activity_date

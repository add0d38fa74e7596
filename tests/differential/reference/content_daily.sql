WITH happened AS (
    SELECT school_id, local_date AS activity_date, 1 AS views, 0 AS progress_rows, 0.0 AS progress_sum,
        0 AS completions, 0 AS attempts_completed, 0.0 AS score_sum
    FROM event WHERE lesson_id IS NOT NULL
    UNION ALL
    SELECT school_id, updated_date, 0, 1, progress_percentage, 0, 0, 0
    FROM progress
    UNION ALL
    SELECT school_id, completed_date, 0, 0, 0, 1, 0, 0
    FROM progress WHERE is_completed AND completed_date IS NOT NULL
    UNION ALL
    SELECT school_id, completed_date, 0, 0, 0, 0, 1, score
    FROM attempt WHERE is_completed
)
SELECT
    school_id,
    activity_date,
    sum(views) AS views,
    sum(progress_rows) AS progress_rows,
    sum(progress_sum) AS progress_sum,
    sum(completions) AS completions,
    sum(attempts_completed) AS attempts_completed,
    sum(score_sum) AS score_sum
FROM happened
GROUP BY school_id, activity_date

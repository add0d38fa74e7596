WITH happened AS (
    SELECT school_id, local_date AS activity_date, 1 AS views, 0 AS completions
    FROM event WHERE lesson_id IS NOT NULL
    UNION ALL
    SELECT school_id, completed_date, 0, 1
    FROM progress WHERE is_completed AND completed_date IS NOT NULL
)
SELECT school_id, activity_date, sum(views) AS views, sum(completions) AS completions
FROM happened
GROUP BY school_id, activity_date

WITH newest AS (
    SELECT course_id, user_id, max(updated_date) AS updated_date FROM progress
    WHERE is_learner AND updated_date <= ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date
    GROUP BY course_id, user_id
),
happened AS (
    SELECT course_id, updated_date AS activity_date, 1 AS progress_rows, progress_percentage AS progress_sum, 0 AS learners, 0 AS completions
    FROM progress
    UNION ALL
    SELECT course_id, updated_date, 0, 0, 1, 0
    FROM newest
    UNION ALL
    SELECT course_id, completed_date, 0, 0, 0, 1
    FROM progress WHERE is_completed AND completed_date IS NOT NULL
)
SELECT
    course_id,
    activity_date,
    sum(progress_rows) AS progress_rows,
    sum(progress_sum) AS progress_sum,
    sum(learners) AS learners_last_updated,
    sum(completions) AS completions
FROM happened
WHERE course_id IS NOT NULL
GROUP BY course_id, activity_date

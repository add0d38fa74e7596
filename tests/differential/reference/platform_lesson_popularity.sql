WITH viewed AS (
    SELECT user_id, is_learner, lesson_id, local_date FROM event
    WHERE lesson_id IS NOT NULL AND local_date > today - 366
),
newest AS (
    SELECT lesson_id, user_id, max(local_date) AS local_date FROM viewed
    WHERE is_learner AND local_date <= ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date
    GROUP BY lesson_id, user_id
)
SELECT
    lesson_id,
    local_date AS activity_date,
    count(*) AS views,
    (SELECT count(*) FROM newest WHERE newest.lesson_id = viewed.lesson_id AND newest.local_date = viewed.local_date)
        AS learners_last_seen
FROM viewed
GROUP BY lesson_id, local_date

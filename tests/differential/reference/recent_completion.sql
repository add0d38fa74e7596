-- The union of the newest ten per school up to its today and up to the UTC date; ties at the tenth place are all listed.
WITH bound AS (
    SELECT school_id, today AS last_date FROM school
    UNION
    SELECT school_id, ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date FROM school
),
placed AS (
    SELECT
        progress.*,
        rank() OVER (PARTITION BY bound.school_id, bound.last_date ORDER BY completed_at DESC) AS place
    FROM progress
    JOIN bound ON bound.school_id = progress.school_id AND completed_date <= bound.last_date
    WHERE is_completed AND completed_at IS NOT NULL
)
SELECT DISTINCT school_id, user_id, lesson_id, completed_at, completed_date FROM placed WHERE place <= 10

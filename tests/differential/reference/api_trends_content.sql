WITH day AS (
    SELECT each_day::date AS day
    FROM (SELECT max(last_date) AS last_date FROM scope) AS window_end
    CROSS JOIN generate_series(last_date - (%(days)s::integer - 1), last_date, interval '1 day') AS each_day
),
viewed AS (
    SELECT event.* FROM event JOIN scope USING (school_id)
    WHERE lesson_id IS NOT NULL AND local_date IN (SELECT day FROM day)
),
most_viewed AS (
    SELECT
        lessons.id,
        lessons.title,
        (SELECT courses.title FROM courses WHERE courses.id = lessons.course_id) AS course,
        count(*) AS views,
        count(DISTINCT viewed.user_id) FILTER (WHERE is_learner) AS learners
    FROM viewed
    JOIN lessons ON lessons.id = viewed.lesson_id
    GROUP BY lessons.id
    ORDER BY views DESC, lessons.title COLLATE "C", lessons.id
    LIMIT 10
),
completed AS (
    SELECT progress.* FROM progress JOIN scope USING (school_id)
    WHERE is_completed AND completed_date IN (SELECT day FROM day)
),
course AS (
    SELECT
        progress.course_id,
        progress.course_title,
        avg(progress.progress_percentage) AS average_completion,
        count(DISTINCT progress.user_id) FILTER (WHERE progress.is_learner) AS learners,
        (SELECT count(*) FROM completed WHERE completed.course_id = progress.course_id) AS completions
    FROM progress
    JOIN scope USING (school_id)
    WHERE progress.course_id IS NOT NULL AND updated_date IN (SELECT day FROM day)
    GROUP BY progress.course_id, progress.course_title
)
SELECT json_build_object(
    'most_viewed', (
        SELECT coalesce(
            json_agg(
                json_build_object('lesson_id', id, 'title', title, 'course', course, 'views', views, 'learners', learners)
                ORDER BY views DESC, title COLLATE "C", id
            ), '[]'
        )
        FROM most_viewed
    ),
    'completion_by_course', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'course_id', course_id,
                    'course', course_title,
                    'average_completion', average_completion,
                    'learners', learners,
                    'completions', completions
                ) ORDER BY course_title COLLATE "C", course_id
            ), '[]'
        )
        FROM course
    ),
    'daily', (
        SELECT json_agg(
            json_build_object(
                'date', day,
                'views', (SELECT count(*) FROM viewed WHERE local_date = day),
                'completions', (SELECT count(*) FROM completed WHERE completed_date = day)
            ) ORDER BY day
        )
        FROM day
    )
) AS data

WITH learner AS (
    SELECT person.* FROM person JOIN scope USING (school_id) WHERE is_learner AND is_active
),
active_learner AS (
    SELECT * FROM learner
    WHERE last_login BETWEEN (SELECT as_of FROM moment) - interval '720 hours' AND (SELECT as_of FROM moment)
),
taught AS (
    SELECT class.course_id FROM class JOIN scope USING (school_id) WHERE class.is_active
)
SELECT json_build_object(
    'students_total', (SELECT count(*) FROM learner),
    'students_active', (SELECT count(*) FROM active_learner),
    'classes_active', (SELECT count(*) FROM class JOIN scope USING (school_id) WHERE is_active),
    'average_completion', (SELECT avg(progress_percentage) FROM progress JOIN scope USING (school_id)),
    'average_quiz_score', (SELECT avg(score) FROM attempt JOIN scope USING (school_id) WHERE is_completed),
    'assignments', json_build_object(
        'quizzes_total', (
            SELECT count(*) FROM quizzes
            WHERE
                (SELECT school_id FROM caller) IS NULL
                OR (SELECT lessons.course_id FROM lessons WHERE lessons.id = quizzes.lesson_id) IN (SELECT course_id FROM taught)
        ),
        'attempts_total', (SELECT count(*) FROM attempt JOIN scope USING (school_id)),
        'attempts_completed', (SELECT count(*) FROM attempt JOIN scope USING (school_id) WHERE is_completed)
    ),
    'engagement_rate',
    (SELECT count(*) FROM active_learner)::double precision / nullif((SELECT count(*) FROM learner), 0),
    'attendance_rate', (
        SELECT count(*) FILTER (WHERE status = 'active')::double precision / nullif(count(*), 0)
        FROM enrollment JOIN scope USING (school_id)
    )
) AS data

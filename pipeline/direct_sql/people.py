"""Figures of one person."""

# Bound besides: user_id. The scope is the person's own school.
STUDENT = """
SELECT json_build_object(
    'student_id', person.user_id,
    'overall_progress', (
        SELECT avg(progress_percentage) FROM progress WHERE progress.user_id = person.user_id
    ),
    'lessons_completed', (
        SELECT count(*) FROM progress WHERE progress.user_id = person.user_id AND is_completed
    ),
    'lessons_total', (SELECT count(*) FROM progress WHERE progress.user_id = person.user_id),
    'xp_total', (
        SELECT coalesce(sum(xp_earned), 0) FROM analytics
        LEFT JOIN lessons ON lessons.id = analytics.lesson_id
        WHERE analytics.user_id = person.user_id AND analytics.created_at <= %(as_of)s
            AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
    )
)
FROM person WHERE user_id = %(user_id)s
"""

ACTIVE_DATES = """
SELECT (
    SELECT coalesce(json_agg(json_build_array(local_date, xp) ORDER BY local_date), '[]')
    FROM (
        SELECT
            (analytics.created_at AT TIME ZONE person.zone)::date AS local_date,
            sum(analytics.xp_earned) AS xp
        FROM analytics
        LEFT JOIN lessons ON lessons.id = analytics.lesson_id
        WHERE analytics.user_id = person.user_id AND analytics.created_at <= %(as_of)s
            AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
        GROUP BY 1
    ) AS days
)
FROM person WHERE user_id = %(user_id)s
"""

EVIDENCE = """
SELECT coalesce(json_agg(json_build_object(
    'course_id', course_id, 'is_correct', score >= pass_score, 'completed_at', completed_at
) ORDER BY completed_at, id), '[]')
FROM (
    SELECT DISTINCT ON (quiz_id) * FROM attempt
    WHERE is_completed AND user_id = %(user_id)s
    ORDER BY quiz_id, completed_at, id
) AS first_attempts
WHERE course_id IS NOT NULL
"""

COURSES = """
SELECT coalesce(json_agg(json_build_object(
    'course_id', courses.id,
    'subject', courses.title,
    'mastery', (
        SELECT avg(progress_percentage) FROM progress
        WHERE progress.user_id = %(user_id)s AND progress.course_id = courses.id
    ),
    'topics_completed', (
        SELECT count(*) FROM progress
        WHERE progress.user_id = %(user_id)s AND progress.course_id = courses.id AND is_completed
    ),
    'topics_total', (SELECT count(*) FROM lessons WHERE lessons.course_id = courses.id)
) ORDER BY courses.title COLLATE "C", courses.id), '[]')
FROM courses
WHERE
    courses.id IN (SELECT course_id FROM progress WHERE user_id = %(user_id)s)
    OR courses.id IN (SELECT course_id FROM attempt WHERE user_id = %(user_id)s AND is_completed)
"""

# Classes of one learner with the figures that the four reasons need.
RISK = """
, mine AS (
    SELECT enrollment.class_id, enrollment.course_id, enrollment.status FROM enrollment
    WHERE enrollment.user_id = %(user_id)s AND is_enrolled AND is_learner
),
classmate AS (
    SELECT
        mine.class_id,
        enrollment.user_id,
        (
            SELECT avg(user_progress.progress_percentage)
            FROM user_progress JOIN lessons ON lessons.id = user_progress.lesson_id
            WHERE user_progress.user_id = enrollment.user_id AND lessons.course_id = mine.course_id
                AND user_progress.updated_at <= %(as_of)s
        ) AS course_progress
    FROM mine
    JOIN enrollment ON enrollment.class_id = mine.class_id AND is_enrolled AND is_learner
),
fence AS (
    SELECT
        class_id,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress) - 1.5 * (
            percentile_cont(0.75) WITHIN GROUP (ORDER BY course_progress)
            - percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress)
        ) AS lowest
    FROM classmate GROUP BY class_id HAVING count(*) >= 8
),
unfinished AS (
    SELECT mine.* FROM mine
    WHERE status <> 'completed' AND NOT (
        EXISTS (SELECT FROM lessons WHERE lessons.course_id = mine.course_id)
        AND NOT EXISTS (
            SELECT FROM lessons
            WHERE lessons.course_id = mine.course_id AND lessons.id NOT IN (
                SELECT progress.lesson_id FROM progress WHERE user_id = %(user_id)s AND is_completed
            )
        )
    )
)
SELECT json_build_object(
    'classes', (SELECT count(*) FROM unfinished),
    'newest_scores', (
        SELECT coalesce(json_agg(score), '[]') FROM (
            SELECT score FROM attempt WHERE user_id = %(user_id)s AND is_completed
            ORDER BY completed_at DESC, id DESC LIMIT 5
        ) AS newest
    ),
    'is_behind', EXISTS (
        SELECT FROM unfinished
        JOIN fence USING (class_id)
        JOIN classmate USING (class_id)
        WHERE classmate.user_id = %(user_id)s AND classmate.course_progress < fence.lowest
    )
)
"""

USER = """
SELECT json_build_object(
    'id', users.id,
    'username', users.username,
    'email', users.email,
    'first_name', users.first_name,
    'last_name', users.last_name,
    'role', users.role,
    'school_id', person.school_id,
    'is_active', users.is_active,
    'last_login', users.last_login,
    'created_at', users.created_at,
    'stats', CASE users.role::text
        WHEN 'TEACHER' THEN json_build_object(
            'total_classes', (SELECT count(*) FROM classes WHERE classes.teacher_id = users.id),
            'total_students', (
                SELECT count(DISTINCT enrollment.user_id) FROM enrollment
                JOIN classes ON classes.id = enrollment.class_id
                WHERE classes.teacher_id = users.id AND is_enrolled AND is_learner
            )
        )
        WHEN 'STUDENT' THEN json_build_object(
            'total_enrollments', (
                SELECT count(*) FROM enrollment WHERE enrollment.user_id = users.id AND is_enrolled
            ),
            'total_xp', (
                SELECT coalesce(sum(xp_earned), 0) FROM analytics
                LEFT JOIN lessons ON lessons.id = analytics.lesson_id
                WHERE analytics.user_id = users.id AND analytics.created_at <= %(as_of)s
                    AND (analytics.lesson_id IS NULL OR lessons.id IS NOT NULL)
            )
        )
    END
)
FROM users JOIN person ON person.user_id = users.id
WHERE users.id = %(user_id)s
"""

WITH wanted_course AS (
    SELECT course_id FROM class WHERE class_id = %(class_id)s
),
row_in_scope AS (
    SELECT * FROM progress
    WHERE
        user_id = %(student_id)s
        AND (%(class_id)s::uuid IS NULL OR course_id IN (SELECT course_id FROM wanted_course))
),
risk AS (
    SELECT * FROM at_risk
    WHERE user_id = %(student_id)s AND (%(class_id)s::uuid IS NULL OR class_id = %(class_id)s)
),
reason AS (
    SELECT 1 AS place, 'never_started' AS reason FROM risk WHERE never_started
    UNION
    SELECT 2, 'inactive' FROM risk WHERE is_inactive
    UNION
    SELECT 3, 'low_accuracy' FROM risk WHERE has_low_accuracy
    UNION
    SELECT 4, 'behind_class' FROM risk WHERE is_behind_class
)
SELECT json_build_object(
    'student_id', person.user_id,
    'overall_progress', (SELECT avg(progress_percentage) FROM row_in_scope),
    'lessons_completed', (SELECT count(*) FROM row_in_scope WHERE is_completed),
    'lessons_total', (SELECT count(*) FROM row_in_scope),
    'xp_total', (SELECT coalesce(sum(xp_earned), 0) FROM event WHERE event.user_id = person.user_id),
    'rank', (
        SELECT rank FROM leaderboard_entry
        WHERE timeframe = 'all' AND scope = 'school' AND leaderboard_entry.user_id = person.user_id
    ),
    'current_streak_days', coalesce((
        SELECT days FROM streak
        WHERE streak.user_id = person.user_id AND last_date IN (person.today, person.today - 1)
    ), 0),
    'longest_streak_days', coalesce((SELECT max(days) FROM streak WHERE streak.user_id = person.user_id), 0),
    'at_risk', json_build_object(
        'is_at_risk', EXISTS (SELECT FROM reason),
        'reasons', (SELECT coalesce(json_agg(reason ORDER BY place), '[]') FROM reason)
    )
) AS data
FROM person
WHERE user_id = %(student_id)s

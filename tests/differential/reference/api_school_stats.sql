SELECT json_build_object(
    'students', (
        SELECT count(*) FROM person WHERE person.school_id = school.school_id AND is_learner AND is_active
    ),
    'teachers', (
        SELECT count(*) FROM person
        WHERE person.school_id = school.school_id AND role = 'TEACHER' AND is_active
    ),
    'classes_active', (SELECT count(*) FROM class WHERE class.school_id = school.school_id AND is_active),
    'active_users_7d', (
        SELECT count(DISTINCT user_id) FROM event
        WHERE event.school_id = school.school_id AND local_date BETWEEN school.today - 6 AND school.today
    ),
    'average_completion', (
        SELECT avg(progress_percentage) FROM progress WHERE progress.school_id = school.school_id
    ),
    'xp_30d', (
        SELECT coalesce(sum(xp_earned), 0) FROM event
        WHERE event.school_id = school.school_id AND local_date BETWEEN school.today - 29 AND school.today
    )
) AS stats
FROM school
WHERE school_id = %(school_id)s

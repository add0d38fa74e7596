SELECT CASE person.role
    WHEN 'TEACHER' THEN json_build_object(
        'total_classes', (SELECT count(*) FROM class WHERE class.teacher_id = person.user_id),
        'total_students', (
            SELECT count(DISTINCT enrollment.user_id) FROM enrollment JOIN class USING (class_id)
            WHERE class.teacher_id = person.user_id AND is_enrolled AND is_learner
        )
    )
    WHEN 'STUDENT' THEN json_build_object(
        'total_enrollments', (
            SELECT count(*) FROM enrollment WHERE enrollment.user_id = person.user_id AND is_enrolled
        ),
        'total_xp', (SELECT coalesce(sum(xp_earned), 0) FROM event WHERE event.user_id = person.user_id)
    )
END AS stats
FROM person
WHERE user_id = %(user_id)s

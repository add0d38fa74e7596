SELECT coalesce(
    json_agg(
        json_build_object(
            'course_id', course_id,
            'subject', courses.title,
            'mastery', mastery,
            'topics_completed', topics_completed,
            'topics_total', topics_total,
            'proficiency', proficiency,
            'knowledge', knowledge,
            'retained', retained,
            'level', level,
            'evidence', evidence
        ) ORDER BY courses.title COLLATE "C", courses.id
    ),
    '[]'
) AS data
FROM mastery
JOIN courses ON courses.id = mastery.course_id
WHERE mastery.user_id = (SELECT user_id FROM caller)

SELECT
    class.class_id,
    class.course_id,
    class.school_id,
    count(enrollment.user_id) AS learners,
    avg(mastery.mastery) AS average_mastery,
    avg(mastery.knowledge) AS average_knowledge,
    count(*) FILTER (WHERE mastery.level = 'beginning') AS beginning_count,
    count(*) FILTER (WHERE mastery.level = 'developing') AS developing_count,
    count(*) FILTER (WHERE mastery.level = 'proficient') AS proficient_count,
    count(*) FILTER (WHERE mastery.level = 'mastered') AS mastered_count,
    count(*) FILTER (
        WHERE enrollment.user_id IS NOT NULL AND coalesce(mastery.level, 'not_enough_data') = 'not_enough_data'
    ) AS not_enough_data_count
FROM class
LEFT JOIN enrollment ON enrollment.class_id = class.class_id AND enrollment.is_enrolled AND enrollment.is_learner
LEFT JOIN mastery ON mastery.user_id = enrollment.user_id AND mastery.course_id = class.course_id
WHERE class.course_id IS NOT NULL
GROUP BY class.class_id, class.course_id, class.school_id

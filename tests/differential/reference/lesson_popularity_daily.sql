SELECT school_id, lesson_id, local_date AS activity_date, count(*) AS views
FROM event
WHERE lesson_id IS NOT NULL AND local_date > today - 366
GROUP BY school_id, lesson_id, local_date

SELECT
    id AS lesson_id,
    (SELECT courses.id FROM courses WHERE courses.id = lessons.course_id) AS course_id,
    title,
    position,
    (SELECT count(*) FROM contents WHERE contents.lesson_id = lessons.id) AS content_count
FROM lessons

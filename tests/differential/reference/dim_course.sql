SELECT
    id AS course_id,
    title,
    subject,
    (SELECT count(*) FROM lessons WHERE lessons.course_id = courses.id) AS lesson_count
FROM courses

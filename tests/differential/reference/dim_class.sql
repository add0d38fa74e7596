SELECT
    class_id,
    school_id,
    course_id,
    teacher_id,
    name,
    is_active,
    (
        SELECT count(*) FROM enrollment
        WHERE enrollment.class_id = class.class_id AND is_enrolled
    ) AS enrolled_count
FROM class

SELECT
    school_id,
    (
        SELECT count(*) FROM person
        WHERE person.school_id = school.school_id AND is_learner AND is_active
    ) AS students_total,
    (
        SELECT count(*) FROM person
        WHERE
            person.school_id = school.school_id AND is_learner AND is_active
            AND last_login >= (SELECT as_of FROM moment) - interval '720 hours'
            AND last_login <= (SELECT as_of FROM moment)
    ) AS students_active,
    (
        SELECT count(*) FROM person
        WHERE person.school_id = school.school_id AND role = 'TEACHER' AND is_active
    ) AS teachers_total,
    (SELECT count(*) FROM class WHERE class.school_id = school.school_id AND is_active) AS classes_active,
    (SELECT count(*) FROM progress WHERE progress.school_id = school.school_id) AS progress_rows,
    (
        SELECT coalesce(sum(progress_percentage), 0) FROM progress WHERE progress.school_id = school.school_id
    ) AS progress_sum,
    (SELECT avg(progress_percentage) FROM progress WHERE progress.school_id = school.school_id)
    AS average_completion,
    (
        SELECT count(*) FROM attempt WHERE attempt.school_id = school.school_id AND is_completed
    ) AS scored_attempts,
    (
        SELECT coalesce(sum(score), 0) FROM attempt
        WHERE attempt.school_id = school.school_id AND is_completed
    ) AS score_sum,
    (
        SELECT avg(score) FROM attempt WHERE attempt.school_id = school.school_id AND is_completed
    ) AS average_quiz_score,
    (
        SELECT count(*) FROM quizzes
        JOIN lessons ON lessons.id = quizzes.lesson_id
        WHERE lessons.course_id IN (
            SELECT class.course_id FROM class WHERE class.school_id = school.school_id AND is_active
        )
    ) AS quizzes_total,
    (SELECT count(*) FROM attempt WHERE attempt.school_id = school.school_id) AS attempts_total,
    (
        SELECT count(*) FROM attempt WHERE attempt.school_id = school.school_id AND is_completed
    ) AS attempts_completed,
    (SELECT count(*) FROM enrollment WHERE enrollment.school_id = school.school_id) AS enrollments_total,
    (
        SELECT count(*) FROM enrollment
        WHERE enrollment.school_id = school.school_id AND status = 'active'
    ) AS enrollments_active,
    (
        SELECT count(*) FILTER (
            WHERE last_login BETWEEN (SELECT as_of FROM moment) - interval '720 hours' AND (SELECT as_of FROM moment)
        )::double precision / nullif(count(*), 0)
        FROM person WHERE person.school_id = school.school_id AND is_learner AND is_active
    ) AS engagement_rate,
    (
        SELECT count(*) FILTER (WHERE status = 'active')::double precision / nullif(count(*), 0)
        FROM enrollment WHERE enrollment.school_id = school.school_id
    ) AS attendance_rate,
    (
        SELECT count(DISTINCT user_id) FROM event
        WHERE event.school_id = school.school_id AND local_date BETWEEN school.today - 6 AND school.today
    ) AS active_users_7d,
    (
        SELECT coalesce(sum(xp_earned), 0) FROM event
        WHERE event.school_id = school.school_id AND local_date BETWEEN school.today - 29 AND school.today
    ) AS xp_30d
FROM school

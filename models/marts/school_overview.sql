MODEL (
  name marts.school_overview,
  kind FULL,
  depends_on (
    marts.dim_school
  ),
  description 'One row per school: everything that the overview shows, with the sums and counts that add up to the figures of the platform.',
  grain school_key,
  audits (
    unique_values(columns := (
      school_key
    )),
    not_null(
      columns := (
        school_key,
        students_total,
        students_active,
        teachers_total,
        classes_active,
        progress_rows,
        progress_sum,
        scored_attempts,
        score_sum,
        quizzes_total,
        attempts_total,
        attempts_completed,
        enrollments_total,
        enrollments_active,
        active_users_7d,
        xp_30d
      )
    ),
    references_dim_school,
    forall(
      criteria := (
        students_active <= students_total,
        attempts_completed <= attempts_total,
        scored_attempts = attempts_completed,
        enrollments_active <= enrollments_total
      )
    )
  ),
  column_descriptions (
    school_key = 'School',
    students_total = 'Learners with an active account',
    students_active = 'Those of them with a login within the 30 x 24 h before as_of',
    teachers_total = 'Teachers with an active account',
    classes_active = 'Classes in use',
    progress_rows = 'Progress rows of the people of the school',
    progress_sum = 'Sum of their progress percentages',
    average_completion = 'progress_sum / progress_rows, 0..100; NULL without rows',
    scored_attempts = 'Completed attempts, whose scores count',
    score_sum = 'Sum of their scores',
    average_quiz_score = 'score_sum / scored_attempts, 0..100; NULL without any',
    quizzes_total = 'Quizzes of the courses that active classes of the school take; the platform counts every quiz once instead of adding these up',
    attempts_total = 'Attempts, completed or not',
    attempts_completed = 'Completed attempts',
    enrollments_total = 'Enrolments in classes of the school, withdrawn ones included',
    enrollments_active = 'Enrolments with the status active',
    engagement_rate = 'students_active / students_total; NULL without students',
    attendance_rate = 'enrollments_active / enrollments_total; NULL without enrolments',
    active_users_7d = 'Distinct users with an event in the last 7 local dates',
    xp_30d = 'Sum of the XP earned in the last 30 local dates'
  )
);

WITH progress AS (
  SELECT
    fct_lesson_progress.school_key,
    COUNT(*) AS progress_rows,
    SUM(fct_lesson_progress.progress_percentage) AS progress_sum
  FROM marts.fct_lesson_progress
  GROUP BY
    fct_lesson_progress.school_key
), attempts AS (
  SELECT
    fct_quiz_attempt.school_key,
    COUNT(*) AS attempts_total,
    COUNT(*) FILTER(WHERE
      fct_quiz_attempt.is_completed) AS attempts_completed,
    SUM(fct_quiz_attempt.score) FILTER(WHERE
      fct_quiz_attempt.is_completed) AS score_sum
  FROM marts.fct_quiz_attempt
  GROUP BY
    fct_quiz_attempt.school_key
), enrollments AS (
  SELECT
    fct_enrollment.school_key,
    COUNT(*) AS enrollments_total,
    COUNT(*) FILTER(WHERE
      fct_enrollment.status = 'active') AS enrollments_active
  FROM marts.fct_enrollment
  GROUP BY
    fct_enrollment.school_key
), windows AS (
  SELECT
    school_window.scope_key AS school_key,
    MAX(CASE WHEN school_window.time_range = 'week' THEN school_window.active_users END) AS active_users_7d,
    MAX(CASE WHEN school_window.time_range = 'month' THEN school_window.xp END) AS xp_30d
  FROM marts.school_window
  WHERE
    school_window.scope = 'school'
  GROUP BY
    school_window.scope_key
)
SELECT
  int_schools.school_key::INT AS school_key,
  COALESCE(accounts.students_total, 0)::INT AS students_total,
  COALESCE(accounts.students_active, 0)::INT AS students_active,
  COALESCE(accounts.teachers_total, 0)::INT AS teachers_total,
  COALESCE(classes.classes_active, 0)::INT AS classes_active,
  COALESCE(progress.progress_rows, 0)::BIGINT AS progress_rows,
  COALESCE(progress.progress_sum, 0)::DECIMAL(18, 2) AS progress_sum,
  CAST(progress.progress_sum::DOUBLE / progress.progress_rows AS DOUBLE) AS average_completion,
  COALESCE(attempts.attempts_completed, 0)::BIGINT AS scored_attempts,
  COALESCE(attempts.score_sum, 0)::DECIMAL(18, 2) AS score_sum,
  CAST(attempts.score_sum::DOUBLE / NULLIF(attempts.attempts_completed, 0) AS DOUBLE) AS average_quiz_score,
  COALESCE(classes.quizzes_total, 0)::INT AS quizzes_total,
  COALESCE(attempts.attempts_total, 0)::BIGINT AS attempts_total,
  COALESCE(attempts.attempts_completed, 0)::BIGINT AS attempts_completed,
  COALESCE(enrollments.enrollments_total, 0)::INT AS enrollments_total,
  COALESCE(enrollments.enrollments_active, 0)::INT AS enrollments_active,
  CAST(accounts.students_active::DOUBLE / NULLIF(accounts.students_total, 0) AS DOUBLE) AS engagement_rate,
  CAST(enrollments.enrollments_active::DOUBLE / enrollments.enrollments_total AS DOUBLE) AS attendance_rate,
  COALESCE(windows.active_users_7d, 0)::INT AS active_users_7d,
  COALESCE(windows.xp_30d, 0)::BIGINT AS xp_30d
FROM intermediate.int_schools
LEFT JOIN intermediate.int_school_accounts AS accounts
  ON accounts.school_key = int_schools.school_key
LEFT JOIN intermediate.int_school_classes AS classes
  ON classes.school_key = int_schools.school_key
LEFT JOIN progress
  ON progress.school_key = int_schools.school_key
LEFT JOIN attempts
  ON attempts.school_key = int_schools.school_key
LEFT JOIN enrollments
  ON enrollments.school_key = int_schools.school_key
LEFT JOIN windows
  ON windows.school_key = int_schools.school_key

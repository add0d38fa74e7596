MODEL (
  name marts.fct_lesson_progress,
  kind INCREMENTAL_UNMANAGED (
    forward_only FALSE
  ),
  table_format iceberg,
  depends_on (
    marts.dim_user,
    marts.dim_school,
    marts.dim_lesson,
    marts.dim_course,
    staging.stg_build_people
  ),
  description 'One row per user and lesson with a progress row, of known users and lessons.',
  grain (user_key, lesson_key),
  audits (
    unique_by_blocks(keys := (
      user_key
    ), number := lesson_key),
    not_null(
      columns := (
        user_key,
        lesson_key,
        school_key,
        progress_percentage,
        is_completed,
        time_spent_seconds,
        updated_at,
        updated_date
      )
    ),
    school_is_that_of_the_user,
    references_dim_lesson,
    references_dim_course,
    forall(criteria := (
      completed_at IS NULL OR NOT completed_date IS NULL
    ))
  ),
  column_descriptions (
    user_key = 'Key of the person, any role',
    lesson_key = 'Lesson',
    school_key = 'School of the person',
    course_key = 'Course of the lesson',
    progress_percentage = 'Progress 0..100',
    is_completed = 'Whether the progress has reached 100',
    time_spent_seconds = 'Time spent on the lesson',
    completed_at = 'When the lesson was completed (UTC), as the source says',
    completed_date = 'Local date of completed_at',
    updated_at = 'When the row last changed (UTC)',
    updated_date = 'Local date of updated_at'
  )
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model AS progress
  WHERE
    progress.user_key IN (
      SELECT
        build_person.user_key
      FROM staging.stg_build_people AS build_person
    )
);

SELECT
  stg_user_progress.user_key::INT AS user_key,
  stg_user_progress.lesson_key::INT AS lesson_key,
  int_users.school_key::INT AS school_key,
  int_lessons.course_key::INT AS course_key,
  stg_user_progress.progress_percentage::DECIMAL(5, 2) AS progress_percentage,
  CAST(stg_user_progress.progress_percentage >= @completed_percentage AS BOOLEAN) AS is_completed,
  stg_user_progress.time_spent_seconds::INT AS time_spent_seconds,
  stg_user_progress.completed_at::TIMESTAMP AS completed_at,
  @local_date(stg_user_progress.completed_at, completed_day) AS completed_date,
  stg_user_progress.updated_at::TIMESTAMP AS updated_at,
  @local_date(stg_user_progress.updated_at, updated_day) AS updated_date
FROM staging.stg_user_progress
INNER JOIN staging.stg_build_people /* the people to build, each once */
  ON stg_build_people.user_key = stg_user_progress.user_key
INNER JOIN intermediate.int_users /* drops orphans of users */
  ON int_users.user_key = stg_user_progress.user_key
INNER JOIN intermediate.int_lessons /* drops orphans of lessons */
  ON int_lessons.lesson_key = stg_user_progress.lesson_key
LEFT JOIN staging.stg_zone_days AS updated_day
  ON updated_day.zone = int_users.zone
  AND updated_day.utc_date = stg_user_progress.updated_at::DATE
LEFT JOIN staging.stg_zone_days AS completed_day
  ON completed_day.zone = int_users.zone
  AND completed_day.utc_date = stg_user_progress.completed_at::DATE

MODEL (
  name marts.learner_at_risk,
  kind FULL,
  depends_on (marts.dim_class, marts.dim_school),
  description 'One row per class and enrolled learner who has not completed the course of the class, at risk or not, with every reason.',
  grain (class_key, user_key),
  audits (
    unique_combination_of_columns(columns := (class_key, user_key)),
    not_null(
      columns := (
        class_key,
        user_key,
        school_key,
        is_at_risk,
        never_started,
        is_inactive,
        has_low_accuracy,
        is_behind_class,
        reason_count
      )
    ),
    references_dim_class,
    references_dim_user,
    references_dim_school,
    forall(
      criteria := (is_at_risk = (
          reason_count > 0
      ), NOT never_started OR is_inactive)
    )
  ),
  column_descriptions (
    class_key = 'Class',
    user_key = 'Key of the learner',
    school_key = 'School of the class',
    is_at_risk = 'Whether there is at least one reason',
    never_started = 'Reason: no event ever',
    is_inactive = 'Reason: no event in the last 7 local dates',
    has_low_accuracy = 'Reason: mean score of the last 5 completed attempts below 50, with at least 3 of them',
    is_behind_class = 'Reason: course progress below the first quartile of the class minus 1.5 times its interquartile range, in a class of at least 8',
    reason_count = 'Number of reasons',
    course_progress = 'Mean progress percentage in the course, 0..100; NULL without progress rows',
    recent_score = 'Mean score of the last 5 completed attempts, or of fewer when there are fewer; NULL without any'
  )
);

WITH class_quartiles AS (
  SELECT
    int_class_learners.class_key,
    COUNT(*) AS learners,
    @quantile(int_class_learners.course_progress, 0.25) AS first_quartile,
    @quantile(int_class_learners.course_progress, 0.75) AS third_quartile
  FROM intermediate.int_class_learners
  GROUP BY
    int_class_learners.class_key
), reasons AS (
  SELECT
    int_class_learners.class_key,
    int_class_learners.user_key,
    int_class_learners.school_key,
    int_class_learners.course_progress,
    int_recent_scores.score_sum::DOUBLE / int_recent_scores.attempt_count AS recent_score,
    dim_user.first_active_date IS NULL AS never_started,
    COALESCE(
      learner_streaks.last_active_date <= int_users.today_date - @at_risk_inactive_days,
      TRUE
    ) AS is_inactive,
    COALESCE(
      int_recent_scores.attempt_count >= @at_risk_minimum_attempts
      AND int_recent_scores.score_sum < @at_risk_minimum_score * int_recent_scores.attempt_count,
      FALSE
    ) AS has_low_accuracy,
    COALESCE(
      class_quartiles.learners >= @at_risk_minimum_class_size
      AND int_class_learners.course_progress < class_quartiles.first_quartile - @at_risk_iqr_factor * (
        class_quartiles.third_quartile - class_quartiles.first_quartile
      ),
      FALSE
    ) AS is_behind_class
  FROM intermediate.int_class_learners
  LEFT JOIN intermediate.int_users
    ON int_users.user_key = int_class_learners.user_key
  LEFT JOIN marts.dim_user
    ON dim_user.user_key = int_class_learners.user_key
  LEFT JOIN marts.learner_streaks
    ON learner_streaks.user_key = int_class_learners.user_key
  LEFT JOIN intermediate.int_recent_scores
    ON int_recent_scores.user_key = int_class_learners.user_key
  LEFT JOIN class_quartiles
    ON class_quartiles.class_key = int_class_learners.class_key
  WHERE
    NOT int_class_learners.has_completed_course
), counted_reasons AS (
  SELECT
    reasons.class_key,
    reasons.user_key,
    reasons.school_key,
    reasons.never_started,
    reasons.is_inactive,
    reasons.has_low_accuracy,
    reasons.is_behind_class,
    reasons.never_started::INT + reasons.is_inactive::INT + reasons.has_low_accuracy::INT + reasons.is_behind_class::INT AS reason_count,
    reasons.course_progress,
    reasons.recent_score
  FROM reasons
)
SELECT
  counted_reasons.class_key::INT AS class_key,
  counted_reasons.user_key::INT AS user_key,
  counted_reasons.school_key::INT AS school_key,
  CAST(counted_reasons.reason_count > 0 AS BOOLEAN) AS is_at_risk,
  counted_reasons.never_started::BOOLEAN AS never_started,
  counted_reasons.is_inactive::BOOLEAN AS is_inactive,
  counted_reasons.has_low_accuracy::BOOLEAN AS has_low_accuracy,
  counted_reasons.is_behind_class::BOOLEAN AS is_behind_class,
  counted_reasons.reason_count::INT AS reason_count,
  counted_reasons.course_progress::DOUBLE AS course_progress,
  counted_reasons.recent_score::DOUBLE AS recent_score
FROM counted_reasons

MODEL (
  name marts.learner_streaks,
  kind FULL,
  depends_on (marts.dim_user, marts.dim_school),
  description 'One row per learner, active ever or not.',
  grain user_key,
  audits (
    unique_values(columns := (
      user_key
    )),
    not_null(columns := (user_key, school_key, current_streak_days, longest_streak_days)),
    references_dim_user,
    references_dim_school,
    forall(criteria := (
      current_streak_days BETWEEN 0 AND longest_streak_days
    ))
  ),
  column_descriptions (
    user_key = 'Key of the learner',
    school_key = 'School of the learner',
    current_streak_days = 'Length of the run of active local dates that ends today or yesterday, else 0',
    longest_streak_days = 'Length of the longest run of active local dates ever',
    last_active_date = 'Last local date with an event, NULL without any'
  )
);

WITH runs AS (
  SELECT
    int_activity_spans.user_key,
    int_activity_spans.end_date,
    DATE_DIFF('DAY', int_activity_spans.start_date, int_activity_spans.end_date) + 1 AS run_days
  FROM intermediate.int_activity_spans
)
SELECT
  int_users.user_key::INT AS user_key,
  int_users.school_key::INT AS school_key,
  COALESCE(MAX(runs.run_days) FILTER(WHERE
    runs.end_date >= int_users.today_date - 1), 0)::INT AS current_streak_days,
  COALESCE(MAX(runs.run_days), 0)::INT AS longest_streak_days,
  MAX(runs.end_date)::DATE AS last_active_date
FROM intermediate.int_users
LEFT JOIN runs
  ON runs.user_key = int_users.user_key
WHERE
  int_users.is_learner
GROUP BY
  int_users.user_key,
  int_users.school_key

MODEL (
  name intermediate.int_school_accounts,
  kind VIEW,
  description 'One row per school with people: its active accounts.',
  grain school_key
);

SELECT
  int_users.school_key::INT AS school_key,
  COUNT(*) FILTER(WHERE
    int_users.is_learner)::INT AS students_total,
  COUNT(*) FILTER(WHERE
    int_users.is_learner
    AND int_users.last_login_at >= stg_batch.as_of - @login_active_days * INTERVAL '24' HOUR
    AND int_users.last_login_at <= stg_batch.as_of)::INT AS students_active,
  COUNT(*) FILTER(WHERE
    int_users.role = 'TEACHER')::INT AS teachers_total
FROM intermediate.int_users
CROSS JOIN staging.stg_batch
WHERE
  int_users.is_active
GROUP BY
  int_users.school_key

MODEL (
  name staging.stg_users,
  kind VIEW,
  description 'People as the source has them. Names and addresses stop here; id and birth date stop in intermediate.'
);

SELECT
  users.user_key::INT AS user_key,
  users.id::UUID AS user_id,
  users.school_key::INT AS school_key,
  users.role::TEXT AS role,
  users.is_active::BOOLEAN AS is_active,
  users.birth_date::DATE AS birth_date,
  users.leaderboard_opt_out::BOOLEAN AS leaderboard_opt_out,
  users.last_login::TIMESTAMP AS last_login_at,
  users.created_at::TIMESTAMP AS created_at
FROM raw.users

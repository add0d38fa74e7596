MODEL (
  name staging.stg_build_days,
  kind VIEW,
  description 'The users and local dates that the incremental models build in this run (written by pipeline/build_scope.py).'
);

SELECT
  build_days.user_key::INT AS user_key,
  build_days.local_date::DATE AS activity_date
FROM build.build_days

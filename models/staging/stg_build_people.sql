MODEL (
  name staging.stg_build_people,
  kind VIEW,
  description 'The users whose progress and attempts the incremental models build in this run (written by pipeline/build_scope.py).'
);

SELECT
  build_people.user_key::INT AS user_key
FROM build.build_people

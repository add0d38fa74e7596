MODEL (
  name staging.stg_build_dates,
  kind VIEW,
  description 'The local dates that each incremental model builds in this run (written by pipeline/build.py).'
);

SELECT
  build_dates.model_name::TEXT AS model_name,
  build_dates.local_date::DATE AS activity_date
FROM build.build_dates

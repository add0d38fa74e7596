MODEL (
  name staging.stg_zone_days,
  kind VIEW,
  description 'Offset from UTC of every used zone on every UTC date, with the change within the date.'
);

SELECT
  zone_days.zone::TEXT AS zone,
  zone_days.utc_date::DATE AS utc_date,
  zone_days.offset_seconds::INT AS offset_seconds,
  zone_days.changes_at::TIMESTAMP AS changes_at,
  zone_days.offset_after_seconds::INT AS offset_after_seconds
FROM raw.zone_days

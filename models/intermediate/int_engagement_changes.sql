MODEL (
  name intermediate.int_engagement_changes,
  kind VIEW,
  description 'One row per school and date on which the number of users in a measure changes: those who enter minus those who leave.',
  grain (school_key, change_date)
);

WITH changes AS (
  SELECT
    int_engagement_intervals.school_key,
    int_engagement_intervals.measure,
    int_engagement_intervals.from_date AS change_date,
    COUNT(*) AS change
  FROM intermediate.int_engagement_intervals
  GROUP BY
    int_engagement_intervals.school_key,
    int_engagement_intervals.measure,
    int_engagement_intervals.from_date
  UNION ALL
  SELECT
    int_engagement_intervals.school_key,
    int_engagement_intervals.measure,
    int_engagement_intervals.to_date,
    -COUNT(*)
  FROM intermediate.int_engagement_intervals
  GROUP BY
    int_engagement_intervals.school_key,
    int_engagement_intervals.measure,
    int_engagement_intervals.to_date
)
SELECT
  changes.school_key::INT AS school_key,
  changes.change_date::DATE AS change_date,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'wau'), 0)::INT AS wau_change,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'mau'), 0)::INT AS mau_change,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'new'), 0)::INT AS new_change,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'returning'), 0)::INT AS returning_change,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'resurrected'), 0)::INT AS resurrected_change,
  COALESCE(SUM(changes.change) FILTER(WHERE
    changes.measure = 'dormant'), 0)::INT AS dormant_change
FROM changes
GROUP BY
  changes.school_key,
  changes.change_date

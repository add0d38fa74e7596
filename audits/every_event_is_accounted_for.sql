AUDIT (
  name every_event_is_accounted_for
);

WITH raw_events AS (
  SELECT
    COUNT(*) AS raw_count,
    COUNT(*) FILTER(WHERE
      analytics.created_at > stg_batch.as_of) AS future_count,
    COUNT(*) FILTER(WHERE
      analytics.created_at <= stg_batch.as_of
      AND (
        users.user_key IS NULL
        OR (
          NOT analytics.lesson_key IS NULL AND lessons.lesson_key IS NULL
        )
      )) AS orphan_count
  FROM raw.analytics
  CROSS JOIN staging.stg_batch
  LEFT JOIN raw.users
    ON users.user_key = analytics.user_key
  LEFT JOIN raw.lessons
    ON lessons.lesson_key = analytics.lesson_key
), fact_events AS (
  SELECT
    COALESCE(SUM(fact.event_count), 0) AS fact_count
  FROM @this_model AS fact
)
/* facts + orphans + rows after as_of = raw: nothing is lost or counted twice */
SELECT
  raw_events.raw_count,
  raw_events.future_count,
  raw_events.orphan_count,
  fact_events.fact_count
FROM raw_events
CROSS JOIN fact_events
WHERE
  raw_events.raw_count <> raw_events.future_count + raw_events.orphan_count + fact_events.fact_count

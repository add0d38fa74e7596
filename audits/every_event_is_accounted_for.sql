AUDIT (
  name every_event_is_accounted_for
);

/* Facts + orphans + rows after as_of = raw, in events and in XP, local date by local date: nothing is lost
   or counted twice. Of the rows of raw, those that are neither in the future nor orphans have to be the
   facts. They are found from raw itself, without the views that the facts come from. */
WITH lessons AS (
  /* an event without a lesson misses none; as a key of its own, for an inner join with few keys costs a third of an outer one */
  SELECT
    lessons.lesson_key
  FROM raw.lessons
  UNION ALL
  SELECT
    -1
), ledger AS (
  SELECT
    analytics.local_date AS activity_date,
    COUNT(*) AS event_count,
    SUM(analytics.xp_earned) AS xp
  FROM raw.analytics
  INNER JOIN raw.users
    ON users.user_key = analytics.user_key
  INNER JOIN lessons
    ON lessons.lesson_key = COALESCE(analytics.lesson_key, -1)
  WHERE
    @until_as_of(analytics.created_at)
  GROUP BY
    analytics.local_date
), facts AS (
  SELECT
    fact.activity_date,
    SUM(fact.event_count) AS event_count,
    SUM(fact.xp) AS xp
  FROM @this_model AS fact
  GROUP BY
    fact.activity_date
)
SELECT
  COALESCE(ledger.activity_date, facts.activity_date) AS activity_date
FROM ledger
FULL OUTER JOIN facts
  ON facts.activity_date = ledger.activity_date
WHERE
  ledger.event_count IS NULL
  OR facts.event_count IS NULL
  OR ledger.event_count <> facts.event_count
  OR ledger.xp IS NULL
  OR facts.xp IS NULL
  OR ledger.xp <> facts.xp

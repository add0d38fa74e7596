AUDIT (
  name xp_equals_the_ledger
);

WITH ledger AS (
  SELECT
    int_events.activity_date,
    SUM(int_events.xp_earned) AS xp
  FROM intermediate.int_events
  GROUP BY
    int_events.activity_date
), facts AS (
  SELECT
    fact.activity_date,
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
  ledger.xp IS NULL OR facts.xp IS NULL OR ledger.xp <> facts.xp

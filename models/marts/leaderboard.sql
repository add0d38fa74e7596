MODEL (
  name marts.leaderboard,
  kind FULL,
  depends_on (marts.dim_user, marts.fct_user_day, marts.dim_school),
  description 'One row per timeframe, scope and participant; ranks are within the scope, and who does not take part leaves no gap.',
  grain (timeframe, scope, scope_key, user_key),
  audits (
    unique_combination_of_columns(columns := (timeframe, scope, scope_key, user_key)),
    unique_by_blocks(keys := (timeframe, scope, scope_key), number := position),
    not_null(
      columns := (
        timeframe,
        scope,
        scope_key,
        user_key,
        xp,
        rank,
        dense_rank,
        position,
        participants
      )
    ),
    accepted_values("column" := timeframe, is_in := ('day', 'week', 'month', 'year', 'all')),
    accepted_values("column" := scope, is_in := ('global', 'school', 'class')),
    references_dim_user,
    forall(
      criteria := (
        xp > 0,
        dense_rank <= rank,
        rank <= position,
        position <= participants,
        percentile IS NULL OR percentile BETWEEN 0 AND 100,
        (
          xp_to_next_rank IS NULL
        ) = (
          rank = 1
        )
      )
    ),
    leaderboard_equals_the_ledger
  ),
  column_descriptions (
    timeframe = 'day, week, month, year (1, 7, 30, 365 dates that end on the today of the school of the learner) or all',
    scope = 'global, school or class',
    scope_key = 'Key of the school or class; 0 for global',
    user_key = 'Key of the participant',
    xp = 'XP in the window, above 0',
    rank = 'Standard competition rank: 1, 2, 2, 4',
    dense_rank = 'Rank without gaps: 1, 2, 2, 3',
    position = 'Unique place: by XP, then who reached it first, then the id of the person',
    percentile = 'Share of the other participants with strictly less XP, times 100; NULL with one participant',
    xp_to_next_rank = 'XP of the next better rank minus own XP; NULL for rank 1',
    participants = 'Participants of the timeframe and scope'
  )
);

WITH entries AS (
  SELECT
    int_leaderboard_entries.timeframe,
    int_leaderboard_entries.scope,
    int_leaderboard_entries.scope_key,
    int_leaderboard_entries.user_key,
    int_leaderboard_entries.xp,
    ROW_NUMBER() OVER (
      PARTITION BY int_leaderboard_entries.timeframe, int_leaderboard_entries.scope, int_leaderboard_entries.scope_key
      ORDER BY int_leaderboard_entries.xp DESC, int_leaderboard_entries.last_xp_at, int_leaderboard_entries.tie_order
    ) AS position
  FROM intermediate.int_leaderboard_entries
), ties AS (
  SELECT
    entries.timeframe,
    entries.scope,
    entries.scope_key,
    entries.xp,
    COUNT(*) AS tie_count,
    MIN(entries.position) AS rank
  FROM entries
  GROUP BY
    entries.timeframe,
    entries.scope,
    entries.scope_key,
    entries.xp
), ranks AS (
  SELECT
    ties.timeframe,
    ties.scope,
    ties.scope_key,
    ties.xp,
    ties.tie_count,
    ties.rank,
    ROW_NUMBER() OVER (PARTITION BY ties.timeframe, ties.scope, ties.scope_key ORDER BY ties.xp DESC) AS dense_rank,
    LAG(ties.xp) OVER (PARTITION BY ties.timeframe, ties.scope, ties.scope_key ORDER BY ties.xp DESC) AS next_xp,
    SUM(ties.tie_count) OVER (PARTITION BY ties.timeframe, ties.scope, ties.scope_key) AS participants
  FROM ties
)
SELECT
  entries.timeframe::TEXT AS timeframe,
  entries.scope::TEXT AS scope,
  entries.scope_key::INT AS scope_key,
  entries.user_key::INT AS user_key,
  entries.xp::BIGINT AS xp,
  ranks.rank::INT AS rank,
  ranks.dense_rank::INT AS dense_rank,
  entries.position::INT AS "position",
  CAST(100 * CAST(ranks.participants - ranks.rank - ranks.tie_count + 1 AS DOUBLE) / NULLIF(ranks.participants - 1, 0) AS DOUBLE) AS percentile,
  CAST(ranks.next_xp - entries.xp AS BIGINT) AS xp_to_next_rank,
  ranks.participants::INT AS participants
FROM entries
INNER JOIN ranks /* every entry has its tie group */
  ON ranks.timeframe = entries.timeframe
  AND ranks.scope = entries.scope
  AND ranks.scope_key = entries.scope_key
  AND ranks.xp = entries.xp

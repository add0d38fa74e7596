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

WITH places AS (
  SELECT
    int_leaderboard_entries.timeframe,
    int_leaderboard_entries.scope,
    int_leaderboard_entries.scope_key,
    int_leaderboard_entries.user_key,
    int_leaderboard_entries.xp,
    ROW_NUMBER() OVER (
      PARTITION BY int_leaderboard_entries.board_key
      ORDER BY int_leaderboard_entries.step, int_leaderboard_entries.place
    ) AS position,
    RANK() OVER by_xp AS rank,
    DENSE_RANK() OVER by_xp AS dense_rank,
    COUNT(*) OVER by_xp AS not_below_count, /* whoever has as much XP included */
    MIN(int_leaderboard_entries.xp) OVER (
      PARTITION BY int_leaderboard_entries.board_key
      ORDER BY int_leaderboard_entries.step
      RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS next_xp,
    COUNT(*) OVER (PARTITION BY int_leaderboard_entries.board_key) AS participants
  FROM intermediate.int_leaderboard_entries
  WINDOW by_xp AS (
    PARTITION BY int_leaderboard_entries.board_key
    ORDER BY int_leaderboard_entries.step
  )
)
SELECT
  places.timeframe::TEXT AS timeframe,
  places.scope::TEXT AS scope,
  places.scope_key::INT AS scope_key,
  places.user_key::INT AS user_key,
  places.xp::BIGINT AS xp,
  places.rank::INT AS rank,
  places.dense_rank::INT AS dense_rank,
  places.position::INT AS "position",
  CAST(100 * CAST(places.participants - places.not_below_count AS DOUBLE) / NULLIF(places.participants - 1, 0) AS DOUBLE) AS percentile,
  CAST(places.next_xp - places.xp AS BIGINT) AS xp_to_next_rank,
  places.participants::INT AS participants
FROM places

SELECT
    timeframe, scope, scope_id, user_id, xp, rank, dense_rank, position, percentile, xp_to_next_rank, participants
FROM leaderboard_entry

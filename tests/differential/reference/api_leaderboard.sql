WITH board AS (
    SELECT leaderboard_entry.*, shown.name, shown.shown_id FROM leaderboard_entry
    JOIN shown USING (user_id)
    WHERE
        timeframe = %(timeframe)s AND scope = %(scope)s
        AND scope_id = coalesce(%(class_id)s, (SELECT school_id FROM caller), 'global')
),
me AS (
    SELECT * FROM board WHERE user_id = (SELECT user_id FROM caller)
),
first_shown AS (
    SELECT CASE WHEN %(around_me)s AND EXISTS (SELECT FROM me) THEN greatest(
        1, least((SELECT position FROM me) - %(limit)s::integer / 2, (SELECT count(*) FROM board) - %(limit)s + 1)
    ) ELSE 1 END AS position
)
SELECT json_build_object(
    'timeframe', %(timeframe)s::text,
    'from', (
        SELECT max(last_date) - CASE %(timeframe)s WHEN 'day' THEN 0 WHEN 'week' THEN 6 WHEN 'month' THEN 29 END FROM scope
    ),
    'to', (SELECT max(last_date) FROM scope),
    'entries', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'rank', rank,
                    'dense_rank', dense_rank,
                    'position', position,
                    'user_id', shown_id,
                    'name', name,
                    'xp', xp,
                    'is_current_user', user_id = (SELECT user_id FROM caller)
                ) ORDER BY position
            ), '[]'
        )
        FROM board
        WHERE position >= (SELECT position FROM first_shown) AND position < (SELECT position FROM first_shown) + %(limit)s
    ),
    'current_user', (
        SELECT json_build_object('rank', rank, 'xp', xp, 'percentile', percentile, 'xp_to_next_rank', xp_to_next_rank)
        FROM me
    ),
    'participants_total', (SELECT count(*) FROM board)
) AS data

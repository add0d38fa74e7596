WITH compared AS (
    SELECT
        user_id,
        school_id,
        coalesce((SELECT sum(xp_earned) FROM event WHERE event.user_id = person.user_id), 0) AS ledger_xp,
        coalesce((SELECT total_xp FROM leaderboard WHERE leaderboard.user_id = person.user_id), 0) AS platform_xp
    FROM person
    WHERE is_learner
)
SELECT compared.*, platform_xp - ledger_xp AS difference FROM compared WHERE ledger_xp <> platform_xp

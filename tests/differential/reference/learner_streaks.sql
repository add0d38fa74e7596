SELECT
    user_id,
    school_id,
    coalesce((
        SELECT days FROM streak
        WHERE streak.user_id = person.user_id AND last_date IN (person.today, person.today - 1)
    ), 0) AS current_streak_days,
    coalesce((SELECT max(days) FROM streak WHERE streak.user_id = person.user_id), 0) AS longest_streak_days,
    (SELECT max(last_date) FROM streak WHERE streak.user_id = person.user_id) AS last_active_date
FROM person
WHERE is_learner

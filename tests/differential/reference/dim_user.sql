SELECT
    user_id,
    role,
    school_id,
    is_active,
    is_learner,
    user_id IN (SELECT participant.user_id FROM participant) AS is_leaderboard_participant,
    (SELECT min(event.local_date) FROM event WHERE event.user_id = person.user_id) AS first_active_date
FROM person

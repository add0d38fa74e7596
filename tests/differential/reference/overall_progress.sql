SELECT user_id, avg(progress_percentage) AS overall_progress FROM progress WHERE is_learner GROUP BY user_id

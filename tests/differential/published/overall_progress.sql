SELECT user_key, SUM(progress_percentage) / COUNT(*) AS overall_progress
FROM fct_lesson_progress JOIN dim_user USING (user_key)
WHERE is_learner
GROUP BY user_key

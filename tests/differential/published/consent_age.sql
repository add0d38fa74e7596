SELECT user_key, is_below_consent_age FROM dim_user WHERE is_learner

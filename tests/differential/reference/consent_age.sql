SELECT user_id, is_below_consent_age FROM learner_age

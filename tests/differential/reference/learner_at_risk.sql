SELECT
    class_id,
    user_id,
    school_id,
    never_started OR is_inactive OR has_low_accuracy OR is_behind_class AS is_at_risk,
    never_started,
    is_inactive,
    has_low_accuracy,
    is_behind_class,
    never_started::integer + is_inactive::integer + has_low_accuracy::integer + is_behind_class::integer
    AS reason_count,
    course_progress,
    recent_score
FROM at_risk

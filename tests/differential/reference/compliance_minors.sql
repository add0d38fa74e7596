SELECT
    school_id,
    count(*) AS learners_total,
    count(*) FILTER (WHERE is_without_parental_consent) AS without_parental_consent
FROM minor
GROUP BY school_id

-- The mart splits the school's learners by age band.
SELECT
    school_key,
    SUM(learners_total) AS learners_total,
    SUM(without_parental_consent) AS without_parental_consent
FROM compliance_minors
GROUP BY school_key
HAVING SUM(learners_total) > 0

SELECT
    purpose.purpose,
    person.school_id,
    count(*) AS users_total,
    count(newest_consent.user_id) AS users_consented,
    count(newest_consent.user_id)::double precision / count(*) AS coverage
FROM (SELECT DISTINCT purpose FROM newest_consent) AS purpose
CROSS JOIN person
LEFT JOIN newest_consent
    ON newest_consent.user_id = person.user_id
    AND newest_consent.purpose = purpose.purpose
    AND NOT newest_consent.is_withdrawn
WHERE person.is_active
GROUP BY purpose.purpose, person.school_id

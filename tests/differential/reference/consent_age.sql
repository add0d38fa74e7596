-- Age: completed years on the school's today; 29 February counts as 1 March in common years (make_date would fail, so the
-- comparison is by month and day). An unknown birth date is a child, an unknown country has the limit of the default row.
SELECT
    person.user_id,
    person.birth_date IS NULL
    OR extract(year FROM person.today) - extract(year FROM person.birth_date)
    - CASE WHEN to_char(person.today, 'MMDD') < to_char(person.birth_date, 'MMDD') THEN 1 ELSE 0 END
    < coalesce(
        (
            SELECT consent_age_seed.age FROM consent_age_seed
            WHERE consent_age_seed.country = person.country AND consent_age_seed.valid_from <= person.today
            ORDER BY consent_age_seed.valid_from DESC LIMIT 1
        ),
        16
    ) AS is_below_consent_age
FROM person
WHERE is_learner

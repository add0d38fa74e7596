WITH cohort AS (
    SELECT user_id, school_id, today, date_trunc('week', min(local_date))::date AS cohort_week
    FROM event
    WHERE is_learner
    GROUP BY user_id, school_id, today
),
cell AS (
    SELECT
        cohorts.*,
        week_number,
        cohort_week + 7 * week_number AS week_start,
        cohort_week + 7 * week_number + 7 <= today AS has_ended
    FROM (
        SELECT school_id, cohort_week, today, count(*) AS cohort_size
        FROM cohort GROUP BY school_id, cohort_week, today
    ) AS cohorts
    CROSS JOIN LATERAL generate_series(0, (today - cohort_week) / 7) AS week_number
),
counted AS (
    SELECT
        cell.*,
        (
            SELECT count(DISTINCT cohort.user_id)
            FROM cohort JOIN event ON event.user_id = cohort.user_id
            WHERE
                cohort.school_id = cell.school_id AND cohort.cohort_week = cell.cohort_week
                AND event.local_date BETWEEN cell.week_start AND cell.week_start + 6
        ) AS active
    FROM cell
)
SELECT
    school_id,
    cohort_week,
    week_number,
    cohort_size,
    CASE WHEN has_ended THEN active END AS active_learners,
    CASE WHEN has_ended THEN active::double precision / cohort_size END AS retention_rate
FROM counted

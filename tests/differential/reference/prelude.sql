-- The vocabulary of metrics.md ("Time" and "People") as temporary tables of one session. The only input is moment.as_of.
-- Nothing here is meant to be fast; everything is meant to be read beside metrics.md.

CREATE TEMP TABLE known_zone AS
SELECT name FROM pg_timezone_names;

CREATE TEMP TABLE school AS
SELECT
    id::text AS school_id,
    code,
    name,
    country::text AS country,
    timezone,
    CASE WHEN timezone IN (SELECT name FROM known_zone) THEN timezone ELSE 'UTC' END AS zone,
    is_active,
    created_at
FROM schools
UNION ALL
SELECT 'unassigned', 'unassigned', 'Unassigned', NULL, 'UTC', 'UTC', true, NULL;

ALTER TABLE school ADD COLUMN today date;
UPDATE school SET today = ((SELECT as_of FROM moment) AT TIME ZONE zone)::date;

CREATE TEMP TABLE person AS
SELECT
    users.id AS user_id,
    users.role::text AS role,
    users.role = 'STUDENT' AS is_learner,
    users.is_active,
    users.leaderboard_opt_out,
    users.birth_date,
    users.last_login,
    school.school_id,
    school.zone,
    school.country,
    school.today
FROM users
JOIN school ON school.school_id = coalesce(
    (SELECT schools.id::text FROM schools WHERE schools.id = users.school_id), 'unassigned'
);

-- Events of known users on known lessons (or on none) that happened by as_of.
CREATE TEMP TABLE event AS
SELECT
    analytics.id,
    analytics.user_id,
    analytics.event_type,
    analytics.lesson_id,
    analytics.xp_earned,
    analytics.created_at,
    (analytics.created_at AT TIME ZONE person.zone)::date AS local_date,
    person.school_id,
    person.is_learner,
    person.today
FROM analytics
JOIN person ON person.user_id = analytics.user_id
WHERE
    analytics.created_at <= (SELECT as_of FROM moment)
    AND (analytics.lesson_id IS NULL OR analytics.lesson_id IN (SELECT id FROM lessons));

CREATE TEMP TABLE progress AS
SELECT
    user_progress.user_id,
    user_progress.lesson_id,
    lessons.title AS lesson_title,
    courses.id AS course_id,
    courses.title AS course_title,
    user_progress.progress_percentage,
    user_progress.progress_percentage >= 100 AS is_completed,
    user_progress.time_spent_seconds,
    user_progress.completed_at,
    (user_progress.completed_at AT TIME ZONE person.zone)::date AS completed_date,
    user_progress.updated_at,
    (user_progress.updated_at AT TIME ZONE person.zone)::date AS updated_date,
    person.school_id,
    person.is_learner,
    person.today
FROM user_progress
JOIN person ON person.user_id = user_progress.user_id
JOIN lessons ON lessons.id = user_progress.lesson_id
LEFT JOIN courses ON courses.id = lessons.course_id
WHERE user_progress.updated_at <= (SELECT as_of FROM moment);

CREATE TEMP TABLE attempt AS
SELECT
    quiz_attempts.id,
    quiz_attempts.user_id,
    quiz_attempts.quiz_id,
    courses.id AS course_id,
    quiz_attempts.score,
    coalesce(quizzes.pass_score, 70) AS pass_score,
    quiz_attempts.completed_at IS NOT NULL AND quiz_attempts.score IS NOT NULL AS is_completed,
    quiz_attempts.started_at,
    quiz_attempts.completed_at,
    (quiz_attempts.completed_at AT TIME ZONE person.zone)::date AS completed_date,
    person.school_id,
    person.is_learner,
    person.today
FROM quiz_attempts
JOIN person ON person.user_id = quiz_attempts.user_id
JOIN quizzes ON quizzes.id = quiz_attempts.quiz_id
LEFT JOIN lessons ON lessons.id = quizzes.lesson_id
LEFT JOIN courses ON courses.id = lessons.course_id
WHERE coalesce(quiz_attempts.completed_at, quiz_attempts.started_at) <= (SELECT as_of FROM moment);

CREATE TEMP TABLE class AS
SELECT
    classes.id AS class_id,
    school.school_id,
    courses.id AS course_id,
    teacher.user_id AS teacher_id,
    classes.name,
    classes.is_active
FROM classes
JOIN school ON school.school_id = coalesce(
    (SELECT schools.id::text FROM schools WHERE schools.id = classes.school_id), 'unassigned'
)
LEFT JOIN courses ON courses.id = classes.course_id
LEFT JOIN person AS teacher ON teacher.user_id = classes.teacher_id;

CREATE TEMP TABLE enrollment AS
SELECT
    class_enrollments.class_id,
    class_enrollments.student_id AS user_id,
    class.school_id,
    class.course_id,
    class_enrollments.status,
    class_enrollments.status <> 'withdrawn' AS is_enrolled,
    class_enrollments.enrolled_at,
    person.is_learner,
    person.is_active,
    person.zone,
    person.today
FROM class_enrollments
JOIN class ON class.class_id = class_enrollments.class_id
JOIN person ON person.user_id = class_enrollments.student_id
WHERE class_enrollments.enrolled_at <= (SELECT as_of FROM moment);

-- The newest consent per user and purpose: by given_at, then id. A withdrawal after as_of has not happened yet.
CREATE TEMP TABLE newest_consent AS
SELECT DISTINCT ON (user_id, purpose)
    user_id,
    purpose,
    given_by,
    coalesce(withdrawn_at <= (SELECT as_of FROM moment), false) AS is_withdrawn
FROM consents
WHERE given_at <= (SELECT as_of FROM moment)
ORDER BY user_id, purpose, given_at DESC, id DESC;

-- Age of digital consent. Age: completed years on the school's today; 29 February counts as 1 March in common years (make_date would fail, so the
-- comparison is by month and day). An unknown birth date is a child, an unknown country has the limit of the default row.
CREATE TEMP TABLE learner_age AS
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
WHERE is_learner;

CREATE INDEX ON event (school_id, local_date);
CREATE INDEX ON event (user_id, local_date);
CREATE INDEX ON progress (user_id);
CREATE INDEX ON attempt (user_id);
ANALYZE event, progress, attempt, person, enrollment;

-- Sessions: a user's events in time order (then by id), a new one after a gap of more than 30 minutes.
CREATE TEMP TABLE session AS
WITH gaps AS (
    SELECT
        event.*,
        created_at - lag(created_at) OVER in_order AS gap
    FROM event
    WINDOW in_order AS (PARTITION BY user_id ORDER BY created_at, id)
),
numbered AS (
    SELECT
        gaps.*,
        sum(CASE WHEN gap <= interval '30 minutes' THEN 0 ELSE 1 END)
            OVER (PARTITION BY user_id ORDER BY created_at, id) AS session_number
    FROM gaps
)
SELECT
    user_id,
    session_number,
    min(school_id) AS school_id,
    min(local_date) AS local_date,
    min(created_at) AS started_at,
    max(created_at) - min(created_at) AS length
FROM numbered
GROUP BY user_id, session_number;

-- Runs of consecutive active dates.
CREATE TEMP TABLE streak AS
WITH active AS (
    SELECT DISTINCT user_id, local_date FROM event
),
islands AS (
    SELECT
        user_id,
        local_date,
        local_date - (row_number() OVER (PARTITION BY user_id ORDER BY local_date))::integer AS island
    FROM active
)
SELECT user_id, min(local_date) AS first_date, max(local_date) AS last_date, count(*) AS days
FROM islands
GROUP BY user_id, island;

-- Evidence: the first completed attempt (by completed_at, then id) on each quiz of a course's lessons.
CREATE TEMP TABLE evidence AS
WITH first_attempts AS (
    SELECT DISTINCT ON (user_id, quiz_id) *
    FROM attempt
    WHERE is_completed
    ORDER BY user_id, quiz_id, completed_at, id
)
SELECT
    user_id,
    course_id,
    completed_at,
    score >= pass_score AS is_correct,
    row_number() OVER (PARTITION BY user_id, course_id ORDER BY completed_at, id) AS piece
FROM first_attempts
WHERE course_id IS NOT NULL;

-- Bayesian knowledge tracing: start 0.30, slip 0.10, guess 0.20, transit 0.15; one row per piece of evidence.
CREATE TEMP TABLE tracing AS
WITH RECURSIVE step AS (
    SELECT DISTINCT user_id, course_id, 0::bigint AS piece, 0.30::double precision AS known FROM evidence
    UNION ALL
    SELECT
        step.user_id,
        step.course_id,
        evidence.piece,
        posterior.known + (1 - posterior.known) * 0.15
    FROM step
    JOIN evidence
        ON evidence.user_id = step.user_id
        AND evidence.course_id = step.course_id
        AND evidence.piece = step.piece + 1
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN evidence.is_correct
                THEN step.known * (1 - 0.10) / (step.known * (1 - 0.10) + (1 - step.known) * 0.20)
            ELSE step.known * 0.10 / (step.known * 0.10 + (1 - step.known) * (1 - 0.20))
        END AS known
    ) AS posterior
)
SELECT * FROM step;

-- Mastery per learner and course with a progress row or evidence.
CREATE TEMP TABLE mastery AS
WITH pairs AS (
    SELECT user_id, course_id FROM progress WHERE course_id IS NOT NULL AND is_learner
    UNION
    SELECT evidence.user_id, evidence.course_id
    FROM evidence
    JOIN person ON person.user_id = evidence.user_id AND person.is_learner
),
measured AS (
    SELECT
        pairs.user_id,
        pairs.course_id,
        (
            SELECT avg(progress.progress_percentage) FROM progress
            WHERE progress.user_id = pairs.user_id AND progress.course_id = pairs.course_id
        ) AS mastery,
        (
            SELECT count(*) FROM progress
            WHERE progress.user_id = pairs.user_id AND progress.course_id = pairs.course_id AND is_completed
        ) AS topics_completed,
        (SELECT count(*) FROM lessons WHERE lessons.course_id = pairs.course_id) AS topics_total,
        (
            SELECT count(*) FROM evidence
            WHERE evidence.user_id = pairs.user_id AND evidence.course_id = pairs.course_id
        ) AS evidence,
        (
            SELECT count(*) FROM evidence
            WHERE evidence.user_id = pairs.user_id AND evidence.course_id = pairs.course_id AND is_correct
        ) AS correct,
        (
            SELECT tracing.known FROM tracing
            WHERE tracing.user_id = pairs.user_id AND tracing.course_id = pairs.course_id AND piece > 0
            ORDER BY piece DESC LIMIT 1
        ) AS knowledge,
        (
            SELECT max(evidence.completed_at) FROM evidence
            WHERE evidence.user_id = pairs.user_id AND evidence.course_id = pairs.course_id
        ) AS last_evidence_at
    FROM pairs
)
SELECT
    measured.*,
    CASE WHEN evidence >= 3 THEN (1.0 * correct + 0.2 * (evidence - correct)) / evidence END AS proficiency,
    knowledge * power(
        2::double precision,
        -extract(epoch FROM (SELECT as_of FROM moment) - last_evidence_at)::double precision / 86400 / 45
    ) AS retained,
    CASE
        WHEN evidence < 3 THEN 'not_enough_data'
        WHEN knowledge < 0.50 THEN 'beginning'
        WHEN knowledge < 0.80 THEN 'developing'
        WHEN knowledge < 0.95 THEN 'proficient'
        ELSE 'mastered'
    END AS level
FROM measured;

-- At risk: enrolled learners who have not completed the class's course, with every reason.
CREATE TEMP TABLE at_risk AS
WITH enrolled AS (
    SELECT * FROM enrollment WHERE is_enrolled AND is_learner
),
with_progress AS (
    SELECT
        enrolled.*,
        (
            SELECT avg(progress.progress_percentage) FROM progress
            WHERE progress.user_id = enrolled.user_id AND progress.course_id = enrolled.course_id
        ) AS course_progress,
        enrolled.status = 'completed' OR (
            EXISTS (SELECT FROM lessons WHERE lessons.course_id = enrolled.course_id)
            AND NOT EXISTS (
                SELECT FROM lessons
                WHERE lessons.course_id = enrolled.course_id AND NOT EXISTS (
                    SELECT FROM progress
                    WHERE progress.user_id = enrolled.user_id AND progress.lesson_id = lessons.id AND is_completed
                )
            )
        ) AS has_completed_course
    FROM enrolled
),
fences AS (
    SELECT
        class_id,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress)
        - 1.5 * (
            percentile_cont(0.75) WITHIN GROUP (ORDER BY course_progress)
            - percentile_cont(0.25) WITHIN GROUP (ORDER BY course_progress)
        ) AS fence
    FROM with_progress
    GROUP BY class_id
    HAVING count(*) >= 8
),
reasons AS (
    SELECT
        with_progress.*,
        NOT EXISTS (SELECT FROM event WHERE event.user_id = with_progress.user_id) AS never_started,
        NOT EXISTS (
            SELECT FROM event
            WHERE event.user_id = with_progress.user_id
                AND event.local_date BETWEEN with_progress.today - 6 AND with_progress.today
        ) AS is_inactive,
        (
            SELECT avg(newest.score) FROM (
                SELECT score FROM attempt
                WHERE attempt.user_id = with_progress.user_id AND is_completed
                ORDER BY completed_at DESC, id DESC LIMIT 5
            ) AS newest
        ) AS recent_score,
        (SELECT count(*) FROM attempt WHERE attempt.user_id = with_progress.user_id AND is_completed) AS attempts,
        coalesce(course_progress < fences.fence, false) AS is_behind_class
    FROM with_progress
    LEFT JOIN fences ON fences.class_id = with_progress.class_id
    WHERE NOT has_completed_course
)
SELECT reasons.*, attempts >= 3 AND recent_score < 50 AS has_low_accuracy FROM reasons;

-- Leaderboards. The window of every learner ends on the today of the learner's own school, in every scope.
CREATE TEMP TABLE participant AS
SELECT user_id, school_id, today FROM person
WHERE
    is_learner AND is_active AND NOT leaderboard_opt_out
    AND NOT EXISTS (
        SELECT FROM newest_consent
        WHERE newest_consent.user_id = person.user_id AND purpose = 'leaderboard' AND is_withdrawn
    );

CREATE TEMP TABLE window_xp AS
WITH timeframe (timeframe, days) AS (
    VALUES ('day', 1), ('week', 7), ('month', 30), ('year', 365), ('all', NULL::integer)
)
SELECT
    timeframe.timeframe,
    participant.user_id,
    participant.school_id,
    sum(event.xp_earned) AS xp,
    max(event.created_at) FILTER (WHERE event.xp_earned > 0) AS reached_at
FROM timeframe
CROSS JOIN participant
JOIN event
    ON event.user_id = participant.user_id
    AND event.local_date <= participant.today
    AND (timeframe.days IS NULL OR event.local_date > participant.today - timeframe.days)
GROUP BY timeframe.timeframe, participant.user_id, participant.school_id
HAVING sum(event.xp_earned) > 0;

CREATE TEMP TABLE leaderboard_entry AS
WITH entrant AS (
    SELECT timeframe, 'global' AS scope, 'global' AS scope_id, user_id, xp, reached_at FROM window_xp
    UNION ALL
    SELECT timeframe, 'school', school_id, user_id, xp, reached_at FROM window_xp
    UNION ALL
    SELECT window_xp.timeframe, 'class', enrollment.class_id::text, user_id, xp, reached_at
    FROM window_xp
    JOIN enrollment USING (user_id)
    WHERE enrollment.is_enrolled
)
SELECT
    entrant.*,
    rank() OVER (board ORDER BY xp DESC) AS rank,
    dense_rank() OVER (board ORDER BY xp DESC) AS dense_rank,
    row_number() OVER (board ORDER BY xp DESC, reached_at, user_id) AS position,
    count(*) OVER board AS participants,
    CASE WHEN count(*) OVER board > 1 THEN (
        SELECT 100.0 * count(*) FROM entrant AS other
        WHERE other.timeframe = entrant.timeframe AND other.scope = entrant.scope
            AND other.scope_id = entrant.scope_id AND other.xp < entrant.xp
    ) / (count(*) OVER board - 1) END AS percentile,
    (
        SELECT min(other.xp) FROM entrant AS other
        WHERE other.timeframe = entrant.timeframe AND other.scope = entrant.scope
            AND other.scope_id = entrant.scope_id AND other.xp > entrant.xp
    ) - xp AS xp_to_next_rank
FROM entrant
WINDOW board AS (PARTITION BY timeframe, scope, scope_id);

ANALYZE leaderboard_entry, session, streak, mastery;

-- Filled for one caller of the API at a time: who asks, which schools the answer is about and the date its windows end on.
CREATE TEMP TABLE caller (role text, user_id uuid, school_id text);
CREATE TEMP TABLE scope (school_id text, last_date date);

-- A name as the caller may see it. A pseudonym lives in the snapshot alone, so it stands here as "pseudonym:<id>".
CREATE TEMP VIEW shown AS
SELECT
    users.id AS user_id,
    CASE
        WHEN caller.role = 'student' AND users.id = caller.user_id THEN 'You'
        WHEN caller.role IN ('admin', 'teacher') 
            THEN coalesce(nullif(concat_ws(' ', users.first_name, users.last_name), ''), users.username)
        WHEN caller.role = 'analyst' OR learner_age.is_below_consent_age
            OR coalesce(users.first_name, '') = '' THEN 'pseudonym:' || users.id
        ELSE concat_ws(' ', users.first_name, left(users.last_name, 1) || '.')
    END AS name,
    CASE WHEN caller.role <> 'student' OR users.id = caller.user_id THEN users.id END AS shown_id
FROM users
CROSS JOIN caller
LEFT JOIN learner_age ON learner_age.user_id = users.id;

-- Compliance. A month later is the same day, or that month's last day (PostgreSQL adds months just so); Saturday and
-- Sunday move to Monday.
CREATE FUNCTION pg_temp.due_date(received date, months integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE extract(isodow FROM due)
        WHEN 6 THEN due + 2
        WHEN 7 THEN due + 1
        ELSE due
    END
    FROM (SELECT (received + make_interval(months => months))::date AS due) AS unmoved
$$;

CREATE TEMP TABLE request AS
WITH dated AS (
    SELECT
        data_subject_requests.*,
        school.school_id AS school,
        school.today,
        (received_at AT TIME ZONE school.zone)::date AS received_date,
        CASE WHEN extension_notified_at <= (SELECT as_of FROM moment)
            THEN (extension_notified_at AT TIME ZONE school.zone)::date END AS notified_date,
        CASE WHEN status IN ('completed', 'refused') AND completed_at <= (SELECT as_of FROM moment)
            THEN (completed_at AT TIME ZONE school.zone)::date END AS closed_date
    FROM data_subject_requests
    JOIN school ON school.school_id = coalesce(
        (SELECT schools.id::text FROM schools WHERE schools.id = data_subject_requests.school_id),
        -- Without a school of its own a request is one of the person's school.
        (
            SELECT person.school_id FROM person
            WHERE person.user_id = data_subject_requests.user_id AND data_subject_requests.school_id IS NULL
        ),
        'unassigned'
    )
    WHERE received_at <= (SELECT as_of FROM moment)
),
due AS (
    SELECT
        dated.*,
        pg_temp.due_date(received_date, 1) AS first_deadline,
        CASE WHEN extension_months > 0 AND notified_date <= pg_temp.due_date(received_date, 1)
            THEN pg_temp.due_date(received_date, 1 + extension_months)
            ELSE pg_temp.due_date(received_date, 1)
        END AS deadline
    FROM dated
)
SELECT
    id AS request_id,
    school AS school_id,
    today,
    kind,
    CASE WHEN status IN ('completed', 'refused') AND closed_date IS NULL THEN 'in_progress' ELSE status END AS status,
    received_date,
    first_deadline,
    deadline,
    closed_date,
    closed_date IS NULL AS is_open,
    CASE WHEN closed_date IS NULL THEN today > deadline ELSE closed_date > deadline END AS is_overdue,
    closed_date IS NULL AND deadline BETWEEN today AND today + 7 AS is_due_within_7_days
FROM due;

CREATE TEMP TABLE incident AS
WITH known AS (
    SELECT
        security_incidents.*,
        school.school_id AS school,
        CASE WHEN notified_at <= (SELECT as_of FROM moment) THEN notified_at END AS told_at,
        CASE WHEN closed_at <= (SELECT as_of FROM moment) THEN closed_at END AS ended_at
    FROM security_incidents
    JOIN school ON school.school_id = coalesce(
        (SELECT schools.id::text FROM schools WHERE schools.id = security_incidents.school_id), 'unassigned'
    )
    WHERE aware_at <= (SELECT as_of FROM moment)
)
SELECT
    id AS incident_id,
    school AS school_id,
    subjects_affected,
    ended_at IS NULL AS is_open,
    coalesce(told_at, (SELECT as_of FROM moment)) - aware_at > interval '72 hours' AS is_late
FROM known;

CREATE TEMP TABLE minor AS
SELECT
    person.user_id,
    person.school_id,
    NOT EXISTS (
        SELECT FROM newest_consent
        WHERE
            newest_consent.user_id = person.user_id AND purpose = 'analytics'
            AND given_by = 'parent' AND NOT is_withdrawn
    ) AS is_without_parental_consent
FROM person
JOIN learner_age ON learner_age.user_id = person.user_id
WHERE is_learner AND is_active AND is_below_consent_age;

"""The rules of marts.learner_at_risk at the end of a past local date, on the tables of the warehouse.

What a row of today says is taken for a past date as far as the row tells when it came to be so: events by
their local dates, attempts and enrolments by theirs, a progress row from the date of its last change or of
its completion on. Before that date its value is not known, and the row is left out. A withdrawn or completed
enrolment counts as active before the date of its last change.
"""

from __future__ import annotations

from ingest.zones import LOCAL_DATE

FOREVER = "DATE '9999-12-31'"

# One row per class and learner, withdrawn ones included; dates are local ones of the learner.
MEMBERS = f"""
CREATE TEMP TABLE members AS
SELECT enrolment.class_key, enrolment.student_key AS user_key, person.school_key, person.today_date,
       class.course_key, enrolment.status,
       {LOCAL_DATE.format(at="enrolment.enrolled_at", day="enrolled_day")} AS enrolled_date,
       least(person.today_date, coalesce(
           {LOCAL_DATE.format(at="enrolment.updated_at", day="changed_day")}, DATE '0001-01-01'
       )) AS changed_date
FROM raw.class_enrollments AS enrolment
JOIN staging.stg_batch AS batch ON enrolment.enrolled_at <= batch.as_of
JOIN intermediate.int_classes AS class ON class.class_key = enrolment.class_key
JOIN intermediate.int_users AS person ON person.user_key = enrolment.student_key AND person.is_learner
JOIN staging.stg_zone_days AS enrolled_day ON enrolled_day.zone = person.zone
    AND enrolled_day.utc_date = CAST(enrolment.enrolled_at AS DATE)
LEFT JOIN staging.stg_zone_days AS changed_day ON changed_day.zone = person.zone
    AND changed_day.utc_date = CAST(enrolment.updated_at AS DATE)
"""  # noqa: S608 - constants of ours

# Runs of active dates; `next_date` is where the following one starts.
SPANS = f"""
CREATE TEMP TABLE spans AS
SELECT user_key, start_date, end_date, coalesce(next_start_date, {FOREVER}) AS next_date
FROM intermediate.int_activity_spans
"""  # noqa: S608

# One row per learner, course and date on which the known progress changed, with the sums from that date on.
PROGRESS = f"""
CREATE TEMP TABLE progress AS
WITH known AS (
    SELECT user_key, course_key, progress_percentage, is_completed,
           least(updated_date, CASE WHEN is_completed THEN completed_date END) AS known_date
    FROM marts.fct_lesson_progress
    WHERE course_key IS NOT NULL
), by_date AS (
    SELECT user_key, course_key, known_date, count(*) AS row_count, sum(progress_percentage) AS progress_sum,
           count(*) FILTER (is_completed) AS completed_count
    FROM known
    GROUP BY ALL
)
SELECT user_key, course_key, known_date AS from_date,
       coalesce(lead(known_date) OVER by_time, {FOREVER}) AS until_date,
       sum(row_count) OVER by_time AS row_count,
       sum(progress_sum) OVER by_time AS progress_sum,
       sum(completed_count) OVER by_time AS completed_count
FROM by_date
WINDOW by_time AS (PARTITION BY user_key, course_key ORDER BY known_date)
"""  # noqa: S608

# One row per completed attempt that was a learner's newest at the end of some date, with its predecessors.
SCORES = f"""
CREATE TEMP TABLE scores AS
WITH attempts AS (
    SELECT fact.user_key, fact.completed_date, fact.score, fact.completed_at, source.attempt_id
    FROM marts.fct_quiz_attempt AS fact
    JOIN staging.stg_quiz_attempts AS source ON source.attempt_key = fact.attempt_key
    WHERE fact.is_completed
)
SELECT user_key, completed_date AS from_date,
       coalesce(lead(completed_date) OVER by_time, {FOREVER}) AS until_date,
       count(*) OVER newest AS attempt_count,
       sum(score) OVER newest AS score_sum
FROM attempts
WINDOW by_time AS (PARTITION BY user_key ORDER BY completed_at, attempt_id),
       newest AS (PARTITION BY user_key ORDER BY completed_at, attempt_id
                  ROWS BETWEEN $before PRECEDING AND CURRENT ROW)
"""  # noqa: S608

COURSES = """
CREATE TEMP TABLE course_sizes AS
SELECT course_key, count(*) AS lesson_count FROM intermediate.int_lessons GROUP BY course_key
"""

# The rows of marts.learner_at_risk at the end of the date $back days before each school's today.
REPLAY = """
WITH enrolled AS (
    SELECT members.class_key, members.user_key, members.school_key,
           members.today_date - $back::INTEGER AS day,
           CAST(progress.progress_sum AS DOUBLE) / progress.row_count AS course_progress,
           (members.status = 'completed' AND members.changed_date <= members.today_date - $back::INTEGER)
               OR coalesce(progress.completed_count = course_sizes.lesson_count, false) AS has_completed
    FROM members
    LEFT JOIN progress ON progress.user_key = members.user_key AND progress.course_key = members.course_key
        AND progress.from_date <= members.today_date - $back::INTEGER
        AND members.today_date - $back::INTEGER < progress.until_date
    LEFT JOIN course_sizes ON course_sizes.course_key = members.course_key
    WHERE members.enrolled_date <= members.today_date - $back::INTEGER
        AND NOT (members.status = 'withdrawn'
                 AND members.changed_date <= members.today_date - $back::INTEGER)
), quartiles AS (
    SELECT class_key, count(*) AS learners, quantile_cont(course_progress, 0.25) AS first_quartile,
           quantile_cont(course_progress, 0.75) AS third_quartile
    FROM enrolled
    GROUP BY class_key
)
SELECT enrolled.class_key, enrolled.user_key, enrolled.school_key, enrolled.day,
       spans.start_date IS NULL AS never_started,
       coalesce(spans.end_date <= enrolled.day - $inactive_days::INTEGER, true) AS is_inactive,
       coalesce(scores.attempt_count >= $minimum_attempts
                AND scores.score_sum < $minimum_score * scores.attempt_count, false) AS has_low_accuracy,
       coalesce(quartiles.learners >= $minimum_class_size
                AND enrolled.course_progress < quartiles.first_quartile
                    - $iqr_factor * (quartiles.third_quartile - quartiles.first_quartile), false)
           AS is_behind_class
FROM enrolled
LEFT JOIN spans ON spans.user_key = enrolled.user_key
    AND spans.start_date <= enrolled.day AND enrolled.day < spans.next_date
LEFT JOIN scores ON scores.user_key = enrolled.user_key
    AND scores.from_date <= enrolled.day AND enrolled.day < scores.until_date
LEFT JOIN quartiles ON quartiles.class_key = enrolled.class_key
WHERE NOT enrolled.has_completed
"""

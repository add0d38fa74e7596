"""Flags of past dates against who stayed away: what was right, what was found, and how long before."""

from __future__ import annotations

# `back`: days before the today of the school. `is_away`: within a drop-out. `is_right`: away, or staying away
# from a date within the $horizon dates after.
FLAGS = """
CREATE OR REPLACE TEMP TABLE flags (
    user_key INTEGER, school_key INTEGER, day DATE, back INTEGER, is_away BOOLEAN, is_right BOOLEAN,
    never_started BOOLEAN, is_inactive BOOLEAN, has_low_accuracy BOOLEAN, is_behind_class BOOLEAN,
    has_any BOOLEAN
)
"""

# One learner, one date: a reason that holds in any class.
ADD = """
INSERT INTO flags
WITH learners AS (
    SELECT user_key, school_key, day, bool_or(never_started) AS never_started,
           bool_or(is_inactive) AS is_inactive, bool_or(has_low_accuracy) AS has_low_accuracy,
           bool_or(is_behind_class) AS is_behind_class
    FROM ({replay})
    GROUP BY user_key, school_key, day
)
SELECT user_key, school_key, day, $back,
       EXISTS (SELECT 1 FROM losses
               WHERE losses.user_key = learners.user_key AND losses.loss_date <= learners.day
                   AND coalesce(losses.return_date, DATE '9999-12-31') > learners.day),
       EXISTS (SELECT 1 FROM losses
               WHERE losses.user_key = learners.user_key
                   AND losses.loss_date <= learners.day + $horizon::INTEGER
                   AND coalesce(losses.return_date, DATE '9999-12-31') > learners.day),
       never_started, is_inactive, has_low_accuracy, is_behind_class,
       never_started OR is_inactive OR has_low_accuracy OR is_behind_class
FROM learners
"""

# Who stayed away, as the events tell: every run of at least $silence dates without an event, counted from the
# enrolment on where nothing had happened yet. One that reaches today and is still shorter is undecided.
OBSERVED = """
CREATE OR REPLACE TEMP TABLE losses AS
WITH learners AS (
    SELECT user_key, min(enrolled_date) AS enrolled_date, any_value(today_date) AS today_date
    FROM members
    GROUP BY user_key
), runs AS (
    SELECT learners.user_key, learners.enrolled_date AS loss_date, min(spans.start_date) AS return_date,
           learners.today_date
    FROM learners
    LEFT JOIN spans ON spans.user_key = learners.user_key
    GROUP BY ALL
    UNION ALL
    SELECT spans.user_key, spans.end_date + 1, nullif(spans.next_date, DATE '9999-12-31'), learners.today_date
    FROM spans
    JOIN learners ON learners.user_key = spans.user_key
)
SELECT user_key, loss_date, return_date
FROM runs
WHERE coalesce(return_date, today_date + 1) - loss_date >= $silence
"""

# Of the learner-dates whose outcome is known: those of learners who are there; those of them who are about to
# stay away; the flags raised (the reason did not hold the date before); the right ones. By school and in all.
RAISED = """
WITH followed AS (
    SELECT school_key, back, is_away, is_right, {reason} AND NOT coalesce(
               lag({reason}) OVER by_date AND lag(back) OVER by_date = back + 1, false) AS is_raised
    FROM flags
    WINDOW by_date AS (PARTITION BY user_key ORDER BY back DESC)
)
SELECT school_key, count(*) FILTER (NOT is_away), count(*) FILTER (NOT is_away AND is_right),
       count(*) FILTER (is_raised), count(*) FILTER (is_raised AND is_right)
FROM followed
WHERE back < $days AND back >= $horizon + $silence - 1
GROUP BY GROUPING SETS ((school_key), ())
"""

# Drop-outs of learners who were enrolled and not done on the date, all of whose $horizon dates before and
# after are in the range: how many, how many were flagged before, and within the $horizon dates after, and by
# how many days the first flag was early (late when negative).
FOUND = """
WITH eligible AS (
    SELECT flags.school_key, losses.user_key, losses.loss_date
    FROM losses
    JOIN flags ON flags.user_key = losses.user_key AND flags.day = losses.loss_date
    WHERE flags.back + $horizon <= $days AND flags.back >= $silence - 1
), warned AS (
    SELECT eligible.school_key, eligible.user_key, eligible.loss_date,
           any_value(eligible.loss_date) - min(flags.day) FILTER (flags.{reason}) AS lead_days
    FROM eligible
    JOIN flags ON flags.user_key = eligible.user_key
        AND flags.day >= eligible.loss_date - $horizon::INTEGER
        AND flags.day < eligible.loss_date + $horizon::INTEGER
    GROUP BY eligible.school_key, eligible.user_key, eligible.loss_date
)
SELECT school_key, count(*), count(*) FILTER (lead_days > 0), count(lead_days), median(lead_days)
FROM warned
GROUP BY GROUPING SETS ((school_key), ())
"""

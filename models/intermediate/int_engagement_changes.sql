MODEL (
  name intermediate.int_engagement_changes,
  kind VIEW,
  description 'One row per school and date on which the number of users in a measure may change: those who enter it minus those who leave it.',
  grain (school_key, change_date)
);

WITH moves AS (
  /* read once a delay, calculated once */
  SELECT
    int_engagement_moves.school_key,
    int_engagement_moves.move_date,
    int_engagement_moves.first_users,
    int_engagement_moves.back_after_wau,
    int_engagement_moves.back_after_mau,
    int_engagement_moves.back_after_dormancy,
    int_engagement_moves.gone_beyond_wau,
    int_engagement_moves.gone_beyond_mau,
    int_engagement_moves.gone_beyond_dormancy
  FROM intermediate.int_engagement_moves
), changes AS (
  /* who arrives is in both windows at once; back within two windows of MAU is returning, later resurrected */
  SELECT
    moves.school_key,
    moves.move_date AS change_date,
    moves.first_users + moves.back_after_wau AS wau_change,
    moves.first_users + moves.back_after_mau AS mau_change,
    moves.first_users AS new_change,
    moves.back_after_mau - moves.back_after_dormancy AS returning_change,
    moves.back_after_dormancy AS resurrected_change,
    moves.back_after_dormancy - moves.back_after_mau AS dormant_change
  FROM moves
  UNION ALL
  /* who stays away drops out of WAU */
  SELECT
    moves.school_key,
    moves.move_date + @wau_days,
    -moves.gone_beyond_wau,
    0,
    0,
    0,
    0,
    0
  FROM moves
  UNION ALL
  /* then out of MAU, where a user of an absence has been returning for long; of those who arrived, new and resurrected become returning: the window before holds the arrival */
  SELECT
    moves.school_key,
    moves.move_date + @mau_days,
    0,
    -moves.gone_beyond_mau,
    -moves.first_users,
    moves.first_users + moves.back_after_mau - moves.gone_beyond_mau,
    -moves.back_after_mau,
    moves.gone_beyond_mau
  FROM moves
  UNION ALL
  /* then out of the window before: who is still away is dormant no more, who is back by then is resurrected from here on */
  SELECT
    moves.school_key,
    moves.move_date + 2 * @mau_days,
    0,
    0,
    0,
    moves.gone_beyond_dormancy - moves.gone_beyond_mau,
    moves.gone_beyond_mau - moves.gone_beyond_dormancy,
    -moves.gone_beyond_dormancy
  FROM moves
)
SELECT
  changes.school_key::INT AS school_key,
  changes.change_date::DATE AS change_date,
  SUM(changes.wau_change)::INT AS wau_change,
  SUM(changes.mau_change)::INT AS mau_change,
  SUM(changes.new_change)::INT AS new_change,
  SUM(changes.returning_change)::INT AS returning_change,
  SUM(changes.resurrected_change)::INT AS resurrected_change,
  SUM(changes.dormant_change)::INT AS dormant_change
FROM changes
GROUP BY
  changes.school_key,
  changes.change_date

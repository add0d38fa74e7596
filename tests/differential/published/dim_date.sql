-- The calendar may reach further than the activity; every date of it must be there.
SELECT *
FROM dim_date
WHERE date_day BETWEEN (SELECT MIN(activity_date) FROM fct_user_day) AND (SELECT MAX(today_date) FROM dim_school)

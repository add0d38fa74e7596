SELECT school_key, lesson_key, activity_date, views
FROM lesson_popularity JOIN dim_school USING (school_key)
WHERE views > 0 AND activity_date > today_date - 366

SELECT
    day::date AS date_day,
    extract(isoyear FROM day)::integer AS iso_year,
    extract(week FROM day)::integer AS iso_week,
    date_trunc('week', day)::date AS week_start_date,
    date_trunc('month', day)::date AS month_start_date,
    extract(isodow FROM day)::integer AS weekday,
    extract(isodow FROM day) >= 6 AS is_weekend
FROM generate_series(
    (SELECT min(local_date) FROM event), (SELECT max(today) FROM school), interval '1 day'
) AS day

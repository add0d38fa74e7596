SELECT school_key, course_key, activity_date, progress_rows, progress_sum, completions
FROM course_completion
WHERE progress_rows > 0 OR completions > 0

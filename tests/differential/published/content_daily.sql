-- A date without views and completions may be listed or not.
FROM content_daily WHERE views > 0 OR completions > 0

-- One statement, so that both tables change together.
WITH forgotten_caller AS (DELETE FROM caller),
forgotten_scope AS (DELETE FROM scope),
remembered AS (
    INSERT INTO caller VALUES (%(role)s, %(user_id)s, %(school_id)s)
)
INSERT INTO scope
SELECT
    school_id,
    CASE WHEN %(school_id)s::text IS NULL THEN ((SELECT as_of FROM moment) AT TIME ZONE 'UTC')::date ELSE today END
FROM school
WHERE school_id = %(school_id)s OR %(school_id)s::text IS NULL
RETURNING school_id

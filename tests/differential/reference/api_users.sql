SELECT
    users.id,
    users.username,
    users.email,
    users.first_name,
    users.last_name,
    users.role,
    nullif(person.school_id, 'unassigned') AS school_id,
    users.is_active,
    users.last_login,
    users.created_at
FROM users
JOIN person ON person.user_id = users.id
JOIN scope ON scope.school_id = person.school_id
WHERE
    (%(role)s::text IS NULL OR lower(users.role::text) = lower(%(role)s))
    AND (
        %(search)s::text IS NULL
        OR strpos(lower(concat_ws(chr(10), users.username, users.email, users.first_name, users.last_name)), lower(%(search)s)) > 0
    )
ORDER BY users.username COLLATE "C"

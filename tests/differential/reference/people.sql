SELECT person.user_id::text AS user_id, person.role, person.school_id
FROM person
JOIN users ON users.id = person.user_id
ORDER BY users.username COLLATE "C"

SELECT id, code, name, country, timezone, is_active, created_at
FROM schools
JOIN scope ON scope.school_id = schools.id::text
WHERE %(search)s::text IS NULL OR strpos(lower(code || chr(10) || name), lower(%(search)s)) > 0
ORDER BY name COLLATE "C", id

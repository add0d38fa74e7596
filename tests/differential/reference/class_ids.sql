SELECT class_id::text AS class_id, school_id FROM class ORDER BY name, class_id

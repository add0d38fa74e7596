SELECT school_id, code, name, country, timezone, zone, is_active, created_at, today AS today_date FROM school

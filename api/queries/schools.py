"""What the snapshot knows of schools: their figures, and their rows for when the registry is away."""

from __future__ import annotations

_SCHOOLS = """
SELECT school_id, code, name, country, timezone, is_active, created_at
FROM dim_school
WHERE school_id IS NOT NULL
"""

_FIGURES = """
SELECT
    school_overview.school_key,
    school_overview.students_total,
    school_overview.teachers_total,
    school_overview.classes_active,
    school_overview.active_users_7d,
    school_overview.average_completion,
    school_overview.xp_30d
FROM school_overview
JOIN dim_school ON dim_school.school_key = school_overview.school_key
WHERE dim_school.school_id = $school_id
"""

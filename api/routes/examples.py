"""Examples and parameters of the OpenAPI document that are too long to stand beside their route."""

from __future__ import annotations

from typing import Any

from api.marts.formats import MEDIA_TYPES, Format

MART_EXAMPLE: dict[str, Any] = {
    "name": "fct_user_day",
    "description": "One row per user and local date with at least one event.",
    "grain": ["user_key", "activity_date"],
    "columns": [
        {
            "name": "user_key",
            "type": "INTEGER",
            "description": "The user, as a key without meaning outside Schoolhouse.",
            "lineage": ["staging.stg_events.user_key"],
        }
    ],
    "rows": 81234,
    "upstream": ["staging.stg_events"],
    "audits": [{"name": "unique_combination_of_columns", "passed": True, "rows": 0}],
    "is_readable": True,
    "is_compliance": False,
}

LINEAGE_EXAMPLE: list[dict[str, Any]] = [
    {
        "name": "marts.fct_user_day",
        "upstream": ["staging.stg_events"],
        "columns": {"user_key": ["staging.stg_events.user_key"]},
    },
    {
        "name": "staging.stg_events",
        "upstream": ["raw.analytics"],
        "columns": {"user_key": ["raw.analytics.user_key"]},
    },
    {"name": "raw.analytics", "upstream": [], "columns": {}},
]
_FILTERS: dict[str, Any] = {
    "name": "filters",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": (
        "One parameter per filter: the column's name, and operator.value, such as xp=ge.100 or "
        "activity_date=in.2026-03-01,2026-03-02. All filters must hold."
    ),
    "schema": {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": r"^(eq|ne|lt|le|gt|ge|in|like)\..*$"},
    },
}
ROWS_DOCUMENT: dict[str, Any] = {
    "parameters": [_FILTERS],
    "media_types": [media for kind, media in MEDIA_TYPES.items() if kind is not Format.JSON],
}

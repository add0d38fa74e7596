"""Examples of answers for the OpenAPI document: a small school on 2 March 2026."""

from __future__ import annotations

from typing import Any, Final

Example = dict[str, Any]

STUDENT_ID: Final = "3f0c7b52-6a0e-4a43-9a55-0d6a3b7a1c11"
TEACHER_ID: Final = "9b1e2c44-1f6d-4f0c-8a53-6f3fd8f5f0a2"
SCHOOL_ID: Final = "5d9f4c1e-7c55-4a0e-b1d8-2f7f1f6f3e90"
COURSE_ID: Final = "0a6d6ad1-52c2-4b0f-a2b7-54c0de5d7e21"
CLASS_ID: Final = "e7a1f0c2-93d4-4b6e-8f0a-1c5d2b7e4a90"
LESSON_ID: Final = "c2b7a1c8-0a4e-4a51-9d4e-93f3f1d8b5d3"

PAGE: Final[Example] = {"limit": 20, "offset": 0, "total": 1}
SUBJECT_PAGE: Final[Example] = {"limit": 1, "offset": 0, "total": 1}

OVERVIEW: Final[Example] = {
    "students_total": 412,
    "students_active": 371,
    "classes_active": 18,
    "average_completion": 61.25,
    "average_quiz_score": 74.5,
    "assignments": {"quizzes_total": 96, "attempts_total": 5120, "attempts_completed": 4876},
    "engagement_rate": 0.900485,
    "attendance_rate": 0.9375,
}

STUDENT_PROGRESS: Final[Example] = {
    "student_id": STUDENT_ID,
    "overall_progress": 57.5,
    "lessons_completed": 11,
    "lessons_total": 24,
    "xp_total": 3180,
    "rank": 17,
    "current_streak_days": 4,
    "longest_streak_days": 12,
    "at_risk": {"is_at_risk": True, "reasons": ["low_accuracy"]},
}

WEEKLY_XP: Final[Example] = {
    "week_total": 140,
    "daily_average": 20.0,
    "streak_days": 2,
    "days": [
        {"date": "2026-02-24", "weekday": "Tue", "xp": 40},
        {"date": "2026-02-25", "weekday": "Wed", "xp": 0},
        {"date": "2026-02-26", "weekday": "Thu", "xp": 0},
        {"date": "2026-02-27", "weekday": "Fri", "xp": 30},
        {"date": "2026-02-28", "weekday": "Sat", "xp": 0},
        {"date": "2026-03-01", "weekday": "Sun", "xp": 20},
        {"date": "2026-03-02", "weekday": "Mon", "xp": 50},
    ],
}

SUBJECT_MASTERY: Final[Example] = {
    "course_id": COURSE_ID,
    "subject": "Algebra I",
    "mastery": 62.5,
    "topics_completed": 5,
    "topics_total": 9,
    "proficiency": 0.733333,
    "knowledge": 0.845,
    "retained": 0.803,
    "level": "proficient",
    "evidence": 6,
}

REALTIME: Final[Example] = {
    "active_users": 23,
    "activities_today": 1840,
    "recent_activities": [
        {
            "user_name": "Ada Lovelace",
            "event_type": "quiz_complete",
            "lesson_title": "Fractions",
            "xp_earned": 20,
            "occurred_at": "2026-03-02T10:14:31Z",
        }
    ],
    "observed_at": "2026-03-02T10:14:32Z",
    "lag_seconds": 1.2,
}

ENGAGEMENT_TREND: Final[Example] = {
    "summary": {
        "average_dau": 212.0,
        "peak_dau": 212,
        "peak_date": "2026-03-02",
        "activities": 1840,
        "growth_rate": None,
    },
    "daily": [
        {
            "date": "2026-03-02",
            "active_users": 212,
            "wau": 350,
            "mau": 398,
            "stickiness": 0.532663,
            "activities": 1840,
            "xp": 9120,
            "sessions": 260,
        }
    ],
}

CONTENT_TREND: Final[Example] = {
    "most_viewed": [
        {"lesson_id": LESSON_ID, "title": "Fractions", "course": "Algebra I", "views": 310, "learners": 121}
    ],
    "completion_by_course": [
        {
            "course_id": COURSE_ID,
            "course": "Algebra I",
            "average_completion": 64.0,
            "learners": 96,
            "completions": 58,
        }
    ],
    "daily": [{"date": "2026-03-02", "views": 410, "completions": 22}],
}

DASHBOARD: Final[Example] = {
    "active_users": 350,
    "activities": 9870,
    "average_completion": 61.25,
    "average_quiz_score": 75.0,
    "top_performers": [{"rank": 1, "user_id": STUDENT_ID, "name": "Ada Lovelace", "xp": 420}],
    "recent_completions": [
        {
            "user_id": STUDENT_ID,
            "name": "Ada Lovelace",
            "lesson": "Fractions",
            "course": "Algebra I",
            "completed_at": "2026-03-01T17:20:05Z",
        }
    ],
}

SUMMARY: Final[Example] = {
    "users_active": 350,
    "activities": 9870,
    "xp": {"total": 48210, "average_per_active_user": 137.742857},
    "progress": {"average": 66.1, "completions": 804},
    "quizzes": {"attempts_completed": 612, "average_score": 74.9},
}

LEADERBOARD: Final[Example] = {
    "timeframe": "week",
    "from": "2026-02-24",
    "to": "2026-03-02",
    "entries": [
        {
            "rank": 1,
            "dense_rank": 1,
            "position": 1,
            "user_id": None,
            "name": "Ada L.",
            "xp": 420,
            "is_current_user": False,
        },
        {
            "rank": 2,
            "dense_rank": 2,
            "position": 2,
            "user_id": STUDENT_ID,
            "name": "You",
            "xp": 400,
            "is_current_user": True,
        },
    ],
    "current_user": {"rank": 2, "xp": 400, "percentile": 98.0, "xp_to_next_rank": 20},
    "participants_total": 51,
}

USER: Final[Example] = {
    "id": TEACHER_ID,
    "username": "grace",
    "email": "grace@example.org",
    "first_name": "Grace",
    "last_name": "Hopper",
    "role": "TEACHER",
    "school_id": SCHOOL_ID,
    "is_active": True,
    "last_login": "2026-03-01T07:45:00Z",
    "created_at": "2024-08-20T09:00:00Z",
}

ME: Final[Example] = {
    "role": "student",
    "school_id": SCHOOL_ID,
    "school_name": "Lincoln High School",
    "timezone": "America/Chicago",
}

USER_DETAIL: Final[Example] = {**USER, "stats": {"total_classes": 4, "total_students": 96}}

NEW_SCHOOL: Final[Example] = {
    "code": "lincoln-high",
    "name": "Lincoln High School",
    "country": "US",
    "timezone": "America/Chicago",
}

SCHOOL: Final[Example] = {
    "id": SCHOOL_ID,
    **NEW_SCHOOL,
    "is_active": True,
    "created_at": "2024-08-01T12:00:00Z",
}

SCHOOL_DETAIL: Final[Example] = {
    **SCHOOL,
    "stats": {
        "students": 412,
        "teachers": 31,
        "classes_active": 18,
        "active_users_7d": 350,
        "average_completion": 61.25,
        "xp_30d": 182300,
    },
}

CLASS: Final[Example] = {
    "class_id": CLASS_ID,
    "name": "7b Mathematics",
    "course": "Mathematics 7",
    "is_active": True,
    "learners": 24,
    "average_mastery": 63.5,
    "average_knowledge": 0.71,
    "at_risk": 3,
}

CLASS_LEARNER: Final[Example] = {
    "user_id": STUDENT_ID,
    "name": "Ada Lovelace",
    "is_at_risk": True,
    "reasons": ["inactive"],
    "course_progress": 41.2,
    "recent_score": 72.5,
    "courses": [
        {
            "course_id": COURSE_ID,
            "course": "Mathematics 7",
            "mastery": 41.2,
            "knowledge": 0.62,
            "level": "developing",
            "evidence": 5,
        }
    ],
}

LEARNER_MASTERY: Final[Example] = {
    "user_id": STUDENT_ID,
    "name": "Ada Lovelace",
    "subjects": [SUBJECT_MASTERY],
}

COMPLIANCE_STATUS: Final[Example] = {
    "overall": "attention",
    "requests": {
        "open": 2,
        "overdue": 0,
        "due_within_7_days": 1,
        "closed_in_time_rate": 1.0,
        "by_kind": [
            {
                "kind": "access",
                "total": 5,
                "open": 2,
                "overdue": 0,
                "due_within_7_days": 1,
                "closed_in_time_rate": 1.0,
            }
        ],
    },
    "consents": [{"purpose": "analytics", "coverage": 0.9625}],
    "minors": {"total": 131, "without_parental_consent": 4},
    "retention": [
        {"table": "analytics", "limit_days": 1095, "rows_overdue": 0, "oldest": "2024-08-19T06:12:44Z"}
    ],
    "incidents": {"open": 0, "notified_late": 0},
    "erasures": {"completed": 3, "verified": 3, "unproven": 0},
    "processing_register": {"documented": 33, "total": 33},
}

REQUEST_ID: Final = "6f1d3b0e-2a51-4c77-9b0a-7c1e5d2f4a38"

SUBJECT_REQUEST: Final[Example] = {
    "request_id": REQUEST_ID,
    "request_key": 12,
    "user_key": 4711,
    "school_id": SCHOOL_ID,
    "kind": "access",
    "status": "in_progress",
    "received_date": "2026-01-31",
    "first_due_date": "2026-03-02",
    "is_extension_valid": False,
    "due_date": "2026-03-02",
    "ferpa_due_date": "2026-03-17",
    "closed_date": None,
    "days_left": 0,
    "is_open": True,
    "is_overdue": False,
    "is_due_within_7_days": True,
    "is_closed_in_time": None,
}

ERASURE_RECEIPT: Final[Example] = {
    "receipt_id": REQUEST_ID,
    "request_id": REQUEST_ID,
    "reason": "request",
    "subject": "6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918",
    "user_key": 4711,
    "passes": [
        {
            "erased_at": "2026-03-02T01:31:40Z",
            "as_of": "2026-03-02T01:30:00Z",
            "snapshot_id": "20260302T013112Z-7f3a10",
            "tables": [
                {"table": "raw.users", "rows_before": 1, "rows_after": 0},
                {"table": "raw.analytics", "rows_before": 812, "rows_after": 0},
            ],
            "snapshots_removed": ["20260301T013110Z-0c91b2"],
            "files_rewritten": ["warehouse.duckdb"],
            "is_verified": True,
        }
    ],
}

DISCLOSURE: Final[Example] = {
    "occurred_at": "2026-03-02T09:14:03.120000Z",
    "reader_key": 31,
    "reader_role": "teacher",
    "subject_key": 4711,
    "school_key": 3,
    "what": "/api/v1/analytics/student-progress",
}

"""What is compared: every measure of every mart, and which definition of metrics.md it stands for."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Comparison:
    """One mart (or one figure derived from it) against reference/<name>.sql.

    `values` maps each compared column to the names in metrics.md that it measures. `mart` is the published
    table, when its name is not that of the comparison.
    """

    name: str
    keys: tuple[str, ...]
    values: dict[str, tuple[str, ...]]
    mart: str = ""

    @property
    def table(self) -> str:
        """The published table that the figures come from."""
        return self.mart or self.name


@dataclass(frozen=True)
class Metric:
    """One column of one comparison: the unit that passes or fails."""

    comparison: Comparison
    value: str
    covers: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """A readable name, as in `engagement_daily.wau`."""
        return f"{self.comparison.name}.{self.value}"


def _attributes(*names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, ())


MASTERY_LEVELS = {
    f"{level}_count": ("mastery level",)
    for level in ("beginning", "developing", "proficient", "mastered", "not_enough_data")
}

COMPARISONS = (
    Comparison(
        "dim_school",
        ("school_id",),
        _attributes("code", "name", "country", "timezone", "zone", "is_active", "created_at")
        | {"today_date": ("Today",)},
    ),
    Comparison(
        "dim_class",
        ("class_id",),
        _attributes("school_id", "course_id", "teacher_id", "name", "is_active")
        | {"enrolled_count": ("Enrolled",)},
    ),
    Comparison("dim_course", ("course_id",), _attributes("title", "subject", "lesson_count")),
    Comparison("dim_lesson", ("lesson_id",), _attributes("course_id", "title", "position", "content_count")),
    Comparison(
        "dim_quiz", ("quiz_id",), _attributes("lesson_id", "course_id", "title", "pass_score", "due_at")
    ),
    Comparison(
        "dim_user",
        ("user_id",),
        _attributes("role", "school_id", "first_active_date")
        | {
            "is_active": ("Active account",),
            "is_learner": ("Learner",),
            "is_leaderboard_participant": ("Participants",),
        },
    ),
    Comparison(
        "consent_age", ("user_id",), {"is_below_consent_age": ("age of digital consent", "age")}, "dim_user"
    ),
    Comparison(
        "dim_date",
        ("date_day",),
        _attributes("iso_year", "iso_week", "week_start_date", "month_start_date", "weekday", "is_weekend"),
    ),
    Comparison(
        "fct_user_day",
        ("user_id", "activity_date"),
        _attributes("lesson_count", "view_count", "first_event_at", "last_event_at")
        | {
            "school_id": ("School of a row", "unassigned"),
            "event_count": ("activities", "orphan", "Local date"),
            "xp": ("XP of a window",),
            "session_count": ("session",),
            "session_seconds": ("session",),
        },
    ),
    Comparison(
        "fct_quiz_attempt",
        ("user_id", "quiz_id", "started_at", "completed_at"),
        _attributes("score", "school_id", "course_id", "is_passed", "completed_date")
        | {"is_completed": ("completed", "orphan")},
    ),
    Comparison(
        "fct_lesson_progress",
        ("user_id", "lesson_id"),
        _attributes(
            "school_id",
            "course_id",
            "progress_percentage",
            "time_spent_seconds",
            "completed_at",
            "completed_date",
            "updated_at",
            "updated_date",
        )
        | {"is_completed": ("completed lesson", "orphan")},
    ),
    Comparison(
        "fct_enrollment",
        ("class_id", "user_id"),
        _attributes("school_id", "status", "enrolled_at", "enrolled_date") | {"is_enrolled": ("Enrolled",)},
    ),
    Comparison(
        "engagement_daily",
        ("school_id", "activity_date"),
        {
            "active_users": ("active users (period)", "DAU, WAU, MAU of date d"),
            "wau": ("DAU, WAU, MAU of date d",),
            "mau": ("DAU, WAU, MAU of date d",),
            "stickiness": ("stickiness",),
            "activities": ("activities",),
            "xp": ("XP of a window",),
            "sessions": ("session",),
        }
        | {
            f"{stage}_users": ("lifecycle on d (28-day windows)",)
            for stage in ("new", "returning", "resurrected", "dormant")
        },
    ),
    Comparison(
        "growth_rate",
        ("scope", "scope_id", "days"),
        {"growth_rate": ("growth rate (N days)",)},
        "engagement_daily",
    ),
    Comparison(
        "engagement_retention",
        ("school_id", "cohort_week", "week_number"),
        dict.fromkeys(("cohort_size", "active_learners", "retention_rate"), ("retention",)),
    ),
    Comparison(
        "learner_streaks",
        ("user_id",),
        _attributes("school_id", "last_active_date")
        | dict.fromkeys(("current_streak_days", "longest_streak_days"), ("streak",)),
    ),
    Comparison(
        "learner_at_risk",
        ("class_id", "user_id"),
        _attributes("school_id", "recent_score")
        | {"course_progress": ("course mastery",)}
        | dict.fromkeys(("is_at_risk", "never_started", "is_inactive"), ("at risk",))
        | dict.fromkeys(("has_low_accuracy", "is_behind_class", "reason_count"), ("at risk",)),
    ),
    Comparison(
        "engagement_return",
        ("scope", "scope_id", "return_date", "last_date"),
        {"users": ("active users (period)",)},
    ),
    Comparison(
        "content_daily",
        ("school_id", "activity_date"),
        _attributes("views", "progress_rows", "progress_sum", "attempts_completed", "score_sum")
        | {"completions": ("completed lesson",)},
    ),
    Comparison(
        "platform_daily",
        ("activity_date",),
        _attributes("views", "progress_rows", "progress_sum", "attempts_completed", "score_sum")
        | dict.fromkeys(("active_users", "wau", "mau"), ("DAU, WAU, MAU of date d",))
        | {
            "activities": ("activities",),
            "xp": ("XP of a window",),
            "sessions": ("session",),
            "completions": ("completed lesson",),
        },
    ),
    Comparison(
        "platform_lesson_popularity",
        ("lesson_id", "activity_date"),
        _attributes("views", "learners_last_seen"),
    ),
    Comparison(
        "lesson_popularity_daily",
        ("school_id", "lesson_id", "activity_date"),
        {"views": ()},
        "lesson_popularity",
    ),
    Comparison(
        "lesson_popularity_window",
        ("scope", "scope_id", "days", "lesson_id"),
        {"views": (), "learners": ("active users (period)",)},
        "lesson_popularity",
    ),
    Comparison(
        "course_completion_daily",
        ("school_id", "course_id", "activity_date"),
        _attributes("progress_rows", "progress_sum") | {"completions": ("completed lesson",)},
        "course_completion",
    ),
    Comparison(
        "course_completion_window",
        ("scope", "scope_id", "days", "course_id"),
        {"average_completion": ("average completion",), "progress_rows": (), "learners": ()},
        "course_completion",
    ),
    Comparison(
        "course_completion_completions",
        ("scope", "scope_id", "days", "course_id"),
        {"completions": ("completed lesson",)},
        "course_completion",
    ),
    Comparison(
        "platform_course_completion",
        ("course_id", "activity_date"),
        _attributes("progress_rows", "progress_sum", "learners_last_updated")
        | {"completions": ("completed lesson",)},
    ),
    Comparison(
        "learner_course_mastery",
        ("user_id", "course_id"),
        _attributes("school_id", "topics_total", "last_evidence_at")
        | {
            "mastery": ("course mastery",),
            "topics_completed": ("completed lesson",),
            "evidence": ("evidence",),
            "correct": ("evidence",),
            "proficiency": ("first-attempt proficiency",),
            "knowledge": ("Bayesian knowledge tracing (Corbett and Anderson 1995)",),
            "retained": ("retained mastery",),
            "level": ("mastery level",),
        },
    ),
    Comparison(
        "class_mastery",
        ("class_id",),
        _attributes("course_id", "school_id", "learners")
        | {"average_mastery": ("course mastery",), "average_knowledge": ()}
        | MASTERY_LEVELS,
    ),
    Comparison(
        "leaderboard",
        ("timeframe", "scope", "scope_id", "user_id"),
        {
            "xp": ("XP of a window", "Scopes", "month", "all"),
            "rank": ("rank",),
            "dense_rank": ("dense_rank",),
            "position": ("position",),
            "percentile": ("percentile",),
            "xp_to_next_rank": ("xp_to_next_rank",),
            "participants": ("Participants",),
        },
    ),
    Comparison(
        "xp_reconciliation",
        ("user_id",),
        _attributes("school_id", "platform_xp") | dict.fromkeys(("ledger_xp", "difference"), ("ledger",)),
    ),
    Comparison(
        "school_overview",
        ("school_id",),
        _attributes(
            "students_total",
            "teachers_total",
            "classes_active",
            "progress_rows",
            "progress_sum",
            "scored_attempts",
            "score_sum",
            "quizzes_total",
            "attempts_total",
            "attempts_completed",
            "enrollments_total",
            "enrollments_active",
            "xp_30d",
        )
        | {
            "students_active": ("active students (overview)",),
            "average_completion": ("average completion",),
            "average_quiz_score": ("quiz score",),
            "engagement_rate": ("engagement rate",),
            "attendance_rate": ("attendance rate",),
            "active_users_7d": ("active users (period)",),
        },
    ),
    Comparison(
        "school_window",
        ("scope", "scope_id", "time_range"),
        {
            "active_users": ("active users (period)",),
            "activities": ("activities",),
            "xp": (),
            "quiz_score_sum": (),
            "quiz_attempts": (),
            "average_quiz_score": ("quiz score",),
        },
    ),
    Comparison(
        "recent_completion",
        ("school_id", "user_id", "lesson_id"),
        {"completed_at": ("completed lesson",), "completed_date": ()},
    ),
    Comparison(
        "overall_progress",
        ("user_id",),
        {"overall_progress": ("overall progress of a student",)},
        "fct_lesson_progress",
    ),
    Comparison(
        "compliance_requests",
        ("request_id",),
        _attributes("school_id", "request_kind", "request_status", "received_date", "closed_date", "is_open")
        | {
            "first_due_date": ("deadline of a request, Art. 12(3)",),
            "due_date": ("deadline of a request, Art. 12(3)",),
            "is_overdue": ("overdue",),
            "is_due_within_7_days": ("overall",),
            "is_closed_in_time": ("overdue",),
        },
    ),
    Comparison(
        "compliance_incidents",
        ("incident_id",),
        _attributes("school_id", "subjects_affected", "is_open")
        | {"is_notified_late": ("breach notice, Art. 33",)},
    ),
    Comparison(
        "compliance_minors",
        ("school_id",),
        dict.fromkeys(("learners_total", "without_parental_consent"), ("minor without parental consent",)),
    ),
    Comparison(
        "compliance_consents",
        ("purpose", "school_id"),
        dict.fromkeys(("users_total", "users_consented", "coverage"), ("consent coverage of a purpose",)),
    ),
    Comparison(
        "compliance_status",
        ("school_id",),
        _attributes(
            "requests_open",
            "requests_overdue",
            "requests_due_within_7_days",
            "requests_closed",
            "requests_closed_in_time",
            "minors_total",
            "minors_without_parental_consent",
            "incidents_open",
            "incidents_notified_late",
        ),
    ),
)

METRICS = tuple(
    Metric(comparison, value, covers)
    for comparison in COMPARISONS
    for value, covers in comparison.values.items()
)

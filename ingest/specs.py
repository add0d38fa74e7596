"""Every source table as data. Order matters: what others refer to comes first, the event stream last."""

from __future__ import annotations

from datetime import timedelta

from ingest.columns import Column, Entity, Forget, Kind, Mode, Orphan, TableSpec

OVERLAP = timedelta(hours=1)
OVERLAP_IDS = 10_000


def _key(name: str, entity: Entity, source: str = "id") -> Column:
    return Column(name, Kind.UUID, source, required=True, entity=entity)


def _person(
    name: str,
    source: str = "user_id",
    *,
    orphan: Orphan = Orphan.NEVER,
    forget: Forget = Forget.DELETE,
    required: bool = False,
) -> Column:
    return Column(name, Kind.UUID, source, required=required, entity="users", orphan=orphan, forget=forget)


def _refers(
    name: str, entity: Entity, source: str, *, orphan: Orphan = Orphan.NEVER, optional: bool = False
) -> Column:
    return Column(name, Kind.UUID, source, optional=optional, entity=entity, orphan=orphan)


def _text(name: str, *, optional: bool = False) -> Column:
    return Column(name, Kind.TEXT, name, optional=optional)


def _at(name: str, *, required: bool = False, optional: bool = False) -> Column:
    return Column(name, Kind.TIMESTAMP, name, required=required, optional=optional)


def _number(name: str, kind: Kind = Kind.INTEGER, *, required: bool = True) -> Column:
    return Column(name, kind, name, required=required)


def _flag(name: str) -> Column:
    return Column(name, Kind.BOOLEAN, name, required=True)


ID = Column("id", Kind.UUID, "id", required=True)
CREATED, UPDATED = _at("created_at"), _at("updated_at")

SCHOOLS = TableSpec(
    name="schools",
    key=("school_key",),
    optional=True,
    moves="user_key",
    columns=(
        _key("school_key", "schools"),
        ID,
        _text("code"),
        _text("name"),
        _text("country"),
        _text("timezone"),
        Column("zone", Kind.TEXT, "timezone", derived="zone"),
        _flag("is_active"),
        CREATED,
        UPDATED,
    ),
)

USERS = TableSpec(
    name="users",
    key=("user_key",),
    moves="user_key",
    columns=(
        Column("user_key", Kind.UUID, "id", required=True, entity="users", forget=Forget.DELETE),
        ID,
        _refers("school_key", "schools", "school_id", optional=True),
        _text("username"),
        _text("email"),
        _text("first_name"),
        _text("last_name"),
        _text("role"),
        _flag("is_active"),
        Column("birth_date", Kind.DATE, "birth_date", optional=True),
        Column("leaderboard_opt_out", Kind.BOOLEAN, "leaderboard_opt_out", optional=True, default=False),
        _at("last_login"),
        CREATED,
        UPDATED,
    ),
)

COURSES = TableSpec(
    name="courses",
    key=("course_key",),
    columns=(
        _key("course_key", "courses"),
        ID,
        _text("title"),
        _text("subject", optional=True),
        CREATED,
        UPDATED,
    ),
)

LESSONS = TableSpec(
    name="lessons",
    key=("lesson_key",),
    moves="lesson_key",
    columns=(
        _key("lesson_key", "lessons"),
        ID,
        _refers("course_key", "courses", "course_id"),
        _text("title"),
        _number("position"),
        CREATED,
        UPDATED,
    ),
)

CONTENTS = TableSpec(
    name="contents",
    key=("id",),
    optional=True,
    columns=(
        ID,
        _refers("lesson_key", "lessons", "lesson_id"),
        _text("kind"),
        _text("title"),
        CREATED,
        UPDATED,
    ),
)

CLASSES = TableSpec(
    name="classes",
    key=("class_key",),
    columns=(
        _key("class_key", "classes"),
        ID,
        _refers("school_key", "schools", "school_id", optional=True),
        _refers("course_key", "courses", "course_id"),
        _person("teacher_key", "teacher_id", forget=Forget.CLEAR),
        _text("name"),
        _flag("is_active"),
        CREATED,
        UPDATED,
    ),
)

CLASS_ENROLLMENTS = TableSpec(
    name="class_enrollments",
    key=("class_key", "student_key"),
    happened_at="enrolled_at",
    block="student_key",
    columns=(
        Column("class_key", Kind.UUID, "class_id", required=True, entity="classes", orphan=Orphan.DANGLING),
        _person("student_key", "student_id", orphan=Orphan.DANGLING, required=True),
        _text("status"),
        _at("enrolled_at", required=True),
        UPDATED,
    ),
)

USER_PROGRESS = TableSpec(
    name="user_progress",
    key=("id",),
    mode=Mode.MERGE,
    cursor="updated_at",
    overlap=OVERLAP,
    block="user_key",
    checksum=("id", "updated_at"),
    happened_at="updated_at",
    columns=(
        ID,
        _person("user_key", orphan=Orphan.DANGLING_OR_NULL),
        _refers("lesson_key", "lessons", "lesson_id", orphan=Orphan.DANGLING_OR_NULL),
        _number("progress_percentage", Kind.PERCENT),
        _number("time_spent_seconds"),
        _at("completed_at"),
        _at("created_at", required=True),
        _at("updated_at", required=True),
    ),
)

QUIZZES = TableSpec(
    name="quizzes",
    key=("quiz_key",),
    columns=(
        _key("quiz_key", "quizzes"),
        ID,
        _refers("lesson_key", "lessons", "lesson_id"),
        _text("title"),
        Column("pass_score", Kind.PERCENT, "pass_score", optional=True, default=70),
        _at("due_at", optional=True),
        CREATED,
        UPDATED,
    ),
)

QUIZ_ATTEMPTS = TableSpec(
    name="quiz_attempts",
    key=("attempt_key",),
    mode=Mode.MERGE,
    cursor="updated_at",
    overlap=OVERLAP,
    block="user_key",
    checksum=("id", "updated_at"),
    happened_at="coalesce(completed_at, started_at)",
    columns=(
        _key("attempt_key", "attempts"),
        ID,
        _refers("quiz_key", "quizzes", "quiz_id", orphan=Orphan.DANGLING_OR_NULL),
        _person("user_key", orphan=Orphan.DANGLING_OR_NULL),
        _number("score", Kind.PERCENT, required=False),
        _at("started_at", required=True),
        _at("completed_at"),
        _at("updated_at", required=True),
    ),
)

LEADERBOARD = TableSpec(
    name="leaderboard",
    key=("user_key",),
    optional=True,
    columns=(
        _person("user_key", required=True),
        _number("total_xp", Kind.BIGINT),
        _number("rank", required=False),
        UPDATED,
    ),
)

CONSENTS = TableSpec(
    name="consents",
    key=("id",),
    optional=True,
    happened_at="given_at",
    block="user_key",
    columns=(
        ID,
        _person("user_key"),
        _text("purpose"),
        _text("policy_version"),
        _text("given_by"),
        _at("given_at", required=True),
        _at("withdrawn_at"),
        UPDATED,
    ),
)

DATA_SUBJECT_REQUESTS = TableSpec(
    name="data_subject_requests",
    key=("request_key",),
    optional=True,
    happened_at="received_at",
    columns=(
        _key("request_key", "requests"),
        ID,
        _person("user_key", forget=Forget.CLEAR),
        _refers("school_key", "schools", "school_id"),
        _text("kind"),
        _text("status"),
        _at("received_at", required=True),
        _number("extension_months"),
        _at("extension_notified_at"),
        _at("completed_at"),
        UPDATED,
    ),
)

SECURITY_INCIDENTS = TableSpec(
    name="security_incidents",
    key=("incident_key",),
    optional=True,
    happened_at="aware_at",
    columns=(
        _key("incident_key", "incidents"),
        ID,
        _refers("school_key", "schools", "school_id"),
        _at("aware_at", required=True),
        _at("notified_at"),
        _number("subjects_affected"),
        _at("closed_at"),
        UPDATED,
    ),
)

ANALYTICS = TableSpec(
    name="analytics",
    key=("id",),
    mode=Mode.APPEND,
    cursor="id",
    overlap=OVERLAP_IDS,
    block="id",
    checksum=("id", "created_at"),
    happened_at="created_at",
    ignored=("metadata",),  # free text about people; no metric uses it
    columns=(
        _number("id", Kind.BIGINT),
        _person("user_key", orphan=Orphan.DANGLING_OR_NULL),
        _text("event_type"),
        _refers("lesson_key", "lessons", "lesson_id", orphan=Orphan.DANGLING),
        _number("xp_earned"),
        _at("created_at", required=True),
        Column("local_date", Kind.DATE, "created_at", derived="local_date"),
    ),
)

TABLES: tuple[TableSpec, ...] = (
    SCHOOLS,
    USERS,
    COURSES,
    LESSONS,
    CONTENTS,
    CLASSES,
    CLASS_ENROLLMENTS,
    USER_PROGRESS,
    QUIZZES,
    QUIZ_ATTEMPTS,
    LEADERBOARD,
    CONSENTS,
    DATA_SUBJECT_REQUESTS,
    SECURITY_INCIDENTS,
    ANALYTICS,
)

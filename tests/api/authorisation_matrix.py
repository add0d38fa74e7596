"""Who gets what: one line per route and the status that each kind of caller gets. A new route needs a line.

`school` callers belong to school A, `none` callers to no school. Paths name things of school A; in the column
`other school` they name the same of school B and the caller is the admin of A; in `other person` they
name another learner of A and the caller is a learner of A. `-` where a route names nothing.
Without a token, or with a bad one, every route is 401.
"""

from __future__ import annotations

COLUMNS = (
    "platform admin",
    "school admin",
    "teacher",
    "student",
    "platform analyst",
    "school analyst",
    "teacher none",
    "student none",
    "other school",
    "other person",
)

MATRIX = """
                                                                       admin admin teach stud  analy analy teach stud  other other
                                                                       platf schoo schoo schoo platf schoo none  none  schoo perso
GET  /analytics/overview                                               200   200   200   200   200   200   200   200   -     -
GET  /analytics/student-progress?student_id={student}                  200   200   200   200   403   403   404   403   404   403
GET  /analytics/weekly_xp                                              200   200   200   200   200   200   200   200   -     -
GET  /analytics/subject_mastery                                        200   200   200   200   200   200   200   200   -     -
GET  /analytics/realtime                                               200   200   200   200   200   200   200   200   -     -
GET  /analytics/trends/engagement                                      200   200   403   403   403   403   403   403   -     -
GET  /analytics/trends/content                                         200   200   200   403   403   403   200   403   -     -
GET  /analytics/dashboard                                              200   200   200   403   403   403   200   403   -     -
GET  /analytics/summary?class_id={class}                               200   200   200   403   403   403   404   403   404   -
GET  /gamification/leaderboard?class_id={class}                        200   200   200   200   200   200   404   404   404   -
GET  /me                                                                   200   200   200   200   200   200   200   200   -     -
GET  /users/                                                           200   200   403   403   403   403   403   403   -     -
GET  /users/{student}                                                  200   200   403   200   403   403   403   403   404   403
GET  /classes/                                                         200   200   200   403   403   403   200   403   -     -
GET  /classes/{class}/learners                                         200   200   200   403   403   403   404   403   404   -
GET  /learners/{student}/mastery                                       200   200   200   403   403   403   404   403   404   403
GET  /schools/                                                         200   200   200   403   403   403   200   403   -     -
GET  /schools/{school}                                                 200   200   200   403   403   403   404   403   404   -
POST /schools/                                                         422   403   403   403   403   403   403   403   -     -
GET  /builds                                                           200   200   403   403   200   200   403   403   -     -
GET  /builds/{run}                                                     200   200   403   403   200   200   403   403   -     -
GET  /marts                                                            200   200   200   403   200   200   200   403   -     -
GET  /marts/dim_user                                                   200   200   200   403   200   200   200   403   -     -
GET  /marts/dim_user/lineage                                           200   200   200   403   200   200   200   403   -     -
GET  /marts/compliance_requests                                        200   200   403   403   200   200   403   403   -     -
POST /sql                                                              200   403   403   403   200   200   403   403   -     -
GET  /compliance/status                                                200   200   403   403   403   403   403   403   -     -
GET  /compliance/requests                                              200   200   403   403   403   403   403   403   -     -
GET  /compliance/erasures/{receipt}                                    404   404   403   403   403   403   403   403   -     -
GET  /compliance/disclosures                                           200   200   403   403   403   403   403   403   -     -
"""  # noqa: E501 - a table is read across

# What a row sends as its body; the school's zone does not exist, so that nobody registers one here.
BODIES = {
    "/schools/": {"code": "matrix", "name": "Matrix", "country": "DK", "timezone": "Nowhere/Land"},
    "/sql": {"query": "SELECT count(*) FROM dim_user"},
}


def expectations() -> list[tuple[str, str, str, int]]:
    """(method, path, column, status) of every cell."""
    cells = []
    for line in MATRIX.splitlines()[3:]:
        method, path, *statuses = line.split()
        assert len(statuses) == len(COLUMNS), line
        cells += [
            (method, path, column, int(status))
            for column, status in zip(COLUMNS, statuses, strict=True)
            if status != "-"
        ]
    return cells


def rows() -> list[tuple[str, str]]:
    """(method, path) of every line."""
    return [(line.split()[0], line.split()[1]) for line in MATRIX.splitlines()[3:]]

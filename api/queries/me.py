"""GET /me: what the caller's own school is called, and the zone that its dates and times are in."""

from __future__ import annotations

from api.schemas.people import Me
from api.scope import Scope
from api.snapshots import Snapshot

EVERYWHERE = "UTC"  # the zone of the whole platform, and of a school that no build has seen yet
_SCHOOL = """
SELECT school_id, CASE WHEN school_id IS NOT NULL THEN name END, zone
FROM dim_school
WHERE school_key = ?
"""


def me(snapshot: Snapshot, scope: Scope) -> Me:
    """The caller as the snapshot knows it: no school but the token's own is looked up."""
    school = snapshot.one(_SCHOOL, [scope.school_key])
    return Me(scope.role, *(school or (None, None, EVERYWHERE)))

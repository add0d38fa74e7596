"""GET /me."""

from __future__ import annotations

import pytest

from tests.api import rules_source as source
from tests.api.rules import ANALYST, NO_SCHOOL, PLATFORM, Api, admin, student, teacher
from tests.api.serving import bearer

NOWHERE = {"school_id": None, "school_name": None, "timezone": "UTC"}
TONGA = {"school_id": str(source.TONGA), "school_name": "Tonga College", "timezone": "Pacific/Tongatapu"}


@pytest.mark.parametrize(
    ("headers", "role"),
    [(student(source.ANA), "student"), (teacher(), "teacher"), (admin(), "admin")],
)
def test_everybody_learns_their_own_school_and_its_zone(
    rules: Api, headers: dict[str, str], role: str
) -> None:
    """Without the zone a front end would show times by the reader's device."""
    assert rules.get("/me", headers) == {"role": role, **TONGA}


@pytest.mark.parametrize(
    ("headers", "role"),
    [
        (PLATFORM, "admin"),
        (ANALYST, "analyst"),
        (student(source.UNA, NO_SCHOOL), "student"),
        (bearer("teacher", source.NOBODY), "teacher"),
    ],
    ids=["platform", "analyst", "no school", "a school that no build has seen"],
)
def test_without_a_known_school_dates_are_those_of_utc(
    rules: Api, headers: dict[str, str], role: str
) -> None:
    assert rules.get("/me", headers) == {"role": role, **NOWHERE}

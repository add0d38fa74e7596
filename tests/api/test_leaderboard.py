"""Leaderboards: ties, who takes part, who is shown under which name, and what lies around the caller."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, admin, student, teacher

BOARD = "/gamification/leaderboard"


def _shape(board: Any) -> list[tuple[Any, ...]]:
    return [(row["position"], row["rank"], row["dense_rank"], row["xp"]) for row in board["entries"]]


def _names(board: Any) -> list[str]:
    return [row["name"] for row in board["entries"]]


def test_ties_share_a_rank_and_who_came_first_stands_first(rules: Api) -> None:
    """Ranks from row numbers would put two equal learners on different places."""
    board = rules.get(BOARD, teacher())
    assert _shape(board) == [(1, 1, 1, 50), (2, 2, 2, 40), (3, 2, 2, 40), (4, 4, 3, 30), (5, 5, 4, 20)]
    assert _names(board) == ["Ana Alofa", "Ben Brown", "Cat", "Dot Dayton", "eve"]
    assert board["participants_total"] == 5
    assert board["current_user"] is None


def test_opted_out_inactive_and_penniless_learners_leave_no_gap(rules: Api) -> None:
    """A hidden learner who still takes a rank can be found by the gap."""
    ids = {row["user_id"] for row in rules.get(BOARD, teacher())["entries"]}
    assert ids == {str(person) for person in (source.ANA, source.BEN, source.CAT, source.DOT, source.EVE)}


def test_the_window_ends_on_the_schools_own_today(rules: Api) -> None:
    """At UTC+13 the school is already in tomorrow; a window by UTC would lose its newest event."""
    week = rules.get(BOARD, teacher())
    assert (week["timeframe"], week["from"], week["to"]) == ("week", "2026-02-25", "2026-03-03")
    day = rules.get(BOARD, teacher(), timeframe="day")
    assert (day["from"], day["to"], _shape(day)) == ("2026-03-03", "2026-03-03", [(1, 1, 1, 20)])


def test_a_platform_board_says_utc_but_counts_each_learners_own_today(rules: Api) -> None:
    """Cutting at the UTC date would take Ana's newest 20 XP from the global board."""
    board = rules.get(BOARD, PLATFORM)
    assert (board["from"], board["to"]) == ("2026-02-24", "2026-03-02")
    assert [(row["name"], row["xp"]) for row in board["entries"]] == [
        ("Ana Alofa", 50),
        ("Ben Brown", 40),
        ("Cat", 40),
        ("Dot Dayton", 30),
        ("Lea Lake", 30),
        ("eve", 20),
        ("Una Upton", 7),
    ]


def test_all_time_has_no_first_date(rules: Api) -> None:
    board = rules.get(BOARD, teacher(), timeframe="all")
    assert (board["from"], board["to"]) == (None, "2026-03-03")
    assert board["entries"][0]["xp"] == 540


def test_the_caller_stands_somewhere(rules: Api) -> None:
    board = rules.get(BOARD, student(source.BEN))
    assert board["current_user"] == {"rank": 2, "xp": 40, "percentile": 50.0, "xp_to_next_rank": 10}
    assert [row["is_current_user"] for row in board["entries"]] == [False, True, False, False, False]


def test_the_first_has_nobody_to_reach_and_who_is_alone_no_percentile(rules: Api) -> None:
    assert rules.get(BOARD, student(source.ANA))["current_user"]["xp_to_next_rank"] is None
    alone = rules.get(BOARD, student(source.LEA, source.LINCOLN))["current_user"]
    assert alone == {"rank": 1, "xp": 30, "percentile": None, "xp_to_next_rank": None}


@pytest.mark.parametrize(
    ("person", "limit", "positions"),
    [
        (source.ANA, 2, [1, 2]),
        (source.BEN, 3, [1, 2, 3]),
        (source.CAT, 3, [2, 3, 4]),
        (source.EVE, 3, [3, 4, 5]),
        (source.EVE, 1, [5]),
        (source.CAT, 100, [1, 2, 3, 4, 5]),
    ],
)
def test_around_me_is_clipped_at_both_ends(person: Any, limit: int, positions: list[int], rules: Api) -> None:
    """Centring without clipping asks for positions below one, or returns half a page at the bottom."""
    board = rules.get(BOARD, student(person), around="me", limit=limit)
    assert [row["position"] for row in board["entries"]] == positions
    assert any(row["is_current_user"] for row in board["entries"])


def test_around_me_of_somebody_without_a_rank_is_the_top(rules: Api) -> None:
    board = rules.get(BOARD, student(source.FAY), around="me", limit=2)
    assert board["current_user"] is None
    assert [row["position"] for row in board["entries"]] == [1, 2]


def test_a_student_sees_short_names_pseudonyms_and_no_ids(rules: Api) -> None:
    """A full name or an id on a classmate's screen cannot be taken back."""
    entries = rules.get(BOARD, student(source.BEN))["entries"]
    ana, ben, cat, dot, eve = entries
    assert (ana["name"], ben["name"], cat["name"]) == ("Ana A.", "You", "Cat")
    for hidden, words in ((dot, ("dot", "dayton")), (eve, ("eve",))):
        assert not any(word in hidden["name"].lower() for word in words)
    assert dot["name"] != eve["name"]
    assert [row["user_id"] for row in entries] == [None, str(source.BEN), None, None, None]


def test_a_child_is_you_to_itself_and_the_same_pseudonym_to_all_others(rules: Api) -> None:
    """A pseudonym that differs between two askers, or between boards, identifies nobody reliably."""
    assert rules.get(BOARD, student(source.DOT))["entries"][3]["name"] == "You"
    seen = {
        rules.get(BOARD, student(person), timeframe=timeframe)["entries"][position]["name"]
        for person, timeframe, position in ((source.ANA, "week", 3), (source.BEN, "month", 3))
    }
    assert len(seen) == 1


def test_an_analyst_sees_pseudonyms(rules: Api) -> None:
    names = _names(rules.get(BOARD, ANALYST))
    assert not {"Ana Alofa", "Ana A.", "Ben Brown", "Lea Lake"} & set(names)
    assert len(set(names)) == 7


def test_a_class_board_holds_the_enrolled_only(rules: Api) -> None:
    board = rules.get(BOARD, teacher(), scope="class", class_id=source.CLASS)
    assert _names(board) == ["Ben Brown", "Cat", "eve"]
    assert _shape(board) == [(1, 1, 1, 40), (2, 1, 1, 40), (3, 3, 2, 20)]
    assert rules.get(BOARD, teacher(), class_id=source.CLASS) == board
    withdrawn = rules.get(BOARD, student(source.ANA), class_id=source.CLASS)
    assert withdrawn["current_user"] is None


@pytest.mark.parametrize(
    ("status", "headers", "params"),
    [
        (403, teacher(), {"scope": "global"}),
        (403, student(source.BEN), {"scope": "global"}),
        (422, PLATFORM, {"scope": "school"}),
        (422, ANALYST, {"scope": "school"}),
        (422, teacher(), {"scope": "class"}),
        (422, teacher(), {"scope": "school", "class_id": str(source.CLASS)}),
        (404, teacher(), {"scope": "class", "class_id": str(source.LINCOLN_CLASS)}),
        (404, teacher(), {"scope": "class", "class_id": str(source.NOBODY)}),
        (200, PLATFORM, {"scope": "class", "class_id": str(source.LINCOLN_CLASS)}),
        (200, PLATFORM, {"scope": "global"}),
        (422, teacher(), {"limit": 0}),
        (422, teacher(), {"limit": 101}),
        (422, teacher(), {"timeframe": "year"}),
        (422, teacher(), {"around": "you"}),
        (422, teacher(), {"class_id": "7a"}),
    ],
)
def test_scopes_and_bounds(status: int, headers: dict[str, str], params: dict[str, Any], rules: Api) -> None:
    assert rules.status(BOARD, headers, **params) == status


def test_nobody_ranked_is_an_empty_board(rules: Api) -> None:
    board = rules.get(BOARD, admin(source.EMPTY))
    assert (board["entries"], board["current_user"], board["participants_total"]) == ([], None, 0)

"""GET /gamification/leaderboard, and the top performers of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from api.errors import Forbidden, Invalid
from api.names import Person, shown_id, shown_name
from api.queries.classes import find_class
from api.queries.people import people_by_key
from api.queries.windows import Window, today
from api.schemas.analytics import TopPerformer
from api.schemas.gamification import Board, CurrentUser, Leaderboard, LeaderboardEntry, Timeframe
from api.scope import Scope
from api.snapshots import Row, Snapshot

TOP_PERFORMERS = 10
DAYS = {Timeframe.DAY: 1, Timeframe.WEEK: 7, Timeframe.MONTH: 30}

_PARTICIPANT = "scope = $board AND scope_key = $key AND timeframe = $timeframe"

_ENTRIES = f"""
SELECT user_key, participants, rank, dense_rank, position, xp
FROM leaderboard
WHERE {_PARTICIPANT} AND position BETWEEN $first AND $last
ORDER BY position
"""  # noqa: S608

_STANDING = f"""
SELECT rank, xp, percentile, xp_to_next_rank, position, participants
FROM leaderboard
WHERE {_PARTICIPANT} AND user_key = $user
"""  # noqa: S608


@dataclass(frozen=True)
class LeaderboardRequest:
    """Parameters of the endpoint; `board` None: what the caller's scope and class_id imply."""

    timeframe: Timeframe
    limit: int
    board: Board | None
    class_id: UUID | None
    is_around_me: bool


@dataclass(frozen=True)
class _Place:
    """Which board: its scope in the mart, and the key there."""

    board: Board
    key: int

    def params(self, timeframe: str) -> dict[str, Any]:
        return {"board": self.board.value, "key": self.key, "timeframe": timeframe}


def leaderboard(snapshot: Snapshot, scope: Scope, request: LeaderboardRequest) -> Leaderboard:
    """The entries by position, from the first or around the caller, and where the caller stands.

    Raises Invalid (422), Forbidden (403) or NotFound (404) when the board is not the caller's to see.
    """
    place = _place(snapshot, scope, request)
    board = place.params(request.timeframe.value)
    standing = _standing(snapshot, board, scope.user_key)
    rows = _rows(snapshot, board, _first_position(request, standing), request.limit)
    window = Window.ending(today(snapshot, scope), DAYS.get(request.timeframe, 1))
    return {
        "timeframe": request.timeframe,
        "from": None if request.timeframe is Timeframe.ALL else window.start,
        "to": window.end,
        "entries": _entries(snapshot, scope, rows),
        "current_user": _current_user(standing),
        "participants_total": rows[0][1] if rows else 0,
    }


def top_performers(snapshot: Snapshot, scope: Scope, timeframe: str) -> list[TopPerformer]:
    """The first ten of the school's board, or of the global one; `timeframe` may also be year."""
    board = _own_place(scope).params(timeframe)
    return [
        TopPerformer(rank=rank, user_id=str(person.user_id), name=shown_name(scope, person), xp=xp)
        for person, (_, rank, _, _, xp) in _people(snapshot, _rows(snapshot, board, 1, TOP_PERFORMERS))
    ]


def rank_in_school(snapshot: Snapshot, person: Person) -> int | None:
    """The person's rank of all time in the own school; None when not ranked."""
    board = _Place(Board.SCHOOL, person.school_key).params(Timeframe.ALL.value)
    standing = _standing(snapshot, board, person.user_key)
    return standing["rank"] if standing else None


def _place(snapshot: Snapshot, scope: Scope, request: LeaderboardRequest) -> _Place:
    board = request.board or (Board.CLASS if request.class_id else _own_place(scope).board)
    _check_board(scope, board)
    if board is not Board.CLASS:
        if request.class_id is not None:
            raise Invalid("class_id needs scope=class.")
        return _own_place(scope)
    if request.class_id is None:
        raise Invalid("scope=class needs a class_id.")
    found = find_class(snapshot, scope, request.class_id)
    return _Place(Board.CLASS, found.class_key)


def _check_board(scope: Scope, board: Board) -> None:
    if board is Board.GLOBAL and not scope.platform:
        raise Forbidden("scope=global is for callers of the whole platform.")
    if board is Board.SCHOOL and scope.platform:
        raise Invalid("scope=school is for callers of one school.")


def _own_place(scope: Scope) -> _Place:
    if scope.platform:
        return _Place(Board.GLOBAL, 0)
    return _Place(Board.SCHOOL, scope.school_key)


def _standing(snapshot: Snapshot, board: dict[str, Any], user_key: int | None) -> dict[str, Any] | None:
    if user_key is None:
        return None
    rows = snapshot.records(_STANDING, {**board, "user": user_key})
    return rows[0] if rows else None


def _first_position(request: LeaderboardRequest, standing: dict[str, Any] | None) -> int:
    """Position of the first entry: around the caller, shifted so that both ends stay on the board."""
    if not request.is_around_me or standing is None:
        return 1
    centred = int(standing["position"]) - request.limit // 2
    return max(1, min(centred, int(standing["participants"]) - request.limit + 1))


def _rows(snapshot: Snapshot, board: dict[str, Any], first: int, limit: int) -> list[Row]:
    return snapshot.query(_ENTRIES, {**board, "first": first, "last": first + limit - 1})


def _entries(snapshot: Snapshot, scope: Scope, rows: list[Row]) -> list[LeaderboardEntry]:
    return [
        LeaderboardEntry(
            rank=rank,
            dense_rank=dense_rank,
            position=position,
            user_id=shown_id(scope, person),
            name=shown_name(scope, person),
            xp=xp,
            is_current_user=person.user_id == scope.caller.user_id,
        )
        for person, (_, rank, dense_rank, position, xp) in _people(snapshot, rows)
    ]


def _people(snapshot: Snapshot, rows: list[Row]) -> list[tuple[Person, Row]]:
    people = people_by_key(snapshot, [row[0] for row in rows])
    return [(people[row[0]], row[1:]) for row in rows if row[0] in people]


def _current_user(standing: dict[str, Any] | None) -> CurrentUser | None:
    if standing is None:
        return None
    return CurrentUser(**{field.name: standing[field.name] for field in fields(CurrentUser)})

"""Real time: a follower that loses, doubles or misplaces events is wrong only while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from api import follower
from api.activity import Activity, Event
from tests.api import rules_source as source
from tests.api.rules import ANALYST, PLATFORM, Api, RulesSchool, admin, student, teacher
from tests.api.serving import BASE, client_of, settings_for

REALTIME = "/analytics/realtime"
PATIENCE_SECONDS = 60


@pytest.fixture
def source_url(make_database: Callable[..., str]) -> str:
    """A source of its own, whose last events lie in the past."""
    url = make_database()
    source.fill(url)
    return url


@pytest.fixture
def live(source_url: str, rules_school: RulesSchool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A server that follows that source closely, and withholds nothing from students."""
    monkeypatch.setattr(follower, "POLL_SECONDS", 0.05)
    settings = settings_for(rules_school.data_dir, source_url=source_url, small_group=1)
    with client_of(settings) as client:
        yield Api(client)


def _happen(url: str, *events: tuple[UUID, datetime, int], lesson: UUID | None = None) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.executemany(
            "INSERT INTO analytics (user_id, created_at, xp_earned, lesson_id, event_type)"
            " VALUES (%s, %s, %s, %s, 'login')",
            [(*event, lesson) for event in events],
        )


def _settled(api: Api, headers: dict[str, str], is_settled: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_settled(answer := api.get(REALTIME, headers)):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer


def _now() -> datetime:
    return datetime.now(UTC)


def test_a_quiet_platform_shows_what_happened_last(live: Api) -> None:
    answer = live.get(REALTIME, admin(source.LINCOLN))
    assert (answer["active_users"], answer["activities_today"]) == (0, 0)
    assert [(row["user_name"], row["lesson_title"]) for row in answer["recent_activities"]] == [
        ("Lea Lake", "Leaves"),
        ("Lea Lake", "Fractions"),
    ]
    assert len(live.get(REALTIME, PLATFORM)["recent_activities"]) == 10
    assert 0 <= answer["lag_seconds"] < PATIENCE_SECONDS


def test_a_quiet_school_on_a_busy_platform_shows_what_happened_last(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Behind the newest events of the platform, a school on holiday would look as if nothing ever was."""
    monkeypatch.setattr(follower, "_TAIL", 1)
    live: Api = request.getfixturevalue("live")
    shown = live.get(REALTIME, admin(source.LINCOLN))["recent_activities"]
    assert [row["lesson_title"] for row in shown] == ["Leaves", "Fractions"]
    newest = [row["occurred_at"] for row in live.get(REALTIME, PLATFORM)["recent_activities"]]
    assert len(newest) == 10
    assert newest == sorted(newest, reverse=True)


def test_a_source_that_is_slow_to_tell_of_quiet_schools_is_followed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Without an index by person the last events of quiet schools take for ever: all lost sight of now."""
    monkeypatch.setattr(follower, "_QUIET", "(SELECT analytics.* FROM analytics, pg_sleep(60))")
    monkeypatch.setattr(follower, "_QUIET_TIMEOUT", "SET LOCAL statement_timeout = '100ms'")
    live: Api = request.getfixturevalue("live")
    assert len(live.get(REALTIME, PLATFORM)["recent_activities"]) == 10


def test_new_events_arrive_in_their_school_only(live: Api, source_url: str) -> None:
    now = _now()
    _happen(
        source_url,
        (source.ANA, now, 7),
        (source.ANA, now - timedelta(minutes=6), 1),
        lesson=source.LESSONS[0],
    )
    answer = _settled(live, teacher(), lambda answer: answer["active_users"] == 1)
    newest = answer["recent_activities"][0]
    assert (newest["user_name"], newest["event_type"], newest["xp_earned"]) == ("Ana Alofa", "login", 7)
    assert newest["lesson_title"] == "Fractions"
    assert datetime.fromisoformat(newest["occurred_at"]) == now
    assert live.get(REALTIME, PLATFORM)["active_users"] == 1
    assert live.get(REALTIME, teacher(source.LINCOLN))["active_users"] == 0
    assert live.get(REALTIME, teacher(None))["active_users"] == 0


def test_orphans_and_the_future_do_not_count(live: Api, source_url: str) -> None:
    """A clock that runs ahead would make somebody active who is not here yet."""
    now = _now()
    _happen(source_url, (source.NOBODY, now, 1), (source.ANA, now + timedelta(hours=1), 1))
    _happen(source_url, (source.BEN, now, 1), lesson=source.NOBODY)
    _happen(source_url, (source.CAT, now, 1))
    answer = _settled(live, admin(), lambda answer: answer["active_users"] > 0)
    assert answer["active_users"] == 1
    assert answer["recent_activities"][0]["user_name"] == "Cat"


def test_a_student_sees_short_names(live: Api, source_url: str) -> None:
    now = _now()
    people = (source.ANA, source.BEN, source.DOT, source.TEACHER)
    _happen(source_url, *((person, now - timedelta(seconds=place), 1) for place, person in enumerate(people)))
    answer = _settled(live, student(source.BEN), lambda answer: answer["active_users"] == 4)
    ana, ben, dot, teaching = (row["user_name"] for row in answer["recent_activities"][:4])
    assert (ana, ben, teaching) == ("Ana A.", "You", "Tia T.")
    assert not {"dot", "dayton"} & set(dot.lower().split())
    hidden = [row["user_name"] for row in live.get(REALTIME, ANALYST)["recent_activities"]]
    assert not {"Ana A.", "Ana Alofa", "Tia Teach", "Dot Dayton"} & set(hidden)


def test_somebody_new_is_shown_before_the_next_build(live: Api, source_url: str) -> None:
    """The snapshot knows neither the person nor the age: staff see the name, students none."""
    newcomer = source.made_id(0x77, 1)
    with psycopg.connect(source_url) as connection:
        connection.execute(
            "INSERT INTO users (id, school_id, username, email, first_name, last_name, role)"
            " VALUES (%s, %s, 'neo', 'neo@school.example', 'Neo', 'New', 'STUDENT')",
            [newcomer, source.TONGA],
        )
    _happen(source_url, (newcomer, _now(), 1))
    _settled(live, teacher(), lambda answer: answer["recent_activities"][0]["user_name"] == "Neo New")
    assert live.get(REALTIME, student(source.BEN))["recent_activities"][0]["user_name"] == "New learner"


def test_ids_that_commit_out_of_order_are_not_lost(live: Api, source_url: str) -> None:
    """The lower id becomes visible after the higher one: a follower that only looks ahead never sees it."""
    with psycopg.connect(source_url) as slow:
        slow.execute(
            "INSERT INTO analytics (user_id, event_type, created_at) VALUES (%s, 'slow', now())", [source.ANA]
        )
        _happen(source_url, (source.BEN, _now(), 1))
        _settled(live, admin(), lambda answer: answer["active_users"] == 1)
    answer = _settled(live, admin(), lambda answer: answer["active_users"] == 2)
    before = answer["activities_today"]
    time.sleep(0.3)
    assert live.get(REALTIME, admin())["activities_today"] == before, "an overlap was counted twice"


def test_deleted_events_are_forgotten(live: Api, source_url: str) -> None:
    """An erased person must not stay on a screen until the server restarts."""
    _happen(source_url, (source.ANA, _now(), 1))
    _settled(live, admin(), lambda answer: answer["active_users"] == 1)
    with psycopg.connect(source_url) as connection:
        connection.execute("DELETE FROM analytics WHERE user_id = %s", [source.ANA])
    answer = _settled(live, admin(), lambda answer: answer["active_users"] == 0)
    assert "Ana Alofa" not in {row["user_name"] for row in answer["recent_activities"]}


def test_while_the_source_is_away_the_last_state_answers_and_the_lag_grows(
    live: Api, source_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LONGEST_WAIT_SECONDS", 0.1)
    _happen(source_url, (source.ANA, _now(), 1))
    before = _settled(live, admin(), lambda answer: answer["active_users"] == 1)
    name = psycopg.conninfo.conninfo_to_dict(source_url)["dbname"]
    server = psycopg.conninfo.make_conninfo(source_url, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        away = _settled(live, admin(), lambda answer: answer["lag_seconds"] > 0.5)
        assert away["active_users"] == 1
        assert away["observed_at"] >= before["observed_at"]
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    _happen(source_url, (source.BEN, _now(), 1))
    back = _settled(live, admin(), lambda answer: answer["active_users"] == 2)
    assert back["lag_seconds"] < away["lag_seconds"] + PATIENCE_SECONDS


def test_the_smallest_platform_can_be_followed(
    make_database: Callable[..., str], rules_school: RulesSchool
) -> None:
    """Without schools everybody is unassigned."""
    url = make_database(smallest=True)
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO users (id, username, email, role) VALUES (%s, 'sam', 's@school.example', 'TEACHER')",
            [source.UNA],
        )
    _happen(url, (source.UNA, _now(), 3))
    with client_of(settings_for(rules_school.data_dir, source_url=url)) as client:
        answer = Api(client).get(REALTIME, teacher(None))
        assert (answer["active_users"], answer["activities_today"]) == (1, 1)
        assert answer["recent_activities"][0]["user_name"] == "sam"
        assert Api(client).get(REALTIME, teacher())["recent_activities"] == []


def test_without_a_source_there_is_no_now(rules: Api, rules_school: RulesSchool) -> None:
    assert rules.status(REALTIME, PLATFORM) == 503
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    with client_of(settings_for(rules_school.data_dir, source_url=away)) as client:
        answer = client.get(BASE + REALTIME, headers=PLATFORM)
        assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
        assert int(answer.headers["retry-after"]) > 0


TONGA_ZONES = {source.TONGA: ZoneInfo("Pacific/Tongatapu")}


def _event(number: int, occurred_at: datetime, person: UUID, school: UUID | None) -> Event:
    return Event(number, occurred_at, person, school, "STUDENT", "name", None, None, "login", None, 1)


def test_today_is_the_schools_date_and_the_platforms_is_utc() -> None:
    """At 11:30 UTC it is already tomorrow in Tonga: its events of the last hours lie on two dates."""
    activity = Activity(TONGA_ZONES)
    now = source.AS_OF
    activity.add(
        [
            _event(1, now - timedelta(minutes=10), source.ANA, source.TONGA),  # 3 March there
            _event(2, now - timedelta(minutes=40), source.BEN, source.TONGA),  # 2 March there
            _event(3, now - timedelta(hours=13), source.BEN, source.TONGA),  # 2 March there, 1 March in UTC
            _event(4, now - timedelta(minutes=40), source.UNA, None),
        ],
        now,
    )
    assert activity.of_school(source.TONGA, now).activities_today == 1
    assert activity.of_school(None, now).activities_today == 1
    assert activity.of_platform(now).activities_today == 3


def test_memory_is_bounded_and_the_future_waits() -> None:
    activity = Activity({})
    now = source.AS_OF
    activity.add(
        (_event(n, now - timedelta(days=n % 9, seconds=n), source.ANA, None) for n in range(1, 500)), now
    )
    activity.add([_event(500, now + timedelta(seconds=30), source.BEN, None)], now)
    assert len(activity.recent[None]) == 10
    assert {day for _, day in activity.counts} == {now.date() - timedelta(days=back) for back in range(3)}
    assert activity.of_platform(now).active_users == 1
    assert activity.of_platform(now + timedelta(seconds=31)).active_users == 2
    assert activity.of_platform(now + timedelta(minutes=10)).active_users == 0
    activity.forget_ids_below(400)
    assert min(activity.ids) == 400


def test_an_event_read_twice_counts_once() -> None:
    activity = Activity({})
    event = _event(1, source.AS_OF, source.ANA, None)
    activity.add([event, event], source.AS_OF)
    activity.add([event], source.AS_OF)
    assert activity.of_school(None, source.AS_OF).activities_today == 1

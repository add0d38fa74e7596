"""ETag, 304, Cache-Control, compression, and the cache behind them."""

from __future__ import annotations

import asyncio
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import app
from api.cache import Answer, AnswerCache
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.api.snapshot_factory import CURIE, LINCOLN, publish, user_id
from tests.waiting import wait_until

ADMIN = bearer("admin")
PATH = f"{BASE}/marts/dim_user"
LONG = f"{BASE}/marts/fct_user_day?limit=500"
STREAMED = f"{BASE}/marts/fct_user_day?limit=1100"


def metric(client: httpx.Client, name: str) -> float:
    """A counter of the server."""
    lines = (line for line in client.get("/metrics").text.splitlines() if line.startswith(f"{name} "))
    return float(next(lines).split()[1])


@pytest.mark.parametrize("path", [PATH, LONG, STREAMED, f"{BASE}/marts"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_known_answer_is_304_without_a_body(small: httpx.Client, path: str, coding: str) -> None:
    headers = ADMIN | {"Accept-Encoding": coding}
    first = small.get(path, headers=headers)
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    assert first.headers["Cache-Control"] == "private, max-age=60"
    assert "Authorization" in first.headers["Vary"]
    for wish in (tag, f"W/{tag}", f'"other", {tag}'):
        second = small.get(path, headers=headers | {"If-None-Match": wish})
        assert second.status_code == 304
        assert second.content == b""
        assert second.headers["Cache-Control"] == "private, max-age=60"
    assert small.get(path, headers=headers | {"If-None-Match": '"other"'}).status_code == 200


def test_304_does_not_need_the_answer_in_the_cache(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path, cache_bytes=0)) as client:
        tag = client.get(PATH, headers=ADMIN).headers["ETag"]
        assert client.get(PATH, headers=ADMIN | {"If-None-Match": tag}).status_code == 304


def test_the_tag_depends_on_snapshot_request_and_scope(tmp_path: Path) -> None:
    """One tag for two answers would give a caller somebody else's figures."""
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        tags = {client.get(path, headers=headers).headers["ETag"] for path, headers in _distinct()}
        snapshot_id = client.get(PATH, headers=ADMIN).json()["meta"]["snapshot_id"]
        assert all(tag.startswith(f'"{snapshot_id}-') for tag in tags)
        assert len(tags) == len(_distinct())
        publish(tmp_path, 2)
        for _ in range(1200):
            if client.get(PATH, headers=ADMIN).json()["meta"]["snapshot_id"].endswith("2Z"):
                break
            threading.Event().wait(0.05)
        assert client.get(PATH, headers=ADMIN).headers["ETag"] not in tags


def _distinct() -> list[tuple[str, dict[str, str]]]:
    return [
        (PATH, ADMIN),
        (f"{PATH}?limit=7", ADMIN),
        (PATH, ADMIN | {"Accept": "text/csv"}),
        (PATH, bearer("admin", LINCOLN)),
        (PATH, bearer("admin", CURIE)),
        (PATH, bearer("teacher", LINCOLN)),
        (PATH, bearer("teacher")),
        (f"{BASE}/marts", ADMIN),
    ]


def test_a_tag_of_another_scope_is_no_304(small: httpx.Client) -> None:
    tag = small.get(PATH, headers=bearer("admin", CURIE)).headers["ETag"]
    answer = small.get(PATH, headers=bearer("admin", LINCOLN) | {"If-None-Match": tag})
    assert answer.status_code == 200
    assert {row["school_key"] for row in answer.json()["data"]} == {1}


def test_callers_of_one_scope_share_an_answer(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path)) as client:
        first = client.get(PATH, headers=bearer("teacher", LINCOLN, user_id(50)))
        misses = metric(client, "schoolhouse_cache_misses_total")
        second = client.get(PATH, headers=bearer("teacher", LINCOLN, user_id(51)))
        assert second.content == first.content
        assert metric(client, "schoolhouse_cache_misses_total") == misses


def test_the_cache_never_serves_another_scope(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path)) as client:
        for _ in range(2):
            for school, key in ((LINCOLN, 1), (CURIE, 2)):
                answer = client.get(PATH, headers=bearer("teacher", school))
                assert {row["school_key"] for row in answer.json()["data"]} == {key}
        assert client.get(PATH, headers=bearer("student", LINCOLN)).status_code == 403


@pytest.mark.parametrize("path", [LONG, STREAMED])
def test_compressed_and_plain_answers_are_equal(small: httpx.Client, path: str) -> None:
    for turn in range(2):
        plain = small.get(path, headers=ADMIN | {"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers, turn
        with small.stream("GET", path, headers=ADMIN | {"Accept-Encoding": "br, gzip;q=0.5"}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(raw) == plain.content
        assert answer.headers["ETag"] != plain.headers["ETag"]
        refused = small.get(path, headers=ADMIN | {"Accept-Encoding": "gzip;q=0"})
        assert "Content-Encoding" not in refused.headers


def test_short_and_binary_answers_are_not_compressed(small: httpx.Client) -> None:
    assert "Content-Encoding" not in small.get(f"{BASE}/marts/dim_course", headers=ADMIN).headers
    for path in (LONG, STREAMED):
        assert "Content-Encoding" not in small.get(f"{path}&format=parquet", headers=ADMIN).headers


def test_equal_requests_at_the_same_time_are_computed_once(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path)) as client:
        client.get(f"{BASE}/builds", headers=ADMIN)
        misses = metric(client, "schoolhouse_cache_misses_total")
        address = str(client.base_url)
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(httpx.get, address + LONG, headers=ADMIN, timeout=30) for _ in range(16)]
            bodies = {answer.result().content for answer in asked}
        assert len(bodies) == 1
        assert metric(client, "schoolhouse_cache_misses_total") == misses + 1


def test_a_new_snapshot_takes_the_place_of_old_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory that grows with every publish, full of answers that nobody can ask for any more."""
    monkeypatch.setattr(app, "POLL_SECONDS", 0.02)
    publish(tmp_path, 1)
    with client_of(settings_for(tmp_path)) as client:
        client.get(LONG, headers=ADMIN)
        assert metric(client, "schoolhouse_cache_bytes") > 1_000
        publish(tmp_path, 2)
        wait_until(lambda: metric(client, "schoolhouse_cache_bytes") == 0, "no answer is kept any more")
        assert client.get(LONG, headers=ADMIN).status_code == 200
        assert metric(client, "schoolhouse_cache_bytes") > 1_000


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(100_000)


def _answer(key: str, size: int = 10) -> Answer:
    return Answer(key, "/route", 0, "application/json", b"x" * size)


def test_the_cache_is_bounded_in_bytes(cache: AnswerCache) -> None:
    for number in range(100):
        cache.put(_answer(str(number), 5_000))
    kept = [number for number in range(100) if cache.get(str(number))]
    assert kept == list(range(100 - len(kept), 100))
    assert 10 <= len(kept) <= 20


def test_an_answer_that_would_empty_the_cache_is_not_kept(cache: AnswerCache) -> None:
    cache.put(_answer("small"))
    cache.put(_answer("huge", 50_000))
    assert cache.get("small") is not None
    assert cache.get("huge") is None


def test_a_client_that_leaves_does_not_take_the_answer_from_the_others(cache: AnswerCache) -> None:
    async def scene() -> Any:
        started = asyncio.Event()

        async def compute() -> Answer:
            started.set()
            await asyncio.sleep(0.05)
            return _answer("key")

        first = asyncio.create_task(cache.get_or_compute("key", compute))
        await started.wait()
        second = asyncio.create_task(cache.get_or_compute("key", compute))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scene()).etag == "key"


def test_failures_reach_everybody_and_are_not_kept(cache: AnswerCache) -> None:
    computed = []

    async def fail() -> Answer:
        computed.append(1)
        await asyncio.sleep(0)
        raise ValueError("no answer")

    async def scene() -> list[Any]:
        both = (cache.get_or_compute("key", fail), cache.get_or_compute("key", fail))
        return await asyncio.gather(*both, return_exceptions=True)

    assert [type(outcome) for outcome in asyncio.run(scene())] == [ValueError, ValueError]
    assert len(computed) == 1
    assert asyncio.run(scene())
    assert len(computed) == 2

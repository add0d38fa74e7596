"""Worker processes: one set of metrics, and an end that cuts nobody off."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from api.auth import ConfigurationError
from api.serve import run
from tests.api.serving import BASE, bearer, served, settings_for
from tests.api.snapshot_factory import publish
from tests.waiting import PATIENCE, wait_until

ADMIN = bearer("admin")


def test_two_workers_show_one_set_of_metrics(tmp_path: Path) -> None:
    """Each worker counted for itself, and a scrape saw one of them by chance."""
    publish(tmp_path)
    with served(tmp_path, 2) as (_, address):
        for _ in range(20):
            answer = httpx.get(f"{address}{BASE}/marts/dim_course", headers=ADMIN, timeout=PATIENCE)
            assert answer.status_code == 200
        line = 'schoolhouse_requests_total{method="GET",route="/api/v1/marts/{name}",status="200"} 20.0'
        # A worker counts a request when the answer has left it.
        wait_until(lambda: line in httpx.get(f"{address}/metrics", timeout=PATIENCE).text, line)


def test_a_request_in_flight_is_answered_before_the_end(tmp_path: Path) -> None:
    publish(tmp_path)
    with served(tmp_path, 1) as (process, address):
        statuses: list[int] = []
        query = {"query": "SELECT count(*) FROM range(1500000000)"}

        def ask() -> None:
            answer = httpx.post(f"{address}{BASE}/sql", json=query, headers=ADMIN, timeout=PATIENCE)
            statuses.append(answer.status_code)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(psutil.Process(process.pid).children, "the server starts a process for the query")
        process.send_signal(signal.SIGTERM)
        thread.join(PATIENCE)
        # 400 is the query's own time limit on a slow machine: an answer all the same.
        assert statuses in ([200], [400])
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -signal.SIGTERM)
    records = [orjson.loads(line) for line in errors.splitlines()]
    assert [record["route"] for record in records if record["event"] == "request"][-1] == f"{BASE}/sql"
    assert records[-1]["event"] == "snapshot_closed"


def test_nothing_listens_on_wrong_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SCHOOLHOUSE_JWT_SECRET"):
        run("nowhere:app", settings_for(tmp_path, jwt_secret=None), host="127.0.0.1", port=0, workers=1)

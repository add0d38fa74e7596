"""The service around the routes: health, headers, logs, one error shape."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.auth import ConfigurationError
from tests.api.serving import bearer, client_of, settings_for
from tests.api.snapshot_factory import publish


def test_health_needs_no_token(small: httpx.Client) -> None:
    assert small.get("/healthz").json() == {"status": "alive"}
    assert small.get("/readyz").json()["status"] == "ready"


def test_without_a_snapshot_it_starts_and_asks_to_come_back(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        assert client.get("/healthz").status_code == 200
        for path in ("/readyz", "/api/v1/builds"):
            answer = client.get(path, headers=bearer("admin"))
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["error"]["code"] == "unavailable"


def test_the_first_snapshot_is_picked_up(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        publish(tmp_path)
        _wait_until_ready(client)
        assert client.get("/api/v1/builds", headers=bearer("admin")).json()["data"] == []


@pytest.mark.parametrize("changes", [{"jwt_secret": None}, {"jwks": "keys.json", "jwt_secret": "x" * 32}])
def test_it_does_not_start_without_exactly_one_source_of_keys(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="SCHOOLHOUSE_JWT_SECRET"):
        create_app(settings_for(tmp_path, **changes))


def _wait_until_ready(client: httpx.Client) -> None:
    for _ in range(40):
        if client.get("/readyz").status_code == 200:
            return
        time.sleep(0.05)
    pytest.fail("the snapshot was not picked up within two seconds")

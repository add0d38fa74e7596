"""The service around the routes: start, health, headers, logs, limits, one error shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog
from fastapi import APIRouter, Response
from pydantic import ValidationError

from api import logs
from api.app import create_app
from api.ask import VISIT
from api.auth import ConfigurationError
from api.runs import RunRecord, RunState
from pipeline.files import write_atomic
from tests.api.serving import BASE, SECRET, bearer, client_of, serving, settings_for
from tests.api.snapshot_factory import BUILT_AT, LINCOLN, publish, user_id
from tests.waiting import wait_until

ADMIN = bearer("admin")


def test_health_needs_no_token_and_shows_no_data(small: httpx.Client) -> None:
    assert small.get("/healthz").json() == {"status": "alive"}
    ready = small.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["age_seconds"] > 0
    assert small.get("/metrics").headers["Content-Type"].startswith("text/plain")


def test_without_a_snapshot_it_starts_and_asks_to_come_back(tmp_path: Path) -> None:
    with client_of(settings_for(tmp_path)) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 200
        assert client.get("/openapi.json").status_code == 200
        for path in ("/readyz", f"{BASE}/builds", f"{BASE}/marts"):
            answer = client.get(path, headers=ADMIN)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["error"]["code"] == "unavailable"
        publish(tmp_path)
        wait_until(lambda: client.get("/readyz").status_code == 200, "the snapshot is picked up")
        assert client.get(f"{BASE}/builds", headers=ADMIN).json()["data"] == []


def test_a_snapshot_of_an_older_version_asks_to_come_back(small: httpx.Client) -> None:
    """After an upgrade, or a rollback behind it, a mart that is not there yet was a failure (500)."""
    answer = small.get(f"{BASE}/analytics/summary?end_date=2026-03-01", headers=ADMIN)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_run_is_listed_as_it_ended(tmp_path: Path) -> None:
    """Runs are read once: one that was still running when it was first listed stayed so for ever."""
    publish(tmp_path)
    (tmp_path / "runs").mkdir()
    run = RunRecord(run_id="night", command="nightly", pid=1, started_at=BUILT_AT)
    with client_of(settings_for(tmp_path)) as client:
        for state in (RunState.RUNNING, RunState.PUBLISHED):
            text = run.model_copy(update={"state": state}).model_dump_json()
            write_atomic(tmp_path / "runs" / "night.json", text.encode())
            (build,) = client.get(f"{BASE}/builds", headers=ADMIN).json()["data"]
            assert build["state"] == state


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jwt_secret": None}, "SCHOOLHOUSE_JWT_SECRET"),
        ({"jwks": "keys.json", "jwt_secret": "x" * 32}, "SCHOOLHOUSE_JWKS"),
        ({"rate_limit": "often"}, "SCHOOLHOUSE_RATE_LIMIT"),
    ],
)
def test_it_does_not_start_on_wrong_settings(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with (
        pytest.raises(ConfigurationError, match=named),
        serving(create_app(settings_for(tmp_path, **changes))),
    ):
        pytest.fail("it started")


def test_an_empty_secret_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="jwt_secret"):
        settings_for(tmp_path, jwt_secret="")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{BASE}/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", f"{BASE}/marts/", 404, "not_found"),
        ("DELETE", f"{BASE}/marts", 405, "method_not_allowed"),
        ("GET", f"{BASE}/builds?limit=0", 422, "invalid"),
        ("GET", f"{BASE}/builds?offset=x", 422, "invalid"),
        ("GET", f"{BASE}/builds/..%2Fsecret", 404, "not_found"),
        ("GET", f"{BASE}/builds/nothing", 404, "not_found"),
        ("POST", f"{BASE}/sql", 422, "invalid"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
    ],
)
def test_every_error_has_one_shape(
    small: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = small.request(method, path, headers=ADMIN)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message", "details"}
    assert answer.json()["error"]["code"] == code
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_dashboard_answers_nothing_below_the_base_path(tmp_path: Path) -> None:
    """Static files know no method but GET, and took every path that no route knows for one of theirs: 405."""
    asked = {("POST", "/nothing"): 404, ("GET", "/nothing"): 404, ("DELETE", "/marts"): 405}
    publish(tmp_path)
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "dashboard" / "index.html").write_text("<!doctype html>")
    with client_of(settings_for(tmp_path)) as client:
        for (method, path), status in asked.items():
            assert client.request(method, BASE + path, headers=ADMIN).status_code == status, (method, path)
        assert client.get("/").text == "<!doctype html>"


def test_a_refused_body_is_not_repeated(small: httpx.Client) -> None:
    """Validation messages with the input in them would put names into logs of clients."""
    answer = small.post(f"{BASE}/sql", headers=ADMIN, json={"query": "SELECT 1", "limit": "Ada Lovelace"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["where"] == "body.limit"
    assert "Lovelace" not in answer.text


def test_a_huge_body_is_not_read(small: httpx.Client) -> None:
    answer = small.post(f"{BASE}/sql", headers=ADMIN, content=b"x" * 300_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_unknown_failures_show_nothing(tmp_path: Path) -> None:
    """A stack trace or a message of a driver can hold values of rows."""
    publish(tmp_path)
    app = create_app(settings_for(tmp_path))
    router = APIRouter()

    @router.get(f"{BASE}/broken")
    async def broken() -> Response:
        raise ValueError("Ada Lovelace")

    app.include_router(router)
    with structlog.testing.capture_logs() as records, serving(app) as address:
        answer = httpx.get(f"{address}{BASE}/broken", headers=ADMIN, timeout=30)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "Lovelace" not in answer.text + repr(records)
    failure = next(record for record in records if record["event"] == "request_failed")
    assert failure["error"] == "ValueError"
    assert "test_service.py" in failure["at"]


def test_every_response_carries_security_headers(small: httpx.Client) -> None:
    for path in (f"{BASE}/builds", f"{BASE}/marts/dim_course", f"{BASE}/nothing", "/healthz", "/nothing"):
        headers = small.get(path, headers=ADMIN).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src" in headers["Content-Security-Policy"]
        assert len(headers["X-Request-ID"]) == 32
        assert "server" not in headers or headers["server"] == "uvicorn"


def test_the_log_of_a_request_names_no_person(tmp_path: Path) -> None:
    publish(tmp_path)
    person = user_id(7)
    # The server ends first: a request is logged when its answer is gone already.
    with structlog.testing.capture_logs() as records, client_of(settings_for(tmp_path)) as client:
        for _ in range(2):
            client.get(f"{BASE}/marts/dim_user?user_key=eq.7", headers=bearer("admin", LINCOLN, person))
        client.get(f"{BASE}/users/{person}", headers=bearer("admin", LINCOLN, person))
    requests = [record for record in records if record["event"] == "request"]
    assert [record["route"] for record in requests[:2]] == [f"{BASE}/marts/{{name}}"] * 2
    assert requests[2]["route"] == f"{BASE}/users/{{user_id}}"
    assert set(requests[0]) == {
        "event",
        "log_level",
        "request_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "snapshot",
    }
    assert requests[0]["status"] == 200
    assert requests[0]["snapshot"].startswith("2026")
    for secret in (str(person), "eq.7", str(LINCOLN), "127.0.0.1"):
        assert secret not in repr(records)


def test_logs_are_json_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    previous = structlog.get_config()
    try:
        logs.configure()
        structlog.get_logger().info("snapshot_opened", snapshot="one", folder=Path("x"))
    finally:
        structlog.configure(**previous)
    record = orjson.loads(capfdbinary.readouterr().err)
    assert (record["event"], record["level"], record["folder"]) == ("snapshot_opened", "info", "x")
    assert record["timestamp"].endswith("Z")


def test_requests_are_counted_under_their_template(small: httpx.Client) -> None:
    small.get(f"{BASE}/marts/dim_course", headers=ADMIN)
    small.request("BREW", f"{BASE}/coffee", headers=ADMIN)
    text = small.get("/metrics").text
    assert 'schoolhouse_requests_total{method="GET",route="/api/v1/marts/{name}",status="200"}' in text
    assert 'schoolhouse_request_seconds_count{route="/api/v1/marts/{name}"}' in text
    assert "BREW" not in text
    assert "schoolhouse_snapshot_age_seconds" in text


def test_a_caller_beyond_the_rate_limit_waits_and_others_do_not(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path, rate_limit="3/minute")) as client:
        eager, calm = bearer("admin", None, user_id(1)), bearer("admin", None, user_id(2))
        assert [client.get(f"{BASE}/builds", headers=eager).status_code for _ in range(4)] == [
            200,
            200,
            200,
            429,
        ]
        answer = client.get(f"{BASE}/builds", headers=eager)
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.json()["error"]["code"] == "rate_limited"
        assert client.get(f"{BASE}/builds", headers=calm).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_browsers_of_allowed_origins_may_call(tmp_path: Path) -> None:
    publish(tmp_path)
    with client_of(settings_for(tmp_path, cors_origins=("https://portal.example",))) as client:
        asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "GET"}
        preflight = client.options(
            f"{BASE}/builds", headers=asked | {"Access-Control-Request-Headers": "authorization"}
        )
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://portal.example"
        allowed = client.get(f"{BASE}/builds", headers=ADMIN | {"Origin": "https://portal.example"})
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://portal.example"
        other = client.get(f"{BASE}/builds", headers=ADMIN | {"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other.headers


def test_no_origin_is_allowed_without_the_setting(small: httpx.Client) -> None:
    answer = small.get(f"{BASE}/builds", headers=ADMIN | {"Origin": "https://portal.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_dashboard_is_served_with_its_own_policy(tmp_path: Path) -> None:
    publish(tmp_path)
    folder = tmp_path / "dashboard"
    folder.mkdir()
    (folder / "index.html").write_text("<title>Schoolhouse</title>")
    (folder / "app.js").write_text("//" + "x" * 5_000)
    with client_of(settings_for(tmp_path)) as client:
        page = client.get("/")
        assert "Schoolhouse" in page.text
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert client.get("/app.js").headers["Content-Encoding"] == "gzip"
        assert client.get("/../manifest.json").status_code == 404
        assert client.get("/missing.js").json()["error"]["code"] == "not_found"


def test_without_a_dashboard_the_root_is_404(small: httpx.Client) -> None:
    assert small.get("/").status_code == 404


def test_the_run_history_is_listed_newest_first(tmp_path: Path) -> None:
    publish(tmp_path)
    runs = tmp_path / "runs"
    runs.mkdir()
    for number in range(3):
        run = RunRecord(
            run_id=f"run-{number}",
            command="nightly",
            pid=1,
            started_at=f"2026-03-0{number + 1}T01:30:00Z",  # type: ignore[arg-type]
            state=RunState.PUBLISHED,
            ingest={"tables": [{"table": "users", "rows_total": 7}]},
        )
        (runs / f"run-{number}.json").write_text(run.model_dump_json())
    (runs / "broken.json").write_text("{")
    with client_of(settings_for(tmp_path)) as client:
        answer = client.get(f"{BASE}/builds?limit=2", headers=ADMIN).json()
        assert [run["run_id"] for run in answer["data"]] == ["run-2", "run-1"]
        assert answer["page"] == {"limit": 2, "offset": 0, "total": 3}
        one = client.get(f"{BASE}/builds/run-1", headers=ADMIN)
        assert one.json()["data"]["ingest"]["tables"][0]["rows_total"] == 7
        assert one.headers["Cache-Control"] == "private, max-age=0"
        assert client.get(f"{BASE}/builds/broken", headers=ADMIN).status_code == 404


def test_the_openapi_document_has_examples_errors_and_the_bearer_scheme(small: httpx.Client) -> None:
    document = small.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path == "/metrics":
                continue
            success = next(code for code in operation["responses"] if code.startswith("2"))
            assert "example" in operation["responses"][success]["content"]["application/json"], path
            if path.startswith(BASE):
                assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys(), path
                assert operation["security"] == [{"bearer": []}]


def test_nothing_secret_is_in_the_document(small: httpx.Client) -> None:
    assert SECRET not in json.dumps(small.get("/openapi.json").json())
    assert VISIT not in small.get("/openapi.json").text


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b'"SELECT 1"', b"null"])
def test_a_body_that_is_no_json_object_is_422(small: httpx.Client, content: bytes) -> None:
    headers = ADMIN | {"Content-Type": "application/json"}
    answer = small.post(f"{BASE}/sql", headers=headers, content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["where"].startswith("body")

"""The processes of POST /sql: none is left behind, whenever a client leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from api.scope import Caller, resolve
from api.sql import sandbox
from api.sql.sandbox import Query, Sandboxes
from api.store import SnapshotStore
from api.tokens import Role
from tests.api.serving import BASE, bearer, client_of, settings_for
from tests.waiting import PATIENCE, wait_until

ENDLESS = "SELECT count(*) FROM range(1000000000000)"
LONG = 300.0
ANALYST = Caller(UUID(int=1), Role.ANALYST)


@pytest.mark.parametrize(("is_started", "patience"), [(True, 0.5), (False, 0.1)])
def test_a_query_ends_when_its_client_leaves(small_data: Path, is_started: bool, patience: float) -> None:
    """Abandoned queries kept the processors busy until their time limit, abandoned starts left processes."""
    others = _workers()
    with client_of(settings_for(small_data, sql_timeout_seconds=LONG)) as client:
        if is_started:
            assert _ask(client, "SELECT 1", PATIENCE).status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            _ask(client, ENDLESS, patience)
        wait_until(lambda: not _workers() - others, "the process of the query is gone")


def test_a_client_that_leaves_just_when_the_process_is_ready_is_not_forgotten(
    small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cancellation was lost when it met the end of the start, and the query had the machine to itself."""
    real, others = sandbox._read_frame, _workers()  # noqa: SLF001 - the moment cannot be seen from outside

    async def scene() -> bool:
        ready = asyncio.Event()

        async def read_frame(process: asyncio.subprocess.Process) -> bytes:
            frame = await real(process)
            ready.set()
            return frame

        monkeypatch.setattr(sandbox, "_read_frame", read_frame)
        task = asyncio.create_task(_endless(small_data))
        await ready.wait()
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        return bool(done) and task.cancelled()

    assert asyncio.run(scene())
    assert not _workers() - others


async def _endless(data_dir: Path) -> Any:
    """The endless query, asked by somebody who sees everything."""
    settings = settings_for(data_dir, sql_timeout_seconds=LONG)
    store, sandboxes = SnapshotStore(settings), Sandboxes(settings)
    assert store.refresh()
    snapshot = store.hold()
    try:
        return await sandboxes.run(snapshot, resolve(ANALYST, snapshot), Query(ENDLESS, 10, {}))
    finally:
        snapshot.release()
        store.close()
        await sandboxes.close()


def _ask(client: httpx.Client, query: str, patience: float) -> httpx.Response:
    return client.post(f"{BASE}/sql", json={"query": query}, headers=bearer("analyst"), timeout=patience)


def _workers() -> set[int]:
    """Process ids of the workers that run or wait."""
    return {child.pid for child in psutil.Process().children() if "api.sql.worker" in _command(child)}


def _command(process: psutil.Process) -> str:
    """What a process was started with; nothing for one that has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie too
        return ""

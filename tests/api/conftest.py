"""One small snapshot and one server on it for the whole session; tests that change either make their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from tests.api.rules import rules, rules_school
from tests.api.serving import client_of, settings_for
from tests.api.snapshot_factory import publish


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    """Log lines of server threads must not end up between the test names."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder with one hand-made snapshot. Do not publish into it."""
    data_dir = tmp_path_factory.mktemp("small")
    publish(data_dir)
    return data_dir


@pytest.fixture(scope="session")
def small(small_data: Path) -> Iterator[httpx.Client]:
    """A client of a server on the hand-made snapshot, shared by all tests that only read."""
    with client_of(settings_for(small_data)) as client:
        yield client


# The hand-made school of tests/api/rules.py: one real night for all suites of rules.
__all__ = ["rules", "rules_school"]

"""Passwords stay out of every message."""

from __future__ import annotations

import logging
import traceback

import duckdb
import pytest

from ingest.errors import SourceError
from ingest.redact import redact
from tests.ingest.conftest import ingest_from


@pytest.mark.parametrize(
    ("text", "url", "expected"),
    [
        ("at postgresql://ann:pw@db/x", "", "at postgresql://ann:***@db/x"),
        ("at postgres://ann:p:w/x@db/x", "postgres://ann:p%3Aw%2Fx@db/x", "at postgres://ann:***@db/x"),
        ("host=db password=pw user=ann", "", "host=db password=*** user=ann"),
        ("host=db password = 'p w' user=ann", "", "host=db password = *** user=ann"),
        ("unknown option: pw", "host=db password='pw'", "unknown option: ***"),
        ("said hunter2", "postgresql://ann:hunter2@db/x", "said ***"),
        ("said hun ter", "postgresql://ann:hun%20ter@db/x", "said ***"),
        ("?sslpassword=pw&x=1", "", "?sslpassword=***&x=1"),
        ("said pw", "postgresql://db/x?user=ann&password=pw", "said ***"),
        ("nothing here", "postgresql://ann@db/x", "nothing here"),
        ("odd", "postgresql://[", "odd"),
    ],
)
def test_redact(text: str, url: str, expected: str) -> None:
    assert redact(text, url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:{}@localhost:1/school",
        "postgresql://ann:{}@/school?host=/nowhere",
        "postgresql://ann:{}@localhost/school?nonsense=1",
        "host=/nowhere user=ann password='{}'",
        "postgresql://localhost:1/school?user=ann&password={}&sslmode=nonsense",
    ],
)
def test_a_failed_connection_tells_no_password(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """libpq quotes parts of the URL it cannot use; a log file is read by more people than the settings."""
    caplog.set_level(logging.DEBUG)
    password = "hunter" + "2"
    with pytest.raises(SourceError) as caught, duckdb.connect() as warehouse:
        ingest_from(url.format(password), warehouse)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert password not in shown
    assert caught.value.code == "source_failed"

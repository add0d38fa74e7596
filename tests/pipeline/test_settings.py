"""Settings: where they come from is told, secrets never are, and a wrong one stops the start by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.setting_sources import Explained, explain
from pipeline.settings import Settings, read_settings
from tests.pipeline.conftest import Environment

SECRET = "s" * 40


def explained(name: str) -> Explained:
    return next(one for one in explain() if one.variable == f"SCHOOLHOUSE_{name}")


def test_environment_wins_over_the_file_and_both_over_the_default(environment: Environment) -> None:
    Path(".env").write_text("schoolhouse_keep_snapshots=3\nSCHOOLHOUSE_THREADS=1\n")
    environment(THREADS="2")

    found = {name: explained(name) for name in ("KEEP_SNAPSHOTS", "THREADS", "KEEP_RUNS")}

    assert {name: (one.value, one.source) for name, one in found.items()} == {
        "KEEP_SNAPSHOTS": ("3", ".env"),
        "THREADS": ("2", "environment"),
        "KEEP_RUNS": ("400", "default"),
    }


def test_secrets_are_hidden(environment: Environment) -> None:
    environment(JWT_SECRET=SECRET, SOURCE_URL="postgresql://me:hunter2@db/school")

    shown = explain()

    assert explained("JWT_SECRET").value == "(hidden)"
    assert explained("SOURCE_URL").value == "(hidden)"
    assert explained("REGISTRY_URL").value == "(not set)"
    assert not any(SECRET in str(one) or "hunter2" in str(one) for one in shown)


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_wrong_setting_is_named_without_its_value(environment: Environment) -> None:
    environment(KEEP_SNAPSHOTS="many", STALE_AFTER_HOURS="soon")

    with pytest.raises(UsageError) as caught:
        read_settings()

    assert "SCHOOLHOUSE_KEEP_SNAPSHOTS" in str(caught.value)
    assert "SCHOOLHOUSE_STALE_AFTER_HOURS" in str(caught.value)
    assert "soon" not in str(caught.value)
    assert "many" not in str(caught.value)


def test_list_that_is_no_json_is_named(environment: Environment) -> None:
    environment(CORS_ORIGINS="[https")

    with pytest.raises(UsageError, match="cors_origins"):
        read_settings()


def test_missing_source_and_secret_say_how_to_set_them(environment: Environment) -> None:
    settings = read_settings()

    with pytest.raises(UsageError, match="SCHOOLHOUSE_SOURCE_URL is not set"):
        settings.require_source_url()
    with pytest.raises(UsageError, match="SCHOOLHOUSE_JWT_SECRET is not set"):
        settings.require_jwt_secret()

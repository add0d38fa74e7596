"""Shadow comparison: silent on a quiet source, loud about a single changed row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.settings import PREFIX
from pipeline.cli import app
from pipeline.compare import ApiAwayError, compare, differences
from pipeline.direct import current_streak, level, traced
from pipeline.settings import Settings
from tests.api import rules_source as source
from tests.api.rules import RulesSchool
from tests.api.serving import SECRET, serving, settings_for

EVERY_KIND = 40


@pytest.fixture(scope="module")
def address(rules_school: RulesSchool) -> Iterator[str]:
    """Where the API of the hand-made school listens."""
    with serving(create_app(settings_for(rules_school.data_dir))) as found:
        yield found


@pytest.fixture
def changed_url(make_database: Callable[..., str]) -> str:
    """The same source, except that Ana has one more event and Ben another percentage."""
    url = make_database()
    source.fill(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO analytics (user_id, event_type, xp_earned, created_at) VALUES (%s, 'login', 3, %s)",
            [source.ANA, "2026-02-28 12:00Z"],
        )
        connection.execute(
            "UPDATE user_progress SET progress_percentage = 60 WHERE user_id = %s AND lesson_id = %s",
            [source.BEN, source.LESSONS[1]],
        )
    return url


def _settings(source_url: str, data_dir: Path) -> Settings:
    given = {"source_url": source_url, "data_dir": data_dir, "jwt_secret": SECRET}
    return Settings.model_validate(given)


def test_a_quiet_source_has_no_differences(rules_school: RulesSchool, address: str) -> None:
    settings = _settings(rules_school.source_url, rules_school.data_dir)
    found = compare(settings, address, EVERY_KIND, seed=5)
    assert (found.asked, found.differences) == (EVERY_KIND, [])


def test_one_event_and_one_percentage_are_found(
    rules_school: RulesSchool, address: str, changed_url: str
) -> None:
    """A comparison that never finds anything is worse than none."""
    found = compare(_settings(changed_url, rules_school.data_dir), address, EVERY_KIND, seed=5)
    fields = {line.split(": ")[1] for line in found.differences}
    assert "data.average_completion" in fields
    assert {"data.activities", "data.xp.total"} & fields
    assert not any("Ana" in line or "Alofa" in line for line in found.differences)


def test_the_command_says_what_differs_and_exits_with_one(
    rules_school: RulesSchool, address: str, changed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(rules_school.data_dir))
    monkeypatch.setenv(f"{PREFIX}JWT_SECRET", SECRET)
    for url, status in ((rules_school.source_url, 0), (changed_url, 1)):
        monkeypatch.setenv(f"{PREFIX}SOURCE_URL", url)
        run = CliRunner().invoke(app, ["compare", "--sample", "20", "--api", address, "--seed", "5"])
        assert run.exit_code == status, run.output
        assert "20 requests compared" in run.output
    assert "not a quiet source" in run.output


def test_an_api_that_is_away_or_empty_is_named(rules_school: RulesSchool, tmp_path: Path) -> None:
    settings = _settings(rules_school.source_url, rules_school.data_dir)
    with pytest.raises(ApiAwayError, match="no API answers"):
        compare(settings, "http://127.0.0.1:1", 1, seed=1)
    with (
        serving(create_app(settings_for(tmp_path))) as empty,
        pytest.raises(ApiAwayError, match="no snapshot"),
    ):
        compare(settings, empty, 1, seed=1)


def test_documents_differ_by_field_and_length() -> None:
    answered = {"a": 1.0, "b": [1, 2], "c": None, "d": "x", "e": True, "at": "2026-03-02T10:00:00Z"}
    expected = {"a": 1.0000001, "b": [1], "c": 0, "d": "y", "f": 1, "at": "2026-03-02T11:00:00+01:00"}
    assert list(differences(answered, expected)) == [
        "data.b: 2 items from the API, 1 from the source",
        "data.c: null from the API, 0 from the source",
        "data.d: another text from the API, another text from the source",
        "data.e: only in the API",
        "data.f: only in the source",
    ]


def test_the_direct_answers_know_streaks_and_levels() -> None:
    day = source.AS_OF.date()
    dates = [day.replace(day=1), day]
    assert (current_streak(dates, day), current_streak([], day)) == (2, 0)
    assert [level(value) for value in (0.49, 0.5, 0.8, 0.95)] == [
        "beginning",
        "developing",
        "proficient",
        "mastered",
    ]
    assert traced([]) == pytest.approx(0.3)
    assert traced([False]) == pytest.approx(0.3 * 0.1 / (0.3 * 0.1 + 0.7 * 0.8) * 0.85 + 0.15)


def test_migrate_registry_makes_the_table_once(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}REGISTRY_URL", make_database(smallest=True))
    for words in ("was made", "was there already"):
        run = CliRunner().invoke(app, ["migrate-registry"])
        assert (run.exit_code, words in run.output) == (0, True), run.output


def test_migrate_registry_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address holds a password: it must not be in what is printed."""
    monkeypatch.setenv(f"{PREFIX}REGISTRY_URL", "postgresql://me:hidden-word@127.0.0.1:1/nothing")
    run = CliRunner().invoke(app, ["migrate-registry"])
    assert run.exit_code == 1
    assert "hidden-word" not in run.output + run.stderr
    monkeypatch.delenv(f"{PREFIX}REGISTRY_URL")
    monkeypatch.setenv(f"{PREFIX}SOURCE_URL", "")
    assert CliRunner().invoke(app, ["migrate-registry"]).exit_code != 0

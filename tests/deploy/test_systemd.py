"""The units of systemd, by systemd's own checks, and the cron file by a parser of cron's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cronsim import CronSim
from crontab import CronTab

from pipeline.settings import Settings
from tests.deploy.clock_changes import COPENHAGEN, around_both_changes, one_a_date
from tests.deploy.conftest import ROOT

FOLDER = ROOT / "deploy" / "systemd"
SERVICES, TIMER = sorted(FOLDER.glob("*.service")), FOLDER / "schoolhouse-night.timer"
UNITS = [*SERVICES, TIMER]
CRON = ROOT / "deploy" / "cron" / "schoolhouse"
MOST_EXPOSURE = "15"  # of 100, as `systemd-analyze security` counts


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What it says; a machine without systemd skips the test, CI has it."""
    if shutil.which("systemd-analyze") is None and "CI" not in os.environ:
        pytest.skip("no systemd-analyze here: the units are checked where there is one, as in CI")
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TZ": "UTC"})


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The units as they are, but with the commands of a folder that exists here."""
    command = tmp_path / "bin" / "schoolhouse"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/schoolhouse", str(tmp_path)))
    return [str(tmp_path / unit.name) for unit in UNITS]


def test_systemd_accepts_the_units(units: list[str]) -> None:
    """Guards against a misspelt directive, which systemd ignores with a line in a log."""
    verified = systemd_analyze("verify", "--man=no", *units)

    assert (verified.returncode, verified.stderr) == (0, "")
    assert len(units) == 3


def test_systemd_would_refuse_a_misspelt_directive(units: list[str]) -> None:
    """Guards against a check that passes everything."""
    broken = Path(units[0])
    broken.write_text(broken.read_text().replace("ProtectSystem", "ProtectsSystem"))

    assert "ProtectsSystem" in systemd_analyze("verify", "--man=no", str(broken)).stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda one: one.name)
def test_services_are_confined(unit: Path) -> None:
    """Guards against a hole in the API or in a library that reaches the rest of the machine."""
    security = systemd_analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSURE}", str(unit))

    assert security.returncode == 0, security.stdout


@pytest.mark.parametrize("example", sorted(FOLDER.glob("*.env.example")), ids=lambda one: one.name)
def test_environment_files_name_settings_that_exist(example: Path) -> None:
    """Guards against a renamed setting that is set in vain."""
    names = re.findall(r"^#?(SCHOOLHOUSE_\w+)=", example.read_text(), re.MULTILINE)

    assert len(names) >= 2
    assert {name.removeprefix("SCHOOLHOUSE_").lower() for name in names} <= set(Settings.model_fields)


@around_both_changes
def test_the_timer_fires_once_on_every_date(start: datetime) -> None:
    """Guards against the night that systemd leaves out when its time is skipped by a clock change."""
    calendar = re.search(r"^OnCalendar=(.+)$", TIMER.read_text(), re.M)
    assert calendar
    base = f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC"
    told = systemd_analyze("calendar", "--iterations=6", base, calendar[1]).stdout
    elapses = re.findall(r"(?:Next elapse|Iter. #\d+|\(in UTC\)): \w+ (\S+ \S+) UTC", told)

    assert len(elapses) == 6, told
    assert one_a_date([datetime.fromisoformat(one).replace(tzinfo=UTC) for one in elapses])


@pytest.fixture(scope="module")
def cron_line() -> Any:
    """The one job of the file for /etc/cron.d."""
    (job,) = CronTab(tabfile=str(CRON), user=False)
    return job


def test_cron_accepts_the_file(cron_line: Any) -> None:
    """Guards against a line that cron refuses, or a command that ends at its first percent sign."""
    assert cron_line.is_valid()
    assert cron_line.user == "schoolhouse"
    assert "%" not in cron_line.command
    assert subprocess.run(["sh", "-n", "-c", cron_line.command], check=False).returncode == 0
    assert CRON.read_bytes().endswith(b"\n")


@around_both_changes
def test_cron_fires_once_on_every_date(cron_line: Any, start: datetime) -> None:
    """Guards against a night left out or doubled where the machine's zone changes its clocks."""
    times = CronSim(str(cron_line.slices), start.astimezone(COPENHAGEN))

    assert one_a_date([next(times) for _ in range(6)])

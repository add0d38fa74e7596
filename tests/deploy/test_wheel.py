"""An installed wheel is the whole product: nothing is read from a source tree that a server does not have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from demo.generate import generate
from tests.conftest import JWT_SECRET, SCHOOL_AS_OF, MakeDatabase
from tests.waiting import free_port, is_ready, wait_until

PACKAGES = ("api/", "demo/", "ingest/", "pipeline/")
PROJECT_FOLDERS = ("audits/", "dashboard/", "external_models/", "macros/", "models/", "seeds/")
PROJECT_FILES = ("config.yaml", "external_models.yaml")
PACKED = "schoolhouse_project/"


def test_the_wheel_holds_every_file_of_the_product(wheel: Path, tracked: list[str]) -> None:
    """Guards against a new file that works in the source tree and is missing where it is installed."""
    packages = {name for name in tracked if name.startswith(PACKAGES)}
    project = {PACKED + name for name in tracked if name.startswith(PROJECT_FOLDERS) or name in PROJECT_FILES}

    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert held == packages | project


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of an environment that has the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", "--no-deps", str(wheel)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    # The folder is searched, but its own .pth files, the editable install among them, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


@pytest.mark.slow
def test_an_installed_night_publishes_and_is_served(
    installed: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Guards against an image whose first night finds no models, and a dashboard without pages."""
    source_url = make_database()
    generate(source_url, learners=20, events=1_000, days=30, seed=3, as_of=SCHOOL_AS_OF)
    given = {
        "SCHOOLHOUSE_SOURCE_URL": source_url,
        "SCHOOLHOUSE_DATA_DIR": str(tmp_path / "data"),
        "SCHOOLHOUSE_JWT_SECRET": JWT_SECRET,
    }
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | given
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    night = subprocess.run(
        [installed / "schoolhouse", "nightly"], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert night.returncode == 0, night.stderr
    subprocess.run([installed / "python", "-m", "api.vendor"], cwd=elsewhere, env=environment, check=True)
    port = free_port()
    command = [installed / "schoolhouse", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=elsewhere, env=environment) as server:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(address), "the server is ready")
        pages = [httpx.get(f"{address}/{path}") for path in ("", "vendor/vega.json")]
        server.send_signal(signal.SIGTERM)

    assert [page.status_code for page in pages] == [200, 200]
    assert "<title>" in pages[0].text
    assert list(elsewhere.iterdir()) == []

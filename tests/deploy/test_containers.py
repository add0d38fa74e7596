"""The image and the compose file: a linter, the schema of compose, and what must not be in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.conftest import ROOT
from tests.deploy.test_wheel import PACKAGES, PROJECT_FILES, PROJECT_FOLDERS

FOLDER = ROOT / "deploy" / "docker"
COMPOSE, DOCKERFILE = FOLDER / "compose.yaml", FOLDER / "Dockerfile"
BUILD_FILES = {"pyproject.toml", "setup.py", "README.md", "requirements.lock", "requirements-setup.lock"}


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a tool of this environment says; FileNotFoundError without it."""
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_compose_accepts_the_file() -> None:
    """Guards against a key that compose does not know."""
    checked = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))

    assert checked.returncode == 0, checked.stdout


def test_compose_would_refuse_a_misspelt_key(tmp_path: Path) -> None:
    """Guards against a check that passes everything."""
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("read_only", "readonly"))

    assert tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(broken)).returncode == 1


@pytest.mark.parametrize("service", ["api", "night"])
def test_containers_are_confined_and_ask_for_their_secrets(service: str) -> None:
    """Guards against a container that may do more than it has to, or starts with an empty secret."""
    it = yaml.safe_load(COMPOSE.read_text())["services"][service]

    assert (it["read_only"], it["cap_drop"], it["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert all(re.fullmatch(r"\$\{\w+:\?.+\}", value) for value in it["environment"].values())
    assert all(port.startswith("127.0.0.1:") for port in it.get("ports", []))


def test_the_schedule_of_compose_is_one_that_starts() -> None:
    """Guards against arguments that the command does not know."""
    command = yaml.safe_load(COMPOSE.read_text())["services"]["night"]["command"]
    refused = tool("schoolhouse", *command, "--grace", "-1")

    assert (refused.returncode, "--grace" in refused.stderr) == (2, True)


def test_hadolint_accepts_the_dockerfile() -> None:
    """Guards against an image that grows, floats or breaks in ways that are known."""
    linted = tool("hadolint", "--no-color", str(DOCKERFILE))

    assert (linted.returncode, linted.stdout) == (0, "")


def test_hadolint_would_refuse_a_floating_image(tmp_path: Path) -> None:
    """Guards against a check that passes everything."""
    broken = tmp_path / "Dockerfile"
    broken.write_text(DOCKERFILE.read_text().replace("python:3.11-slim", "python:latest"))

    assert "DL3007" in tool("hadolint", "--no-color", str(broken)).stdout


def test_the_image_has_no_secret_and_no_root() -> None:
    """Guards against credentials that everybody who pulls the image can read."""
    lines = DOCKERFILE.read_text()
    baked = re.findall(r"SCHOOLHOUSE_\w+", lines)

    assert set(baked) == {"SCHOOLHOUSE_DATA_DIR"}
    assert re.findall(r"^USER (.+)$", lines, re.MULTILINE) == ["10001:10001"]


def test_the_build_sees_what_the_wheel_is_made_of_and_no_more() -> None:
    """Guards against a .env in a layer of the image, and against a folder of the wheel that Docker hides."""
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text()
    kept = set(re.findall(r"^!(.+)$", ignored, re.MULTILINE))

    assert ignored.splitlines()[1] == "*"
    assert kept == BUILD_FILES | {*PROJECT_FILES} | {name.rstrip("/") for name in PACKAGES + PROJECT_FOLDERS}

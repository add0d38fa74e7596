"""The packages of the hashed lock files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

RUNTIME = Path("requirements.lock")
DEVELOPMENT = Path("requirements-dev.lock")
SETUP = Path("requirements-setup.lock")
_PIN = re.compile(r"^(?P<pin>[A-Za-z0-9][^\s;]*==[^\s;\\]+)\s*(?:;(?P<marker>[^\\]*))?\\?$", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """A package at its version; `is_for_us` is whether this machine installs it."""

    name: NormalizedName
    version: str
    is_for_us: bool


def pins(paths: Iterable[Path] = (RUNTIME, DEVELOPMENT, SETUP)) -> list[Pin]:
    """The packages of the files by name, each once. Raises ValueError for a file without any."""
    found = {}
    for path in paths:
        lines = list(_PIN.finditer(path.read_text()))
        if not lines:
            raise ValueError(f"{path} pins nothing")
        for line in lines:
            pin = _pin(line["pin"], line["marker"])
            found[pin.name, pin.version] = pin
    return [found[key] for key in sorted(found)]


def every_lock() -> list[Path]:
    """The lock files of all environments, those that are not installed here among them."""
    return sorted(Path().glob("requirements*.lock"))


def is_installed(pin: Pin) -> bool:
    """Whether the package is there to be looked at."""
    try:
        distribution(pin.name)
    except PackageNotFoundError:
        return False
    return True


def _pin(text: str, marker: str | None) -> Pin:
    requirement = Requirement(f"{text}; {marker}" if marker and marker.strip() else text)
    version = next(iter(requirement.specifier)).version
    is_for_us = requirement.marker is None or requirement.marker.evaluate()
    return Pin(canonicalize_name(requirement.name), version, is_for_us)

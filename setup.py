"""A wheel also carries the SQLMesh project and the dashboard: an installed night could build nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("config.yaml", "external_models.yaml")
FOLDERS = ("audits", "dashboard", "external_models", "macros", "models", "seeds")
PACKED = "schoolhouse_project"  # where `api.project` looks for them


class BuildWithProject(build_py):
    """Python packages, and the project beside them. An editable install reads the project where it is."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            _pack(Path(self.build_lib) / PACKED)


def _pack(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in FILES:
        shutil.copy(name, target)
    for name in FOLDERS:
        shutil.copytree(name, target / name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))


setup(cmdclass={"build_py": BuildWithProject})

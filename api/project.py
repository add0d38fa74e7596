"""Where the files are that are no Python: the SQLMesh project and the dashboard."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
# A wheel carries them in a folder of their own (setup.py); in the source tree they are beside the packages.
_PACKED = _ROOT / "schoolhouse_project"
PROJECT = _PACKED if _PACKED.is_dir() else _ROOT

"""docs/faults.md and the suite speak of the same faults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.faults.record import PAGE

HERE = Path(__file__).parent


def test_every_fault_is_on_the_page() -> None:
    """A page that promises what no test tries any more, or is silent about a new fault."""
    named = set(re.findall(r"`(test_\w+\.py::test_\w+)", PAGE.read_text()))
    assert len(named) > 20
    assert named == set(_faults())


def _faults() -> list[str]:
    """Tests of faults, by the marker on them or on their parameters."""
    return [
        f"{path.name}::{function.name}"
        for path in sorted(HERE.glob("test_*.py"))
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        if any(word in _decorators(function) for word in ("mark.fault", "cases("))
    ]


def _decorators(function: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(decorator) for decorator in function.decorator_list)

"""docs/operations.md knows every error that a command can end with."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import ingest
import pipeline
from ingest.errors import IngestError
from pipeline.errors import PipelineError
from tests.docs.blocks import DOCS, PROJECT

ROW = re.compile(r"^\| `([a-z_]+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def test_every_error_code_is_explained_and_no_other() -> None:
    """Whoever searches the page for the message on their screen must find it."""
    told = [code for code, _, _ in ROW.findall((DOCS / "operations.md").read_text())]
    assert len(told) == len(set(told))
    assert set(told) == set(_codes())


def _codes() -> Iterator[str]:
    for package in (ingest, pipeline):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for error in (IngestError, PipelineError):
        yield from (one.code for one in (error, *_below(error)))
    yield from _recorded()


def _below(error: type[Exception]) -> Iterator[type[Exception]]:
    for one in error.__subclasses__():
        yield one
        yield from _below(one)


def _recorded() -> Iterator[str]:
    """Codes that runs are given without an exception of ours: `RunError(code="…")`."""
    for path in (PROJECT / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RunError":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                if isinstance(given.get("code"), ast.Constant):
                    yield given["code"].value

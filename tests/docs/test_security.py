"""docs/security.md claims nothing that no test holds."""

from __future__ import annotations

import ast
import re

import psycopg
import pytest

from tests.conftest import MakeDatabase, School
from tests.docs.blocks import DOCS, PROJECT, blocks_of, reader

PAGE = DOCS / "security.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
THREATS = PAGE.read_text().partition("## Threat model")[2].partition("## Files")[0]
ROWS = [line for line in THREATS.splitlines() if line.startswith("| ")][1:]


def test_every_threat_names_tests_that_exist() -> None:
    """A renamed or deleted test would leave a threat that only the page stops."""
    assert len(ROWS) >= 15
    for row in ROWS:
        named = TEST.findall(row.split("|")[4])
        assert named, row
        for file, name in named:
            assert name in _tests_of(file), f"{file}::{name}"


def _tests_of(file: str) -> set[str]:
    tree = ast.parse((PROJECT / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


def test_the_registrys_role_may_add_schools_and_nothing_else(
    school: School, make_database: MakeDatabase
) -> None:
    """Grants that are too wide never fail."""
    url = make_database(template=school.pristine)
    for block in (one for one in blocks_of(PAGE) if one.is_at_source):
        reader(DOCS, url).follow(block)
    with psycopg.connect(url.replace("postgres@", "schoolhouse_registry@"), autocommit=True) as registry:
        registry.execute("INSERT INTO schools (code, name) VALUES ('new', 'New')")
        for refused in ("SELECT 1 FROM users", "DELETE FROM schools", "UPDATE schools SET name = 'x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                registry.execute(refused.encode())

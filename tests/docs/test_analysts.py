"""docs/analysts.md and its notebook: every block runs as it stands, on a real snapshot and a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from api.app import create_app
from api.manifest import MARTS_FILE
from api.settings import ApiSettings
from pipeline.demo_tour import tokens
from tests.api.serving import BASE, serving
from tests.conftest import JWT_SECRET, School

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "analysts.md").read_text()
NOTEBOOK = DOCS / "analysts.ipynb"
COMMANDS = re.findall(r"^```(sh|python)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
QUERIES = re.findall(r"^```sql\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
# What a Jupyter kernel does with the cells of a notebook, without the sockets around it.
RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


@dataclass(frozen=True)
class Desk:
    """A folder with `data` in it, the server on that data, and an analyst's token."""

    folder: Path
    address: str
    token: str

    def run(self, *command: str, **environment: str) -> str:
        """stdout of a command that must succeed."""
        own = Path(sys.executable).parent
        given = {"PATH": f"{own}:{os.environ['PATH']}", "API": self.address, "ANALYST": self.token}
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | given | environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def parquet(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query that the API answers as Parquet."""
        answer = httpx.post(
            f"{self.address}{BASE}/sql?format=parquet",
            json={"query": query},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        file = self.folder / "answer.parquet"
        file.write_bytes(answer.content)
        return duckdb.sql(f"SELECT * FROM '{file}'").fetchall()

    def marts(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the file itself."""
        with duckdb.connect(str(self.folder / "data/snapshots/current" / MARTS_FILE), read_only=True) as file:
            return file.execute(query).fetchall()


@pytest.fixture(scope="module")
def desk(school: School, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk of an analyst of the whole platform."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "data").symlink_to(school.settings.data_dir)
    given: dict[str, Any] = {
        "data_dir": school.settings.data_dir, "source_url": school.source_url, "jwt_secret": JWT_SECRET,
    }  # fmt: skip
    with serving(create_app(ApiSettings(_env_file=None, **given))) as address:  # type: ignore[call-arg]
        yield Desk(folder, address, tokens(school.settings)["analyst"])


@pytest.mark.parametrize(
    ("language", "block"), COMMANDS, ids=[f"{number}" for number in range(len(COMMANDS))]
)
def test_every_way_in_works_as_it_is_written(desk: Desk, language: str, block: str) -> None:
    """A guide that was right once sends people to a wall."""
    if "curl" in block and not shutil.which("curl"):
        pytest.skip("curl is not installed: its block was not run")
    before = set(desk.folder.iterdir())
    shell = ("bash", "-euo", "pipefail", "-c", block)
    output = desk.run(*(shell if language == "sh" else (sys.executable, "-W", "error", "-c", block)))
    assert output.strip()
    assert all(path.stat().st_size > 0 for path in set(desk.folder.iterdir()) - before)


def test_there_are_ten_queries_and_every_kind_of_way_in() -> None:
    ways = "\n".join(block for _, block in COMMANDS)
    assert len(QUERIES) == 10
    for way in (
        "schoolhouse sql",
        "duckdb -readonly",
        "polars",
        ".df()",
        "curl",
        "urlopen",
        "create_engine",
        "adbc",
    ):
        assert way in ways


@pytest.mark.parametrize("query", QUERIES, ids=[f"{number}" for number in range(1, len(QUERIES) + 1)])
def test_every_query_finds_something_and_the_desk_answers_the_same(desk: Desk, query: str) -> None:
    """A query that the guard of POST /sql refuses is no query for the desk."""
    own = desk.marts(query)
    assert own
    assert any(value is not None for row in own for value in row[1:])
    assert [_plain(row) for row in desk.parquet(query)] == [_plain(row) for row in own]


def test_the_first_query_counts_as_the_api_does(desk: Desk) -> None:
    """Users counted twice, for a user of two schools or a day of two zones, would look like growth."""
    admin = desk.run("schoolhouse", "token", "--role", "admin", SCHOOLHOUSE_JWT_SECRET=JWT_SECRET).strip()
    answer = httpx.get(
        f"{desk.address}{BASE}/analytics/trends/engagement?days=40",
        headers={"Authorization": f"Bearer {admin}"},
    )
    daily = {row["date"]: row for row in answer.json()["data"]["daily"]}
    rows = desk.marts(QUERIES[0])
    assert len(rows) == 30
    for date, dau, wau, mau, stickiness in rows:
        told = daily[date.isoformat()]
        assert (dau, wau, mau) == (told["active_users"], told["wau"], told["mau"])
        assert stickiness == pytest.approx(told["stickiness"])


def test_the_notebook_runs_from_top_to_bottom_and_holds_no_data(desk: Desk) -> None:
    """Outputs of somebody's own school must not end up in the repository."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code" and cell["outputs"]] == []
    marts = str(desk.folder / "data/snapshots/current" / MARTS_FILE)
    ipython = {"IPYTHONDIR": str(desk.folder / "ipython"), "SCHOOLHOUSE_MARTS": marts}
    output = desk.run(
        "bash", "-c", f'cd "{DOCS}" && "$0" -c "$1" "$2"', sys.executable, RUN_CELLS, str(NOTEBOOK), **ipython
    )
    assert "of all students were active" in output
    assert "<IPython.core.display.SVG object>" in output


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Whole sums are HUGEINT in DuckDB and become DOUBLE in Parquet."""
    return tuple(
        float(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in row
    )

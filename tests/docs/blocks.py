"""The fenced blocks of a page, and where they run: a folder with `data` in it, as a reader's would be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg

from api.manifest import MARTS_FILE

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
# The conventions of the pages, in the first line of a block, where its readers see them.
NOT_RUN = "not run by the tests: "
AT_SOURCE = "at the source"
LANGUAGES = ("sh", "sql", "python")
EXAMPLE = re.compile(r"(\w+)@db\.example\.org/platform")
PATIENCE = 200
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block; `says` is its first line without comment signs."""

    page: str
    language: str
    text: str

    @property
    def says(self) -> str:
        return self.text.partition("\n")[0].lstrip("#- ")

    @property
    def is_run(self) -> bool:
        return self.language in LANGUAGES and not self.says.startswith(NOT_RUN)

    @property
    def is_at_source(self) -> bool:
        return self.language == "sql" and self.says.startswith(AT_SOURCE)


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    name = page.relative_to(PROJECT).as_posix()
    return [Block(name, language, text) for language, text in _BLOCK.findall(page.read_text())]


@dataclass
class Reader:
    """Somebody who follows a page from its first block to its last, in one shell.

    Where the page made its role itself, it is used; elsewhere an administrator stands in for it.
    """

    folder: Path
    source_url: str
    environment: dict[str, str]
    has_role: bool = False

    def follow(self, block: Block) -> None:
        """Run a block; raises AssertionError with its output when it does not do what it says."""
        if block.is_at_source:
            self.at_source(block.text)
            self.has_role = True
        elif block.language == "sql":
            assert self.marts(block.text), f"no rows: {block.text}"
        elif block.language == "python":
            self._run([sys.executable, "-W", "error", "-c", block.text])
        else:
            self._shell(block.text)

    def at_source(self, sql: str) -> None:
        """Run statements as an administrator of the source."""
        with psycopg.connect(self.source_url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def marts(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published marts."""
        file = self.folder / "data/snapshots/current" / MARTS_FILE
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def _shell(self, text: str) -> None:
        """Variables that a block exports are there for the next one."""
        administrator, _, place = self.source_url.removeprefix("postgresql://").rpartition("@")
        user = r"\1" if self.has_role else administrator
        here = EXAMPLE.sub(rf"{user}@{place}", text)
        kept = self.folder / ".exported"
        self._run(["bash", "-euo", "pipefail", "-c", f"{here}\nenv -0 > '{kept}'"])
        exported = (line.partition("=") for line in kept.read_text().split("\0") if line)
        kept.unlink()
        self.environment = {name: value for name, _, value in exported}

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


def reader(folder: Path, source_url: str) -> Reader:
    """A reader in a folder of their own, whose shell knows the product and none of our settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SCHOOLHOUSE_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert urlsplit(source_url).scheme == "postgresql"
    return Reader(folder, source_url, own | {"PATH": path, "NO_COLOR": "1"})

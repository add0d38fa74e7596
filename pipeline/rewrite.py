"""Write the warehouse into a new file: only that takes deleted rows out of the bytes.

DELETE, CHECKPOINT and VACUUM leave them in the pages of a DuckDB file.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipeline.copying import literal
from pipeline.files import sync

CATALOG = "warehouse"
FRESH = "fresh"


def rewrite(file: Path, config: Mapping[str, str]) -> None:
    """Replace a closed database file by a copy of its live content, in one step.

    `config` are DuckDB settings. The catalog name stays `warehouse`: views refer to it.
    """
    clear_leftovers(file)
    fresh = _fresh(file)
    with duckdb.connect(config=dict(config)) as connection:
        connection.execute(f"ATTACH '{literal(str(file))}' AS {CATALOG}")
        connection.execute(f"ATTACH '{literal(str(fresh))}' AS {FRESH}")
        connection.execute(f"COPY FROM DATABASE {CATALOG} TO {FRESH}")
        connection.execute(f"CHECKPOINT {FRESH}")
        connection.execute(f"DETACH {FRESH}")
        connection.execute(f"DETACH {CATALOG}")
    _log(file).unlink(missing_ok=True)
    sync(fresh)
    fresh.replace(file)
    sync(file.parent)


def clear_leftovers(file: Path) -> None:
    """Remove what a killed rewrite or a spilled query left beside the file."""
    fresh = _fresh(file)
    fresh.unlink(missing_ok=True)
    _log(fresh).unlink(missing_ok=True)
    shutil.rmtree(file.with_name(f"{file.name}.tmp"), ignore_errors=True)


def _fresh(file: Path) -> Path:
    return file.with_name(f".{file.name}.fresh")


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")

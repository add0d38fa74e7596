"""Real failures of DuckDB and of the operating system get the name that an operator can act on."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipeline.diagnosis import diagnose
from pipeline.errors import BuildError, ExitCode, SequenceError

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


def failure(action: Callable[[], object]) -> Exception:
    """What the action fails with."""
    try:
        action()
    except (OSError, duckdb.Error) as error:
        return error
    raise AssertionError("it did not fail")


def test_a_full_device_is_found_below_two_others(tmp_path: Path) -> None:
    """The model's name alone sends the operator to look for a mistake in SQL."""

    def write() -> None:
        Path("/dev/full").write_bytes(b"x" * 100_000)

    outer = BuildError("marts.dim_user could not be built: OSError")
    outer.__cause__ = RuntimeError()
    outer.__cause__.__cause__ = failure(write)
    found = diagnose(outer, tmp_path)
    assert found is not None
    assert (found.code, str(tmp_path) in str(found)) == ("disk_full", True)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"no database" * 1000)
    found = diagnose(failure(lambda: duckdb.connect(tmp_path / "warehouse.duckdb")), tmp_path)
    assert found is not None
    assert found.code == "warehouse_damaged"
    assert "aside" in found.hint


def test_a_snapshot_that_is_no_database(tmp_path: Path) -> None:
    """The warehouse is as sound as ever: to move it aside would cost a night for nothing."""
    file = tmp_path / "snapshots" / "20260101T000000Z-000000" / "marts.duckdb"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 1000)
    found = diagnose(failure(lambda: duckdb.connect(file)), tmp_path)
    assert found is not None
    assert (found.code, str(file) in str(found)) == ("file_damaged", True)


def test_a_warehouse_that_another_process_has_open(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        found = diagnose(failure(lambda: duckdb.connect(file)), tmp_path)
    assert found is not None
    assert (found.code, found.exit_code) == ("lock_held", ExitCode.LOCKED)


def test_memory_that_does_not_suffice(tmp_path: Path) -> None:
    with duckdb.connect(config={"memory_limit": "2MB", "max_temp_directory_size": "0KB"}) as connection:
        found = diagnose(
            failure(lambda: connection.execute("SELECT string_agg(range::VARCHAR) FROM range(9000000)")),
            tmp_path,
        )
    assert found is not None
    assert found.code == "memory_limit"


def test_a_missing_right_names_the_file(tmp_path: Path) -> None:
    found = diagnose(PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "ledger")), tmp_path)
    assert found is not None
    assert (found.code, str(tmp_path / "ledger") in str(found)) == ("not_permitted", True)


def test_what_has_a_name_or_means_nothing_is_left_alone(tmp_path: Path) -> None:
    """A hint to free disk space for a mistake in a model."""
    assert diagnose(SequenceError("too early"), tmp_path) is None
    assert diagnose(ValueError("No space left on device"), tmp_path) is None
    assert diagnose(failure(lambda: duckdb.sql("SELECT nothing")), tmp_path) is None

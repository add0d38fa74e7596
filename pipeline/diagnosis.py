"""What lies behind an error that nobody raised on purpose: a full disk, a missing right, a damaged file.

DuckDB and the operating system say it in their own words, often below two layers of others' exceptions.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from api.receipts import DamagedReceiptError
from pipeline.errors import (
    BuildError,
    DamagedFileError,
    DamagedWarehouseError,
    DiskFullError,
    LockedError,
    MemoryLimitError,
    NotPermittedError,
    PipelineError,
)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_SAYS_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large", re.IGNORECASE)
_SAYS_FORBIDDEN = re.compile(r"Permission denied|Read-only file system", re.IGNORECASE)
_SAYS_LOCKED = re.compile(r"Could not set lock on file")
_SAYS_DAMAGED = re.compile(
    r"not a valid DuckDB database|Corrupt|checksum|not enough|enough bytes|enough data|deserializ|WAL file"
    r"|has been invalidated|trying to read a database file",
    re.IGNORECASE,
)
_LOST_RECEIPT = "Restore it from its backup, or move it aside: the proof of that erasure is then lost."
_FILE = re.compile(r'"(?P<path>/[^"\n]+)"')


def diagnose(error: BaseException, data_dir: Path) -> PipelineError | None:
    """The failure with a name that `error` stands for, or None. Errors that have a better name keep it."""
    if isinstance(error, PipelineError) and not isinstance(error, BuildError):
        return None
    causes = list(_chain(error))
    named = (name(cause, data_dir) for name in (_full, _forbidden, _locked, _memory) for cause in causes)
    return next((found for found in named if found), None) or _damaged(causes, data_dir)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _full(error: BaseException, data_dir: Path) -> PipelineError | None:
    if _is_of(error, _FULL, _SAYS_FULL):
        return DiskFullError(f"No space is left for {_file_of(error) or data_dir}.")
    return None


def _forbidden(error: BaseException, data_dir: Path) -> PipelineError | None:
    if _is_of(error, _FORBIDDEN, _SAYS_FORBIDDEN):
        return NotPermittedError(f"This user may not read or write {_file_of(error) or data_dir}.")
    return None


def _locked(error: BaseException, _: Path) -> PipelineError | None:
    if isinstance(error, duckdb.IOException) and _SAYS_LOCKED.search(str(error)):
        return LockedError(f"Another process has {_file_of(error) or 'the warehouse'} open.")
    return None


def _memory(error: BaseException, _: Path) -> PipelineError | None:
    if isinstance(error, duckdb.OutOfMemoryException):
        return MemoryLimitError("DuckDB needs more memory than it may have.")
    return None


def _damaged(causes: list[BaseException], data_dir: Path) -> PipelineError | None:
    for error in causes:
        if isinstance(error, DamagedReceiptError):
            return DamagedFileError(f"{error} is damaged.", hint=_LOST_RECEIPT)
        if isinstance(error, duckdb.Error) and _SAYS_DAMAGED.search(str(error)):
            file = _file_of(error)
            if file is not None and file.is_relative_to(data_dir / "snapshots"):
                return DamagedFileError(f"{file} is damaged.")
            return DamagedWarehouseError(f"{data_dir / 'warehouse.duckdb'} is damaged.")
    return None


def _is_of(error: BaseException, numbers: set[int], words: re.Pattern[str]) -> bool:
    if isinstance(error, OSError):
        return error.errno in numbers
    return isinstance(error, duckdb.Error) and bool(words.search(str(error)))


def _file_of(error: BaseException) -> Path | None:
    """The file that the error names; other text of its message may hold values of rows."""
    if isinstance(error, OSError):
        return Path(error.filename) if isinstance(error.filename, str) else None
    match = _FILE.search(str(error))
    return Path(match["path"]) if match else None

"""Everything a run can fail with on purpose: a code, a message without row values, and the next step."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    LOCKED = 3


class PipelineError(Exception):
    """A failure with a stable `code` and a `hint` that says what to do next."""

    code = "failed"
    exit_code = ExitCode.FAILED
    default_hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = self.default_hint if hint is None else hint


class BuildError(PipelineError):
    """A model could not be built."""

    code = "build_failed"
    default_hint = (
        "Nothing was published. The traceback is in the run's log; run `schoolhouse nightly` again."
    )


class AuditError(PipelineError):
    """A blocking audit found rows that break it; the message names mart, audit and the number of rows."""

    code = "audit_failed"
    default_hint = (
        "Nothing was published. Correct the rows at the source, then run `schoolhouse nightly` again."
    )


class PublishError(PipelineError):
    """There is no successful build of the newest batch to publish."""

    code = "publish_refused"
    default_hint = "Run `schoolhouse build` first."


class SequenceError(PipelineError):
    """A step was asked for whose predecessor did not end."""

    code = "out_of_sequence"
    default_hint = "Run `schoolhouse ingest` (or the whole `schoolhouse nightly`) first."


class LockedError(PipelineError):
    """Another run works on the same data directory."""

    code = "lock_held"
    exit_code = ExitCode.LOCKED
    default_hint = "`schoolhouse status` shows it."


class UsageError(PipelineError):
    """A setting or an argument is missing or wrong."""

    code = "wrong_use"
    exit_code = ExitCode.WRONG_USE


class ErasureError(PipelineError):
    """Rows of an erased person are left; the erasure stays open and the next run repeats it."""

    code = "erasure_incomplete"
    default_hint = "Run `schoolhouse erase` again; `schoolhouse verify-erasure` shows what is left."


class NoSnapshotError(PipelineError):
    """There is no published snapshot, or none with that id."""

    code = "no_snapshot"
    default_hint = "`schoolhouse nightly` publishes one, `schoolhouse snapshots` lists them."


class DiskFullError(PipelineError):
    """The disk, the quota or the largest file size is used up."""

    code = "disk_full"
    default_hint = "Free space there, then run the same command again; it carries on from what is on disk."


class NotPermittedError(PipelineError):
    """The process lacks a right on a file or folder."""

    code = "not_permitted"
    default_hint = "Run as the owner of the data directory, and see that it is not mounted read-only."


class MemoryLimitError(PipelineError):
    """SCHOOLHOUSE_MEMORY_LIMIT is too low, or no disk is left to spill to."""

    code = "memory_limit"
    default_hint = "Raise SCHOOLHOUSE_MEMORY_LIMIT, then run `schoolhouse nightly` again."


class DamagedWarehouseError(PipelineError):
    """The warehouse file cannot be read. Nothing in it is lost for good: the source has it all."""

    code = "warehouse_damaged"
    default_hint = (
        "Move warehouse.duckdb (and warehouse.duckdb.wal) aside and run `schoolhouse nightly`: it builds all"
        " anew from the source. Snapshots, history, receipts and ledger are other files and stay. Then delete"
        " what was moved: it may hold people who are erased."
    )


class DamagedFileError(PipelineError):
    """A file of a snapshot cannot be read."""

    code = "file_damaged"
    default_hint = (
        "`schoolhouse nightly` publishes a new snapshot, `schoolhouse rollback` goes back to an older."
    )

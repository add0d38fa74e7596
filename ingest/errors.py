"""Everything that can stop an ingest. Messages name tables and columns, never values or passwords."""

from __future__ import annotations


class IngestError(Exception):
    """An ingest did not finish; what was committed before it is kept and the next run goes on from there."""

    code = "ingest_failed"
    hint = ""


class SourceError(IngestError):
    """The source could not be reached, or refused a query."""

    code = "source_failed"
    hint = "Check SCHOOLHOUSE_SOURCE_URL, and that its role may SELECT from the operational tables."


class SchemaError(IngestError):
    """The source lacks what is required or has another type; raised before anything is written."""

    code = "schema_mismatch"
    hint = "Compare the source with docs: required tables and columns must exist with the types named here."

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("the source does not fit:\n" + "\n".join(f"  - {problem}" for problem in problems))


class ValueRefusedError(IngestError):
    """A value at the source cannot be kept exactly."""

    code = "value_refused"
    hint = "Correct the rows at the source; nothing of this table was changed."

    def __init__(self, table: str, column: str, why: str) -> None:
        self.table, self.column = table, column
        super().__init__(f"{table}.{column}: {why}")


class DuplicateKeyError(IngestError):
    """The source has several rows with one key."""

    code = "duplicate_key"
    hint = "Remove the duplicates at the source and add the missing primary key."

    def __init__(self, table: str, key: tuple[str, ...], keys: int) -> None:
        self.table = table
        super().__init__(f"{table}: {keys} values of ({', '.join(key)}) occur more than once at the source")


class TruncationError(IngestError):
    """Most rows of a table would disappear."""

    code = "truncation_refused"
    hint = "If the rows were removed on purpose, run once with --allow-truncation."

    def __init__(self, table: str, rows: int, lost: int) -> None:
        self.table = table
        super().__init__(
            f"{table}: {lost} of {rows} rows are gone from the source, which looks like an accident"
        )


class VanishedError(IngestError):
    """An optional table or column that held something at the last batch is missing."""

    code = "truncation_refused"
    hint = TruncationError.hint

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(f"missing at the source, although filled at the last run: {', '.join(names)}")

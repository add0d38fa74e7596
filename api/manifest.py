"""The manifest of a snapshot: what a reader may rely on. Written by the publisher, read by the API."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

MANIFEST_FILE = "manifest.json"
MARTS_FILE = "marts.duckdb"
IDENTITY_FILE = "identity.duckdb"


class Frozen(BaseModel):
    """Immutable, and strict about what it holds: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(Frozen):
    """Size and SHA-256 (hex) of one file of the snapshot."""

    bytes: int
    sha256: str


class ColumnEntry(Frozen):
    """One column of a mart: DuckDB type and meaning."""

    name: str
    type: str
    description: str


class AuditEntry(Frozen):
    """One audit of a mart: `rows` is the number of rows that broke it."""

    name: str
    passed: bool
    rows: int
    is_blocking: bool = True


class Scope(Frozen):
    """The column that holds the school of a row; None when the rows belong to no school."""

    school_column: str | None


class MartEntry(Frozen):
    """One mart: meaning, grain, columns, origin, audits."""

    description: str
    grain: tuple[str, ...]
    columns: tuple[ColumnEntry, ...]
    rows: int
    upstream: tuple[str, ...]
    column_lineage: dict[str, tuple[str, ...]]
    audits: tuple[AuditEntry, ...]
    scope: Scope
    is_compliance: bool


class ModelEntry(Frozen):
    """A model between the source and the marts: the models and columns that it is made of."""

    upstream: tuple[str, ...]
    column_lineage: dict[str, tuple[str, ...]]


class Manifest(Frozen):
    """One published snapshot. `tables` holds rows per mart, `orphans` and `future` rows per source table;
    `models` the models behind the marts by `schema.name`, empty in snapshots of older versions.
    """

    id: str
    run_id: str
    as_of: AwareDatetime
    built_at: AwareDatetime
    versions: dict[str, str]
    files: dict[str, FileEntry]
    tables: dict[str, int]
    orphans: dict[str, int]
    future: dict[str, int]
    marts: dict[str, MartEntry]
    models: dict[str, ModelEntry] = {}

    @property
    def audits_total(self) -> int:
        """Number of audits that ran on the marts of this snapshot."""
        return sum(len(mart.audits) for mart in self.marts.values())

    @property
    def audits_passed(self) -> int:
        """Number of those audits that no row broke."""
        return sum(audit.passed for mart in self.marts.values() for audit in mart.audits)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot folder. Raises OSError or pydantic.ValidationError when it is damaged."""
    return Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())


def is_stale(manifest: Manifest, now: datetime, stale_after_hours: float) -> bool:
    """Whether the snapshot's as_of lies further back than the limit."""
    return (now - manifest.as_of).total_seconds() > stale_after_hours * 3600

"""What the API is told from outside: one object, read once a process, every field described.

Values come from environment variables named `SCHOOLHOUSE_<FIELD>` and from a `.env` file in the working
directory; the environment wins. Secrets have no default.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.project import PROJECT

PREFIX = "SCHOOLHOUSE_"


class ApiSettings(BaseSettings):
    """Settings of the reading side; `pipeline.settings.Settings` adds those of the nightly run."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path("data"), description="Folder of the warehouse, the snapshots and the run history."
    )
    source_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL of the operational database; Schoolhouse only reads from it.",
    )
    registry_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL with the right to write the schools registry; the source when not set.",
    )

    jwt_secret: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="Secret of HS256 tokens, better of 32 bytes or more (RFC 7518, 3.2). This or JWKS.",
    )
    jwks: str | None = Field(
        default=None,
        description="File or https URL of the key set of RS256 and ES256 tokens. This or JWT_SECRET.",
    )
    jwt_issuer: str | None = Field(default=None, description="Required `iss` of a token; any when not set.")
    jwt_audience: str | None = Field(
        default=None, description="Required `aud` of a token; none expected when not set."
    )

    stale_after_hours: float = Field(
        default=26,
        gt=0,
        description="Answers are marked stale when their as_of is older than this many hours.",
    )
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description="Origins that browsers may call the API from, as a JSON list; none when empty.",
    )
    rate_limit: str | None = Field(
        default=None, description="Requests a caller may make, such as `100/minute`; no limit when not set."
    )
    cache_bytes: int = Field(
        default=64 * 2**20, ge=0, description="Memory for cached answers, in bytes; 0 turns the cache off."
    )
    api_memory_limit: str = Field(default="1GB", description="DuckDB memory of one API worker.")
    api_threads: int = Field(
        default=1,
        ge=1,
        description="DuckDB threads of one API worker; queries of a few ms only lose by a second one.",
    )
    query_threads: int = Field(
        default=4, ge=1, description="Queries that one API worker runs at the same time."
    )
    sql_timeout_seconds: float = Field(
        default=10, gt=0, description="Longest time a query of POST /sql may take."
    )
    sql_row_limit: int = Field(default=10_000, ge=1, description="Most rows that POST /sql returns.")
    sql_threads: int = Field(default=2, ge=1, description="DuckDB threads of a query of POST /sql.")
    sql_memory_limit: str = Field(default="512MB", description="DuckDB memory of the queries of POST /sql.")
    disclosure_days: int = Field(
        default=1825, ge=1, description="Days that an entry stays in the disclosure log."
    )
    small_group: int = Field(
        default=5,
        ge=1,
        description="Figures about fewer people are withheld from students and public exports.",
    )
    dashboard_dir: Path = Field(
        default=PROJECT / "dashboard",
        description="Folder of the dashboard's files, served at / when it has an index.html.",
    )

    @property
    def snapshots_dir(self) -> Path:
        """Folder of the published snapshots; `current` in it points to the one in use."""
        return self.data_dir / "snapshots"

    @property
    def runs_dir(self) -> Path:
        """Folder of the run history, one JSON file a run."""
        return self.data_dir / "runs"

    @property
    def receipts_dir(self) -> Path:
        """Folder of the receipts of erasures, one JSON file each."""
        return self.data_dir / "receipts"

    @property
    def disclosures_dir(self) -> Path:
        """Folder of the disclosure log, one JSONL file per month."""
        return self.data_dir / "disclosures"

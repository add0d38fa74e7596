"""Every setting of the product: the API's, and what the nightly run needs on top."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsError

from api.settings import PREFIX, ApiSettings
from pipeline.errors import UsageError

_ADDRESS = r"^[^@\s<>]+@[^@\s<>]+$"


class Engine(StrEnum):
    """What builds the models."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Settings(ApiSettings):
    """Read once a process, by `read_settings`, and handed down as an argument."""

    keep_snapshots: int = Field(default=7, ge=1, description="Published snapshots that stay for rollback.")
    keep_runs: int = Field(default=400, ge=1, description="Runs that stay in the run history.")
    memory_limit: str = Field(default="2GB", description="DuckDB memory of the nightly run.")
    threads: int = Field(
        default=2, ge=1, description="Threads of the nightly run, and how many models are at work at once."
    )
    engine: Engine = Field(
        default=Engine.DUCKDB, description="What builds the models, `duckdb` or `spark`; `--engine` wins."
    )
    lake_url: str | None = Field(
        default=None,
        description="Folder or address (s3://bucket/path) of Spark's files; DATA_DIR/lake when not set.",
    )
    spark_conf: dict[str, str] = Field(
        default={}, description="Spark configuration as a JSON object; it wins over our defaults."
    )
    spark_state_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL of SQLMesh's state where machines share it; a file when not set.",
    )

    report_dir: Path | None = Field(
        default=None, description="Folder that every published night writes its morning reports to."
    )
    notice_webhook_url: SecretStr | None = Field(
        default=None, description="http(s) URL that a failed night is told to, as JSON by POST."
    )
    notice_smtp_host: str | None = Field(
        default=None, description="Mail server that a failed night is told through."
    )
    notice_smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    notice_smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How mail is encrypted: starttls, tls or none (no password then)."
    )
    notice_smtp_user: str | None = Field(
        default=None, description="Account at the mail server; mail is sent without one when not set."
    )
    notice_smtp_password: SecretStr | None = Field(default=None, description="Password of that account.")
    notice_mail_from: str | None = Field(
        default=None, pattern=_ADDRESS, description="Sender of notices by mail."
    )
    notice_mail_to: tuple[Annotated[str, Field(pattern=_ADDRESS)], ...] = Field(
        default=(), description="Receivers of notices by mail, as a JSON list."
    )
    notice_timeout_seconds: float = Field(
        default=5, gt=0, le=60, description="Longest wait for the webhook or mail server, each of 3 times."
    )

    @field_validator("notice_webhook_url")
    @classmethod
    def _is_web(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().lower().startswith(("http://", "https://")):
            raise ValueError("not an http(s) URL")
        return url

    @model_validator(mode="after")
    def _can_mail(self) -> Self:
        if self.notice_smtp_host is None:
            return self
        if self.notice_mail_from is None or not self.notice_mail_to:
            raise ValueError("NOTICE_SMTP_HOST needs NOTICE_MAIL_FROM and NOTICE_MAIL_TO")
        if (self.notice_smtp_user is None) != (self.notice_smtp_password is None):
            raise ValueError("NOTICE_SMTP_USER and NOTICE_SMTP_PASSWORD go together")
        if self.notice_smtp_password is not None and self.notice_smtp_security == "none":
            raise ValueError("NOTICE_SMTP_PASSWORD is not sent unencrypted: NOTICE_SMTP_SECURITY is none")
        return self

    @property
    def warehouse_file(self) -> Path:
        """The one file of raw tables, models and SQLMesh state."""
        return self.data_dir / "warehouse.duckdb"

    @property
    def lock_file(self) -> Path:
        """Held by the process that works on the data directory."""
        return self.data_dir / "nightly.lock"

    @property
    def ledger_dir(self) -> Path:
        """Hashes of erased people, and the key of the hashes."""
        return self.data_dir / "ledger"

    @property
    def erasure_file(self) -> Path:
        """The erasure at work; there only while one is unfinished."""
        return self.data_dir / "erasure.json"

    @property
    def spark_dir(self) -> Path:
        """Metastore and SQLMesh state of Spark, unless they are elsewhere."""
        return self.data_dir / "spark"

    @property
    def lake(self) -> str:
        """Folder or address of the files that Spark reads and writes."""
        return self.lake_url or str(self.data_dir / "lake")

    @property
    def demo_dir(self) -> Path:
        """Embedded PostgreSQL and secret of the demo."""
        return self.data_dir / "demo"

    def require_source_url(self) -> str:
        """The source's URL, password included. Raises UsageError when it is not set."""
        if self.source_url is None:
            raise missing("source_url", "it names the operational PostgreSQL to read")
        return self.source_url.get_secret_value()

    def require_jwt_secret(self) -> str:
        """The HS256 secret. Raises UsageError when it is not set."""
        if self.jwt_secret is None:
            raise missing("jwt_secret", "tokens are signed with it")
        return self.jwt_secret.get_secret_value()


def read_settings() -> Settings:
    """Settings of this process. Raises UsageError naming every wrong one, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        raise UsageError(
            f"wrong settings: {problems}", hint="`schoolhouse settings` explains each."
        ) from None
    except SettingsError as error:
        raise UsageError(f"wrong settings: {error}") from None


def missing(field: str, purpose: str) -> UsageError:
    """The error for a setting that a command cannot do without."""
    return UsageError(
        f"{PREFIX}{field.upper()} is not set: {purpose}.",
        hint="Set it in the environment or in .env; `schoolhouse settings` lists all settings.",
    )


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + str(location[0]).upper() if location else "settings"

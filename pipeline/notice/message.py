"""A notice: what failed, where, why, what to do, and what is still served. As text, and as JSON.

It names no person and holds no row value, for the messages of errors hold none. Should a secret of the
settings have found its way into one, it is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from api.manifest import is_stale
from api.runs import RunError, RunRecord, RunState, StepState
from ingest.redact import HIDDEN, redact
from pipeline.errors import NoSnapshotError, PipelineError
from pipeline.settings import Settings
from pipeline.snapshots import current_id, manifest_of

# Shorter ones would take words out of every sentence.
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Served:
    """The snapshot that readers see."""

    snapshot_id: str
    as_of: datetime
    is_stale: bool


@dataclass(frozen=True)
class Notice:
    """`event` is `night_failed`, `report_failed` or `test`; `run_id` is None for a night that never began."""

    event: str
    title: str
    error: RunError
    run_id: str | None
    occurred_at: datetime
    served: Served | None

    def text(self) -> str:
        """The notice for people, one fact a line."""
        return "\n".join((self.title, "", *(f"{name}: {fact}" for name, fact in self._facts())))

    def to_json(self) -> dict[str, Any]:
        """Plain strings and booleans; `text` is what chat services show."""
        return {
            "event": self.event,
            "title": self.title,
            "text": self.text(),
            **self.error.model_dump(),
            "run_id": self.run_id,
            "occurred_at": _utc(self.occurred_at),
            "served": _served_as_json(self.served),
        }

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "Step", self.error.step
        yield "Why", f"{self.error.message} ({self.error.code})"
        if self.error.hint:
            yield "Next", self.error.hint
        yield "Still served", _served_in_words(self.served)
        yield "When", _utc(self.occurred_at)
        if self.run_id:
            yield "Run", f"{self.run_id} (`schoolhouse status` shows it)"


def notice_of_run(run: RunRecord, settings: Settings, now: datetime) -> Notice | None:
    """The notice that a run calls for: it failed, or what followed it did. None when all is well."""
    if run.state is RunState.FAILED and run.error is not None:
        return _notice("night_failed", "Schoolhouse: the night failed", run.error, run.run_id, settings, now)
    late = next((step for step in run.steps if step.state is StepState.FAILED), None)
    if late is None:
        return None
    title = f"Schoolhouse: the night was published, its {late.name} failed"
    hint = "The published figures are not concerned."
    error = RunError(step=late.name, code=f"{late.name}_failed", message=late.detail, hint=hint)
    return _notice(error.code, title, error, run.run_id, settings, now)


def notice_of_start(error: PipelineError, settings: Settings, now: datetime) -> Notice:
    """The notice of a night that could not begin, and so left no record."""
    reason = RunError(step="start", code=error.code, message=str(error), hint=error.hint)
    return _notice("night_failed", "Schoolhouse: the night could not begin", reason, None, settings, now)


def trial_notice(settings: Settings, now: datetime) -> Notice:
    """A notice that says that notices arrive."""
    reason = RunError(
        step="none", code="test", message="Nothing failed: somebody called `schoolhouse notice`."
    )
    return _notice("test", "Schoolhouse: a test of notices", reason, None, settings, now)


def _notice(
    event: str, title: str, error: RunError, run_id: str | None, settings: Settings, now: datetime
) -> Notice:
    cleaned = {"message": _without_secrets(error.message, settings)}
    cleaned["hint"] = _without_secrets(error.hint, settings)
    return Notice(event, title, error.model_copy(update=cleaned), run_id, now, _served(settings, now))


def _without_secrets(text: str, settings: Settings) -> str:
    for secret in _secrets(settings):
        text = redact(text, secret)
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


def _secrets(settings: Settings) -> list[str]:
    """Longest first: a secret may be part of another."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return sorted(found, key=len, reverse=True)


def _served(settings: Settings, now: datetime) -> Served | None:
    snapshot_id = current_id(settings.snapshots_dir)
    try:
        manifest = manifest_of(settings.snapshots_dir, snapshot_id or "")
    except NoSnapshotError:
        return None
    return Served(manifest.id, manifest.as_of, is_stale(manifest, now, settings.stale_after_hours))


def _served_in_words(served: Served | None) -> str:
    if served is None:
        return "nothing: no snapshot can be read"
    stale = ", which is stale" if served.is_stale else ""
    return f"snapshot {served.snapshot_id}, as of {_utc(served.as_of)}{stale}"


def _served_as_json(served: Served | None) -> dict[str, Any] | None:
    if served is None:
        return None
    return {"snapshot_id": served.snapshot_id, "as_of": _utc(served.as_of), "stale": served.is_stale}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")

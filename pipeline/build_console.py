"""What SQLMesh tells while it builds: collected instead of printed."""

from __future__ import annotations

from typing import Any

from sqlmesh.core.console import NoopConsole
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.core.snapshot.definition import Interval
from sqlmesh.utils.concurrency import NodeExecutionFailedError

from ingest.progress import Reporter


class BuildConsole(NoopConsole):
    """Seconds per model and the errors of one build; each finished model advances the reporter."""

    def __init__(self, report: Reporter, models: int) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}
        self.errors: list[NodeExecutionFailedError[Any]] = []
        self._report = report
        self._models = models

    def update_snapshot_evaluation_progress(
        self,
        snapshot: Snapshot,
        interval: Interval,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        duration_ms: int | None,
        num_audits_passed: int,  # noqa: ARG002
        num_audits_failed: int,  # noqa: ARG002
        *_: Any,
        **__: Any,
    ) -> None:
        """Take down a model that was evaluated and audited."""
        name = snapshot.model.name
        self.seconds[name] = self.seconds.get(name, 0.0) + (duration_ms or 0) / 1000
        self._report.advance("build", len(self.seconds), self._models)

    def log_failed_models(self, errors: list[NodeExecutionFailedError[Any]]) -> None:
        """Keep the errors: SQLMesh only returns that there were some."""
        self.errors.extend(errors)

    def log_warning(self, short_message: str, long_message: str | None = None) -> None:
        """Say nothing: the long form of an audit's warning holds its query."""

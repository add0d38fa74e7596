"""Reports as files: the page, and its charts as PNG beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from api.opening import DamagedSnapshotError, open_snapshot
from api.project import PROJECT
from api.snapshots import Snapshot
from pipeline.errors import NoSnapshotError, PipelineError, UsageError
from pipeline.files import write_atomic
from pipeline.report.charts import draw
from pipeline.report.figures import Figures, Subject, active_schools, collect, find_school, platform
from pipeline.report.page import make_page
from pipeline.report.quality import Quality, find_quality
from pipeline.settings import Settings
from pipeline.snapshots import current_folder

CHARTS = ("engagement", "content")
_SHIPPED = PROJECT / "dashboard" / "charts"


class ReportError(PipelineError):
    """A report could not be written."""

    code = "report_failed"
    default_hint = "The snapshot is not concerned; `schoolhouse report` tries again."


def write_report(settings: Settings, school: str | None, out: Path | None) -> Path:
    """Write the report of a school, by code or id, or of the platform; returns the page's path.

    Raises UsageError for an unknown school or a folder as `out`, NoSnapshotError, ChartError, ReportError.
    """
    if out is not None and out.is_dir():
        raise UsageError(f"{out} is a folder.", hint="--out names the page to write, such as report.html.")
    with _current(settings) as snapshot:
        subject = platform() if school is None else find_school(snapshot, school)
        page = out or Path(file_name(subject))
        quality = find_quality(settings, snapshot.manifest, datetime.now(UTC))
        _write(settings, collect(snapshot, subject), quality, page)
    return page


def write_reports(settings: Settings, folder: Path) -> int:
    """Write the reports of the platform and of every active school into a folder; returns how many.

    Those that can be written are, whatever becomes of the others. Raises ReportError, naming them.
    """
    failed: dict[str, str] = {}
    with _current(settings) as snapshot:
        subjects = [platform(), *active_schools(snapshot)]
        quality = find_quality(settings, snapshot.manifest, datetime.now(UTC))
        for subject in subjects:
            name = file_name(subject)
            try:
                _write(settings, collect(snapshot, subject), quality, folder / name)
            except PipelineError as error:
                failed[name] = str(error)
    if failed:
        raise ReportError(f"{len(failed)} of {len(subjects)} reports: {next(iter(failed.values()))}")
    return len(subjects)


def file_name(subject: Subject) -> str:
    """`platform.html`, or the school's code in letters that every file system takes, and its key."""
    if subject.scope.platform:
        return f"{subject.code}.html"
    plain = re.sub(r"[^a-z0-9]+", "-", subject.code.lower()).strip("-")[:60]
    return "-".join(part for part in ("school", str(subject.scope.school_key), plain) if part) + ".html"


@contextmanager
def _current(settings: Settings) -> Iterator[Snapshot]:
    folder = current_folder(settings.snapshots_dir)
    try:
        snapshot = open_snapshot(folder, settings)
    except DamagedSnapshotError as error:
        raise NoSnapshotError(f"Snapshot {folder.name} cannot be used: {error}.") from error
    try:
        yield snapshot
    finally:
        snapshot.release()


def _write(settings: Settings, figures: Figures, quality: Quality, page: Path) -> None:
    drawings = {name: draw(_charts(settings), name, getattr(figures, name)) for name in CHARTS}
    content = make_page(figures, quality, drawings)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        for name, drawing in drawings.items():
            write_atomic(page.with_suffix(f".{name}.png"), drawing.png)
        write_atomic(page, content.encode())
    except OSError as error:
        raise ReportError(f"{page} cannot be written: {error.strerror}.") from error


def _charts(settings: Settings) -> Path:
    """The dashboard's charts, from wherever the command is called."""
    configured = settings.dashboard_dir / "charts"
    return configured if configured.is_dir() else _SHIPPED

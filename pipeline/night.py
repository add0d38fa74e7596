"""A whole night, as every command and every scheduler runs it: the steps, then its reports and its notice."""

from __future__ import annotations

from datetime import UTC, datetime

from api.runs import RunRecord
from ingest.progress import Reporter
from pipeline.diagnosis import diagnose
from pipeline.errors import PipelineError
from pipeline.lake.require import check_engine
from pipeline.notice.deliver import deliver
from pipeline.notice.message import notice_of_run, notice_of_start
from pipeline.run import Options, Run, Step, execute
from pipeline.settings import Settings
from pipeline.steps import NIGHTLY


def night(settings: Settings, command: str, options: Options, report: Reporter) -> RunRecord:
    """Run a night and return its record. Whatever becomes of reports and notices changes nothing about it.

    Raises, after a notice of it, UsageError without a source or an engine, LockedError while another run
    is at work, and OSError when not even the history can be written.
    """
    try:
        settings.require_source_url()
        check_engine(settings)
        return execute(settings, command, NIGHTLY, options, report, (REPORT, NOTICE))
    except (PipelineError, OSError) as error:
        _tell(_named(error, settings), settings, report)
        raise


def report_step(run: Run) -> str:
    """Write the reports of what was published; "" when nobody wants them or nothing was."""
    folder = run.settings.report_dir
    if folder is None or run.log.record.snapshot_id is None:
        return ""
    from pipeline.report.write import write_reports

    return f"{write_reports(run.settings, folder)} reports in {folder}"


def notice_step(run: Run) -> str:
    """Tell of a failure; "" when there is none or nobody to tell."""
    notice = notice_of_run(run.log.record, run.settings, datetime.now(UTC))
    return deliver(notice, run.settings) if notice else ""


def _named(error: PipelineError | OSError, settings: Settings) -> PipelineError:
    if isinstance(error, PipelineError):
        return error
    return diagnose(error, settings.data_dir) or PipelineError(f"Unexpected {type(error).__name__}.")


def _tell(error: PipelineError, settings: Settings, report: Reporter) -> None:
    try:
        told = deliver(notice_of_start(error, settings, datetime.now(UTC)), settings)
    except PipelineError as failure:
        told = f"failed: {failure}"
    if told:
        report.finish("notice", told)


REPORT = Step("report", report_step)
NOTICE = Step("notice", notice_step)

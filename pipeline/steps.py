"""The steps of a night, in their order. Each is complete when it returns and can be repeated at any time.

What needs SQLMesh is imported where it is used: while it is imported, the source is at work already.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest import ingest, inquire
from pipeline import build_state, erase
from pipeline.built_by import is_another_engine, remember_engine
from pipeline.ledger import open_ledger
from pipeline.raw import open_raw
from pipeline.run import Run, Step
from pipeline.settings import Engine

if TYPE_CHECKING:
    from pipeline.warehouse import Warehouse


def ingest_step(run: Run) -> str:
    """Bring raw up to the source, which is asked what has changed before the warehouse is opened whole."""
    options = run.options
    with inquire(run.settings.require_source_url()) as inquiry:
        with open_raw(run.settings) as raw:
            inquiry.ask(raw)
        build_state.begin_ingest(run.warehouse.connection)
        batch = ingest(
            run.warehouse.connection,
            inquiry,
            as_of=options.as_of,
            allow_truncation=options.allow_truncation,
            report=run.report,
            is_erased=open_ledger(run.settings.ledger_dir, run.settings.receipts_dir).holds,
        )
    report = batch.to_json()
    build_state.end_ingest(run.warehouse.connection, report)
    run.log.update(ingest=report, as_of=batch.as_of)
    return _ingest_line(report)


def erase_step(run: Run) -> str:
    """Remove who has left from raw and from the models."""
    build_state.begin_build(run.warehouse.connection)
    erasure = erase.begin(run.warehouse.connection, run.settings)
    if run.warehouse.place and erasure.user_keys:
        from pipeline.lake.tables import forget

        forget(run.warehouse.context, erasure.user_keys)
    return f"{len(erasure.departures)} people to erase"


def build_step(run: Run) -> str:
    """Build and audit every model."""
    from pipeline.build import build

    warehouse, connection = run.warehouse, run.warehouse.connection
    ingested = build_state.begin_build(connection).ingest
    run.log.update(as_of=datetime.fromisoformat(ingested["as_of"]))
    whole = is_another_engine(connection, warehouse.engine)
    built = build(warehouse.context, connection, run.report, whole=whole, hand_over=_hand_over(warehouse))
    report = built.to_json()
    remember_engine(connection, warehouse.engine)
    build_state.end_build(connection, ingested, report)
    run.log.update(build=report)
    passed = sum(audit["passed"] for audit in report["audits"])
    return f"{passed} of {len(report['audits'])} audits passed"


def publish_step(run: Run) -> str:
    """Publish the build."""
    from pipeline.publish import publish

    manifest = publish(run.warehouse, run.settings, run.log.record.run_id)
    run.log.update(snapshot_id=manifest.id, as_of=manifest.as_of)
    return f"snapshot {manifest.id}, {len(manifest.tables)} marts, {sum(manifest.tables.values()):,} rows"


def purge_step(run: Run) -> str:
    """Take erased people out of the files, write their receipts, and let go of old disclosures."""
    from api.disclosures import forget_old
    from pipeline.warehouse import duckdb_config

    if run.settings.engine is Engine.SPARK:  # every night: versions that nobody expires would fill the lake
        from pipeline.lake.sweep import sweep

        sweep(run.warehouse)
    run.close_warehouse()
    forget_old(run.settings.disclosures_dir, run.settings.disclosure_days, datetime.now(UTC))
    receipts = erase.finish(run.settings, duckdb_config(run.settings, run.options.project))
    return f"{len(receipts)} receipts"


INGEST = Step("ingest", ingest_step)
ERASE = Step("erase", erase_step)
PURGE = Step("purge", purge_step)
BUILD = Step("build", build_step)
PUBLISH = Step("publish", publish_step)
NIGHTLY = (INGEST, ERASE, BUILD, PUBLISH, PURGE)


def _hand_over(warehouse: Warehouse) -> Callable[[], None] | None:
    if warehouse.place is None:
        return None
    from pipeline.lake.handover import hand_over

    return partial(hand_over, warehouse)


def _ingest_line(report: dict[str, Any]) -> str:
    tables = report["tables"]
    changed = sum(table["rows_inserted"] + table["rows_updated"] + table["rows_deleted"] for table in tables)
    read = sum(table["rows_read"] for table in tables)
    return f"{read:,} rows read, {changed:,} changed, {report['touched_dates']} dates touched"

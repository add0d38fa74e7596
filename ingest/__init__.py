"""Copy the operational PostgreSQL into the `raw` schema of the warehouse."""

from ingest.errors import IngestError
from ingest.forget import forget
from ingest.inquiry import inquire
from ingest.report import BatchReport, TableReport
from ingest.run import ingest

__all__ = ["BatchReport", "IngestError", "TableReport", "forget", "ingest", "inquire"]

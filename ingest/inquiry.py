"""The source, open, and what it has been asked: it can answer before the warehouse is ready for its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import duckdb

from ingest.catalog import describe
from ingest.columns import Mode
from ingest.fingerprints import Fingerprints
from ingest.horizons import Horizons
from ingest.layout import create_raw
from ingest.questions import Question, asked
from ingest.schema import check
from ingest.source import Source, open_source
from ingest.specs import TABLES
from ingest.warehouse import integer, quoted

# Below it a table is read again in less time than two questions take.
LARGE_ROWS = 10_000


class Inquiry:
    """One transaction of the source, and how its tables fit the specs."""

    def __init__(self, source: Source, asking: ExitStack) -> None:
        self.source = source
        self.fits = check(TABLES, describe(source, [spec.name for spec in TABLES]))
        self.horizons = Horizons(source)
        self._asking = asking
        self._fingerprints: Fingerprints | None = None

    def ask(self, connection: duckdb.DuckDBPyConnection) -> Fingerprints:
        """Put the questions about what raw holds, once; creates what is missing of it.

        The connection may be closed afterwards: raw only has to be the same when it is loaded.
        """
        if self._fingerprints is None:
            create_raw(connection)
            questions = list(self._questions(connection))
            self._fingerprints = self._asking.enter_context(asked(self.source, questions))
        return self._fingerprints

    def _questions(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Question]:
        """About the tables whose older rows are compared, and not read again: none that is empty here."""
        for fit in self.fits:
            rows = integer(connection, f"SELECT count(*) FROM raw.{quoted(fit.spec.name)}")
            since = self.horizons.since(connection, fit)
            is_large = rows >= LARGE_ROWS and since is not None
            if fit.found is not None and rows and (fit.spec.mode is not Mode.REPLACE or is_large):
                yield Question(fit, since)


@contextmanager
def inquire(source_url: str) -> Iterator[Inquiry]:
    """Open the source. Raises SourceError, and SchemaError when it does not fit."""
    with open_source(source_url) as source, ExitStack() as asking:
        yield Inquiry(source, asking)

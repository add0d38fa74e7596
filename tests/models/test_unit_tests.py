"""The YAML unit tests of the models, as part of the suite."""

from __future__ import annotations

import io
from pathlib import Path

from sqlmesh import Context
from sqlmesh.core.console import NoopConsole, set_console

PROJECT = Path(__file__).resolve().parents[2]


def test_models_do_what_their_unit_tests_say() -> None:
    set_console(NoopConsole())
    context = Context(paths=[PROJECT])
    told = io.StringIO()

    result = context.test(stream=told)

    context.close()
    assert result.testsRun >= 60
    traces = [trace for _, trace in result.failures + result.errors]
    assert result.wasSuccessful(), told.getvalue() + "".join(traces)

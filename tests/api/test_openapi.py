"""The OpenAPI document against the server: schemathesis asks what the document allows, and more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.docs import TARGET, main, render
from api.openapi import route_table
from tests.api.serving import bearer, serving, settings_for
from tests.conftest import School
from tests.tracing import rest

CALLERS = [bearer("admin"), bearer("teacher"), bearer("student"), bearer("analyst")]
EXAMPLES = 16
CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def address(school: School, make_database: Callable[..., str]) -> Iterator[str]:
    """A server whose registry is a database of its own: schemathesis registers schools."""
    registry_url = make_database()
    chosen = settings_for(school.settings.data_dir, source_url=school.source_url, registry_url=registry_url)
    with serving(create_app(chosen)) as found:
        yield found


ROUTES = [(entry.method, entry.path) for entry in route_table() if entry.path not in ("/metrics", "/readyz")]


@pytest.fixture(scope="module")
def document(address: str) -> Any:
    """The document as the server shows it."""
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_server_keeps_to_its_document(document: Any, method: str, path: str) -> None:
    """Whatever the document allows is answered as the document says, and never with a 5xx but 503."""
    operation = document[path][method]
    modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    cases = modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode))

    @given(case=cases, caller=st.sampled_from(CALLERS))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def keeps(case: schemathesis.Case, caller: dict[str, str]) -> None:
        response = case.call(headers=caller, timeout=60)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=CHECKS)

    rest(keeps)()  # making up requests is what takes long


def test_the_page_is_generated_from_the_document() -> None:
    assert main(["--check"]) == 0, "run python -m api.docs"


def test_a_page_that_drifted_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    TARGET.parent.mkdir()
    assert main([]) == 0
    assert main(["--check"]) == 0
    TARGET.write_text(TARGET.read_text() + "by hand\n")
    assert main(["--check"]) == 1


def test_the_page_names_who_parameters_and_formats() -> None:
    page = render(_document())
    assert "### GET /thing/{id}" in page
    assert "Who: admin, analyst." in page
    assert "| id (required) | path | integer 1..9 | The thing. |" in page
    assert "| how | query | one of the names, default json |" in page
    assert "Also as `text/csv`." in page
    assert "404: Unknown." in page


def _document() -> dict[str, Any]:
    operation = {
        "summary": "A thing",
        "x-roles": ["admin", "analyst"],
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The thing.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            {
                "name": "how",
                "in": "query",
                "schema": {"anyOf": [{"$ref": "x"}, {"type": "null"}], "default": "json"},
            },
        ],
        "responses": {
            "200": {"content": {"application/json": {"example": {"data": 1}}, "text/csv": {}}},
            "404": {"description": "Unknown."},
        },
    }
    return {"paths": {"/thing/{id}": {"get": operation}}}

"""docs/api.md, generated from the OpenAPI document: `python -m api.docs [--check]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from api.app import create_app
from api.settings import ApiSettings

TARGET = Path("docs/api.md")
_HEAD = """\
# The HTTP API

Generated from the OpenAPI document (`/openapi.json`) by `python -m api.docs`; do not edit.

**Callers** send `Authorization: Bearer <JWT>` with `sub`, `role`, `exp` and, for one school, `school_id`.
Admins and analysts without a school see the whole platform; teachers and students without one belong to
the unassigned school. Figures of another school do not exist for a caller.

**Successes** are `{"data", "meta"}`, lists add `"page"`. `meta` names the snapshot that answered, its
`as_of`, and whether that is stale.
**Errors** are `{"error": {"code", "message", "details"}}`. 401, 403, 422, 429 and 503 can come from
every operation below the base path, the last two with `Retry-After`.

**Caching**: a snapshot never changes, so an answer carries a strong `ETag` and is exact until the next
publish; send it back as `If-None-Match` to get 304. Answers with JSON, NDJSON or CSV are compressed for
clients that accept gzip.
"""


def render(document: dict[str, Any]) -> str:
    """The Markdown page of an OpenAPI document."""
    parts = [_HEAD, "## Operations\n", *_overview(document)]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += ["\n", *_operation(method.upper(), path, operation)]
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether the stored one is up to date."""
    page = render(_document())
    if "--check" not in arguments:
        TARGET.write_text(page)
        return 0
    if TARGET.is_file() and TARGET.read_text() == page:
        return 0
    sys.stderr.write(f"{TARGET} is not up to date: run python -m api.docs\n")
    return 1


def _document() -> dict[str, Any]:
    # Nothing is served: the secret only lets the application be put together.
    given: dict[str, Any] = {"jwt_secret": SecretStr("x" * 32), "jwks": None, "rate_limit": None}
    settings = ApiSettings(_env_file=None, **given)  # type: ignore[call-arg]
    return create_app(settings).openapi()


def _overview(document: dict[str, Any]) -> Iterator[str]:
    yield "| operation | who | answers |\n|---|---|---|\n"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            first = operation.get("description", operation["summary"]).partition("\n")[0]
            yield f"| {method.upper()} {path} | {_who(operation)} | {_cell(first)} |\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {method} {path}\n\n{operation.get('description', operation['summary'])}\n\n"
    yield f"Who: {_who(operation)}.\n"
    if operation.get("parameters"):
        yield "\n| parameter | in | form | meaning |\n|---|---|---|---|\n"
        yield from (_parameter(parameter) for parameter in operation["parameters"])
    for status, response in operation["responses"].items():
        yield from _response(status, response)


def _response(status: str, response: dict[str, Any]) -> Iterator[str]:
    contents = response.get("content", {})
    example = contents.get("application/json", {}).get("example")
    if status.startswith("2") and example is not None:
        yield f"\n{status}:\n\n```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```\n"
        others = [f"`{media_type}`" for media_type in contents if media_type != "application/json"]
        yield f"\nAlso as {', '.join(others)}.\n" if others else ""
    elif status not in ("401", "403", "422", "429", "503"):
        yield f"\n{status}: {response['description']}\n"


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    name = parameter["name"] + (" (required)" if parameter.get("required") else "")
    meaning = _cell(parameter.get("description", ""))
    return f"| {name} | {parameter['in']} | {_cell(_form(schema))} | {meaning} |\n"


def _form(schema: dict[str, Any]) -> str:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _form(choice | {"default": schema.get("default")})
    kind = schema.get("format") or schema.get("type") or "one of the names"
    limits = [f"{schema[key]}" for key in ("minimum", "maximum") if key in schema]
    default = schema.get("default")
    return (
        kind
        + (f" {'..'.join(limits)}" if limits else "")
        + (f", default {default}" if default is not None else "")
    )


def _who(operation: dict[str, Any]) -> str:
    return ", ".join(operation.get("x-roles", ["anyone on the host network"]))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

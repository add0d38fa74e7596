"""The process that runs queries of POST /sql: `python -m api.sql.worker`.

It reads length-prefixed JSON requests from standard input and answers on standard output: `+` and the
result as JSON, `=` or `~` (cut off) and the result as a file, or `-` and {"code", "message"}. It knows no
secret and opens the marts anew for every query.
"""

from __future__ import annotations

import resource
import struct
import sys
import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import orjson

from api.duck import attach, connect, lock
from api.sql.guard import RefusedError, check

# Room for the interpreter, DuckDB's code and stacks beside the memory that DuckDB itself accounts for.
_ADDRESS_SPACE_BESIDES = 3 * 2**30
_CHUNK_ROWS = 500
_SPOKEN = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


@dataclass(frozen=True)
class Request:
    """One query. `views` are the conditions on the rows of each mart of a school's caller; None: all rows."""

    marts: str
    tables: list[str]
    views: dict[str, str] | None
    query: str
    limit: int
    timeout_seconds: float
    memory_limit: str
    threads: int
    largest_bytes: int
    format: str = "json"


def main(requests: BinaryIO, answers: BinaryIO, memory_bytes: int) -> None:
    """Say that it is ready, then answer requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes + _ADDRESS_SPACE_BESIDES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with connect("64MB", 1) as connection:
        # What DuckDB does once a process is done before the first query's time begins.
        check(connection, "SELECT 1", [])
    write_frame(answers, b"ready")
    while (frame := read_frame(requests)) is not None:
        write_frame(answers, _answer(Request(**orjson.loads(frame))))


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, or None at the end of the stream."""
    head = stream.read(4)
    return stream.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def write_frame(stream: BinaryIO, content: bytes) -> None:
    """Write and flush one frame."""
    stream.write(struct.pack(">I", len(content)) + content)
    stream.flush()


def _answer(request: Request) -> bytes:
    try:
        return _run(request)
    except RefusedError as refusal:
        return _refusal("query_refused", str(refusal))
    except duckdb.InterruptException:
        return _refusal("query_timeout", f"The query took longer than {request.timeout_seconds:g} seconds.")
    except (duckdb.OutOfMemoryException, MemoryError):
        return _refusal("query_memory", "The query needs more memory than it may use.")
    except _SPOKEN as mistake:
        # The first line names columns and tables of the query itself; further lines hold SQL and guesses.
        return _refusal("query_failed", str(mistake).partition("\n")[0])
    except (duckdb.Error, ValueError, TypeError, OverflowError, NotImplementedError) as failure:
        return _refusal("query_failed", f"The query failed: {type(failure).__name__}.")


def _refusal(code: str, message: str) -> bytes:
    return b"-" + orjson.dumps({"code": code, "message": message})


def _run(request: Request) -> bytes:
    with connect(request.memory_limit, request.threads) as connection:
        used = check(connection, request.query, request.tables)
        attach(connection, Path(request.marts), "marts")
        _prepare(connection, request.views, used)
        lock(connection)
        timer = threading.Timer(request.timeout_seconds, connection.interrupt)
        timer.start()
        try:
            relation = connection.sql(request.query)
            if request.format == "json":
                return b"+" + _result(relation, request)
            return _file(relation, request)
        finally:
            timer.cancel()


def _prepare(connection: duckdb.DuckDBPyConnection, views: dict[str, str] | None, used: set[str]) -> None:
    """The marts as default schema, or only views of a school's rows under the marts' names."""
    if views is None:
        connection.execute("USE marts")
        return
    for name in used:
        # Names come from the manifest and conditions from api.marts.access, neither from the caller.
        connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM marts.main."{name}" WHERE {views[name]}')  # noqa: S608


def _file(relation: duckdb.DuckDBPyRelation, request: Request) -> bytes:
    # Most queries are answered in JSON, and need not wait for PyArrow to be imported.
    from api.marts.formats import Format
    from api.sql.files import result_file

    content, is_truncated = result_file(
        relation, Format(request.format), request.limit, request.largest_bytes
    )
    return (b"~" if is_truncated else b"=") + content


def _result(relation: duckdb.DuckDBPyRelation, request: Request) -> bytes:
    columns = [
        {"name": name, "type": str(kind)} for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    rows, is_truncated = _rows(relation.limit(request.limit + 1), request)
    head = orjson.dumps({"columns": columns, "truncated": is_truncated})
    return head[:-1] + b',"rows":[' + b",".join(rows) + b"]}"


def _rows(relation: duckdb.DuckDBPyRelation, request: Request) -> tuple[list[bytes], bool]:
    rows: list[bytes] = []
    bytes_left = request.largest_bytes
    while chunk := relation.fetchmany(_CHUNK_ROWS):
        for row in chunk:
            encoded = orjson.dumps([_plain(value) for value in row], _as_text, _OPTIONS)
            bytes_left -= len(encoded)
            if len(rows) == request.limit or bytes_left < 0:
                return rows, True
            rows.append(encoded)
    return rows, False


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


def _plain(value: Any) -> Any:
    """JSON numbers end at 64 bits; larger ones become text instead of losing digits."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _as_text(value: Any) -> str | float:
    if isinstance(value, Decimal):
        return float(value)
    return value.hex() if isinstance(value, bytes | bytearray) else str(value)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))

"""What a query may say. DuckDB's own parser reads it; a walk over the tree refuses what is not on a list.

The connection it later runs on is locked as well: this is the first wall, that one the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import duckdb

LONGEST_QUERY = 20_000
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
# Functions about the server, the session or the catalog, that sleep, that read statistics of whole tables
# (the views of a school would leak them), that run SQL given as text, or that need trusted bytes.
_REFUSED = frozenset(
    {
        "col_description",
        "combine",
        "currval",
        "finalize",
        "format_pg_type",
        "format_type",
        "get_block_size",
        "getvariable",
        "has_any_column_privilege",
        "in_search_path",
        "json_deserialize_sql",
        "json_serialize_plan",
        "json_serialize_sql",
        "map_to_pg_oid",
        "nextval",
        "obj_description",
        "parse_duckdb_log_message",
        "session_user",
        "setseed",
        "shobj_description",
        "sleep_ms",
        "stats",
        "txid_current",
        "user",
        "variant_bytes_to_variant",
        "vector_type",
        "version",
        "write_log",
    }
)
_REFUSED_PREFIXES = ("pg_", "has_", "inet_", "current_", "duckdb_", "pragma_", "__internal", "st_", "icu_")
_ALLOWED_ANYWAY = frozenset({"current_date", "current_localtime", "current_localtimestamp"})
_CALLABLE = (
    "SELECT DISTINCT function_name FROM duckdb_functions()"
    " WHERE function_type IN ('scalar', 'aggregate', 'macro')"
)
_SYSTEM_VIEWS = "SELECT DISTINCT view_name FROM duckdb_views() WHERE internal"
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class RefusedError(Exception):
    """The query says what it may not; the message names it."""


def check(connection: duckdb.DuckDBPyConnection, query: str, tables: Collection[str]) -> set[str]:
    """The tables of `tables` that a query reads. Raises RefusedError unless it is one harmless SELECT."""
    _check_one_select(connection, query)
    nodes = list(_nodes(_tree(connection, query)))
    defined = _defined_names(nodes, _names(_SYSTEM_VIEWS))
    callable_names = _names(_CALLABLE)
    used = set()
    for node in nodes:
        _check_function(node, callable_names)
        used |= _check_table(node, tables, defined)
    return used - defined


def _check_one_select(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise RefusedError(f"The query is longer than {LONGEST_QUERY} characters.")
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise RefusedError("One SELECT is allowed, and nothing else.")


def _tree(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise RefusedError("The query is no plain SELECT.")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree. A stack instead of recursion: the depth is the caller's choice."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _defined_names(nodes: list[dict[str, Any]], system_views: frozenset[str]) -> set[str]:
    """Names of WITH. One that is also a system view could stand for that view outside its WITH."""
    names = set()
    for node in nodes:
        names |= {entry["key"].lower() for entry in (node.get("cte_map") or {}).get("map", [])}
    if any(name in system_views or not _PLAIN_NAME.fullmatch(name) for name in names):
        raise RefusedError("A name after WITH is not allowed.")
    return names


def _check_function(node: dict[str, Any], callable_names: frozenset[str]) -> None:
    name = str(node.get("function_name", "")).lower()
    if not name or node.get("type") == "TABLE_FUNCTION":
        return
    # The parser itself qualifies what it makes of syntax, such as MAP {...}.
    if node.get("catalog") or node.get("schema") not in ("", "main", None):
        raise RefusedError("Functions are called without a schema.")
    if name not in callable_names | TABLE_FUNCTIONS or _is_refused(name):
        raise RefusedError("The query calls a function that is not allowed.")


def _is_refused(name: str) -> bool:
    return name not in _ALLOWED_ANYWAY and (name in _REFUSED or name.startswith(_REFUSED_PREFIXES))


def _check_table(node: dict[str, Any], tables: Collection[str], defined: set[str]) -> set[str]:
    kind = node.get("type")
    if kind == "SHOW_REF" or kind == "VALUE_PARAMETER":
        raise RefusedError("SHOW, DESCRIBE, SUMMARIZE and parameters are not allowed.")
    if kind == "TABLE_FUNCTION" and node["function"].get("function_name", "").lower() not in TABLE_FUNCTIONS:
        raise RefusedError("The query calls a table function that is not allowed.")
    if kind != "BASE_TABLE":
        return set()
    name = node["table_name"].lower()
    if node["schema_name"] or node["catalog_name"] or name not in {*tables, *defined}:
        raise RefusedError(
            "The query names a table that is no mart of yours; marts are named without a schema."
        )
    return {name}


@cache
def _names(sql: str) -> frozenset[str]:
    """Names that DuckDB itself brings along: the same for every query of a process."""
    with duckdb.connect() as connection:
        return frozenset(name.lower() for (name,) in connection.execute(sql).fetchall())

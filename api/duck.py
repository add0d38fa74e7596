"""DuckDB connections that read published files and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb


def connect(memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """An empty in-memory DuckDB in UTC that never reaches for extensions or Python objects by itself."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": "",
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach a database file read-only under a name of our own."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """No file, network or configuration can be reached from now on."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")

"""The one published file that names people. Deleting a key there cuts every link to the marts."""

from __future__ import annotations

import secrets
from pathlib import Path

import duckdb

from pipeline.copying import MARTS, attached
from pipeline.files import PRIVATE

# The pseudonym numbers people in an order that only this snapshot's random salt gives: nobody can be followed
# from one snapshot to the next by it.
_USERS = """
CREATE TABLE snapshot.main.users AS
SELECT
    dim_user.user_key,
    users.id AS user_id,
    users.username,
    users.email,
    users.first_name,
    users.last_name,
    users.role,
    dim_user.school_key,
    users.is_active,
    users.last_login,
    users.created_at,
    dim_user.is_below_consent_age,
    printf('Learner %05d', row_number() OVER (ORDER BY sha256(? || dim_user.user_key::VARCHAR))) AS pseudonym
FROM {dim_user} AS dim_user
INNER JOIN raw.users AS users ON users.user_key = dim_user.user_key
ORDER BY dim_user.user_key
"""

# People are looked up by key or id, few at a time from all over: with an index in 1 ms among half a million,
# without in 20. Marts are read in stretches; theirs is their order.
_INDEXES = (
    "CREATE UNIQUE INDEX users_by_key ON snapshot.main.users (user_key)",
    "CREATE UNIQUE INDEX users_by_id ON snapshot.main.users (user_id)",
)


def write_identity(connection: duckdb.DuckDBPyConnection, target: Path, source: str = MARTS) -> int:
    """Write one row per person of dim_user, readable by the owner of the process only; return the rows."""
    with attached(connection, target):
        row = connection.execute(
            _USERS.format(dim_user=source.format("dim_user")), [secrets.token_hex(16)]
        ).fetchone()
        for index in _INDEXES:
            connection.execute(index)
    target.chmod(PRIVATE)
    return int(row[0]) if row else 0

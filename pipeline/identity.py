"""The one published file that names people. Deleting a key there cuts every link to the marts."""

from __future__ import annotations

import secrets
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.warehouse import registered, transaction
from pipeline.copying import MARTS, attached
from pipeline.files import PRIVATE

_PEOPLE = "SELECT user_key, school_key, is_below_consent_age FROM {}"

# The pseudonym numbers people in an order that only this snapshot's random salt gives: nobody can be followed
# from one snapshot to the next by it.
_USERS = """
CREATE TABLE identity.main.users AS
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
FROM identity_people AS dim_user
INNER JOIN warehouse.raw.users AS users ON users.user_key = dim_user.user_key
ORDER BY dim_user.user_key
"""

# People are looked up by key or id, few at a time from all over: with an index in 1 ms among half a million,
# without in 20. Marts are read in stretches; theirs is their order.
_INDEXES = (
    "CREATE UNIQUE INDEX users_by_key ON identity.main.users (user_key)",
    "CREATE UNIQUE INDEX users_by_id ON identity.main.users (user_id)",
)


def people_of(connection: duckdb.DuckDBPyConnection, source: str = MARTS) -> pa.Table:
    """What `write_identity` takes from the mart of people; `source` names the relations of the marts."""
    return connection.execute(_PEOPLE.format(source.format("dim_user"))).to_arrow_table()


def write_identity(connection: duckdb.DuckDBPyConnection, target: Path, people: pa.Table) -> None:
    """Write one row per person, readable by the owner of the process only.

    The connection is any cursor of the database that the warehouse is in.
    """
    with attached(connection, target, "identity"), transaction(connection):
        with registered(connection, "identity_people", people):
            connection.execute(_USERS, [secrets.token_hex(16)])
        for index in _INDEXES:
            connection.execute(index)
    target.chmod(PRIVATE)

"""Hand raw over to Spark before a build."""

from __future__ import annotations

from pipeline.lake.landing import land
from pipeline.lake.sweep import clear_leftovers
from pipeline.lake.tables import landed_tables, register, session
from pipeline.warehouse import Warehouse


def hand_over(warehouse: Warehouse) -> None:
    """Land what changed of the tables that models read, and make Spark see it."""
    assert warehouse.place is not None  # noqa: S101
    clear_leftovers(warehouse.context, warehouse.place)
    landed = land(warehouse.connection, warehouse.place, landed_tables(warehouse.context))
    register(session(warehouse.context), warehouse.place, landed)

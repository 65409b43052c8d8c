"""Synthetic shops as tests read them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from demo_shop.shop import make_shop

# The shop's day in UTC instants: China has had one zone and no summer time since 1991.
LOCAL_DATE = "cast({} + interval 8 hours as date)"


def made_shop(folder: Path, **arguments: int) -> duckdb.DuckDBPyConnection:
    """Make a shop; return a connection with a view per file, and the truth."""
    make_shop(folder, folder.parent / "made.duckdb", **arguments)
    connection = duckdb.connect(str(folder.parent / "made.duckdb"))
    for file in folder.glob("*.parquet"):
        connection.read_parquet(str(file)).create_view(file.stem)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    """What a query returns."""
    return connection.execute(query).fetchall()

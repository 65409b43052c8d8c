"""Finds users in the PostgreSQL database that a shop is published to."""

from __future__ import annotations

import psycopg
from psycopg import sql

from operations.publish.postgres.copying import connect


def rows_in_postgres(url: str, source: str, users: list[str]) -> dict[str, int]:
    """Count the rows of users in what was published of a shop, by table.

    Parameters
    ----------
    url : str
        Of a database that may be another shop's: then there are none.
    source : str
        What the publication calls the shop.
    users : list of str
        Pseudonyms.
    """
    with connect(url) as server:
        counts = {place: _count(server, place, users) for place in _places(server, source)}
    return {place: count for place, count in counts.items() if count}


def _places(server: psycopg.Connection, source: str) -> list[str]:
    if server.execute("select to_regclass('publication.published_tables')").fetchone() == (None,):
        return []
    return [
        place
        for (place,) in server.execute(
            "select published.table_name from publication.published_tables as published"
            " join information_schema.columns on published.table_name"
            " = concat(columns.table_schema, '.', columns.table_name)"
            " where columns.column_name = 'user_id' and published.source = %s",
            [source],
        )
    ]


def _count(server: psycopg.Connection, place: str, users: list[str]) -> int:
    counting = sql.SQL("select count(*) from {} where user_id = any(%s)")
    table = sql.Identifier(*place.split(".", 1))
    [count] = server.execute(counting.format(table), [users]).fetchone()
    return count

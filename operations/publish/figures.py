"""Which figures over users a publication shows: those of now, or still those of before.

Whoever subtracts the figures of one publication from those of the next learns what the
users did who changed in between. Where these are fewer than a published cell may have,
figures over users stay as they were; they change together, once enough users have. Each
version holds a file of the users whom its figures are of, to count who has changed since,
however many publications ago that was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from operations.files import sql_pattern
from operations.places import PROJECT
from operations.publish.marts import Mart, literal, quoted

LEAST_USERS = PROJECT["vars"]["minimum_cell_users"]
# Erasure takes users out of it as out of any Parquet file.
COUNTED = "counted_users.parquet"


def note_users(connection: duckdb.DuckDBPyConnection, marts: list[Mart]) -> None:
    """Make the temporary table `counted`: who there is, and a hash of what they did."""
    rows = [
        # what is filled in for one user depends on others
        f"select user_id, hash({literal(mart.place)},"
        f" {'user_id' if mart.place == 'core.users' else quoted(mart.columns)}) as row_hash from public.{mart.in_sql}"
        for mart in marts
        if mart.schema == "core" and "user_id" in mart.columns
    ]
    everything = " union all ".join(rows or ["select null::text as user_id, 0::ubigint as row_hash where false"])
    connection.execute(
        "create temp table counted as select user_id, sum(row_hash)::text as signature,"
        f" count(*) over () as user_count from ({everything}) group by user_id"
    )


def changed_users(connection: duckdb.DuckDBPyConnection, former: Path) -> int:
    """Count the users who differ from those of the figures of a former version, the erased too."""
    [count] = connection.execute(
        f"""
        with former as (select * from read_parquet({sql_pattern(former / COUNTED)})),
        differing as (
            select 1 from counted
            full join former on counted.user_id is not distinct from former.user_id
            where counted.signature is distinct from former.signature
        )
        select (select count(*) from differing)
            + (select coalesce(max(user_count) - count(*), 0) from former)
        """
    ).fetchone()
    return count


def keep_figures(connection: duckdb.DuckDBPyConnection, marts: list[Mart], former: Path, writing: Path) -> list[Mart]:
    """Return the tables of figures that stay as in a former version, which is attached as `former`.

    The file of the users whom the figures of the version that is written are of goes into
    its folder.
    """
    note_users(connection, marts)
    columns = dict(
        connection.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index)"
            " from duckdb_columns() where database_name = 'former' group by 1"
        ).fetchall()
    )
    staying = [mart for mart in marts if mart.is_aggregate and columns.get(mart.place) == list(mart.columns)]
    if staying and (former / COUNTED).exists() and 0 < changed_users(connection, former) < LEAST_USERS:
        shutil.copyfile(former / COUNTED, writing / COUNTED)
        return staying
    connection.table("counted").write_parquet(str(writing / COUNTED), compression="zstd")
    return []

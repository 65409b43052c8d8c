"""Tables of users, divided by region: a view over a table of all rows and one per region.

A filter would tell how many rows it keeps back: `explain analyze` counts them, and the
planner estimates them. So what somebody sees lies in tables of its own, and PostgreSQL
leaves the others out before it plans; access.sql says how.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import psycopg
from psycopg import sql

from operations.publish.postgres.tables import NEW, Role, Table

SCHEMA = "by_region"
ABOUT = "The rows of published tables, a table per region; read the views of core and others."
# The table of all rows, those of users whom core.users does not know too.
ALL_ROWS = 0
# Columns that count the rows of other tables.
COUNTS = {"publication.published_tables": "row_count"}


@dataclass(frozen=True)
class Part:
    """All rows of a table, or those of one region."""

    table: Table
    region_number: int

    @property
    def name(self) -> str:
        """Return the name of its table in schema by_region."""
        return f"{self.table.place} {self.region_number}"

    @property
    def index(self) -> str:
        """Return the name of the index on user_id, where there is one."""
        return f"{self.name} user_id"

    @property
    def new(self) -> sql.Identifier:
        """Return where it is loaded."""
        return sql.Identifier(SCHEMA + NEW, self.name)


def is_divided(table: Table, roles: list[Role]) -> bool:
    """Tell whether a role of regions reads a table, so that its rows must lie apart."""
    return (table.is_about_users or table.place in COUNTS) and any(
        role.may_read(table) and not role.sees_all_users for role in roles
    )


def prepare(server: psycopg.Connection) -> None:
    """Make the schema of the parts to come, which nobody but the owner uses."""
    new = sql.Identifier(SCHEMA + NEW)
    server.execute(
        sql.SQL("drop schema if exists {new} cascade; create schema {new}; comment on schema {new} is {about}").format(
            new=new, about=ABOUT
        )
    )


def take_name(server: psycopg.Connection) -> None:
    """Put the new parts in the place of the old, which were dropped before."""
    server.execute(
        sql.SQL("drop schema if exists {old}; alter schema {new} rename to {old}").format(
            old=sql.Identifier(SCHEMA), new=sql.Identifier(SCHEMA + NEW)
        )
    )


def number_regions(server: psycopg.Connection, published: duckdb.DuckDBPyConnection) -> list[int]:
    """Give each region the number that it had before, and each user that of the region.

    Returns
    -------
    list of int
        Numbers of this publication's regions. The file's connection gets a temporary
        table user_regions.
    """
    numbers = dict(server.execute("select region, region_number from access.regions").fetchall())
    # rows of no user go with the users of no region
    regions = [None] + [
        region
        for (region,) in published.execute(
            "select distinct region::varchar from core.users where region is not null order by 1"
        ).fetchall()
    ]
    for region in regions:
        if region not in numbers:
            numbers[region] = max(numbers.values(), default=ALL_ROWS) + 1
            server.execute("insert into access.regions values (%s, %s)", [numbers[region], region])
    published.execute("create or replace temp table region_numbers (region varchar, region_number integer)")
    published.executemany("insert into region_numbers values ($1, $2)", [(each, numbers[each]) for each in regions])
    published.execute(
        """
        create or replace temp table user_regions as
        select user_id, min(region_number) as region_number
        from core.users
        join region_numbers on users.region::varchar is not distinct from region_numbers.region
        group by user_id
        """
    )
    return [ALL_ROWS, *(numbers[region] for region in regions)]


def parts_of(table: Table, region_numbers: list[int]) -> list[Part]:
    """Return the tables that a divided one is made of."""
    return [Part(table, number) for number in ([ALL_ROWS] if table.place in COUNTS else region_numbers)]


def rows_of(table: Table) -> str:
    """Return the query of a divided table's rows in the file, with region_number; 0 is of none."""
    if table.place in COUNTS:
        return f'select *, {ALL_ROWS} as region_number from "{table.schema}"."{table.name}"'
    return f"""
        select rows.*, coalesce(
            user_regions.region_number,
            if(rows.user_id is null, (from region_numbers select region_number where region is null), {ALL_ROWS})
        ) as region_number
        from "{table.schema}"."{table.name}" as rows
        left join user_regions on rows.user_id = user_regions.user_id
    """


def create_view(server: psycopg.Connection, table: Table, parts: list[Part], roles: list[Role]) -> None:
    """Put the parts of a table together again, for each who asks those they see."""
    [owner] = server.execute("select current_user").fetchone()
    readers = [role for role in roles if role.may_read(table)]
    all_users = [owner, *(role.name for role in readers if role.sees_all_users)]
    own_regions = [role.name for role in readers if not role.sees_all_users]

    def seen(part: Part) -> sql.Composed:
        return sql.SQL("access.sees({}, {}::name[], {}::name[])").format(
            part.region_number, sql.Literal(all_users), sql.Literal(own_regions)
        )

    def select(part: Part) -> sql.Composed:
        columns = sql.SQL(", ").join(
            sql.SQL("case when {} then {} end as {}").format(seen(part), column, column)
            if name == COUNTS.get(table.place)
            else column
            for name, column in ((name, sql.Identifier(name)) for name in table.columns)
        )
        rows = sql.SQL("select {} from {}").format(columns, part.new)
        return rows if table.place in COUNTS else sql.SQL("{} where {}").format(rows, seen(part))

    for part in parts:
        # has PostgreSQL plan anew for each role: see access.sql
        server.execute(sql.SQL("alter table {} enable row level security").format(part.new))
    server.execute(
        sql.SQL("create view {} as {}").format(table.new, sql.SQL(" union all ").join(select(part) for part in parts))
    )

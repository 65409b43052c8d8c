"""The tables of the published file, as PostgreSQL will have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from psycopg import sql

from operations.publish.versions import NotPublishedError

NEW = "__new"
LONGEST_NAME = 63 - len(NEW) - len("_user_id")
# With its schema, the number of a region and what an index is of.
LONGEST_PLACE = 63 - len(" 99999 user_id")
# Schemas that no publish may write to.
CLOSED_SCHEMAS = ("access", "by_region", "vault")
TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "HUGEINT": "numeric(39, 0)",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "VARCHAR": "text",
}


@dataclass(frozen=True)
class Table:
    """A table of the published file.

    Parameters
    ----------
    schema, name : str
        Where it stands, in the file as in PostgreSQL.
    columns : dict of str to str
        Type in PostgreSQL of each column, in order.
    comments : dict of str to str
        What the file says of each column; of the table itself under "".
    """

    schema: str
    name: str
    columns: dict[str, str]
    comments: dict[str, str]

    @property
    def place(self) -> str:
        """Return schema and name as one text."""
        return f"{self.schema}.{self.name}"

    @property
    def new(self) -> sql.Identifier:
        """Return the name that it has until all are loaded."""
        return sql.Identifier(self.schema, self.name + NEW)

    @property
    def index(self) -> str:
        """Return the name of the index on user_id, where there is one."""
        return f"{self.name}_user_id"

    @property
    def is_about_users(self) -> bool:
        """Tell whether its rows belong to users."""
        return "user_id" in self.columns


@dataclass(frozen=True)
class Role:
    """A role of grants.yml."""

    name: str
    reads: tuple[str, ...]
    sees_all_users: bool

    @property
    def identifier(self) -> sql.Identifier:
        """Return the name, as SQL has it."""
        return sql.Identifier(self.name)

    def may_read(self, table: Table) -> bool:
        """Tell whether the role is granted a table or its schema."""
        by_schema = table.schema in self.reads and (self.sees_all_users or table.is_about_users)
        return by_schema or table.place in self.reads


def read_tables(published: duckdb.DuckDBPyConnection, file: Path) -> list[Table]:
    """List the tables of the published file; raise where one cannot be published."""
    tables: dict[str, Table] = {}
    for schema, name, about, column, duckdb_type, comment in published.execute(
        """
        select schema_name, table_name, coalesce(tables.comment, ''), column_name, data_type,
            coalesce(columns.comment, '')
        from duckdb_columns() as columns
        join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = current_database() and not columns.internal
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        table = tables.setdefault(f"{schema}.{name}", Table(schema, name, {}, {"": about}))
        table.comments[column] = comment
        decimal = re.fullmatch(r"DECIMAL(\(\d+,\d+\))", duckdb_type)
        kind = f"numeric{decimal[1]}" if decimal else TYPES.get(duckdb_type)
        if kind is None:
            raise NotPublishedError(
                f"column {column} of {table.place} has type {duckdb_type}, for which no type of PostgreSQL is set."
            )
        table.columns[column] = kind
    if "publication.published_tables" not in tables:
        raise NotPublishedError(f"{file} has no publication.published_tables, so `make publish` did not write it.")
    if "core.users" not in tables or "region" not in tables["core.users"].columns:
        raise NotPublishedError(f"{file} has no core.users.region, by which analysts' rows are selected.")
    for table in tables.values():
        if table.schema in CLOSED_SCHEMAS:
            raise NotPublishedError(f"{file} has {table.place}, and schema {table.schema} is not published.")
        if len(table.name.encode()) > LONGEST_NAME:
            raise NotPublishedError(f"the name of {table.place} is longer than {LONGEST_NAME} bytes.")
        if len(table.place.encode()) > LONGEST_PLACE:
            raise NotPublishedError(f"{table.place} is longer than {LONGEST_PLACE} bytes.")
    return list(tables.values())

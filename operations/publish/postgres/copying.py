"""Copy what was published into PostgreSQL, for readers with roles of their own.

One transaction does it all: each table is loaded as `<table>__new` and gets its rights,
then all take their names at once, so that no reader sees half a table or two
publications, and a failure at any point leaves what was there. Rows are loaded frozen,
so that transactions which began before see them too.
"""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from operations.publish.comments import PUBLICATION
from operations.publish.postgres import rights
from operations.publish.postgres.tables import NEW, NotPublishedError, Table, read_tables

# `nulls not distinct`, and a schema public that is closed to begin with.
LEAST_VERSION = 15
# The swap gives way and tries again, so that readers queue behind it for no longer, and
# well before the second after which the server looks for deadlocks and ends one side.
LOCK_TIMEOUT = "200ms"
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 120
# Any number, the same for all who publish into one database.
PUBLISH_LOCK = 20_261_125
CHUNK_BYTES = 1 << 20


def connect(url: str) -> psycopg.Connection:
    """Connect to the server; what goes wrong is said without the password."""
    user_part = re.match(r"\w+://(.*)@", url)
    if user_part and re.search(r"[@/?#]|:.*:", user_part[1]):
        # libpq would take a piece of the password for a host, and name it
        raise NotPublishedError(
            "the user or password in POSTGRES_URL has a character that must be "
            "written as a percent sign and its code; or set PGPASSWORD instead."
        )
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # its message repeats the text, with the password
        raise NotPublishedError("POSTGRES_URL is not a connection string of libpq.") from None
    try:
        server = psycopg.connect(url, application_name="publish_postgres")
    except psycopg.OperationalError as error:
        first_line = str(error).split("\n")[0].removeprefix("connection is bad: ")
        cause = " ".join(first_line.split())
        raise NotPublishedError(f"{cause.removesuffix('.')}.") from None
    version = server.info.server_version // 10_000
    if version < LEAST_VERSION:
        server.close()
        raise NotPublishedError(f"the server is PostgreSQL {version}, {LEAST_VERSION} or newer is needed.")
    return server


def replaced_places(server: psycopg.Connection, tables: list[Table]) -> list[str]:
    """List what the last publish left, all of which goes; nothing else may be there."""
    ours = set()
    if server.execute("select 1 where to_regclass('publication.published_tables') is not null").fetchone():
        ours = {
            *(f"publication.{name}" for name in PUBLICATION),
            *(row[0] for row in server.execute("select table_name from publication.published_tables")),
        }
    existing = {
        row[0]
        for row in server.execute(
            "select concat(nspname, '.', relname) from pg_class"
            " join pg_namespace on pg_namespace.oid = relnamespace"
            " where concat(nspname, '.', relname) = any(%s)",
            [[*ours, *(table.place for table in tables)]],
        )
    }
    if strangers := sorted(existing - ours):
        raise NotPublishedError(
            f"the database already has {strangers[0]}, which no publish created; use "
            "a separate database for publications."
        )
    return sorted(existing)


def load(server: psycopg.Connection, published: duckdb.DuckDBPyConnection, table: Table, file: Path) -> int:
    """Load a table under its new name, by way of a CSV file; return its row count."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in table.columns.items()
    )
    server.execute(sql.SQL("drop table if exists {}").format(table.new))
    server.execute(sql.SQL("create table {} ({})").format(table.new, columns))
    # text is quoted, so that an empty one is not read as null
    texts = ", ".join(f'"{column}"' for column, kind in table.columns.items() if kind == "text")
    quoting = f", force_quote ({texts})" if texts else ""
    [count] = published.execute(
        f'copy "{table.schema}"."{table.name}" to \'{file}\' (format csv, header false{quoting})'
    ).fetchone()
    cursor = server.cursor()
    copying = sql.SQL("copy {} from stdin (format csv, freeze)").format(table.new)
    with file.open("rb") as text, cursor.copy(copying) as copy:
        while chunk := text.read(CHUNK_BYTES):
            copy.write(chunk)
    if cursor.rowcount != count:
        raise NotPublishedError(f"of the {count} rows of {table.place}, {cursor.rowcount} arrived.")
    if table.is_about_users:
        server.execute(
            sql.SQL("create index {} on {} (user_id)").format(sql.Identifier(f"{table.name}_user_id{NEW}"), table.new)
        )
    server.execute(sql.SQL("analyze {}").format(table.new))
    return count


def describe(server: psycopg.Connection, table: Table) -> None:
    """Comment a table and its columns as the published file does."""
    statements = [sql.SQL("comment on table {} is {}").format(table.new, table.comments[""])]
    statements += [
        sql.SQL("comment on column {} is {}").format(
            sql.Identifier(table.schema, table.name + NEW, column), table.comments[column]
        )
        for column in table.columns
    ]
    server.execute(sql.SQL("; ").join(statements))


def swap(server: psycopg.Connection, old_places: list[str], tables: list[Table]) -> None:
    """Drop the old tables and give the new ones their names, all at once."""
    old = sql.SQL(", ").join(sql.Identifier(*place.split(".", 1)) for place in old_places)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with server.transaction():
                server.execute(f"set local statement_timeout = '{LOCK_TIMEOUT}'")
                if old_places:
                    server.execute(sql.SQL("lock table {}").format(old))
                    server.execute("set local statement_timeout = 0")
                    server.execute(sql.SQL("drop table {}").format(old))
                for table in tables:
                    _take_name(server, table)
            return
        except (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
            if time.monotonic() > deadline:
                raise NotPublishedError(
                    f"for {PATIENCE_SECONDS} s readers held the tables to be replaced; pg_stat_activity lists them."
                ) from None
            time.sleep(PAUSE_SECONDS)


def _take_name(server: psycopg.Connection, table: Table) -> None:
    server.execute(sql.SQL("alter table {} rename to {}").format(table.new, sql.Identifier(table.name)))
    if table.is_about_users:
        index = f"{table.name}_user_id"
        server.execute(
            sql.SQL("alter index {} rename to {}").format(
                sql.Identifier(table.schema, index + NEW), sql.Identifier(index)
            )
        )


def publish(file: Path, url: str) -> str:
    """Copy the tables of the published file; return what was done."""
    if not file.exists():
        raise NotPublishedError(f"no {file}. Run make publish first.")
    started = time.monotonic()
    roles = rights.read_roles()
    with (
        duckdb.connect(str(file), read_only=True, config={"threads": 2}) as published,
        connect(url) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        if not server.execute("select 1 where pg_try_advisory_xact_lock(%s)", [PUBLISH_LOCK]).fetchone():
            raise NotPublishedError("another process publishes into this database.")
        tables = read_tables(published, file)
        old_places = replaced_places(server, tables)
        rights.prepare(server, roles)
        for schema in sorted({table.schema for table in tables}):
            rights.open_schema(server, schema, tables, roles)
        rows = sum(load(server, published, table, Path(folder) / "rows.csv") for table in tables)
        # a policy names core.users, so all tables come first
        for table in tables:
            rights.grant(server, table, roles)
            describe(server, table)
        swap(server, old_places, tables)
        database = server.info.dbname
        note = rights.what_is_open(server)
    return (
        f"Published {len(tables)} tables, {rows:,} rows, into PostgreSQL database "
        f"{database} in {time.monotonic() - started:.0f} s.{note}"
    )

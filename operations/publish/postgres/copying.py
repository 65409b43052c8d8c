"""Copy what was published into PostgreSQL, for readers with roles of their own.

One transaction does it all: each table is loaded as `<table>__new` and gets its rights,
then all take their names at once, so that no reader sees half a table or two
publications, and a failure at any point leaves what was there. Rows are loaded frozen,
so that transactions which began before see them too.

No table is analysed, by us or by the server: pg_class shows every login how many rows an
analysed table has, as it does for one that gets an index when it is full.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from operations import postgres_server
from operations.files import sql_text
from operations.publish.comments import PUBLICATION
from operations.publish.postgres import parts, rights
from operations.publish.postgres.tables import NEW, NotPublishedError, Table, read_tables
from operations.publish.versions import locked

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
    try:
        server = postgres_server.connect(url, "POSTGRES_URL", "publish_postgres")
    except postgres_server.NotConnectedError as error:
        raise NotPublishedError(str(error)) from None
    version = server.info.server_version // 10_000
    if version < LEAST_VERSION:
        server.close()
        raise NotPublishedError(f"the server is PostgreSQL {version}, {LEAST_VERSION} or newer is needed.")
    return server


def replaced_places(server: psycopg.Connection, tables: list[Table]) -> dict[str, list[sql.Identifier]]:
    """List what the last publish left, all of which goes; nothing else may be there.

    Returns
    -------
    dict of str to list of sql.Identifier
        By kind, table or view, in the order to drop them in.
    """
    ours = set()
    if server.execute("select 1 where to_regclass('publication.published_tables') is not null").fetchone():
        ours = {
            *(f"publication.{name}" for name in PUBLICATION),
            *(row[0] for row in server.execute("select table_name from publication.published_tables")),
        }
    [about] = server.execute("select obj_description(to_regnamespace(%s))", [parts.SCHEMA]).fetchone()
    existing = server.execute(
        "select relkind, nspname, relname from pg_class"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where concat(nspname, '.', relname) = any(%s) or nspname = %s and relkind = 'r'"
        " order by relkind = 'r', nspname, relname",
        [[*ours, *(table.place for table in tables)], parts.SCHEMA],
    ).fetchall()
    for _, schema, name in existing:
        if about != parts.ABOUT if schema == parts.SCHEMA else f"{schema}.{name}" not in ours:
            raise NotPublishedError(
                f"the database already has {schema}.{name}, which no publish created; use "
                "a separate database for publications."
            )
    return {
        kind: [sql.Identifier(schema, name) for relkind, schema, name in existing if relkind == letter]
        for kind, letter in (("view", "v"), ("table", "r"))
    }


def refuse_older(server: psycopg.Connection, published: duckdb.DuckDBPyConnection) -> None:
    """Raise where a later publication of the same series is there already."""
    numbered = "series_id, sequence_number from publication.published_tables limit 1"
    try:
        [series_id, number] = published.execute(f"select {numbered}").fetchone()
        there = (
            server.execute(
                "select 1 from information_schema.columns where table_schema = 'publication'"
                " and table_name = 'published_tables' and column_name = 'series_id'"
            ).fetchone()
            and server.execute(f"select {numbered}").fetchone()
        )
    except duckdb.BinderException:
        # an earlier release numbered nothing
        return
    if there and there[0] == series_id and there[1] > number:
        raise NotPublishedError(
            f"the database holds publication {there[1]}, the file is {number}, an older one. Run make publish first."
        )


def drop_leftovers(server: psycopg.Connection, tables: list[Table]) -> None:
    """Drop what somebody left under the names that tables have until all are loaded."""
    for table in tables:
        for kind in ("view", "table"):
            if server.execute(
                "select 1 from pg_class where oid = to_regclass(%s) and relkind = %s",
                [table.new.as_string(server), kind[0].replace("t", "r")],
            ).fetchone():
                server.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), table.new))


def load(
    server: psycopg.Connection, published: duckdb.DuckDBPyConnection, table: Table, folder: Path, numbers: list[int]
) -> int:
    """Load a table under its new name, by way of CSV files; return its row count.

    Parameters
    ----------
    numbers : list of int
        Of regions, where the table is divided by them; else none.
    """
    # text is quoted, so that an empty one is not read as null
    texts = ", ".join(f'"{column}"' for column, kind in table.columns.items() if kind == "text")
    quoting = f", force_quote ({texts})" if texts else ""
    rows = f"({parts.rows_of(table)})" if numbers else f'"{table.schema}"."{table.name}"'
    target, splitting = (folder / "parts", ", partition_by (region_number)") if numbers else (folder / "rows.csv", "")
    [count] = published.execute(
        f"copy {rows} to {sql_text(target)} (format csv, header false{quoting}{splitting})"
    ).fetchone()
    if numbers:
        found = {}
        for part in parts.parts_of(table, numbers):
            folders = "*" if part.region_number == parts.ALL_ROWS else f"region_number={part.region_number}"
            files = sorted(target.glob(f"{folders}/*"))
            found[part.region_number] = load_rows(server, table, part.new, part.index, files)
        arrived = found[parts.ALL_ROWS]
        shutil.rmtree(target, ignore_errors=True)
    else:
        arrived = load_rows(server, table, table.new, table.index + NEW, [target])
    if arrived != count:
        raise NotPublishedError(f"of the {count} rows of {table.place}, {arrived} arrived.")
    return count


def load_rows(server: psycopg.Connection, table: Table, place: sql.Identifier, index: str, files: list[Path]) -> int:
    """Create a table, or one of a region, and load files into it; return how many rows that were."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in table.columns.items()
    )
    server.execute(
        sql.SQL("create table {} ({}) with (autovacuum_enabled = false, toast.autovacuum_enabled = false)").format(
            place, columns
        )
    )
    if table.is_about_users:
        server.execute(sql.SQL("create index {} on {} (user_id)").format(sql.Identifier(index), place))
    arrived = 0
    cursor = server.cursor()
    copying = sql.SQL("copy {} from stdin (format csv, freeze)").format(place)
    for file in files:
        with file.open("rb") as text, cursor.copy(copying) as copy:
            while chunk := text.read(CHUNK_BYTES):
                copy.write(chunk)
        arrived += cursor.rowcount
    return arrived


def describe(server: psycopg.Connection, table: Table, kind: str) -> None:
    """Comment a table or view, and its columns, as the published file does."""
    statements = [sql.SQL("comment on {} {} is {}").format(sql.SQL(kind), table.new, table.comments[""])]
    statements += [
        sql.SQL("comment on column {} is {}").format(
            sql.Identifier(table.schema, table.name + NEW, column), table.comments[column]
        )
        for column in table.columns
    ]
    server.execute(sql.SQL("; ").join(statements))


def swap(server: psycopg.Connection, old: dict[str, list[sql.Identifier]], tables: list[Table]) -> None:
    """Drop the old tables and give the new ones their names, all at once."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with server.transaction():
                server.execute(f"set local statement_timeout = '{LOCK_TIMEOUT}'")
                # views first: a lock of one is a lock of the tables under it
                for places in old.values():
                    if places:
                        server.execute(sql.SQL("lock table {}").format(sql.SQL(", ").join(places)))
                server.execute("set local statement_timeout = 0")
                for kind, places in old.items():
                    if places:
                        server.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), sql.SQL(", ").join(places)))
                parts.take_name(server)
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
    # a view has none
    server.execute(
        sql.SQL("alter index if exists {} rename to {}").format(
            sql.Identifier(table.schema, table.index + NEW), sql.Identifier(table.index)
        )
    )


def publish(file: Path, url: str) -> str:
    """Copy the tables of the published file; return what was done."""
    if not file.exists():
        raise NotPublishedError(f"no {file}. Run make publish first.")
    started = time.monotonic()
    roles = rights.read_roles()
    with (
        # a publish sweeps what lies here
        locked(file.parent),
        duckdb.connect(str(file), read_only=True, config={"threads": 2}) as published,
        connect(url) as server,
        # where erasure and the next publish find it, should this one be killed
        tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.stem}.") as folder,
    ):
        if not server.execute("select 1 where pg_try_advisory_xact_lock(%s)", [PUBLISH_LOCK]).fetchone():
            raise NotPublishedError("another process publishes into this database.")
        rights.refuse_powerful(server, roles)
        note = rights.close_doors(server, roles)
        tables = read_tables(published, file)
        old = replaced_places(server, tables)
        refuse_older(server, published)
        rights.prepare(server, roles)
        drop_leftovers(server, tables)
        parts.prepare(server)
        numbers = parts.number_regions(server, published)
        for schema in sorted({table.schema for table in tables}):
            rights.open_schema(server, schema, tables, roles)
        rows = 0
        for table in tables:
            is_divided = parts.is_divided(table, roles)
            rows += load(server, published, table, Path(folder), numbers if is_divided else [])
            if is_divided:
                parts.create_view(server, table, parts.parts_of(table, numbers), roles)
            rights.grant(server, table, roles, is_divided=is_divided)
            describe(server, table, "view" if is_divided else "table")
        swap(server, old, tables)
        database = server.info.dbname
    return (
        f"Published {len(tables)} tables, {rows:,} rows, into PostgreSQL database "
        f"{database} in {time.monotonic() - started:.0f} s.{note}"
    )

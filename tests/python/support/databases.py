"""Databases of PostgreSQL that tests publish into."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg

from operations.publish.postgres import copying

PASSWORD = "known to the tests: /?@#"
LOGINS = {"max": "marketer", "anna": "analyst", "noor": "analyst", "nobody_yet": "analyst", "otto": "auditor"}
# What a view is asked for in vain, before any right is looked at.
NO_VIEW_DOES = (psycopg.errors.WrongObjectType, psycopg.errors.ObjectNotInPrerequisiteState)


class Database:
    """A database made as docs/bi-tools.md says, and its logins."""

    def __init__(self, server: dict[str, str], name: str):
        self.server = server
        self.name = name

    def connect(self, user: str, **options: object) -> psycopg.Connection:
        """Log in; the superuser is postgres."""
        password = self.server["PGPASSWORD"] if user == "postgres" else PASSWORD
        return psycopg.connect(
            host=self.server["PGHOST"],
            port=self.server["PGPORT"],
            user=user,
            password=password,
            dbname=self.name,
            **options,
        )

    def rows(self, user: str, query: str) -> list[tuple]:
        """Return what a login gets to see."""
        with self.connect(user) as connection:
            return connection.execute(query).fetchall()

    def change(self, *statements: str, user: str = "postgres") -> None:
        """Run statements."""
        with self.connect(user, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def url(self) -> str:
        """Return how the publisher connects, the password aside."""
        return f"postgresql://publisher@/{self.name}?host={self.server['PGHOST']}&port={self.server['PGPORT']}"

    def publish(self, file: Path) -> str:
        """Publish a file, in this process: twenty interpreters would take long."""
        return copying.publish(file, self.url)


def list_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Write publication.published_tables, as a publish does."""
    places = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    connection.execute("create schema if not exists publication")
    connection.execute(
        "create or replace table publication.published_tables"
        " (published_at timestamp, table_name text, row_count bigint)"
    )
    for (place,) in places:
        connection.execute(
            f"insert into publication.published_tables select '2026-11-25', '{place}', count(*) from {place}"
        )


def add_logins(database: Database) -> None:
    """Make a login or more of each role; analysts get their regions."""
    known = database.rows("postgres", "select rolname from pg_roles")
    for login, role in LOGINS.items():
        if (login,) not in known:
            database.change(f"create role {login} login password '{PASSWORD}' in role {role}")
    database.change("insert into access.analyst_regions values ('anna', 'north'), ('noor', null)", user="publisher")


def refused(database: Database, login: str, statement: str) -> str | None:
    """Return None when a statement is refused for want of a right, else what came."""
    try:
        with database.connect(login, autocommit=True) as connection:
            connection.execute(statement)
    except (psycopg.errors.InsufficientPrivilege, *NO_VIEW_DOES):
        return None
    except psycopg.Error as error:
        return f"{login}: {statement}: {error}"
    return f"{login}: {statement}: done"

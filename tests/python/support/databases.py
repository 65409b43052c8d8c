"""Databases of PostgreSQL that tests publish into."""

from __future__ import annotations

from pathlib import Path

import psycopg

from operations.publish.postgres import copying

PASSWORD = "known to the tests: /?@#"


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

"""Attaches the vault: an encrypted DuckDB file beside the database, named `vault`.

A dbt-duckdb plugin, because an `attach:` of profiles.yml would put the key into the
profile that dbt reads, and DuckDB's error about a wrong key into a stack trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from encryption import SPILLS_ENCRYPTED, load_cipher
from keys import read_key

if TYPE_CHECKING:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials


def vault_of(warehouse: str | Path) -> Path:
    """Return the vault's file beside a database."""
    return Path(warehouse).with_suffix(".vault.duckdb")


def attach_encrypted(
    connection: duckdb.DuckDBPyConnection, file: Path, name: str, key: str
) -> None:
    """Attach an encrypted file, made when missing."""
    load_cipher(connection)
    place, secret = (str(text).replace("'", "''") for text in (file, key))
    connection.execute(
        f"attach '{place}' as {name} (encryption_key '{secret}', "
        "encryption_cipher 'GCM')"
    )


class Plugin(BasePlugin):
    """Attaches the vault to the one database that dbt opens."""

    def update_connection_config(
        self, creds: DuckDBCredentials, config: dict[str, Any]
    ) -> None:
        """Open it once; raise what dbt prints as one sentence when that fails.

        Closing moves what a killed command has left in its log into the file.
        """
        self.key, place = read_key("vault", "the vault")
        self.file = vault_of(creds.path)
        config.update(SPILLS_ENCRYPTED)
        with duckdb.connect() as connection:
            try:
                attach_encrypted(connection, self.file, "vault", self.key)
            except duckdb.Error as error:
                cause = str(error).splitlines()[0].split(" See also ")[0]
                if "Wrong encryption key" in cause:
                    cause = f"{place} holds another key than it was written with."
                raise DbtRuntimeError(
                    f"Nothing was built: cannot open the vault {self.file}. {cause}"
                ) from None

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the vault."""
        attach_encrypted(conn, self.file, "vault", self.key)

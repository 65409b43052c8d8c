"""Opens the vault: an encrypted DuckDB file beside the database, named `vault`."""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.files import sql_text
from operations.privacy.encryption import load_cipher
from operations.privacy.keys import read_key


def vault_of(warehouse: str | Path) -> Path:
    """Return the vault's file beside a database."""
    return Path(warehouse).with_suffix(".vault.duckdb")


def attach_encrypted(
    connection: duckdb.DuckDBPyConnection, file: Path, name: str, key: str, *, is_read_only: bool = False
) -> None:
    """Attach an encrypted file, made when missing."""
    load_cipher(connection)
    place, secret, mode = sql_text(file), sql_text(key), ", read_only" * is_read_only
    connection.execute(f"attach {place} as {name} (encryption_key {secret}, encryption_cipher 'GCM'{mode})")


def open_vault(warehouse: Path) -> tuple[Path, str, str]:
    """Open the vault once, so that a killed command's log moves into the file.

    Returns
    -------
    tuple of Path, str and str
        What `attach_encrypted` needs: the file, the name `vault`, the key.

    Raises
    ------
    DbtRuntimeError
        Where that fails: dbt prints it as one sentence.
    """
    key, place = read_key("vault", "the vault")
    file = vault_of(warehouse)
    with duckdb.connect() as connection:
        try:
            attach_encrypted(connection, file, "vault", key)
        except duckdb.Error as error:
            cause = str(error).splitlines()[0].split(" See also ")[0]
            if "Wrong encryption key" in cause:
                cause = f"{place} holds another key than it was written with."
            raise DbtRuntimeError(f"Nothing was built: cannot open the vault {file}. {cause}") from None
    return file, "vault", key

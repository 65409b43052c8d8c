"""Hands DuckDB the key of the users' pseudonyms, out of sight of SQL, logs and target.

A dbt-duckdb plugin: the key reaches each connection as session variables, in the two
padded forms that HMAC-SHA-256 needs (RFC 2104), never as text of a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from keys import read_key

if TYPE_CHECKING:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

BLOCK_SIZE = 64


class Plugin(BasePlugin):
    """Reads the key once and sets it on every connection."""

    def update_connection_config(
        self, creds: DuckDBCredentials, config: dict[str, Any]
    ) -> None:
        """Read the key; raise what dbt prints as one sentence when there is none."""
        key, place = read_key("pseudonym", "the users' pseudonyms")
        padded = key.encode()
        if len(padded) > BLOCK_SIZE:
            raise DbtRuntimeError(
                f"Nothing was built: {place} holds a key of {len(padded)} bytes, at "
                f"most {BLOCK_SIZE} are used."
            )
        padded = padded.ljust(BLOCK_SIZE, b"\0")
        self.inner_key = bytes(byte ^ 0x36 for byte in padded)
        self.outer_key = bytes(byte ^ 0x5C for byte in padded)

    def configure_cursor(self, cursor: Any) -> None:
        """Set both padded keys on one connection."""
        cursor.execute("set variable pseudonym_inner_key = $1", [self.inner_key])
        cursor.execute("set variable pseudonym_outer_key = $1", [self.outer_key])

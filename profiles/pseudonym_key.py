"""Hands DuckDB the key of the users' pseudonyms, out of sight of SQL, logs and target.

A dbt-duckdb plugin: the key reaches each connection as session variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin
from keys import padded_keys, set_keys

if TYPE_CHECKING:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials


class Plugin(BasePlugin):
    """Reads the key once and sets it on every connection."""

    def update_connection_config(
        self, creds: DuckDBCredentials, config: dict[str, Any]
    ) -> None:
        """Read the key; raise what dbt prints as one sentence when there is none."""
        self.keys = padded_keys("pseudonym", "the users' pseudonyms")

    def configure_cursor(self, cursor: Any) -> None:
        """Set both padded keys on one connection."""
        set_keys(cursor, self.keys)

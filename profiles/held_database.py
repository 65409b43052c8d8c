"""Says in one sentence that the database cannot be opened.

A dbt-duckdb plugin, because dbt connects before any hook of the project runs, and shows
DuckDB's own error as a stack trace of 200 lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

if TYPE_CHECKING:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials


class Plugin(BasePlugin):
    """Opens and closes the database once, just before dbt connects to it.

    Closing also moves what a killed command has left in its log into the file.
    """

    def update_connection_config(
        self, creds: DuckDBCredentials, config: dict[str, Any]
    ) -> None:
        """Raise what dbt prints as one sentence when the file cannot be opened."""
        try:
            duckdb.connect(creds.path, config=config).close()
        except duckdb.IOException as error:
            cause = str(error).split(" See also ")[0].removeprefix("IO Error: ")
            raise DbtRuntimeError(
                f"Nothing was built: cannot open the database {creds.path}. {cause}"
            ) from error

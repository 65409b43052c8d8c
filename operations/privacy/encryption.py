"""Setup that DuckDB needs before it writes encrypted data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

# What does not fit into memory goes to disk; see `connect`.
SPILLS_ENCRYPTED = {"temp_file_encryption": True}


def connect(**config: str | int) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that may read people's data: its spills are encrypted.

    The cipher comes first: without it the first row that is spilled is an error.
    """
    connection = duckdb.connect(config={**config, **SPILLS_ENCRYPTED})
    # it would be printed among what a command answers
    connection.execute("set enable_progress_bar = false")
    load_cipher(connection)
    return connection


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension httpfs, for its OpenSSL: DuckDB's own cipher only reads.

    It comes as a wheel, so that nothing is downloaded.
    """
    folder = Path(importlib.util.find_spec("duckdb_extension_httpfs").origin).parent
    for extension in folder.glob("extensions/*/httpfs.duckdb_extension"):
        connection.load_extension(str(extension))

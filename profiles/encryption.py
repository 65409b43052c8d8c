"""What DuckDB needs before it writes anything encrypted."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

# For connections that read people's data: what does not fit into memory goes to disk.
# Such a connection needs the cipher before the first row that it spills.
SPILLS_ENCRYPTED = {"temp_file_encryption": True}


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension httpfs, for its OpenSSL: DuckDB's own cipher only reads.

    It comes as a wheel, so that nothing is downloaded.
    """
    folder = Path(importlib.util.find_spec("duckdb_extension_httpfs").origin).parent
    for extension in folder.glob("extensions/*/httpfs.duckdb_extension"):
        connection.load_extension(str(extension))

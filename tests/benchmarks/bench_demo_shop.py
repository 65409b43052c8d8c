"""Time the synthetic shop against copying its order lines: `make bench`.

Prints seconds and ratios of one run side by side; asserts nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from demo_shop.shop import make_shop

USERS, DAYS = 194_000, 540


def main() -> None:
    """Make a shop of ten million order lines, then copy the lines, on two threads."""
    os.environ |= {"THREADS": "2", "MEMORY_LIMIT": "2GB"}
    with tempfile.TemporaryDirectory(dir="warehouse") as folder:
        start = time.perf_counter()
        make_shop(Path(folder), Path(folder, "made.duckdb"), users=USERS, days=DAYS)
        total = time.perf_counter() - start
        lines = Path(folder) / "transactions.parquet"
        with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
            count = connection.read_parquet(str(lines)).count("*").fetchall()[0][0]
            start = time.perf_counter()
            connection.execute(f"copy (from '{lines}') to '{folder}/copied.parquet'")
            copied = time.perf_counter() - start
    sys.stdout.write(
        f"{count:,} order lines and all other tables: {total:.1f} s\n"
        f"the order lines copied, Parquet to Parquet: {copied:.1f} s\n"
        f"ratio {total / copied:.1f}\n"
    )


if __name__ == "__main__":
    main()

"""Time the made-up shop against copying its order lines: `make bench`.

Prints seconds and ratios of one run side by side; asserts nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

USERS, DAYS = 194_000, 540


def main() -> None:
    """Make a shop of ten million order lines, then copy the lines, on two threads."""
    with tempfile.TemporaryDirectory(dir="warehouse") as folder:
        made = subprocess.run(
            [
                "dbt",
                "run-operation",
                "make_demo_shop",
                "--args",
                f"{{users: {USERS}, days: {DAYS}, folder: {folder}}}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            sys.exit(made.stdout)
        total = float(re.search(r"rows in ([\d.]+) s", made.stdout).group(1))
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

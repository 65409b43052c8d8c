"""Build and publish a small shop under twenty readers, and without: `make bench`.

Prints reads, failed reads, snapshots that were not of one publication, and the seconds
of a build with and without readers, side by side; asserts nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from demo_shop.shop import make_shop

BUILDS, READERS = 10, 20
USERS, DAYS = 200, 400
PUBLISH = ["-m", "operations.publish"]
# Counts every table of a publication against what the publication says of itself.
READER = """
import sys, time, duckdb
from pathlib import Path
file, stop = sys.argv[1:]
reads = failed = mixed = 0
while not Path(stop).exists():
    try:
        with duckdb.connect(file, read_only=True, config={"threads": 1}) as connection:
            told = connection.sql(
                "select table_name, row_count from publication.published_tables"
            ).fetchall()
            counted = connection.sql(
                " union all ".join(f"select '{t}', count(*) from {t}" for t, _ in told)
            ).fetchall()
            mixed += sorted(told) != sorted(counted)
        reads += 1
    except duckdb.Error as error:
        failed += 1
        sys.stderr.write(f"{error}\\n")
    time.sleep(0.5)
print(reads, failed, mixed)
"""


def build(environment: dict[str, str]) -> float:
    """Build and publish once; return the seconds."""
    start = time.perf_counter()
    for command in (["dbt", "--quiet", "build"], [sys.executable, *PUBLISH]):
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Time builds alone, then under readers."""
    with tempfile.TemporaryDirectory(dir="warehouse") as name:
        folder = Path(name).resolve()
        environment = {
            **os.environ,
            "SOURCE": "demo_shop",
            "SHOP_DIR": str(folder / "shop"),
            "WAREHOUSE": str(folder / "readers.duckdb"),
            "PUBLISHED_DIR": str(folder / "published"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        make_shop(folder / "shop", folder / "readers.duckdb", users=USERS, days=DAYS)
        build(environment)
        alone = [build(environment) for _ in range(2)]
        file, stop = folder / "published" / "demo_shop.duckdb", folder / "stop"
        readers = [
            subprocess.Popen([sys.executable, "-c", READER, str(file), str(stop)], stdout=subprocess.PIPE, text=True)
            for _ in range(READERS)
        ]
        read = [build(environment) for _ in range(BUILDS)]
        stop.touch()
        told = [list(map(int, each.communicate()[0].split())) for each in readers]
    reads, failed, mixed = map(sum, zip(*told, strict=True))
    sys.stdout.write(
        f"{BUILDS} builds with publications under {READERS} readers: {reads:,} reads, "
        f"{failed} failed, {mixed} mixed\n"
        f"seconds of a build alone and under readers: {statistics.median(alone):.1f}, "
        f"{statistics.median(read):.1f}\n"
        f"ratio {statistics.median(read) / statistics.median(alone):.2f}\n"
    )


if __name__ == "__main__":
    main()

"""Time user panels against one grouping of the order lines by user: `make bench`.

Runs the SQL that the last build compiled over its own database, medians of three in one
process. Prints CPU seconds and ratios side by side; asserts nothing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import duckdb

from operations.places import TARGET, WAREHOUSE

FLOOR = """
    select user_id, count(*), sum(net_amount), max(order_date)
    from {database}.core.transactions
    group by user_id
"""
PANELS = ("days", "windows", "rhythm", "departments", "blocks", "rfm", "snapshot")


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the median of three runs."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def main() -> str | None:
    """Time each panel; return a sentence where there is nothing to time."""
    folder = TARGET / "compiled" / "precision_marketing" / "models" / "features" / "user"
    if not WAREHOUSE.exists() or not (folder / "ftr_user__days.sql").exists():
        return f"No panel was timed: no database at {WAREHOUSE}, or no SQL in {folder}. Run make build first."
    database = f'"{WAREHOUSE.name.split(".")[0]}"'
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"attach '{WAREHOUSE}' as {database} (read_only)")

        def stored(query: str) -> Callable[[], object]:
            return lambda: connection.execute(f"create or replace temp table timed as {query}")

        [(lines, dates)] = connection.execute(
            f"select count(*), (select count(*) from {database}.core.as_of_dates) from {database}.core.transactions"
        ).fetchall()
        floor = cpu_seconds(stored(FLOOR.format(database=database)))
        sys.stdout.write(f"{lines:,} order lines, {dates} as-of dates; CPU s, times the floor, per as-of date\n")
        sys.stdout.write(f"  {'floor: lines by user':<24}{floor:>8.2f}\n")
        for panel in PANELS:
            seconds = cpu_seconds(stored((folder / f"ftr_user__{panel}.sql").read_text()))
            ratio = seconds / floor
            sys.stdout.write(f"  {'ftr_user__' + panel:<24}{seconds:>8.2f}{ratio:>8.1f}{ratio / dates:>8.2f}\n")
    return None


if __name__ == "__main__":
    sys.exit(main())

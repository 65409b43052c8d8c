"""Run `dbt build`: one live line, then a line per layer, warnings and failures.

    python -m operations.build [arguments of dbt build]      # what `make build` runs

Without arguments it builds what is not as it was: operations/build/reuse.py.
dbt's own lines, some 1,600, all stand in logs/dbt.log, what Python's libraries warn of in
logs/python_warnings.log. What a macro prints is shown.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

from operations.build import reuse
from operations.build.outcome import exception_lines, failures, outcome_lines
from operations.build.progress import CLEAR_LINE, Progress
from operations.build.python_warnings import keep_warnings_apart
from operations.files import why_unreadable
from operations.places import SHOP


def main(arguments: list[str]) -> int:
    """Build; return dbt's exit code."""
    # dbt reads seeds before it asks anybody, and would wait for a pipe for ever
    for file in sorted(Path("seeds").rglob("*.csv")):
        if found := why_unreadable(file):
            sys.stderr.write(f"Nothing was built: {file}: expected a file, found {found}.\n")
            return 2
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    keep_warnings_apart()
    is_live = sys.stdout.isatty() and not os.environ.get("CI")
    progress = Progress(sys.stdout, is_live)
    fits = logging.getLogger("precision_marketing")
    fits.addHandler(progress)
    fits.setLevel(logging.INFO)
    fits.propagate = False
    if not arguments:
        choice = reuse.choice()
        sys.stdout.write(choice.sentence and f"{choice.sentence}\n")
        if choice.scope is None:
            return 0
        os.environ[reuse.SCOPE] = choice.scope
        arguments = reuse.selection(choice)
    sys.stdout.write(f"Building {SHOP}" + (" ..." if is_live else "\n"))
    sys.stdout.flush()
    ticker = threading.Thread(target=progress.tick, daemon=True)
    ticker.start()
    done = dbtRunner(callbacks=[progress]).invoke(
        ["--log-level", "none", "--log-level-file", "debug", "build", *arguments]
    )
    progress.stopped.set()
    ticker.join()
    # the rows are counted by a reader
    DuckDBConnectionManager.close_all_connections()
    if is_live:
        sys.stdout.write(CLEAR_LINE)
    if done.exception is not None:
        sys.stderr.write("\n".join(exception_lines(done.exception)) + "\n")
        return 2
    lines = outcome_lines(done.result, progress.warnings, progress.peak_bytes)
    sys.stdout.write("\n".join(lines) + "\n")
    failed, kept_back = failures(done.result)
    return 0 if done.success or (kept_back and not failed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

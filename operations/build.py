"""Run `dbt build` with one live line: how many of how many, and what runs how long.

    python operations/build.py [arguments of dbt build]      # what `make build` runs

In a terminal the line is rewritten in place, and dbt's own lines stay away but for
errors and the summary at the end. Elsewhere, in CI or a file, plain `dbt build` runs.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, TextIO

CLEAR_LINE = "\r\x1b[2K"
# Seconds between two looks at what runs: quick enough to be live.
TICK = 0.2
# Nodes named at the most; the longest running come first.
MOST_NAMED = 2


class Progress:
    """A dbt callback that keeps one line of a terminal up to date.

    Parameters
    ----------
    terminal : TextIO
        Where the line stands.
    """

    def __init__(self, terminal: TextIO):
        self.terminal = terminal
        self.done = 0
        self.total = 0
        self.failed = 0
        self.shown = ""
        self.running: dict[str, float] = {}
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    def __call__(self, event: Any) -> None:
        """Take in one event of dbt; what raises here would fail the node."""
        name = event.info.name
        with self.lock:
            if name == "LogStartLine":
                self.total = event.data.total
                self.running[event.data.node_info.unique_id] = time.monotonic()
            elif name == "NodeFinished":
                node = event.data.node_info
                if self.running.pop(node.unique_id, None) is not None:
                    self.done += 1
                self.failed += node.node_status in ("error", "fail")
            # what dbt says next begins on a line of its own
            if not self.running or event.info.level == "error":
                self._show("")

    def line(self, now: float) -> str:
        """Say what is done and what runs, longest first."""
        longest = sorted(self.running.items(), key=lambda node: node[1])
        named = ", ".join(
            f"{unique_id.split('.')[2]} {now - started:.0f} s"
            for unique_id, started in longest[:MOST_NAMED]
        )
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.total}{failed}: {named}"

    def write(self) -> None:
        """Rewrite the line, cut to the width of the terminal."""
        with self.lock:
            if self.running:
                self._show(self.line(time.monotonic())[: _columns(self.terminal) - 1])

    def _show(self, text: str) -> None:
        if text != self.shown:
            self.terminal.write(CLEAR_LINE + text)
            self.terminal.flush()
            self.shown = text

    def tick(self) -> None:
        """Keep the seconds up to date until the build has ended."""
        while not self.stopped.wait(TICK):
            self.write()


def _columns(terminal: TextIO) -> int:
    try:
        return os.get_terminal_size(terminal.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def main(arguments: list[str]) -> int:
    """Build; return dbt's exit code."""
    if not sys.stdout.isatty() or os.environ.get("CI"):
        os.execvp("dbt", ["dbt", "build", *arguments])
    from dbt.cli.main import dbtRunner

    progress = Progress(sys.stdout)
    sys.stdout.write("Reading the project ...")
    sys.stdout.flush()
    ticker = threading.Thread(target=progress.tick, daemon=True)
    ticker.start()
    result = dbtRunner(callbacks=[progress]).invoke(["--quiet", "build", *arguments])
    progress.stopped.set()
    ticker.join()
    sys.stdout.write(f"{CLEAR_LINE}{progress.done} of {progress.total} steps done.\n")
    if result.exception is not None:
        sys.stderr.write(f"{result.exception}\n")
        return 2
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

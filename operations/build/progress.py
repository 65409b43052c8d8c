"""One live line: how many of how many nodes, and what runs how long.

In a terminal the line is rewritten in place. Elsewhere, in CI or a file, another one
follows every minute. What a long fit is about it logs by itself (package
`precision_marketing`); the line ends with it. Beside it, the most memory that the process
held is noted for each node that ran then.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any, TextIO

from operations.machine import resident_bytes

CLEAR_LINE = "\r\x1b[2K"
# Seconds between two looks at what runs: quick enough to be live.
TICK = 0.2
# Seconds between two lines where none can be rewritten.
PLAIN_TICK = 60
# Events that repeat what a node's result says.
WARNED_OF_NODES = ("LogTestResult", "RunResult", "StatsLine", "EndOfRunSummary")
# Nodes named at the most; the longest running come first.
MOST_NAMED = 2


class Progress(logging.Handler):
    """A dbt callback that keeps one line up to date, and takes in what fits log.

    Parameters
    ----------
    output : TextIO
        Where the line stands.
    is_live : bool
        Whether it is a terminal, where the line is rewritten in place.
    """

    def __init__(self, output: TextIO, is_live: bool):
        super().__init__(logging.INFO)
        self.output = output
        self.is_live = is_live
        self.step = ""
        self.done = 0
        self.total = 0
        self.failed = 0
        self.warnings: list[str] = []
        self.shown = ""
        self.running: dict[str, float] = {}
        self.peak_bytes: dict[str, int] = {}
        self.state = threading.Lock()
        self.stopped = threading.Event()

    def __call__(self, event: Any) -> None:
        """Take in one event of dbt; what raises here would fail the node."""
        name = event.info.name
        with self.state:
            if event.info.level == "warn" and not name.startswith(WARNED_OF_NODES):
                self.warnings.append(" ".join(event.info.msg.split()))
            elif name == "LogStartLine":
                self.total = event.data.total
                self.running[event.data.node_info.unique_id] = time.monotonic()
            elif name == "NodeFinished":
                node = event.data.node_info
                self._look()
                if self.running.pop(node.unique_id, None) is not None:
                    self.done += 1
                self.failed += node.node_status in ("error", "fail")
                if node.node_path.endswith(".py"):
                    self.step = ""
            # what a macro prints begins on a line of its own
            if self.is_live and not self.running:
                self._rewrite("")

    def emit(self, record: logging.LogRecord) -> None:
        """Take in what a long fit is about."""
        self.step = f" ({record.getMessage()})"

    def line(self, now: float) -> str:
        """Say what is done and what runs, longest first."""
        longest = sorted(self.running.items(), key=lambda node: node[1])
        named = ", ".join(
            f"{unique_id.split('.')[2]} {now - started:.0f} s" for unique_id, started in longest[:MOST_NAMED]
        )
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.total}{failed}: {named}{self.step}"

    def write(self) -> None:
        """Rewrite the line, cut to the width of the terminal, or write another one."""
        with self.state:
            if not self.running:
                return
            line = self.line(time.monotonic())
            if self.is_live:
                self._rewrite(line[: _columns(self.output) - 1])
            else:
                self.output.write(f"          {line}\n")
                self.output.flush()

    def _look(self) -> None:
        held = resident_bytes()
        for unique_id in self.running:
            self.peak_bytes[unique_id] = max(self.peak_bytes.get(unique_id, 0), held)

    def _rewrite(self, text: str) -> None:
        if text != self.shown:
            self.output.write(CLEAR_LINE + text)
            self.output.flush()
            self.shown = text

    def tick(self) -> None:
        """Keep seconds and memory up to date until the build has ended."""
        written = time.monotonic()
        while not self.stopped.wait(TICK):
            with self.state:
                self._look()
            if self.is_live or time.monotonic() - written > PLAIN_TICK:
                written = time.monotonic()
                self.write()


def _columns(terminal: TextIO) -> int:
    try:
        return os.get_terminal_size(terminal.fileno()).columns or 80
    except (OSError, ValueError):
        return 80

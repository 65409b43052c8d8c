"""Commands of ours, each in a process of its own that need not import what another has; power cuts in their midst."""

from __future__ import annotations

import atexit
import os
import runpy
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess

from support.builds import served
from support.cache import PROJECT_FOLDER

STREAMS = ("output", "errors")


def run_operation(name: str, *arguments: str, cwd: Path = PROJECT_FOLDER, **environment: str) -> CompletedProcess[str]:
    """Run `python -m operations.<name>` with variables beside those there are."""
    return run_apart(run_module, f"operations.{name}", *arguments, cwd=cwd, **environment)


def run_module(name: str, *arguments: str) -> None:
    """Run a module as its command line does."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_apart(
    act: Callable, *arguments: object, cwd: Path = PROJECT_FOLDER, **environment: str
) -> CompletedProcess[str]:
    """Call a function of a module in another process, and tell what became of it and what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        process = start_apart(act, *arguments, cwd=cwd, written=Path(folder), **environment)
        process.join()
        told = (Path(folder, name).read_text() for name in STREAMS)
        return CompletedProcess([act.__name__, *arguments], process.exitcode, *told)


def start_apart(
    act: Callable, *arguments: object, cwd: Path = PROJECT_FOLDER, written: Path = Path(os.devnull), **environment: str
) -> BaseProcess:
    """Start it, and do not wait: what it writes goes into files of a folder.

    It finds our own modules as new as a command does: what they read of their environment is of now.
    """
    files = [written / name if written.is_dir() else written for name in STREAMS]
    process = served().Process(target=_run, args=(act, arguments, cwd, {**os.environ, **environment}, files))
    process.start()
    return process


def _run(act: Callable, arguments: tuple, cwd: Path, environment: dict[str, str], files: list[Path]) -> None:
    """Become that process."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for stream, file in enumerate(files, 1):
        with file.open("w") as opened:
            os.dup2(opened.fileno(), stream)
    for name in [each for each in sys.modules if each.partition(".")[0] == "operations"]:
        del sys.modules[name]
    try:
        act(*arguments)
    finally:
        # a forked process ends without what waits for its end
        atexit._run_exitfuncs()


class Killed(BaseException):
    """A power cut."""


def raise_killed() -> None:
    """Stop, so that no handler of errors cleans up."""
    raise Killed


class PowerCut:
    """Counts the calls of the functions that it wraps, and stops before the n-th."""

    def __init__(self, step: int, stop: Callable[[], object] = raise_killed) -> None:
        self.left, self.stop = step, stop

    @property
    def has_come(self) -> bool:
        """Whether it came to the n-th call."""
        return self.left <= 0

    def __call__(self, original: Callable) -> Callable:
        """Wrap a function."""

        @wraps(original)
        def counted(*arguments: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0:
                self.stop()
            return original(*arguments, **named)

        return counted

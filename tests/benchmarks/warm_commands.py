"""Run the project's commands as forks of one process that has dbt and the parsed project.

Started in a copy of the project by bench_kills. Reads a JSON list of words per line of
standard input: `operations.publish`, or `dbt` and arguments; prints the number of the
process group that runs them, then how it ended (os.waitstatus_to_exitcode).
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import sys
import traceback

import dbt.adapters.duckdb  # noqa: F401
import pandas as pd  # noqa: F401
import sklearn.ensemble
import sklearn.linear_model  # noqa: F401
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli import main as dbt_main

OUTPUT = "output.txt"
VARS = ["--vars", "{as_of_count: 6, bootstrap_draws: 10, value_draws: 10}"]


class Runner(dbt_main.dbtRunner):
    """dbt that need not parse."""

    project = None

    def __init__(self, manifest: object = None, callbacks: list | None = None) -> None:
        super().__init__(manifest or self.project, callbacks)


def run(words: list[str]) -> int:
    """Run a command here; return its exit code."""
    name, *arguments = words
    if name == "dbt":
        return 0 if Runner().invoke(arguments).success else 1
    sys.argv = [name, *arguments]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as stopped:
        if isinstance(stopped.code, str):
            sys.stderr.write(f"{stopped.code}\n")
            return 1
        return stopped.code or 0
    return 0


def become(words: list[str]) -> None:
    """Run a command in a process group of its own, and end."""
    os.setsid()
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    code = 1
    try:
        code = run(words)
    except BaseException:
        traceback.print_exc()
    finally:
        DuckDBConnectionManager.close_all_connections()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Parse once, then run what is asked for."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    Runner.project = Runner().invoke(["--quiet", "parse", *VARS]).result
    dbt_main.dbtRunner = Runner
    importlib.import_module("precision_marketing")
    # makes what dbt generates when it first needs it
    Runner().invoke(["--quiet", "ls", "--select=orders", "--no-write-json"])
    answers.write("ready\n")
    answers.flush()
    while line := sys.stdin.readline():
        if not (child := os.fork()):
            become(json.loads(line))
        answers.write(f"{child}\n")
        answers.flush()
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__":
    main()

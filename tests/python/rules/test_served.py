"""Runs of dbt are forked from a server that has imported it: without that, each takes eight seconds more."""

from __future__ import annotations

import os
import sys

from support.operations import run_apart


def say_what_is_there() -> None:
    """Print whether dbt is imported, and the path that the server alone needs."""
    sys.stdout.write(
        f"{'support.warm_dbt' in sys.modules} {'dbt.cli.main' in sys.modules} {os.environ.get('PYTHONPATH')}"
    )


def test_the_server_has_imported_dbt(monkeypatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert run_apart(say_what_is_there).stdout == "True True None"

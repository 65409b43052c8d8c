"""A small private database to publish, and what dbt leaves beside it."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import duckdb
from support.operations import run_operation


def node(schema: str, name: str, columns: list[str], **config: object) -> dict:
    """Return a model as the manifest has it."""
    return {
        "resource_type": "model",
        "database": "vault" if schema == "vault" else "private",
        "schema": schema,
        "name": name,
        "alias": name,
        "description": f"Rows of {name}.",
        "columns": {column: {"description": f"Its {column}."} for column in columns},
        "tags": config.pop("tags", []),
        "config": {"materialized": "table", "contract": {"enforced": True}, "meta": {}, **config},
    }


def write_shop_to_publish(folder: Path) -> None:
    """Write a shop whose last build is whole, with models that are published and others."""
    (folder / "target").mkdir()
    users = ["user_id", "round"]
    nodes = [
        node("core", "users", users),
        node("scores", "user_scores", users),
        node("core", "rejected_rows", users, meta={"published": False}),
        node("vault", "people", users),
        node("features", "ftr_user__snapshot", users, contract={"enforced": False}),
        node("evaluation", "estimator_backtests", users, tags=["full_grid"]),
    ]
    write_manifest(folder, nodes)
    write_round(folder, 1)
    write_build(folder)


def write_manifest(folder: Path, nodes: list[dict], tests: list[dict] | None = None) -> None:
    """Say which models and tests dbt knows; a model's id is its name."""
    known = {each["name"]: each for each in nodes} | dict(enumerate(tests or []))
    (folder / "target" / "manifest.json").write_text(json.dumps({"nodes": known}))


def write_build(folder: Path, *, is_ended: bool = True, **trouble: str) -> None:
    """Record that the last build ended or was killed, and which models are in trouble."""
    with duckdb.connect(str(folder / "private.duckdb")) as connection:
        connection.execute("create schema if not exists builds")
        connection.execute(
            "create or replace table builds.runs as select timestamp '2025-11-28 09:30:00' as started_at,"
            " case when $1 then timestamp '2025-11-28 09:36:00' end as ended_at",
            [is_ended],
        )
        connection.execute("create or replace table builds.nodes (node_id text, trouble text)")
        for name, kind in trouble.items():
            connection.execute("insert into builds.nodes values ('model.precision_marketing.' || $1, $2)", [name, kind])


def write_round(folder: Path, number: int, users: int = 1000) -> None:
    """Build the private database anew, as dbt would."""
    with duckdb.connect(str(folder / "private.duckdb")) as connection:
        for place in (
            "core.users",
            "scores.user_scores",
            "core.rejected_rows",
            "vault.people",
            "features.ftr_user__snapshot",
        ):
            schema = place.split(".")[0]
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(
                f"create or replace table {place} as"
                f" select 'u' || i as user_id, {number} + 0 * i as round"
                f" from range({users}) t(i)"
            )
        connection.execute("create schema if not exists seeds")
        connection.execute(
            "create or replace table seeds.suppressions as from (values"
            " ('u7', 'erasure'), ('u8', 'opt_out')) t(user_id, suppression_kind)"
        )


def settings(folder: Path) -> dict[str, str]:
    """Return the variables that say where all lies."""
    return {
        "SOURCE": "small",
        "WAREHOUSE": str(folder / "private.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "PUBLISHED_DIR": str(folder / "published"),
    }


def publish(folder: Path) -> subprocess.CompletedProcess:
    """Run the script on the folder's database."""
    return run_operation("publish", **settings(folder))


def publish_stopped(stop_at: int, how: str) -> None:
    """Stop it at its n-th step that changes the file system: killed, or told that the disk is full.

    Ends with 77 where it has fewer steps.
    """
    from operations.publish.__main__ import main

    steps, folder = 0, os.environ["PUBLISHED_DIR"] + os.sep

    def watch(event: str, arguments: tuple) -> None:
        nonlocal steps
        changes = event in {"os.mkdir", "os.rename", "os.link", "os.symlink", "open"}
        if not changes or folder not in str(arguments[0:2]):
            return
        steps += 1
        if steps == stop_at:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(watch)
    result = main()
    sys.exit(result if steps >= stop_at else 77)


def publish_limited(size: int) -> None:
    """Stop it in DuckDB, where a file would grow beyond a size."""
    from operations.publish.__main__ import main

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = StringIO()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with redirect_stderr(told):
            result = main()
    finally:
        # what it writes goes into a file, too
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sys.stderr.write(told.getvalue())
    sys.exit(result)

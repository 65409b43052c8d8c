"""What is published: a copy that readers keep, without the vault and the forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from support.builds import run_operation

# Ten publications and twenty readers passed too (2026-11-25), but take a minute.
PUBLISHES, READERS = 5, 8
# Reads both tables until told to stop; every snapshot must be of one publication.
READER = """
import sys, time, duckdb
from pathlib import Path
file, stop = sys.argv[1:]
reads = 0
while not Path(stop).exists() or not reads:
    with duckdb.connect(file, read_only=True) as connection:
        first = connection.sql("select max(round) from core.users").fetchone()
        second = connection.sql("select max(round) from scores.user_scores").fetchone()
    assert first == second, (first, second)
    reads += 1
    time.sleep(0.2)
print(reads)
"""


def node(schema: str, name: str, columns: list[str], **config: object) -> dict:
    """Return a model as the manifest has it."""
    return {
        "resource_type": "model",
        "database": "vault" if schema == "vault" else "private",
        "schema": schema,
        "name": name,
        "alias": name,
        "columns": {column: {} for column in columns},
        "tags": config.pop("tags", []),
        "config": {"materialized": "table", "contract": {"enforced": True}, "meta": {}, **config},
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Folder with a small private database, and what dbt leaves beside it."""
    target = tmp_path / "target"
    target.mkdir()
    users = ["user_id", "round"]
    nodes = [
        node("core", "users", users),
        node("scores", "user_scores", users),
        node("core", "rejected_rows", users, meta={"published": False}),
        node("vault", "people", users),
        node("features", "ftr_user__snapshot", users, contract={"enforced": False}),
        node("evaluation", "estimator_backtests", users, tags=["full_grid"]),
    ]
    (target / "manifest.json").write_text(json.dumps({"nodes": {str(place): each for place, each in enumerate(nodes)}}))
    write_results(tmp_path, "success")
    write_round(tmp_path, 1)
    return tmp_path


def write_results(folder: Path, status: str) -> None:
    """Say how the last dbt run ended."""
    result = {"unique_id": "model.precision_marketing.users", "status": status}
    (folder / "target" / "run_results.json").write_text(json.dumps({"results": [{**result, "status": "pass"}, result]}))


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


def publish(folder: Path) -> subprocess.CompletedProcess:
    """Run the script on the folder's database."""
    return run_operation(
        "publish",
        SOURCE="small",
        WAREHOUSE=str(folder / "private.duckdb"),
        DBT_TARGET_PATH=str(folder / "target"),
        PUBLISHED_DIR=str(folder / "published"),
    )


def test_only_contracted_marts_are_published_without_the_forgotten(shop: Path) -> None:
    result = publish(shop)
    assert result.returncode == 0, result.stderr
    file = shop / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.sql("select schema_name || '.' || table_name from duckdb_tables() order by 1").fetchall()
        users = connection.sql("select user_id from core.users").fetchall()
        told = connection.sql(
            "select table_name, row_count, published_at is null, git_commit"
            " from publication.published_tables order by 1"
        ).fetchall()
    assert tables == [("core.users",), ("publication.published_tables",), ("scores.user_scores",)]
    assert len(users) == 999
    assert ("u7",) not in users
    assert ("u8",) in users
    assert [row[:3] for row in told] == [("core.users", 999, False), ("scores.user_scores", 999, False)]
    assert all(row[3] for row in told)
    parquet = shop / "published" / "small" / "current" / "core" / "users.parquet"
    assert duckdb.read_parquet(str(parquet)).count("*").fetchone() == (999,)
    assert b"vault" not in file.read_bytes()


def test_after_a_failed_build_nothing_is_published(shop: Path) -> None:
    assert publish(shop).returncode == 0
    file = shop / "published" / "small.duckdb"
    before = file.read_bytes()
    write_round(shop, 2)
    write_results(shop, "error")
    result = publish(shop)
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was published: 1 steps of the last dbt")
    assert result.stderr.count("\n") == 1
    assert file.read_bytes() == before


def test_a_missing_table_leaves_the_last_publication(shop: Path) -> None:
    assert publish(shop).returncode == 0
    before = (shop / "published" / "small.duckdb").read_bytes()
    with duckdb.connect(str(shop / "private.duckdb")) as connection:
        connection.execute("drop table scores.user_scores")
    result = publish(shop)
    assert result.returncode == 1
    assert "user_scores" in result.stderr
    assert (shop / "published" / "small.duckdb").read_bytes() == before
    assert not list((shop / "published").glob(".*.duckdb*"))


def test_a_database_that_is_held_is_told_in_a_sentence(shop: Path) -> None:
    with duckdb.connect(str(shop / "private.duckdb")):
        result = publish(shop)
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was published: cannot open")
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_a_file_is_told_in_a_sentence(shop: Path) -> None:
    (shop / "published").write_text("")
    result = publish(shop)
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was published: cannot write into")
    assert "Traceback" not in result.stderr


def test_old_versions_of_parquet_go_but_the_newest_stay(shop: Path) -> None:
    for _ in range(5):
        assert publish(shop).returncode == 0
    folder = shop / "published" / "small"
    versions = sorted(each.name for each in folder.iterdir() if not each.is_symlink())
    assert len(versions) == 3
    assert (folder / "current").resolve().name == versions[-1]


def test_a_reader_keeps_the_snapshot_it_has_opened(shop: Path) -> None:
    assert publish(shop).returncode == 0
    inode = (shop / "published" / "small.duckdb").stat().st_ino
    with duckdb.connect(str(shop / "published" / "small.duckdb"), read_only=True) as (reader):
        write_round(shop, 2, users=1_000_000)
        assert publish(shop).returncode == 0
        seen = reader.sql("select count(*), max(round) from core.users").fetchone()
    assert seen == (999, 1)
    assert (shop / "published" / "small.duckdb").stat().st_ino != inode


def test_readers_never_fail_nor_see_two_publications_at_once(shop: Path) -> None:
    assert publish(shop).returncode == 0
    file, stop = shop / "published" / "small.duckdb", shop / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(file), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    for number in range(2, PUBLISHES + 2):
        # large enough that a copy written over the old file is seen half done
        write_round(shop, number, users=1_000_000)
        result = publish(shop)
        assert result.returncode == 0, result.stderr
    time.sleep(0.5)
    stop.touch()
    for reader in readers:
        output, errors = reader.communicate(timeout=120)
        assert reader.returncode == 0, errors
        assert int(output) > 0
    with duckdb.connect(str(file), read_only=True) as connection:
        newest = connection.sql("select max(round) from core.users").fetchone()
    assert newest == (PUBLISHES + 1,)

"""What is published: a copy that readers keep, without the vault and the forgotten."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from support.publishable import node, publish, write_build, write_manifest, write_round, write_shop_to_publish

from operations.publish import relations
from operations.publish.marts import Mart

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


# What broke comments of other tools: quotes, a dollar quote's own mark, an end of a
# comment, a line break at the end, a length beyond a page.
ODD_TEXT = """
    Each user's "row": 50 % \\ $$; $dbt_comment_literal_block$ -- */ {{ x }} 价格 é

    and more.
"""
ODD_LINE = " ".join(ODD_TEXT.split())
LONG_TEXT = "The user's. " * 1000


def data_test(kind: str, model: str, *others: str, where: str | None = None, **given: object) -> dict:
    """Return a data test as the manifest has it; nodes are called by their tables."""
    return {
        "resource_type": "test",
        "attached_node": model,
        "test_metadata": {"name": kind, "kwargs": given},
        "depends_on": {"nodes": [*others, model]},
        "config": {"where": where},
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Folder with a small private database, and what dbt leaves beside it."""
    write_shop_to_publish(tmp_path)
    return tmp_path


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
    assert tables == [
        ("core.users",),
        ("publication.published_tables",),
        ("publication.relations",),
        ("scores.user_scores",),
    ]
    assert len(users) == 999
    assert ("u7",) not in users
    assert ("u8",) in users
    assert [row[:3] for row in told] == [("core.users", 999, False), ("scores.user_scores", 999, False)]
    assert all(row[3] for row in told)
    parquet = shop / "published" / "small" / "current" / "core" / "users.parquet"
    assert duckdb.read_parquet(str(parquet)).count("*").fetchone() == (999,)
    assert b"vault" not in file.read_bytes()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        ({"user_scores": "failed", "users": "stale"}, "1 step failed and did not pass since, first user_scores."),
        (
            {"user_scores": "stale", "users": "stale"},
            "2 tables are older than what stands there to read, first user_scores. Run make build.",
        ),
        ({"is_ended": False}, "the build of 2025-11-28 09:30 UTC did not come to its end. Run make build."),
    ],
    ids=["failed", "another command since", "killed"],
)
def test_what_is_no_whole_build_is_not_published(shop: Path, build: dict, reason: str) -> None:
    assert publish(shop).returncode == 0
    file = shop / "published" / "small.duckdb"
    before = file.read_bytes()
    write_round(shop, 2)
    write_build(shop, **build)
    result = publish(shop)
    assert result.returncode == 1
    assert result.stderr == f"Nothing was published: {reason}\n"
    assert file.read_bytes() == before


def test_a_database_without_a_record_of_builds_is_not_published(shop: Path) -> None:
    with duckdb.connect(str(shop / "private.duckdb")) as connection:
        connection.execute("drop schema builds cascade")
    result = publish(shop)
    assert result.returncode == 1
    assert result.stderr.endswith("kept no record of its builds. Run make build.\n")


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


@pytest.mark.slow
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


@pytest.fixture
def odd_shop(shop: Path) -> Path:
    """Return a shop whose models are named and described in every odd way."""
    with duckdb.connect(str(shop / "private.duckdb")) as connection:
        connection.execute(
            """
            create table core."order" as select
                'o' || i as "order", 'u' || i as user_id, 1 as "a ""b"" (kPa)"
            from range(10) t(i);
            create table scores.reasons as select user_id, 'o1' as "order", 1 as rank,
                cast(null as text) as note from core.users;
            create table scores.empty as select * from scores.reasons limit 0;
            create table scores.strange as select 'x' as user_id
            """
        )
    orders = node("core", "order", ["order", "user_id", 'a "b" (kPa)'])
    orders["description"] = ODD_TEXT
    orders["columns"]["order"]["description"] = ODD_TEXT
    orders["columns"]["user_id"]["description"] = LONG_TEXT
    nodes = [
        node("core", "users", ["user_id", "round"]),
        orders,
        node("scores", "user_scores", ["user_id", "round"]),
        node("scores", "reasons", ["user_id", "order", "rank", "note"]),
        node("scores", "empty", ["user_id", "order"]),
        node("scores", "strange", ["user_id"]),
        node("core", "rejected_rows", ["user_id"], meta={"published": False}),
    ]
    tests = [
        data_test("unique_key", "users", columns=["round"], where="round = 1"),
        data_test("unique_key", "users", columns=["user_id"]),
        data_test("unique_key", "users", columns=["round", "user_id"]),
        data_test("unique_key", "order", columns=["order"]),
        data_test("unique_key", "reasons", columns=["user_id", "coalesce(note, '')"]),
        data_test("unique_key", "user_scores", columns=["user_id", "round"]),
        data_test("not_null", "reasons", column_name="user_id"),
        data_test("relationships", "order", "users", column_name="user_id", field="user_id"),
        data_test("relationships", "reasons", "order", column_name="order", field="order", where="1 = 1"),
        data_test("relationships", "order", "rejected_rows", column_name="order", field="user_id"),
    ]
    write_manifest(shop, nodes, tests)
    return shop


def read(folder: Path, query: str) -> list[tuple]:
    """Return what the published file answers."""
    with duckdb.connect(str(folder / "published" / "small.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


COMMENTS = """
    select schema_name || '.' || table_name, '', comment from duckdb_tables()
    union all
    select schema_name || '.' || table_name, column_name, comment
    from duckdb_columns() where not internal
"""


def test_every_table_and_column_is_commented_whatever_the_words(odd_shop: Path) -> None:
    result = publish(odd_shop)
    assert result.returncode == 0, result.stderr
    found = {(place, column): comment for place, column, comment in read(odd_shop, COMMENTS)}
    assert [each for each, comment in found.items() if not comment] == []
    assert found["core.order", ""] == found["core.order", "order"] == ODD_LINE
    assert found["core.order", "user_id"] == LONG_TEXT.strip()
    assert found["core.order", 'a "b" (kPa)'] == 'Its a "b" (kPa).'
    assert found["scores.user_scores", ""] == "Rows of user_scores."


def test_keys_are_the_first_that_a_test_holds_on_all_rows(odd_shop: Path) -> None:
    assert publish(odd_shop).returncode == 0
    assert read(
        odd_shop,
        "select table_name, constraint_column_names from duckdb_constraints()"
        " where constraint_type = 'PRIMARY KEY' order by 1",
    ) == [("order", ["order"]), ("user_scores", ["user_id", "round"]), ("users", ["user_id"])]
    assert read(odd_shop, "select table_name, primary_key from publication.published_tables order by 1") == [
        ("core.order", "order"),
        ("core.users", "user_id"),
        ("scores.empty", None),
        ("scores.reasons", None),
        ("scores.strange", None),
        ("scores.user_scores", "user_id, round"),
    ]


def test_relations_are_those_of_tests_and_names_that_hold(odd_shop: Path) -> None:
    assert publish(odd_shop).returncode == 0
    # no value of scores.strange is found, and scores.empty has none to look for
    users, both = ("core", "users", "user_id"), "user_id, round"
    assert read(odd_shop, "from publication.relations order by all") == [
        ("core", "order", "user_id", *users, "many to one", None, True),
        ("core", "users", both, "scores", "user_scores", both, "one to one", None, False),
        ("scores", "reasons", "order", "core", "order", "order", "many to one", "1 = 1", True),
        ("scores", "reasons", "user_id", *users, "many to one", None, False),
        ("scores", "user_scores", "user_id", *users, "many to one", None, False),
    ]


def test_a_key_that_comes_twice_is_told_in_a_sentence(odd_shop: Path) -> None:
    with duckdb.connect(str(odd_shop / "private.duckdb")) as connection:
        connection.execute('insert into core."order" select * from core."order" limit 1')
    result = publish(odd_shop)
    assert result.returncode == 1
    assert result.stderr == (
        "Nothing was published: in core.order, key order comes twice or is null. Run dbt build, "
        "whose test unique_key finds the rows.\n"
    )


def test_the_key_of_a_large_table_is_not_declared() -> None:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as public; create table public.main.t (a text)")
        mart = Mart("t", "main", "t", {"a": ""}, primary_key=("a",))
        relations.declare_key(connection, mart, relations.MOST_KEYED_ROWS + 1)
        keyed = "select has_primary_key from duckdb_tables()"
        assert connection.execute(keyed).fetchall() == [(False,)]
        relations.declare_key(connection, mart, relations.MOST_KEYED_ROWS)
        assert connection.execute(keyed).fetchall() == [(True,)]

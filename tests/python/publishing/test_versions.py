"""Whatever stops a publish, readers see one whole publication, and the next run sweeps."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER
from support.operations import run_apart, run_module, start_apart
from support.publishable import (
    node,
    publish,
    publish_limited,
    publish_stopped,
    settings,
    write_build,
    write_round,
    write_shop_to_publish,
)

from operations.files import sql_pattern
from operations.publish import figures, versions

# `make bench` may ask for more.
KILLS = int(os.environ.get("PUBLISH_KILLS", "10"))
SEED = int(os.environ.get("PUBLISH_SEED", "17"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a shop of which round 1 was published, and round 2 is to be."""
    write_shop_to_publish(tmp_path)
    assert publish(tmp_path).returncode == 0
    write_round(tmp_path, 2, users=20_000)
    return tmp_path


def seen(folder: Path) -> int:
    """Return the round that readers of both formats see, in every table."""
    rounds = set()
    with duckdb.connect(str(folder / "published" / "small.duckdb"), read_only=True) as connection:
        for table in ("core.users", "scores.user_scores"):
            parquet = folder / "published" / "small" / "current" / f"{table.replace('.', '/')}.parquet"
            for rows in (table, f"read_parquet({sql_pattern(parquet)})"):
                rounds |= {*connection.sql(f"select round, count(*) from {rows} group by 1").fetchall()}
    [(number, count)] = rounds
    assert count == (999 if number == 1 else 19_999)
    return number


def names(folder: Path) -> list[str]:
    """Return what lies in the folders of publications, hidden files too."""
    published = folder / "published"
    return sorted(str(each.relative_to(published)) for each in [*published.glob("*"), *published.glob("small/*")])


def test_a_publication_is_one_folder_and_one_link_names_it(shop: Path) -> None:
    assert publish(shop).returncode == 0
    assert names(shop) == ["small", "small.duckdb", "small/000001", "small/000002", "small/current"]
    assert (shop / "published" / "small" / "current").readlink() == Path("000002")
    assert (shop / "published" / "small.duckdb").readlink() == Path("small/current/small.duckdb")
    assert seen(shop) == 2
    with duckdb.connect(str(shop / "published" / "small.duckdb"), read_only=True) as connection:
        numbers = connection.sql("select distinct sequence_number from publication.published_tables").fetchall()
    assert numbers == [(2,)]


def test_the_whole_folder_may_move(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "published", tmp_path / "copy" / "published", symlinks=True)
    shutil.rmtree(shop / "published")
    assert seen(tmp_path / "copy") == 1


@pytest.mark.parametrize("how", ["kill", "full"])
@pytest.mark.slow
def test_a_publish_stopped_at_any_step_is_whole_before_or_after(shop: Path, how: str) -> None:
    kept = shop / "kept"
    shutil.copytree(shop / "published", kept, symlinks=True)
    before = names(shop)
    rounds = []
    for step in range(1, 100):
        shutil.rmtree(shop / "published")
        shutil.copytree(kept, shop / "published", symlinks=True)
        result = run_apart(publish_stopped, step, how, **settings(shop))
        if result.returncode == 77:
            break
        rounds.append(seen(shop))
        if how == "full":
            assert result.stderr == "Nothing was published: [Errno 28] No space left on device\n"
            assert names(shop) == before
        else:
            assert result.returncode == -signal.SIGKILL
            assert publish(shop).returncode == 0
            assert seen(shop) == 2
            assert names(shop)[:2] == ["small", "small.duckdb"]
            assert versions.leftovers(shop / "published" / "small.duckdb") == []
    # every table, folder and link is a step, and the switch is the last
    assert len(rounds) > 10
    assert rounds == [1] * len(rounds)


@pytest.mark.slow
def test_a_disk_that_fills_leaves_the_old_publication_whole(shop: Path) -> None:
    before = names(shop)
    largest = 0
    for limit in [*range(0, 1 << 20, 1 << 17), *range(1 << 20, 1 << 23, 1 << 19)]:
        result = run_apart(publish_limited, limit, **settings(shop))
        if result.returncode == 0:
            break
        assert result.returncode == 1, result.stderr
        assert result.stderr.startswith("Nothing was published: "), result.stderr
        assert result.stderr.count("\n") == 1, result.stderr
        assert seen(shop) == 1
        assert names(shop) == before
        largest = limit
    assert largest >= 1 << 18
    assert seen(shop) == 2


@pytest.mark.slow
def test_killed_at_random_moments_a_reader_sees_one_publication(shop: Path) -> None:
    moments, stop, faults = random.Random(SEED), threading.Event(), []
    last, reads = seen(shop), 0

    def read() -> None:
        nonlocal reads
        file = shop / "published" / "small.duckdb"
        while not stop.is_set():
            try:
                with duckdb.connect(str(file), read_only=True) as connection:
                    first, second = connection.sql(
                        "select (select sum(round) from core.users), (select sum(round) from scores.user_scores)"
                    ).fetchone()
                faults.extend([(first, second)] * (first != second))
            except duckdb.Error as error:
                faults.append(str(error))
            reads += 1

    reader = threading.Thread(target=read)
    reader.start()
    started = time.monotonic()
    assert publish(shop).returncode == 0
    usual = time.monotonic() - started
    for number in range(KILLS):
        write_round(shop, 3 + number, users=20_000)
        process = start_apart(run_module, "operations.publish", **settings(shop))
        # imports come first and write nothing
        time.sleep(usual * moments.uniform(0.3, 1.1))
        process.kill()
        process.join()
        now = seen(shop)
        assert last <= now <= 3 + number
        last = now
    stop.set()
    reader.join()
    assert faults == []
    assert reads > KILLS
    assert publish(shop).returncode == 0
    assert seen(shop) == 2 + KILLS
    assert versions.leftovers(shop / "published" / "small.duckdb") == []
    kept = versions.versions_of(shop / "published" / "small.duckdb")
    assert len(kept) <= 1 + versions.FORMER_KEPT
    assert all(len([*version.glob("*/*.parquet")]) == 2 for version in kept)


def test_a_shop_called_alike_keeps_what_it_is_about_to_publish(shop: Path) -> None:
    published = shop / "published"
    theirs = [".small.x.77.duckdb", ".small.x.duckdb.new", "small.x.duckdb", ".small.7.duckdb.new"]
    ours = [".small.77.duckdb", ".small.77.duckdb.wal", ".small.duckdb.new", "small.duckdb.tmp"]
    for name in (*theirs, *ours):
        (published / name).touch()
    assert publish(shop).returncode == 0
    assert {each.name for each in published.iterdir()} == {*theirs, "small", "small.duckdb"}


@pytest.mark.parametrize(("name", "matched"), [("[a]", "a"), ("a[0-9]b", "a7b")])
def test_a_folder_with_brackets_is_published_to_twice(tmp_path: Path, name: str, matched: str) -> None:
    shop = tmp_path / name
    shop.mkdir()
    write_shop_to_publish(shop)
    # figures ask the former publication who has changed
    manifest = shop / "target" / "manifest.json"
    nodes = json.loads(manifest.read_text())["nodes"]
    nodes["figures"] = node("scores", "figures", ["user_count"], meta={"pii": "aggregate"})
    manifest.write_text(json.dumps({"nodes": nodes}))
    with duckdb.connect(str(shop / "private.duckdb")) as connection:
        connection.execute("create table scores.figures as select 1000 as user_count")
    for number in (1, 2, 2):
        write_round(shop, number, users=1000 if number == 1 else 20_000)
        result = publish(shop)
        assert result.returncode == 0, result.stderr
        assert seen(shop) == number
        # what the name of the folder stands for as a pattern
        for file in (shop / "published").rglob(figures.COUNTED):
            other = tmp_path / matched / file.relative_to(shop)
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text("of another shop")
    assert len(versions.versions_of(shop / "published" / "small.duckdb")) == 3


def test_what_an_earlier_release_published_goes_behind_the_link_at_once(shop: Path) -> None:
    published = shop / "published"
    (published / "small.duckdb").unlink()
    (published / "small" / "000001" / "small.duckdb").rename(published / "small.duckdb")
    (published / "small" / "000001").rename(published / "small" / "20251128T185650807831Z")
    versions.point(published / "small" / "current", "20251128T185650807831Z")
    (published / "small" / ".20251128T195650807831Z" / "core").mkdir(parents=True)
    (published / ".small.77.duckdb").write_text("left")
    assert publish(shop).returncode == 0
    assert seen(shop) == 2
    assert names(shop) == ["small", "small.duckdb", "small/000001", "small/20251128T185650807831Z", "small/current"]


@pytest.mark.parametrize("broken", ["a text", "no link", "no versions", "copies for links"])
def test_a_publication_that_others_broke_is_replaced(shop: Path, broken: str) -> None:
    published = shop / "published"
    if broken == "a text":
        (published / "small" / "000001" / "small.duckdb").write_text("junk")
    elif broken == "no link":
        (published / "small" / "current").unlink()
    elif broken == "copies for links":
        shutil.copytree(published, shop / "copy")
        shutil.rmtree(published)
        (shop / "copy").rename(published)
    else:
        shutil.rmtree(published / "small")
    result = publish(shop)
    assert result.returncode == 0, result.stderr
    assert seen(shop) == 2


def test_a_clock_that_went_back_names_no_version_and_is_told(shop: Path) -> None:
    file = shop / "published" / "small.duckdb"
    versions_before = names(shop)
    with duckdb.connect(str(file.resolve())) as connection:
        connection.execute("update publication.published_tables set published_at = '2999-01-02 03:04:05'")
    result = publish(shop)
    assert "the last publication is of 2999-01-02 03:04. Set the clock." in result.stderr
    with duckdb.connect(str(file.resolve())) as connection:
        connection.execute("update publication.published_tables set published_at = '2025-01-02 03:04:05'")
    private = str(shop / "private.duckdb")
    with duckdb.connect(private) as connection:
        connection.execute("create schema campaigns")
        connection.execute("create table campaigns.decision_ledger as select date '2999-01-09' as decided_on")
    assert "the last launched decision is of 2999-01-07 00:00. Set the clock." in publish(shop).stderr
    with duckdb.connect(private) as connection:
        connection.execute("drop table campaigns.decision_ledger")
        connection.execute("update builds.runs set ended_at = '2999-01-01'")
    assert "the last build is of 2999-01-01 00:00. Set the clock." in publish(shop).stderr
    assert names(shop) == versions_before
    write_build(shop)
    assert publish(shop).returncode == 0


def test_two_publishes_write_one_after_the_other(shop: Path) -> None:
    held = os.open(shop / "published", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    process = start_apart(run_module, "operations.publish", **settings(shop))
    time.sleep(1.5)
    assert process.is_alive()
    assert seen(shop) == 1
    os.close(held)
    process.join(60)
    assert process.exitcode == 0
    assert seen(shop) == 2


@pytest.mark.slow
def test_the_shops_publication_is_one_version_in_both_formats() -> None:
    file = PROJECT_FOLDER / "published" / "precision_marketing.duckdb"
    current = file.resolve().parent
    assert current == (PROJECT_FOLDER / "published" / "precision_marketing" / "current").resolve()
    assert versions.leftovers(file) == []
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.sql(
            "select table_name, row_count, sequence_number, figures_number from publication.published_tables"
        ).fetchall()
        assert len(tables) > 40
        for place, row_count, number, figures_number in tables:
            parquet = current / f"{place.replace('.', '/')}.parquet"
            for rows in (place, f"'{parquet}'"):
                assert connection.sql(f"select count(*) from {rows}").fetchone() == (row_count,)
            assert figures_number <= number == versions.number_of(current)
    written = {f"{each.parent.name}.{each.stem}" for each in current.glob("*/*.parquet")}
    assert written == {place for place, *_ in tables}

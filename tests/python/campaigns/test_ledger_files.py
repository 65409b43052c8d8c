"""The ledger outlives its database: whatever is lost, nothing is launched twice or forgotten."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtRuns
from support.campaigns import change, copied, decide, rows
from support.operations import Killed, PowerCut

from operations.build import ledger as module
from operations.build.ledger import (
    LedgerError,
    keep_ledger,
    ledger_files,
    ledger_of,
    restore_ledger,
    stamp_of_ledger,
    write_generation,
)

ALL = "from campaigns.decision_ledger order by decision_id"
KEY, OTHER_KEY = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
COLUMNS = "decision_id text, campaign_id text, user_id text, revision_number bigint, build_id text"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Return where a database would be."""
    return tmp_path / "a shop's [1] data" / "shop.duckdb"


@contextmanager
def opened(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database as dbt does, its ledger restored."""
    warehouse.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        restore_ledger(connection, warehouse, KEY)
        connection.execute("create schema if not exists campaigns; create schema if not exists builds")
        connection.execute(f"create table if not exists campaigns.decision_ledger ({COLUMNS})")
        connection.execute("create table if not exists builds.runs (build_id text, whole_at timestamp)")
        yield connection


def launch(connection: duckdb.DuckDBPyConnection, campaign: str, users: int = 3) -> None:
    """Launch a campaign in a whole build."""
    connection.execute("insert into builds.runs values ($1, now())", [campaign])
    connection.execute(
        "insert into campaigns.decision_ledger select md5($1 || user), $1, user, 1, $1"
        " from (select 'u' || range as user from range($2))",
        [campaign, users],
    )


def decisions(warehouse: Path) -> list[tuple]:
    """Return what a database knows once it is opened."""
    with opened(warehouse) as connection:
        return connection.execute("select campaign_id, user_id from campaigns.decision_ledger order by all").fetchall()


def test_a_lost_database_launches_nothing_again(dbt: DbtRuns, raw_folder: Path, campaigns: Path) -> None:
    warehouse = copied(dbt, campaigns)
    assert decide(dbt, raw_folder).exit_code == 0
    frozen = rows(warehouse, ALL)
    assert frozen
    assert len(ledger_files(ledger_of(warehouse))) == 1
    # all that was launched is gone with the database; another one has scores, but no ledger
    change(warehouse, "drop table campaigns.decision_ledger; drop schema builds cascade")
    result = decide(dbt, raw_folder)
    assert result.exit_code == 0, result.output
    assert f"Restored {len(frozen):,} launched decisions from {ledger_of(warehouse)}." in result.output
    assert rows(warehouse, ALL) == frozen


def test_files_are_only_added(warehouse: Path) -> None:
    with opened(warehouse) as connection:
        for campaign in ("first", "second"):
            launch(connection, campaign)
            before = {file.path: file.path.read_bytes() for file in ledger_files(ledger_of(warehouse))}
            assert keep_ledger(connection, warehouse, KEY) == ""
            assert before.items() <= {path: path.read_bytes() for path in before}.items()
        assert keep_ledger(connection, warehouse, KEY) == ""
    assert [(file.generation, file.number) for file in ledger_files(ledger_of(warehouse))] == [(1, 1), (1, 2)]


def test_a_build_that_is_not_whole_leaves_nothing_in_the_files(warehouse: Path) -> None:
    with opened(warehouse) as connection:
        launch(connection, "whole")
        launch(connection, "killed")
        connection.execute("update builds.runs set whole_at = null where build_id = 'killed'")
        keep_ledger(connection, warehouse, KEY)
    warehouse.unlink()
    assert {campaign for campaign, _ in decisions(warehouse)} == {"whole"}


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_a_file_that_is_gone_is_written_anew_or_named(warehouse: Path, harm: str) -> None:
    with opened(warehouse) as connection:
        for campaign in ("first", "second"):
            launch(connection, campaign)
            keep_ledger(connection, warehouse, KEY)

    def harmed() -> Path:
        first = ledger_files(ledger_of(warehouse))[0].path
        first.unlink() if harm == "lost" else first.write_bytes(first.read_bytes()[:-9] + b"x" * 9)
        return first

    harmed()
    everything = decisions(warehouse)
    assert len(everything) == 6
    with opened(warehouse) as connection:
        launch(connection, "third")
        assert "written anew from the database" in keep_ledger(connection, warehouse, KEY)
        launch(connection, "fourth")
        keep_ledger(connection, warehouse, KEY)
    kept = decisions(warehouse)
    warehouse.unlink()
    assert decisions(warehouse) == kept
    # nobody knows any more what it held
    warehouse.unlink()
    first = harmed()
    with pytest.raises(LedgerError, match=r"file 1 of the ledger .* is missing" if harm == "lost" else first.name):
        decisions(warehouse)


def test_a_ledger_of_another_key_is_refused(warehouse: Path) -> None:
    with opened(warehouse) as connection:
        launch(connection, "first")
        keep_ledger(connection, warehouse, OTHER_KEY)
    warehouse.unlink()
    with pytest.raises(LedgerError, match=f"fingerprint {OTHER_KEY}, the key of now is {KEY}"):
        decisions(warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        assert restore_ledger(connection, warehouse, None) == 3


def test_a_ledger_says_whose_key_named_its_users(warehouse: Path) -> None:
    assert stamp_of_ledger(warehouse) is None
    with opened(warehouse) as connection:
        for campaign, key in (("first", KEY), ("second", OTHER_KEY)):
            launch(connection, campaign)
            keep_ledger(connection, warehouse, key)
    # what is damaged says nothing: the next build writes it anew
    for file, told in zip(reversed(ledger_files(ledger_of(warehouse))), (OTHER_KEY, KEY), strict=True):
        assert stamp_of_ledger(warehouse) == told
        file.path.write_bytes(b"half")
    assert stamp_of_ledger(warehouse) is None


def test_a_file_in_the_folders_place_is_named(warehouse: Path) -> None:
    warehouse.parent.mkdir()
    ledger_of(warehouse).touch()
    with pytest.raises(LedgerError, match="is no folder"):
        decisions(warehouse)


def test_an_older_ledger_gains_the_columns_of_today(warehouse: Path) -> None:
    with opened(warehouse) as connection:
        launch(connection, "first")
        keep_ledger(connection, warehouse, KEY)
        connection.execute("alter table campaigns.decision_ledger add column channel text default 'sms'")
        launch_again = "insert into campaigns.decision_ledger values ('d', 'second', 'u', 1, 'second', 'mail')"
        connection.execute(launch_again)
        keep_ledger(connection, warehouse, KEY)
        connection.execute("create table builds.ledger_migrations as select 2 as number")
    warehouse.unlink()
    with opened(warehouse) as connection:
        found = connection.execute("select channel from campaigns.decision_ledger order by all").fetchall()
        assert found == [("mail",), *[(None,)] * 3]
        assert not connection.execute("from duckdb_tables() where table_name = 'ledger_migrations'").fetchall()


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> PowerCut:
    """Cut the power at the n-th write of files."""
    cut = PowerCut(step)
    for name in ("_write", "_note"):
        monkeypatch.setattr(module, name, cut(getattr(module, name)))
    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, cut(getattr(Path, name)))
    return cut


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_can_happen_loses_or_doubles_a_decision(
    warehouse: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Launches, erasures of the ledger's users, power cuts, lost files and databases, old copies."""
    draw = random.Random(seed)
    old_copy = warehouse.with_name("copy.duckdb")
    # campaign, and the last renaming of its users that came to its end
    campaigns: dict[str, int] = {}
    for turn in range(20):
        action = draw.choice(["launch", "launch", "rename", "lose database", "lose file", "copy", "put copy back"])
        with monkeypatch.context() as cut:
            power = killed_at(draw.randint(1, 6), cut) if draw.random() < 0.4 else None
            try:
                with opened(warehouse) as connection:
                    if action == "launch":
                        campaigns[f"c{turn}"] = -1
                        launch(connection, f"c{turn}")
                    elif action == "rename" and connection.execute("from campaigns.decision_ledger").fetchall():
                        # as erasure and rotation do: the files before the database
                        connection.begin()
                        connection.execute(
                            "update campaigns.decision_ledger set user_id = split_part(user_id, '-', 1) || '-' || $1",
                            [str(turn)],
                        )
                        write_generation(connection, warehouse, KEY)
                        connection.commit()
                        campaigns = dict.fromkeys(campaigns, turn)
                    keep_ledger(connection, warehouse, KEY)
            except Killed:
                assert power.has_come
        with opened(warehouse) as connection:
            keep_ledger(connection, warehouse, KEY)
            launched = connection.execute(
                "select campaign_id, list(split_part(user_id, '-', 1) order by user_id),"
                " min(coalesce(try_cast(split_part(user_id, '-', 2) as integer), -1)),"
                " count(distinct split_part(user_id, '-', 2)) from campaigns.decision_ledger group by all"
            ).fetchall()
        assert {campaign: users for campaign, users, *_ in launched} == {
            campaign: ["u0", "u1", "u2"] for campaign in campaigns
        }
        # who was renamed is known by one name, and never again by a former one
        assert all(last >= campaigns[campaign] and names == 1 for campaign, _, last, names in launched)
        if action == "lose database":
            warehouse.unlink()
        elif action == "lose file" and (files := ledger_files(ledger_of(warehouse))):
            draw.choice(files).path.unlink()
        elif action == "copy":
            shutil.copy(warehouse, old_copy)
        elif action == "put copy back" and old_copy.exists():
            shutil.copy(old_copy, warehouse)

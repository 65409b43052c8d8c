"""What a build keeps of the one before: nothing of which a part changed, or that anybody else wrote."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from operations.build import reuse

NOW = {"files": "f", "code": "c", "plan": "p", "settings": "s", "forgotten": "l", "day": "d"}
START = datetime(2026, 3, 2, 8)


@pytest.fixture
def database(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database without a run."""
    connection = duckdb.connect()
    connection.execute("create schema builds")
    connection.execute("create table builds.runs (started_at timestamp, whole_at timestamp, made_of text)")
    connection.execute("create table builds.nodes (node_id text, trouble text)")
    return connection


def note(connection: duckdb.DuckDBPyConnection, scope: str | None, *, is_whole: bool = True, **other: str) -> None:
    """Note a run that was made of what is there now, but for `other`."""
    [(count,)] = connection.execute("select count(*) from builds.runs").fetchall()
    at = START + timedelta(hours=count)
    told = json.dumps({"scope": scope, **NOW, **other})
    connection.execute("insert into builds.runs values ($1, $2, $3)", [at, at if is_whole else None, told])


def chosen(connection: duckdb.DuckDBPyConnection, folder: Path) -> reuse.Choice:
    """Return what is to be built now."""
    return reuse.choose(connection, folder / "shop.duckdb", NOW)


def test_nothing_is_built_where_nothing_is_new(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert chosen(database, tmp_path) == ("build", "", [])
    note(database, "build")
    found = chosen(database, tmp_path)
    assert (found.scope, found.stale) == (None, [])
    assert found.sentence.startswith("Nothing is new since the build of 2026-03-02 08:00 UTC")
    note(database, "launch")
    assert chosen(database, tmp_path) == found


@pytest.mark.parametrize("part", reuse.PARTS)
@pytest.mark.parametrize("last", [(), ("launch",)], ids=["at once", "after a launch"])
def test_all_is_built_where_a_part_changed(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, part: str, last: tuple[str, ...]
) -> None:
    note(database, "build", **{part: "other"})
    for scope in last:
        note(database, scope)
    found = chosen(database, tmp_path)
    assert found.scope == "build"
    assert f"{reuse.PARTS[part]} changed since the build of 2026-03-02 08:00 UTC." in found.sentence


def test_a_part_that_changed_and_changed_back_counts(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build")
    note(database, "launch", code="other")
    assert chosen(database, tmp_path).scope == "build"


def test_all_is_built_after_a_command_of_somebody(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build")
    note(database, None)
    note(database, "launch")
    assert "another command wrote tables on 2026-03-02 09:00 UTC." in chosen(database, tmp_path).sentence
    note(database, "build")
    assert chosen(database, tmp_path).scope is None


def test_a_changed_plan_builds_what_follows_from_it(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build", plan="other")
    found = chosen(database, tmp_path)
    assert found.scope == "plan"
    assert reuse.selection(found)[:2] == ["--select", "path:seeds/campaigns+"]
    note(database, "launch")
    assert chosen(database, tmp_path).scope is None


def test_a_ledger_that_the_database_lacks_is_built(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build")
    folder = tmp_path / "shop.ledger"
    folder.mkdir()
    (folder / f"0001-000001-{'0' * 16}.parquet").touch()
    assert chosen(database, tmp_path).scope == "plan"
    database.execute(f"create table builds.ledger_files as select '0001-000001-{'0' * 16}.parquet' as file_name")
    assert chosen(database, tmp_path).scope is None


def test_what_a_stopped_build_left_is_built(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build", is_whole=False)
    assert "was stopped at its end" in chosen(database, tmp_path).sentence
    database.execute(
        "insert into builds.nodes values ('model.shop.orders', 'stale'), ('test.shop.is_one.1f', 'failed')"
    )
    found = chosen(database, tmp_path)
    assert found.scope == "rest"
    assert reuse.selection(found)[:3] == ["--select", "orders+", "is_one+"]
    note(database, "rest", is_whole=False, plan="other")
    assert "the plan changed" in chosen(database, tmp_path).sentence


def test_a_fault_in_the_plan_costs_no_build_of_everything(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    note(database, "build", plan="before")
    note(database, "plan", is_whole=False, plan="faulty")
    note(database, "plan", is_whole=False, plan="faulty too")
    database.execute("insert into builds.nodes values ('model.shop.plan_faults', 'failed')")
    assert chosen(database, tmp_path).scope == "plan"
    database.execute("update builds.runs set whole_at = null")
    assert chosen(database, tmp_path).scope == "build"


def test_every_part_is_seen_to_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "files": "shop/orders.csv",
        "code": "models/core/orders.sql",
        "plan": "seeds/campaigns/offers.csv",
        "forgotten": "privacy/your_shop/forgotten.csv",
    }
    monkeypatch.setattr(reuse, "PROJECT_FOLDER", tmp_path)
    monkeypatch.setenv("SOURCE", "your_shop")
    monkeypatch.setenv("SHOP_DIR", str(tmp_path / "shop"))
    monkeypatch.delenv("PRIVACY_DIR", raising=False)
    before = json.loads(reuse.made_of({}))
    for part, name in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1")
        after = json.loads(reuse.made_of({}))
        assert [each for each in after if after[each] != before[each]] == [part]
        before = after
    for name in ("tests/data/a_rule.sql", "tests/generic/a_rule.sql", "selectors.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        after = json.loads(reuse.made_of({}))
        assert after["code"] != before["code"], name
        before = after
    (tmp_path / "models/core/orders.sql").rename(tmp_path / "models/orders.sql")
    assert json.loads(reuse.made_of({}))["code"] != before["code"], "another folder, another schema"
    monkeypatch.setenv("PSEUDONYM_KEY", "another key of at least thirty-two signs")
    assert json.loads(reuse.made_of({}))["settings"] != before["settings"]
    assert json.loads(reuse.made_of({"launch": "with_build"}))["settings"] != json.loads(reuse.made_of({}))["settings"]


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("scope", [None, "build", "rest", "plan"])
def test_dbt_tests_nothing_again_where_a_build_would_change_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scope: str | None, is_told: bool
) -> None:
    monkeypatch.setattr(reuse, "choice", lambda: reuse.Choice(scope, "Nothing is new", []))
    monkeypatch.setattr(reuse, "is_told", lambda: is_told)
    assert reuse.main(["tests"]) == (scope is not None)
    assert ("make test FULL=1" in capsys.readouterr().out) == (scope is None)
    # what people read is no matter of tests, but of builds
    assert reuse.main([]) == (scope is not None or not is_told)

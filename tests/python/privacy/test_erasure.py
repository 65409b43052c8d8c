"""A forgotten user is in no byte of any file, and no build brings them back."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, VAULT_KEY, DbtRuns, attach_vault, pseudonym, vault_of
from support.campaigns import VARS, rows
from support.databases import PASSWORD, Database
from support.erasable_shop import ANNA, BUILT, EXPORTS, KEY, TEXTS, Shop, erasable_shop

from operations.build.ledger import ledger_of
from operations.personal_data.postgres_copy import rows_in_postgres
from operations.privacy.vault import attach_encrypted
from operations.publish.postgres.copying import PUBLISH_LOCK

# Where the shop lies: a path that each quoting has to survive.
FOLDER = "anna's shop [商店] 100%;"
# A command that is killed before what it wrote into the log is in the files.
KILLED = """
import os, sys
from pathlib import Path
import duckdb
from operations.privacy.vault import attach_encrypted
connection = duckdb.connect(sys.argv[1])
attach_encrypted(connection, Path(sys.argv[2]), "vault", sys.argv[3])
connection.execute("set checkpoint_threshold = '1GB'")
connection.execute("insert into core.orders from core.orders")
connection.execute("update vault.people set email = 'new.' || email")
os._exit(9)
"""


@pytest.fixture
def shop(shop_dbt: DbtRuns) -> Shop:
    return erasable_shop(shop_dbt, FOLDER)


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, a minute at most."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not happened():
        time.sleep(0.001)


def test_no_byte_is_left_and_no_build_brings_them_back(shop: Shop) -> None:
    told = [*ANNA, pseudonym("id-anna")]
    result = shop.run("run-operation", "export_user", "--args", '{"user_id": "anna@example.com"}')
    assert result.exit_code == 0, result.output
    (export,) = (shop.folder / "privacy" / "your_shop" / "exports").iterdir()
    assert export.stat().st_mode & 0o777 == 0o600
    held = json.loads(export.read_text())
    assert held["tables"]["vault.people"][0]["source_user_id"] == "id-anna"
    assert len(held["raw_files"]["transactions/1.csv"]) == 2
    for kind in ("exported_files", "handed_over_files"):
        assert len(held[kind]["mail/v1/contacts.csv"]) == 1
    assert len(held["tables"]["core.rejected_rows"]) == 1
    assert "carla" not in json.dumps(held)
    # the search would find them
    assert (shop.dbt.folder / "logs" / "dbt.log").exists()
    before = shop.files_telling(told)
    assert {
        "users.csv",
        "1.csv",
        "events.parquet",
        "orders.parquet",
        "your_shop.duckdb",
        "building.duckdb",
        "contacts.csv",
        export.name,
    } <= set(before)
    # what stands for a device is nowhere but in the shop's own file
    assert {name for name, texts in before.items() if ANNA[-1] in texts} == {"order_tokens.csv", export.name}
    everything = {file: file.read_bytes() for file in (shop.folder / "raw").rglob("*.*")}

    result = shop.forget(user_id="anna@example.com")
    assert result.exit_code == 0, result.output
    assert shop.files_telling(told) == {}
    receipt = shop.receipt()
    told_once = dict.fromkeys(("order_disputes.csv", "order_tokens.csv", "users.csv"), 1)
    assert receipt["raw_files"] == {"events.parquet": 3, "transactions/1.csv": 2, **told_once}
    assert receipt["published_tables"] == {"core.orders": 1}
    with duckdb.connect(str(shop.folder / "published" / "your_shop.duckdb"), read_only=True) as connection:
        assert connection.sql("select row_count from publication.published_tables").fetchall() == [(2,)]
    assert receipt["vault_tables"] == {"main.people": 1}
    # whose bytes are encrypted
    with duckdb.connect() as connection:
        attach_vault(connection, shop.warehouse)
        left = connection.sql("select source_user_id from vault.people").fetchall()
    assert sorted(left) == [("id-boris",), ("id-carla",)]
    assert receipt["exports"] == 1
    # what is said of others is what was said, to the byte
    for name, line in (("users.csv", 1), ("transactions/1.csv", None)):
        text = everything[shop.folder / "raw" / name]
        lines = text.splitlines(keepends=True)
        kept = [each for each in lines if b"anna" not in each.lower()]
        if line:
            kept = [each for each in kept if "Zwölfer" not in each.decode()]
        assert (shop.folder / "raw" / name).read_bytes() == b"".join(kept)
    for name in EXPORTS:
        channel = shop.folder / name / "your_shop" / "mail"
        contacts = (channel / "v1" / "contacts.csv").read_bytes()
        for file in (channel / "v1" / "manifest.json", channel / "current.json"):
            manifest = json.loads(file.read_text())
            assert manifest["rows"] == manifest["campaigns"][0]["rows"] == 2
            assert manifest["sha256"] == hashlib.sha256(contacts).hexdigest()

    # the shop delivers everything again
    for file, content in everything.items():
        file.write_bytes(content)
    shop.build(retention="{events: 1}", tested=tuple(name.removeprefix("+") for name in BUILT))
    assert rows(shop.warehouse, "select count(distinct user_id) from core.orders") == [(2,)]
    assert rows(shop.warehouse, "select * from core.rows_left_out where row_count > 0 order by 1") == [
        ("events", "erased", 3),
        ("events", "expired", 6),
        ("order_disputes", "erased", 1),
        ("order_tokens", "erased", 1),
        ("transactions", "erased", 2),
        ("users", "erased", 1),
    ]
    assert rows(shop.warehouse, "select count(*) from core.events") == [(0,)]
    assert set(shop.files_telling(told)) == {"1.csv", "events.parquet", *told_once}
    # once more is no error, and takes what came again
    result = shop.forget(user_id="id-anna")
    assert result.exit_code == 0, result.output
    assert shop.files_telling(told) == {}
    listed = shop.folder / "privacy" / "your_shop" / "forgotten.csv"
    assert len(listed.read_text().splitlines()) == 2


def test_who_is_not_known_stops_all_of_the_batch(shop: Shop) -> None:
    before = {file: file.read_bytes() for file in shop.folder.rglob("*.*") if file.is_file()}
    built = shop.warehouse.read_bytes()
    batch = shop.folder / "batch.csv"
    batch.write_text("user_id\nid-anna\nid-nobody\n")
    fault = shop.answer(file=batch)["fault"]
    assert fault.startswith("Nothing was erased: nobody is known by name 2 of 2")
    assert "id-nobody" not in fault
    batch.unlink()
    assert before == {file: file.read_bytes() for file in shop.folder.rglob("*.*") if file.is_file()}
    assert shop.warehouse.read_bytes() == built


def test_before_any_build_nobody_is_forgotten(shop: Shop) -> None:
    for file in (shop.warehouse, vault_of(shop.warehouse)):
        file.unlink()
    result = shop.forget(user_id="id-anna")
    assert result.exit_code != 0
    assert "Nothing was erased: " in result.output
    assert "has no table people: build the shop first." in result.output


def test_whom_the_shop_has_deleted_already_is_forgotten_everywhere_else(shop: Shop) -> None:
    raw = shop.folder / "raw"
    for file in (raw / "users.csv", raw / "transactions" / "1.csv"):
        file.write_text(re.sub(r'id-anna[^"\n]*"Anna[^"]*"[^\n]*\n|[^\n]*id-anna[^\n]*\n', "", file.read_text()))
    events = raw / "events.parquet"
    pattern = str(events).replace("[", "[[]")
    left = duckdb.sql("from read_parquet($1) where user_id <> 'id-anna'", params=[pattern])
    left.write_parquet(str(events))
    told = pseudonym("id-anna")
    # a build of these files makes what lacks her
    with duckdb.connect(str(shop.warehouse)) as connection:
        attach_encrypted(connection, vault_of(shop.warehouse), "vault", VAULT_KEY)
        for (table,) in connection.execute(
            "select database_name || '.' || schema_name || '.' || table_name from duckdb_columns() where not internal"
            " and column_name = 'user_id' and table_oid in (select table_oid from duckdb_tables())"
        ).fetchall():
            connection.begin()
            connection.execute(f"delete from {table} where user_id = $1", [told])
            connection.commit()
        connection.execute("truncate core.rejected_rows")
    assert rows(shop.warehouse, f"select * from core.orders where user_id = '{told}'") == []
    # the publication and the contacts of before still tell of her
    assert {"your_shop.duckdb", "orders.parquet", "contacts.csv"} <= set(shop.files_telling([told]))
    assert shop.answer("id-anna")["published_tables"] == {"core.orders": 1}
    assert shop.files_telling([told]) == {}
    # of somebody unknown it is said where was searched
    fault = shop.answer("id-nobody")["fault"]
    for place in (shop.warehouse, "published/your_shop.duckdb", "exports/your_shop", "raw"):
        assert str(place) in fault.split("Searched: ")[1]


def test_a_file_that_cannot_be_read_stops_before_anybody_loses_a_row(shop: Shop) -> None:
    delivery = shop.folder / "raw" / "transactions" / "2.csv"
    header, *_ = TEXTS["transactions/1.csv"].splitlines()
    lines = [f"t{n},o{n},{user},p1,1,2.50,2026-03-2{n} 09:26:53" for n, user in enumerate(("id-carla", "id-anna"), 5)]
    delivery.write_text("\n".join([header, lines[0].replace("id-carla", '"id-carla'), *lines, ""]))
    before = {file: file.read_bytes() for file in shop.folder.rglob("*.*") if file.is_file()}
    result = shop.forget(user_id="id-anna")
    assert result.exit_code != 0
    assert f"{delivery}, line 2: " in result.output
    assert "Mend the file first" in result.output
    assert "Traceback" not in result.output
    assert {file: file.read_bytes() for file in shop.folder.rglob("*.*") if file.is_file()} == before


def test_who_stands_in_the_files_alone_is_forgotten_too(shop: Shop) -> None:
    users = shop.folder / "raw" / "users.csv"
    before = users.read_bytes()
    users.write_bytes(before + b"id-dora;dora@example.com;Dora;\r\n")
    letter = shop.folder / "raw" / "letter.txt"
    letter.write_text("id-dora writes")
    receipt = shop.answer("id-dora")
    assert users.read_bytes() == before
    assert f"links or no files that a build reads: {letter}" in receipt["notes"][0]


@pytest.mark.parametrize(
    "changed",
    [
        f"{FOLDER}/privacy/your_shop/forgotten.csv",
        f"{FOLDER}/raw/transactions/1.csv",
        f"{FOLDER}/raw/users.csv",
        f"{FOLDER}/exports/your_shop/mail/v1/contacts.csv",
        f"{FOLDER}/published/your_shop.duckdb",
        "building.duckdb.new",
        "building.vault.duckdb.new",
    ],
)
def test_a_batch_that_was_killed_is_finished_by_the_next_call(shop: Shop, changed: str) -> None:
    batch = shop.folder.parent / f"{shop.folder.name}.csv"
    batch.write_text(f"user_id\nid-anna\n{pseudonym('id-boris')}\n")
    file = shop.folder.parent / changed
    before = file.stat().st_ino if file.exists() else None
    running = shop.start(batch)
    wait_for(lambda: file.exists() and file.stat().st_ino != before)
    running.kill()
    running.join()
    assert running.exitcode == -signal.SIGKILL
    listed = shop.folder / "privacy" / "your_shop" / "forgotten.csv"
    assert listed.exists()
    told = [*ANNA, pseudonym("id-anna"), "id-boris", "boris@example.com"]
    assert shop.files_telling(told) != {}
    assert len(shop.answer(file=batch)["users"]) == 2
    batch.unlink()
    assert shop.files_telling(told) == {}
    # the receipts of both calls tell of each row once
    told_of: dict[str, Counter] = defaultdict(Counter)
    for receipt in map(json.loads, map(Path.read_text, (listed.parent / "receipts").iterdir())):
        assert "pending" not in receipt
        for kind in ("raw_files", "published_files", "published_tables", "vault_tables", "exported_files"):
            told_of[kind].update(receipt.get(kind, {}))
    assert told_of == {
        "raw_files": {
            **{"events.parquet": 3, "transactions/1.csv": 3, "users.csv": 2},
            **{"order_disputes.csv": 1, "order_tokens.csv": 1},
        },
        "published_files": {f"00000{number}/core/orders.parquet": 2 for number in (1, 2)},
        "published_tables": {"core.orders": 2},
        "vault_tables": {"main.people": 2},
        "exported_files": {"mail/v1/contacts.csv": 2},
    }
    assert rows(shop.warehouse, "select count(distinct user_id) from core.orders") == [(1,)]


def test_what_waits_in_logs_does_not_come_back(shop: Shop) -> None:
    files = (shop.warehouse, vault_of(shop.warehouse))
    logs = [Path(f"{file}.wal") for file in files]
    command = [sys.executable, "-c", KILLED, *map(str, files), VAULT_KEY]
    assert subprocess.run(command, cwd=PROJECT_FOLDER, check=False).returncode == 9
    assert all(log.stat().st_size for log in logs)
    # dbt's connection is what tidies up
    arguments = ("--args", '{"user_id": "id-anna"}')
    running = shop.dbt.start("--quiet", "run-operation", "forget_user", *arguments, **shop.settings())
    writing = Path(f"{shop.warehouse}.new")
    wait_for(writing.exists)
    # killed from here on, it would leave them beside files that were written anew
    assert not [log for log in logs if log.exists()]
    assert running.wait().exit_code == 0
    assert shop.files_telling(ANNA) == {}
    with duckdb.connect(str(shop.warehouse), read_only=True) as connection:
        attach_vault(connection, shop.warehouse)
        assert connection.sql(
            "select source_user_id, email, (select count(*) from core.orders) from vault.people order by all"
        ).fetchall() == [("id-boris", "new.boris@example.com", 4), ("id-carla", "new.carla@example.com", 4)]


def test_who_is_forgotten_leaves_postgresql_too(shop: Shop, database: Database) -> None:
    anna, carla = pseudonym("id-anna"), pseudonym("id-carla")
    file = shop.folder / "published" / "your_shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create table core.users as select distinct user_id, 'north' as region,"
            " from core.orders; alter table core.users add primary key (user_id);"
            " comment on table core.users is 'One row per user.'; create schema if not exists publication;"
            " create or replace table publication.published_tables as"
            " select unnest(['core.orders', 'core.users']) as table_name,"
            " 'your_shop' as source, 3 as row_count"
        )
    database.publish(file)
    assert rows_in_postgres(database.url, "your_shop", [anna, carla]) == {"core.orders": 2, "core.users": 2}
    # the same id may be another user's in another shop
    assert rows_in_postgres(database.url, "demo_shop", [anna]) == {}

    def forget(url: str) -> dict:
        return shop.answer("anna@example.com", POSTGRES_URL=url, PGPASSWORD=PASSWORD)

    told = forget("postgresql://publisher@127.0.0.1:1/away")
    assert told["fault"].startswith("Nothing was erased: cannot look into PostgreSQL: ")
    assert not (shop.folder / "privacy").exists()
    with database.connect("publisher") as other:
        other.execute("select pg_advisory_xact_lock(%s)", [PUBLISH_LOCK])
        told = forget(database.url)
    assert told["fault"].startswith("Stopped, run it again: another process publishes")
    assert rows_in_postgres(database.url, "your_shop", [anna]) != {}
    assert forget(database.url)["postgres_tables"] == {"core.orders": 1, "core.users": 1}
    users = database.rows("publisher", "select user_id from core.orders order by 1")
    assert users == sorted([(pseudonym("id-boris"),), (carla,)])
    # the file that was written anew explains itself as before
    described = "select obj_description('core.users'::regclass)"
    assert database.rows("publisher", described) == [("One row per user.",)]
    with duckdb.connect(str(file), read_only=True) as connection:
        keyed = "select has_primary_key from duckdb_tables() where table_name = 'users'"
        assert connection.execute(keyed).fetchall() == [(True,)]
    # nor in a byte of any table's file, once the server has tidied its statistics
    database.change("vacuum full pg_statistic", "checkpoint")
    tables = Path(database.server["PGHOST"]) / "data" / "base"
    files = [file.read_bytes() for file in tables.rglob("*") if file.is_file()]
    assert any(carla.encode() in content for content in files)
    assert not any(anna.encode() in content for content in files)


def test_launched_decisions_stay_as_a_count(dbt: DbtRuns, raw_folder: Path, campaigns: Path, tmp_path: Path) -> None:
    warehouse = dbt.begin()
    for made, place in ((campaigns, warehouse), (vault_of(campaigns), vault_of(warehouse))):
        if made.exists():
            shutil.copy(made, place)
    settings = {
        "warehouse": warehouse,
        "raw_folder": raw_folder,
        "environment": {"PRIVACY_DIR": str(tmp_path), "PUBLISHED_DIR": str(tmp_path / "none"), "ERASURE_KEY": KEY},
    }
    people = dbt.run("build", "--select", "people", VARS, **settings)
    assert people.exit_code == 0, people.output
    counted = (
        "select campaign_id, decision, arm, offer_id, count(*),"
        " round(sum(expected_cost), 6)"
        " from campaigns.decision_ledger group by all order by all"
    )
    before = rows(warehouse, counted)
    ((user,),) = rows(warehouse, "select min(user_id) from campaigns.decision_ledger where decision = 'contact'")
    kept = "select count(*) from read_parquet($1) where user_id = $2"
    parameters = [str(ledger_of(warehouse) / "*.parquet"), user]
    assert duckdb.execute(kept, parameters).fetchall() != [(0,)]
    result = dbt.run("run-operation", "forget_user", VARS, "--args", json.dumps({"user_id": user}), **settings)
    assert result.exit_code == 0, result.output
    assert rows(warehouse, counted) == before
    assert user.encode() not in warehouse.read_bytes()
    assert duckdb.execute(kept, parameters).fetchall() == [(0,)]
    erased = (
        "select distinct reasons, segment_name, score from campaigns.decision_ledger"
        " where starts_with(user_id, 'erased-')"
    )
    assert rows(warehouse, erased) == [("erased", None, None)]
    # what is left of the user's rows elsewhere is gone: no need to build it anew
    again = dbt.run(
        "build",
        "--select",
        "+users",
        "dec_launched_decisions+,+campaign_audience",
        "--exclude-resource-type=test",
        "--exclude-resource-type=unit_test",
        VARS,
        **settings,
    )
    assert again.exit_code == 0, again.output
    assert rows(warehouse, counted) == before
    assert rows(warehouse, f"select count(*) from core.users where user_id = '{user}'") == [(0,)]
    assert rows(
        warehouse, "select count(*) from campaigns.campaign_audience where starts_with(user_id, 'erased-')"
    ) == [(0,)]
    (receipt,) = (tmp_path / "complete_journey" / "receipts").iterdir()
    assert "come with a package" in json.loads(receipt.read_text())["notes"][0]
    assert user not in receipt.read_text()
    with duckdb.connect() as connection:
        attach_vault(connection, warehouse)
        assert not connection.execute("from vault.people where user_id = $1", [user]).fetchall()


def test_another_erasure_key_stops_the_build(shop: Shop) -> None:
    """Under another key nobody on the list is known, and a late delivery would bring all back."""
    result = shop.run("seed", ERASURE_KEY="k" * 48)
    assert result.exit_code != 0
    assert "Put the key of then back into .secrets/erasure.key." in result.output
    assert "Traceback" not in result.output


def test_a_retention_that_is_no_number_of_days_stops_the_build(shop: Shop) -> None:
    days = "{user: 9, events: 0, reviews: soon}"
    result = shop.run("build", "--select", "int_rows_counted", f"--vars={{retention_days: {days}}}")
    assert result.exit_code != 0
    for sentence in (
        "Var retention_days.user: there is no such var. There are transactions, events",
        "Var retention_days.events: expected a whole number from 1 on or null, found 0.",
        'Var retention_days.reviews: expected a whole number from 1 on or null, found "soon".',
    ):
        assert sentence in result.output

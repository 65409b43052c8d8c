"""Each shop has pseudonyms of its own: nobody can join the users of two, not even under one key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from dbt_common.exceptions import DbtRuntimeError
from support.builds import (
    PSEUDONYM_KEY,
    VAULT_KEY,
    DbtResult,
    DbtRuns,
    attach_vault,
    package_folder,
    pseudonym,
    vault_of,
)
from support.operations import Killed, PowerCut
from support.shops import LINE_COLUMNS, write_shop

from operations.build.ledger import keep_ledger, ledger_of, stamp_of_ledger, write_generation
from operations.places import PROJECT, shop_named
from operations.privacy import rotate_keys
from operations.privacy.keys import fingerprint, keyed_name, shop_key
from operations.privacy.vault import attach_encrypted
from profiles import connection

SHOPS = ("your_shop", "demo_shop")
# Two are customers of both shops.
USERS = {shop: ["id-anna", "id-boris", f"id-of-{shop}"] for shop in SHOPS}
# Who a user is, and some rows of theirs.
BUILT = ("+people", *(f"+int_{entity}_checked" for entity in ("users", "transactions", "events", "reviews")))
LINES = "cleaning.int_transactions_checked"
ERASURE_KEY = "a key for tests that hides who was forgotten"
OTHER_KEY = "another key, as long as it must be, no more"


class TwoShops:
    """Two shops of one project, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def warehouse(self, shop: str) -> Path:
        """Return the database of a shop; all of one name, by which dbt parses them."""
        return self.folder / shop / "building.duckdb"

    def run(self, shop: str, *arguments: str, **environment: str) -> DbtResult:
        """Run dbt on a shop."""
        folder = self.folder / shop
        places = {f"{name.upper()}_DIR": str(self.folder / name) for name in ("privacy", "published", "exports")}
        return DbtRuns(folder).run(
            *arguments,
            warehouse=self.warehouse(shop),
            raw_folder=package_folder(),
            source=shop,
            environment={"SHOP_DIR": str(folder / "raw"), "ERASURE_KEY": ERASURE_KEY, **places, **environment},
        )

    def ask(self, shop: str, operation: str, user: str, **environment: str) -> DbtResult:
        """Run an operation about a user."""
        return self.run(
            shop, "--quiet", "run-operation", operation, "--args", json.dumps({"user_id": user}), **environment
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> TwoShops:
    """Build both shops under one key; each has launched a decision for every user."""
    shops = TwoShops(tmp_path_factory.mktemp("shops"))
    for shop, users in USERS.items():
        lines = [f"t{user},o{user},{user},p1,1,2.50,2026-03-04 10:00:00" for user in users]
        files = {
            "users.csv": "\n".join(["user_id,email", *(f"{user},{user}@example.com" for user in users)]),
            "products.csv": "product_id,product_name,list_price\np1,Tea,2.50",
            "transactions.csv": "\n".join([LINE_COLUMNS, *lines]),
        }
        write_shop(shops.folder / shop / "raw", files)
        without_tests = ("--exclude-resource-type=test", "--exclude-resource-type=unit_test")
        result = shops.run(shop, "build", *without_tests, "--select", *BUILT)
        assert result.exit_code == 0, result.output
        with duckdb.connect(str(shops.warehouse(shop))) as connection:
            connection.execute("create schema campaigns")
            connection.execute(
                "create table campaigns.decision_ledger as select md5(user_id) as decision_id, 'c' as campaign_id,"
                " user_id, 'contact' as decision, 'treatment' as arm, 1 as revision_number, 'why' as reasons,"
                f" null::text as corrects_decision_id from {LINES}"
            )
            ((stamp,),) = connection.execute("select distinct pseudonym_key from builds.runs").fetchall()
            keep_ledger(connection, shops.warehouse(shop), stamp)
    return shops


@pytest.fixture
def shops(built: TwoShops, tmp_path: Path) -> TwoShops:
    """Copy both shops."""
    shutil.copytree(built.folder, tmp_path / "shops")
    return TwoShops(tmp_path / "shops")


@pytest.fixture
def project(shops: TwoShops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Place copies of both shops as a project has them, keys in files, and work there."""
    for shop in SHOPS:
        for file in (shops.warehouse(shop), vault_of(shops.warehouse(shop)), ledger_of(shops.warehouse(shop))):
            place = tmp_path / "warehouse" / file.name.replace("building", shop)
            place.parent.mkdir(exist_ok=True)
            shutil.copytree(file, place) if file.is_dir() else shutil.copy(file, place)
    for name, key in (("vault", VAULT_KEY), ("pseudonym", PSEUDONYM_KEY)):
        write_shop(tmp_path, {f".secrets/{name}.key": key})
        (tmp_path / ".secrets" / f"{name}.key").chmod(0o600)
        monkeypatch.delenv(f"{name.upper()}_KEY", raising=False)
    for name in ("WAREHOUSE", "SOURCE", "PUBLISHED_DIR", "EXPORTS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def decided(warehouse: Path) -> list[str]:
    """Return the users of the ledger's files."""
    rows = duckdb.execute("select user_id from read_parquet($1) order by 1", [f"{ledger_of(warehouse)}/*.parquet"])
    return [user for (user,) in rows.fetchall()]


def own_names(shop: str, key: str) -> list[str]:
    """Return what a shop's users are called under a key, in order."""
    return sorted(pseudonym(user, key, shop) for user in USERS[shop])


def named_before(warehouse: Path, shop: str, former: str | None = None, is_vault_older: bool = False) -> None:
    """Name all users as an earlier release did, by the key of all shops; or as a shop of a former name did."""
    old_key = shop_key(PSEUDONYM_KEY, former) if former else PSEUDONYM_KEY
    names = [(pseudonym(user, shop=shop), keyed_name(user, old_key)) for user in USERS[shop]]
    with duckdb.connect(str(warehouse)) as connection:
        attach_encrypted(connection, vault_of(warehouse), "vault", VAULT_KEY)
        tables = connection.execute(
            "select database_name || '.' || schema_name || '.' || table_name from duckdb_columns() where not internal"
            " and column_name = 'user_id' and table_oid in (select table_oid from duckdb_tables())"
        ).fetchall()
        for (table,) in tables:
            connection.begin()
            for new, old in names:
                connection.execute(f"update {table} set user_id = $1 where user_id = $2", [old, new])
            connection.commit()
        connection.execute("update builds.runs set pseudonym_key = $1", [fingerprint(old_key)])
        if is_vault_older:
            connection.execute("update vault.people set user_id = md5(user_id)")
        if former:
            connection.execute("update builds.runs set shop = $1", [former])
        write_generation(connection, warehouse, fingerprint(old_key))
    assert decided(warehouse) == sorted(old for _, old in names)
    assert stamp_of_ledger(warehouse) == fingerprint(old_key)


def users_of(warehouse: Path) -> set[str]:
    """Return every value of a column user_id of a table, in database and vault."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        attach_vault(connection, warehouse)
        tables = connection.execute(
            "select database_name || '.' || schema_name || '.' || table_name from duckdb_columns()"
            " where not internal and column_name = 'user_id' and table_oid in (select table_oid from duckdb_tables())"
        ).fetchall()
        assert len(tables) > 5
        asked = " union ".join(f"select cast(user_id as text) from {table}" for (table,) in tables)
        return {user for (user,) in connection.execute(asked).fetchall() if user}


def test_two_shops_of_one_key_name_a_user_otherwise(built: TwoShops) -> None:
    for shop in SHOPS:
        warehouse = built.warehouse(shop)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            attach_vault(connection, warehouse)
            people = connection.execute("select source_user_id, user_id from vault.people").fetchall()
            bought = connection.execute(
                "select distinct user_id from cleaning.int_transactions_checked order by 1"
            ).fetchall()
        assert dict(people) == {user: pseudonym(user, shop=shop) for user in USERS[shop]}
        assert [user for (user,) in bought] == decided(warehouse) == own_names(shop, PSEUDONYM_KEY)
        assert stamp_of_ledger(warehouse) == fingerprint(shop_key(PSEUDONYM_KEY, shop))
    # two of each shop's three users are one person
    assert not users_of(built.warehouse(SHOPS[0])) & users_of(built.warehouse(SHOPS[1]))


def test_a_shop_answers_for_its_own_users_alone(shops: TwoShops) -> None:
    """An id asks in each shop; a pseudonym asks in one (matomo-org/matomo#12840)."""
    for shop, other in zip(SHOPS, reversed(SHOPS), strict=True):
        result = shops.ask(shop, "export_user", pseudonym("id-anna", shop=other))
        assert result.exit_code != 0
        assert "Nothing was exported: nobody is known by name 1 of 1" in result.output
        result = shops.ask(shop, "export_user", "id-anna")
        assert result.exit_code == 0, result.output
        (file,) = (shops.folder / "privacy" / shop / "exports").iterdir()
        told = file.read_text()
        assert pseudonym("id-anna", shop=shop) in told
        assert pseudonym("id-anna", shop=other) not in told
        assert '"campaigns.decision_ledger"' in told
    refused = shops.ask(SHOPS[0], "forget_user", "id-anna", PSEUDONYM_KEY=OTHER_KEY)
    assert "Nothing was erased: this database was built with pseudonym key" in refused.output
    forgotten = shops.ask(SHOPS[0], "forget_user", "id-anna")
    assert forgotten.exit_code == 0, forgotten.output
    assert pseudonym("id-anna", shop=SHOPS[0]) not in decided(shops.warehouse(SHOPS[0]))
    assert pseudonym("id-anna", shop=SHOPS[0]) not in users_of(shops.warehouse(SHOPS[0]))
    assert decided(shops.warehouse(SHOPS[1])) == own_names(SHOPS[1], PSEUDONYM_KEY)
    assert pseudonym("id-anna", shop=SHOPS[1]) in users_of(shops.warehouse(SHOPS[1]))


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the power at the n-th piece of a rotation, half of it done."""
    cut = PowerCut(step)
    for name in ("write_generation", "translate_seeds"):
        monkeypatch.setattr(rotate_keys, name, cut(getattr(rotate_keys, name)))
    monkeypatch.setattr(Path, "replace", cut(Path.replace))


@pytest.mark.parametrize("before", ["own names", "shared names", "shared names, rotated since the last build"])
@pytest.mark.parametrize("lost", SHOPS)
def test_a_rotation_of_two_shops_loses_nobody(
    project: Path, lost: str, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at every step, one database lost, and twice more before a build."""
    warehouses = {shop: project / "warehouse" / f"{shop}.duckdb" for shop in SHOPS}
    if before != "own names":
        for shop, warehouse in warehouses.items():
            named_before(warehouse, shop, is_vault_older="rotated" in before)
        # both shops suppress Anna: one name then, two names since
        names = {shop: keyed_name("id-anna", PSEUDONYM_KEY) for shop in SHOPS}
    else:
        names = {shop: pseudonym("id-anna", shop=shop) for shop in SHOPS}
    rows = "".join(f"{shop},{names[shop]},opt_out,,2026-01-01,,\n" for shop in SHOPS)
    header = "shop,user_id,suppression_kind,channel,first_date,last_date,reason\n"
    suppressions = project / "seeds" / "campaigns" / "suppressions.csv"
    write_shop(project, {"seeds/campaigns/suppressions.csv": header + rows})
    warehouses[lost].unlink()
    for step in range(1, 20):
        with monkeypatch.context() as cut:
            killed_at(step, cut)
            try:
                rotate_keys.rotate_pseudonyms()
            except Killed:
                assert (project / ".secrets" / "pseudonym.key").read_text().strip() == PSEUDONYM_KEY
                continue
        break
    assert step > 5
    for _ in range(2):
        key = (project / ".secrets" / "pseudonym.key").read_text().strip()
        assert key != PSEUDONYM_KEY
        for shop, warehouse in warehouses.items():
            assert decided(warehouse) == own_names(shop, key)
            assert stamp_of_ledger(warehouse) == fingerprint(shop_key(key, shop))
            assert f"{shop},{pseudonym('id-anna', key, shop)},opt_out" in suppressions.read_text()
        assert not [*Path(".secrets").glob("*.new")]
        rotate_keys.rotate_pseudonyms()


@pytest.mark.parametrize("names", ["own", "shared"])
def test_the_shop_of_a_lost_database_is_known_by_its_ledger_or_asked_for(
    project: Path, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if names == "shared":
        named_before(project / "warehouse" / "your_shop.duckdb", "your_shop")
    (project / "warehouse" / "your_shop.duckdb").unlink()
    for kind in ("vault.duckdb", "ledger"):
        (project / "warehouse" / f"your_shop.{kind}").rename(project / "warehouse" / f"somewhere.{kind}")
    if names == "shared":
        with pytest.raises(DbtRuntimeError, match=r"nobody knows of which shop warehouse/somewhere\.duckdb was") as no:
            rotate_keys.rotate_pseudonyms()
        assert "\n" not in no.value.msg
        assert not [*Path(".secrets").glob("*.new")]
        monkeypatch.setenv("WAREHOUSE", "warehouse/somewhere.duckdb")
        monkeypatch.setattr(rotate_keys, "SHOP", "your_shop")
    rotate_keys.rotate_pseudonyms()
    key = (project / ".secrets" / "pseudonym.key").read_text().strip()
    assert decided(project / "warehouse" / "somewhere.duckdb") == own_names("your_shop", key)


@pytest.mark.parametrize("lost", ["nothing", "database"])
def test_a_shop_of_before_is_asked_about_as_it_is_and_built_after_a_rotation(
    shops: TwoShops, project: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = shops.warehouse("your_shop")
    named_before(warehouse, "your_shop")
    if lost == "database":
        warehouse.unlink()
    before = decided(warehouse)
    refused = shops.run("your_shop", "seed", "--select", "channels")
    assert refused.exit_code != 0
    (line,) = [line for line in refused.output.splitlines() if "Nothing was built" in line]
    assert "names users as all shops of one key did" in line
    assert "Run make rotate-pseudonyms" in line
    assert "Put the key of then back" not in refused.output
    assert decided(warehouse) == before
    result = shops.ask("your_shop", "export_user", "id-anna")
    assert result.exit_code == 0, result.output
    (file,) = (shops.folder / "privacy" / "your_shop" / "exports").iterdir()
    assert '"campaigns.decision_ledger"' in file.read_text()
    forgotten = shops.ask("your_shop", "forget_user", "id-boris")
    assert forgotten.exit_code == 0, forgotten.output
    kept = {keyed_name(user, PSEUDONYM_KEY) for user in USERS["your_shop"]} - {keyed_name("id-boris", PSEUDONYM_KEY)}
    assert {user for user in decided(warehouse) if not user.startswith("erased-")} == kept
    assert stamp_of_ledger(warehouse) == fingerprint(PSEUDONYM_KEY)
    # its own rotation, of one shop
    shutil.rmtree(project / "warehouse")
    monkeypatch.setenv("WAREHOUSE", str(warehouse))
    monkeypatch.setattr(rotate_keys, "SHOP", "your_shop")
    rotate_keys.rotate_pseudonyms()
    key = (project / ".secrets" / "pseudonym.key").read_text().strip()
    left = {pseudonym(user, key) for user in USERS["your_shop"]} - {pseudonym("id-boris", key)}
    assert {user for user in decided(warehouse) if not user.startswith("erased-")} == left
    result = shops.run("your_shop", "seed", "--select", "channels", PSEUDONYM_KEY=key)
    assert result.exit_code == 0, result.output
    assert {user for user in decided(warehouse) if not user.startswith("erased-")} == left


def test_a_vault_alone_still_translates_seeds(shops: TwoShops, project: Path) -> None:
    """Suppressions would name nobody any more, and nobody would say so."""
    for warehouse in (shops.warehouse("your_shop"), project / "warehouse" / "your_shop.duckdb"):
        named_before(warehouse, "your_shop")
        warehouse.unlink()
        shutil.rmtree(ledger_of(warehouse))
    refused = shops.run("your_shop", "seed", "--select", "channels")
    assert refused.exit_code != 0
    assert "names users as all shops of one key did" in refused.output
    named = "shop,user_id\nyour_shop,"
    before = keyed_name("id-anna", PSEUDONYM_KEY)
    write_shop(project, {"seeds/campaigns/suppressions.csv": f"{named}{before}\n"})
    for _ in range(2):
        rotate_keys.rotate_pseudonyms()
        key = (project / ".secrets" / "pseudonym.key").read_text().strip()
        seed = (project / "seeds" / "campaigns" / "suppressions.csv").read_text()
        assert seed == f"{named}{pseudonym('id-anna', key)}\n"
    assert not (project / "warehouse" / "your_shop.duckdb").exists()


def test_a_renamed_shop_keeps_its_users(shops: TwoShops, project: Path) -> None:
    """Its name is part of its key (wisecom-oy/atlas#402): under another nobody would be known any more."""
    refused = shops.run("demo_shop", "seed", "--select", "channels", WAREHOUSE=str(shops.warehouse("your_shop")))
    assert refused.exit_code != 0
    assert "building.duckdb is the database of shop your_shop, and this is shop demo_shop." in refused.output
    warehouse = project / "warehouse" / "your_shop.duckdb"
    named_before(warehouse, "your_shop", former="former_shop")
    for _ in range(2):
        rotate_keys.rotate_pseudonyms()
        key = (project / ".secrets" / "pseudonym.key").read_text().strip()
        assert decided(warehouse) == own_names("your_shop", key)


def test_environment_and_var_name_one_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE", "your_shop")
    # by hand: dbt parses all of a project in which another shop is named
    monkeypatch.setattr(connection, "get_flags", lambda: SimpleNamespace(VARS={"source": "demo_shop"}))
    with pytest.raises(DbtRuntimeError) as refused:
        connection.Plugin.__new__(connection.Plugin).update_connection_config(None, {})
    named = "the environment variable SOURCE names shop your_shop, var source demo_shop. Set one."
    assert refused.value.msg == f"Nothing was built: {named}"
    assert shop_named({}) == shop_named({"source": "your_shop"}) == "your_shop"
    monkeypatch.delenv("SOURCE")
    assert shop_named({"source": "demo_shop"}) == "demo_shop"
    assert shop_named({}) == PROJECT["vars"]["source"]

"""Outside the vault a user goes by a pseudonym, and the key stands nowhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from dbt_common.exceptions import DbtRuntimeError
from support.builds import PSEUDONYM_KEY, VAULT_KEY, DbtRuns, attach_vault, pseudonym

from profiles.connection import Plugin

# One to be kept apart by case, accents and blanks, or found in quotes.
USER_IDS = [
    "raw-id-4711",
    "RAW-ID-4711",
    "raw-id-Zoë",
    "raw-id-张伟",
    "raw-id-O'Neil",
    "raw-id-with blank",
    "raw-id-" + "9" * 200,
]
EMAIL = "Somebody.Known@example.com"
OTHER_KEY = "another key, as long as it must be, no more"


@pytest.fixture(scope="module")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of a few users, one order each."""
    folder = tmp_path_factory.mktemp("shop")
    tables = {
        "users": ["user_id,email"] + [f"{user_id},{EMAIL}" for user_id in USER_IDS],
        "products": ["product_id,department", "p1,FOOD"],
        "transactions": ["transaction_id,order_id,user_id,product_id,quantity,net_amount,ordered_at"]
        + [f"t{number},o{number},{user_id},p1,1,2.50,2026-03-04 10:00:00" for number, user_id in enumerate(USER_IDS)],
    }
    for table, lines in tables.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt with folders that no other test writes to."""
    return DbtRuns(tmp_path_factory.mktemp("pseudonyms"), log_level="debug")


def build(runs: DbtRuns, shop_folder: Path, warehouse: Path, key: str, *models: str) -> Path:
    """Build the vault of the shop under a key, and other models."""
    return runs.build(
        "--select",
        "+people",
        *models,
        warehouse=warehouse,
        raw_folder=shop_folder,
        source="your_shop",
        environment={"SHOP_DIR": str(shop_folder), "PSEUDONYM_KEY": key},
    )


@pytest.fixture(scope="module")
def warehouse(runs: DbtRuns, shop_folder: Path) -> Path:
    """Build the shop under the key of the tests."""
    return build(runs, shop_folder, runs.folder / "built" / "building.duckdb", PSEUDONYM_KEY, "+transactions")


def pseudonyms(warehouse: Path) -> dict[str, str]:
    """Return what each id of the source is called."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        attach_vault(connection, warehouse)
        return dict(connection.execute("select source_user_id, user_id from vault.people").fetchall())


def test_a_pseudonym_is_an_hmac(warehouse: Path) -> None:
    assert pseudonyms(warehouse) == {user_id: pseudonym(user_id) for user_id in USER_IDS}


def test_marts_know_users_by_the_pseudonyms_of_the_vault(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (users,) = connection.execute("select array_agg(user_id) from core.transactions").fetchone()
    assert sorted(users) == sorted(pseudonyms(warehouse).values())


def test_another_key_gives_other_pseudonyms(warehouse: Path, shop_folder: Path, tmp_path: Path) -> None:
    other = pseudonyms(build(DbtRuns(tmp_path), shop_folder, tmp_path / "building.duckdb", OTHER_KEY))
    assert other == {user_id: pseudonym(user_id, OTHER_KEY) for user_id in USER_IDS}
    assert not set(other.values()) & set(pseudonyms(warehouse).values())


@pytest.mark.usefixtures("warehouse")
def test_what_dbt_writes_tells_neither_key_nor_ids(runs: DbtRuns, shop_folder: Path) -> None:
    # into what is kept of a parsed project go the variables of the environment that it reads
    result = runs.run(
        "parse",
        warehouse=runs.folder / "built" / "building.duckdb",
        raw_folder=shop_folder,
        source="your_shop",
        environment={"SHOP_DIR": str(shop_folder)},
        is_parsed_anew=True,
    )
    assert result.exit_code == 0, result.output
    secrets = [PSEUDONYM_KEY, PSEUDONYM_KEY.encode().hex(), VAULT_KEY, EMAIL, "raw-id-"]
    files = [file for folder in ("target", "logs") for file in (runs.folder / folder).rglob("*") if file.is_file()]
    files.append(runs.folder / "output.txt")
    assert {"dbt.log", "output.txt", "manifest.json", "partial_parse.msgpack"} <= {file.name for file in files}
    telling = {
        (file.name, secret)
        for file in files
        for secret in secrets
        if secret.lower().encode() in file.read_bytes().lower()
    }
    assert telling == set()


def test_no_id_or_address_stands_outside_the_vault(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute("""
            select table_schema, table_name from information_schema.tables
            where table_type = 'BASE TABLE'
        """).fetchall()
        assert ("core", "transactions") in tables
        telling = [
            f"{schema}.{table}"
            for schema, table in tables
            if connection.execute(
                f"""
                select count(*) from {schema}.{table} as rows
                where
                    contains(lower(cast(rows as varchar)), 'raw-id-')
                    or contains(lower(cast(rows as varchar)), 'somebody.known')
                """
            ).fetchone()[0]
        ]
    assert telling == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("k" * 31, "a key of 31 characters, at least 32", id="short"),
        pytest.param("k" * 65, "a key of 65 bytes, at most 64", id="long"),
        pytest.param("é" * 33, "a key of 66 bytes, at most 64", id="long in bytes"),
    ],
)
def test_a_key_of_the_wrong_length_stops_the_build(
    runs: DbtRuns, shop_folder: Path, tmp_path: Path, key: str, expected: str
) -> None:
    result = runs.run(
        "build",
        "--select=+people",
        warehouse=tmp_path / "building.duckdb",
        raw_folder=shop_folder,
        source="your_shop",
        environment={"SHOP_DIR": str(shop_folder), "PSEUDONYM_KEY": key},
    )
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert key not in result.output
    lines = [line for line in result.output.splitlines() if "pseudonym" in line.lower()]
    assert len(lines) == 1, result.output
    assert f"Nothing was built: the environment variable PSEUDONYM_KEY holds {expected}" in (lines[0])


def test_a_missing_key_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # by hand, as the project's own folder may hold a key
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PSEUDONYM_KEY", raising=False)
    plugin = Plugin.__new__(Plugin)
    with pytest.raises(DbtRuntimeError, match="no key for the users' pseudonyms") as no:
        plugin.update_connection_config(None, {})
    assert "\n" not in no.value.msg

"""Who stands behind a pseudonym is known to an encrypted file, and to nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from support.builds import (
    PROJECT_FOLDER,
    PSEUDONYM_KEY,
    VAULT_KEY,
    DbtRuns,
    attach_vault,
    package_folder,
    pseudonym,
    vault_of,
)
from support.operations import run_operation
from support.shops import SYNTHETIC, build_and_publish, kept_publication, run_synthetic, synthetic_places

from operations.build.ledger import restore_ledger
from operations.privacy.encryption import connect
from operations.privacy.keys import fingerprint, shop_key

OTHER_KEY = "a third key for tests, which opens nothing yet"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt with folders that no other test writes to."""
    return DbtRuns(tmp_path_factory.mktemp("vault"), log_level="debug")


@pytest.fixture(scope="module")
def shop(runs: DbtRuns) -> Path:
    """Build, publish, export and document a synthetic shop; return its folder."""
    published = build_and_publish(runs)
    # docs/one-member.md is read in it
    kept_publication(lambda: published)
    result = run_operation("audience_export", **synthetic_places(runs))
    assert result.returncode == 0, result.stderr
    # as `make docs` does
    nodes = ("--select", "*", "--exclude", "resource_type:test", "resource_type:unit_test")
    result = run_synthetic(runs, "docs", "generate", "--static", *nodes)
    assert result.exit_code == 0, result.output
    return runs.folder


@pytest.fixture
def copy(shop: Path, tmp_path: Path) -> Iterator[Path]:
    """Copy what the keys are for, with both keys as files, as a project has them."""
    shutil.copytree(shop / "warehouse", tmp_path / "warehouse")
    shutil.copytree(PROJECT_FOLDER / "seeds", tmp_path / "seeds")
    (tmp_path / ".secrets").mkdir()
    for name, key in (("vault", VAULT_KEY), ("pseudonym", PSEUDONYM_KEY)):
        file = tmp_path / ".secrets" / f"{name}.key"
        file.write_text(key)
        file.chmod(0o600)
    return tmp_path


def rotate(folder: Path, what: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command in a folder."""
    no_keys = {"VAULT_KEY": "", "PSEUDONYM_KEY": ""}
    return run_operation("privacy.rotate_keys", what, cwd=folder, **{**no_keys, **environment})


def people(folder: Path, key: str) -> list[tuple]:
    """Return the vault's rows."""
    warehouse = folder / "warehouse" / "building.duckdb"
    with duckdb.connect() as connection:
        attach_vault(connection, warehouse, key)
        return connection.sql("from vault.people order by source_user_id").fetchall()


def persons_of(folder: Path) -> set[str]:
    """Return what is one person's alone; parts of names and languages stand in other words, too."""
    with duckdb.connect() as connection:
        attach_vault(connection, folder / "warehouse" / "building.duckdb", VAULT_KEY)
        own = ("email", "phone", "full_name", "street_address", "push_token")
        rows = connection.sql(f"unpivot (select {', '.join(own)} from vault.people) on {', '.join(own)}").fetchall()
        assert {column for column, _ in rows} == {*own}
        return {text for _, text in rows}


def key_of(folder: Path, name: str) -> str:
    """Return the key that lies in a folder."""
    return (folder / ".secrets" / f"{name}.key").read_text().strip()


def files_telling(folder: Path, secrets: list[str]) -> dict[str, list[str]]:
    """Return, per file below a folder, which of some texts its bytes hold."""
    wanted = [text.lower().encode() for text in secrets]
    assert not any(b"\n" in text for text in wanted)
    found = {}
    # what links name lies here, too
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        content = file.read_bytes()
        if content.endswith(b"PAR1"):
            content = repr(duckdb.read_parquet(str(file)).fetchall()).encode()
        # of lines that come again and of what is empty in a database, one will do
        content = b"\n".join({*re.split(rb"[\n\0]+", content.lower())})
        if telling := [text.decode() for text in wanted if text in content]:
            found[str(file.relative_to(folder))] = telling
    return found


def test_no_byte_outside_the_vault_tells_a_person_or_a_key(shop: Path) -> None:
    persons = persons_of(shop)
    assert len(persons) > 200
    found = files_telling(shop, [*persons, VAULT_KEY, PSEUDONYM_KEY, PSEUDONYM_KEY.encode().hex()])
    addressed = {str(file.relative_to(shop)) for file in shop.glob("exports/*/*/addressed/*.csv")}
    assert {(shop / file).stat().st_mode & 0o777 for file in addressed} == {0o600}
    outside = [file for file in found if not file.startswith("raw/") and file not in addressed]
    # the files that reach people do tell; those of advertisers hold hashes
    assert any("email_service" in file for file in found)
    assert not any("google" in file or "meta" in file for file in found)
    # the shop's own files do tell, so the search would
    assert {"raw/users.parquet", "raw/reviews.parquet", "raw/events.parquet"} <= set(found)
    assert outside == []
    searched = {file.parts[len(shop.parts)] for file in shop.rglob("*")}
    assert {"target", "logs", "warehouse", "published", "exports"} <= searched


def test_no_value_of_any_table_tells_a_person(shop: Path) -> None:
    persons = {text.lower() for text in persons_of(shop)}
    for file in (shop / "published" / "demo_shop.duckdb", shop / "warehouse" / "building.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            columns = connection.sql("""
                select schema_name, table_name, column_name from duckdb_columns()
                where not internal and data_type = 'VARCHAR' and table_oid in (select table_oid from duckdb_tables())
            """).fetchall()
            assert {"review_text", "search_text"} <= {column for *_, column in columns}
            for schema, table, column in columns:
                text = connection.sql(
                    f"select string_agg(distinct lower({column}), chr(10)) from {schema}.{table}"
                ).fetchall()[0][0]
                assert not [each for each in persons if each in (text or "")], (schema, table, column)
            texts = connection.sql("select review_text from core.reviews union select search_text from core.events")
            assert sum("[name]" in text and "[e-mail] [phone]" in text for (text,) in texts.fetchall() if text) > 50


def test_no_id_of_the_shop_stands_in_what_is_read(shop: Path) -> None:
    ids = [f"'{row[1]}'" for row in people(shop, VAULT_KEY)]
    with duckdb.connect(str(shop / "published" / "demo_shop.duckdb")) as connection:
        tables = connection.sql(
            "select schema_name || '.' || table_name from duckdb_columns() where column_name = 'user_id'"
        ).fetchall()
        known = connection.sql(
            " union all ".join(
                f"select count(*) from {table} where user_id in ({', '.join(ids)})" for (table,) in tables
            )
        ).fetchall()
    assert len(tables) > 10
    assert set(known) == {(0,)}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"VAULT_KEY": OTHER_KEY}, "holds another key", id="wrong"),
        pytest.param({"VAULT_KEY": "short"}, "a key of 5 characters", id="short"),
    ],
)
def test_a_wrong_key_stops_with_a_sentence(
    runs: DbtRuns, shop: Path, environment: dict[str, str], expected: str
) -> None:
    before = people(shop, VAULT_KEY)
    result = run_synthetic(runs, "build", "--select", "people", **environment)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    (line,) = [each for each in result.output.splitlines() if "Nothing was" in each]
    assert expected in line
    assert environment["VAULT_KEY"] not in result.output or expected != "holds another"
    assert people(shop, VAULT_KEY) == before


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(None, "no key for the vault. Run make setup", id="missing"),
        pytest.param(0o644, "other users may access .secrets/vault.key", id="open to others"),
    ],
)
def test_a_key_file_is_there_and_ours_alone(copy: Path, mode: int | None, expected: str) -> None:
    file = copy / ".secrets" / "vault.key"
    if mode is None:
        file.unlink()
    else:
        file.chmod(mode)
    result = rotate(copy, "vault")
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was changed: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list((copy / ".secrets").glob("*.new"))


def test_another_key_of_the_vault_opens_it_and_the_old_one_does_not(copy: Path) -> None:
    before = people(copy, VAULT_KEY)
    result = rotate(copy, "vault")
    assert result.returncode == 0, result.stderr
    key = key_of(copy, "vault")
    assert key != VAULT_KEY
    assert people(copy, key) == before
    with pytest.raises(duckdb.Error, match="Wrong encryption key"):
        people(copy, VAULT_KEY)
    assert (copy / ".secrets" / "vault.key").stat().st_mode & 0o077 == 0
    assert sorted(file.name for file in (copy / "warehouse").iterdir()) == [
        "building.codes",
        "building.duckdb",
        "building.ledger",
        "building.vault.duckdb",
    ]


def test_a_rotation_that_was_stopped_goes_on(copy: Path) -> None:
    before = people(copy, VAULT_KEY)
    # stopped after the vault had been encrypted anew, before the key was in place
    assert rotate(copy, "vault").returncode == 0
    secrets = copy / ".secrets"
    (secrets / "vault.key").rename(secrets / "vault.key.new")
    (secrets / "vault.key").write_text(VAULT_KEY)
    (secrets / "vault.key").chmod(0o600)
    waiting = (secrets / "vault.key.new").read_text().strip()
    # a vault whose database is gone holds people, too
    (copy / "warehouse" / "building.duckdb").unlink()
    result = rotate(copy, "vault")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("1 vaults")
    assert key_of(copy, "vault") == waiting
    assert people(copy, waiting) == before


def test_other_pseudonyms_reach_the_ledger_and_the_seeds(runs: DbtRuns, copy: Path) -> None:
    warehouse = copy / "warehouse" / "building.duckdb"
    user = people(copy, VAULT_KEY)[0]
    seed = copy / "seeds" / "campaigns" / "suppressions.csv"
    seed.write_text(seed.read_text().strip() + f"\ndemo_shop,{user[0]},risk,,,,why\n")
    ids = "select decision_id, user_id from campaigns.decision_ledger order by 1"
    with duckdb.connect(str(warehouse)) as connection:
        # nothing was launched in so small a shop
        connection.execute(
            "insert into campaigns.decision_ledger by name"
            " select md5(user_id) as decision_id, 'c' as campaign_id, user_id,"
            " 'contact' as decision, 'mail' as channel, 1 as revision_number,"
            " date '2026-07-01' as decided_on from core.users"
        )
        before = connection.sql(ids).fetchall()
    result = rotate(copy, "pseudonyms")
    assert result.returncode == 0, result.stderr
    key = key_of(copy, "pseudonym")
    known = {row[0]: pseudonym(row[1], key, SYNTHETIC) for row in people(copy, VAULT_KEY)}
    with duckdb.connect(str(warehouse)) as connection:
        after = connection.sql(ids).fetchall()
    assert after == [(name, known[user_id]) for name, user_id in before]
    assert f"demo_shop,{known[user[0]]},risk" in seed.read_text()
    assert user[0] not in seed.read_text()
    # all that a build makes still has the old ones
    for name in ("publish", "audience_export"):
        result = run_operation(name, **{**synthetic_places(runs), "WAREHOUSE": str(warehouse)})
        assert result.returncode == 1
        assert "older than what stands there to read" in result.stderr


def test_two_rotations_before_a_build_lose_nobody(copy: Path) -> None:
    # a database elsewhere, as WAREHOUSE may say
    (copy / "warehouse").rename(copy / "elsewhere")
    place = {
        "WAREHOUSE": "elsewhere/building.duckdb",
        "SOURCE": "shop",
        "PUBLISHED_DIR": "shared",
        "EXPORTS_DIR": "shared",
    }
    for name in ("shop.duckdb", "shop/mail.csv", "others.txt"):
        (copy / "shared" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "shared" / name).touch()
    warehouse = copy / "elsewhere" / "building.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        launched = connection.sql("select user_id from campaigns.decision_ledger").fetchall()
        attach_vault(connection, warehouse, VAULT_KEY)
        ids = connection.sql("select user_id, source_user_id from vault.people").fetchall()
    expected = {source for user, source in ids if (user,) in launched}
    assert len(expected) > 50
    for _ in range(3):
        result = rotate(copy, "pseudonyms", **place)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(f"{len(launched):,} decisions")
        key = key_of(copy, "pseudonym")
        known = {pseudonym(source, key, SYNTHETIC): source for _, source in ids}
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            named = connection.sql("select user_id from campaigns.decision_ledger").fetchall()
            stamps = connection.sql("select distinct pseudonym_key from builds.runs").fetchall()
        assert {known.get(user) for (user,) in named} == expected
        assert [file.name for file in (copy / "shared").iterdir()] == ["others.txt"]
        assert stamps == [(fingerprint(shop_key(key, SYNTHETIC)),)]


def test_a_rotation_reaches_the_ledger_of_a_lost_database(copy: Path) -> None:
    warehouse = copy / "warehouse" / "building.duckdb"
    asked = "select decision_id, user_id from campaigns.decision_ledger order by 1"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        before = connection.sql(asked).fetchall()
    assert before
    warehouse.unlink()
    result = rotate(copy, "pseudonyms")
    assert result.returncode == 0, result.stderr
    key = key_of(copy, "pseudonym")
    known = {row[0]: pseudonym(row[1], key, SYNTHETIC) for row in people(copy, VAULT_KEY)}
    # a build that finds no database finds them under the key in force
    warehouse.unlink()
    with duckdb.connect(str(warehouse)) as connection:
        assert restore_ledger(connection, warehouse, fingerprint(shop_key(key, SYNTHETIC))) == len(before)
        assert connection.sql(asked).fetchall() == [(name, known[user]) for name, user in before]
    assert not files_telling(copy / "warehouse", [before[0][1]])


def test_no_rotation_leaves_a_ledger_behind(copy: Path) -> None:
    """`make clean` removes database and vault, and keeps the ledger, which only a vault translates."""
    for file in (copy / "warehouse").glob("building.*duckdb"):
        file.unlink()
    for place in ({}, {"WAREHOUSE": "elsewhere/building.duckdb"}):
        result = rotate(copy, "pseudonyms", **place)
        assert result.returncode == 1
        assert "building.ledger names users whom only the vault" in result.stderr
        assert result.stderr.startswith("Nothing was changed: ")
        assert key_of(copy, "pseudonym") == PSEUDONYM_KEY
        assert not list((copy / ".secrets").glob("*.new"))
        (copy / "warehouse").rename(copy / "elsewhere") if not place else None


def test_a_key_drawn_anew_stops_the_build(runs: DbtRuns, copy: Path) -> None:
    warehouse = copy / "warehouse" / "building.duckdb"
    asked = "select count(*), count(distinct pseudonym_key) from builds.runs"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        before = connection.sql(asked).fetchall()
    result = runs.run(
        "seed",
        warehouse=warehouse,
        raw_folder=package_folder(),
        source="demo_shop",
        environment={"SHOP_DIR": str(runs.folder / "raw"), "PSEUDONYM_KEY": "k" * 48},
    )
    assert result.exit_code != 0
    assert "Put the key of then back into .secrets/pseudonym.key" in result.output
    assert "Traceback" not in result.output
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.sql(asked).fetchall() == before


def test_a_key_of_the_environment_is_not_rotated(copy: Path) -> None:
    result = rotate(copy, "vault", VAULT_KEY=VAULT_KEY)
    assert result.returncode == 1
    assert "VAULT_KEY is set in the environment" in result.stderr
    assert key_of(copy, "vault") == VAULT_KEY


def test_the_vault_is_encrypted(shop: Path) -> None:
    file = vault_of(shop / "warehouse" / "building.duckdb")
    persons = persons_of(shop) | {row[1] for row in people(shop, VAULT_KEY)}
    content = file.read_bytes().lower()
    assert not [text for text in persons if text.lower().encode() in content]
    with pytest.raises(duckdb.Error, match="encrypt"):
        duckdb.connect(str(file), read_only=True)


def test_what_dbt_spills_to_disk_is_encrypted(runs: DbtRuns, shop: Path) -> None:
    setting = "select value from duckdb_settings() where name = 'temp_file_encryption'"
    result = run_synthetic(runs, "show", "--inline", setting, "--output", "json")
    assert '"value": "true"' in result.output


def test_what_other_commands_spill_to_disk_is_encrypted(tmp_path: Path) -> None:
    spilled = {}
    for name, opened in (("encrypted", connect), ("plain", duckdb.connect)):
        with opened() as connection:
            connection.execute(f"set temp_directory = '{tmp_path / name}'")
            connection.execute("set memory_limit = '60MB'")
            connection.execute("""
                create temp table much as
                select 'told apart by ' || i || sha256(i::varchar) as words
                from range(1_000_000) as numbers(i)
            """)
            files = (tmp_path / name).iterdir()
            spilled[name] = b"".join(file.read_bytes() for file in files)
    assert spilled["encrypted"]
    assert b"told apart by" in spilled["plain"]
    assert b"told apart by" not in spilled["encrypted"]

"""What no build makes again comes back from a backup, and nobody who was forgotten with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, VAULT_KEY, DbtRuns, attach_vault, pseudonym, vault_of
from support.erasable_shop import Shop, erasable_shop
from support.operations import run_apart, run_operation
from support.shops import write_shop

from operations.build.ledger import ledger_of, write_generation
from operations.privacy.keys import fingerprint, keyed_name, shop_key

FILES = {
    ".secrets/pseudonym.key": "p" * 48,
    ".secrets/vault.key": "v" * 48,
    "warehouse/shop.ledger/0001-000001-0123456789abcdef.parquet": "launched",
    "warehouse/shop.codes/000001.csv": "code,decision_id\nA-1,d1\n",
    "warehouse/shop.vault.duckdb": "people",
    "privacy/a_shop/forgotten.csv": "forgotten_key,forgotten_on\nsomebody,2026-01-01\n",
    "privacy/a_shop/receipts/1.json": "{}",
    "privacy/a_shop/exports/1.json": "what was told to a user",
    "seeds/campaigns/campaign_plan.csv": "plan",
}
PLACE = {"SOURCE": "a_shop", "PSEUDONYM_KEY": "", "VAULT_KEY": ""}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a project's files that no build makes again."""
    write_shop(tmp_path / "project", FILES)
    return tmp_path / "project"


def operate(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Back up, or restore."""
    warehouse = str(project / "warehouse" / "shop.duckdb")
    return run_operation("backup", *arguments, cwd=project, WAREHOUSE=warehouse, **PLACE)


def contents(project: Path) -> dict[str, str]:
    """Return what lies in a project beside its backups."""
    return {
        str(file.relative_to(project)): file.read_text()
        for file in project.rglob("*")
        if file.is_file() and "backups" not in file.parts
    }


def test_what_is_lost_comes_back_and_what_is_here_stays(project: Path) -> None:
    backed_up = operate(project)
    assert backed_up.returncode == 0, backed_up.stderr
    assert backed_up.stdout.startswith("backups/000001.tar holds 6 files of a_shop, backups/000001.keys.tar the keys")
    for archive in (project / "backups").iterdir():
        assert archive.stat().st_mode & 0o777 == 0o600
    assert b"p" * 48 not in (project / "backups" / "000001.tar").read_bytes()
    kept = {file for file in FILES if "exports" not in file}
    for lost in (*FILES, "privacy", "warehouse", ".secrets"):
        before = contents(project)
        if (project / lost).is_dir():
            shutil.rmtree(project / lost)
        else:
            (project / lost).unlink(missing_ok=True)
        (project / "seeds" / "campaigns" / "offers.csv").write_text("written since")
        result = operate(project, "backups/000001")
        assert result.returncode == 0, result.stderr
        after = contents(project)
        assert {file: after[file] for file in kept} == {file: FILES[file] for file in kept}
        assert after["seeds/campaigns/offers.csv"] == "written since"
        assert before.keys() - after.keys() <= {"privacy/a_shop/exports/1.json"}
    assert (project / ".secrets" / "vault.key").stat().st_mode & 0o777 == 0o600
    assert operate(project, "backups/000001").stdout == "Nothing is lost that this backup holds.\n"
    assert operate(project).stdout.startswith("backups/000002.tar")


@pytest.mark.parametrize("arguments", [[], ["backups/000001"]])
def test_what_a_killed_command_unpacked_goes_with_the_next(project: Path, arguments: list[str]) -> None:
    assert operate(project).returncode == 0
    write_shop(project / "backups", {".000002.keys.tar": "half", ".000001.unpacked/keys/vault.key": "v" * 48})
    result = operate(project, *arguments)
    assert result.returncode == 0, result.stderr
    assert not [*(project / "backups").glob(".*")]


def test_a_ledger_that_went_on_is_left_alone(project: Path) -> None:
    assert operate(project).returncode == 0
    ledger = project / "warehouse" / "shop.ledger"
    shutil.rmtree(ledger)
    write_shop(ledger, {"0002-000001-0123456789abcdef.parquet": "without the forgotten"})
    assert operate(project, "backups/000001").stdout == "Nothing is lost that this backup holds.\n"
    assert len([*ledger.iterdir()]) == 1


def test_the_list_of_the_forgotten_only_grows(project: Path) -> None:
    assert operate(project).returncode == 0
    listed = project / "privacy" / "a_shop" / "forgotten.csv"
    listed.write_text("forgotten_key,forgotten_on\nanother,2026-02-02\n")
    assert operate(project, "backups/000001").returncode == 0
    assert listed.read_text() == "forgotten_key,forgotten_on\nanother,2026-02-02\nsomebody,2026-01-01\n"


def test_what_cannot_be_restored_changes_nothing(project: Path) -> None:
    assert operate(project).returncode == 0
    (project / "warehouse" / "shop.vault.duckdb").unlink()
    key = project / ".secrets" / "pseudonym.key"
    key.write_text("q" * 48)
    archive = project / "backups" / "000001.tar"
    whole, before = archive.read_bytes(), contents(project)
    for harm, expected in (
        (lambda: None, "pseudonym.key has fingerprint"),
        (lambda: archive.write_bytes(whole.replace(b"launched", b"lavnched")), "is not what was backed up"),
        (lambda: archive.write_bytes(whole[:700]), "is damaged, or no backup"),
        (archive.unlink, "there is no backups/000001.tar"),
    ):
        harm()
        result = operate(project, "backups/000001")
        assert result.returncode == 1
        assert expected in result.stderr
        assert result.stderr.count("\n") == 1
        assert contents(project) == before
    archive.write_bytes(whole)
    other = run_operation("backup", "backups/000001", cwd=project, **{**PLACE, "SOURCE": "another"})
    assert "is of shop a_shop" in other.stderr


@pytest.fixture
def shop(shop_dbt: DbtRuns) -> Shop:
    """Return a shop of three customers, built and published."""
    return erasable_shop(shop_dbt, "backed_up")


def back_up_with(dbt: DbtRuns, settings: dict, *arguments: str) -> None:
    """Back up or restore; where that calls dbt, it is one that has started and parsed already."""
    backup = import_module("operations.backup")

    def run(request: list[str], **_: object) -> subprocess.CompletedProcess:
        result = dbt.run(*request[1:], **settings)
        sys.stdout.write(result.output)
        return subprocess.CompletedProcess(request, result.exit_code)

    backup.subprocess = SimpleNamespace(run=run)
    sys.exit(backup.main([*arguments]))


@pytest.mark.parametrize(
    ("lost", "names", "is_started_anew"),
    [
        ("database and vault", "own", True),
        ("database", "own", False),
        ("nothing else", "own", False),
        # a backup of before each shop had its own
        ("database and vault", "shared", False),
    ],
)
def test_who_was_forgotten_since_is_forgotten_again(
    shop: Shop, tmp_path: Path, lost: str, names: str, is_started_anew: bool
) -> None:
    """After a rotation and before the next build, too: only the ledger has the pseudonyms of the new key then."""
    key = "the key that a rotation put into force, since then"
    naming_key = shop_key(key, "your_shop") if names == "own" else key
    anna, boris, carla = (keyed_name(user, naming_key) for user in ("id-anna", "id-boris", "id-carla"))
    settings = shop.settings()
    settings["environment"]["PSEUDONYM_KEY"] = key
    environment = {
        **settings["environment"],
        "SOURCE": "your_shop",
        "WAREHOUSE": str(shop.warehouse),
        "VAULT_KEY": VAULT_KEY,
        "BACKUPS_DIR": str(tmp_path / "backups"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "COMPLETE_JOURNEY_DIR": str(settings["raw_folder"]),
        "DBT_PROFILES_DIR": str(PROJECT_FOLDER / "profiles"),
    }
    with duckdb.connect(str(shop.warehouse)) as connection:
        connection.execute("create schema campaigns")
        connection.execute(
            "create table campaigns.decision_ledger as select md5(user_id) as decision_id, 'c' as campaign_id, user_id,"
            " 1 as revision_number, null::text as corrects_decision_id, 'why' as reasons from unnest($1) t(user_id)",
            [[anna, boris, carla]],
        )
        # as a rotation does
        connection.execute("update builds.runs set pseudonym_key = $1", [fingerprint(naming_key)])
        write_generation(connection, shop.warehouse, fingerprint(naming_key))
    result = run_operation("backup", **environment)
    assert result.returncode == 0, result.stderr
    assert "fault" not in shop.answer("id-anna", PSEUDONYM_KEY=key)
    assert shop.files_telling([pseudonym("id-anna"), anna]) == {}
    for name, file in (("database", shop.warehouse), ("vault", vault_of(shop.warehouse))):
        if name in lost:
            file.unlink()
    shutil.rmtree(ledger_of(shop.warehouse), ignore_errors=True)
    backup = str(tmp_path / "backups" / "000001")
    if is_started_anew:
        result = run_operation("backup", backup, **environment)
    else:
        result = run_apart(back_up_with, shop.dbt, settings, backup, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Forgot 1 users again, who were forgotten since." in result.stdout
    with duckdb.connect() as connection:
        attach_vault(connection, shop.warehouse)
        assert connection.sql("select source_user_id from vault.people order by 1").fetchall() == [
            ("id-boris",),
            ("id-carla",),
        ]
    kept = duckdb.execute("select user_id from read_parquet($1)", [f"{ledger_of(shop.warehouse)}/*.parquet"]).fetchall()
    assert len(kept) == 3
    assert (boris,) in kept
    assert (anna,) not in kept

"""Of every published column is said what it is, where from, and how it is held."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.builds import PROJECT_FOLDER
from support.operations import run_operation

from operations.docs_site.contracts import as_text, breaking_changes, contracts, unrecorded
from operations.docs_site.governance import faults, published_nodes, published_tables

RECORD = PROJECT_FOLDER / "docs" / "contracts.json"
Manifest = dict[str, Any]
USERS = "model.precision_marketing.users"


@pytest.fixture(scope="module")
def built() -> tuple[Manifest, Manifest]:
    """Return manifest and lineage that `make docs` left."""
    try:
        return tuple(
            json.loads((PROJECT_FOLDER / "target" / name).read_text())
            for name in ("manifest.json", "column_lineage.json")
        )
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"GOVERNANCE NOT CHECKED: no {error.filename}; run make build.")


@pytest.fixture
def manifest(built: tuple[Manifest, Manifest]) -> Manifest:
    """Return a manifest to break."""
    nodes = built[0]["nodes"]
    return {**built[0], "nodes": {**nodes, USERS: copy.deepcopy(nodes[USERS])}}


def found(manifest: Manifest, lineage: Manifest) -> list[str]:
    """Return what is missing."""
    return faults(published_tables(manifest, lineage))


def test_nothing_is_missing_of_any_published_column(built: tuple[Manifest, Manifest]) -> None:
    tables = published_tables(*built)
    assert len(tables) > 40
    assert faults(tables) == []


def test_a_class_that_the_words_lack_is_a_fault(built: tuple[Manifest, Manifest], manifest: Manifest) -> None:
    meta = manifest["nodes"][USERS]["config"]["meta"]
    meta["pii_by_name"] = {**meta["pii_by_name"], "region": "harmless"}
    assert found(manifest, built[1]) == [
        "Column core.users.region has PII class harmless, which docs/governance.yml lacks."
    ]


def test_a_column_without_a_class_is_a_fault(built: tuple[Manifest, Manifest], manifest: Manifest) -> None:
    del manifest["nodes"][USERS]["config"]["meta"]["pii"]
    assert "Column core.users.has_profile has no PII class." in found(manifest, built[1])


def test_who_somebody_is_cannot_be_called_impersonal(built: tuple[Manifest, Manifest], manifest: Manifest) -> None:
    meta = manifest["nodes"][USERS]["config"]["meta"]
    meta["pii_by_name"] = {**meta["pii_by_name"], "user_id": "none"}
    assert found(manifest, built[1]) == ["Column core.users.user_id stands for one user but has PII class none."]


def test_a_column_of_which_nothing_is_said_is_a_fault(built: tuple[Manifest, Manifest], manifest: Manifest) -> None:
    columns = manifest["nodes"][USERS]["columns"]
    columns["nickname"] = {**columns["city"], "name": "nickname", "description": ""}
    lineage = copy.deepcopy(built[1])
    lineage["columns"][f"{USERS}.nickname"] = {"how": "constant", "from": []}
    assert found(manifest, lineage) == [
        "Column core.users.nickname has no description.",
        "Column core.users.nickname has neither a test nor a stated reason for none.",
        "Column core.users.nickname comes from no raw column and no seed.",
    ]
    del lineage["columns"][f"{USERS}.nickname"]
    assert found(manifest, lineage)[-1] == (f"Column core.users.nickname is not followed beyond {USERS}.nickname.")


def test_an_instant_says_its_clock_and_the_local_day_beside_it(built: tuple[Manifest, Manifest]) -> None:
    silent, told = [], 0
    for node in published_nodes(built[0]):
        days = [name for name, each in node["columns"].items() if each["data_type"] == "date"]
        for name, column in node["columns"].items():
            if column["data_type"] == "timestamp":
                text = column["description"]
                # ordered_at and order_date, redeemed_at and redeemed_on
                beside = [day for day in days if day[:5] == name[:5] and "UTC" in text]
                told += len(beside)
                if not ("UTC" in text or "zone" in text) or any(day not in text for day in beside):
                    silent.append(f"{node['name']}.{name}")
    assert silent == []
    assert told > 5


def test_the_contracts_are_those_on_record(built: tuple[Manifest, Manifest]) -> None:
    recorded = json.loads(RECORD.read_text())
    assert recorded
    assert RECORD.read_text() == as_text(recorded)
    assert breaking_changes(recorded, built[0]) == []
    assert unrecorded(recorded, built[0]) == []


def rename(columns: dict[str, Any]) -> None:
    columns["area"] = {**columns.pop("region"), "name": "area"}


def retype(columns: dict[str, Any]) -> None:
    columns["birth_year"] = {**columns["birth_year"], "data_type": "string"}


def loosen(columns: dict[str, Any]) -> None:
    columns["has_profile"] = {**columns["has_profile"], "constraints": []}


@pytest.mark.parametrize(
    ("change", "column", "what"),
    [
        (lambda columns: columns.pop("city"), "city", "is gone"),
        (rename, "region", "is gone"),
        (retype, "birth_year", "was int and is string"),
        (loosen, "has_profile", "was never null and now may be"),
    ],
)
def test_what_breaks_readers_needs_a_new_version(manifest: Manifest, change: Any, column: str, what: str) -> None:
    recorded = contracts(manifest)
    change(manifest["nodes"][USERS]["columns"])
    assert breaking_changes(recorded, manifest) == [
        f"Column core.users.{column} {what}, which breaks who reads it: keep it, or "
        "declare a new version of the model (versions: in its YAML)."
    ]
    manifest["nodes"][f"{USERS}.v2"] = {**manifest["nodes"][USERS], "version": 2, "alias": "users_v2"}
    assert breaking_changes(recorded, manifest) == []


def test_a_table_that_is_no_longer_published_breaks_readers(manifest: Manifest) -> None:
    recorded = contracts(manifest)
    manifest["nodes"][USERS]["config"]["meta"]["published"] = False
    assert breaking_changes(recorded, manifest) == [
        "Table core.users is gone, which breaks who reads it: keep it, or declare a "
        "new version of the model (versions: in its YAML)."
    ]


def write_contracts(target: Path, record: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a manifest and a record of their own."""
    return run_operation("docs_site.contracts", *arguments, DBT_TARGET_PATH=str(target), CONTRACTS=str(record))


def test_an_addition_is_recorded_and_a_breaking_change_is_not(manifest: Manifest, tmp_path: Path) -> None:
    file, record = tmp_path / "manifest.json", tmp_path / "contracts.json"
    file.write_text(json.dumps(manifest))
    assert write_contracts(tmp_path, record).returncode == 0
    columns = manifest["nodes"][USERS]["columns"]
    columns["nickname"] = {**columns["city"], "name": "nickname"}
    file.write_text(json.dumps(manifest))
    missing = write_contracts(tmp_path, record, "--check")
    assert missing.returncode == 1
    assert "core.users is not as recorded" in missing.stderr
    assert write_contracts(tmp_path, record).returncode == 0
    assert write_contracts(tmp_path, record, "--check").returncode == 0
    before = record.read_text()
    assert json.loads(before) == contracts(manifest)
    # a line per table
    assert before.count("\n") == 2 + len(contracts(manifest))
    del columns["nickname"]
    file.write_text(json.dumps(manifest))
    broken = write_contracts(tmp_path, record)
    assert broken.returncode == 1
    assert broken.stderr.startswith("Column core.users.nickname is gone")
    assert len(broken.stderr.splitlines()) == 1
    assert record.read_text() == before

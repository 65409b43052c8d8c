"""Dashboards as code: of every role, over published columns that the role may read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
import yaml
from support.builds import PROJECT_FOLDER

from operations.superset.bundle import DASHBOARDS, bundle

GRANTS = yaml.safe_load((PROJECT_FOLDER / "operations/publish/postgres/grants.yml").read_text())
# made by publish itself, so in no contract
PUBLISHED_TABLES = "(source varchar, table_name varchar, row_count bigint, published_at timestamp)"
TYPES = {"string": "varchar"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with every published table, empty, as its contract has it."""
    file = tmp_path_factory.mktemp("published") / "shop.duckdb"
    contracts = json.loads((PROJECT_FOLDER / "docs/contracts.json").read_text())
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema publication")
        connection.execute(f"create table publication.published_tables {PUBLISHED_TABLES}")
        for name, contract in contracts.items():
            kinds = {column: kind.removesuffix(" not null") for column, kind in contract["columns"].items()}
            columns = ", ".join(f'"{column}" {TYPES.get(kind, kind)}' for column, kind in kinds.items())
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create table {name} ({columns})")
    return file


@pytest.fixture(scope="module")
def files(published: Path) -> dict[str, dict]:
    """Return what Superset would import."""
    addresses = dict.fromkeys(DASHBOARDS, "duckdb:///file?access_mode=READ_ONLY")
    return {name: yaml.safe_load(text) for name, text in bundle(addresses, published).items()}


def test_every_role_has_a_dashboard() -> None:
    assert set(DASHBOARDS) == set(GRANTS)


def test_charts_read_what_their_role_may_read() -> None:
    for role, dashboard in DASHBOARDS.items():
        for chart in dashboard["charts"]:
            places = set(re.findall(r"(?:from|join) (\w+\.\w+)", chart["query"]))
            assert places, chart["name"]
            granted = {
                each for each in places if each in GRANTS[role]["reads"] or each.split(".")[0] in GRANTS[role]["reads"]
            }
            assert places == granted, (role, chart["name"])


def test_no_chart_has_users(files: dict[str, dict]) -> None:
    datasets = [each for name, each in files.items() if name.startswith("datasets/")]
    assert len(datasets) == sum(len(each["charts"]) for each in DASHBOARDS.values())
    for dataset in datasets:
        names = {column["column_name"] for column in dataset["columns"]}
        assert names.isdisjoint({"user_id", "decision_id", "order_id"}), dataset["table_name"]


def test_a_dashboard_lays_each_of_its_charts_out_once(files: dict[str, dict]) -> None:
    for role, dashboard in DASHBOARDS.items():
        position = files[f"dashboards/{role}.yaml"]["position"]
        shown = [
            each["meta"]["uuid"] for each in position.values() if isinstance(each, dict) and each["type"] == "CHART"
        ]
        known = [each["uuid"] for name, each in files.items() if name.startswith(f"charts/{role}/")]
        assert sorted(shown) == sorted(known)
        for part in position.values():
            if isinstance(part, dict) and part["type"] == "ROW":
                assert sum(position[each]["meta"]["width"] for each in part["children"]) <= 12
        assert len(known) == len(dashboard["charts"])


def test_the_same_dashboards_have_the_same_ids(files: dict[str, dict], published: Path) -> None:
    # so that an import overwrites the last one; ids of roles differ
    again = bundle(dict.fromkeys(DASHBOARDS, "duckdb:///file?access_mode=READ_ONLY"), published)
    assert {name: yaml.safe_load(text) for name, text in again.items()} == files
    ids = [each["uuid"] for each in files.values() if "uuid" in each]
    assert len(ids) == len(set(ids))


def test_a_file_is_read_without_access_to_others(files: dict[str, dict], published: Path) -> None:
    for role in DASHBOARDS:
        config = files[f"databases/{role}.yaml"]["extra"]["engine_params"]["connect_args"]["config"]
        assert config == {"enable_external_access": False, "lock_configuration": True}
    postgres = bundle({"auditor": "postgresql+psycopg2://login@/marketing"}, published)
    assert yaml.safe_load(postgres["databases/auditor.yaml"])["extra"]["engine_params"] == {}

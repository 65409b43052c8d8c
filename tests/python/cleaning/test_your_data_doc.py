"""docs/your-data.md says what the code does: its tables, rules and example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from support.builds import PROJECT_FOLDER, DbtRuns
from support.shops import DOC, SECTIONS, built_shop, documented_shop, run_on_shop, table_counts, write_shop

# In each table, said once above them.
SHARED_COLUMN = ("updated_at", "timestamp", False)
# Added by reading, not brought by anybody.
NOTES = {"source_file", "source_row", "read_fault", "read_repairs"}


def documented_columns(table: str) -> set[tuple[str, str, bool]]:
    rows = re.findall(r"^\| (\w+) \| (\S+) \| (yes )?\|", SECTIONS[table], re.MULTILINE)
    return {(name, data_type, bool(required)) for name, data_type, required in rows} | {SHARED_COLUMN}


def declared_columns(columns: list[dict]) -> set[tuple[str, str, bool]]:
    return {
        (column["name"], column["data_type"], column.get("config", {}).get("meta", {}).get("required", False))
        for column in columns
        if column["name"] not in NOTES
    }


def source_tables() -> dict[str, list[dict]]:
    file = PROJECT_FOLDER / "models/staging/shop_files/_shop_files__sources.yml"
    (source,) = yaml.safe_load(file.read_text())["sources"]
    return {table["name"]: table["columns"] for table in source["tables"]}


def intake_columns(table: str) -> list[dict]:
    file = PROJECT_FOLDER / "models/intake/_intake__models.yml"
    models = {model["name"]: model["columns"] for model in yaml.safe_load(file.read_text())["models"]}
    people = models["intake_people"] if table == "users" else []
    return models[f"intake_{table}"] + people


def test_every_table_is_documented() -> None:
    assert SECTIONS.keys() == source_tables().keys()


@pytest.mark.parametrize("table", sorted(SECTIONS))
def test_columns_are_those_of_the_contract(table: str) -> None:
    documented = documented_columns(table)

    assert documented == declared_columns(source_tables()[table])
    assert documented == declared_columns(intake_columns(table))


def test_every_rule_is_documented() -> None:
    folder = PROJECT_FOLDER / "models" / "core" / "cleaning"
    files = [
        *folder.rglob("int_*_checked.sql"),
        *(folder / f"int_transactions_{step}.sql" for step in ("matched", "purchased", "ordered")),
        PROJECT_FOLDER / "macros" / "checks" / "row_checks.sql",
        PROJECT_FOLDER / "macros" / "reading" / "reading_notes.sql",
        PROJECT_FOLDER / "macros" / "privacy" / "free_text.sql",
    ]
    rules = set()
    for file in files:
        text = re.sub(r"\{\{ (name|column|column\.name) \}\}", "<column>", file.read_text())
        text = re.sub(r"\{\{ var\([\"']earliest_year[\"']\) \}\}", "2000", text)
        text = re.sub(r"\{\{ key \| join\([^)]*\) \}\}", "<key>", text)
        text = text.replace("<key> comes again {{ lasting[1] }}", "transaction_id comes again on another day")
        for rule in re.findall(r"then\s+'((?:[^']|'')+ (?:[^']|'')+)'", text):
            # what stands in the place of a number is no rule
            if not rule.startswith("["):
                rules.add(rule.replace("''", "'"))
    assert len(rules) > 20
    missing = {
        rule for rule in rules if f"`{rule}`" not in DOC and "`" + re.sub(r"^\w+", "<column>", rule) + "`" not in DOC
    }
    assert missing == set()


def test_the_example_is_accepted_and_builds(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    shop = write_shop(tmp_path, documented_shop())

    built = run_on_shop(shop_dbt, shop, "build", "--exclude-resource-type=unit_test")
    assert built.exit_code == 0, built.output
    counts = table_counts(built_shop(shop_dbt), "core")
    for mart in (
        "users",
        "products",
        "transactions",
        "orders",
        "events",
        "reviews",
        "stock_levels",
        "campaign_calendar",
        "campaign_contacts",
        "contact_events",
        "coupon_products",
        "coupon_redemptions",
        "point_movements",
        "order_tokens",
        "order_disputes",
    ):
        assert counts[mart] == 1, mart
    assert counts["data_quality"] == counts["rejected_rows"] == 0

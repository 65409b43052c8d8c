"""Too many bad rows stop a build before it overwrites good marts, and say which."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtResult, DbtRuns, table_hashes, vault_of

LINE_COUNT = 40


def write_shop(folder: Path, broken_count: int) -> Path:
    """Write a shop of one table, some of its lines with a date that is none."""
    folder.mkdir(exist_ok=True)
    lines = [
        f"t{number},o{number},u{number % 5},p{number % 3},1,2.50,"
        + ("soon" if number < broken_count else f"2026-01-{number % 28 + 1:02}")
        for number in range(LINE_COUNT)
    ]
    header = "transaction_id,order_id,user_id,product_id,quantity,net_amount,ordered_at"
    (folder / "transactions.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


MARTS = ("+orders", "+row_reconciliation", "+rejected_rows")
# What a changed file changes.
CHANGED = tuple(f"stg_shop_files__transactions+,{mart}" for mart in MARTS)


def build(
    dbt: DbtRuns, warehouse: Path, shop: Path, select: tuple[str, ...] = CHANGED, **variables: object
) -> DbtResult:
    """Build marts of a shop, data tests included."""
    return dbt.run(
        "build",
        "--select",
        *select,
        "--exclude-resource-type=unit_test",
        "--vars",
        json.dumps(variables),
        warehouse=warehouse,
        raw_folder=shop,
        source="your_shop",
        environment={"SHOP_DIR": str(shop)},
    )


@pytest.fixture(scope="module")
def good_shop(dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a shop without a fault."""
    folder = tmp_path_factory.mktemp("good")
    result = build(dbt, folder / "building.duckdb", write_shop(folder, 0), MARTS)
    assert result.exit_code == 0, result.output
    return folder / "building.duckdb"


@pytest.fixture(scope="module")
def stopped(dbt: DbtRuns, good_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DbtResult]:
    """Build a shop half of whose lines are bad upon it."""
    folder = tmp_path_factory.mktemp("stopped")
    warehouse = copied(good_shop, folder)
    return warehouse, build(dbt, warehouse, write_shop(folder, LINE_COUNT // 2))


def copied(warehouse: Path, folder: Path) -> Path:
    """Copy a database, to be built upon."""
    shutil.copy(vault_of(warehouse), folder)
    return Path(shutil.copy(warehouse, folder))


def marts(warehouse: Path) -> dict[str, tuple[int, int]]:
    """Hashes of all marts but the verdict and its evidence."""
    hashes = table_hashes(warehouse, "core")
    del hashes["data_quality"], hashes["rejected_rows"]
    return hashes


def test_too_many_bad_rows_leave_the_marts_alone(good_shop: Path, stopped: tuple[Path, DbtResult]) -> None:
    before = marts(good_shop)
    assert before["transactions"][0] == LINE_COUNT
    warehouse, result = stopped
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    [verdict] = [line for line in result.output.splitlines() if "ordered_at is unreadable" in line and "above" in line]
    for part in ("transactions", "rejected", "20", "50.0 %", "10.0 %"):
        assert part in verdict
    assert marts(warehouse) == before
    assert table_hashes(warehouse, "core")["rejected_rows"][0] == LINE_COUNT // 2


def test_a_few_bad_rows_are_rejected_and_the_rest_is_built(dbt: DbtRuns, good_shop: Path, tmp_path: Path) -> None:
    good_build = copied(good_shop, tmp_path)
    result = build(dbt, good_build, write_shop(tmp_path / "bad", 2))
    assert result.exit_code == 0, result.output
    assert marts(good_build)["transactions"][0] == LINE_COUNT - 2
    with duckdb.connect(str(good_build), read_only=True) as connection:
        rejected = connection.sql(
            "select source_file, source_row, reason from core.rejected_rows order by 2"
        ).fetchall()
    assert rejected == [
        ("transactions.csv", 1, "ordered_at is unreadable"),
        ("transactions.csv", 2, "ordered_at is unreadable"),
    ]


def test_the_severity_may_be_a_warning(dbt: DbtRuns, stopped: tuple[Path, DbtResult], tmp_path: Path) -> None:
    warehouse = copied(stopped[0], tmp_path)
    select = ("int_rows_counted", "int_rows_doubted", "data_quality", "transactions")
    result = build(dbt, warehouse, stopped[0].parent, select, data_quality_severity="warn")
    assert result.exit_code == 0, result.output
    assert "above the 10.0 %" in result.output
    assert marts(warehouse)["transactions"][0] == LINE_COUNT // 2


def test_thresholds_are_a_var(dbt: DbtRuns, stopped: tuple[Path, DbtResult], tmp_path: Path) -> None:
    result = build(
        dbt,
        copied(stopped[0], tmp_path),
        stopped[0].parent,
        ("data_quality",),
        data_quality_thresholds={"repaired": 1.0, "deduplicated": 0.5, "rejected": 0.5},
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"data_quality_thresholds": {"repaired": 1, "deduplicated": 1, "rejected": 7}},
            "Var data_quality_thresholds.rejected: expected a number from 0 up to 1, found 7.",
        ),
        ({"slash_dates": "european"}, "Var slash_dates: expected day_first"),
        ({"minimum_cell_user": 10}, "Var minimum_cell_user: there is no such var. Is minimum_cell_users meant?"),
    ],
)
def test_settings_out_of_range_are_named(
    dbt: DbtRuns, tmp_path: Path, variables: dict[str, object], sentence: str
) -> None:
    result = build(dbt, tmp_path / "building.duckdb", write_shop(tmp_path / "good", 0), **variables)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert len([line for line in result.output.splitlines() if sentence in line]) == 1

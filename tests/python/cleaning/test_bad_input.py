"""Input that cannot be right stops the build and leaves the last good marts alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.builds import DbtResult, DbtRuns, table_hashes, write_raw_tables

HOLD_DATABASE = """
import sys
import duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("begin")
connection.execute("create table main.held (id int)")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def warehouse(dbt: DbtRuns, raw_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what must survive."""
    return dbt.build(
        "--select=+transactions",
        warehouse=tmp_path_factory.mktemp("warehouse") / "building.duckdb",
        raw_folder=raw_folder,
    )


@pytest.fixture
def untouched_marts(warehouse: Path) -> Iterator[None]:
    """Check that after the test the marts hold what they held before."""
    before = table_hashes(warehouse, "core")
    assert before["transactions"][0] > 0
    yield
    assert table_hashes(warehouse, "core") == before


def assert_one_sentence(result: DbtResult, *expected_parts: str) -> None:
    """Assert that dbt failed, saying why on one line and without a stack trace."""
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    lines = [line for line in result.output.splitlines() if expected_parts[0] in line]
    assert len(lines) == 1, result.output
    for part in expected_parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    ("query", "expected_parts"),
    [
        pytest.param(
            "select * exclude (basket_id) from transactions",
            ("column basket_id: expected BIGINT, found no such column",),
            id="missing column",
        ),
        pytest.param(
            "select * replace (cast(quantity as varchar) as quantity) from transactions",
            ("column quantity: expected BIGINT, found VARCHAR",),
            id="column of the wrong type",
        ),
        pytest.param("select * from transactions limit 0", (": expected rows, found none",), id="no rows"),
    ],
)
@pytest.mark.usefixtures("untouched_marts")
def test_altered_transactions_stop_the_build(
    dbt: DbtRuns, raw_folder: Path, warehouse: Path, tmp_path: Path, query: str, expected_parts: tuple[str, ...]
) -> None:
    altered = write_raw_tables(tmp_path / "raw", raw_folder, {"transactions": query})
    result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=altered)
    assert_one_sentence(
        result, "Source complete_journey, table transactions", *expected_parts, str(altered / "transactions.parquet")
    )


@pytest.mark.usefixtures("untouched_marts")
def test_a_missing_file_stops_the_build(dbt: DbtRuns, raw_folder: Path, warehouse: Path, tmp_path: Path) -> None:
    altered = write_raw_tables(tmp_path / "raw", raw_folder, {})
    (altered / "products.parquet").unlink()
    result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=altered)
    assert_one_sentence(
        result, "Source complete_journey, table products: expected the file", str(altered / "products.parquet")
    )


@pytest.mark.usefixtures("untouched_marts")
def test_a_file_that_is_not_parquet_stops_the_build(
    dbt: DbtRuns, raw_folder: Path, warehouse: Path, tmp_path: Path
) -> None:
    altered = write_raw_tables(tmp_path / "raw", raw_folder, {})
    (altered / "coupons.parquet").unlink()
    (altered / "coupons.parquet").write_text("coupon_upc,product_id,campaign_id\n")
    result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=altered)
    assert_one_sentence(result, str(altered / "coupons.parquet"), "Invalid Input")


@pytest.mark.usefixtures("untouched_marts")
def test_each_fault_gets_a_sentence(dbt: DbtRuns, raw_folder: Path, warehouse: Path, tmp_path: Path) -> None:
    altered = write_raw_tables(tmp_path / "raw", raw_folder, {"coupons": "select * exclude (coupon_upc) from coupons"})
    (altered / "campaigns.parquet").unlink()
    result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=altered)
    assert_one_sentence(result, "table campaigns: expected the file")
    assert_one_sentence(result, "table coupons, column coupon_upc")


@pytest.mark.usefixtures("untouched_marts")
def test_an_unknown_source_stops_the_build(dbt: DbtRuns, raw_folder: Path, warehouse: Path) -> None:
    result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=raw_folder, source="no_shop")
    assert_one_sentence(result, "Unknown source 'no_shop'", "complete_journey")


@pytest.mark.usefixtures("untouched_marts")
def test_a_database_held_by_another_process_stops_the_build(dbt: DbtRuns, raw_folder: Path, warehouse: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_DATABASE, warehouse], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        result = dbt.run("build", "--select=+transactions", warehouse=warehouse, raw_folder=raw_folder)
        holder.stdin.close()
    assert_one_sentence(result, "Nothing was built", str(warehouse), f"(PID {holder.pid})")


def test_commands_that_read_no_raw_table_need_no_raw_table(dbt: DbtRuns, tmp_path: Path) -> None:
    result = dbt.run("seed", warehouse=tmp_path / "building.duckdb", raw_folder=tmp_path / "nowhere")
    assert result.exit_code == 0, result.output

"""`1,234` is read by the decimal sign of its file's column, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, built_shop, query_shop, run_on_shop, write_shop

READ = ("run", "--select=stg_shop_files__transactions")


def shop_of(folder: Path, quantities: list[str], amounts: list[str]) -> Path:
    """Write a shop of a line per quantity and amount."""
    lines = [
        f"t{number};o{number};u1;p1;{quantity};{amount};2026-03-14"
        for number, (quantity, amount) in enumerate(zip(quantities, amounts, strict=True))
    ]
    return write_shop(folder, {"transactions.csv": "\n".join([LINE_COLUMNS.replace(",", ";"), *lines, ""])})


@pytest.mark.parametrize(
    ("quantities", "amounts", "read"),
    [
        # kilograms: 0,350 leaves no doubt; of the amounts, 1.234,50 does not
        (["0,350", "1,250", "2"], ["3,50", "2.500", "1.234,50"], "0.350 1.250 2.000 3.50 2500.00 1234.50"),
        # the other way about
        (["0.350", "1.250", "2"], ["3.50", "2,500", "1,234.50"], "0.350 1.250 2.000 3.50 2500.00 1234.50"),
        # the amounts tell of the quantities
        (["1,250", "1", "1"], ["3,50", "4", "5"], "1.250 1.000 1.000 3.50 4.00 5.00"),
    ],
)
def test_a_cell_is_read_by_its_column(
    shop_dbt: DbtRuns, tmp_path: Path, quantities: list[str], amounts: list[str], read: str
) -> None:
    result = run_on_shop(shop_dbt, shop_of(tmp_path, quantities, amounts), *READ)
    assert result.exit_code == 0, result.output
    assert "transactions.csv, column quantity: '1" in result.output
    query = "select cast({} as varchar) from staging.stg_shop_files__transactions order by source_row"
    values = [query_shop(built_shop(shop_dbt), query.format(column)) for column in ("quantity", "net_amount")]
    assert " ".join(value for column in values for (value,) in column) == read


def test_a_column_written_in_two_ways_is_refused(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    shop = shop_of(tmp_path, ["0,5", "1.5", "1,250"], ["1", "2", "3"])
    result = run_on_shop(shop_dbt, shop, *READ)
    assert result.exit_code != 0
    assert "transactions.csv, column quantity: expected one decimal sign, found '0,5' and '1.5'" in result.output
    settled = run_on_shop(shop_dbt, shop, *READ, "--vars={decimal_sign: comma}")
    assert settled.exit_code == 0, settled.output
    [(quantity,)] = query_shop(
        built_shop(shop_dbt),
        "select cast(quantity as varchar) from staging.stg_shop_files__transactions where source_row = 3",
    )
    assert quantity == "1.250"

"""Rows that can be read, yet are hardly right, are named with an example and stop a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import CHECK_DATA, LINE_COLUMNS, run_on_shop, write_shop

PRICED_COLUMNS = f"{LINE_COLUMNS},unit_price,discount_amount"


@pytest.mark.parametrize("broken", [0, 2, 8])
def test_lines_that_do_not_come_to_their_price_stop_a_build(shop_dbt: DbtRuns, tmp_path: Path, broken: int) -> None:
    lines = [
        f"t{number},o{number},u{number % 7},p1,3,{'10.00' if number < broken else '29.00'},2026-03-01,10.00,1.00"
        for number in range(40)
    ]
    shop = write_shop(tmp_path, {"transactions.csv": "\n".join([PRICED_COLUMNS, *lines, ""])})
    result = run_on_shop(shop_dbt, shop, *CHECK_DATA)
    rule = "net_amount is not quantity * unit_price less reductions"
    assert (rule in result.output) == (broken > 0)
    assert ("transactions.csv row 1: 3.000 * 10.0000 - 1.00 - 0.00, net_amount 10.00" in result.output) == (broken > 0)
    # a tenth is allowed
    assert (result.exit_code == 0) == (broken < 8), result.output

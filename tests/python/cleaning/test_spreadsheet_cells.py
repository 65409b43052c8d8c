"""Cells that a spreadsheet escaped are read as what they were."""

from __future__ import annotations

from pathlib import Path

from support.builds import DbtRuns
from support.shops import CHECK_DATA, LINE_COLUMNS, LINES_CHECKED, built_shop, query_shop, run_on_shop, write_shop


def test_ids_meet_whatever_a_spreadsheet_put_before_them(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = [
        "t1,o1,700,p1,'-1,'-5.00,2026-03-14",
        't2,o2,="701",\'0012,1,5.00,2026-03-14',
        "t3,o3,\t\uff17\uff10\uff12,p1,1,5.00,2026-03-14",
    ]
    shop = write_shop(
        tmp_path,
        {
            "users.csv": "user_id,phone\n'700,'+49301234560\n701,\n702,\n",
            "products.csv": "product_id\np1\n0012\n",
            "transactions.csv": "\n".join([LINE_COLUMNS, *lines, ""]),
        },
    )
    result = run_on_shop(shop_dbt, shop, *CHECK_DATA)
    assert result.exit_code == 0, result.output
    assert "user_id was escaped by a spreadsheet" in result.output
    assert "is unknown" not in result.output
    assert query_shop(
        built_shop(shop_dbt),
        "select cast(quantity as int), cast(net_amount as int) from cleaning.int_transactions_checked"
        " order by source_row",
    ) == [(-1, -5), (1, 5), (1, 5)]


def test_an_id_that_a_spreadsheet_destroyed_is_refused(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = [f"t{number},o{number},u1,p1,1,5.00,2026-03-14" for number in range(20)]
    # ids may hold an E, and a plus
    lines += ["1E5,E+17,u1,2E+x,1,5.00,2026-03-14", "t99,2.01235E+17,u1,p1,1,5.00,2026-03-14"]
    shop = write_shop(tmp_path, {"transactions.csv": "\n".join([LINE_COLUMNS, *lines, ""])})
    result = run_on_shop(shop_dbt, shop, *LINES_CHECKED)
    assert result.exit_code == 0, result.output
    query = "select transaction_id, status_reason from cleaning.int_transactions_checked where row_status = 'rejected'"
    assert query_shop(built_shop(shop_dbt), query) == [("t99", "order_id was destroyed by a spreadsheet")]

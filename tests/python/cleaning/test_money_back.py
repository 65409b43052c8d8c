"""Money back without goods nets its order on the day of the refund."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, built_shop, query_shop, run_on_shop, write_shop


@pytest.mark.parametrize("status", ["adjusted", "returned"])
def test_money_back_without_goods_nets_its_order(shop_dbt: DbtRuns, tmp_path: Path, status: str) -> None:
    lines = [
        "t1,o1,u1,p1,2,100.00,2026-01-10 10:00:00,completed",
        f"t2,o1,u1,p1,0,-30.00,2026-02-05 10:00:00,{status}",
        "t3,o2,u2,p1,1,50.00,2026-01-11 10:00:00,",
        # of an order that is not there
        f"t4,o9,u2,p1,0,-7.00,2026-02-05 10:00:00,{status}",
    ]
    shop = write_shop(tmp_path, {"transactions.csv": "\n".join([f"{LINE_COLUMNS},order_status", *lines, ""])})
    result = run_on_shop(shop_dbt, shop, "build", "--select=+orders", "--exclude-resource-type=unit_test")
    assert result.exit_code == 0, result.output
    warehouse = built_shop(shop_dbt)
    left = query_shop(
        warehouse, "select order_id, cast(net_amount - returned_amount as int) from core.orders order by 1"
    )
    assert left == [("o1", 70), ("o2", 50)]
    undone = query_shop(warehouse, "select order_id, return_kind, cast(quantity as int), returned_on from core.returns")
    assert undone == [("o1", "refunded", 0, datetime.date(2026, 2, 5))]

"""Words of other shops and languages mean what they say; unknown ones never pass for a sale."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import CHECK_DATA, LINE_COLUMNS, built_shop, query_shop, run_on_shop, write_shop

# What a shop may write, and what of the order of 10.00 is left.
STATUSES = {
    "Completed": "10.00",
    "wc-completed": "10.00",
    "Canceled": "0.00",
    "VOIDED": "0.00",
    "Payment error": "0.00",
    "wc-on-hold": "0.00",
    "refunded": "0.00",
    "partially_refunded": "10.00",
    "交易成功": "10.00",
    "交易关闭": "0.00",
    "已退款": "0.00",
    "等待买家付款": "0.00",
    "Storniert": "0.00",
    "Zurückerstattet": "0.00",
    "versandt": "10.00",
    "Annulée": "0.00",
    "Remboursé": "0.00",
    "En cours de préparation": "10.00",
    "": "10.00",
}


def lines_of(statuses: list[str]) -> str:
    """Return a file of an order of 10.00 per status, all changed three weeks later."""
    rows = [
        f"t{number},o{number},u{number},p1,1,10.00,2026-03-01 10:00:00,{status},2026-03-22 10:00:00"
        for number, status in enumerate(statuses)
    ]
    return "\n".join([f"{LINE_COLUMNS},order_status,updated_at", *rows, ""])


def test_statuses_of_other_shops_are_read(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    shop = write_shop(tmp_path, {"transactions.csv": lines_of(list(STATUSES))})
    result = run_on_shop(shop_dbt, shop, "build", "--select=+orders", "--exclude-resource-type=unit_test")
    assert result.exit_code == 0, result.output
    warehouse = built_shop(shop_dbt)
    left = dict(
        query_shop(
            warehouse,
            "select cast(substr(order_id, 2) as int), cast(net_amount - returned_amount as varchar) from core.orders",
        )
    )
    assert {status: left[number] for number, status in enumerate(STATUSES)} == STATUSES
    # an order that was never paid is none on any day
    never_paid = query_shop(warehouse, "select order_id from core.orders where is_cancelled order by 1")
    assert never_paid == [("o11",), ("o4",), ("o5",)]
    rules = query_shop(warehouse, "select rule from core.data_quality where rule like '%was read as%'")
    assert ("order_status 交易关闭 was read as cancelled",) in rules
    assert len(rules) == len(STATUSES) - 2


@pytest.mark.parametrize("share", [1, 4])
def test_an_unknown_status_is_refused_by_name(shop_dbt: DbtRuns, tmp_path: Path, share: int) -> None:
    statuses = ["completed"] * 30 + ["teleported"] * share
    result = run_on_shop(shop_dbt, write_shop(tmp_path, {"transactions.csv": lines_of(statuses)}), *CHECK_DATA)
    assert "order_status is unknown: teleported" in result.output
    # more than a tenth stops the build
    assert (result.exit_code == 0) == (share == 1), result.output


def test_words_of_other_tables_are_read(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    shop = write_shop(
        tmp_path,
        {
            "transactions.csv": lines_of(["completed"]),
            "campaigns.csv": "campaign_id,campaign_type,starts_on,ends_on\nk1,Gutschein,2026-03-01,2026-03-31\n",
            "campaign_contacts.csv": "campaign_id,user_id,arm,channel\nk1,u1,实验组,E-Mail\n"
            "k1,u2,Kontrollgruppe,短信\n",
            "contact_events.csv": "event_id,user_id,channel,event_type,occurred_at\n"
            "e1,u1,Newsletter,opt-out,2026-03-02\ne2,u2,pigeon,Spam report,2026-03-02\n",
            "events.csv": "event_id,user_id,event_type,occurred_at\n"
            "v1,u1,Added to cart,2026-03-02\nv2,u1,waved,2026-03-02\n",
        },
    )
    result = run_on_shop(shop_dbt, shop, *CHECK_DATA)
    assert result.exit_code == 0, result.output
    read = {
        "campaigns": [("coupon",)],
        "campaign_contacts": [("treatment", "email"), ("control", "sms")],
        # a refusal by an unknown channel holds for all
        "contact_events": [("unsubscribed", "email"), ("complained", None)],
        "events": [("add_to_cart",), ("waved",)],
    }
    columns = {
        "campaigns": "campaign_type",
        "campaign_contacts": "arm, channel",
        "contact_events": "event_type, channel",
        "events": "event_type",
    }
    for table, rows in read.items():
        query = f"select {columns[table]} from cleaning.int_{table}_checked order by source_row"
        assert query_shop(built_shop(shop_dbt), query) == rows, table
    assert "channel is unknown, emptied: pigeon" in result.output

"""Exports of common shop systems: `make map`, then the build, give what a careful accountant would.

The totals are written by hand from the samples in tests/exports; docs/mapping.md
says what each system means by its columns.
"""

from __future__ import annotations

import csv
import datetime
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER, DbtRuns
from support.readings import EXPORTS, LAYOUTS, mapped_rows, proposed
from support.shops import built_shop, query_shop, run_on_shop

from operations.mapping.trials import tried_mapping

# What the shop keeps of its goods: sales that stand, less money back.
KEPT = {
    # 58.49 + 42.50 + 11.25 + 9.99 + 37.50 + 37.50, less 12.50 of an order of 42.50
    "shopify_orders": Decimal("184.73"),
    # 180 + 99 + 150 + 100.01, less 30; a link for postage is no goods
    "taobao_orders": Decimal("499.01"),
    # 45 + 20 + 40, less 5 by line and 10 by order; a gift card is no goods
    "woocommerce_orders": Decimal("90.00"),
    # 2 x 58.90 + 239.90 + 12.99, without freight
    "olist": Decimal("370.69"),
}
# Orders of goods, those undone among them; users with an order.
ORDERS = {"shopify_orders": (10, 8), "taobao_orders": (6, 4)}
FIRST_ORDER = {
    "shopify_orders": datetime.datetime(2026, 3, 1, 9, 15),
    "taobao_orders": datetime.datetime(2024, 3, 5, 1, 1, 2),
}


# What the accountant takes a status for that the seed calls so.
STANDS = {"placed", "paid", "shipped", "completed"}


def kept_amounts(shop: Path) -> dict[str, Decimal]:
    """Return by order what is kept of goods, of the lines as the build gets them, by the words of the seed."""
    with (PROJECT_FOLDER / "seeds" / "word_synonyms.csv").open(encoding="utf-8") as lines:
        words = {row["word"]: row["meaning"] for row in csv.DictReader(lines) if row["word_list"] == "order_status"}
    kinds = dict(mapped_rows(shop, "products", "product_id, product_kind"))
    # an order that two exports hold is one
    columns = "order_id, transaction_id, product_id, order_status, quantity, net_amount"
    kept: dict[str, Decimal] = {}
    for order, _, product, status, quantity, net in set(mapped_rows(shop, "transactions", columns)):
        stands = words[re.sub(r"[\s_-]+", "_", status)] in STANDS or (quantity == "0" and status == "adjusted")
        counts = stands and kinds[product] in (None, "goods")
        kept[order] = kept.get(order, Decimal(0)) + (Decimal(net) if counts else 0)
    return kept


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_is_worth_what_an_accountant_says(tmp_path: Path, layout: str) -> None:
    shop = proposed(tmp_path, layout)
    assert sum(kept_amounts(shop).values()) == KEPT[layout]


@pytest.mark.parametrize("layout", ["shopify_orders", "taobao_orders"])
def test_the_build_says_so_too(shop_dbt: DbtRuns, tmp_path: Path, layout: str) -> None:
    shop = proposed(tmp_path, layout)
    select = ("build", "--select=+orders", "--exclude-resource-type=unit_test", "--exclude-resource-type=test")
    result = run_on_shop(shop_dbt, shop, *select)
    assert result.exit_code == 0, result.output
    warehouse = built_shop(shop_dbt)
    kept = query_shop(warehouse, "select sum(net_amount - returned_amount) from core.orders")
    counts = query_shop(warehouse, "select count(*), count(distinct user_id) from core.orders")
    assert (kept, counts) == ([(KEPT[layout],)], [ORDERS[layout]])
    assert "Not read" not in result.output
    # times are of the shop's system, whatever zone the project has
    assert query_shop(warehouse, "select min(ordered_at) from core.orders") == [(FIRST_ORDER[layout],)]


def test_an_order_of_shopify_is_shared_out_to_the_cent(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "shopify_orders")
    lines = mapped_rows(shop, "transactions", 'transaction_id, user_id, net_amount, "(row)"')
    found = {line: rest for line, *rest in lines}
    # 6.50 off 25, 9.99 and 30: fields of the order come from its first line, rows keep their number
    assert [found[f"#1001-{place}"] for place in (1, 2, 3)] == [
        ["ann@example.com", "22.5000", 9],
        ["ann@example.com", "8.9900", 10],
        ["ann@example.com", "27.0000", 11],
    ]
    # a gift card and a tip have no part of a discount
    assert [found[f"#1005-{place}"][1] for place in (1, 2, 3)] == ["50.0000", "11.2500", "2.0000"]
    # a guest who writes the address in another way is the same one; who gave none goes by the telephone
    assert found["#1002-1"][0] == found["#1006-1"][0] == "bo@example.com"
    assert found["#1008-1"][0] == "+49301234567"
    kinds = dict(mapped_rows(shop, "products", "product_id, product_kind"))
    assert kinds == {"TEA": "goods", "CUP": "goods", "POT": "goods", "Gift Card - 50.00": "gift_card", "Tip": "tip"}


def test_orders_of_which_no_report_has_the_items_are_told(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "taobao_orders")
    assert json.loads(tried_mapping(str(shop), "transactions", "auto"))["notes"] == []
    items = next(shop.glob("ExportOrderDetailList*.csv"))
    items.write_bytes(b"\n".join(line for line in items.read_bytes().splitlines() if b"0006" not in line))
    tried = json.loads(tried_mapping(str(shop), "transactions", "auto"))
    assert tried["notes"] == ["1 of orders have no row of items (订单编号): they count for nothing."]
    assert tried["faults"] == []


def test_words_of_taobao_are_known(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "taobao_orders")
    orders = next(shop.glob("ExportOrderList*.csv"))
    # money was given back, and nobody knows how much
    told = orders.read_text(encoding="gb18030").splitlines()
    told[5] = told[5].replace("无退款申请", "部分退款")
    orders.write_text("\n".join(told), encoding="gb18030")
    statuses = mapped_rows(shop, "transactions", "order_id[-1], order_status, net_amount")
    assert statuses == [
        ("1", "completed", "90.0000"),
        ("1", "completed", "90.0000"),
        ("2", "adjusted", "-30.0000"),
        ("2", "completed", "99.0000"),
        ("3", "cancelled", "50.0000"),
        ("4", "unpaid", "100.0000"),
        ("5", "adjusted", "unreadable"),
        ("5", "paid", "150.0000"),
        ("6", "shipped", "33.3300"),
        ("6", "shipped", "33.3400"),
        ("6", "shipped", "33.3400"),
        ("7", "completed", "15.0000"),
    ]


TEA, CUP, POT = (1, "Tea", "10.00"), (1, "Cup", "20.00"), (1, "Pot", "30.00")
# Orders that readers of Shopify's export elsewhere got wrong, by their public threads: status, Subtotal, Refunded
# Amount and lines, export by export; and what the shop keeps.
TOLD_TWICE = {
    "a line was taken out": ([("paid", "60.00", "", [TEA, CUP, POT]), ("paid", "40.00", "", [TEA, POT])], 40),
    "refunded, then wholly": (
        [("partially_refunded", "30.00", "10.00", [TEA, CUP]), ("refunded", "30.00", "30.00", [TEA, CUP])],
        0,
    ),
    "pending, then paid": ([("pending", "10.00", "", [TEA]), ("paid", "10.00", "", [TEA])], 10),
    "a unit price was rounded": ([("paid", "10.00", "", [(3, "Leaf", "3.33")])], 10),
    "a line of no units": ([("paid", "30.00", "", [(0, "Cup", "20.00"), POT])], 30),
    "paid anew after a refund": ([("paid", "30.00", "10.00", [TEA, CUP])], 20),
    "more back than paid": ([("partially_refunded", "30.00", "50.00", [TEA, CUP])], 0),
    "free, postage back": ([("partially_refunded", "0.00", "4.90", [TEA])], 0),
    "a gift card alone": ([("paid", "50.00", "", [(1, "Geschenkgutschein", "50.00")])], 0),
}


def shopify_rows(name: str, status: str, subtotal: str, refunded: str, lines: list[tuple]) -> list[dict[str, str]]:
    """Return an order as Shopify exports it."""
    rows = [
        {
            "Name": name,
            "Email": f"{name}@example.com",
            "Created at": "2026-03-01 10:00:00 +0100",
            "Lineitem quantity": str(quantity),
            "Lineitem name": product,
            "Lineitem price": price,
        }
        for quantity, product, price in lines
    ]
    about = {"Financial Status": status, "Subtotal": subtotal, "Total": subtotal, "Refunded Amount": refunded}
    rows[0] |= {**about, "Notes": 'Ring\n"twice",\n#1,please', "Id": f"7{name}", "Shipping": "0.00"}
    return rows


def shopify_export(file: Path, rows: list[dict[str, str]]) -> None:
    heading = (EXPORTS / "shopify_orders" / "orders_export_1.csv").read_text().partition("\n")[0].split(",")
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, heading)
        writer.writeheader()
        writer.writerows(rows)


def test_shopify_s_orders_are_worth_what_the_last_export_says(tmp_path: Path) -> None:
    exports: tuple[list, list] = ([], [])
    for name, (told, _) in TOLD_TWICE.items():
        for rows, order in zip(exports, told, strict=False):
            # sorted anew in a spreadsheet
            rows += reversed(shopify_rows(name, *order))
    shopify_export(tmp_path / "orders_export_1.csv", exports[0])
    shopify_export(tmp_path / "orders_export_1 (1).csv", exports[1])
    shop = proposed(tmp_path)
    assert kept_amounts(shop) == {name: Decimal(kept) for name, (_, kept) in TOLD_TWICE.items()}
    discounts = mapped_rows(shop, "transactions", "min(cast(discount_amount as decimal(18, 2)))")
    assert discounts == [(Decimal(0),)]
    # lines whose first was filtered away say neither what they cost nor whether they stand
    shopify_export(tmp_path / "orders_export_2.csv", shopify_rows("headless", "paid", "30.00", "", [TEA, CUP])[1:])
    lines = mapped_rows(shop, "transactions", "order_id, order_status, net_amount")
    assert [rest for order, *rest in lines if order == "headless"] == [[None, None]]


def test_an_export_that_a_spreadsheet_saved_with_commas_is_worth_the_same(tmp_path: Path) -> None:
    (tmp_path / "orders_export_1.csv").write_text(
        "Name;Financial Status;Lineitem quantity;Lineitem name;Lineitem price;Subtotal;Shipping;Total;Created at\n"
        "#1;paid;2;Tea;1.010,50;2.020,00;4,90;2.024,90;2026-03-01 10:00:00 +0100\n"
    )
    shop = proposed(tmp_path)
    assert mapped_rows(shop, "transactions", "discount_amount, net_amount") == [("1,0000", "2020,0000")]

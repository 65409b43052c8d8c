"""Exports of common shop systems: `make map`, then the build, give what a careful accountant would.

The totals are written by hand from the samples in tests/exports; docs/mapping.md
says what each system means by its columns.
"""

from __future__ import annotations

import csv
import datetime
import json
import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, DbtRuns
from support.readings import EXPORTS, LAYOUTS, mapped_rows, proposed
from support.shops import built_shop, query_shop, run_on_shop

from operations.mapping.__main__ import propose
from operations.mapping.contract import contract
from operations.mapping.layouts import Recognised, headings_of, recognised, together, written
from operations.mapping.reading import mapping_of, read_yaml
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
    # 128 + 59 + 55.01: what the shop took off counts, what JD took off or the balance paid does not
    "jd_orders": Decimal("242.01"),
    # 29.99 + 42.50 + 0 + 20 + 10.00: lines returned and money back once each, no trial, no gift card
    "shopify_tables": Decimal("102.49"),
    # 34.99 + 27 + 12.50, less 9.99: a page loaded again and an order without id are none
    "ga4_events": Decimal("64.50"),
}
WITHOUT_ORDERS = {"klaviyo_profiles", "klaviyo_tables"}
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
        counts = stands and kinds.get(product) in (None, "goods")
        kept[order] = kept.get(order, Decimal(0)) + (Decimal(net) if counts else 0)
    return kept


@pytest.mark.parametrize("layout", sorted(KEPT))
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
    # an order's id that is calculated is not compared
    mapping = shop / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("order_id: 订单编号", "order_id: {first_of: [订单编号]}"))
    tried = json.loads(tried_mapping(str(shop), "transactions", "auto"))
    assert (tried["faults"], tried["notes"]) == ([], [])
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


def test_words_of_jd_are_known(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "jd_orders")
    statuses = mapped_rows(shop, "transactions", "order_id[-1], order_status, net_amount, ordered_at[:10]")
    assert statuses == [
        # 10 off 118, 20 and a gift
        ("1", "completed", "0.0000", "2024-03-06"),
        ("1", "completed", "109.4500", "2024-03-06"),
        ("1", "completed", "18.5500", "2024-03-06"),
        ("2", "paid", "59.0000", "2024-03-07"),
        # deleted before it left, in brackets of either width after
        ("3", "cancelled", "20.0000", "2024-03-08"),
        ("4", "unpaid", "59.0000", "2024-03-09"),
        # locked: somebody asked for money back
        ("5", "shipped", "55.0100", "2024-03-10"),
        ("6", "completed", "6.0000", "2024-03-11"),
        ("7", "cancelled", "59.0000", "2024-03-12"),
    ]
    # what is masked is not known
    assert mapped_rows(shop, "users", "user_id, full_name, phone") == [
        ("jd_fictional_a", "张三", "13800000000"),
        ("jd_fictional_c", "王五", None),
        ("虚构用户b", None, None),
    ]


def test_what_comes_back_of_shopify_tables_does_so_on_its_own_day(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "shopify_tables")
    lines = mapped_rows(
        shop, "transactions", "transaction_id, order_status, cast(quantity as double), net_amount, ordered_at[:10]"
    )
    found = {line: tuple(rest) for line, *rest in lines}
    assert found["60022"] == ("completed", 2, "25.0000", "2026-03-02")
    assert found["81-refund"] == ("completed", -1, "-12.5000", "2026-03-20")
    assert found["91-adjustment"] == ("adjusted", 0, "-2.50", "2026-04-02")
    # what was cancelled does not come back as well, of trials and what was deleted there is nothing
    assert found["60041"][0] == "cancelled"
    assert not found.keys() & {"83-refund", "84-refund", "60051", "60061", "92-adjustment"}
    # brought from another shop: of the day on which it was ordered
    assert found["60081"][3] == "2025-12-24"
    # consent as it is now, not as it was at the order
    assert mapped_rows(shop, "users", "user_id, consent_email") == [
        ("+49301234563", "false"),
        ("ann@example.com", "true"),
        ("bo@example.com", "false"),
    ]


def test_tables_may_be_parquet_in_parts(tmp_path: Path) -> None:
    for file in (EXPORTS / "shopify_tables").iterdir():
        rows = duckdb.sql(f"select * from read_csv('{file}')")
        rows.write_parquet(str(tmp_path / f"{file.stem}.parquet"))
        if file.stem == "order_line":
            # the second line of the first order stands in both, the third in the other alone
            rows.limit(2).write_parquet(str(tmp_path / "order_line.parquet"))
            rows.limit(20, 1).write_parquet(str(tmp_path / "order_line-1.parquet"))
    (tmp_path / "mapping.yml").write_text(propose(str(tmp_path), "auto"), encoding="utf-8")
    assert sum(kept_amounts(tmp_path).values()) == KEPT["shopify_tables"]
    assert mapped_rows(tmp_path, "transactions", "sum(try_cast(net_amount as decimal(18, 2)))") == [
        (Decimal("169.99"),)
    ]


def test_a_refusal_in_klaviyo_holds(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "klaviyo_profiles")
    # whom it may not write to has not agreed, though a list says so
    assert mapped_rows(shop, "users", "user_id, consent_email, consent_sms") == [
        ("+49301234565", None, "false"),
        ("ann@example.com", "true", "true"),
        ("bo@example.com", "false", None),
        ("cara@example.com", "false", None),
        ("dan@example.com", "false", None),
        ("finn@example.com", "false", None),
    ]
    assert mapped_rows(shop, "contact_events", "user_id, channel, event_type, bounce_kind, occurred_at") == [
        ("+49301234565", "sms", "unsubscribed", None, "2026-03-19 10:00:00+00:00"),
        ("bo@example.com", "email", "unsubscribed", None, "2026-03-25T09:00:00+00:00"),
        ("cara@example.com", "email", "bounced", "hard", "2026-02-01 00:00:00+00:00"),
        ("finn@example.com", "email", "unsubscribed", None, "2026-03-20 10:00:00+00:00"),
    ]


def test_of_klaviyo_tables_contacts_are_read_and_orders_not(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "klaviyo_tables")
    events = mapped_rows(shop, "contact_events", "event_id, user_id, campaign_id, channel, event_type, bounce_kind")
    assert events == [
        ("e01", "ann@example.com", "spring-2026", "email", "delivered", None),
        # opened by a machine
        ("e02", "ann@example.com", "spring-2026", "email", "delivered", None),
        ("e03", "ann@example.com", "spring-2026", "email", "opened", None),
        ("e04", "ann@example.com", "spring-2026", "email", "clicked", None),
        ("e06", "bo@example.com", "spring-2026", "email", "bounced", "Soft"),
        ("e07", "bo@example.com", None, "email", "unsubscribed", None),
        ("e08", "+49301234565", None, "sms", "delivered", None),
    ]
    assert [user for (user,) in mapped_rows(shop, "users", "user_id")] == [
        "+49301234565",
        "ann@example.com",
        "bo@example.com",
    ]


def test_events_of_ga4_are_of_the_day_in_utc(tmp_path: Path) -> None:
    shop = proposed(tmp_path, "ga4_events")
    events = mapped_rows(shop, "events", "event_type, user_id, product_id, search_text, channel, occurred_at[:16]")
    assert [each for each in events if each[0] in ("view", "search", "remove_from_cart")] == [
        ("remove_from_cart", "u-4", "POT", None, "web", "2026-03-02 12:00"),
        ("search", None, None, "green tea", "web", "2026-02-28 23:30"),
        ("view", None, "TEA", None, "web", "2026-02-28 23:32"),
    ]
    assert len(events) == 15
    orders = mapped_rows(shop, "transactions", "distinct order_id, user_id, sales_channel, ordered_at[:16]")
    assert orders == [
        ("T-1", "u-1", "web", "2026-02-28 23:40"),
        ("T-1", None, "web", "2026-03-02 11:00"),
        ("T-2", None, "app", "2026-03-01 18:00"),
        ("T-3", "u-4", "web", "2026-03-02 09:00"),
        ("T-4", "u-4", "web", "2026-03-02 10:00"),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_known_by_headings_of_its_own(layout: str) -> None:
    headings, _ = headings_of(str(EXPORTS / layout), "auto")
    assert [each.name for each in recognised(headings)] == [layout]
    # the same columns under other names are nobody's
    assert recognised({file: [f"{name} 2" for name in names] for file, names in headings.items()}) == []


def test_files_named_as_the_contract_are_no_layout() -> None:
    assert recognised({table: list(columns) for table, columns in contract().items()}) == []
    assert set(LAYOUTS) == KEPT.keys() | WITHOUT_ORDERS


def test_one_folder_may_hold_a_shop_and_its_tools(tmp_path: Path) -> None:
    for layout in ("shopify_orders", "klaviyo_profiles", "ga4_events"):
        shutil.copytree(EXPORTS / layout, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mapping.yml").write_text(propose(str(tmp_path), "auto"), encoding="utf-8")
    # orders, users and products are the shop's
    assert sum(kept_amounts(tmp_path).values()) == KEPT["shopify_orders"]
    assert mapped_rows(tmp_path, "users", "count(distinct user_id)") == [(ORDERS["shopify_orders"][1],)]
    assert len(mapped_rows(tmp_path, "contact_events")) == 4
    assert len(mapped_rows(tmp_path, "events")) == 15


def test_purchases_of_ga4_give_way_to_orders(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "ga4_events", tmp_path, dirs_exist_ok=True)
    # an export called as a table is that layout's, not another file of the table
    (tmp_path / "events_20260301.csv").rename(tmp_path / "events.csv")
    assert read_yaml(propose(str(tmp_path), "auto"))["tables"].keys() == {"events", "transactions", "products"}
    (tmp_path / "transactions.csv").write_text("transaction_id\n")
    assert read_yaml(propose(str(tmp_path), "auto"))["tables"].keys() == {"events", "products"}


@pytest.mark.parametrize("layout", sorted(KEPT))
def test_any_shop_and_its_tools_make_one_mapping(layout: str) -> None:
    tools = [Recognised(name, {}, set()) for name in ("ga4_events", *sorted(WITHOUT_ORDERS)) if name != layout]
    found = together([*tools, Recognised(layout, {}, set())])
    told = read_yaml(written(found, set()))
    assert told.pop("layout") == found[0].name
    assert told["tables"].keys() >= {"transactions", "users", "contact_events", "events"}
    assert mapping_of("shop", told).tables.keys() == told["tables"].keys()


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

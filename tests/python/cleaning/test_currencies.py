"""Orders in other currencies are converted at the rate of their day; what cannot be is named and stops a build.

The cases are what public threads tell of importers and multi-currency shops: weekends without a rate, a rate of 1 or 0
where none is known, a rate turned around or applied twice, refunds at another day's rate, cents that rounding makes.
"""

from __future__ import annotations

import datetime
import random
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, DbtResult, DbtRuns
from support.readings import mapped_rows, proposed
from support.shops import CHECK_DATA, NO_DATA_TESTS, built_shop, query_shop, run_on_shop, write_shop

from operations.build.summary import currency_lines

MARTS = ("build", "--select=+orders +row_reconciliation", *NO_DATA_TESTS[2:])
COLUMNS = (
    "transaction_id;order_id;user_id;product_id;currency;quantity;unit_price;discount_amount;coupon_amount;"
    "net_amount;ordered_at;order_status"
)
RATES = "rate_date;currency;into_currency;rate"
# A Friday; banks quote no rates on the two days after it.
FRIDAY = datetime.date(2026, 3, 6)


def written(heading: str, rows: list[str]) -> str:
    """Join the lines of a file."""
    return "\n".join([heading, *rows, ""])


def some_orders(currencies: dict[str, int], count: int = 120) -> list[str]:
    """Return lines of orders of ten products, priced in cents of euros times a factor per currency."""
    draw = random.Random(7)
    lines = []
    for order in range(count):
        currency = draw.choice(list(currencies))
        day = FRIDAY + datetime.timedelta(days=draw.randrange(6))
        for product in draw.sample(range(10), draw.randint(1, 4)):
            price = Decimal(currencies[currency] * (999 + 310 * product)) / 100
            price = price.quantize(Decimal(1)) if currencies[currency] > 100 else price
            off = (price / 10).quantize(Decimal("0.01"))
            lines.append(
                f"t{len(lines)};o{order};u{order % 9};p{product};{currency};3;{price};{off};0.05;"
                f"{3 * price - off - Decimal('0.05')};{day} 12:00:00;"
            )
    return lines


def found(result: DbtResult, rule: str) -> str:
    """Return what check and build print of a rule, its example with it."""
    lines = result.output.splitlines()
    [at] = [number for number, line in enumerate(lines) if rule in line]
    return " ".join(lines[at : at + 2])


def test_a_bicycle_shop_sells_to_four_countries(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = [
        *some_orders({"EUR": 1, "USD": 1, "usd": 1, "US$": 1, "JPY": 165, "": 1, "KRW": 1500}),
        # sent back three weeks later, at another rate: the line, a part of another, money without goods
        "a1;a;u21;p1;USD;1;10.01;;;10.01;2026-03-07 12:00:00;",
        "a2;a;u21;p2;USD;3;3.35;;;10.05;2026-03-07 12:00:00;",
        "a3;a;u21;p3;USD;1;19.99;;;19.99;2026-03-07 12:00:00;",
        "a4;sent back;u21;p1;USD;-1;10.01;;;-10.01;2026-03-27 12:00:00;",
        "a5;sent back;u21;p2;USD;-1;3.35;;;-3.35;2026-03-27 12:00:00;",
        "a6;a;u21;p3;USD;0;;;;-5.00;2026-03-27 12:00:00;adjusted",
        # undone by its status
        "b1;b;u22;p1;JPY;1;1651;;;1651;2026-03-07 12:00:00;returned",
        # half past eleven in the evening of UTC is the same day for a shop of UTC
        "c1;c;u23;p1;USD;100;1.00;;;100.00;2026-03-26 23:30:00;",
        # paid back in the shop's own money
        "d1;d;u24;p9;USD;1;50.00;;;50.00;2026-03-06 12:00:00;",
        "d2;d;u24;p9;EUR;-1;46.00;;;-46.00;2026-03-27 12:00:00;",
    ]
    rates = [
        f"{day};{currency};EUR;{rate}"
        for day, dollar, yen, won in (
            ("2026-03-06", "0,923456", "0,0060606", "0,000666"),
            ("2026-03-09", "0,91", "0,0061", "0,000667"),
            ("2026-03-26", "0,8", "0,0055", "0,00065"),
            ("2026-03-27", "0,7", "0,0055", "0,00065"),
        )
        for currency, rate in (("USD", dollar), ("jpy", yen), ("₩", won))
    ]
    shop = write_shop(
        tmp_path, {"transactions.csv": written(COLUMNS, lines), "currency_rates.csv": written(RATES, rates)}
    )
    result = run_on_shop(shop_dbt, shop, *MARTS)
    assert result.exit_code == 0, result.output
    for doubt in ("prices in another", "no rate on", "far from those before", "less reductions", "refunded"):
        assert doubt not in result.output, result.output
    warehouse = built_shop(shop_dbt)
    assert query_shop(warehouse, "select distinct currency from core.transactions") == [("EUR",)]
    codes = query_shop(warehouse, "select distinct original_currency from core.transactions order by 1")
    assert [code for (code,) in codes] == ["EUR", "JPY", "KRW", "USD"]
    # an order's lines add up to what it is worth, to the cent, each of its amounts
    orders = query_shop(
        warehouse,
        """
        select sum(sold.net_amount), round(sum(read.net_amount) * any_value(read.exchange_rate), 2),
            sum(sold.discount_amount), round(coalesce(sum(read.discount_amount), 0) * any_value(read.exchange_rate), 2),
            sum(sold.coupon_amount), round(coalesce(sum(read.coupon_amount), 0) * any_value(read.exchange_rate), 2)
        from core.transactions as sold
        join cleaning.int_transactions_checked as read using (transaction_id)
        where sold.line_kind = 'sale' group by sold.order_id
        """,
    )
    assert len(orders) == 124
    assert [order for order in orders if order[::2] != order[1::2]] == []
    # no exchange made money: what went back in full nets to nothing, whatever the rate is now
    returned = query_shop(warehouse, "select return_id, returned_amount from core.returns order by 1")
    assert returned == [
        ("a4", Decimal("9.24")),
        ("a5", Decimal("3.09")),
        ("a6", Decimal("4.62")),
        ("b1", Decimal("10.01")),
        ("d2", Decimal("46.00")),
    ]
    assert query_shop(
        warehouse,
        "select transaction_id, net_amount from core.transactions where transaction_id in ('a1', 'a4', 'b1', 'c1')"
        " order by 1",
    ) == [("a1", Decimal("9.24")), ("a4", Decimal("-9.24")), ("b1", Decimal("10.01")), ("c1", Decimal("80.00"))]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        told = currency_lines(connection)
    assert told[0] == "Orders converted at the rate of their day"
    assert sorted(line.split()[0] for line in told[1:]) == ["JPY", "KRW", "USD"]
    assert told[1].endswith("at 0.7 to 0.923456")
    # what came in is told as it came in
    [(amount_in, amount_out)] = query_shop(
        warehouse, "select amount_in, amount_out from core.row_reconciliation where entity = 'transactions'"
    )
    assert amount_in == amount_out == sum(Decimal(line.split(";")[9]) for line in lines)


def test_a_tea_shop_that_looks_wrong_and_is_right(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    """Most orders are in other currencies, one of them fell by half, one is of no country; a rate is told twice."""
    lines = some_orders({"USD": 1, "EUR": 1, "ARS": 400, "JPY": 150, "USDT": 1})
    rates = [f"2026-03-06;{currency};JPY;{rate}" for currency, rate in (("USD", 150), ("EUR", 165), ("USDT", 150))]
    rates += [f"2026-03-0{day};ARS;JPY;{rate}" for day, rate in ((5, 0.42), (6, 0.41), (8, 0.2), (9, 0.21))]
    # told twice, and corrected by a later file
    rates += [rates[0], "2026-03-06;JPY;JPY;1"]
    shop = write_shop(
        tmp_path,
        {
            "transactions.csv": written(COLUMNS, lines),
            "currency_rates/1.csv": written(RATES, rates),
            "currency_rates/2.csv": written(RATES, ["2026-03-06;USD;JPY;155"]),
        },
    )
    result = run_on_shop(shop_dbt, shop, *MARTS)
    assert result.exit_code == 0, result.output
    worth = query_shop(
        built_shop(shop_dbt),
        "select currency, original_currency, round(median(net_amount / original_net_amount), 1)"
        " from core.transactions group by all order by 2",
    )
    assert [(code, rate) for _, code, rate in worth][1:] == [("EUR", 165), ("JPY", 1), ("USD", 155), ("USDT", 150)]
    assert {shops for shops, *_ in worth} == {"JPY"}


def test_what_cannot_be_converted_is_named_and_stops_the_check(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = [
        *some_orders({"EUR": 1, "CNY": 8, "KRW": 1}),
        "x1;x1;u1;p1;CHF;1;10;;;10;2026-03-07;",
        "x2;x2;u1;p1;SEK;1;10;;;10;2026-03-14;",
        "x3;x3;u1;p1;NOK;1;10;;;10;2026-03-07;",
    ]
    rates = [
        # turned around: so many yuan a euro; and right, but for prices that were euros already
        "2026-03-06;CNY;EUR;7.8",
        "2026-03-06;KRW;EUR;0.00066",
        # held for a week, not longer
        "2026-03-06;SEK;EUR;0.09",
        # 0 where nothing is known, and two on one day
        "2026-03-06;NOK;EUR;0",
        "2026-03-06;PLN;EUR;0.23",
        "2026-03-06;PLN;EUR;0.24",
        *(f"2026-03-0{day};USD;EUR;{rate}" for day, rate in ((5, 0.92), (6, 9.2), (9, 0.91))),
        *(f"2026-02-{day:02};USD;EUR;0.9" for day in range(1, 28)),
    ]
    shop = write_shop(
        tmp_path, {"transactions.csv": written(COLUMNS, lines), "currency_rates.csv": written(RATES, rates)}
    )
    result = run_on_shop(shop_dbt, shop, *CHECK_DATA)
    assert result.exit_code != 0
    unrated = found(result, "doubted               3")
    assert "currency has no rate on its day  <- above the 0.0 % of var doubt_thresholds" in unrated
    assert f"transactions.csv row {len(lines) - 2}: CHF on 2026-03-07, none before of it into EUR" in unrated
    assert "rate is not above 0" in result.output
    assert "rate_date, currency, into_currency comes again with other values" in result.output
    spike = found(result, "rate is far from those before and after")
    assert "USD at 9.2000000000 on 2026-03-06, 0.9200000000 before and 0.9100000000 after" in spike
    prices = found(result, "prices in another currency are far from those in the shop's")
    assert "<- above" in prices
    assert "CNY: converted prices of 10 products are 62.4 times those in EUR" in prices


@pytest.mark.parametrize("layout", ["woocommerce_orders"])
def test_an_export_in_two_currencies_is_converted(shop_dbt: DbtRuns, tmp_path: Path, layout: str) -> None:
    shop = proposed(tmp_path, layout)
    for file in shop.glob("*orders*.csv"):
        lines = file.read_text().splitlines()
        lines = [line.replace(",EUR,", ",USD,") if line.startswith(("801", "803")) else line for line in lines]
        file.write_text(written(lines[0], lines[1:]))
    (shop / "currency_rates.csv").write_text(
        written(RATES.replace(";", ","), [f"2026-0{month}-01,USD,EUR,0.5" for month in (2, 3)])
    )
    result = run_on_shop(shop_dbt, shop, *MARTS, "--vars={currency_rate_days: 31}")
    assert result.exit_code == 0, result.output
    sold = query_shop(
        built_shop(shop_dbt),
        "select original_currency, sum(original_net_amount) > 0, sum(net_amount) / sum(original_net_amount)"
        " from core.transactions where line_kind = 'sale' group by 1 order by 1",
    )
    assert sold == [("EUR", True, 1.0), ("USD", True, 0.5)]


def test_amounts_in_cents_are_whole_where_a_currency_has_none(tmp_path: Path) -> None:
    page = (PROJECT_FOLDER / "docs" / "mapping.md").read_text()
    lines = re.findall(r"^    ((?:currency|net_amount): .*)", page, re.MULTILINE)
    assert len(lines) == 2
    mapping = (
        "files: {charges: {named: charges.csv}}\ntables:\n  transactions:\n    from: charges\n    columns:\n"
        "      transaction_id: id\n      order_id: id\n      product_id: sku\n      quantity: {constant: 1}\n"
        "      ordered_at: created\n" + "".join(f"      {line}\n" for line in lines)
    )
    charges = ["ch_1,p1,1050,usd,2026-03-06", "ch_2,p1,1800,jpy,2026-03-06", "ch_3,p1,15000,KRW,2026-03-06"]
    shop = write_shop(
        tmp_path, {"mapping.yml": mapping, "charges.csv": written("id,sku,amount,currency,created", charges)}
    )
    assert [(code, float(amount)) for code, amount in mapped_rows(shop, "transactions", "currency, net_amount")] == [
        ("KRW", 15000),
        ("jpy", 1800),
        ("usd", 10.5),
    ]

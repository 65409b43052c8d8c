"""A shop in the published layout of UCI Online Retail II, with every trap it has."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, DbtResult, DbtRuns, attach_vault, moved, package_folder

FIXTURE_FOLDER = PROJECT_FOLDER / "tests/fixtures/online_retail"
FIXTURE_FILE = FIXTURE_FOLDER / "online_retail_II.csv"
# The second sheet begins after so many lines.
FIRST_SHEET_LINES = 65
PSEUDONYM_KEY = "a key for tests, of no other use"

# Lines of 1 to 9 December 2010 that the second sheet has again: 12.60 + 5.00 + 5.00
# + 1.63 - 2.10 + 1.70. The second 600044 of that sheet is a line of its own.
DEDUPLICATED_LINE_COUNT = 6
DEDUPLICATED_AMOUNT = Decimal("23.83")

GOODS = {*{"10001", "10002A", "10003", "10004", "10005", "10006", "10007", "10008"}, *{"10009", "DCGS0004"}}
SERVICES = {
    *{"ADJUST", "ADJUST2", "AMAZONFEE", "B", "BANK CHARGES", "C2", "C3", "CRUK", "D"},
    *{"DCGSSBOY", "DOT", "GIFT_0001_20", "M", "PADS", "POST", "S"},
    *{"TEST001", "TEST002"},
}


def run_shop(dbt: DbtRuns, warehouse: Path, folder: Path, *arguments: str) -> DbtResult:
    """Run dbt on a folder of this shop."""
    return dbt.run(
        *arguments,
        warehouse=warehouse,
        raw_folder=package_folder(),
        source="online_retail",
        environment={"SHOP_DIR": str(folder), "PSEUDONYM_KEY": PSEUDONYM_KEY},
    )


@pytest.fixture(scope="module")
def shop(dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """All that is read and cleaned, and the holidays of its country, from the fixture; every data test passed."""
    building = dbt.begin()
    selection = ("--select", "+path:models/core", "stg_calendar__holidays", "--exclude-resource-type=unit_test")
    result = run_shop(dbt, building, FIXTURE_FOLDER, "build", *selection)
    assert result.exit_code == 0, result.output
    warehouse = moved(building, tmp_path_factory.mktemp("shop") / "shop.duckdb")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        attach_vault(connection, warehouse)
        yield connection


def rows(shop: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    """Rows of a query, sums of money as text: to the cent, and easily written."""
    return [
        tuple(str(value) if isinstance(value, Decimal) else value for value in row)
        for row in shop.sql(query).fetchall()
    ]


def test_net_revenue_reconciles_to_the_cent(shop: duckdb.DuckDBPyConnection) -> None:
    with FIXTURE_FILE.open(encoding="utf-8") as file:
        raw_amount = sum(
            (Decimal(line["Quantity"]) * Decimal(line["Price"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
            for line in csv.DictReader(file)
        )
    assert shop.sql("select sum(net_amount) from core.transactions").fetchone() == (raw_amount - DEDUPLICATED_AMOUNT,)


def test_lines_of_both_sheets_fold_and_doubled_lines_stay(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select order_id, count(*) filter (row_status = 'kept'),
            count(*) filter (status_reason = 'exact duplicate')
        from cleaning.int_transactions_checked
        where order_id in ('600031', '600040', '600041', 'C600042', '600044')
        group by order_id
        order by order_id
        """,
    ) == [("600031", 2, 0), ("600040", 3, 3), ("600041", 1, 1), ("600044", 2, 1), ("C600042", 1, 1)]
    assert rows(
        shop,
        "select rows_in, rows_deduplicated, rows_rejected, amount_deduplicated"
        " from core.row_reconciliation where entity = 'transactions'",
    ) == [(83, DEDUPLICATED_LINE_COUNT, 0, str(DEDUPLICATED_AMOUNT))]


def test_each_cancellation_nets_the_line_it_means(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select left(returns.return_id, 7), returns.product_id, returns.order_id,
            returns.quantity, returns.returned_amount, sales.net_amount,
            returns.is_same_day
        from core.returns
        left join core.transactions as sales
            on returns.transaction_id = sales.transaction_id
        order by returns.returned_at, returns.return_id, returns.part_number
        """,
    ) == [
        # bought before the data, though bought again later
        ("C600006", "10004", None, "3.000", "14.85", None, False),
        # in full; in part; on the same day
        ("C600004", "10001", "600001", "6.000", "12.60", "12.60", False),
        ("C600005", "10001", "600002", "4.000", "8.40", "21.00", False),
        ("C600008", "10005", "600007", "5.000", "18.75", "18.75", True),
        # a guest; never bought; what is no article
        ("C600009", "10001", None, "1.000", "2.10", None, False),
        ("C600011", "10006", None, "2.000", "13.00", None, False),
        ("C600016", "D", None, "1.000", "7.35", None, False),
        ("C600017", "AMAZONFEE", None, "1.000", "120.50", None, False),
        ("C600019", "CRUK", None, "1.000", "41.20", None, False),
        ("C600019", "S", None, "1.000", "30.00", None, False),
        # 15 ribbons at 0.125
        ("C600029", "10008", "600029", "15.000", "1.88", "1.88", False),
        # ten bought, three times four sent back: two too many
        ("C600033", "10005", "600032", "4.000", "15.00", "37.50", False),
        ("C600034", "10005", "600032", "4.000", "15.00", "37.50", False),
        ("C600035", "10005", "600032", "2.000", "7.50", "37.50", False),
        ("C600035", "10005", None, "2.000", "7.50", None, False),
        # the latest first, and none twice
        ("C600038", "10004", "600037", "2.000", "9.90", "9.90", False),
        ("C600039", "10004", "600036", "2.000", "9.90", "9.90", False),
        # in both sheets, netted once
        ("C600042", "10001", "600040", "1.000", "2.10", "12.60", False),
    ]


@pytest.mark.parametrize(
    ("order_id", "product_id", "expected"),
    [
        pytest.param("A600012", "B", ("adjustment", "-530.25"), id="bad debt"),
        pytest.param("A600013", "B", ("adjustment", "110.60"), id="bad debt repaid"),
        pytest.param("600023", "10002A", ("adjustment", "0.00"), id="damaged stock"),
        pytest.param("600024", "10002A", ("adjustment", "0.00"), id="stock found"),
        pytest.param("600026", "10003", ("adjustment", "0.00"), id="no description"),
        pytest.param("600027", "10003", ("adjustment", "-1.70"), id="minus without C"),
        pytest.param("C600028", "M", ("adjustment", "37.50"), id="C without minus"),
        pytest.param("600025", "10003", ("sale", "0.00"), id="free to a customer"),
        pytest.param("600003", "10002A", ("sale", "4.92"), id="code in lower case"),
        pytest.param("600003", "DOT", ("sale", "11.17"), id="postage"),
        pytest.param("600020", "PADS", ("sale", "0.00"), id="a tenth of a penny"),
        pytest.param("C600017", "AMAZONFEE", ("return", "-120.50"), id="fee"),
    ],
)
def test_each_trap_ends_as_expected(
    shop: duckdb.DuckDBPyConnection, order_id: str, product_id: str, expected: tuple[str, str]
) -> None:
    assert rows(
        shop,
        f"""
        select line_kind, net_amount from core.transactions
        where order_id = '{order_id}' and product_id = '{product_id}'
        """,
    ) == [expected]


def test_money_is_rounded_by_the_line(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select quantity, unit_price, net_amount, currency, sales_channel
        from core.transactions where product_id = '10008' order by ordered_at, quantity
        """,
    ) == [
        ("7.000", "0.0650", "0.46", "GBP", "web"),
        ("15.000", "0.1250", "1.88", "GBP", "web"),
        ("-15.000", "0.1250", "-1.88", "GBP", "web"),
    ]


def test_codes_are_no_goods(shop: duckdb.DuckDBPyConnection) -> None:
    kinds = dict(rows(shop, "select product_id, product_kind from core.products"))
    assert {code for code, kind in kinds.items() if kind == "goods"} == GOODS
    assert {code for code, kind in kinds.items() if kind == "service"} == SERVICES
    assert rows(
        shop,
        "select count(*) from core.transactions inner join core.products"
        " using (product_id) where is_basket_line and product_kind <> 'goods'",
    ) == [(0,)]


def test_products_are_named_and_priced_by_their_sales(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select product_id, product_name, list_price from core.products
        where product_id in ('10001', '10002A', '10003', '10004', '10006', '10009')
        order by product_id
        """,
    ) == [
        ("10001", "RED TIN LANTERN", "2.10"),
        # seven sales: 1.25 five times in 600001, 600040 and 600058, 2.46 once
        ("10002A", "BLUE MUG SPOTS", "1.25"),
        ("10003", "PAPER STARS", "0.85"),
        # once called TRAY WOODEN
        ("10004", "WOODEN TRAY", "4.95"),
        # the mean of 6.50 and 6.95, rounded up
        ("10006", "LARGE CLOCK", "6.73"),
        # only ever checked in the store room
        ("10009", None, None),
    ]


def test_orders_hold_sales_only(shop: duckdb.DuckDBPyConnection) -> None:
    orders = {order for (order,) in rows(shop, "select order_id from core.orders")}
    assert orders == {
        f"6000{number:02}"
        for number in (
            *(1, 2, 3, 7, 10, 14, 15, 18, 20, 21, 22, 25, 29, 30, 31, 32, 36, 37, 40),
            *(41, 44, *range(51, 62)),
        )
    }
    assert rows(
        shop,
        """
        select order_id, net_amount, cancelled_amount, returned_amount, is_cancelled
        from core.orders where order_id in ('600007', '600002', '600040')
        order by order_id
        """,
    ) == [
        ("600002", "31.20", "0.00", "8.40", False),
        ("600007", "39.15", "18.75", "18.75", False),
        ("600040", "22.60", "0.00", "2.10", False),
    ]


def test_customers_have_the_country_of_their_latest_invoice(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select people.source_user_id, users.region
        from core.users inner join vault.people on users.user_id = people.user_id
        order by people.source_user_id
        """,
    ) == [
        ("20001", "United Kingdom"),
        ("20002", "United Kingdom"),
        ("20003", "United Kingdom"),
        # moved from Germany
        ("20004", "Austria"),
        ("20005", "France"),
        ("20006", "EIRE"),
        ("20007", "United Kingdom"),
        ("20008", "United Kingdom"),
        ("20009", "United Kingdom"),
        # Unspecified
        ("20010", None),
    ]
    assert rows(shop, "select order_id from core.orders where user_id is null order by order_id") == [
        ("600003",),
        ("600014",),
        ("600018",),
        ("600022",),
        ("600041",),
    ]


def test_invoices_are_dated_by_the_clock_of_london(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select cast(ordered_at as text), cast(order_date as text) from core.orders
        where order_id in ('600030', '600001') order by order_id
        """,
    ) == [
        ("2009-12-01 08:00:00", "2009-12-01"),
        # half past midnight in summer
        ("2010-07-04 23:30:00", "2010-07-05"),
    ]


def test_a_file_per_sheet_and_the_older_names_come_to_the_same(
    dbt: DbtRuns, shop: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    sheets = tmp_path / "online_retail_II"
    sheets.mkdir()
    with duckdb.connect() as connection:
        lines = connection.read_csv(str(FIXTURE_FILE), dtype={"Invoice": "varchar", "StockCode": "varchar"})
        # as a spreadsheet in London writes it
        connection.sql(
            f"""
            select Invoice as InvoiceNo, StockCode, Description, Quantity,
                strftime(InvoiceDate, '%-d/%-m/%Y %H:%M') as InvoiceDate,
                Price as UnitPrice, cast("Customer ID" as int) as CustomerID, Country
            from lines limit {FIRST_SHEET_LINES}
            """
        ).write_csv(str(sheets / "2009-2010.csv"))
        # as pandas keeps it
        connection.sql(
            f'select * replace (cast("Customer ID" as double) as "Customer ID") from lines offset {FIRST_SHEET_LINES}'
        ).write_parquet(str(sheets / "2010-2011.parquet"))
        assert lines.shape[0] == 83
    warehouse = tmp_path / "building.duckdb"
    result = run_shop(
        dbt,
        warehouse,
        tmp_path,
        "build",
        "--select=stg_online_retail__lines stg_online_retail__transactions",
        "--vars={slash_dates: day_first}",
    )
    assert result.exit_code == 0, result.output
    query = """
        select transaction_id, user_id is null, order_status, net_amount, ordered_at,
            count(*)
        from {} group by all order by all
    """
    users = "select distinct {} as user_id from {} where user_id is not null order by 1"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        attach_vault(connection, warehouse)
        assert rows(connection, query.format("staging.stg_online_retail__transactions")) == rows(
            shop, query.format("cleaning.int_transactions_checked")
        )
        assert rows(connection, users.format("user_id", "vault.stg_online_retail__lines")) == rows(
            shop, users.format("source_user_id", "vault.people")
        )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(
            "StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
            "expected the column Invoice or InvoiceNo, found only StockCode",
            id="missing column",
        ),
        pytest.param(None, "online_retail_II.csv or ", id="missing file"),
    ],
)
def test_another_layout_stops_the_build(dbt: DbtRuns, tmp_path: Path, header: str | None, expected: str) -> None:
    if header:
        (tmp_path / "online_retail_II.csv").write_text(f"{header}\n")
    result = run_shop(dbt, dbt.begin(), tmp_path, "build", "--select=users")
    assert result.exit_code != 0
    assert expected in result.output
    assert "Traceback" not in result.output

"""A mapping names an export's columns; a faulty one is one sentence that names the place."""

from __future__ import annotations

import csv
import io
import random
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from support.cache import PROJECT_FOLDER
from support.readings import LAYOUTS, faults_of, mapped_rows, proposed, reading

from operations.mapping.__main__ import main
from operations.mapping.layouts import layouts
from operations.mapping.persons import refuse_mapped, rows_in_mapped_files
from operations.mapping.proposal import synonyms
from operations.mapping.reading import MappingFaultsError, mapping_of
from operations.mapping.values import NUMBERS, TEXTS
from operations.personal_data.access_export import held_in_files
from operations.personal_data.persons import Person, UnreadableError

LINES = """Bill,Line,Who,When,Goods,Pieces,Price,Cut,Voucher
B1,1,u1,2026-03-01 10:00:00,p1,2,10.00,3.00,
B1,2,u1,,p2,1,"1,000.05",,v
B2,1,,2026-03-02 11:00:00,p1,1,10.00,,
"""
GOOD = """
files:
  lines: {named: export*.csv, fill_down: {within: Bill, columns: [When, Who]}}
tables:
  transactions:
    from: lines
    columns:
      transaction_id: {text: [Bill, Line], with: /}
      order_id: Bill
      user_id: Who
      product_id: Goods
      quantity: Pieces
      net_amount: {minus: [{times: [Price, Pieces]}, {spread: Cut, over: Bill, by: {times: [Price, Pieces]}}]}
      ordered_at: When
"""
COLUMNS = 'transaction_id, user_id, quantity, net_amount, ordered_at, "(row)"'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with one export."""
    (tmp_path / "export-1.csv").write_text(LINES)
    return tmp_path


def test_columns_are_mapped_filled_and_shared_out(shop: Path) -> None:
    assert faults_of(shop, GOOD) == []
    assert mapped_rows(shop, "transactions", COLUMNS) == [
        # 3 over 20 and 1,000.05
        ("B1/1", "u1", "2", "19.9400", "2026-03-01 10:00:00", 1),
        ("B1/2", "u1", "1", "997.1100", "2026-03-01 10:00:00", 2),
        ("B2/1", None, "1", "10.0000", "2026-03-02 11:00:00", 3),
    ]


def test_the_last_file_alone_tells_an_order(shop: Path) -> None:
    # what a browser writes beside export-1.csv, and a tenth export; the others' lines of B1 were taken out of it
    header, _, second, _ = LINES.splitlines()
    (shop / "export-1 (1).csv").write_text(f"{header}\n{second.replace(',,p2', ',2026-03-01 10:00:00,p2')}\n")
    mapping = GOOD.replace("named: export*.csv,", "named: export*.csv, last_file_per: Bill,")
    assert faults_of(shop, mapping) == []
    assert [line for line, *_ in mapped_rows(shop, "transactions", COLUMNS)] == ["B1/2", "B2/1"]
    (shop / "export-10.csv").write_text(LINES.replace(",10.00,3.00", ",10.00,4.00"))
    (shop / "export-9.csv").write_text(LINES.replace(",10.00,3.00", ",10.00,5.00"))
    assert sum(Decimal(net) for _, _, _, net, *_ in mapped_rows(shop, "transactions", COLUMNS)) == Decimal("1026.05")


def test_lines_in_another_order_share_what_their_order_says(shop: Path) -> None:
    header, first, second, third = LINES.splitlines()
    (shop / "export-1.csv").write_text("\n".join([header, second, third, first, ""]))
    mapping = GOOD.replace("order_id: Bill", "order_id: Bill\n      order_status: Voucher").replace(
        "Who]", "Who, Voucher]"
    )
    assert faults_of(shop, mapping) == []
    lines = mapped_rows(shop, "transactions", "transaction_id, user_id, net_amount, ordered_at, order_status")
    assert lines == [
        ("B1/1", "u1", "19.9400", "2026-03-01 10:00:00", "v"),
        ("B1/2", "u1", "997.1100", "2026-03-01 10:00:00", "v"),
        ("B2/1", None, "10.0000", "2026-03-02 11:00:00", None),
    ]


def test_two_amounts_are_not_of_one_order(shop: Path) -> None:
    (shop / "export-1.csv").write_text(LINES.replace('"1,000.05",,', '"1,000.05",7,'))
    assert faults_of(shop, GOOD) == []
    assert [net for _, _, _, net, *_ in mapped_rows(shop, "transactions", COLUMNS)] == [
        "unreadable",
        "unreadable",
        "10.0000",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Goods", ["p1", "p2", "p1"]),
        ("{constant: 7}", ["7", "7", "7"]),
        ("{column: Goods, words: {p1: tea, P2: true}}", ["tea", "true", "tea"]),
        ("{column: Goods, words: {p1: ''}, otherwise: other}", [None, "other", None]),
        ("{first_of: [Voucher, Goods]}", ["p1", "v", "p1"]),
        ("{text: [Bill, {number_within: Bill}], with: '-'}", ["B1-1", "B1-2", "B2-1"]),
        ("{cents: Price}", ["0.1000", "10.0005", "0.1000"]),
        ("{negative: Pieces}", ["-2.0000", "-1.0000", "-1.0000"]),
        ("{ratio: [Price, Pieces]}", ["5.0000", "1000.0500", "10.0000"]),
        ("{least: [Price, {constant: 12}]}", ["10.0000", "12.0000", "10.0000"]),
        ("{total: Pieces, over: Bill}", ["3.0000", "3.0000", "1.0000"]),
        ("{plus: [Price, Cut]}", ["13.0000", "1000.0500", "10.0000"]),
        ("{spread: {constant: 0.05}, over: Bill, by: Cut}", ["0.0500", "0.0000", "0.0500"]),
        ("{when: [{if: {Voucher: (filled)}, then: {constant: yes}}], otherwise: Bill}", ["B1", "yes", "B2"]),
        ("{when: [{if: {Goods: [P2, p3], Voucher: v}, then: Line}]}", [None, "2", None]),
        ("{sql: 'upper(goods) || \"Bill\"'}", ["P1B1", "P2B1", "P1B2"]),
        # of UTC, where it names no offset; a moment that a spreadsheet destroyed is none
        ("{utc: {constant: 1772321405123456}}", ["2026-02-28 23:30:05.123456+00:00"] * 3),
        ("{utc: {constant: 1772321405}}", ["2026-02-28 23:30:05.000000+00:00"] * 3),
        ("{utc: {constant: 1.77E+15}}", ["1.77E+15"] * 3),
        ("{utc: When}", [f"2026-03-0{day}:00:00+00:00" for day in ("1 10", "1 10", "2 11")]),
        ("{utc: {constant: '2026-03-01T10:00+01:00'}}", ["2026-03-01T10:00+01:00"] * 3),
        # what is no number is not lost in a sum: the row is judged by it
        ("{plus: [Price, {constant: none}]}", ["unreadable", "unreadable", "unreadable"]),
        ("{currency_of: {constant: '12,50 EUR'}}", ["EUR", "EUR", "EUR"]),
        ("{currency_of: {constant: ￥12}}", ["CNY", "CNY", "CNY"]),
    ],
)
def test_each_word_does_what_the_page_says(shop: Path, value: str, expected: list) -> None:
    assert faults_of(shop, GOOD.replace("product_id: Goods", f"product_id: {value}")) == []
    rows = mapped_rows(shop, "transactions", '"(row)", product_id')
    assert [found for _, found in rows] == expected


@pytest.mark.parametrize(
    ("sign", "cell", "expected"),
    [
        ("point", "￥1,234.50", "1234.5000"),
        ("point", "(3.00)", "-3.0000"),
        ("point", "12.00元", "12.0000"),
        ("point", "12,50", "unreadable"),
        ("comma", "1.234,50 €", "1234,5000"),
        ("comma", "CHF 1'234,5", "1234,5000"),
        ("comma", "12.50", "unreadable"),
        ("comma", "7-", "-7,0000"),
    ],
)
def test_amounts_are_read_as_money_is_written(shop: Path, sign: str, cell: str, expected: str) -> None:
    mapping = GOOD.replace("product_id: Goods", f'product_id: {{plus: [{{constant: "{cell}"}}, Voucher]}}')
    mapping = mapping.replace("net_amount: {minus", "net_amount: Price\n      unit_price: {minus")
    (shop / "export-1.csv").write_text(LINES.replace(",v", ","))
    assert faults_of(shop, f"decimal_sign: {sign}\n{mapping}") == []
    assert {found for (found,) in mapped_rows(shop, "transactions", "product_id")} == {expected}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  transactions:", "  orders:", "mapping.yml: expected tables of the contract (users, "),
        ("user_id: Who", "customer: Who", "mapping.yml, table transactions, column customer: expected a column of the"),
        ("user_id: Who", "user_id: Whom", "mapping.yml, table transactions, column user_id: expected a column of its"),
        (
            "      ordered_at: When\n",
            "",
            "mapping.yml, table transactions, column ordered_at: expected a value, as the",
        ),
        ("export*.csv", "exports*.csv", "mapping.yml, table transactions, column transaction_id: expected a column"),
        ("[When, Who]", "[When, Whom]", "mapping.yml, table transactions: files lines, fill_down: expected a column"),
        ("export*.csv,", "export*.csv, key: Bil,", "mapping.yml, table transactions: files lines, key: expected a"),
        ("from: lines", "from: line", "mapping.yml, table transactions: from: expected one of lines, found 'line'"),
        ("{minus:", "{less:", "mapping.yml, table transactions, column net_amount: expected one of the words amount"),
        ("user_id: Who", "user_id: {sql: 'Who +'}", "mapping.yml, table transactions, column user_id: expected an"),
        ("user_id: Who", "user_id: {sql: 'Whom'}", "mapping.yml, table transactions, column user_id: expected an"),
        ("user_id: Who", "user_id: {sql: 'cast(Goods as int)'}", "mapping.yml, table transactions, column user_id: ex"),
        (
            "user_id: Who",
            "user_id: Who\n      user_id: Bill",
            "mapping.yml, line 11: expected YAML, found an error: 'u",
        ),
        ("user_id: Who", "user_id: [Who", "mapping.yml, line 11: expected YAML, found an error: "),
        ("{named: export", "{name: export", "mapping.yml, files lines: expected 'named' with the name of a file"),
        (", over: Bill", "", "mapping.yml, table transactions, column net_amount: expected 'over', the columns"),
        ("\nfiles:", "\ntimestamps: CET+1\nfiles:", "mapping.yml: timestamps: expected utc, local or a zone such as"),
        ("from: lines", "from: lines\n    where: {Bil: B1}", "mapping.yml, table transactions, where: expected a colu"),
    ],
)
def test_a_fault_is_one_sentence_with_its_place(shop: Path, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    faults = faults_of(shop, GOOD.replace(old, new))
    assert faults[0].startswith(f"File {sentence}"), faults
    assert faults[0].endswith(".")
    # nothing of a row is repeated
    assert "p1" not in str(faults)


def test_a_column_that_one_of_the_files_lacks_is_named(shop: Path) -> None:
    (shop / "export-2 [1].csv").write_text("Bill,Line,When,Goods,Pieces,Price,Cut\nB3,1,2026-03-03,p1,1,10.00,\n")
    assert faults_of(shop, GOOD) == [
        "File mapping.yml, table transactions: files lines: expected the column 'Who', which export-2 [1].csv lacks."
    ]
    assert faults_of(shop, GOOD.replace("export*.csv,", "[export-1.csv, 'export-2 [1].csv'], may_lack: [Who],")) == []
    assert len(mapped_rows(shop, "transactions")) == 4


def test_a_join_takes_the_last_delivery_and_no_guess(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text('order,sku,qty,price\n="007",p1,1,5\n008,p1,1,5\n009,p1,1,5\n')
    (tmp_path / "orders-1.csv").write_text("no,who,at\n007,u1,2026-03-01\n008,u2,2026-03-02\n")
    (tmp_path / "orders-2.csv").write_text("no,who,at\n'008,u3,2026-03-02\n")
    mapping = """
files:
  orders: {named: orders-*.csv}
  items: {named: items.csv, join: {orders: {order: no}}}
tables:
  transactions:
    from: items
    columns: {transaction_id: order, order_id: order, user_id: orders.who, product_id: sku, quantity: qty,
      net_amount: price, ordered_at: orders.at}
"""
    assert faults_of(tmp_path, mapping) == []
    assert mapped_rows(tmp_path, "transactions", "order_id, user_id") == [("007", "u1"), ("008", "u3"), ("009", None)]
    (tmp_path / "orders-2.csv").write_text("no,who,at\n008,u3,2026-03-02\n008,u4,2026-03-02\n")
    assert faults_of(tmp_path, mapping) == [
        "File mapping.yml, table transactions, files items, join orders: expected one row per no in a file,"
        " found 1 that have several."
    ]


@pytest.mark.parametrize("seed", range(3))
def test_any_heading_in_any_order_gives_the_same_lines(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    names = ["transaction_id", "order_id", "user_id", "product_id", "quantity", "net_amount", "ordered_at"]
    known = [
        (
            f"t{n}",
            f"o{n // 3}",
            f"u{n // 3 % 5}",
            f"p{rng.randrange(9)}",
            "1",
            f"{rng.randrange(1, 99999) / 100:.2f}",
            day,
        )
        for n in range(60)
        if (day := f"2026-03-{1 + n // 3:02d} 10:00:00")
    ]
    words = [rng.choice(["Feld", "列", "col.", 'A "b"', "x,"]) + f" {place}" for place in range(len(names))]
    order = rng.sample(range(len(names)), len(names))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=rng.choice(",;\t"))
    writer.writerows([[words[each] for each in order], *([row[each] for each in order] for row in known)])
    (tmp_path / "x.csv").write_bytes(text.getvalue().encode(rng.choice(["utf-8", "gb18030", "utf-16"])))
    table = {"from": "lines", "columns": dict(zip(names, words, strict=True))}
    mapping = {"files": {"lines": {"named": "x.csv"}}, "tables": {"transactions": table}}
    assert faults_of(tmp_path, yaml.safe_dump(mapping, allow_unicode=True)) == []
    assert mapped_rows(tmp_path, "transactions", ", ".join(names)) == sorted(known)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_spread_adds_up(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows, totals = [], {}
    for order in range(80):
        totals[f"o{order}"] = Decimal(rng.randrange(-5000, 500000)) / 100
        rows += [
            f"o{order},{totals[f'o{order}'] if place == 0 else ''},{rng.choice([0, 1, 0.3333, 19.99, 7])}"
            for place in range(rng.randrange(1, 9))
        ]
    (tmp_path / "export.csv").write_text("\n".join(["Bill,Cut,Price", *rows, ""]))
    mapping = {"spread": "Cut", "over": "Bill", "by": "Price"}
    columns = dict.fromkeys(("transaction_id", "order_id", "product_id", "quantity", "ordered_at"), "Bill")
    part = {"from": "lines", "columns": columns | {"net_amount": mapping}}
    told = {"files": {"lines": "export.csv"}, "tables": {"transactions": part}}
    assert faults_of(tmp_path, yaml.safe_dump(told)) == []
    sums: dict[str, Decimal] = {}
    for order, net in mapped_rows(tmp_path, "transactions", "order_id, net_amount"):
        assert Decimal(net) * 100 % 1 == 0
        sums[order] = sums.get(order, Decimal(0)) + Decimal(net)
    assert sums == totals


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_synonyms_are_of_the_contract(layout: str) -> None:
    text, told = layouts()[layout]
    for source in told["files"].values():
        source.pop("known_by", None)
    told.pop("beside_others", None)
    try:
        assert mapping_of("shop", told).layout == layout
    finally:
        layouts.cache_clear()
    words = [(word, column) for column, listed in synonyms().items() for word in listed]
    assert all(words)
    assert len(text) < 8000


def test_a_proposal_joins_fills_and_spreads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "positionen.csv").write_text(
        "Bestellnummer;Artikelnummer;Bezeichnung;Menge;Einzelpreis\nB1;A1;Tee;2;11,70\nB1;A2;Tasse;1;1.011,70\n"
        "B2;A1;Tee;1;10,00\n"
    )
    (tmp_path / "bestellungen.csv").write_text(
        "Bestellnummer;Kundennummer;Bestelldatum;Status;Währung;Gesamtbetrag\n"
        "B1;K1;03.02.2026 10:00;bezahlt;EUR;1.030,00\nB2;K2;14.02.2026 11:00;storniert;EUR;10,00\n"
    )
    (tmp_path / "kunden.csv").write_text("Kundennummer;E-Mail;PLZ\nK1;ann@example.com;10115\nK2;bo@example.com;01067\n")
    shop = proposed(tmp_path)
    lines = mapped_rows(
        shop, "transactions", "transaction_id, user_id, product_id, net_amount, ordered_at, order_status"
    )
    assert lines == [
        ("B1-1", "K1", "A1", "23,4000", "03.02.2026 10:00", "bezahlt"),
        ("B1-2", "K1", "A2", "1011,7000", "03.02.2026 10:00", "bezahlt"),
        ("B2-1", "K2", "A1", "10,0000", "14.02.2026 11:00", "storniert"),
    ]
    assert mapped_rows(shop, "users", "user_id, email, postal_code") == [
        ("K1", "ann@example.com", "10115"),
        ("K2", "bo@example.com", "01067"),
    ]
    written = (tmp_path / "mapping.yml").read_text()
    assert "quantity: Menge  # sure: the heading says so, numbers below" in written
    assert "# - transactions, net_amount: bestellungen.Gesamtbetrag is of whole orders and not used." in written
    assert "example.com" not in written + capsys.readouterr().out


def test_a_proposal_knows_the_total_of_an_order(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        # a name may hold a comma where amounts have points
        'Order No,Customer ID,Order Date,SKU,Qty,Price,Total\n1,u1,2026-03-01,"Tea 0,5 l",1,10.00,27.00\n'
        "1,,,b,2,10.00,\n2,u2,2026-03-02,a,1,10.00,9.00\n"
    )
    (tmp_path / "sales-2.csv").write_text("Order No,Customer ID,Order Date,SKU,Qty,Price,Total\n")
    shop = proposed(tmp_path)
    assert (
        "Where a later export repeats orders, add last_file_per: [Order No] to sales."
        in (shop / "mapping.yml").read_text()
    )
    lines = mapped_rows(shop, "transactions", "order_id, user_id, ordered_at, net_amount")
    assert lines == [
        ("1", "u1", "2026-03-01", "18.0000"),
        ("1", "u1", "2026-03-01", "9.0000"),
        ("2", "u2", "2026-03-02", "9.0000"),
    ]


def test_an_edited_mapping_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = proposed(tmp_path, "olist")
    main(str(shop), "auto", is_forced=False)
    file = shop / "mapping.yml"
    edited = file.read_text().replace("constant: BRL", "constant: USD")
    file.write_text(edited)
    with pytest.raises(SystemExit, match="was edited, so nothing was changed"):
        proposed(shop)
    assert file.read_text() == edited
    main(str(shop), "auto", is_forced=True)
    assert "BRL" in file.read_text()
    assert (shop / "mapping.yml.before").read_text() == edited
    assert "keeps what was there" in capsys.readouterr().out


def test_the_page_says_what_words_there_are(tmp_path: Path) -> None:
    page = (PROJECT_FOLDER / "docs" / "mapping.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    for name, text in {
        "items.csv": 'order,Status,SKU,Pieces,Price\n1,paid,p,2,"1,50"\n1,,q,1,"2,00"\n2,open,p,1,"1,50"\n',
        "items-2025.csv": "order,Status,SKU,Pieces,Price\n",
        "orders.csv": 'number,customer,discount,created,E-Mail\n1,u1,"0,50",2026-03-01,a@example.com\n',
    }.items():
        (tmp_path / name).write_text(text)
    example = example.replace("items-2025.xlsx", "items-2025.csv")
    assert faults_of(tmp_path, example) == []
    lines = mapped_rows(tmp_path, "transactions", "transaction_id, user_id, order_status, net_amount")
    assert lines == [("1-1", "u1", "paid", "2,7000"), ("1-2", "u1", "paid", "1,8000")]
    assert faults_of(tmp_path, example, "users") == []
    assert set(re.findall(r"`\{(\w+): ", page)) == TEXTS.keys() | NUMBERS.keys()
    assert {f"`{layout}`" for layout in LAYOUTS} <= set(re.findall(r"^\| (`\w+`) \|", page, re.MULTILINE))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x,y\n1,2\n", "expected a file of order lines, found none"),
        ("Order No,Price,price\n1,2,3\n", "first line: expected a name of its own for each column, found one twice"),
        ('Order "No",Price\n1,2\n', "found a quote that does not stand around a whole name"),
    ],
)
def test_files_without_orders_get_no_proposal(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(SystemExit, match=sentence):
        proposed(tmp_path)
    assert not (tmp_path / "mapping.yml").exists()


def test_what_is_no_mapping_is_said() -> None:
    for content in (
        None,
        [],
        "files",
        {"files": {}, "tables": {}},
        {"files": {"a": {"named": 1, "join": {"a": {"x": "x"}}}}},
    ):
        with pytest.raises(MappingFaultsError) as caught:
            mapping_of("shop", content)
        assert all(fault.startswith("File shop/mapping.yml") and fault.endswith(".") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("layout", "user", "rows"),
    [
        # all lines of the orders, in both exports; the address as the guest wrote it
        ("shopify_orders", "bo@example.com", {"orders_export_1.csv": [1, 7, 8], "orders_export_2.csv": [6]}),
        # what is joined to them, too, but not what others need: the catalogue
        (
            "shopify_tables",
            "bo@example.com",
            {
                "customer.csv": [2],
                "order.csv": [2, 3, 6],
                "order_line.csv": [4, 5, 6, 9],
                "order_line_refund.csv": [1, 2],
                "refund.csv": [1, 2],
                "order_adjustment.csv": [3],
            },
        ),
        (
            "olist",
            "a" * 32,
            {
                "olist_customers_dataset.csv": [1, 4],
                "olist_order_items_dataset.csv": [1, 2, 5],
                "olist_orders_dataset.csv": [1, 4],
            },
        ),
    ],
)
def test_all_rows_of_a_user_are_named_before_anything_is_erased(
    tmp_path: Path, layout: str, user: str, rows: dict[str, list[int]]
) -> None:
    shop = proposed(tmp_path, layout)
    found = rows_in_mapped_files(shop, reading("auto"), [Person("0" * 32, user)])
    assert {str(each.name): sorted(each.found.ids) for each in found} == rows
    with pytest.raises(UnreadableError, match=r"maps are not written\. First delete, counted below the names"):
        refuse_mapped(shop, found)
    refuse_mapped(shop, [])
    held = held_in_files([Person("0" * 32, user)], shop, reading("auto"))
    assert {name: len(each) for name, each in held.items()} == {name: len(each) for name, each in rows.items()}

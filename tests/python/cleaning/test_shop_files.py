"""Files of a shop are read right and in full, or refused in one sentence."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtResult, DbtRuns, moved, package_folder, table_hashes
from support.shops import (
    CHECK_DATA,
    LINE_COLUMNS,
    NO_DATA_TESTS,
    ONE_LINE,
    PRODUCT_COLUMNS,
    TWO_PRODUCTS,
    built_shop,
    query_shop,
    run_on_shop,
    write_shop,
)

HEADER = f"{PRODUCT_COLUMNS}\n".encode()

# What a file of products holds, and parts of the one sentence about it.
BROKEN_FILES = {
    "empty.csv": (b"", "expected a first line", "found an empty one"),
    "blank.csv": (b"\n\n", "expected a first line", "found an empty one"),
    "late header.csv": (b"\n" + HEADER, "expected a first line", "found an empty one"),
    "no header.csv": (
        b"p1,anna@example.com,0791234567\n",
        "first line",
        "expected names of columns, such as product_id",
    ),
    "comment.csv": (b"# export\np1\n", "first line", "expected names of columns"),
    "colon.csv": (b"product_id:brand\np1:x\n", "first line", "expected names of columns"),
    "a name like data.csv": (
        b"brand,anna@example.com,tel 0791234567\nx,1,2\n",
        "expected names of columns, found 2 that look like an e-mail address or a telephone number.",
    ),
    "data twice.csv": (
        b"product_id,anna@example.com,Anna@example.com\np1,1,2\n",
        "'(a name that is not shown)' 2 times",
    ),
    "open header.csv": (b'"product_id,x\np1,"1"\n', "found a quote that"),
    "quote in header.csv": (b'product_id,""x\np1,1\n', "found a quote that"),
    "twice.csv": (b"product_id,PRODUCT_ID\np1,p2\n", "'product_id' 2 times"),
    "no name.csv": (b"product_id,,x\np1,1,2\n", "a column without a name"),
    "nul header.csv": (b"product_id\0,x\np1,1\n", "no text in utf-8"),
    "bytes.csv": (HEADER + b"p1,Te\xff\xfe,1\n", "line 2", "not utf-8"),
    "newlines.csv": (HEADER + b"p1,T,1\r\np2,B,2\n", r"line 2 with \r\n at its end"),
    "stray newline.csv": (HEADER + b"p1,T\ra,1\n", r"line 2 with \r at its end"),
    "too many.csv": (HEADER + b"p1,T,1\np2,B,2,x\n", "line 3", "Expected Number of Columns: 3"),
    "too few.csv": (HEADER + b"p1,T,1\np2,B\n", "line 3", "Expected Number of Columns: 3"),
    "open quote.csv": (HEADER + b'p1,"T,1\np2,B,2\n', "line 2", "unterminated quote"),
    "half quote.csv": (HEADER + b'p1,"T" x,1\n', "line 2", "unterminated quote"),
    "wide.csv": (",".join(f"c{n}" for n in range(2_000_000)).encode(), "found one of 1,000,000 characters or more"),
    "many.csv": (b"c," * 300_000, "at most 10,000 columns in the first line, found 300,001"),
    # DuckDB in parallel leaves each of these out without a word, or never ends
    "huge field.csv": (HEADER + b"p1," + b"x" * 40_000_000 + b",1\np2,a,1\n", "line 2", "Maximum line size"),
    "huge quote.csv": (HEADER + b'p1,"' + b"x\n" * 20_000_000 + b'",1\n', "line 2", "Maximum line size"),
    "no end.csv": (HEADER + b"p1," + b"x" * 100_000_000, "line 2", "no end of the line"),
    "nul.csv": (HEADER + b"\0" * 1000 + b"\n", "line 2", "Number of Columns"),
    "long.csv": (HEADER + b"p1," + b"x" * 3_000_000 + b",1\n", "line 2", "Maximum line size"),
    """it's [1] "odd" *.csv""": (HEADER + b"p1,T,1,2\n", "line 2", "Number of Columns"),
    "text.parquet": (b"product_id\np1\n", "No magic bytes"),
    "empty.parquet": (b"", "too small to be a Parquet file"),
    "cut.parquet": (b"PAR1" + b"x" * 50 + b"PAR1", "Footer length error"),
}
BROKEN_PARQUET = {
    "list.parquet": ("select 'p1' as product_id, [1] as list_price", "INTEGER[]"),
    "nested.parquet": ("select 'p1' as product_id, {'a': 1} as brand", "STRUCT(a INTEGER)"),
    "map.parquet": ("select 'p1' as product_id, map {'a': 1} as brand", "MAP(VARCHAR"),
    "lacking.parquet": ("select 'p1' as id", "expected the column product_id"),
}

# Files that are read in full.
ODD_FILES = {
    "products.csv": TWO_PRODUCTS,
    "products/bom.csv": b"\xef\xbb\xbf" + TWO_PRODUCTS,
    "products/crlf.csv": TWO_PRODUCTS.replace(b"\n", b"\r\n"),
    "products/cr.csv": TWO_PRODUCTS.replace(b"\n", b"\r"),
    "products/semicolon.csv": TWO_PRODUCTS.replace(b",", b";"),
    "products/tab.csv": TWO_PRODUCTS.replace(b",", b"\t"),
    "products/bar.csv": TWO_PRODUCTS.replace(b",", b"|"),
    "products/no last newline.csv": TWO_PRODUCTS[:-1],
    "products/blank lines.csv": TWO_PRODUCTS.replace(b"\n@2", b"\n\n\n@2") + b"\n",
    "products/empty last field.csv": TWO_PRODUCTS.replace(b"Tea,1.50", b"Tea,1.50,"),
    "products/comma after names.csv": TWO_PRODUCTS.replace(HEADER, HEADER.replace(b"\n", b",\n")),
    "products/comma after each line.csv": TWO_PRODUCTS.replace(b"\n", b",,\n"),
    "products/utf-16 without mark.csv": TWO_PRODUCTS.decode().encode("utf-16-le"),
    "products/upper case.csv": TWO_PRODUCTS.replace(HEADER, HEADER.upper()),
    "products/quoted.csv": b'"Product_ID" , "product_name","list_price"\n"@1","Tea","1.50"\n"@2", "Milk" ,2\n',
    "products/other columns.csv": b"source_file,product_id,product_name,list_price,"
    b"raw_product_id,columns,source_row\nx,@1,Tea,1.50,a,b,3\nx,@2,Milk,2,a,b,3\n",
    """products/it's [1] "odd" *.csv""": TWO_PRODUCTS,
    "products/line breaks.csv": TWO_PRODUCTS.replace(b"Tea", b'" Tea\n\n"'),
    "products/crlf and line breaks.csv": TWO_PRODUCTS.replace(b"\n", b"\r\n").replace(b"Tea", b'"Tea\n"'),
}
ODD_PARQUET = {
    "products.parquet": "select * from two",
    "products/upper case.parquet": "select product_id as PRODUCT_ID, product_name as"
    """ "Product_Name", list_price as LIST_PRICE, 1 as "we""ird" from two""",
    "products/enum and decimal.parquet": "select * replace (cast(product_name as"
    " enum ('Tea', 'Milk')) as product_name, cast(list_price as decimal(38, 10)) as"
    " list_price) from two",
    "products/bytes.parquet": "select * replace (encode(product_name) as product_name,"
    " cast(list_price as float) as list_price) from two",
    "products/nested others.parquet": "select *, {'a': 1} as extra, [1] as x from two",
}
HEADER_ONLY = {"products/header only.csv": HEADER}


@pytest.fixture(scope="module")
def shop_dbt(shop_dbt: DbtRuns) -> DbtRuns:
    """Read files in several threads, as users do."""
    return replace(shop_dbt, threads=2)


@pytest.fixture(scope="module")
def refusal(shop_dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DbtResult]:
    """Check a shop of which every file of products is broken."""
    folder = write_shop(
        tmp_path_factory.mktemp("broken"),
        {f"products/{name}": content for name, (content, *_) in BROKEN_FILES.items()} | {"transactions.csv": ONE_LINE},
    )
    with duckdb.connect() as connection:
        for name, (query, _) in BROKEN_PARQUET.items():
            connection.sql(query).write_parquet(str(folder / "products" / name))
        damaged = folder / "products" / "damaged.parquet"
        connection.sql(
            "select 'p' || i as product_id, md5(cast(i as varchar)) as product_name from range(20000) as numbers (i)"
        ).write_parquet(str(damaged))
    content = bytearray(damaged.read_bytes())
    content[2_000:60_000] = b"\xff" * 58_000
    damaged.write_bytes(content)
    return folder, run_on_shop(replace(shop_dbt, log_level="debug"), folder, *CHECK_DATA)


@pytest.mark.parametrize(
    ("name", "parts"),
    [(name, parts) for name, (_, *parts) in (BROKEN_FILES | BROKEN_PARQUET).items()]
    + [("damaged.parquet", ["Failed to read file"])],
)
def test_a_broken_file_is_refused_in_one_sentence(refusal: tuple[Path, DbtResult], name: str, parts: list[str]) -> None:
    folder, result = refusal

    assert result.exit_code != 0
    assert "Traceback" not in result.output
    sentences = [line for line in result.output.splitlines() if line.startswith(f"  File {folder}/products/{name}")]
    assert [all(part in line for part in parts) for line in sentences] == [True]


def test_no_message_and_no_log_repeats_what_may_be_data(refusal: tuple[Path, DbtResult], shop_dbt: DbtRuns) -> None:
    _, result = refusal
    log = (shop_dbt.folder / "logs" / "dbt.log").read_text()
    assert "no header.csv" in log
    for text in (result.output, log):
        assert "anna@example.com" not in text.lower()
        assert "0791234567" not in text


@pytest.mark.parametrize("name", [*ODD_FILES, *ODD_PARQUET])
def test_an_odd_file_is_read_in_full(shop_read: duckdb.DuckDBPyConnection, name: str) -> None:
    rows = shop_read.execute(
        "select source_row, product_id, product_name, cast(list_price as varchar),"
        " row_status from cleaning.int_products_checked where source_file = $1"
        " order by source_row",
        [name],
    ).fetchall()
    prefix = rows[0][1].removesuffix("1")
    assert rows == [(1, f"{prefix}1", "Tea", "1.50", "kept"), (2, f"{prefix}2", "Milk", "2.00", "kept")]


def test_no_row_comes_from_elsewhere(shop_read: duckdb.DuckDBPyConnection) -> None:
    files = shop_read.sql("select source_file from cleaning.int_products_checked")
    expected = {*ODD_FILES, *ODD_PARQUET, VALUE_FILES["products"]}
    assert {file for (file,) in files.fetchall()} == expected


# Text, how it is read as the type of a column, and what is noted.
VALUES = {
    ("products", "list_price"): [
        ("12.50", "12.50", None),
        ("$1,234.50", "1234.50", "was written as a currency"),
        ("¥12.00", "12.00", "was written as a currency"),
        ("12,50 €", "12.50", "was written as a currency"),
        ("CNY 12.50", "12.50", "was written as a currency"),
        ("1 234,50", "1234.50", "was written as a currency"),
        ("1.234.567,8", "1234567.80", "was written as a currency"),
        ("1e2", "100.00", None),
        ("'12.50", "12.50", "was escaped by a spreadsheet"),
        ('="12.50"', "12.50", "was escaped by a spreadsheet"),
        ("￥\uff11\uff12.\uff15\uff10", "12.50", "was written as a currency"),
        ("'", None, None),
        ("", None, None),
        ("NULL", None, None),
        (r"\N", None, None),
        ("n/a", None, None),
        ("-", None, None),
        ("ten", None, "is unreadable, emptied"),
        ("1,23,4", None, "is unreadable, emptied"),
        ("infinity", None, "is unreadable, emptied"),
        ("1e400", None, "is unreadable, emptied"),
        ("99999999999999999999", None, "is unreadable, emptied"),
    ],
    ("products", "launched_at"): [
        ("2026-03-04", "2026-03-04 00:00:00", None),
        ("2026-03-04 05:06:07.5", "2026-03-04 05:06:07.5", None),
        ("2026-03-04T05:06:07Z", "2026-03-04 05:06:07", None),
        ("2026-03-04T05:06:07+02:00", "2026-03-04 03:06:07", None),
        ("14.03.2026", "2026-03-14 00:00:00", "was in another date format"),
        ("14.03.2026 05:06", "2026-03-14 05:06:00", "was in another date format"),
        ("14 Mar 2026", "2026-03-14 00:00:00", "was in another date format"),
        ("March 14, 2026", "2026-03-14 00:00:00", "was in another date format"),
        ("2026年03月14日", "2026-03-14 00:00:00", "was in another date format"),
        ("25/04/2026", "2026-04-25 00:00:00", "was in another date format"),
        ("2026/03/04 05:06", "2026-03-04 05:06:00", None),
        ("2026-03-04 05:06:07 -0400", "2026-03-04 09:06:07", "was in another date format"),
        ("2026-03-04T05:06:07+0530", "2026-03-03 23:36:07", None),
        ("2026-03-04 05:06 GMT+02:00", "2026-03-04 03:06:00", "was in another date format"),
        ("Wed, 04 Mar 2026 05:06:07 +0100", "2026-03-04 04:06:07", "was in another date format"),
        ("Wed Mar 04 2026 05:06:07 GMT+0100 (CET)", "2026-03-04 04:06:07", "was in another date format"),
        ("04 Mar 2026 05:06:07 PM -0400", "2026-03-04 21:06:07", "was in another date format"),
        ("'2026-03-04", "2026-03-04 00:00:00", "was escaped by a spreadsheet"),
        ("2026-03-04 05:06 -o400", None, "is unreadable, emptied"),
        ("04/25/2026", "2026-04-25 00:00:00", "was in another date format"),
        ("04/04/2026", "2026-04-04 00:00:00", "was in another date format"),
        ("03/04/2026", None, "is unreadable, emptied"),
        ("2026-02-30", None, "is unreadable, emptied"),
        ("2026-13-45", None, "is unreadable, emptied"),
        ("0000-00-00", None, "is unreadable, emptied"),
        ("0000-01-01", None, "is unreadable, emptied"),
        ("01.01.0000", None, "is unreadable, emptied"),
        ("99999-01-01", None, "is unreadable, emptied"),
        ("2026-01-01 (BC)", None, "is unreadable, emptied"),
        ("infinity", None, "is unreadable, emptied"),
        ("-infinity", None, "is unreadable, emptied"),
        ("soon", None, "is unreadable, emptied"),
        ("NaT", None, None),
    ],
    ("products", "product_name"): [
        ("Café", "Café", None),
        ("CafÃ©", "Café", "was in a wrong encoding"),
        ("ÄÖ".encode().decode("cp1252"), "ÄÖ", "was in a wrong encoding"),
        ("Cafe\u0301 👨‍👩‍👧", "Cafe\u0301 👨‍👩‍👧", None),
        ("Ã la carte", "Ã la carte", None),
        ("  two \t words ", "two words", "had other spaces or case"),
        ("no\u00a0break", "no break", "had other spaces or case"),
        ("   ", None, None),
        ("NULL", None, None),
        ("NA", "NA", None),
        ("=1+1", "=1+1", None),
        ("'=1+1", "=1+1", "was escaped by a spreadsheet"),
        ("'t Hart", "'t Hart", None),
    ],
    ("products", "product_kind"): [("goods", "goods", None), (" FUEL ", "fuel", "had other spaces or case")],
    ("users", "consent_email"): [
        ("true", "true", None),
        ("Yes", "true", None),
        ("1.0", "true", None),
        ("是", "true", None),
        ("F", "false", None),
        ("0", "false", None),
        ("否", "false", None),
        ("", None, None),
        ("maybe", None, "is unreadable, emptied"),
    ],
    ("users", "birth_year"): [
        ("1990", "1990", None),
        ("1990.0", "1990", None),
        ("1990.5", None, "is unreadable, emptied"),
        ("1e20", None, "is unreadable, emptied"),
        ("nan", None, None),
        ("1785", None, "is out of range, emptied"),
        ("-1", None, "is out of range, emptied"),
    ],
    ("campaigns", "starts_on"): [("04.03.2026", "2026-03-04", "was in another date format")],
    # the column's decimal sign is beyond doubt nowhere
    ("coupons", "face_value"): [("12.505", "12.51", None), ("1,234", "1234.00", "was written as a currency")],
    ("coupons", "discount_share"): [("0.15", "0.15", None), ("inf", None, "is unreadable, emptied")],
}
REQUIRED_FIELDS = {
    "users": {},
    "products": {},
    "campaigns": {"starts_on": "2026-01-01", "ends_on": "2026-12-31"},
    "coupons": {"product_id": "p1", "campaign_id": "campaigns-starts_on-0"},
}
KEYS = {"users": "user_id", "products": "product_id", "campaigns": "campaign_id", "coupons": "coupon_id"}


VALUE_FILES = {table: f"{table}.csv" for table in KEYS} | {"products": "products/values.csv"}
# Each text stands in a row of its own.
CELLS = {
    table: [(column, raw) for (of, column), cases in VALUES.items() if of == table for raw, _, _ in cases]
    for table in KEYS
}


def files_of_values() -> dict[str, str | bytes]:
    """Return a file per table with one row per text."""
    files: dict[str, str | bytes] = {}
    for table, key in KEYS.items():
        columns = dict.fromkeys(column for column, _ in CELLS[table])
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, [key, *{**REQUIRED_FIELDS[table], **columns}])
        writer.writeheader()
        numbers = Counter[str]()
        for column, raw in CELLS[table]:
            identity = f"{table}-{column}-{numbers[column]}"
            numbers[column] += 1
            writer.writerow({key: identity, **REQUIRED_FIELDS[table], column: raw})
        files[VALUE_FILES[table]] = text.getvalue()
    # the product of the coupons
    files[VALUE_FILES["products"]] += "p1,,,,\r\n"
    return files


@pytest.fixture(scope="module")
def shop_read(shop_dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Check a shop of odd files and of odd values; open what became of each row."""
    folder = write_shop(
        tmp_path_factory.mktemp("odd"),
        {name: content.replace(b"@", f"{number}-".encode()) for number, (name, content) in enumerate(ODD_FILES.items())}
        | HEADER_ONLY
        | {"transactions.csv": ONE_LINE}
        | files_of_values(),
    )
    with duckdb.connect() as connection:
        for number, (name, query) in enumerate(ODD_PARQUET.items()):
            connection.execute(
                "create or replace temp table two as select * from (values"
                f" ('q{number}-1', 'Tea', 1.50), ('q{number}-2', 'Milk', 2.00))"
                " as two (product_id, product_name, list_price)"
            )
            connection.sql(query).write_parquet(str(folder / name))
    selection = ("build", "--select", *(f"+int_{table}_checked" for table in KEYS), *NO_DATA_TESTS[2:])
    result = run_on_shop(shop_dbt, folder, *selection)
    assert result.exit_code == 0, result.output
    database = moved(built_shop(shop_dbt), folder / "building.duckdb")
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("table", "column", "number"),
    [
        pytest.param(*of, number, id=f"{of[1]} {case[0]!r}")
        for of, cases in VALUES.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_value_is_read_right(shop_read: duckdb.DuckDBPyConnection, table: str, column: str, number: int) -> None:
    raw, value, note = VALUES[table, column][number]
    # users go by pseudonym: known by their row
    row = CELLS[table].index((column, raw)) + 1
    found = shop_read.execute(
        f"select cast({column} as varchar), repairs from cleaning.int_{table}_checked"
        " where source_file = $1 and source_row = $2",
        [VALUE_FILES[table], row],
    ).fetchone()
    assert found == (value, note and f"{column} {note}")


def test_deliveries_correct_each_other_and_repeat_without_effect(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    folder = write_shop(
        tmp_path,
        {
            "transactions/2026-03-01.csv": f"{LINE_COLUMNS},updated_at\n"
            "t1,o1,u1,p1,1,1.00,2026-03-01,2026-03-05\n"
            "t2,o2,u1,p1,1,1.00,2026-03-01,\n"
            "t3,o3,u1,p1,1,1.00,2026-03-01,\n",
            # t1 as it was before, t2 corrected, t4 late
            "transactions/2026-03-02.csv": f"{LINE_COLUMNS},updated_at\n"
            "t1,o1,u1,p1,1,9.00,2026-03-01,2026-03-02\n"
            "t2,o2,u1,p1,2,2.00,2026-03-01,\n"
            "t4,o4,u1,p1,1,1.00,2026-03-01,\n",
        },
    )
    settings = {"raw_folder": package_folder(), "source": "your_shop", "environment": {"SHOP_DIR": str(folder)}}
    dbt = replace(shop_dbt, threads=1)
    build = ("build", *NO_DATA_TESTS[2:], "--select")
    marts = ("orders", "returns", "users", "products", "as_of_dates")
    result = dbt.run(*build, *(f"+{mart}" for mart in marts), warehouse=dbt.begin(), **settings)
    assert result.exit_code == 0, result.output
    assert query_shop(
        built_shop(shop_dbt), "select transaction_id, cast(net_amount as varchar) from core.transactions order by 1"
    ) == [("t1", "1.00"), ("t2", "2.00"), ("t3", "1.00"), ("t4", "1.00")]
    assert query_shop(
        built_shop(shop_dbt),
        "select source_file, source_row, transaction_id, status_reason"
        " from cleaning.int_transactions_checked where row_status = 'deduplicated'"
        " order by 1",
    ) == [
        ("transactions/2026-03-01.csv", 2, "t2", "superseded by a later version"),
        ("transactions/2026-03-02.csv", 1, "t1", "superseded by a later version"),
    ]
    before = table_hashes(built_shop(shop_dbt), "core")

    # delivered again, the older one last
    for again, first in [("2026-03-03", "2026-03-02"), ("2026-03-04", "2026-03-01")]:
        content = (folder / f"transactions/{first}.csv").read_bytes()
        (folder / f"transactions/{again}.csv").write_bytes(content)
    # of all else, files are as they were
    changed = (f"stg_shop_files__transactions+,+{mart}" for mart in marts)
    result = dbt.run(*build, *changed, warehouse=built_shop(dbt), **settings)
    assert result.exit_code == 0, result.output
    assert table_hashes(built_shop(shop_dbt), "core") == before

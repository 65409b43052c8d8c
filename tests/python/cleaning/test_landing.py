"""Tables of PostgreSQL, a bucket and a database of DuckDB become files that are read like any other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer
from support.builds import PROJECT_FOLDER, DbtRuns
from support.databases import Database
from support.shops import LINES_CHECKED, built_shop, query_shop, run_on_shop, write_shop

from operations import landing

BUCKET_KEYS = {"AWS_ACCESS_KEY_ID": "a key", "AWS_SECRET_ACCESS_KEY": "a secret / with + signs"}
# A bakery: prices of numeric without a scale, which DuckDB's own reader makes binary fractions of; times with a zone;
# names that SQL keeps for itself; texts with quotes, commas and lines; a product without a name.
BAKERY = """
    create schema till;
    create table till."order" (
        id bigint, "order" text, "user" uuid, item int, pieces numeric, amount numeric, sold timestamptz
    );
    insert into till."order"
    select
        line, 'o' || line / 2, case when line % 3 > 0 then md5('user ' || line % 40)::uuid end, line % 7, 1, 0.1 + line,
        timestamptz '2026-03-29 00:30:00+00' + line * interval '7 hours'
    from generate_series(1, 1000) as lines (line);
    create table till.items (item int, name text, price numeric);
    insert into till.items
    select item, 'Bread "' || item || E'", 500 g\\nof rye', 2.5 from generate_series(0, 6) as each (item);
    update till.items set name = null where item = 6
"""
OF_BAKERY = """
    connections:
      till: {kind: postgres, url_in: TILL_URL}
    files:
      transactions:
        from: till
        query: |
          select id as transaction_id, "order" as order_id, "user" as user_id, item as product_id, pieces as quantity,
            amount as net_amount, sold as ordered_at
          from till."order" where 100 % 3 = 1  -- all of them
      products: {from: till, query: 'select item as product_id, name as product_name from till.items'}
"""


def shop_of(folder: Path, text: str) -> landing.Landing:
    """Return what a landing.yml says, in a folder of its own."""
    lines = [line.removeprefix("    ") for line in text.strip("\n").splitlines()]
    return landing.landing_in(write_shop(folder, {"landing.yml": "\n".join(lines)}))


def landed(found: landing.Landing) -> list[str]:
    """Copy, and return the files of the folder."""
    list(landing.land(found))
    return sorted(file.name for file in found.folder.iterdir())


@pytest.fixture
def bakery(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Return a database of a bakery's till."""
    database.change(BAKERY)
    monkeypatch.setenv("TILL_URL", database.url.replace("publisher", "postgres"))
    monkeypatch.setenv("PGPASSWORD", database.server["PGPASSWORD"])
    return database


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Return the address of a server of S3."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_a_till_is_read_to_the_cent(bakery: Database, shop_dbt: DbtRuns, tmp_path: Path) -> None:
    found = shop_of(tmp_path / "shop", OF_BAKERY)
    assert landed(found) == ["landing.yml", "products.csv", "transactions.csv"]
    assert (found.folder / "transactions.csv").stat().st_mode & 0o777 == 0o600
    result = run_on_shop(shop_dbt, found.folder, *LINES_CHECKED)
    assert result.exit_code == 0, result.output
    ((lines, amount, users),) = bakery.rows(
        "postgres", 'select count(*), sum(amount), count(distinct "user") from till."order"'
    )
    assert query_shop(
        built_shop(shop_dbt),
        "select count(*), sum(net_amount), count(distinct user_id), min(ordered_at)"
        " from cleaning.int_transactions_checked",
    ) == [
        (
            *(lines, amount, users),
            bakery.rows("postgres", """select min(sold) at time zone 'UTC' from till."order" """)[0][0],
        )
    ]
    # again, with a day more: the file is the table as it is now
    bakery.change("""insert into till."order" values (1001, 'o501', null, 6, 1, 0.3, '2027-01-16 08:00:00+01')""")
    landed(found)
    with (found.folder / "transactions.csv").open() as file:
        assert sum(1 for _ in file) == lines + 2


def test_a_bucket_of_daily_files_is_one_table(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in BUCKET_KEYS.items():
        monkeypatch.setenv(name, value)
    store = boto3.client("s3", endpoint_url=bucket, region_name="eu-central-1")
    store.create_bucket(Bucket="garden", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for day in (1, 2, 3):
        file = tmp_path / f"{day}.parquet"
        # a column came on the second day, as columns do
        more = ", 'app' as channel" if day > 1 else ""
        duckdb.sql(
            f"copy (select {day} * 100 + each as event_id, 'view' as event_type{more} from range(50) as events (each))"
            f" to '{file}'"
        )
        store.upload_file(str(file), "garden", f"events/day {day}.parquet")
    told = f"""
    connections:
      lake: {{kind: s3, endpoint: '{bucket}', region: eu-central-1}}
    files:
      events: {{from: lake, path: 's3://garden/events/*.parquet'}}
    """
    found = shop_of(tmp_path / "shop", told)
    assert landed(found) == ["events.parquet", "landing.yml"]
    with duckdb.connect() as connection:
        counted = connection.execute(
            "select count(*), count(distinct event_id), count(channel) from read_parquet($1)",
            [str(found.folder / "events.parquet")],
        ).fetchall()
    assert counted == [(150, 150, 100)]
    wrong = shop_of(tmp_path / "wrong", told.replace("events/*", "nothing/*"))
    with pytest.raises(landing.NotLandedError, match=r"files.events, from lake: No files found"):
        landed(wrong)


def test_a_database_file_is_copied_as_typed(tmp_path: Path) -> None:
    with closing(duckdb.connect(str(tmp_path / "garden.duckdb"))) as connection:
        connection.execute("create schema shop; create table shop.stock (product_id text, units decimal(18, 3))")
        connection.execute("insert into shop.stock values ('007', 0.35), (null, null)")
    told = f"""
    connections:
      garden: {{kind: duckdb, file: {tmp_path / "garden.duckdb"}}}
    files:
      stock_levels: {{from: garden, table: shop.stock}}
    """
    found = shop_of(tmp_path / "shop", told)
    landed(found)
    assert (found.folder / "stock_levels.parquet").stat().st_mode & 0o777 == 0o600
    with closing(duckdb.connect()) as connection:
        rows = connection.execute(f"from '{found.folder / 'stock_levels.parquet'}'").fetchall()
    assert rows == [("007", Decimal("0.350")), (None, None)]
    (tmp_path / "garden.duckdb").write_bytes(b"no database")
    with pytest.raises(landing.NotLandedError, match=r"landing.yml, connections.garden: "):
        landed(found)


def test_a_failure_leaves_every_file_as_it_was(bakery: Database, tmp_path: Path) -> None:
    found = shop_of(tmp_path / "shop", OF_BAKERY)
    landed(found)
    before = {file.name: file.read_bytes() for file in found.folder.iterdir()}
    bakery.change('delete from till."order"', "drop table till.items")
    with pytest.raises(
        landing.NotLandedError, match=r'files.products, from till: relation "till.items" does not exist'
    ):
        landed(found)
    assert {file.name: file.read_bytes() for file in found.folder.iterdir()} == before


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("kind: postgres", "kind: mysql"), r"connections.till.kind: expected postgres, duckdb, s3, found another"),
        (
            ("kind: postgres", "kind: 'postgresql://a:secret@b/c'"),
            r"till.kind: expected postgres, duckdb, s3, found another",
        ),
        (("kind: postgres", "kind: [postgres]"), r"till.kind: expected postgres, duckdb, s3, found another"),
        (
            ("{from: till, query:", "{from: 'postgresql://a:secret@b/c', query:"),
            r"products.from: expected one of till,",
        ),
        (("url_in: TILL_URL", "url_in: 'postgresql://a:secret@b/c'"), r"expected the name of an environment variable"),
        (("url_in: TILL_URL", "url: TILL_URL"), r"connections.till: expected url_in, found kind, url\."),
        (("till: {kind: postgres, url_in: TILL_URL}", "till: 'postgresql://a:secret@b/c'"), r"found a text\."),
        (("{from: till, query:", "{from: tills, query:"), r"products.from: expected one of till,"),
        (
            ("products: {from: till, query:", "products: {from: till, table: x, query:"),
            r"query or table, found query and",
        ),
        (("products:", "../products:"), r"expected the name of a file of letters"),
        (("{from: till, query:", "{from: till, more: x, query:"), r"expected only from, query"),
        (("  products:", "  transactions:"), r"'transactions' stands twice"),
    ],
)
def test_what_cannot_be_followed_is_said(tmp_path: Path, changed: tuple[str, str], sentence: str) -> None:
    assert changed[0] in OF_BAKERY
    with pytest.raises(landing.NotLandedError, match=sentence) as raised:
        shop_of(tmp_path, OF_BAKERY.replace(*changed))
    assert "secret" not in str(raised.value)


def test_who_may_not_in_is_told_without_the_password(
    bakery: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = shop_of(tmp_path / "shop", OF_BAKERY)
    url = bakery.url.replace("publisher", "nobody:a%20secret")
    monkeypatch.setenv("TILL_URL", url)
    with pytest.raises(landing.NotLandedError, match=r"connections.till: .*nobody") as raised:
        landed(found)
    assert "secret" not in str(raised.value)
    monkeypatch.delenv("TILL_URL")
    with pytest.raises(landing.NotLandedError, match=r"connections.till: the environment has no TILL_URL\."):
        landed(found)
    (found.folder / "products.csv.gz").touch()
    monkeypatch.setenv("TILL_URL", bakery.url.replace("publisher", "postgres"))
    with pytest.raises(landing.NotLandedError, match=r"products.csv.gz would be read beside products.csv"):
        landed(found)


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "operations.landing"],
        cwd=PROJECT_FOLDER,
        env={"SHOP_DIR": str(tmp_path), "SOURCE": "your_shop"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    file = f"{tmp_path}/landing.yml"
    assert done.stderr == (
        f"Nothing was copied: File {file}: expected one that says what to copy from where, found nothing.\n"
    )

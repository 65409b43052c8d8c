"""Small shops written as files, and dbt run on them; synthetic shops as tests read them."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
from support.builds import PROJECT_FOLDER, VAULT_KEY, DbtResult, DbtRuns, moved, package_folder
from support.cache import kept
from support.operations import run_operation

from demo_shop.shop import make_shop

# What `make check-data` runs, less the tests of the macros.
CHECK_DATA = ("build", "--selector=check_data", "--exclude-resource-type=unit_test")
NO_DATA_TESTS = (*CHECK_DATA, "--exclude-resource-type=test")
# What becomes of lines, for tests that ask for no more.
LINES_CHECKED = ("build", "--select=+int_transactions_checked", *NO_DATA_TESTS[2:])
# The synthetic shop's day in UTC instants: China has had one zone and no summer time since 1991.
LOCAL_DATE = "cast({} + interval 8 hours as date)"
SYNTHETIC = "demo_shop"
PRODUCT_COLUMNS = "product_id,product_name,list_price"
# @ is what the two products' ids begin with.
TWO_PRODUCTS = f"{PRODUCT_COLUMNS}\n@1,Tea,1.50\n@2,Milk,2\n".encode()
LINE_COLUMNS = "transaction_id,order_id,user_id,product_id,quantity,net_amount,ordered_at"
ONE_LINE = f"{LINE_COLUMNS}\nt1,o1,u1,p1,1,2.50,2026-03-14 09:26:53\n"

DOC = (PROJECT_FOLDER / "docs" / "your-data.md").read_text()
# Per table, what docs/your-data.md says of it.
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", DOC, re.MULTILINE | re.DOTALL))


def documented_shop() -> dict[str, str]:
    """Return the example of docs/your-data.md: a file of one row for every table."""
    return {
        f"{table}.csv": re.findall(r"```csv\n(.*?)```", section, re.DOTALL)[0] for table, section in SECTIONS.items()
    }


def furniture_shop(users: int = 60, quiet_days: int = 0, *, is_of_guests: bool = False) -> dict[str, str]:
    """Return two years of a furniture shop: half its users order on, half stop.

    With `quiet_days`, nobody orders on so many days before the last. A campaign contacted
    every fourth user, one every twelfth; of a third, every other of its users is held out.
    """
    first_day = datetime.date(2024, 1, 1)
    departments = ("Sofas", "Tables", "Beds", "Lamps", "Rugs")
    orders = [(0, 729)]
    for user in range(users):
        last_day = 730 if user % 2 else 200 + 6 * user
        # each starts in a month of its own, so that most months have few new users
        days = range(8 * (user % 50), last_day, 12 + 15 * (user % 5))
        orders += [(user, day) for day in days if not 729 - quiet_days <= day < 730]
    lines = [
        f"t{user}-{day},o{user}-{day},{'' if is_of_guests else f'u{user}'},p{(user + day) % 20},1,"
        f"{49 + 60 * ((user + day) % 20)}.50,{first_day + datetime.timedelta(days=day)}"
        for user, day in orders
    ]
    contacts = [
        f"{campaign},u{user},{'holdout' if campaign == 'k3' and user % 2 else 'treatment'}"
        for campaign, step in (("k1", 4), ("k2", 12), ("k3", 1))
        for user in range(0, 0 if is_of_guests else users, step)
    ]
    campaigns = [f"{name},{name == 'k3'},2025-03-01,2025-03-31" for name in ("k1", "k2", "k3")]
    return {
        f"{name}.csv": "\n".join([*rows, ""])
        for name, rows in {
            "users": ["user_id", *(f"u{user}" for user in range(users))],
            "products": ["product_id,department", *(f"p{product},{departments[product % 5]}" for product in range(20))],
            "transactions": [LINE_COLUMNS, *lines],
            "campaigns": ["campaign_id,is_randomised,starts_on,ends_on", *campaigns],
            "campaign_contacts": ["campaign_id,user_id,arm", *contacts],
        }.items()
    }


def write_shop(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write files by their path inside the folder; return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def built_shop(dbt: DbtRuns) -> Path:
    """Return the database that shops are built in."""
    return dbt.folder / "building.duckdb"


def run_on_shop(dbt: DbtRuns, shop_folder: Path, *arguments: str) -> DbtResult:
    """Run a dbt command on a folder of files, into an empty database."""
    return dbt.run(
        "--quiet",
        *arguments,
        warehouse=dbt.begin(),
        # staging of every source is built, whichever is active
        raw_folder=package_folder(),
        source="your_shop",
        environment={"SHOP_DIR": str(shop_folder)},
    )


def kept_shop(dbt: DbtRuns, name: str, files: dict[str, str]) -> Path:
    """Return a database of a shop of files, built and tested in full, once."""

    def make(folder: Path) -> None:
        shop = write_shop(folder / "files", files)
        result = run_on_shop(dbt, shop, "build", "--exclude-resource-type=unit_test")
        assert result.exit_code == 0, result.output
        moved(built_shop(dbt), folder / "building.duckdb")

    return kept(name, (), make) / "building.duckdb"


def one_order_shop(dbt: DbtRuns) -> Path:
    """Return a database of a shop of one order."""
    return kept_shop(dbt, "one_order_shop", {"transactions.csv": ONE_LINE})


def query_shop(warehouse: Path, query: str) -> list[tuple]:
    """Return the rows of a query on a database."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def table_counts(warehouse: Path, schema: str) -> dict[str, int]:
    """Return the row count of each table of a schema."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = $1 order by table_name", [schema]
        ).fetchall()
        return {table: len(connection.table(f"{schema}.{table}")) for (table,) in tables}


def made_shop(folder: Path, **arguments: int) -> duckdb.DuckDBPyConnection:
    """Make a synthetic shop; return a connection with a view per file, and the truth."""
    make_shop(folder, folder.parent / "made.duckdb", **arguments)
    connection = duckdb.connect(str(folder.parent / "made.duckdb"))
    for file in folder.glob("*.parquet"):
        connection.read_parquet(str(file)).create_view(file.stem)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    """What a query returns."""
    return connection.execute(query).fetchall()


def run_synthetic(runs: DbtRuns, *arguments: str, **environment: str) -> DbtResult:
    """Run dbt on a synthetic shop in the folder of its runs."""
    return runs.run(
        *arguments,
        "--vars={as_of_count: 6, launch: with_build}",
        "--write-json",
        # what dbt has parsed of a shop of this name serves other tests, too
        warehouse=runs.folder / "warehouse" / "building.duckdb",
        raw_folder=package_folder(),
        source=SYNTHETIC,
        environment={"SHOP_DIR": str(runs.folder / "raw"), **environment},
    )


def build_and_publish(runs: DbtRuns) -> Path:
    """Make a small synthetic shop, build and publish it; return the published file."""
    (runs.folder / "warehouse").mkdir()
    make_shop(runs.folder / "raw", runs.folder / "warehouse" / "building.duckdb", users=80, days=120)
    plant_persons(runs.folder / "raw")
    result = run_synthetic(runs, "build", "--exclude-resource-type=test", "--exclude-resource-type=unit_test")
    assert result.exit_code == 0, result.output
    done = run_operation("publish", **synthetic_places(runs))
    assert done.returncode == 0, done.stderr
    return runs.folder / "published" / f"{SYNTHETIC}.duckdb"


def kept_publication(make: Callable[[], Path]) -> Path:
    """Return a copy of the published file; made only where no test has kept one.

    Parameters
    ----------
    make : callable
        Returns the file to be copied.
    """
    folder = kept("published_shop", (), lambda making: shutil.copy(make(), making / f"{SYNTHETIC}.duckdb"))
    return folder / f"{SYNTHETIC}.duckdb"


def plant_persons(raw: Path) -> None:
    """Let users write who they are into their reviews and searches."""
    with duckdb.connect() as connection:
        for table, column in (("reviews", "review_text"), ("events", "search_text")):
            file = raw / f"{table}.parquet"
            connection.execute(f"""
                create or replace table changed as
                select * replace (
                    concat_ws(' ', {column}, lower(full_name) || ',', email, phone, '或', full_name) as {column}
                )
                from '{file}' left join (select user_id, full_name, email, phone from '{raw}/users.parquet')
                    using (user_id)
            """)
            connection.sql("select * exclude (full_name, email, phone) from changed").write_parquet(str(file))


def synthetic_places(runs: DbtRuns) -> dict[str, str]:
    """Return the environment that publishes and exports the shop."""
    return {
        "SOURCE": SYNTHETIC,
        "WAREHOUSE": str(runs.folder / "warehouse" / "building.duckdb"),
        "DBT_TARGET_PATH": str(runs.folder / "target"),
        "PUBLISHED_DIR": str(runs.folder / "published"),
        "EXPORTS_DIR": str(runs.folder / "exports"),
        "VAULT_KEY": VAULT_KEY,
    }

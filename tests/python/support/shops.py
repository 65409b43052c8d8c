"""Small shops written as files, and dbt run on them."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
from support.builds import PROJECT_FOLDER, DbtResult, DbtRuns, moved, package_folder
from support.cache import kept

# What `make check-data` runs, less the tests of the macros.
CHECK_DATA = ("build", "--selector=check_data", "--exclude-resource-type=unit_test")
NO_DATA_TESTS = (*CHECK_DATA, "--exclude-resource-type=test")
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


def one_order_shop(dbt: DbtRuns) -> Path:
    """Return a database of a shop of one order, built and tested in full, once."""

    def make(folder: Path) -> None:
        files = write_shop(folder / "files", {"transactions.csv": ONE_LINE})
        result = run_on_shop(dbt, files, "build", "--exclude-resource-type=unit_test")
        assert result.exit_code == 0, result.output
        moved(built_shop(dbt), folder / "building.duckdb")

    return kept("one_order_shop", (), make) / "building.duckdb"


def query_shop(warehouse: Path, query: str) -> list[tuple]:
    """Return the rows of a query on a database."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def table_counts(warehouse: Path, schema: str) -> dict[str, int]:
    """Return the row count of each table of a schema."""
    tables = query_shop(
        warehouse,
        f"select table_name from information_schema.tables where table_schema = '{schema}' order by table_name",
    )
    return {table: query_shop(warehouse, f"select count(*) from {schema}.{table}")[0][0] for (table,) in tables}

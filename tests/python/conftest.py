"""Parts shared by tests: dbt on real data, and a PostgreSQL server."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, sync_playwright
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER, DbtRuns, package_folder, write_raw_tables
from support.cache import CACHE_FOLDER, kept
from support.campaigns import build_campaigns
from support.databases import PASSWORD, Database
from threadpoolctl import threadpool_limits

from operations.publish.postgres.rights import FOLDER
from operations.publish.postgres.temporary_server import find_binaries, temporary_server

# One household in eight with all its rows: every code path, an eighth of the time.
SAMPLE_QUERIES = {
    "transactions": "select * from transactions where household_id % 8 = 0",
    "campaigns": "select * from campaigns where household_id % 8 = 0",
    "coupon_redemptions": "select * from coupon_redemptions where household_id % 8 = 0",
    "demographics": "select * from demographics where household_id % 8 = 0",
    # no feature reads promotions, and they are the largest file
    "promotions": "select * from promotions limit 1",
}

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Of whatever is started from here, too.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "DBT_USE_FAST_TEST_EDGES": "true"}

# What takes long to make, or is there after `make build` only.
SLOW_FIXTURES = {"answers", "browser", "built", "dbt", "raw_folder", "runs", "server", "shop_dbt"}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Parse before workers start: their runs of dbt are ready to go from the first."""
    options = session.config.option
    if getattr(options, "numprocesses", None) and options.markexpr != "not slow":
        DbtRuns(CACHE_FOLDER).manifest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the files that take longest first, the others in another order each time.

    A test that builds, publishes or reads what `make build` left is slow: `make check`
    leaves it out, and so the files that take longest, and all seeds of a test but 0.
    """
    text = (PROJECT_FOLDER / "tests" / "README.md").read_text()
    longest = re.findall(r"`tests/python/(\w+/test_\w+\.py)", text)
    folder = Path(__file__).parent
    files = {item: str(item.path.relative_to(folder)) for item in items}
    others = sorted(set(files.values()) - set(longest))
    # the same in every worker of a run
    random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID", "alone")).shuffle(others)
    places = {file: place for place, file in enumerate([*longest, *others])}
    items.sort(key=lambda item: places[files[item]])
    for item in items:
        seed = item.callspec.params.get("seed", 0) if hasattr(item, "callspec") else 0
        if files[item] in longest or SLOW_FIXTURES & set(item.fixturenames) or seed > 0:
            item.add_marker("slow")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep threads from waiting for each other: that takes twice as long."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to the database that `make build` left, to read it."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(f"No database at {BUILT_WAREHOUSE}: run make build first.", False)
    with duckdb.connect(str(BUILT_WAREHOUSE), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a real browser that asks for nothing by itself."""
    if not CHROMIUM.exists():
        message = f"PAGES NOT OPENED: no {CHROMIUM}; install the package chromium."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt with target and log folders of its own."""
    return DbtRuns(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def raw_folder() -> Path:
    """Raw tables of Complete Journey, one household in eight."""
    package = package_folder()
    return kept(
        "raw_tables", (str(package), SAMPLE_QUERIES), lambda folder: write_raw_tables(folder, package, SAMPLE_QUERIES)
    )


@pytest.fixture(scope="session")
def campaigns(dbt: DbtRuns, raw_folder: Path) -> Path:
    """Return a database of the sample with campaigns decided and launched."""
    folder = kept(
        "campaigns", (str(raw_folder),), lambda folder: build_campaigns(dbt, raw_folder, folder / "built.duckdb")
    )
    return folder / "built.duckdb"


@pytest.fixture(scope="session")
def shop_dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt for shops of files: another source than `dbt`'s, or each would parse anew."""
    return DbtRuns(tmp_path_factory.mktemp("shop_dbt"))


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """Return variables of libpq for the superuser of a server of the tests' own."""
    binaries = find_binaries()
    if binaries is None:
        message = "POSTGRESQL NOT TESTED: no initdb; install the package postgresql."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with temporary_server(binaries) as variables:
        yield variables


@pytest.fixture
def database(server: dict[str, str], request: pytest.FixtureRequest, monkeypatch) -> Iterator[Database]:
    """Return a new database, set up with the statements of the docs."""
    name = f"shop_{abs(hash(request.node.name))}"
    text = (PROJECT_FOLDER / "docs" / "bi-tools.md").read_text()
    [block] = re.findall(r"```sql\n(create role publisher.*?)```", text, re.DOTALL)
    # the roles stand outside of any database, so a second one finds them
    statements = [each.strip() for each in block.split(";") if each.strip()]
    maintenance = Database(server, "postgres")
    known = maintenance.rows("postgres", "select rolname from pg_roles")
    database = Database(server, name)
    for statement in statements:
        statement = statement.replace("'...'", f"'{PASSWORD}'")
        if statement.startswith("create role") and ("publisher",) in known:
            continue
        where = maintenance if statement.startswith("create") else database
        where.change(re.sub(r"\bmarketing\b", name, statement))
    database.change((FOLDER / "close_database.sql").read_text())
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    yield database
    maintenance.change(f"drop database {name} with (force)")

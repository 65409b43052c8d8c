"""A small synthetic shop, built and published once for the tests that look into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
from support.builds import VAULT_KEY, DbtResult, DbtRuns, package_folder
from support.cache import kept
from support.operations import run_operation

from demo_shop.shop import make_shop

SHOP = "demo_shop"


def run(runs: DbtRuns, *arguments: str, **environment: str) -> DbtResult:
    """Run dbt on the shop in the folder of its runs."""
    return runs.run(
        *arguments,
        "--vars={as_of_count: 6, launch: with_build}",
        "--write-json",
        # what dbt has parsed of a shop of this name serves other tests, too
        warehouse=runs.folder / "warehouse" / "building.duckdb",
        raw_folder=package_folder(),
        source=SHOP,
        environment={"SHOP_DIR": str(runs.folder / "raw"), **environment},
    )


def build_and_publish(runs: DbtRuns) -> Path:
    """Make the shop, build it and publish it; return the published file."""
    (runs.folder / "warehouse").mkdir()
    make_shop(runs.folder / "raw", runs.folder / "warehouse" / "building.duckdb", users=80, days=120)
    plant_persons(runs.folder / "raw")
    result = run(runs, "build", "--exclude-resource-type=test", "--exclude-resource-type=unit_test")
    assert result.exit_code == 0, result.output
    done = run_operation("publish", **places(runs))
    assert done.returncode == 0, done.stderr
    return runs.folder / "published" / f"{SHOP}.duckdb"


def kept_publication(make: Callable[[], Path]) -> Path:
    """Return a copy of the published file; made only where no test has kept one.

    Parameters
    ----------
    make : callable
        Returns the file to be copied.
    """
    folder = kept("published_shop", (), lambda making: shutil.copy(make(), making / f"{SHOP}.duckdb"))
    return folder / f"{SHOP}.duckdb"


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


def places(runs: DbtRuns) -> dict[str, str]:
    """Return the environment that publishes and exports the shop."""
    return {
        "SOURCE": SHOP,
        "WAREHOUSE": str(runs.folder / "warehouse" / "building.duckdb"),
        "DBT_TARGET_PATH": str(runs.folder / "target"),
        "PUBLISHED_DIR": str(runs.folder / "published"),
        "EXPORTS_DIR": str(runs.folder / "exports"),
        "VAULT_KEY": VAULT_KEY,
    }

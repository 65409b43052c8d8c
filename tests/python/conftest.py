"""Parts shared by the tests that run dbt on real data."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds import DbtRuns, package_folder, write_raw_tables
from campaigns import build_campaigns

# One household in eight with all its rows: every code path, an eighth of the time.
SAMPLE_QUERIES = {
    "transactions": "select * from transactions where household_id % 8 = 0",
    "campaigns": "select * from campaigns where household_id % 8 = 0",
    "coupon_redemptions": "select * from coupon_redemptions where household_id % 8 = 0",
    "demographics": "select * from demographics where household_id % 8 = 0",
    # no feature reads promotions, and they are the largest file
    "promotions": "select * from promotions limit 1",
}


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt with target and log folders of its own."""
    return DbtRuns(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def raw_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of Complete Journey, one household in eight."""
    return write_raw_tables(
        tmp_path_factory.mktemp("raw"), package_folder(), SAMPLE_QUERIES
    )


@pytest.fixture(scope="session")
def campaigns(
    dbt: DbtRuns, raw_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a database of the sample with campaigns decided and launched."""
    warehouse = tmp_path_factory.mktemp("campaigns") / "built.duckdb"
    return build_campaigns(dbt, raw_folder, warehouse)


@pytest.fixture(scope="session")
def shop_dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRuns:
    """Dbt for shops of files: another source than `dbt`'s, or each would parse anew."""
    return DbtRuns(tmp_path_factory.mktemp("shop_dbt"))

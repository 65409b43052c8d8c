"""Features at a date use only what happened before it.

Two proofs over real data. Cutting every raw table at the date changes no feature; nor
do absurd rows planted on the date and after, beside what was there or in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from support.builds import DbtRuns, write_raw_tables
from support.campaigns import VARS

GRID_DATE = date(2017, 10, 9)
# between two grid dates
CAMPAIGN_START = date(2017, 10, 4)
NEW_YEAR = date(2018, 1, 1)

BUILD = (
    "--select",
    "+ftr_user__snapshot",
    "+ftr_user_offer__snapshot",
    "+ftr_user_category__snapshot",
    "+ftr_user_product__snapshot",
    "+ftr_user_tier__snapshot",
    "+lbl_user",
    "--exclude",
    "int_promotions_merged",
    "--exclude-resource-type=seed",
    VARS,
)

# Campaigns that start on the date stay: they are what is to be predicted.
TRUNCATED_QUERIES = {
    "transactions": """
        select * from transactions where transaction_timestamp < $cutoff_at
    """,
    "coupon_redemptions": """
        select * from coupon_redemptions where redemption_date < $cutoff_date
    """,
    "campaign_descriptions": """
        select * from campaign_descriptions where start_date <= $cutoff_date
    """,
    "campaigns": """
        select campaigns.* from campaigns
        semi join (
            select * from campaign_descriptions where start_date <= $cutoff_date
        ) using (campaign_id)
    """,
    "coupons": """
        select coupons.* from coupons
        semi join (
            select * from campaign_descriptions where start_date <= $cutoff_date
        ) using (campaign_id)
    """,
}

# What households bought before the date they buy again from its first second on, dearly
# and by the dozen, or send back; strangers come along; all redeem, and get a new
# campaign. Planted orders end with the real ones, or every as-of date would move.
PLANTED_QUERIES = {
    "transactions": """
        with
        sampled as (
            select
                *,
                row_number() over (order by basket_id, product_id) as line_number
            from transactions
            where
                basket_id % 10 = 0
                and transaction_timestamp < $cutoff_at
                and household_id is not null
        )

        select * from transactions
        union all
        select
            if(line_number % 7 = 0, -household_id, household_id) as household_id,
            -1 as store_id,
            1000000000000 + line_number as basket_id,
            product_id,
            if(line_number % 11 = 0, 99999, 99) as quantity,
            99999.99 as sales_value,
            8888.88 as retail_disc,
            777.77 as coupon_disc,
            66.66 as coupon_match_disc,
            week,
            $cutoff_at + to_days(cast(line_number % $day_count as int)) as transaction_timestamp
        from sampled
        union all
        select
            household_id,
            store_id,
            2000000000000 + line_number as basket_id,
            product_id,
            -quantity as quantity,
            -sales_value as sales_value,
            0 as retail_disc,
            0 as coupon_disc,
            0 as coupon_match_disc,
            week,
            $cutoff_at + to_days(cast(line_number % 50 as int)) as transaction_timestamp
        from sampled
        where line_number % 3 = 0 and quantity > 0 and sales_value > 0
    """,
    "coupon_redemptions": """
        select * from coupon_redemptions
        union all
        select
            campaigns.household_id,
            min(coupons.coupon_upc) as coupon_upc,
            campaigns.campaign_id,
            $cutoff_date + to_days(cast(campaigns.household_id % 3 as int))
                as redemption_date
        from campaigns
        inner join coupons on campaigns.campaign_id = coupons.campaign_id
        group by campaigns.household_id, campaigns.campaign_id
    """,
    "campaign_descriptions": """
        select * from campaign_descriptions
        union all
        select
            -1 as campaign_id,
            'Type A' as campaign_type,
            $cutoff_date as start_date,
            $cutoff_date + to_days(30) as end_date
    """,
    "campaigns": """
        select * from campaigns
        union all
        select distinct
            -1 as campaign_id,
            household_id
        from transactions
    """,
}


# Each alteration, one after the other.
QUERIES = {
    "truncated": [TRUNCATED_QUERIES],
    "planted": [PLANTED_QUERIES],
    "replaced": [TRUNCATED_QUERIES, PLANTED_QUERIES],
}


@dataclass(frozen=True)
class Panel:
    """A table, its key, its columns if it knows the future in others, and its rows."""

    name: str
    key: tuple[str, ...]
    columns: str = "*"
    condition: str = "true"


SNAPSHOT = Panel("features.ftr_user__snapshot", ("user_id", "as_of_date"))
# who is learnt from and scored
POPULATION = Panel("labels.lbl_user", ("user_id", "as_of_date"), "user_id, first_order_id, as_of_date")
CATEGORIES = Panel(
    "features.ftr_user_category__snapshot",
    ("user_id", "category_level", "category_name", "as_of_date"),
    # which categories are predicted hangs on the first date of the grid, which moves
    # with the end of the data
    condition="""
        (category_level, category_name) in (
            select (category_level, category_name)
            from full_data.features.ftr_categories
        )
        and (category_level, category_name) in (
            select (category_level, category_name)
            from altered_data.features.ftr_categories
        )
    """,
)
PRODUCTS = Panel(
    "features.ftr_user_product__snapshot",
    ("user_id", "product_id", "as_of_date"),
    # whose products are ranked hangs on the end of the data: the newest dates have all users
    condition="""
        (user_id, as_of_date) in (
            select (user_id, as_of_date) from full_data.features.ftr_user_product__users where is_ranked
        )
        and (user_id, as_of_date) in (
            select (user_id, as_of_date) from altered_data.features.ftr_user_product__users where is_ranked
        )
    """,
)
OF_TIERS = Panel("features.ftr_user_tier__snapshot", ("user_id", "as_of_date"))
OFFERS = Panel(
    "features.ftr_user_offer__snapshot",
    ("offer_id", "user_id", "as_of_date"),
    # who was contacted, at the start of a campaign of the full data: a build whose last
    # date this is also scores all the other users
    condition="""
        (offer_id, user_id, as_of_date) in (
            select (offer_id, user_id, as_of_date)
            from {build}.features.ftr_user_offer__candidates
            where is_contacted
        )
        and (campaign_id, as_of_date) in (
            select (campaign_id, starts_on) from full_data.core.campaign_calendar
        )
    """,
)


@pytest.fixture(scope="module")
def altered_build(
    dbt: DbtRuns, raw_folder: Path, campaigns: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, date], Path]:
    """Features from data whose rows on and after a date are others, built once each on the seeds of the full data."""

    @cache
    def build(alteration: str, cutoff_date: date) -> Path:
        folder = tmp_path_factory.mktemp(f"{alteration}-{cutoff_date}")
        midnight = datetime.combine(cutoff_date, time(), ZoneInfo("America/New_York"))
        cutoff = {
            "cutoff_at": midnight.astimezone(UTC).replace(tzinfo=None),
            "cutoff_date": datetime.combine(cutoff_date, time()),
            # planted orders end with the year
            "day_count": (NEW_YEAR - cutoff_date).days + 1,
        }
        altered = raw_folder
        for number, queries in enumerate(QUERIES[alteration]):
            altered = write_raw_tables(folder / str(number), altered, queries, cutoff)
        building = dbt.begin()
        with duckdb.connect(str(building)) as connection:
            connection.execute(f"attach '{campaigns}' as full_data (read_only); create schema seeds")
            query = "select table_name from duckdb_tables() where (database_name, schema_name) = ('full_data', 'seeds')"
            for (seed,) in connection.sql(query).fetchall():
                connection.execute(f"create table seeds.{seed} as from full_data.seeds.{seed}")
        return dbt.build(*BUILD, warehouse=folder / "altered.duckdb", raw_folder=altered, begun=building)

    return build


def compared_builds(campaigns: Path, altered_build: Path) -> duckdb.DuckDBPyConnection:
    """Open both databases, as `full_data` and `altered_data`."""
    connection = duckdb.connect()
    connection.execute(f"attach '{campaigns}' as full_data (read_only)")
    connection.execute(f"attach '{altered_build}' as altered_data (read_only)")
    return connection


def comparable_rows(build: str, panel: Panel, cutoff_date: date) -> str:
    """Rows up to the cut-off date, at the as-of dates that both builds have.

    The grid counts back from the last order, so a date may be of the grid in one build
    and a campaign's start in the other; users' labels and categories are of the grid
    alone.
    """
    grid = "and is_grid_date" if panel in (POPULATION, CATEGORIES, PRODUCTS, OF_TIERS) else ""
    return f"""
        select {panel.columns} from {build}.{panel.name}
        where
            {panel.condition.format(build=build)}
            and as_of_date <= date '{cutoff_date}'
            and as_of_date in (
                select as_of_date from full_data.core.as_of_dates
                where true {grid}
                intersect
                select as_of_date from altered_data.core.as_of_dates
                where true {grid}
            )
    """


def differing_columns(connection: duckdb.DuckDBPyConnection, panel: Panel, cutoff_date: date) -> dict[str, int]:
    """Count, per feature, the rows that differ; one without partner differs in all."""
    connection.execute("create or replace temp table full_rows as " + comparable_rows("full_data", panel, cutoff_date))
    connection.execute(
        "create or replace temp table altered_rows as " + comparable_rows("altered_data", panel, cutoff_date)
    )
    columns = connection.table("full_rows").columns
    counts = connection.execute(
        "select count(*), "
        + ", ".join(f"count_if(full_rows.{column} is distinct from altered_rows.{column})" for column in columns)
        + f" from full_rows full join altered_rows using ({', '.join(panel.key)})"
    ).fetchone()
    assert counts[0] > 0, f"no row of {panel.name} to compare"
    per_column = zip(columns, counts[1:], strict=True)
    return {column: count for column, count in per_column if count}


BUILDS = (("truncated", GRID_DATE), ("planted", GRID_DATE), ("replaced", CAMPAIGN_START))
PANELS = {
    "snapshot": SNAPSHOT,
    "offers": OFFERS,
    # by the dates of the grid up to the cut-off
    "users with labels": POPULATION,
    "categories": CATEGORIES,
    "products": PRODUCTS,
    "tiers": OF_TIERS,
}


@pytest.mark.parametrize(("alteration", "cutoff_date"), BUILDS)
@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_later_rows_move_no_feature(
    campaigns: Path, altered_build: Callable[[str, date], Path], alteration: str, cutoff_date: date, panel: Panel
) -> None:
    altered = altered_build(alteration, cutoff_date)
    with compared_builds(campaigns, altered) as connection:
        assert differing_columns(connection, panel, cutoff_date) == {}


@pytest.mark.parametrize(("alteration", "cutoff_date"), BUILDS)
def test_the_altered_rows_reach_the_marts(
    campaigns: Path, altered_build: Callable[[str, date], Path], alteration: str, cutoff_date: date
) -> None:
    in_full, in_altered = (f"from {each}_data.core.transactions where order_date >= $1" for each in ("full", "altered"))
    in_both = f"{in_altered} and order_id in (select order_id {in_full})"
    with compared_builds(campaigns, altered_build(alteration, cutoff_date)) as connection:
        full, altered, common = (
            connection.execute(f"select count(*) {query}", [cutoff_date]).fetchone()[0]
            for query in (in_full, in_altered, in_both)
        )
    assert full > 0
    assert common == (full if alteration == "planted" else 0)
    assert altered == 0 if alteration == "truncated" else altered > common + 2000

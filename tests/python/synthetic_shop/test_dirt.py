"""What is planted as dirt ends as it must, row by row, and nothing clean is lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtRuns

from demo_shop.dirt import plant_dirt
from demo_shop.shop import make_shop

USERS, DAYS = 400, 200
KINDS = [
    "duplicates",
    "broken_dates",
    "negative_quantities",
    "unknown_ids",
    "mixed_encodings",
    "case_and_whitespace",
    "currency_strings",
    "swapped_columns",
    "out_of_range_ages",
    "clock_skew",
]
# One row carries one piece of dirt, so at a half only two kinds fit into one table.
# Nulls go alone: who refers to a user or product that lost its id meets a stranger.
MIXES = {
    "each kind but nulls at 10 %": dict.fromkeys(KINDS, 0.1),
    **{
        f"{', '.join(kinds)} at 50 %": dict.fromkeys(kinds, 0.5)
        for kinds in (
            ("nulls",),
            ("duplicates", "broken_dates"),
            ("unknown_ids", "swapped_columns", "out_of_range_ages"),
            ("negative_quantities", "clock_skew", "mixed_encodings"),
            ("case_and_whitespace", "currency_strings"),
        )
    },
}

# Per entity whose rows are judged one by one. Promotions of one key are merged, and
# counted only: see test_promotions_are_counted.
ENTITIES = [
    "users",
    "products",
    "transactions",
    "events",
    "stock_levels",
    "reviews",
    "campaigns",
    "campaign_contacts",
    "coupons",
    "coupon_redemptions",
    "point_movements",
]


@dataclass(frozen=True)
class DirtyShop:
    """A shop with planted dirt, judged."""

    connection: duckdb.DuckDBPyConnection
    clean_folder: Path
    dirty_folder: Path

    def rows(self, query: str) -> list[tuple]:
        """Rows of a query that may name the two folders."""
        return self.connection.sql(query.format(clean=self.clean_folder, dirty=self.dirty_folder)).fetchall()


@pytest.fixture(scope="module")
def clean_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small synthetic shop."""
    folder = tmp_path_factory.mktemp("demo")
    make_shop(folder / "clean", folder / "made.duckdb", users=USERS, days=DAYS)
    return folder / "clean"


@pytest.fixture(scope="module", params=MIXES, ids=lambda name: name)
def shop(
    request: pytest.FixtureRequest, dbt: DbtRuns, clean_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> DirtyShop:
    """Plant a mix of dirt and judge every row."""
    folder = tmp_path_factory.mktemp("dirty")
    building = dbt.begin()
    plant_dirt(clean_folder, folder, building, 7, MIXES[request.param])
    result = dbt.run(
        "build",
        "--selector=check_data",
        "--exclude-resource-type=test",
        "--exclude-resource-type=unit_test",
        warehouse=building,
        raw_folder=folder,
        source="demo_shop",
        environment={"SHOP_DIR": str(folder)},
    )
    assert result.exit_code == 0, result.output
    warehouse = building.rename(folder / "dirty.duckdb")
    connection = duckdb.connect()
    connection.execute(f"attach '{warehouse}' as building (read_only)")
    connection.execute("use building")
    judged = " union all ".join(
        f"select '{entity}' as entity, source_row, row_status, status_reason, repairs"
        f" from cleaning.int_{entity}_checked"
        for entity in ENTITIES
    )
    connection.execute(f"create temp view judged as {judged}")
    # Users and products whose own row lost its id: who refers to them meets a stranger.
    connection.execute("""
        create temp view lost_ids as
        select row_key as id from truth.planted_dirt
        where kind = 'nulls' and entity in ('users', 'products')
    """)
    return DirtyShop(connection, clean_folder, folder)


def test_every_planted_row_ends_as_it_must(shop: DirtyShop) -> None:
    wrong = shop.rows("""
        select
            planted.kind, planted.entity, planted.column_name,
            planted.expected_status, planted.expected_reason,
            judged.row_status, judged.status_reason, judged.repairs,
            count(*), any_value(planted.dirty_value)
        from truth.planted_dirt as planted
        left join judged using (entity, source_row)
        where
            planted.entity <> 'promotions'
            and (
                judged.row_status is distinct from planted.expected_status
                or not contains(
                    coalesce(judged.status_reason, judged.repairs, ''),
                    planted.expected_reason
                )
            )
        group by all
    """)
    assert wrong == []


def test_no_clean_row_is_rejected(shop: DirtyShop) -> None:
    # a product whose own row lost its id and that nobody bought is unknown elsewhere
    wrong = shop.rows("""
        select judged.entity, judged.status_reason, count(*)
        from judged
        anti join truth.planted_dirt as planted using (entity, source_row)
        where
            judged.row_status <> 'kept'
            and not (
                judged.status_reason = 'product_id is unknown'
                and exists (from lost_ids)
            )
        group by all
    """)
    assert wrong == []


def test_dirt_was_planted_and_every_row_is_judged_once(shop: DirtyShop) -> None:
    [(planted,)] = shop.rows("select count(*) from truth.planted_dirt")
    assert planted > 0
    for entity in ENTITIES:
        [(rows, numbers, judged)] = shop.rows(f"""
            select
                (select count(*) from '{{dirty}}/{entity}.parquet'),
                count(distinct source_row),
                count(*)
            from judged where entity = '{entity}'
        """)
        assert rows == numbers == judged, entity


def test_money_reconciles_to_the_cent(shop: DirtyShop) -> None:
    [(clean,)] = shop.rows("select sum(net_amount) from '{clean}/transactions.parquet'")
    [(copies, emptied)] = shop.rows("""
        select
            coalesce(sum(clean.net_amount) filter (kind = 'duplicates'), 0),
            coalesce(sum(clean.net_amount) filter (
                kind = 'nulls' and column_name = 'net_amount'
            ), 0)
        from truth.planted_dirt as planted
        inner join '{clean}/transactions.parquet' as clean
            on planted.row_key = clean.transaction_id
        where planted.entity = 'transactions'
    """)
    [(judged,)] = shop.rows("select sum(net_amount) from cleaning.int_transactions_checked")
    [(counted,)] = shop.rows("select sum(net_amount) from cleaning.int_rows_counted")
    assert Decimal(judged) == Decimal(clean) + copies - emptied
    assert counted == judged


def test_repaired_values_are_the_clean_ones(shop: DirtyShop) -> None:
    """Text, amounts and swapped ids come out as they were before the dirt."""
    for entity, column, kinds in [
        ("transactions", "net_amount", ["currency_strings"]),
        ("transactions", "product_id", ["swapped_columns"]),
        ("transactions", "sales_channel", ["case_and_whitespace"]),
        ("transactions", "order_status", ["case_and_whitespace"]),
        ("events", "event_type", ["case_and_whitespace"]),
        ("users", "city", ["mixed_encodings"]),
        ("users", "gender", ["case_and_whitespace"]),
        ("products", "product_name", ["mixed_encodings"]),
        ("products", "list_price", ["currency_strings"]),
        ("reviews", "review_text", ["mixed_encodings"]),
        ("reviews", "product_id", ["swapped_columns"]),
    ]:
        wrong = shop.rows(f"""
            select clean.{column}, checked.{column}, planted.dirty_value
            from truth.planted_dirt as planted
            inner join cleaning.int_{entity}_checked as checked
                using (source_row)
            inner join (
                select *, file_row_number + 1 as source_row
                from read_parquet('{{clean}}/{entity}.parquet', file_row_number = true)
            ) as clean using (source_row)
            where
                planted.entity = '{entity}'
                and planted.kind in ({str(kinds)[1:-1]})
                and checked.{column} is distinct from clean.{column}
        """)
        assert wrong == [], (entity, column)


def test_promotions_are_counted(shop: DirtyShop) -> None:
    if shop.rows("from lost_ids where id like 'P%'"):
        pytest.skip("promotions of products that lost their row are rejected, too")
    planted = dict(
        shop.rows("""
            select expected_status, count(*) from truth.planted_dirt
            where entity = 'promotions' group by all
        """)
    )
    counted = dict(
        shop.rows("""
            select row_status, sum(row_count) from cleaning.int_rows_counted
            where entity = 'promotions' and row_status <> 'kept' group by all
        """)
    )
    assert counted == planted

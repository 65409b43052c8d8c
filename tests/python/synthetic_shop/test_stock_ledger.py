"""The stock of the synthetic shop is a ledger: all adds up for every product, place and day."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from support.shops import LOCAL_DATE, made_shop, rows

from demo_shop.ledger import Stock
from demo_shop.shop import make_shop


@pytest.fixture(scope="module")
def little_shop(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Another size and seed; it does not begin on a Monday, and some products are launched in it."""
    return made_shop(tmp_path_factory.mktemp("little") / "here", users=700, days=150, seed=3)


@pytest.fixture(params=["shop", "little_shop"])
def kept(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    """Both shops, one after the other."""
    return request.getfixturevalue(request.param)


def test_every_day_adds_up(kept: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        kept,
        """
        select
            count(*) > 400000,
            count_if(
                opening_units + delivered_units + returned_units - sold_units - written_off_units
                != closing_units
            ),
            count_if(sold_units > opening_units + delivered_units + returned_units),
            count_if(wanted_units != sold_units - substitute_units + substituted_units + lost_units),
            count_if(least(
                opening_units, delivered_units, returned_units, wanted_units, sold_units, substitute_units,
                substituted_units, lost_units, written_off_units, closing_units, on_order_units
            ) < 0),
            -- nothing is lost while something is there
            count_if(lost_units + substituted_units > 0 and closing_units + written_off_units > 0)
        from truth.stock_days
        """,
    ) == [(True, 0, 0, 0, 0, 0)]


def test_a_day_opens_as_the_day_before_closed(kept: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        kept,
        """
        select count(*), count(closing_before) > 400000 from (
            select
                opening_units,
                stock_date,
                lag(closing_units) over product_days as closing_before,
                lag(stock_date) over product_days as date_before
            from truth.stock_days
            window product_days as (partition by product_id, location_id order by stock_date)
        )
        group by
            closing_before is not null
            and (closing_before != opening_units or date_before + 1 != stock_date)
        """,
    ) == [(rows(kept, "select count(*) from truth.stock_days")[0][0], True)]


def test_what_is_sold_stands_on_lines(kept: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows(
            kept,
            f"""
            with sold as (
                select product_id, location_id, sum(quantity) as units,
                    {LOCAL_DATE.format("ordered_at")} as stock_date
                from transactions semi join (from products where product_kind = 'goods') using (product_id)
                group by all
            )
            select *
            from (from truth.stock_days where sold_units > 0) as days
            full join sold using (product_id, location_id, stock_date)
            where days.sold_units is distinct from sold.units
            """,
        )
        == []
    )


def test_what_arrives_was_ordered(kept: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows(
            kept,
            """
            with arrived as (
                select product_id, location_id, delivered_on as stock_date, sum(units) as units
                from truth.deliveries group by all
            )
            select *
            from (from truth.stock_days where delivered_units > 0) as days
            full join (
                from arrived where stock_date <= (select max(stock_date) from truth.stock_days)
            ) as arrived using (product_id, location_id, stock_date)
            where days.delivered_units is distinct from arrived.units
            """,
        )
        == []
    )
    # on order at the opening: placed before that day, not there yet
    assert (
        rows(
            kept,
            """
            select days.product_id
            from truth.stock_days as days
            left join truth.deliveries as orders
                on
                    days.product_id = orders.product_id
                    and days.location_id = orders.location_id
                    and days.stock_date > orders.ordered_on
                    and days.stock_date <= orders.delivered_on
            where
                days.stock_date > (select min(stock_date) + 35 from truth.stock_days)
                and days.stock_date > (
                    select min(began.stock_date) from truth.stock_days as began
                    where began.product_id = days.product_id
                )
                and hash(days.product_id) % 20 = 0
            group by days.product_id, days.location_id, days.stock_date, days.on_order_units
            having days.on_order_units != coalesce(sum(orders.units), 0)
            """,
        )
        == []
    )


def test_deliveries_are_late_or_early_by_some_days(kept: duckdb.DuckDBPyConnection) -> None:
    # as seeds/supply_rules.csv says: a standard deviation of two days, packs of 6 or 12
    ((mean, spread, odd),) = rows(
        kept,
        """
        select
            avg(delivered_on - ordered_on - lead_time_days),
            stddev_pop(delivered_on - ordered_on - lead_time_days),
            count_if(units % 6 != 0)
        from truth.deliveries
        """,
    )
    assert abs(mean) < 0.1
    assert 1.7 < spread < 2.2
    assert odd == 0


def test_counts_are_of_what_stands_there_but_for_some_errors(kept: duckdb.DuckDBPyConnection) -> None:
    ((count, opened, right, on_order),) = rows(
        kept,
        f"""
        select
            count(*), count(days.product_id), avg((days.opening_units = counts.on_hand)::int),
            count_if(days.on_order_units != counts.on_order)
        from stock_levels as counts
        left join truth.stock_days as days
            on
                counts.product_id = days.product_id
                and counts.location_id = days.location_id
                and {LOCAL_DATE.format("counts.counted_at")} = days.stock_date
        """,
    )
    assert (count, on_order) == (opened, 0)
    assert 0.93 < right < 0.98


def test_some_are_disappointed_and_some_take_another(shop: duckdb.DuckDBPyConnection) -> None:
    ((lost, substituted, written_off, returned),) = rows(
        shop,
        """
        select
            sum(lost_units) / sum(wanted_units), sum(substituted_units) / sum(wanted_units),
            sum(written_off_units) / sum(delivered_units), sum(returned_units) / sum(sold_units)
        from truth.stock_days
        """,
    )
    assert 0.005 < lost < 0.1
    assert 0.005 < substituted < 0.1
    assert 0 < written_off < 0.2
    assert 0.03 < returned < 0.15


def test_no_order_is_left_without_a_line(kept: duckdb.DuckDBPyConnection) -> None:
    assert rows(kept, "select count(distinct order_id) from transactions where transaction_id like '%-1'") == rows(
        kept, "select count(distinct order_id) from transactions"
    )


def test_what_comes_back_was_returned_or_cancelled(kept: duckdb.DuckDBPyConnection) -> None:
    # on the shelf a day later, and a cancelled line at most three days after the order
    assert (
        rows(
            kept,
            f"""
            with back as (
                select
                    product_id,
                    location_id,
                    sum(quantity) as units,
                    sum(quantity) filter (
                        {LOCAL_DATE.format("updated_at")} + 4 <= (select last_date from truth.parameters)
                    ) as long_units
                from transactions where order_status in ('returned', 'cancelled') group by all
            ),
            shelved as (
                select product_id, location_id, sum(returned_units) as units
                from truth.stock_days group by all having sum(returned_units) > 0
            )
            select * from shelved left join back using (product_id, location_id)
            where not coalesce(shelved.units between coalesce(back.long_units, 0) and back.units, false)
            """,
        )
        == []
    )


@pytest.mark.parametrize(("is_first", "expected"), [(True, (2, 1)), (False, (0, 0))])
def test_only_a_first_line_leaves_its_category(*, is_first: bool, expected: tuple[int, int]) -> None:
    # two categories of two products; the first category is out
    cells = {"weekly_units": np.zeros(4), "opening_share": np.ones(4), "cell_number": np.arange(4)}
    cells |= {"lead_time_days": np.full(4, 7), "start_day": np.zeros(4, int), "pack_size": np.full(4, 6)}
    stock = Stock(cells | {"minimum_order": np.zeros(4, int), "shelf_life_days": np.zeros(4, int)}, 9, 1, 2)
    stock.on_hand = np.array([0, 0, 1, 5])
    line = {"line_key": [17], "cell": [0], "units": [1], "back_day": [3], "second": [9], "takes_substitute": [True]}
    lines = {name: np.array(value) for name, value in (line | {"is_first": [is_first]}).items()}
    stock.expect_back(lines)
    stock.live(0, lines, {"breakage": np.ones(4), "arrival_days": np.full(4, 7)}, orders=False)
    (short,) = stock.kept["short_lines"]
    assert (short["sold_number"][0], short["sold_units"][0]) == expected
    assert stock.back[3].sum() == expected[1]
    assert stock.on_hand.sum() == 6 - expected[1]


def test_more_days_leave_the_days_before_as_they_were(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for name in ("campaigns", "contacts"):
            connection.execute(f"copy (select 'X' as campaign_id where false) to '{tmp_path / name}.parquet'")
    found = []
    for days in (60, 100):
        make_shop(
            tmp_path / "here",
            tmp_path / f"{days}.duckdb",
            tmp_path,
            **{"users": 500, "days": days, "horizon_days": 100, "history_days": 40, "seed": 5},
        )
        with duckdb.connect(str(tmp_path / f"{days}.duckdb")) as made:
            found += rows(
                made,
                """
                select count(*), sum(hash(days)::hugeint) from truth.stock_days as days
                where stock_date < (select first_date + 60 from truth.parameters)
                """,
            )
    assert found[0] == found[1]
    assert found[0][0] > 100000

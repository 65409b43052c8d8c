"""What `make build` leaves agrees with the raw files, scikit-learn and the demands."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.experiments.programme import look_at
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)
from support.builds import BUILT_WAREHOUSE, attach_vault, package_folder

BINARY_TASKS = ["lapse_28d", "buy_7d", "spend_up_28d", "category_28d", "department_28d", "redeem", "respond_14d"]
ORACLES = {
    "auc": roc_auc_score,
    "average_precision": average_precision_score,
    "brier": brier_score_loss,
    "log_loss": log_loss,
}
AMOUNT_ORACLES = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "r_squared": r2_score,
}
# a baseline orders rows and gives no probability
BASELINE_METRICS = {"auc", "average_precision"}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """The built database as `built`, beside views of the package's Parquet files."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(f"No database at {BUILT_WAREHOUSE}: run make build first.", pytrace=False)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{BUILT_WAREHOUSE}' as built (read_only)")
        attach_vault(connection, BUILT_WAREHOUSE, key=None)
        for file in sorted(package_folder().glob("*.parquet")):
            connection.read_parquet(str(file)).create_view(f"raw_{file.stem}")
        yield connection


def first_value(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    """Return the one value that a query comes to."""
    return connection.execute(query).fetchone()[0]


@pytest.mark.parametrize(
    ("mart", "expected_rows"),
    [
        pytest.param("transactions", "select 1 from raw_transactions", id="transactions"),
        pytest.param("orders", "select distinct basket_id from raw_transactions", id="orders"),
        pytest.param(
            "users",
            """
                select household_id from raw_demographics
                union
                select household_id from raw_transactions
                union
                select household_id from raw_campaigns
                union
                select household_id from raw_coupon_redemptions
            """,
            id="users, those without demographics included",
        ),
        pytest.param(
            "products",
            """
                select product_id from raw_products
                union
                select product_id from raw_transactions
            """,
            id="products, those known only by sales included",
        ),
        pytest.param("campaign_calendar", "select 1 from raw_campaign_descriptions", id="campaign_calendar"),
        pytest.param("campaign_contacts", "select 1 from raw_campaigns", id="campaign_contacts"),
        pytest.param(
            "coupon_products",
            """
                select distinct * from raw_coupons
                where
                    product_id in (select product_id from raw_products)
                    or product_id in (select product_id from raw_transactions)
            """,
            id="coupon_products, duplicates and unknown products left out",
        ),
        pytest.param("coupon_redemptions", "select 1 from raw_coupon_redemptions", id="coupon_redemptions"),
    ],
)
def test_a_mart_has_the_rows_of_the_raw_files(
    connection: duckdb.DuckDBPyConnection, mart: str, expected_rows: str
) -> None:
    expected = first_value(connection, f"select count(*) from ({expected_rows})")
    assert expected > 0
    assert first_value(connection, f"select count(*) from built.core.{mart}") == expected


@pytest.mark.parametrize("mart", ["transactions", "orders"])
def test_not_a_cent_is_lost(connection: duckdb.DuckDBPyConnection, mart: str) -> None:
    total = first_value(connection, f"select sum(net_amount) from built.core.{mart}")
    assert isinstance(total, Decimal)
    assert total == first_value(connection, "select sum(cast(sales_value as decimal(18, 2))) from raw_transactions")


def test_price_less_discount_is_net_amount(connection: duckdb.DuckDBPyConnection) -> None:
    # other shops may take coupons off as well, and only get a warning; here makers pay
    wrong = first_value(
        connection,
        """
            select count(*) from built.core.transactions
            where
                quantity > 0
                and not coalesce(
                    abs(unit_price * quantity - discount_amount - net_amount)
                    <= 0.005 + 0.00005 * quantity,
                    false
                )
        """,
    )
    assert wrong == 0


def test_the_local_week_is_the_week_of_the_source(connection: duckdb.DuckDBPyConnection) -> None:
    # the source's weeks run Monday to Sunday; its first is the Sunday 2017-01-01 alone
    agreeing, differing = connection.execute("""
        with
        weeks as (
            select
                raw_transactions.week,
                2 + floor((transactions.order_date - date '2017-01-02') / 7)
                    as local_week
            from built.core.transactions
            inner join raw_transactions
                on transactions.transaction_id
                = concat(raw_transactions.basket_id, '-', raw_transactions.product_id)
        )

        select
            count_if(week = local_week),
            count_if(week is distinct from local_week)
        from weeks
    """).fetchone()
    assert (agreeing, differing) == (1_469_307, 0)


@pytest.mark.parametrize(
    ("task", "row_count", "positive_count"),
    # as counted in the trials that the demands of 2026-11 rest on
    [
        ("lapse_28d", 6945, 1002),
        ("buy_7d", 6945, 4019),
        ("spend_up_28d", 6945, 3395),
        ("category_28d", 277_800, 75_985),
        ("redeem", 3556, 510),
        ("respond_14d", 3556, 2347),
    ],
)
def test_the_test_population_is_the_published_one(
    connection: duckdb.DuckDBPyConnection, task: str, row_count: int, positive_count: int
) -> None:
    populations = connection.execute(
        """
        select distinct
            count(*),
            sum(outcome)
        from built.evaluation.estimator_predictions
        where task = $1 and split_name = 'test'
        group by estimator_name
        """,
        [task],
    ).fetchall()
    assert populations == [(row_count, positive_count)]


@pytest.mark.parametrize(("task", "row_set"), [(task, "all") for task in BINARY_TASKS] + [("redeem", "final")])
def test_metrics_in_sql_are_those_of_scikit_learn(
    connection: duckdb.DuckDBPyConnection, task: str, row_set: str
) -> None:
    predictions = connection.execute(
        """
        select * from built.evaluation.estimator_predictions
        where task = $1 and split_name = 'test' and (is_outcome_final or $2 = 'all')
        """,
        [task, row_set],
    ).df()
    expected = {
        (name, metric): oracle(rows["outcome"], rows["prediction"])
        for (name, is_baseline), rows in predictions.groupby(["estimator_name", "is_baseline"])
        for metric, oracle in ORACLES.items()
        if not is_baseline or metric in BASELINE_METRICS
    }
    results = connection.execute(
        """
        select * from built.evaluation.estimator_results
        where
            task = $1 and row_set = $2
            and split_name = 'test' and period = 'pooled' and metric in $3
        """,
        [task, row_set, list(ORACLES)],
    ).df()
    found = dict(
        zip(zip(results["estimator_name"], results["metric"], strict=True), results["metric_value"], strict=True)
    )
    assert len(expected) > len(ORACLES)
    assert found == pytest.approx(expected, rel=0, abs=1e-9)


def test_metrics_of_amounts_in_sql_are_those_of_scikit_learn(connection: duckdb.DuckDBPyConnection) -> None:
    predictions = connection.execute(
        """
        select * from built.evaluation.estimator_predictions
        where task = 'spend_28d' and split_name = 'test'
        """
    ).df()
    expected = {
        (name, metric): oracle(rows["outcome"], rows["prediction"])
        for name, rows in predictions.groupby("estimator_name")
        for metric, oracle in AMOUNT_ORACLES.items()
    }
    results = connection.execute(
        """
        select estimator_name, metric, metric_value
        from built.evaluation.estimator_results
        where
            task = 'spend_28d' and split_name = 'test' and period = 'pooled'
            and metric in $1
        """,
        [list(AMOUNT_ORACLES)],
    ).fetchall()
    found = {(name, metric): value for name, metric, value in results}
    assert len(expected) > len(AMOUNT_ORACLES)
    assert found == pytest.approx(expected, rel=1e-9)


def champion_results(connection: duckdb.DuckDBPyConnection, task: str, column: str) -> dict[str, float]:
    """Return, per metric, one column of the champion's results on the test."""
    rows = connection.execute(
        f"""
        select metric, {column} from built.evaluation.estimator_results
        where
            task = $1 and is_champion
            and split_name = 'test' and row_set = 'all' and period = 'pooled'
        """,
        [task],
    ).fetchall()
    assert len(dict(rows)) == len(rows), "more than one estimator is live"
    return dict(rows)


@pytest.mark.parametrize(
    ("task", "metric", "least"),
    [
        # demanded by the issue of 2026-11, because trials with scikit-learn alone had
        # reached .861, .839 and .547 on the same rows
        ("lapse_28d", "auc", 0.858),
        ("redeem", "auc", 0.835),
        ("redeem", "average_precision", 0.53),
        # demanded by the issue on estimators, 2026-11: what trials with scikit-learn
        # alone had reached, less the width of a tie (.003 AUC, .006 average precision)
        ("lapse_28d", "auc", 0.8584),
        ("buy_7d", "auc", 0.8138),
        ("buy_7d", "average_precision", 0.858),
        ("spend_up_28d", "auc", 0.5995),
        ("spend_up_28d", "average_precision", 0.580),
        ("category_28d", "auc", 0.8278),
        ("category_28d", "average_precision", 0.683),
        ("department_28d", "auc", 0.8769),
        ("redeem", "average_precision", 0.541),
        ("respond_14d", "auc", 0.8759),
        ("respond_14d", "average_precision", 0.927),
    ],
)
def test_the_live_estimator_is_as_good_as_demanded(
    connection: duckdb.DuckDBPyConnection, task: str, metric: str, least: float
) -> None:
    assert champion_results(connection, task, "metric_value")[metric] >= least


@pytest.mark.parametrize(
    ("task", "most"),
    # demanded by the same issue; buy_7d and department_28d miss .015, see DECISIONS 7
    [("lapse_28d", 0.015), ("category_28d", 0.015), ("redeem", 0.03)],
)
def test_the_live_estimator_is_as_well_calibrated_as_demanded(
    connection: duckdb.DuckDBPyConnection, task: str, most: float
) -> None:
    assert champion_results(connection, task, "metric_value")["calibration_error"] <= most


@pytest.mark.parametrize("task", BINARY_TASKS)
def test_the_live_estimator_beats_the_best_baseline(connection: duckdb.DuckDBPyConnection, task: str) -> None:
    assert champion_results(connection, task, "gain_low")["auc"] > 0


def test_the_audience_is_real_users_of_approved_campaigns(connection: duckdb.DuckDBPyConnection) -> None:
    rows, strangers, other = connection.execute("""
        select
            count(*),
            count_if(campaign_audience.user_id not in (
                select people.user_id from vault.people
                semi join raw_transactions
                    on people.source_user_id
                    = cast(raw_transactions.household_id as varchar)
            )),
            count_if(campaign_audience.campaign_id not in (
                select campaign_id from built.seeds.campaign_plan
                where shop = 'complete_journey' and plan_status = 'approved'
            ))
        from built.campaigns.campaign_audience
    """).fetchone()
    assert rows > 0
    assert (strangers, other) == (0, 0)


def test_the_choice_earns_more_than_plain_policies_at_the_same_budget(connection: duckdb.DuckDBPyConnection) -> None:
    margins = dict(
        connection.execute("""
            select policy, sum(expected_margin) from built.campaigns.campaign_policies
            where allocation_name = 'week' group by policy
        """).fetchall()
    )
    optimal = margins.pop("optimal")
    assert len(margins) == 4
    assert optimal >= max(margins.values())


@pytest.mark.parametrize("weeks", [8, 13, 26])
def test_six_blocks_narrow_the_programme_more_than_the_last_four_weeks_alone(
    connection: duckdb.DuckDBPyConnection, weeks: int
) -> None:
    found = connection.execute(
        """
        select
            people.* exclude (phase, week_count, is_treated, entered_week),
            cast(coalesce(sum(done.revenue_amount), 0) as double) as revenue_amount
        from built.campaigns.dec_programme_users as people
        left join built.campaigns.dec_programme_weeks as done
            on people.phase = done.phase and people.user_id = done.user_id and done.week_number <= $1
        where people.phase = 'placebo' and people.entered_week <= $1
        group by all
        """,
        [weeks],
    )
    users = found.df().drop(columns="user_id")
    # arms of one size and equal money, so that not the few of the control group decide
    users = users.sort_values(list(users.columns))
    is_treated = np.arange(len(users)) % 2 == 0
    covariates = users.drop(columns="revenue_amount")
    assert covariates.columns.str.startswith("before_").all()

    def width(before: pd.DataFrame) -> float:
        arms = (is_treated, before.to_numpy(float), users[["revenue_amount"]].to_numpy())
        return float(np.sqrt(look_at(lambda: iter([arms])).variance[0]))

    assert width(covariates) <= 0.88 * width(covariates[["before_revenue_1"]])

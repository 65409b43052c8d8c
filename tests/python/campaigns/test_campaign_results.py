"""Results of real and synthetic campaigns, against what else is known of them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.builds import PROJECT_FOLDER, attach_vault

DEMO_WAREHOUSE = PROJECT_FOLDER / "warehouse" / "demo_shop.duckdb"
EFFECTS = [
    "method",
    "claim",
    "treated_value",
    "control_value",
    "lift",
    "lift_low",
    "lift_high",
    "incremental_total",
    "return_on_cost",
    "is_trustworthy",
]
# Rates, by the column of truth.offer_effects that says what the offer did.
TRUE_EFFECTS = {"buying_rate": "buying_effect", "redemption_rate": "redemption_effect"}


@pytest.fixture(scope="module")
def demo_shop() -> Iterator[duckdb.DuckDBPyConnection]:
    """The database of the synthetic shop."""
    if not DEMO_WAREHOUSE.exists():
        pytest.skip(f"TRUTH NOT COMPARED: no {DEMO_WAREHOUSE}; run make demo.")
    with duckdb.connect(str(DEMO_WAREHOUSE), read_only=True) as connection:
        attach_vault(connection, DEMO_WAREHOUSE, key=None)
        yield connection


def test_real_campaigns_are_observational_and_claim_nothing(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.sql("select * from campaigns.campaign_results").df()

    assert rows["campaign_id"].nunique() == 27
    assert set(rows["measurement"]) == {"observational"}
    assert rows[EFFECTS].isna().all(axis=None)


def test_every_contact_is_counted_once(built: duckdb.DuckDBPyConnection) -> None:
    found, expected = (
        built.sql(query).fetchall()
        for query in (
            """
            select campaign_id, treated_count, control_count, redeemed_count
            from campaigns.campaign_results
            where slice_kind = 'all' and metric = 'redemption_rate' order by 1
            """,
            """
            select
                contacts.campaign_id,
                count(*),
                0,
                count_if(exists (
                    select 1 from core.coupon_redemptions as redemptions
                    where redemptions.campaign_id = contacts.campaign_id
                    and redemptions.user_id = contacts.user_id
                ))
            from core.campaign_contacts as contacts
            group by contacts.campaign_id order by 1
            """,
        )
    )
    assert len(found) == 27
    # whoever redeemed in Complete Journey did so while the campaign lasted
    told = [(*row, redeemed if min(redeemed, row[1] - redeemed) >= 2 else None) for *row, redeemed in expected]
    assert found == told
    assert 0 < sum(row[-1] is None for row in told) < 9


def test_segments_and_offers_add_up_to_the_campaign(demo_shop: duckdb.DuckDBPyConnection) -> None:
    sums = ["treated_count", "control_count", "revenue_amount", "cost_amount"]
    rows = demo_shop.sql("select * from campaigns.campaign_results").df()

    totals = rows.groupby(["metric", "slice_kind", "campaign_id"])[sums].sum()
    for metric in rows["metric"].unique():
        whole = totals.loc[metric, "all"]
        # every contact of this shop carries an offer
        pd.testing.assert_frame_equal(totals.loc[metric, "offer"], whole)
        # users without an order before have no segment
        segments = totals.loc[metric, "segment"]
        assert (segments["treated_count"] <= whole["treated_count"]).all()


def test_a_lot_that_is_over_has_intervals_and_no_other_campaign_has(demo_shop: duckdb.DuckDBPyConnection) -> None:
    rows = demo_shop.sql("""
        select results.*, calendar.is_randomised
        from campaigns.campaign_results as results
        inner join core.campaign_calendar as calendar
            on results.campaign_id = calendar.campaign_id
        where results.slice_kind = 'all'
    """).df()

    measured = rows["is_randomised"] & rows["is_over"]
    assert measured.any()
    assert set(rows.loc[measured, "measurement"]) == {"randomised"}
    assert rows.loc[measured, ["lift", "lift_low", "lift_high"]].notna().all(axis=None)
    assert rows.loc[~measured, EFFECTS].isna().all(axis=None)
    assert set(rows.loc[~rows["is_randomised"], "measurement"]) == {"observational"}
    still_open = rows["is_randomised"] & ~rows["is_over"]
    assert set(rows.loc[still_open, "measurement"]) == {"not over"}


def test_intervals_hold_the_true_effects_of_most_campaigns(demo_shop: duckdb.DuckDBPyConnection) -> None:
    rows = demo_shop.sql("""
        select
            results.campaign_id,
            results.metric,
            results.lift_low,
            results.lift_high,
            avg(effects.buying_effect) as buying_effect,
            avg(effects.redemption_effect) as redemption_effect
        from campaigns.campaign_results as results
        inner join core.campaign_contacts as contacts
            on results.campaign_id = contacts.campaign_id
        inner join vault.people on contacts.user_id = people.user_id
        inner join truth.offer_effects as effects
            on
                contacts.campaign_id = effects.campaign_id
                and people.source_user_id = effects.user_id
        where
            results.slice_kind = 'all' and results.lift is not null
            and contacts.arm = 'treatment'
        group by all
    """).df()

    for metric, effect in TRUE_EFFECTS.items():
        own = rows[rows["metric"] == metric]
        held = own[effect].between(own["lift_low"], own["lift_high"])
        assert len(own) >= 5
        assert held.mean() >= 0.75
    # no wider than need be: redemptions, which a control has none of, are seen in each
    redeeming = rows[rows["metric"] == "redemption_rate"]
    assert (redeeming["lift_low"] > 0).all()


def test_rates_are_those_of_the_raw_outcomes(demo_shop: duckdb.DuckDBPyConnection) -> None:
    found = demo_shop.sql("""
        select campaign_id, treated_value, control_value, incremental_total
        from campaigns.campaign_results
        where slice_kind = 'all' and metric = 'buying_rate' and lift is not null
        order by campaign_id
    """).df()
    # by the raw orders, without any model in between but the cleaned ones
    bought = demo_shop.sql("""
        select contacts.campaign_id, contacts.arm, avg(cast(exists (
            select 1 from core.orders
            where orders.user_id = contacts.user_id and not orders.is_cancelled
            and orders.order_date between calendar.starts_on and calendar.ends_on
        ) as int)) as rate, count(*) as users
        from core.campaign_contacts as contacts
        inner join core.campaign_calendar as calendar
            on contacts.campaign_id = calendar.campaign_id
        group by contacts.campaign_id, contacts.arm
    """).df()

    arms = bought.pivot(index="campaign_id", columns="arm").loc[found["campaign_id"]]
    rates = arms["rate"]
    np.testing.assert_allclose(found["treated_value"], rates["treatment"])
    np.testing.assert_allclose(found["control_value"], rates["control"])
    np.testing.assert_allclose(
        found["incremental_total"], (rates["treatment"] - rates["control"]) * arms["users"]["treatment"], atol=1e-9
    )


@pytest.mark.parametrize("shop", ["built", "demo_shop"])
def test_checks_count_whom_decisions_draw(shop: str, request: pytest.FixtureRequest) -> None:
    connection = request.getfixturevalue(shop)
    checks = connection.sql("select * from campaigns.campaign_checks order by campaign_id").df()
    expected = connection.sql("""
        select
            campaign_id,
            count_if(decision = 'contact') as treated_count,
            count_if(decision = 'control') as control_count
        from campaigns.campaign_decisions group by campaign_id order by campaign_id
    """).df()

    assert len(checks) > 0
    # an arm of fewer than ten users hides the figures of both
    few = expected[["treated_count", "control_count"]].isin(range(1, 10)).any(axis="columns")
    assert checks["has_few_users"].tolist() == few.tolist()
    assert checks[few]["treated_count"].isna().all()
    checks, expected = checks[~few], expected[~few]
    pd.testing.assert_frame_equal(
        checks[list(expected.columns)].set_index("campaign_id"), expected.set_index("campaign_id"), check_dtype=False
    )
    for check in checks.itertuples():
        drawn = check.treated_count + check.control_count
        if drawn:
            p_value = stats.binomtest(check.treated_count, drawn, check.treated_share).pvalue
            assert check.sample_ratio_p_value == pytest.approx(p_value)

"""The truth behind a synthetic shop: what its tables show on average."""

from __future__ import annotations

import duckdb
import pytest
from support.shops import LOCAL_DATE, rows


def test_price_cuts_sell_as_the_elasticities_say(shop: duckdb.DuckDBPyConnection) -> None:
    # units wanted of a product in weeks of a deal against its other weeks, at the same
    # place; the elasticity of the mean user is a little above that of one of sensitivity 1
    observed, true = rows(
        shop,
        """
        with weeks as (
            select
                days.product_id,
                days.location_id,
                date_trunc('week', days.stock_date) as week_start_date,
                sum(days.wanted_units) as units
            from truth.stock_days as days
            group by all
            having count(*) = 7
        ),
        priced as (
            select weeks.*, deals.price_cut / products.list_price as depth
            from weeks
            inner join products using (product_id)
            left join promotions as deals using (product_id, location_id, week_start_date)
        ),
        usual as (
            select product_id, location_id, avg(units) as units
            from priced where depth is null group by all
        )
        select
            sum(priced.units) / sum(usual.units),
            sum(usual.units * pow(1 - depth, elasticities.elasticity))
            / sum(usual.units)
        from priced
        inner join usual using (product_id, location_id)
        inner join products using (product_id)
        inner join truth.elasticities as elasticities using (category)
        where depth is not null
        """,
    )[0]
    assert float(observed) > 1.2
    assert float(observed) == pytest.approx(true, rel=0.25)


def test_the_true_chance_to_lapse_is_calibrated(shop: duckdb.DuckDBPyConnection) -> None:
    groups = rows(
        shop,
        f"""
        with order_days as (
            select distinct user_id, {LOCAL_DATE.format("ordered_at")} as order_date
            from transactions where user_id is not null
        ),
        outcomes as (
            select
                chances.user_id,
                chances.as_of_date,
                chances.lapse_probability,
                count(order_days.user_id) = 0 as is_lapsed
            from truth.lapse_probabilities as chances
            left join order_days
                on
                    chances.user_id = order_days.user_id
                    and order_days.order_date >= chances.as_of_date
                    and order_days.order_date < chances.as_of_date + 28
            where chances.as_of_date + 28 <= '2026-07-01'
            group by all
        )
        select floor(lapse_probability * 5), avg(lapse_probability),
            avg(is_lapsed::int), count(*)
        from outcomes group by 1 order by 1
        """,
    )
    assert len(groups) == 5
    for _, predicted, realised, count in groups:
        assert count > 1000
        assert realised == pytest.approx(predicted, abs=0.03)


def test_randomised_campaigns_do_what_the_truth_says(shop: duckdb.DuckDBPyConnection) -> None:
    ((measured, error, true, spread, redeemed, redemption),) = rows(
        shop,
        f"""
        with contacts as (
            select
                contacts.arm,
                effects.buying_effect,
                effects.redemption_effect,
                exists (
                    select 1 from transactions
                    where
                        transactions.user_id = contacts.user_id
                        and {LOCAL_DATE.format("ordered_at")}
                        between campaigns.starts_on and campaigns.ends_on
                )::int as has_bought,
                exists (
                    select 1 from coupon_redemptions
                    where
                        coupon_redemptions.user_id = contacts.user_id
                        and coupon_redemptions.campaign_id = contacts.campaign_id
                )::int as has_redeemed
            from campaign_contacts as contacts
            inner join campaigns using (campaign_id)
            inner join truth.offer_effects as effects using (campaign_id, user_id)
            where campaigns.is_randomised and campaigns.ends_on <= '2026-06-30'
        )
        select
            avg(has_bought) filter (where arm = 'treatment')
            - avg(has_bought) filter (where arm = 'control'),
            sqrt(
                var_samp(has_bought) filter (where arm = 'treatment')
                / count(*) filter (where arm = 'treatment')
                + var_samp(has_bought) filter (where arm = 'control')
                / count(*) filter (where arm = 'control')
            ),
            avg(buying_effect),
            max(buying_effect) - min(buying_effect),
            avg(has_redeemed) filter (where arm = 'treatment'),
            avg(redemption_effect) filter (where arm = 'treatment')
        from contacts
        """,
    )
    assert abs(measured - true) < 3 * error
    assert measured > 2 * error
    assert spread > 0.3
    assert redeemed == pytest.approx(redemption, abs=0.02)
    assert 0.05 < redeemed < 0.2


def test_some_offers_put_people_off_and_control_groups_redeem_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    ((zeroes, negatives),) = rows(
        shop,
        """
        select avg((buying_effect = 0)::int), avg((buying_effect < 0)::int)
        from truth.offer_effects
        """,
    )
    assert zeroes > 0.05
    assert negatives > 0.05
    assert (
        rows(
            shop,
            """
            select redemption_id from coupon_redemptions
            left join campaign_contacts using (campaign_id, user_id)
            where arm is distinct from 'treatment'
            """,
        )
        == []
    )


def test_two_campaigns_are_open_at_the_end(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select count(*) from campaigns
        where starts_on < '2026-06-30' and ends_on > '2026-06-30'
        """,
    ) == [(2,)]


def test_fraud_is_listed_and_looks_like_fraud(shop: duckdb.DuckDBPyConnection) -> None:
    kinds = {
        kind: (count, found, units)
        for kind, count, found, units in rows(
            shop,
            """
            select fraud_kind, count(distinct fraud.order_id),
                count(distinct transactions.order_id), avg(quantity)
            from truth.fraudulent_orders as fraud
            left join transactions using (order_id)
            group by fraud_kind
            """,
        )
    }
    assert kinds.keys() == {"burst", "coupon_abuse"}
    for count, found, _ in kinds.values():
        assert count == found > 20
    assert kinds["burst"][2] > 3


def test_the_truth_knows_its_parameters(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select users, days, seed, last_date::text,
            transactions_rows = (select count(*) from transactions)
        from truth.parameters
        """,
    ) == [(6000, 400, 7, "2026-06-30", True)]

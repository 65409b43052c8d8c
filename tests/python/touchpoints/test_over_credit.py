"""What attribution credits beside what control groups measured, in synthetic worlds whose truth is known."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from touchpoints.plain_models import make_tables, rendered

from operations.places import PROJECT

SETTINGS = PROJECT["vars"]
WORLDS = 100
ARMS = {"treatment": 400, "control": 200}


def drawn_worlds(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw a hundred worlds of two campaigns each.

    Users buy with a chance and an amount of their own; a contact adds orders. What a treated user buys is credited to
    the channel with a chance, whether the contact caused it or not, and some of the control users' to others of it.

    Returns
    -------
    tuple
        The users of all worlds, and per world the true factor.
    """
    draw = np.random.default_rng(seed)
    buying, effect, claimed, claimed_anyway, size = (
        draw.uniform(low, high, WORLDS) for low, high in ((0.1, 0.4), (0.15, 0.4), (0.5, 1), (0, 0.3), (20, 80))
    )
    frames = []
    for campaign in (1, 2):
        for arm, count in ARMS.items():
            is_treated = arm == "treatment"
            shape = (WORLDS, count)
            orders = (draw.random(shape) < buying[:, None]).astype(float)
            orders += is_treated * (draw.random(shape) < effect[:, None])
            amounts = orders * draw.lognormal(0, 0.7, shape) * size[:, None]
            credit = amounts * (draw.random(shape) < (claimed if is_treated else claimed_anyway)[:, None])
            frames.append(
                pd.DataFrame(
                    {
                        "world": np.repeat(np.arange(WORLDS), count),
                        "campaign": campaign,
                        "arm": arm,
                        "amount": amounts.ravel(),
                        "credit": credit.ravel(),
                    }
                )
            )
    # the mean amount of an order is the same above and below
    truth = (claimed * (buying + effect) - claimed_anyway * buying) / effect
    return pd.concat(frames), truth


def test_intervals_of_the_over_credit_factor_cover_the_truth() -> None:
    users, truth = drawn_worlds(1)
    query = rendered(
        "with {{ arms_contrasted('users', ['world'], 'campaign', 30) }} "
        "ends as (select * from arms_contrasted) select * from ends order by world",
        SETTINGS,
    )
    found = duckdb.sql(query).df()
    assert len(users) == WORLDS * 2 * sum(ARMS.values())
    is_covered = found["factor_low"].le(truth) & found["factor_high"].ge(truth)
    # nine in ten, and a world that states no factor covers nothing
    assert 85 <= is_covered.sum() <= 97
    assert found["factor_low"].notna().mean() > 0.95


def test_the_interval_is_fiellers() -> None:
    """The ends are where the difference of credit and factor times caused is just not told from nothing."""
    users, _ = drawn_worlds(2)
    users = users[(users["world"] == 0) & (users["campaign"] == 1)]
    query = rendered(
        "with {{ arms_contrasted('users', ['world'], 'campaign', 30) }} "
        "ends as (select * from arms_contrasted) select * from ends",
        SETTINGS,
    )
    row = duckdb.sql(query).df().iloc[0]
    for end in (row["factor_low"], row["factor_high"]):
        arms = [
            (group["credit"] - end * group["amount"]).agg(["mean", "var", "count"]) for _, group in users.groupby("arm")
        ]
        error = np.sqrt(sum(arm["var"] / arm["count"] for arm in arms))
        assert abs(arms[0]["mean"] - arms[1]["mean"]) / error == pytest.approx(1.6449, abs=1e-3)


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    """Return a shop: e-mail causes half of what its treated users buy, sms nothing, push has too few users."""
    connection = duckdb.connect()
    connection.execute("""
        create table arms as
            select channel, i as number, channel || i as user_id, if(i < size // 2, 'treatment', 'control') as arm,
                if(i % 2 = 0 or channel = 'email' and i < size // 2, 100, 0)::decimal(18, 2) as amount
            from (values ('email', 400), ('sms', 400), ('push', 50)) as channels(channel, size), range(400) as rows(i)
            where i < size;
        create table dec_arm_outcomes as
            select channel as campaign_id, user_id, arm, channel, amount, 'randomised' as measurement,
                date '2026-01-01' as starts_on, date '2026-01-14' as ends_on
            from arms;
        create table user_touchpoints as
            select user_id, 'contact' as touch_kind, channel from arms where arm = 'treatment';
        -- more channels than are told apart: push is one of the others
        create table tch_steps as select unnest(['email', 'sms', 'other']) as channel;
        create table channels as select 'your_shop' as shop, 'email' as channel, 0.05 as cost_per_contact;
        create table attribution as
            select user_id, if(arm = 'treatment', if(channel = 'push', 'other', channel), 'none') as channel,
                amount as first_touch_amount,
                amount as last_touch_amount, amount as linear_amount, amount as time_decay_amount,
                amount as position_amount, amount as markov_amount, amount as shapley_amount,
                date '2026-01-07' as order_date
            from arms where amount > 0
            union all
            -- after the campaign
            select user_id, if(channel = 'push', 'other', channel), 900, 900, 900, 900, 900, 900, 900, date '2026-02-01'
            from arms where number < 20
    """)
    make_tables(connection, "touchpoints", ["attribution_vs_control", "channel_budget"], SETTINGS)
    return connection


def test_credit_is_set_against_what_the_arms_differ_by(shop: duckdb.DuckDBPyConnection) -> None:
    query = "from attribution_vs_control where method = 'linear' order by channel"
    email, sms = shop.sql(query).df().to_dict("records")
    assert (email["credited_amount"], email["caused_amount"]) == (20_000, 10_000)
    assert email["over_credit_factor"] == 2
    assert email["factor_low"] < 2 < email["factor_high"]
    assert email["claim"] == "over-credited"
    # what caused nothing has no factor, and push has too few users for a row
    assert (sms["credited_amount"], sms["caused_amount"], sms["claim"]) == (10_000, 0, "not shown")
    assert np.isnan(sms["over_credit_factor"])


def test_the_budget_divides_credit_by_what_was_measured(shop: duckdb.DuckDBPyConnection) -> None:
    rows = shop.sql("from channel_budget where method = 'markov' order by channel").df().set_index("channel")
    email = rows.loc["email"]
    assert (email["contact_count"], email["cost_amount"]) == (200, 10)
    # 200 orders and 20 later ones of 900
    assert email["credited_amount"] == 20_000 + 18_000
    assert email["expected_caused_amount"] == 19_000
    assert email["credited_per_cost"] == 3_800
    assert rows.loc["sms", ["cost_amount", "expected_caused_amount"]].isna().all()
    assert "none" in rows.index
    assert rows.loc["other", "contact_count"] == 25

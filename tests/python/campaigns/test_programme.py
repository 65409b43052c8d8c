"""The programme against the global control group: looks at every week, and no false claim."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pytest
from precision_marketing.experiments.programme import (
    METRICS,
    Look,
    ProgrammeSettings,
    interval,
    look_at,
    measure_programme,
    mixture_bound,
)
from precision_marketing.experiments.results import shrunken
from scipy import stats

SETTINGS = ProgrammeSettings(level=0.95, power=0.8, min_arm_users=30, tuned_week=13)
WEEKS = 26


def simulated_weeks(rng: np.random.Generator, users: int, weeks: int) -> np.ndarray:
    """Money per user and week: buyers differ in how often and how much, for good."""
    rate = rng.gamma(0.7, 0.6, users)
    size = rng.lognormal(3, 0.6, users)
    orders = rng.poisson(rate[:, None], (users, weeks))
    return orders * size[:, None] * rng.lognormal(0, 0.5, (users, weeks))


def looks_at(treated: np.ndarray, before: np.ndarray, money: np.ndarray) -> list[Look]:
    """Look at the sums since the start, week by week."""

    def reader(week: int) -> Callable:
        return lambda: iter([(treated, before, money[:, : week + 1].sum(axis=1, keepdims=True))])

    return [look_at(reader(week)) for week in range(money.shape[1])]


def claims_of(looks: list[Look], truth: float) -> tuple[bool, bool]:
    """Whether any look claims an effect, and whether all intervals hold the truth."""
    clocks = np.maximum.accumulate([look.variance[0] * look.counts.sum() ** 2 for look in looks])
    ends = [
        interval(look, mixture_bound(clock, clocks[SETTINGS.tuned_week - 1], SETTINGS.level))
        for look, clock in zip(looks, clocks, strict=True)
    ]
    low, high = (np.array([end[side][0] for end in ends]) for side in (0, 1))
    truths = truth * np.arange(1, len(looks) + 1)
    return bool(((low > 0) | (high < 0)).any()), bool(((low <= truths) & (truths <= high)).all())


def claims_by_chance(programmes: int, users: int, share: float, effect: float) -> tuple[float, float]:
    """Share of programmes with a claim at any look, and of those that hold the truth at all."""
    found = []
    for seed in range(programmes):
        rng = np.random.default_rng(seed)
        money = simulated_weeks(rng, users, 24 + WEEKS)
        treated = rng.random(users) > share
        before = money[:, :24].reshape(users, 6, 4).sum(axis=2)
        after = money[:, 24:] + effect * treated[:, None]
        found.append(claims_of(looks_at(treated, before, after), effect))
    claims, holds = np.mean(found, axis=0)
    return float(claims), float(holds)


@pytest.mark.parametrize(("users", "share"), [(700, 0.1), (1500, 0.05)])
def test_a_programme_without_effect_is_hardly_ever_claimed_at_any_week(users: int, share: float) -> None:
    claims, holds = claims_by_chance(100, users, share, 0.0)
    # 100 of 1,000 programmes: .05 and what chance adds to it
    assert claims <= stats.binom.ppf(0.99, 100, 0.05) / 100
    assert holds == 1 - claims


def test_an_effect_is_claimed_and_held_at_all_weeks() -> None:
    claims, holds = claims_by_chance(40, 3000, 0.3, 6.0)
    assert claims > 0.9
    assert holds >= stats.binom.ppf(0.01, 40, 0.95) / 40


def test_looking_every_week_with_intervals_of_one_look_would_claim_too_often() -> None:
    rng = np.random.default_rng(0)
    sums = rng.normal(size=(4000, WEEKS)).cumsum(axis=1)
    clock = np.arange(1, WEEKS + 1.0)
    off = np.abs(sums) / np.sqrt(clock)
    assert (off > stats.norm.isf(0.025)).any(axis=1).mean() > 0.2
    assert (off > mixture_bound(clock, np.float64(13), 0.95)).any(axis=1).mean() < 0.05


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_the_bound_is_above_that_of_one_look_and_tightest_where_it_is_tuned(level: float) -> None:
    clock = np.geomspace(0.01, 100, 401)
    bound = mixture_bound(clock, np.float64(1), level)
    assert (bound > stats.norm.isf((1 - level) / 2)).all()
    assert 0.8 < clock[bound.argmin()] < 1.25


def test_several_blocks_take_more_off_than_their_sum() -> None:
    rng = np.random.default_rng(3)
    # what somebody spends drifts, so that the last block tells more than the first
    level = np.exp(rng.normal(0, 1, (4000, 10)).cumsum(axis=1))
    money = rng.gamma(2, level)
    treated = rng.random(4000) > 0.1
    after = money[:, 6:].sum(axis=1, keepdims=True)

    def variance(before: np.ndarray) -> float:
        return look_at(lambda: iter([(treated, before, after)])).variance[0]

    assert variance(money[:, :6]) < 0.88**2 * variance(money[:, :6].sum(axis=1, keepdims=True))


def test_batches_do_not_change_a_look() -> None:
    rng = np.random.default_rng(4)
    treated = rng.random(900) > 0.2
    before, outcomes = rng.gamma(1, 1, (900, 3)), rng.gamma(1, 1, (900, 2))
    whole = look_at(lambda: iter([(treated, before, outcomes)]))
    parts = np.array_split(np.arange(900), 7)
    batched = look_at(lambda: ((treated[part], before[part], outcomes[part]) for part in parts))
    for one, other in zip(whole, batched, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    # without covariates the lift is the plain difference, its variance that of Welch
    plain = look_at(lambda: iter([(treated, before[:, :0], outcomes)]))
    test = stats.ttest_ind(outcomes[treated], outcomes[~treated], equal_var=False)
    np.testing.assert_allclose(plain.lift / np.sqrt(plain.variance), test.statistic)
    np.testing.assert_allclose(plain.freedom, test.df)


def test_the_unit_of_money_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    treated = rng.random(900) > 0.2
    before = np.column_stack([rng.gamma(1, 1, (900, 2)), rng.random(900) > 0.5, np.zeros(900)])
    outcomes = before[:, :2] + before[:, 2:3] + rng.gamma(1, 1, (900, 2))
    one, dear = (
        look_at(lambda unit=unit: iter([(treated, before * [unit, unit, 1, 1], outcomes * unit)])) for unit in (1, 1e7)
    )
    np.testing.assert_allclose(one.lift * 1e7, dear.lift)
    np.testing.assert_allclose(one.variance * 1e14, dear.variance)


def measured(users: str, weeks: str) -> dict[tuple, dict]:
    """Measure tables given as values, and return the rows by phase, period, metric and week."""
    with duckdb.connect() as connection:
        connection.execute(f"create table users as {users}")
        connection.execute(f"create table weeks as {weeks}")
        found = measure_programme(connection.table("users"), connection.table("weeks"), SETTINGS)
    return {
        (row["phase"], row["period"], row["metric"], row["week_number"]): row for row in found.to_dict(orient="records")
    }


USERS = """
    select 'programme' as phase, 3 as week_count, 'u' || i as user_id, i % 5 > 0 as is_treated,
           case when i < 400 then 1 else 3 end as entered_week, (i * 7) % 13 as before_revenue_1 from range(500) t(i)
"""
BOUGHT = """
    select 'programme' as phase, 'u' || i as user_id, week as week_number, 1 as order_count,
           10 + (i * 7) % 13 + (i * 31) % 7 + 2 * (i % 5 > 0)::int as revenue_amount, 3.0 as profit_amount
    from range(500) t(i), range(1, 4) w(week)
"""


def test_each_week_counts_the_users_known_by_then() -> None:
    rows = measured(USERS, BOUGHT)
    assert {key[3] for key in rows} == {1, 2, 3}
    assert rows["programme", "cumulative", "orders", 2]["treated_count"] == 320
    last = rows["programme", "cumulative", "orders", 3]
    assert (last["treated_count"], last["control_count"], last["treated_value"]) == (400, 100, 3.0)
    # all did the same: an interval of no width would claim to be certain
    assert np.isnan(last["lift_low"])
    revenue = rows["programme", "cumulative", "revenue", 3]
    assert revenue["lift_low"] < 6.0 < revenue["lift_high"]
    assert revenue["lift"] == pytest.approx(6.0, abs=0.3)
    week = rows["programme", "week", "revenue", 3]
    assert week["lift_high"] - week["lift_low"] < revenue["lift_high"] - revenue["lift_low"]


@pytest.mark.parametrize("users", [0, 4, 60])
def test_a_small_shop_is_told_nothing_it_cannot_know(users: int) -> None:
    rows = measured(f"{USERS} where i < {users}", f"{BOUGHT} where i < {users}")
    assert len(rows) == (0 if not users else 3 * 2 * len(METRICS))
    assert all(np.isnan(row["lift"]) and np.isnan(row["smallest_lift"]) for row in rows.values())


def test_the_winner_of_noise_is_shrunk_to_nothing_and_a_real_effect_is_kept() -> None:
    rng = np.random.default_rng(5)
    errors = rng.uniform(0.5, 2, 40)
    noise = rng.normal(0, errors)
    real = rng.normal(0, 10, 40)
    assert np.abs(shrunken(noise, errors)).max() < 0.5 * np.abs(noise).max()
    found = shrunken(real + rng.normal(0, errors), errors)
    assert np.corrcoef(found, real)[0, 1] > 0.95
    # over many shops the sum of the best half is too high as measured, and right once shrunk
    gaps = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth, errors = rng.normal(0, 1, 30), np.full(30, 1.5)
        seen = truth + rng.normal(0, errors)
        best = seen > np.median(seen)
        gaps.append([(seen - truth)[best].sum(), (shrunken(seen, errors) - truth)[best].sum()])
    as_seen, as_shrunk = np.mean(gaps, axis=0)
    assert as_seen > 5
    assert abs(as_shrunk) < 0.2 * as_seen
    assert np.isnan(shrunken(np.array([np.nan, 1.0]), np.array([np.nan, 0.5]))[0])

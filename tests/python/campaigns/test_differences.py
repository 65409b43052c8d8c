"""Laws of intervals of a difference: what they cover, and what they do not claim."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from precision_marketing.experiments.differences import (
    Difference,
    adjusted_difference,
    mean_difference,
    rate_difference,
    unbent,
)
from precision_marketing.experiments.sizes import (
    smallest_detectable_mean_difference,
    smallest_detectable_rate_difference,
)
from scipy import stats
from support.panels import spenders

TREATED, CONTROL = 600, 200
EXPERIMENTS = 4000
# 4,000 experiments know a share of 5 % to 0.7 % (two standard errors), 2026-11-25.
FEWEST, MOST = 0.035, 0.065


def share_missed(found: Difference, truth: float) -> float:
    """Share of the experiments whose interval leaves the truth outside."""
    return float(np.mean((found.low > truth) | (found.high < truth)))


# Rates


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Newcombe (1998), table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_rates_differ_as_newcombe_printed(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    found = rate_difference(*counts)
    assert found.difference == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


@cache
def cached_rate_difference(*counts: int) -> Difference:
    return rate_difference(*counts)


@pytest.mark.parametrize(("base", "effect"), [(0.05, 0), (0.1, 0.05), (0.2, 0), (0.3, 0.1)])
def test_intervals_of_rates_cover(base: float, effect: float) -> None:
    random = np.random.default_rng(11)
    treated = random.binomial(TREATED, base + effect, EXPERIMENTS)
    control = random.binomial(CONTROL, base, EXPERIMENTS)
    found = [cached_rate_difference(one, TREATED, other, CONTROL) for one, other in zip(treated, control, strict=True)]
    missed = share_missed(Difference(*np.transpose(found)), effect)
    assert FEWEST <= missed <= MOST


def test_a_rate_of_nobody_is_unknown() -> None:
    assert np.isnan(rate_difference(0, 0, 3, 10)).all()
    assert np.isnan(rate_difference(3, 10, 0, 0)).all()


# Money


def money(random: np.random.Generator, shape: tuple[int, ...], buying: float, sigma: float) -> np.ndarray:
    """Draw zeros for most, a lognormal amount for who buys."""
    return np.where(random.random(shape) < buying, random.lognormal(3, sigma, shape), 0.0)


@pytest.mark.parametrize(
    ("sizes", "buying", "sigma", "more_buying"),
    [
        ((600, 200), 0.2, 1, 1.0),
        ((1500, 500), 0.1, 1, 1.0),
        ((600, 200), 0.2, 1, 2.0),
        ((200, 600), 0.2, 1, 1.3),
        ((600, 100), 0.2, 1, 1.0),
        ((400, 400), 0.2, 1, 1.3),
    ],
)
def test_intervals_of_money_cover(sizes: tuple[int, int], buying: float, sigma: float, more_buying: float) -> None:
    random = np.random.default_rng(12)
    truth = buying * (more_buying - 1) * np.exp(3 + sigma**2 / 2)
    treated = money(random, (EXPERIMENTS, sizes[0]), buying * more_buying, sigma)
    control = money(random, (EXPERIMENTS, sizes[1]), buying, sigma)
    assert FEWEST <= share_missed(mean_difference(treated, control), truth) <= MOST


@pytest.mark.parametrize(
    ("sizes", "buying", "sigma"), [((600, 200), 0.05, 1), ((600, 200), 0.1, 1), ((600, 200), 0.2, 1.5)]
)
def test_with_few_buyers_held_out_intervals_are_rather_too_wide(
    sizes: tuple[int, int], buying: float, sigma: float
) -> None:
    random = np.random.default_rng(12)
    treated = money(random, (EXPERIMENTS, sizes[0]), buying, sigma)
    control = money(random, (EXPERIMENTS, sizes[1]), buying, sigma)
    assert 0.025 <= share_missed(mean_difference(treated, control), 0) <= 0.05


def test_a_small_control_group_claims_no_gain_that_welch_alone_would() -> None:
    random = np.random.default_rng(13)
    treated = money(random, (EXPERIMENTS, 600), 0.2, 1)
    control = money(random, (EXPERIMENTS, 100), 0.2, 1)
    welch = stats.ttest_ind(treated, control, axis=-1, equal_var=False)
    assert np.mean(welch.confidence_interval().low > 0) > 0.07
    # 2.5 % is promised
    assert np.mean(mean_difference(treated, control).low > 0) < 0.03


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_arms_of_one_size_or_without_skewness_are_welchs(level: float) -> None:
    random = np.random.default_rng(14)
    treated, control = random.exponential(2, 50), random.exponential(1, 50)
    for one, other in [(treated, control), (np.r_[treated, -treated], np.r_[control, -control, 0.0])]:
        welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(level)
        found = mean_difference(one, other, level)
        assert found[1:] == pytest.approx((welch.low, welch.high), rel=1e-9)


@pytest.mark.parametrize("skewness", [-3.0, -0.2, -1e-9, 0.0, 1e-9, 0.2, 3.0])
def test_bending_inverts_halls_cubic(skewness: float) -> None:
    quantile = np.linspace(-4, 4, 9)
    found = unbent(quantile, np.float64(skewness))
    bent = found + skewness * found**2 / 3 + skewness**2 * found**3 / 27 + skewness / 6
    np.testing.assert_allclose(bent, quantile, atol=1e-9)


def test_bending_is_by_the_skewness_of_both_arms() -> None:
    random = np.random.default_rng(25)
    treated, control = random.exponential(3, 40), random.exponential(2, 12)
    one, other = treated - treated.mean(), control - control.mean()
    third = ((one**3).sum() + (other**3).sum()) / 52
    second = ((one**2).sum() + (other**2).sum()) / 52
    # third and second moment of the difference of means
    moments = third * (1 / 40**2 - 1 / 12**2), second * (1 / 40 + 1 / 12)
    skewness = moments[0] / moments[1] ** 1.5
    welch = stats.ttest_ind(treated, control, equal_var=False)
    error = np.sqrt(treated.var(ddof=1) / 40 + control.var(ddof=1) / 12)
    quantile = stats.t.ppf(0.975, welch.df)
    found = mean_difference(treated, control)
    for end, bent in ((found.low, quantile), (found.high, -quantile)):
        value = (found.difference - end) / error
        hall = value + skewness * value**2 / 3 + skewness**2 * value**3 / 27 + skewness / 6
        assert hall == pytest.approx(bent)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("treated", "control", "difference"),
    [
        ([1.0], [2.0], -1.0),
        ([1.0], [2.0, 3.0], -1.5),
        ([0.0] * 7, [0.0] * 5, 0.0),
        ([0.1] * 7, [0.1] * 5, 0.0),
        ([], [1.0], np.nan),
    ],
)
def test_what_has_no_spread_claims_no_certainty(treated: list[float], control: list[float], difference: float) -> None:
    outcome = np.r_[treated, control]
    arm = np.arange(len(outcome)) < len(treated)
    adjusted = adjusted_difference(outcome, arm, outcome * 0)
    for found in (mean_difference(treated, control), adjusted):
        assert found.difference == pytest.approx(difference, abs=1e-12, nan_ok=True)
        assert np.isnan(found[1:]).all()


# Money after what was known before


@pytest.mark.parametrize("effect", [0.0, 4.0])
def test_adjusted_intervals_cover_without_bias(effect: float) -> None:
    random = np.random.default_rng(15)
    arm = np.arange(TREATED + CONTROL) < TREATED
    before, during = spenders(random, (EXPERIMENTS, len(arm)))
    found = adjusted_difference(during + effect * arm, arm, before)
    assert FEWEST <= share_missed(found, effect) <= MOST
    error = found.difference - effect
    assert abs(error.mean()) < 3 * stats.sem(error)


def test_adjusted_intervals_shrink_by_what_was_known() -> None:
    random = np.random.default_rng(16)
    arm = np.arange(TREATED + CONTROL) < TREATED
    before = random.normal(size=(500, len(arm)))
    for correlation in (0.0, 0.5, 0.9):
        rest = np.sqrt(1 - correlation**2)
        during = correlation * before + rest * random.normal(size=before.shape)
        found = adjusted_difference(during + 3 * arm, arm, before)
        assert found.width_share.mean() == pytest.approx(rest, abs=0.01)
        plain = mean_difference(during[:, arm] + 3, during[:, ~arm])
        width = (found.high - found.low) / (plain.high - plain.low)
        np.testing.assert_allclose(found.width_share, width, rtol=1e-12)


def test_small_adjusted_arms_pay_for_their_slope() -> None:
    random = np.random.default_rng(17)
    arm = np.arange(8) < 4
    before, during = random.normal(size=(2, 40_000, 8))
    found = adjusted_difference(during, arm, before)
    # without the degree of freedom, or without the wider error: 6.7 %
    assert share_missed(found, 0) == pytest.approx(0.05, abs=0.007)


def test_an_effect_does_not_enter_the_slope() -> None:
    random = np.random.default_rng(26)
    arm = np.arange(90) < 60
    before, during = spenders(random, (90,))
    found = adjusted_difference(during, arm, before)
    moved = adjusted_difference(during + 1000 * arm, arm, before)
    assert moved[:3] == pytest.approx([end + 1000 for end in found[:3]])


@pytest.mark.parametrize("before", [None, 0.1, np.nan])
def test_without_knowledge_the_plain_difference_stands(before: float | None) -> None:
    random = np.random.default_rng(18)
    arm = np.arange(60) < 45
    outcome = money(random, (60,), 0.5, 1)
    covariate = None if before is None else np.full(60, before)
    found = adjusted_difference(outcome, arm, covariate)
    assert found[:3] == mean_difference(outcome[arm], outcome[~arm])
    assert found.width_share == 1


def test_a_user_without_a_past_counts_as_the_median() -> None:
    random = np.random.default_rng(19)
    arm = np.arange(90) < 60
    before, during = spenders(random, (90,))
    before = before + 10
    known = np.arange(90) % 7 != 0
    filled = np.where(known, before, np.median(before[known]))
    found = adjusted_difference(during, arm, np.where(known, before, np.nan))
    assert found == adjusted_difference(during, arm, filled)
    assert found.width_share < 1


# Sizes


@pytest.mark.parametrize("base", [0.05, 0.1, 0.3])
def test_a_rate_that_can_just_be_seen_is_seen_four_times_in_five(base: float) -> None:
    effect = smallest_detectable_rate_difference(base, TREATED, CONTROL)
    random = np.random.default_rng(20)
    seen = [
        cached_rate_difference(one, TREATED, other, CONTROL).low > 0
        for one, other in zip(
            random.binomial(TREATED, base + effect, EXPERIMENTS),
            random.binomial(CONTROL, base, EXPERIMENTS),
            strict=True,
        )
    ]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("sizes", [(600, 200), (30, 10)])
def test_a_mean_that_can_just_be_seen_is_seen_four_times_in_five(sizes: tuple[int, int]) -> None:
    effect = smallest_detectable_mean_difference(2.0, *sizes)
    random = np.random.default_rng(21)
    treated = random.normal(effect, 2, (EXPERIMENTS, sizes[0]))
    control = random.normal(0, 2, (EXPERIMENTS, sizes[1]))
    seen = mean_difference(treated, control).low > 0
    assert np.mean(seen) == pytest.approx(0.8, abs=0.03)


def test_more_power_asks_for_a_greater_effect() -> None:
    for smallest, base in [(smallest_detectable_rate_difference, 0.1), (smallest_detectable_mean_difference, 1.0)]:
        plain = smallest(base, 600, 200)
        assert smallest(base, 600, 200, power=0.9) > plain
        assert smallest(base, 600, 200, level=0.99) > plain
        assert smallest(base, 2400, 800) == pytest.approx(plain / 2, rel=0.1)
    assert np.isnan(smallest_detectable_rate_difference(0.9, 10, 5))
    assert smallest_detectable_rate_difference(0.0, 600, 200) > 0

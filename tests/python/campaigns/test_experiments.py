"""Measured campaigns: intervals that cover, tests that find faults, laws of tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from precision_marketing.experiments.arms import balance, sample_ratio_p_value
from precision_marketing.experiments.differences import (
    Difference,
    _unbent,
    adjusted_difference,
    mean_difference,
    rate_difference,
)
from precision_marketing.experiments.results import (
    AMOUNTS,
    KEY_COLUMNS,
    MEASURED_COLUMNS,
    RATES,
    ExperimentSettings,
    measure_campaigns,
)
from precision_marketing.experiments.sizes import (
    smallest_detectable_mean_difference,
    smallest_detectable_rate_difference,
)
from scipy import stats

SETTINGS = ExperimentSettings(level=0.95, min_arm_users=30, min_sample_ratio_p_value=0.001)
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
    found = _unbent(quantile, np.float64(skewness))
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


def spenders(random: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Amounts before and during, of users who buy the oftener the more they spend."""
    level = random.normal(size=shape)
    buying = 1 / (1 + np.exp(1 - 1.5 * level))
    before, during = (
        np.where(random.random(shape) < buying, np.exp(3 + 0.7 * level + random.normal(scale=0.7, size=shape)), 0.0)
        for _ in range(2)
    )
    return before, during


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


# Faults


@pytest.mark.parametrize("strata", [1, 3])
def test_sizes_without_a_fault_have_uniform_p_values(strata: int) -> None:
    random = np.random.default_rng(22)
    share = np.array([0.75, 0.5, 0.9])[:strata]
    # sizes of their own keep the steps of whole numbers apart
    total = random.integers(5_000, 20_000, (1000, strata))
    treated = random.binomial(total, share)
    found = [sample_ratio_p_value(*counts, share) for counts in zip(treated, total - treated, strict=True)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("treated", "control", "share"),
    [
        # of 5,000 users a tenth of one arm lost, of 2,000 a fifth
        (2250, 2500, 0.5),
        (800, 1000, 0.5),
        (3750, 1000, 0.75),
    ],
)
def test_users_lost_from_one_arm_show(treated: int, control: int, share: float) -> None:
    assert sample_ratio_p_value(treated, control, share) < 0.001


def test_a_tenth_of_an_arm_of_1000_is_hardly_more_than_chance() -> None:
    assert sample_ratio_p_value(900, 1000, 0.5) == pytest.approx(0.023, abs=0.001)
    assert sample_ratio_p_value(1000, 1000, 0.5) == pytest.approx(1)


def test_faults_in_opposite_directions_do_not_cancel() -> None:
    assert sample_ratio_p_value([1100, 900], [900, 1100], [0.5, 0.5]) < 0.001
    assert sample_ratio_p_value(2000, 2000, 0.5) == pytest.approx(1)


def test_one_stratum_is_exact_however_small() -> None:
    # chi-square would say 0.00047
    assert sample_ratio_p_value(18, 2, 0.99) == pytest.approx(1 - stats.binom.cdf(1, 20, 0.01))
    assert np.isnan(sample_ratio_p_value(0, 0, 0.5))
    assert np.isnan(sample_ratio_p_value(5, 5, np.nan))
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_ratio_p_value(10, 0, 1.0)


def test_balance_is_that_of_its_table() -> None:
    strata = np.repeat(["new", "loyal", "lapsed"], [300, 500, 200])
    treated = np.r_[np.arange(300) < 240, np.arange(500) < 350, np.arange(200) < 160]
    found = balance(strata, treated)
    assert found.strata["stratum"].tolist() == ["lapsed", "loyal", "new"]
    assert found.strata["treated_count"].tolist() == [160, 350, 240]
    assert found.strata["control_count"].tolist() == [40, 150, 60]
    # 750 and 250 expected: chi-square by hand
    expected = np.outer([200, 500, 300], [0.75, 0.25])
    seen = found.strata[["treated_count", "control_count"]].to_numpy()
    statistic = ((seen - expected) ** 2 / expected).sum()
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 2))
    assert found.cramers_v == pytest.approx((statistic / 1000) ** 0.5)
    one, other = 240 / 750, 60 / 250
    assert found.strata["standardised_difference"].iloc[2] == pytest.approx(
        (one - other) / ((one * (1 - one) + other * (1 - other)) / 2) ** 0.5
    )


def test_balance_of_like_arms_is_balance() -> None:
    random = np.random.default_rng(24)
    found = [balance(random.choice(["a", "b", "c"], 800), random.random(800) < 0.75).p_value for _ in range(250)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    two = balance(np.repeat(["a", "b"], 15), np.arange(30) % 9 < 4)
    assert two.p_value == pytest.approx(stats.chi2.sf(30 * two.cramers_v**2, 1))
    assert balance(["a", "a"], [True, False])[1:] == (0.0, 1.0)
    assert np.isnan(balance(["a", "b"], [True, True])[1:]).all()


# Campaigns


def campaign_rows(seed: int, *, users: int = 800, name: str = "c1") -> pd.DataFrame:
    """Draw a campaign with two segments, two offers and effects on everything."""
    random = np.random.default_rng(seed)
    treated = random.random(users) < 0.75
    before, during = spenders(random, (users,))
    amount = (during + 5 * treated).round(2)
    return pd.DataFrame(
        {
            "campaign_id": name,
            "user_id": [f"u{number}" for number in range(users)],
            "segment_name": random.choice(["new", "loyal"], users),
            "offer_id": random.choice(["o1", "o2", None], users),
            "channel": "email",
            "arm": np.where(treated, "treatment", "control"),
            "treated_share": 0.75,
            "is_redeemed": random.random(users) < 0.1 + 0.1 * treated,
            "is_buying": amount > 0,
            "amount": amount,
            "margin": (0.3 * amount).round(2),
            "cost": np.where(treated, 0.5, 0.0),
            "pre_amount": before.round(2),
        }
    )


def measured(rows: pd.DataFrame) -> pd.DataFrame:
    return measure_campaigns(rows, SETTINGS).set_index(KEY_COLUMNS)


def test_a_campaign_is_measured_by_the_parts_above() -> None:
    rows = campaign_rows(31)
    found = measured(rows)
    assert set(found["measurement"]) == {"randomised"}
    of_slice = {"all": None, "new": "segment_name", "o1": "offer_id"}
    kinds = {None: "all", "segment_name": "segment", "offer_id": "offer"}
    for value, column in of_slice.items():
        some = rows if column is None else rows[rows[column] == value]
        arm = (some["arm"] == "treatment").to_numpy()
        slice_ = found.loc["c1", kinds[column], value]
        assert (slice_["treated_count"] == arm.sum()).all()
        assert (slice_["control_count"] == (~arm).sum()).all()
        expected = sample_ratio_p_value(arm.sum(), (~arm).sum(), 0.75)
        assert (slice_["sample_ratio_p_value"] == expected).all()
        ends = slice_[["lift", "lift_low", "lift_high"]]
        for metric, name in RATES.items():
            done = some[name].to_numpy()
            expected = rate_difference(done[arm].sum(), arm.sum(), done[~arm].sum(), (~arm).sum())
            assert tuple(ends.loc[metric]) == pytest.approx(tuple(expected), rel=1e-12)
            assert slice_.loc[metric, "method"] == "newcombe"
        outcomes = some.assign(profit=some["margin"] - some["cost"])
        for metric, name in AMOUNTS.items():
            outcome = outcomes[name].to_numpy()
            expected = adjusted_difference(outcome, arm, some["pre_amount"].to_numpy())
            row = slice_.loc[metric]
            assert tuple(ends.loc[metric]) == pytest.approx(expected[:3], rel=1e-9)
            assert row["width_share"] == pytest.approx(expected.width_share)
            assert row["width_share"] < 1
            assert row["method"] == "cuped"
            assert row["treated_value"] == pytest.approx(outcome[arm].mean())
            assert row["control_value"] == pytest.approx(outcome[~arm].mean())
    totals = found[["incremental_total", "incremental_low", "incremental_high"]]
    lifts = found[["lift", "lift_low", "lift_high"]]
    np.testing.assert_allclose(totals, lifts.to_numpy() * found[["treated_count"]].to_numpy())


def test_order_names_and_other_campaigns_change_nothing() -> None:
    first, other = campaign_rows(32), campaign_rows(33, name="c0")
    rows = pd.concat([first, other], ignore_index=True)
    found = measure_campaigns(rows, SETTINGS)
    shuffled = rows.sample(frac=1, random_state=1)
    shuffled["user_id"] = np.arange(len(rows))[::-1]
    pd.testing.assert_frame_equal(measure_campaigns(shuffled, SETTINGS), found, check_exact=True)
    alone = measure_campaigns(first, SETTINGS)
    own = found[found["campaign_id"] == "c1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own, check_exact=True)
    assert not found.duplicated(KEY_COLUMNS).any()
    assert found[KEY_COLUMNS].equals(found[KEY_COLUMNS].sort_values(KEY_COLUMNS, ignore_index=True))


def test_no_rows_make_a_typed_table_without_rows() -> None:
    full = measure_campaigns(campaign_rows(34), SETTINGS)
    empty = measure_campaigns(campaign_rows(34).iloc[:0], SETTINGS)
    assert len(empty) == 0
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()
    assert list(empty.columns) == list(MEASURED_COLUMNS)


def test_a_campaign_without_a_control_group_claims_nothing() -> None:
    rows = campaign_rows(35).assign(arm="treatment", treated_share=1.0)
    found = measured(rows)
    assert set(found["measurement"]) == {"observational"}
    assert (found.loc["c1", "all"]["treated_count"] == len(rows)).all()
    told = found.columns.difference(["measurement", "treated_count", "control_count"])
    assert found[told].isna().all(axis=None)


def test_a_slice_with_too_few_users_claims_nothing() -> None:
    rows = campaign_rows(36)
    is_lone = rows.index == rows.index[rows["arm"] == "control"][0]
    # offers known of the treated and of one user held out
    rows["offer_id"] = rows["offer_id"].where((rows["arm"] == "treatment") | is_lone)
    rows.loc[is_lone, "offer_id"] = "o1"
    found = measured(rows)
    assert set(found.loc["c1", "offer"]["measurement"]) == {"too few users"}
    assert set(found.loc["c1", "all"]["measurement"]) == {"randomised"}
    assert (found.loc["c1", "offer", "o1"]["control_count"] == 1).all()
    told = ["method", "treated_value", "control_value", "lift", "lift_low", "lift_high"]
    assert found.loc["c1", "offer"][[*told, "incremental_total"]].isna().all(axis=None)
    # and says why: so few users of the control are no chance
    assert not found.loc["c1", "offer"]["is_trustworthy"].any()
    assert found.loc["c1", "segment"]["is_trustworthy"].all()


def test_a_fault_of_the_campaign_is_one_of_its_slices() -> None:
    rows = campaign_rows(37)
    lost = (rows["arm"] == "control") & (rows["segment_name"] == "new")
    found = measured(rows[~(lost & (np.arange(len(rows)) % 3 > 0))])
    loyal = found.loc["c1", "segment", "loyal"]
    assert (loyal["sample_ratio_p_value"] > 0.001).all()
    assert not found["is_trustworthy"].any()


def test_unknown_pasts_and_chances_are_said() -> None:
    rows = campaign_rows(38).assign(pre_amount=None, treated_share=None)
    found = measured(rows)
    assert found["is_trustworthy"].isna().all()
    money = found.loc["c1", "all", "all"].loc[list(AMOUNTS)]
    assert set(money["method"]) == {"welch"}
    assert (money["width_share"] == 1).all()
    lift = money["treated_value"] - money["control_value"]
    np.testing.assert_allclose(money["lift"].astype(float), lift.astype(float))


def test_nothing_bought_is_no_certainty() -> None:
    nothing = dict.fromkeys(["is_redeemed", "is_buying", "amount", "margin", "cost"], 0)
    found = measured(campaign_rows(39).assign(**nothing))
    assert (found["lift"] == 0).all()
    rates = found.query("metric in @RATES")
    assert ((rates["lift_low"] < 0) & (rates["lift_high"] > 0)).all()
    money = found.query("metric in @AMOUNTS")
    assert money[["lift_low", "lift_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("arm", "control", "neither treatment nor control"),
        ("amount", np.nan, "no amount"),
        ("treated_share", 0.5, "several chances"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(column: str, value: object, message: str) -> None:
    rows = campaign_rows(40)
    rows.loc[3, column] = value
    with pytest.raises(ValueError, match=message):
        measure_campaigns(rows, SETTINGS)

"""Measured campaigns: intervals that cover, tests that find faults, laws of tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.experiments.arms import balance, sample_ratio_p_value
from precision_marketing.experiments.differences import adjusted_difference, rate_difference
from precision_marketing.experiments.results import (
    AMOUNTS,
    KEY_COLUMNS,
    MEASURED_COLUMNS,
    RATES,
    ExperimentSettings,
    measure_campaigns,
)
from scipy import stats
from support.panels import spenders

SETTINGS = ExperimentSettings(level=0.95, min_arm_users=30, min_sample_ratio_p_value=0.001)
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
    # other campaigns only say how far to shrink a lift
    alone = measure_campaigns(first, SETTINGS).drop(columns="shrunken_lift")
    own = found[found["campaign_id"] == "c1"].drop(columns="shrunken_lift").reset_index(drop=True)
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
        ("arm", "placebo", "neither treatment nor control"),
        ("amount", np.nan, "no amount"),
        ("treated_share", 0.5, "several chances"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(column: str, value: object, message: str) -> None:
    rows = campaign_rows(40)
    rows.loc[3, column] = value
    with pytest.raises(ValueError, match=message):
        measure_campaigns(rows, SETTINGS)

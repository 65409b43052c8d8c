"""Uplift of a shop's campaigns: judged apart, pooled and shared out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.hashing import hashed_uniform
from precision_marketing.uplift.campaigns import (
    ESTIMATE_COLUMNS,
    INTERVAL_COLUMNS,
    OUTCOMES,
    SHARED,
    campaign_uplift,
    share_effect,
    uplift_intervals,
)
from precision_marketing.uplift.learners import CONSTANT, LEARNERS, RESPONSE
from precision_marketing.uplift.metrics import METRICS
from precision_marketing.uplift.trials import RANDOM, UpliftSettings
from support.panels import randomised_trial, split_panel
from support.variables import VARS

# Campaigns of a shop


def campaign_panel(seed: int, users: int, over: int) -> pd.DataFrame:
    """Return so many campaigns over, each with a test half, and one open."""
    parts = []
    for number in range(over + 1):
        features, trial, _ = randomised_trial(seed + 10 * number, users, 0.2, is_binary=True)
        is_test = hashed_uniform(trial.users, "half") < 0.5
        starts = pd.Timestamp("2026-01-01") + pd.Timedelta(days=40 * number)
        is_open = number == over
        part = features.assign(
            offer_id=f"C{number}",
            campaign_id=f"C{number}",
            user_id=[f"pseudonym {user}" for user in trial.users],
            first_order_id=trial.users,
            arm=np.where(trial.treated, "treatment", "control"),
            split_name="score" if is_open else np.where(is_test, "test", "train"),
            treated_share=trial.treated.mean(),
            buying_outcome=trial.outcome,
            redemption_outcome=trial.outcome * trial.treated,
            amount_outcome=trial.outcome * 20,
            is_over=not is_open,
            label_end_date=starts + pd.Timedelta(days=30),
            as_of_date=starts,
        )
        if is_open:
            unknown = ["buying_outcome", "redemption_outcome", "amount_outcome"]
            part[["treated_share", *unknown]] = np.nan
            part["arm"] = pd.array([None] * users, dtype="string")
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


SEEDS = range(5)
CAMPAIGN_SETTINGS = replace(UpliftSettings.from_meta(VARS), seed=7, draws=50, folds=2, min_arm_users=40)


def uplift_of(panel: pd.DataFrame, settings: UpliftSettings) -> pd.DataFrame:
    """Estimate effects from a made frame of labels and features."""
    outcomes = OUTCOMES.values()
    labels = split_panel(panel, "arm", "treated_share", "is_over", *outcomes)
    return campaign_uplift(labels, settings)


def test_a_campaign_is_judged_by_what_was_over_when_it_began() -> None:
    panel = campaign_panel(1, 300, 3)
    found = uplift_of(panel, CAMPAIGN_SETTINGS)
    rows = found.groupby("campaign_id")["training_row_count"].max().to_dict()
    train = (panel["split_name"] == "train").groupby(panel["campaign_id"]).sum()

    # the first has nothing to learn from
    assert rows == {"C1": train["C0"], "C2": train[["C0", "C1"]].sum(), "C3": train[["C0", "C1", "C2"]].sum()}
    later = panel.copy()
    later.loc[later["campaign_id"] == "C2", ["buying_outcome", "amount_outcome"]] = 1.0
    altered = uplift_of(later, CAMPAIGN_SETTINGS)
    columns = ["campaign_id", "learner", "user_id", "outcome_name", "estimate"]
    for frame in (found, altered):
        assert set(frame[frame["split_name"] == "score"]["campaign_id"]) == {"C3"}
    earlier = [frame[frame["campaign_id"] != "C3"][columns] for frame in (found, altered)]
    pd.testing.assert_frame_equal(*earlier, check_exact=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_test_halves_move_no_estimate_of_others(seed: int) -> None:
    panel = campaign_panel(seed, 120, 2)
    shuffled = panel.copy()
    is_test = (panel["split_name"] == "test").to_numpy()
    shuffled.loc[is_test, "buying_outcome"] = np.random.default_rng(seed).permutation(panel["buying_outcome"][is_test])
    settings = replace(UpliftSettings.from_meta(VARS), seed=7, draws=10, folds=2, min_arm_users=10)
    pd.testing.assert_series_equal(
        uplift_of(panel, settings)["estimate"], uplift_of(shuffled, settings)["estimate"], check_exact=True
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_names_and_order_of_users_change_nothing(seed: int) -> None:
    panel = campaign_panel(seed, 120, 2)
    settings = replace(UpliftSettings.from_meta(VARS), seed=7, draws=10, folds=2, min_arm_users=10)
    renamed = panel.assign(user_id=panel["user_id"].map(lambda name: name[::-1]))
    renamed = renamed.sample(frac=1, random_state=seed)
    plain, other = (uplift_of(frame, settings) for frame in (panel, renamed))
    pd.testing.assert_frame_equal(plain.drop(columns="user_id"), other.drop(columns="user_id"), check_exact=True)
    pd.testing.assert_frame_equal(
        uplift_intervals(plain, settings),
        uplift_intervals(other.sample(frac=1, random_state=seed), settings),
        check_exact=True,
    )


def test_each_campaign_and_the_pool_are_measured() -> None:
    estimates = uplift_of(campaign_panel(2, 300, 3), CAMPAIGN_SETTINGS)
    found = uplift_intervals(estimates, CAMPAIGN_SETTINGS)

    assert set(found["campaign_id"]) == {"C1", "C2", "pooled"}
    assert set(found["metric"]) == set(METRICS)
    names = {*LEARNERS, CONSTANT, RESPONSE, RANDOM, "chosen"}
    own = found[found["learner"] != SHARED]
    assert set(own["learner"]) == names
    key = ["campaign_id", "outcome_name", "learner", "metric"]
    assert not found.duplicated(key).any()
    assert len(own) == 3 * 3 * len(names) * len(METRICS)
    # redemption tells users apart here, so that it shapes the effect on buying
    shared = found[found["learner"] == SHARED]
    assert set(shared["outcome_name"]) == {"buying"}
    assert len(shared) % len(METRICS) == 0


def test_a_learner_of_some_campaigns_is_judged_on_their_rows() -> None:
    estimates = uplift_of(campaign_panel(2, 300, 3), CAMPAIGN_SETTINGS)
    is_left_out = estimates["campaign_id"].eq("C1") & estimates["learner"].eq(RESPONSE)
    found = uplift_intervals(estimates[~is_left_out], CAMPAIGN_SETTINGS)

    key = ["outcome_name", "metric"]
    judged = found[found["learner"] == RESPONSE].set_index(key)
    assert set(judged["campaign_id"]) == {"C2", "pooled"}
    pooled = judged[judged["campaign_id"] == "pooled"].drop(columns="campaign_id")
    of_c2 = judged[judged["campaign_id"] == "C2"].drop(columns="campaign_id")
    pd.testing.assert_frame_equal(pooled, of_c2, check_like=True)


def effects(**estimates: list[float]) -> pd.DataFrame:
    """Return estimates per learner of rows 0, 1, ...; the first learner is chosen."""
    return pd.concat(
        pd.DataFrame({"learner": name, "estimate": values, "is_chosen": place == 0})
        for place, (name, values) in enumerate(estimates.items())
    )


def test_an_average_effect_is_shared_out_and_keeps_its_mean() -> None:
    known = pd.Index([0, 1, 2])
    buying = effects(average_effect=[0.06] * 4, x_learner=[0.3, 0.0, 0.0, 0.3])
    redemption = effects(two_model=[0.1, 0.2, 0.0, -0.4], average_effect=[0.1] * 4)
    found = share_effect(buying, redemption, known)
    shared = found[found["learner"] == SHARED]["estimate"]

    np.testing.assert_allclose(shared, [0.06, 0.12, 0, 0], atol=1e-12)
    assert shared[known].mean() == pytest.approx(0.06)
    assert set(found[found["is_chosen"]]["learner"]) == {SHARED}
    # a learner that proves that users differ in buying has its say
    learnt = effects(x_learner=[0.3, 0.0, 0.0, 0.3], average_effect=[0.06] * 4)
    found = share_effect(learnt, redemption, known)
    np.testing.assert_allclose(found[found["learner"] == SHARED]["estimate"], [0.18, 0.06, 0, 0.15], atol=1e-12)


@pytest.mark.parametrize(
    ("average", "redemption"),
    [
        (0.06, effects(average_effect=[0.1] * 2, two_model=[0.1, 0.2])),
        (-0.06, effects(two_model=[0.1, 0.2], average_effect=[0.1] * 2)),
        (0.06, effects(two_model=[-0.1, 0.0], average_effect=[-0.1] * 2)),
    ],
    ids=["redemption tells nothing", "contacts put off", "nobody redeems more"],
)
def test_an_effect_is_not_shared_out_without_a_reason(average: float, redemption: pd.DataFrame) -> None:
    buying = effects(average_effect=[average] * 2)
    found = share_effect(buying, redemption, pd.Index([0, 1]))
    pd.testing.assert_frame_equal(found, buying)


def test_nothing_randomised_gives_typed_and_empty_tables() -> None:
    panel = campaign_panel(0, 20, 1).iloc[:0]
    estimates = uplift_of(panel, CAMPAIGN_SETTINGS)
    found = uplift_intervals(estimates, CAMPAIGN_SETTINGS)

    assert estimates.dtypes.astype(str).to_dict() == ESTIMATE_COLUMNS
    assert found.dtypes.astype(str).to_dict() == INTERVAL_COLUMNS
    assert len(estimates) == len(found) == 0

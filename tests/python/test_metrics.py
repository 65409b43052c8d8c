"""Metrics are scikit-learn's, and intervals say how sure they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.intervals import (
    estimator_intervals,
    user_draws,
    weighted_metrics,
)
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

SEEDS = range(8)


def make_case(
    seed: int, draws: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, predictions with ties, campaigns and weights of some rows."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(30, 200))
    prediction = random.integers(1, 20, rows) / 20
    outcome = (random.random(rows) < prediction).astype(float)
    campaign = random.integers(0, 4, rows)
    # the first weighting is the plain one, the others leave rows out
    weights = np.vstack([np.ones(rows), random.integers(0, 4, (draws, rows))])
    return outcome, prediction, campaign, weights.astype(float)


def naive_calibration_error(
    outcome: np.ndarray, prediction: np.ndarray, weights: np.ndarray
) -> float:
    """Gaps between rate and mean prediction in ten bins, weighted by their rows."""
    error = 0.0
    for low in range(10):
        rows = [
            row
            for row, value in enumerate(prediction)
            if low <= 10 * value and (10 * value < low + 1 or low == 9)
        ]
        weight = weights[rows].sum()
        if weight:
            rate = (outcome[rows] * weights[rows]).sum() / weight
            mean = (prediction[rows] * weights[rows]).sum() / weight
            error += weight / weights.sum() * abs(rate - mean)
    return error


def naive_lift(
    outcome: np.ndarray, prediction: np.ndarray, weights: np.ndarray
) -> float:
    """Rate in the top tenth over the rate in all, ties in the order of the rows."""
    most = max(weights.sum() // 10, 1)
    taken = hits = 0.0
    place = 0.0
    for row in sorted(range(len(outcome)), key=lambda row: -prediction[row]):
        place += weights[row]
        if place <= most:
            taken += weights[row]
            hits += weights[row] * outcome[row]
    return (hits / taken) / ((weights * outcome).sum() / weights.sum())


def naive_within_auc(
    outcome: np.ndarray,
    prediction: np.ndarray,
    campaign: np.ndarray,
    weights: np.ndarray,
) -> float:
    """Pairs of one campaign in the right order, ties half, over all such pairs."""
    won = pairs = 0.0
    for good in np.flatnonzero(outcome == 1):
        for bad in np.flatnonzero((outcome == 0) & (campaign == campaign[good])):
            weight = weights[good] * weights[bad]
            pairs += weight
            won += weight * (
                (prediction[good] > prediction[bad])
                + (prediction[good] == prediction[bad]) / 2
            )
    return won / pairs


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_are_those_of_scikit_learn_and_of_their_definitions(seed: int) -> None:
    outcome, prediction, campaign, weights = make_case(seed)
    found = weighted_metrics(
        outcome, prediction, campaign, weights, is_probability=True
    )
    for draw, weight in enumerate(weights):
        rows = (outcome, prediction)
        expected = {
            "auc": roc_auc_score(*rows, sample_weight=weight),
            "within_auc": naive_within_auc(*rows, campaign, weight),
            "average_precision": average_precision_score(*rows, sample_weight=weight),
            "lift_top_tenth": naive_lift(*rows, weight),
            "brier": brier_score_loss(*rows, sample_weight=weight),
            "log_loss": log_loss(*rows, sample_weight=weight),
            "calibration_error": naive_calibration_error(*rows, weight),
        }
        assert {name: values[draw] for name, values in found.items()} == pytest.approx(
            expected, rel=0, abs=1e-9
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auc_within_campaigns_ignores_which_campaign_does_better(seed: int) -> None:
    outcome, prediction, campaign, weights = make_case(seed)
    # knowing each campaign's rate lifts the pooled AUC alone
    shifted = prediction + campaign
    plain, moved = (
        weighted_metrics(outcome, each, campaign, weights, is_probability=False)
        for each in (prediction, shifted)
    )
    np.testing.assert_array_equal(plain["within_auc"], moved["within_auc"])
    assert (plain["auc"] != moved["auc"]).all()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_alone_has_no_auc(outcome: float) -> None:
    found = weighted_metrics(
        np.full(20, outcome),
        np.linspace(0.1, 0.9, 20),
        np.zeros(20, dtype=int),
        np.ones((1, 20)),
        is_probability=True,
    )
    assert np.isnan(found["auc"]).all()
    assert np.isnan(found["within_auc"]).all()
    assert np.isfinite(found["brier"]).all()


def test_draws_keep_a_user_together() -> None:
    users = np.random.default_rng(0).choice([f"u{number}" for number in range(30)], 200)
    weights = user_draws(users, draws=50, seed=1)
    assert weights.shape == (51, 200)
    assert (weights[0] == 1).all()
    per_user = pd.DataFrame(weights.T).groupby(users)
    assert (per_user.nunique() == 1).all(axis=None)
    # as many users as there are, some of them again
    assert (per_user.first().sum() == len(np.unique(users))).all()
    assert weights[1:].max() > 1


def test_draws_follow_their_seed() -> None:
    users = np.arange(100)
    first, again, other = (user_draws(users, 20, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def predictions_of(names: dict[str, bool], *, draw_anew: bool) -> pd.DataFrame:
    """Random predictions of the same rows; the dict says which name is a rule."""
    random = np.random.default_rng(5)
    rows = 1500
    outcome = (random.random(rows) < 0.2).astype(int)
    prediction = random.random(rows)
    return pd.concat(
        pd.DataFrame(
            {
                "task": "lapse_28d",
                "estimator_name": name,
                "is_plain_rule": is_rule,
                "split_name": "test",
                "campaign_id": None,
                "first_order_id": [f"o{number % 500}" for number in range(rows)],
                "outcome": outcome,
                "is_outcome_final": True,
                "prediction": random.random(rows) if draw_anew else prediction,
                "as_of_date": np.repeat(pd.to_datetime(["2017-10-09"] * 3), 500)
                + pd.to_timedelta(np.repeat([0, 28, 56], 500), unit="D"),
            }
        )
        for name, is_rule in names.items()
    )


def test_a_twin_of_the_rule_gains_exactly_nothing() -> None:
    found = estimator_intervals(
        predictions_of({"twin": False, "rule": True}, draw_anew=False), 100, 3
    )
    # what a rule has no probability for, it cannot be beaten in
    shared = found[found["best_rule_name"].notna()]
    assert set(shared["best_rule_name"]) == {"rule"}
    gains = shared[["gain_over_rule", "gain_low", "gain_high"]]
    assert (gains == 0.0).all(axis=None)


def test_the_interval_of_a_random_score_covers_no_skill() -> None:
    found = estimator_intervals(
        predictions_of({"random": False, "rule": True}, draw_anew=True), 300, 3
    )
    row = found[
        (found["estimator_name"] == "random")
        & (found["metric"] == "auc")
        & (found["period"] == "pooled")
        & (found["row_set"] == "all")
    ].iloc[0]
    assert row["interval_low"] < 0.5 < row["interval_high"]
    # and says something: 1,500 rows pin the AUC to some hundredths
    assert row["interval_high"] - row["interval_low"] < 0.12
    assert row["gain_low"] < 0 < row["gain_high"]

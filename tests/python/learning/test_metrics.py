"""Metrics are scikit-learn's, and intervals say how sure they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.bootstrap import user_weights
from precision_marketing.evaluation.intervals import estimator_intervals
from precision_marketing.evaluation.metrics import weighted_metrics
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
)
from support.panels import TASKS

SEEDS = range(8)


def make_case(seed: int, draws: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, predictions with ties, users, campaigns and weights of the users."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(60, 200))
    prediction = random.integers(1, 20, rows) / 20
    outcome = (random.random(rows) < prediction).astype(float)
    user = random.integers(0, 20, rows)
    campaign = random.integers(0, 4, rows)
    weights = random.integers(0, 4, (draws, 20)).astype(float)
    return outcome, prediction, user, campaign, weights


def row_weights(user: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of the rows: plain first, then one line per draw."""
    return np.vstack([np.ones(len(user)), weights[:, user]])


def naive_calibration_error(outcome: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
    """Gaps between rate and mean prediction in ten bins, weighted by their rows."""
    error = 0.0
    for low in range(10):
        rows = [row for row, value in enumerate(prediction) if low <= 10 * value and (10 * value < low + 1 or low == 9)]
        weight = weights[rows].sum()
        if weight:
            rate = (outcome[rows] * weights[rows]).sum() / weight
            mean = (prediction[rows] * weights[rows]).sum() / weight
            error += weight / weights.sum() * abs(rate - mean)
    return error


def naive_lift(outcome: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
    """Rate in the top tenth over the rate in all, ties sharing what room is left."""
    most = max(weights.sum() // 10, 1)
    room, hits = most, 0.0
    for value in sorted(set(prediction), reverse=True):
        tied = prediction == value
        weight = weights[tied].sum()
        if weight:
            taken = min(room, weight)
            hits += (weights * outcome)[tied].sum() * taken / weight
            room -= taken
    return (hits / most) / ((weights * outcome).sum() / weights.sum())


def naive_within_auc(outcome: np.ndarray, prediction: np.ndarray, campaign: np.ndarray, weights: np.ndarray) -> float:
    """Pairs of one campaign in the right order, ties half, over all such pairs."""
    won = pairs = 0.0
    for good in np.flatnonzero(outcome == 1):
        for bad in np.flatnonzero((outcome == 0) & (campaign == campaign[good])):
            weight = weights[good] * weights[bad]
            pairs += weight
            won += weight * ((prediction[good] > prediction[bad]) + (prediction[good] == prediction[bad]) / 2)
    return won / pairs


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_are_those_of_scikit_learn_and_of_their_definitions(seed: int) -> None:
    outcome, prediction, user, campaign, weights = make_case(seed)
    found = weighted_metrics(outcome, prediction, user, campaign, weights, kind="probability")
    for draw, weight in enumerate(row_weights(user, weights)):
        rows = (outcome, prediction)
        told = (outcome, prediction >= 0.5)
        expected = {
            "auc": roc_auc_score(*rows, sample_weight=weight),
            "within_auc": naive_within_auc(*rows, campaign, weight),
            "average_precision": average_precision_score(*rows, sample_weight=weight),
            "lift_top_tenth": naive_lift(*rows, weight),
            "brier": brier_score_loss(*rows, sample_weight=weight),
            "log_loss": log_loss(*rows, sample_weight=weight),
            "calibration_error": naive_calibration_error(*rows, weight),
            "accuracy": accuracy_score(*told, sample_weight=weight),
            "precision": precision_score(*told, sample_weight=weight),
            "recall": recall_score(*told, sample_weight=weight),
            "f1": f1_score(*told, sample_weight=weight),
        }
        assert {name: values[draw] for name, values in found.items()} == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_amounts_are_those_of_scikit_learn(seed: int) -> None:
    outcome, prediction, user, campaign, weights = make_case(seed)
    outcome, prediction = outcome * 37 + user, prediction * 41
    found = weighted_metrics(outcome, prediction, user, campaign, weights, kind="amount")
    for draw, weight in enumerate(row_weights(user, weights)):
        rows = (outcome, prediction)
        expected = {
            "mean_squared_error": mean_squared_error(*rows, sample_weight=weight),
            "mean_absolute_error": mean_absolute_error(*rows, sample_weight=weight),
            "r_squared": r2_score(*rows, sample_weight=weight),
            "total_ratio": (weight @ prediction) / (weight @ outcome),
        }
        assert {name: values[draw] for name, values in found.items()} == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_draws_of_many_rows_see_steps_that_move_no_third_digit(seed: int) -> None:
    random = np.random.default_rng(seed)
    prediction = random.random(20_000)
    outcome = (random.random(20_000) < prediction**2).astype(float)
    user = random.integers(0, 500, 20_000)
    # a draw in which everybody stands once is the plain sample, but for the steps
    found = weighted_metrics(outcome, prediction, user, np.zeros(20_000, dtype=int), np.ones((1, 500)), kind="baseline")
    for plain, drawn in found.values():
        assert drawn == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auc_within_campaigns_ignores_which_campaign_does_better(seed: int) -> None:
    outcome, prediction, user, campaign, weights = make_case(seed)
    # knowing each campaign's rate lifts the pooled AUC alone
    shifted = prediction + campaign
    plain, moved = (
        weighted_metrics(outcome, each, user, campaign, weights, kind="baseline") for each in (prediction, shifted)
    )
    np.testing.assert_array_equal(plain["within_auc"], moved["within_auc"])
    assert (plain["auc"] != moved["auc"]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auc_within_lists_compares_products_of_one_user(seed: int) -> None:
    outcome, prediction, user, _, weights = make_case(seed)
    found = weighted_metrics(outcome, prediction, user, user, weights, kind="baseline")
    for draw, weight in enumerate(row_weights(user, weights)):
        expected = naive_within_auc(outcome, prediction, user, weight)
        assert found["within_auc"][draw] == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_alone_has_no_auc(outcome: float) -> None:
    found = weighted_metrics(
        np.full(20, outcome),
        np.linspace(0.1, 0.9, 20),
        np.arange(20),
        np.zeros(20, dtype=int),
        np.ones((1, 20)),
        kind="probability",
    )
    assert np.isnan(found["auc"]).all()
    assert np.isnan(found["within_auc"]).all()
    assert np.isfinite(found["brier"]).all()


def test_draws_have_as_many_users_as_there_are_some_of_them_again() -> None:
    weights = user_weights(30, draws=50, seed=1)
    assert weights.shape == (50, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.max() > 1


def test_draws_follow_their_seed() -> None:
    first, again, other = (user_weights(100, 20, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def predictions_of(names: dict[str, bool], *, draw_anew: bool) -> pd.DataFrame:
    """Random predictions of the same rows; the dict says which name is a baseline."""
    random = np.random.default_rng(5)
    rows = 1500
    outcome = (random.random(rows) < 0.2).astype(int)
    prediction = random.random(rows)
    return pd.concat(
        pd.DataFrame(
            {
                "task": "lapse_28d",
                "estimator_name": name,
                "is_baseline": is_baseline,
                "split_name": "test",
                "campaign_id": None,
                "category_name": None,
                "product_id": None,
                "first_order_id": [f"o{number % 500}" for number in range(rows)],
                "outcome": outcome,
                "is_outcome_final": True,
                "prediction": random.random(rows) if draw_anew else prediction,
                "as_of_date": np.repeat(pd.to_datetime(["2017-10-09"] * 3), 500)
                + pd.to_timedelta(np.repeat([0, 28, 56], 500), unit="D"),
            }
        )
        for name, is_baseline in names.items()
    )


def test_a_twin_of_the_rule_gains_exactly_nothing() -> None:
    found = estimator_intervals(predictions_of({"twin": False, "baseline": True}, draw_anew=False), TASKS, 100, 3, 1)
    # what a baseline has no probability for, it cannot be beaten in
    shared = found[found["best_baseline_name"].notna()]
    assert set(shared["best_baseline_name"]) == {"baseline"}
    gains = shared[["gain_over_baseline", "gain_low", "gain_high"]]
    assert (gains == 0.0).all(axis=None)


def test_the_interval_of_a_random_score_covers_no_skill() -> None:
    found = estimator_intervals(predictions_of({"random": False, "baseline": True}, draw_anew=True), TASKS, 300, 3, 1)
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

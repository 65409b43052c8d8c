"""Laws of learning, on small panels of several seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from panels import (
    DATES,
    KEY,
    RULES,
    SCORING_DATE,
    SETTINGS,
    TASK,
    TASKS,
    TEST_DATE,
    VALIDATION_DATE,
    make_panel,
)
from precision_marketing.backtest import PREDICTION_COLUMNS, backtest
from precision_marketing.estimators import AVERAGE, AVERAGED, CANDIDATES, platt_map
from precision_marketing.frames import to_pandas
from precision_marketing.intervals import INTERVAL_COLUMNS, estimator_intervals
from precision_marketing.learning import TrainingRows, fit_candidates, training_rows
from precision_marketing.registry import REGISTRY_COLUMNS, register
from precision_marketing.scoring import SCORE_COLUMNS, score_panel
from precision_marketing.tasks import Task, feature_frame
from threadpoolctl import threadpool_limits

SEEDS = [0, 1, 2]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep threads from waiting for each other: that took eight times as long."""
    with threadpool_limits(limits=1):
        yield


@dataclass(frozen=True)
class Relation:
    """A stored table, as frames.to_pandas gets it."""

    rows: pd.DataFrame

    def df(self) -> pd.DataFrame:
        return self.rows.copy()


def predict(panel: pd.DataFrame) -> pd.DataFrame:
    """Predict the judged rows of a panel."""
    return backtest(panel, TASKS, RULES, TASK, SETTINGS)


@cache
def plain_predictions(seed: int) -> pd.DataFrame:
    """Predict the judged rows of a panel that nobody touched."""
    return predict(make_panel(seed))


def rows_to_learn(panel: pd.DataFrame) -> TrainingRows:
    """Rows whose labels are known on the scoring date."""
    labels = Task.from_seed(TASKS, TASK).labels(panel)
    return training_rows(panel, feature_frame(panel, TASKS), labels, SCORING_DATE)


@pytest.mark.parametrize("until", [VALIDATION_DATE, TEST_DATE])
@pytest.mark.parametrize("seed", SEEDS)
def test_labels_of_later_windows_move_no_prediction(
    seed: int, until: pd.Timestamp
) -> None:
    panel = make_panel(seed)
    # a row judged on this date has a later window itself
    later = panel["label_end_date"] > until
    panel["is_lapsed"] = panel["is_lapsed"].mask(later, ~panel["is_lapsed"])
    plain, altered = (
        predictions[predictions["train_until_date"] == until]
        for predictions in (plain_predictions(seed), predict(panel))
    )
    assert (plain["outcome"] + altered["outcome"] == 1).all()
    pd.testing.assert_frame_equal(
        plain.drop(columns="outcome"), altered.drop(columns="outcome"), check_exact=True
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_of_closed_windows_are_learnt_from(seed: int) -> None:
    # or the law above would hold of an estimator that learns nothing
    panel = make_panel(seed)
    closed = panel["label_end_date"] <= VALIDATION_DATE
    panel["is_lapsed"] = panel["is_lapsed"].mask(closed, ~panel["is_lapsed"])
    moved = predict(panel)["prediction"] != plain_predictions(seed)["prediction"]
    is_rule = plain_predictions(seed)["is_plain_rule"]
    assert moved[~is_rule].mean() > 0.9
    assert not moved[is_rule].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stored_order_of_rows_moves_no_prediction(seed: int) -> None:
    shuffled = make_panel(seed).sample(frac=1, random_state=seed)
    predictions = predict(to_pandas(Relation(shuffled), KEY))
    pd.testing.assert_frame_equal(
        predictions, plain_predictions(seed), check_exact=True
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_users_move_no_prediction(seed: int) -> None:
    # the other way round: nothing may hang on how pseudonyms sort
    panel = make_panel(seed)
    features = feature_frame(panel, TASKS)
    renamed = {name: f"u{999 - int(name[1:])}" for name in panel["user_id"]}
    panel["user_id"] = panel["user_id"].map(renamed)
    pd.testing.assert_frame_equal(feature_frame(panel, TASKS), features)
    expected = plain_predictions(seed)
    pd.testing.assert_frame_equal(
        predict(panel),
        expected.assign(user_id=expected["user_id"].map(renamed).astype("string")),
        check_exact=True,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_constant_feature_does_not_move_logistic_regression(seed: int) -> None:
    rows = rows_to_learn(make_panel(seed))
    wider = replace(rows, features=rows.features.assign(constant=3.7))
    plain, with_constant = (
        fit_candidates(each, SETTINGS, ("logistic_regression",))[
            "logistic_regression"
        ].predict_proba(each.features)
        for each in (rows, wider)
    )
    np.testing.assert_allclose(plain, with_constant, rtol=0, atol=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
def test_the_map_of_calibrated_constants_gives_back_the_rate(rate: float) -> None:
    labels = np.arange(1000) < 1000 * rate
    slope, intercept = platt_map(np.full(1000, rate), labels)
    log_odds = slope * np.log(rate / (1 - rate)) + intercept
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(rate, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_map_mends_shrunken_probabilities(seed: int) -> None:
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1, 2, 20_000)
    labels = random.random(20_000) < 1 / (1 + np.exp(-log_odds))
    slope, intercept = platt_map(1 / (1 + np.exp(-log_odds / 2)), labels)
    assert slope == pytest.approx(2, abs=0.1)
    assert intercept == pytest.approx(0, abs=0.1)


def calibration_positives(rows: TrainingRows) -> int:
    """Count the lesser number of positives before and on the last date learnt from."""
    is_last = rows.as_of_dates == np.datetime64(DATES[5])
    return int(min(rows.labels[is_last].sum(), rows.labels[~is_last].sum()))


@pytest.mark.parametrize("seed", SEEDS)
def test_too_few_positives_leave_the_estimates_as_they_are(seed: int) -> None:
    rows = rows_to_learn(make_panel(seed))
    # a share that the last date alone meets
    settings = replace(SETTINGS, calibration_share=1 / 6)
    positives = calibration_positives(rows)
    names = ("logistic_regression", AVERAGE)
    below, enough = (
        fit_candidates(rows, replace(settings, min_calibration_positives=least), names)
        for least in (positives + 1, positives)
    )
    for name, count in zip(names, (1, len(AVERAGED)), strict=True):
        assert below[name].slopes == [1.0] * count
        assert below[name].intercepts == [0.0] * count
        assert 1.0 not in enough[name].slopes
        assert 0.0 not in enough[name].intercepts


def test_calibration_rows_of_one_class_give_no_map() -> None:
    panel = make_panel(0)
    panel.loc[panel["as_of_date"] == DATES[5], "is_lapsed"] = True
    settings = replace(SETTINGS, calibration_share=1 / 6, min_calibration_positives=1)
    fitted = fit_candidates(rows_to_learn(panel), settings, ("logistic_regression",))
    assert fitted["logistic_regression"].slopes == [1.0]


def few_positives(panel: pd.DataFrame, count: int) -> pd.DataFrame:
    """Leave so many positives, all on the first date."""
    return panel.assign(
        is_lapsed=pd.array(np.arange(len(panel)) < count, dtype="boolean")
    )


@pytest.mark.parametrize(
    "panel",
    [
        pytest.param(make_panel(0).iloc[:0], id="no row"),
        pytest.param(few_positives(make_panel(0), 0), id="one class"),
        pytest.param(few_positives(make_panel(0), 2), id="fewer positives than folds"),
    ],
)
def test_what_cannot_be_learnt_gives_empty_tables_and_a_reason(
    panel: pd.DataFrame,
) -> None:
    predictions = predict(panel)
    assert dict(predictions.dtypes.astype(str)) == PREDICTION_COLUMNS
    intervals = estimator_intervals(predictions, draws=5, seed=1)
    assert dict(intervals.dtypes.astype(str)) == INTERVAL_COLUMNS
    registry = register({"user": panel}, TASKS, RULES, intervals, SETTINGS)
    assert dict(registry.dtypes.astype(str)) == REGISTRY_COLUMNS
    scores = score_panel(panel, registry, TASKS, "user")
    assert dict(scores.dtypes.astype(str)) == SCORE_COLUMNS
    assert len(predictions) == len(intervals) == len(scores) == 0
    assert registry["status"].tolist() == ["refused"]
    assert registry["status_reason"].tolist() == [
        "too few rows of a class to learn from"
    ]


def scores_of(panel: pd.DataFrame, candidate: str, shown: pd.DataFrame) -> np.ndarray:
    """Learn from one panel what a candidate says of rows of another."""
    fitted = fit_candidates(rows_to_learn(panel), SETTINGS, (candidate,))
    return fitted[candidate].predict_proba(feature_frame(shown, TASKS))[:, 1]


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize(
    "gaps",
    [
        pytest.param(pd.array([pd.NA], dtype="Int64"), id="numbers"),
        pytest.param(np.array([None], dtype=object), id="text"),
    ],
)
def test_a_feature_without_any_value_is_no_obstacle(
    candidate: str, gaps: np.ndarray
) -> None:
    panel = make_panel(0)
    gapped = panel.assign(nothing=gaps.repeat(len(panel)))
    scores = scores_of(gapped, candidate, gapped)
    assert ((scores > 0) & (scores < 1)).all()
    # trees draw features at random: one more moves what they draw
    if candidate in ("logistic_regression", "nearest_neighbours"):
        plain = scores_of(panel, candidate, panel)
        # within the tolerance of the solver
        np.testing.assert_allclose(scores, plain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_category_never_seen_is_scored(candidate: str) -> None:
    panel = make_panel(0)
    scores = scores_of(panel, candidate, panel.assign(segment_name="brand new"))
    assert ((scores > 0) & (scores < 1)).all()

"""Laws of learning, on small panels of several seeds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.champions.registry import FORMER_COLUMNS, REGISTRY_COLUMNS, register
from precision_marketing.common.frames import Panel, to_pandas
from precision_marketing.estimators.families import (
    AVERAGE,
    CLASSIFIERS,
    LEAST_PRIOR_WEIGHT,
    REGRESSORS,
    MedianImputer,
    calibration_map,
    member_prediction,
    member_probability,
)
from precision_marketing.estimators.fitting import TaskRows, fit_families
from precision_marketing.estimators.scoring import SCORE_COLUMNS
from precision_marketing.estimators.tasks import Task
from precision_marketing.evaluation.backtest import PREDICTION_COLUMNS, predict_tests, validate
from precision_marketing.evaluation.importance import feature_importance
from precision_marketing.evaluation.intervals import INTERVAL_COLUMNS, estimator_intervals
from scipy.special import expit
from sklearn.impute import SimpleImputer
from support.panels import (
    AMOUNT_TASK,
    BASELINES,
    KEY,
    ONE_TASK,
    PINS,
    SCORING_DATE,
    SETTINGS,
    TASK,
    TASKS,
    TEST_DATE,
    VALIDATION_DATE,
    frame_of,
    make_panel,
    score_panel,
    split_panel,
)

SEEDS = [0, 1, 2, 3, 4]
NO_FORMER = pd.DataFrame(columns=list(FORMER_COLUMNS))


def learn(panel: pd.DataFrame, tasks: pd.DataFrame = TASKS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All predictions of the judged rows of a panel, and the registry."""
    panels = {"user": split_panel(panel)}
    validation = frame_of(validate(panels, tasks, BASELINES, SETTINGS))
    registry = register(panels, tasks, BASELINES, PINS, validation, NO_FORMER, SETTINGS)
    test = frame_of(predict_tests(panels, tasks, BASELINES, validation, registry, SETTINGS))
    return pd.concat([validation, test], ignore_index=True), registry


@cache
def plain_predictions(seed: int) -> pd.DataFrame:
    """Predictions for a panel that nobody touched."""
    return learn(make_panel(seed))[0]


def rows_of(panel: pd.DataFrame, name: str = TASK) -> TaskRows:
    """Rows of a task."""
    return TaskRows.of(Task.from_seed(TASKS, name), split_panel(panel))


def rows_to_learn(panel: pd.DataFrame) -> TaskRows:
    """Rows whose labels are known on the scoring date."""
    return rows_of(panel).closed_by(SCORING_DATE)


@pytest.mark.parametrize("until", [VALIDATION_DATE, TEST_DATE])
@pytest.mark.parametrize("seed", SEEDS)
def test_labels_of_later_windows_move_no_prediction(seed: int, until: pd.Timestamp) -> None:
    panel = make_panel(seed)
    # a row judged on this date has a later window itself
    later = panel["label_end_date"] > until
    panel["is_lapsed"] = panel["is_lapsed"].mask(later, ~panel["is_lapsed"])
    panel["amount_ahead"] = panel["amount_ahead"].mask(later, 1000.0)
    plain, altered = (
        predictions[predictions["train_until_date"] == until].drop(columns="outcome")
        for predictions in (plain_predictions(seed), learn(panel)[0])
    )
    # which recipe is live may change with the labels of the validation, no score of one
    shared = plain.merge(altered, on=[name for name in plain if name != "prediction"], how="inner")
    assert len(shared) >= len(panel[panel["as_of_date"] == until])
    assert (shared["prediction_x"] == shared["prediction_y"]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_of_closed_windows_are_learnt_from(seed: int) -> None:
    # or the law above would hold of an estimator that learns nothing
    panel = make_panel(seed)
    closed = panel["label_end_date"] <= VALIDATION_DATE
    panel["is_lapsed"] = panel["is_lapsed"].mask(closed, ~panel["is_lapsed"])
    plain, altered = (
        predictions[(predictions["split_name"] == "validation") & (predictions["task"] == TASK)].reset_index(drop=True)
        for predictions in (plain_predictions(seed), learn(panel)[0])
    )
    moved = altered["prediction"] != plain["prediction"]
    is_baseline = plain["is_baseline"]
    assert moved[~is_baseline].mean() > 0.9
    assert not moved[is_baseline].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stored_order_of_rows_moves_no_prediction(seed: int) -> None:
    shuffled = make_panel(seed).sample(frac=1, random_state=seed)
    predictions, _ = learn(to_pandas(duckdb.from_df(shuffled)))
    pd.testing.assert_frame_equal(predictions, plain_predictions(seed), check_exact=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_users_move_no_prediction(seed: int) -> None:
    # the other way round: nothing may hang on how pseudonyms sort
    panel = make_panel(seed)
    renamed = {name: f"u{999 - int(name[1:])}" for name in panel["user_id"]}
    panel["user_id"] = panel["user_id"].map(renamed)
    expected = plain_predictions(seed)
    pd.testing.assert_frame_equal(
        learn(panel)[0], expected.assign(user_id=expected["user_id"].map(renamed)), check_exact=True
    )


def probabilities(rows: TaskRows, family: str) -> np.ndarray:
    """Learn and predict the same rows."""
    fitted = fit_families(rows, SETTINGS, [family])[family]
    return member_probability(fitted, rows.features)


@pytest.mark.parametrize("family", CLASSIFIERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_constant_features_move_nothing(seed: int, family: str) -> None:
    rows = rows_to_learn(make_panel(seed))
    wider = rows.features.assign(constant=3.7, unknown=np.nan, text="same")
    wider.insert(0, "first", 1)
    with_constants = replace(rows, panel=Panel(rows.panel.rows, wider), feature_names=list(wider))
    plain, with_constants = (probabilities(each, family) for each in (rows, with_constants))
    np.testing.assert_array_equal(plain, with_constants)


def test_medians_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    values = random.lognormal(size=(1001, 6)).round(1)
    values[random.random(values.shape) < 0.3] = np.nan
    values[:, 2], values[1:, 3] = np.nan, np.nan
    features = pd.DataFrame(values).add_prefix("f")
    own, theirs = MedianImputer(), SimpleImputer(strategy="median", keep_empty_features=True)
    np.testing.assert_array_equal(own.fit_transform(features), theirs.fit_transform(features))
    np.testing.assert_array_equal(own.statistics_, theirs.statistics_)


def test_boosting_predicts_as_its_pipeline() -> None:
    rows = rows_to_learn(make_panel(0))
    features = rows.features.assign(text=np.resize(["a", "b", "c"], len(rows.labels)))
    rows = replace(rows, panel=Panel(rows.panel.rows, features), feature_names=list(features))
    fitted = fit_families(rows, SETTINGS, ["gradient_boosting"])["gradient_boosting"]
    np.testing.assert_array_equal(member_prediction(fitted, features), fitted.predict_proba(features)[:, 1])


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("weight", [0.0, 5.0, 500.0])
@pytest.mark.parametrize("shift_kept", [0.0, 0.5, 1.0])
def test_the_map_of_calibrated_constants_leaves_the_rate(rate: float, weight: float, shift_kept: float) -> None:
    labels = (np.arange(1000) < 1000 * rate).astype(float)
    constants = np.full(1000, rate)
    slope, intercept = calibration_map(constants, labels, weight, shift_kept)
    log_odds = slope * np.log(rate / (1 - rate)) + intercept
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(rate, abs=1e-6)


def log_odds_and_labels(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1, 2, rows)
    return log_odds, (random.random(rows) < expit(log_odds)).astype(float)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_map_mends_shrunken_probabilities_as_far_as_its_prior_lets_it(seed: int) -> None:
    log_odds, labels = log_odds_and_labels(seed, 20_000)
    shrunken = expit(log_odds / 2)
    slope, intercept = calibration_map(shrunken, labels, 0.0, 1.0)
    assert slope == pytest.approx(2, abs=0.1)
    assert intercept == pytest.approx(0, abs=0.1)
    weights = (0, 1e3, 1e9)
    slopes = [calibration_map(shrunken, labels, each, 1.0)[0] for each in weights]
    assert slopes[0] > slopes[1] > slopes[2] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_map_passes_on_the_share_of_a_surprise_that_is_asked_for(seed: int) -> None:
    log_odds, labels = log_odds_and_labels(seed, 20_000)
    surprised = expit(log_odds + 0.4)
    intercepts = [calibration_map(surprised, labels, 1e9, share)[1] for share in (0, 0.5, 1)]
    assert intercepts == pytest.approx([0, -0.2, -0.4], abs=0.05)
    mean = expit(log_odds + 0.4 + intercepts[2]).mean()
    assert mean == pytest.approx(labels.mean(), abs=1e-4)


@pytest.mark.parametrize("weight", [5.0, 500.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_map_beside_the_one_found_is_likelier(seed: int, weight: float) -> None:
    given, labels = log_odds_and_labels(seed, 3000)
    given = given / 1.5

    def loss(slope: float, intercept: float) -> float:
        chance = expit(slope * given + intercept)
        likelihood = np.where(labels == 1, chance, 1 - chance)
        prior = weight * (slope - 1) ** 2 + LEAST_PRIOR_WEIGHT * intercept**2
        return prior - np.log(likelihood).sum()

    found = calibration_map(expit(given), labels, weight, 1.0)
    for step in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert loss(*found) < loss(*np.add(found, step))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_the_map_of_one_class_is_finite(label: float) -> None:
    given = expit(np.linspace(-3, 1, 500))
    slope, intercept = calibration_map(given, np.full(500, label), 5.0, 0.5)
    assert abs(slope) < 10
    assert abs(intercept) < 10


def test_without_a_row_there_is_no_map() -> None:
    assert calibration_map(np.array([]), np.array([]), 1.0, 0.5) == (1.0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_map_does_not_depend_on_the_order_of_rows(seed: int) -> None:
    log_odds, labels = log_odds_and_labels(seed, 2000)
    order = np.random.default_rng(seed).permutation(2000)
    found = calibration_map(expit(log_odds), labels, 10.0, 0.5)
    assert calibration_map(expit(log_odds)[order], labels[order], 10.0, 0.5) == found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rows_drawn_are_the_same_for_the_same_seed_and_stay_in_order(seed: int) -> None:
    rows = rows_to_learn(make_panel(seed))
    drawn, again, other = (rows.drawn(50, each) for each in (seed, seed, seed + 100))
    pd.testing.assert_frame_equal(drawn.panel.rows, again.panel.rows)
    pd.testing.assert_frame_equal(drawn.features, again.features)
    assert not drawn.panel.rows.equals(other.panel.rows)
    assert len(drawn.labels) == len(drawn.features) == 50
    pd.testing.assert_frame_equal(drawn.panel.rows, drawn.panel.rows.sort_values(KEY))


def test_a_window_ends_so_many_days_after_its_date() -> None:
    tasks = TASKS.assign(horizon_days=7)
    rows = TaskRows.of(Task.from_seed(tasks, TASK), split_panel(make_panel(0)))
    ends = rows.panel.rows["as_of_date"] + pd.Timedelta(days=7)
    assert (rows.label_ends == ends.to_numpy()).all()


def test_a_task_is_about_its_population_and_learns_from_its_features() -> None:
    panel = make_panel(0).assign(is_big=lambda rows: rows["order_count"] > 3)
    tasks = TASKS.assign(population_column="is_big", feature_patterns="days_* seg*")
    rows = TaskRows.of(Task.from_seed(tasks, TASK), split_panel(panel, "is_big"))
    assert (rows.panel.features["order_count"] > 3).all()
    assert 0 < len(rows.labels) < len(panel)
    assert list(rows.features) == ["days_since_last_order", "segment_name"]


def few_positives(panel: pd.DataFrame, count: int) -> pd.DataFrame:
    """Leave so many positives, all on the first date."""
    return panel.assign(is_lapsed=pd.array(np.arange(len(panel)) < count, dtype="boolean"))


@pytest.mark.parametrize(
    "panel",
    [
        pytest.param(make_panel(0).iloc[:0], id="no row"),
        pytest.param(few_positives(make_panel(0), 0), id="one class"),
        pytest.param(few_positives(make_panel(0), 2), id="fewer positives than folds"),
    ],
)
def test_what_cannot_be_learnt_gives_empty_tables_and_a_reason(panel: pd.DataFrame) -> None:
    predictions, registry = learn(panel, ONE_TASK)
    assert list(predictions) == list(PREDICTION_COLUMNS)
    intervals = estimator_intervals(predictions, TASKS, draws=5, seed=1, threads=1)
    assert dict(intervals.dtypes.astype(str)) == INTERVAL_COLUMNS
    assert dict(registry.dtypes.astype(str)) == REGISTRY_COLUMNS
    scores = score_panel(split_panel(panel), registry, ONE_TASK, "user")
    assert list(scores) == list(SCORE_COLUMNS)
    assert len(predictions) == len(intervals) == len(scores) == 0
    assert registry["status"].tolist() == ["refused"]
    assert registry["status_reason"].tolist() == ["too few rows of a class to learn from"]


def test_amounts_that_are_all_nothing_cannot_be_learnt() -> None:
    panel = make_panel(0).assign(amount_ahead=0.0)
    tasks = TASKS[TASKS["task"] == AMOUNT_TASK]
    predictions, registry = learn(panel, tasks)
    assert predictions.empty
    assert registry["status"].tolist() == ["refused"]


def scores_of(panel: pd.DataFrame, family: str, shown: pd.DataFrame) -> np.ndarray:
    """Learn from one panel what a family says of rows of another."""
    fitted = fit_families(rows_to_learn(panel), SETTINGS, [family])[family]
    return member_probability(fitted, rows_of(shown).features)


@pytest.mark.parametrize("family", CLASSIFIERS)
@pytest.mark.parametrize(
    "gaps",
    [
        pytest.param(pd.array([pd.NA], dtype="Int64"), id="numbers"),
        pytest.param(np.array([None], dtype=object), id="text"),
    ],
)
def test_a_feature_without_any_value_is_no_obstacle(family: str, gaps: np.ndarray) -> None:
    panel = make_panel(0)
    gapped = panel.assign(nothing=gaps.repeat(len(panel)))
    scores = scores_of(gapped, family, gapped)
    assert ((scores >= 0) & (scores <= 1)).all()
    # trees draw features at random: one more moves what they draw
    if family in ("logistic_regression", "nearest_neighbours"):
        plain = scores_of(panel, family, panel)
        # within the tolerance of the solver
        np.testing.assert_allclose(scores, plain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("family", CLASSIFIERS)
def test_a_category_never_seen_is_scored(family: str) -> None:
    panel = make_panel(0)
    scores = scores_of(panel, family, panel.assign(segment_name="brand new"))
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("family", REGRESSORS)
def test_every_family_of_amounts_learns_more_than_the_mean(family: str) -> None:
    rows = rows_of(make_panel(0, user_count=200), AMOUNT_TASK).closed_by(SCORING_DATE)
    fitted = fit_families(rows, SETTINGS, [family])[family]
    gaps = fitted.predict(rows.features) - rows.labels
    assert (gaps**2).mean() < 0.95 * rows.labels.var()


def test_the_full_grid_judges_every_family_on_validation_and_test() -> None:
    panels = {"user": split_panel(make_panel(0))}
    full = replace(SETTINGS, backtest_grid="full")
    validation = frame_of(validate(panels, TASKS, BASELINES, full))
    registry = register(panels, TASKS, BASELINES, PINS, validation, NO_FORMER, full)
    test = frame_of(predict_tests(panels, TASKS, BASELINES, validation, registry, full))
    for predictions in (validation, test):
        found = predictions[~predictions["is_baseline"]].groupby("task")
        names = {task: set(rows["estimator_name"]) for task, rows in found}
        for task, families in ((TASK, CLASSIFIERS), (AMOUNT_TASK, REGRESSORS)):
            assert {*families, AVERAGE} <= names[task]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_feature_that_labels_follow_matters_most(seed: int) -> None:
    panel = make_panel(seed, user_count=100).assign(always=3.0)
    panels = {"user": split_panel(panel)}
    validation = frame_of(validate(panels, ONE_TASK, BASELINES, SETTINGS))
    registry = register(panels, ONE_TASK, BASELINES, PINS, validation, NO_FORMER, SETTINGS)
    found = feature_importance(panels, ONE_TASK, registry, SETTINGS)
    increase = found.set_index("feature_name")["loss_increase"]
    assert increase.idxmax() == "days_since_last_order"
    assert increase["days_since_last_order"] > 0.05
    assert increase.get("always", 0.0) == 0.0


def test_importance_of_nothing_learnt_is_an_empty_table() -> None:
    nothing = make_panel(0).iloc[:0]
    registry, panels = learn(nothing, ONE_TASK)[1], {"user": split_panel(nothing)}
    assert feature_importance(panels, ONE_TASK, registry, SETTINGS).empty

"""What features add to a score adds up, and is what a hand would compute."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from precision_marketing.estimators.families import (
    AS_THEY_ARE,
    REGRESSORS,
    AverageAmount,
    CalibratedAverage,
    preprocessor,
    signed_log,
)
from precision_marketing.explanations import contributions as explanations
from precision_marketing.explanations import members
from precision_marketing.explanations.contributions import contributions
from sklearn.base import is_classifier
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from support.made_rows import (
    CONSTANT,
    MADE_FAMILIES,
    ROUNDED,
    SEEDS,
    fitted_amounts,
    fitted_families,
    make_amounts,
    make_new_rows,
    make_rows,
)

ALL = [*MADE_FAMILIES, "average"]
AMOUNTS = [*REGRESSORS, "average", "often_zero"]
WITH_PARTS = {
    "logistic_regression",
    "small_tree",
    "random_forest",
    "gradient_boosting",
    "linear_regression",
    "decision_tree",
}
AMOUNTS_WITH_PARTS = sorted({*REGRESSORS} - {"neural_network"})


def log_odds_of(estimator: CalibratedAverage, features: pd.DataFrame) -> np.ndarray:
    """Log-odds of the scores, as far off 0 and 1 as the estimator's own clip."""
    scores = np.clip(estimator.predict_proba(features)[:, 1], 1e-5, 1 - 1e-5)
    return np.log(scores / (1 - scores))


def as_is(member: Pipeline) -> CalibratedAverage:
    """Return the estimator of one member, not calibrated."""
    return CalibratedAverage([member], [1.0], [0.0])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ALL)
def test_contributions_and_baseline_add_up_to_the_log_odds(name: str, seed: int) -> None:
    estimator, features = fitted_families(seed)[name], make_new_rows(seed)
    baseline, values = contributions(estimator, features, {})
    assert list(values.columns) == list(features.columns)
    np.testing.assert_allclose(baseline + values.sum(axis=1), log_odds_of(estimator, features), atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", AMOUNTS)
def test_contributions_and_baseline_add_up_to_the_amount(name: str, seed: int) -> None:
    estimator, features = fitted_amounts(seed)[name], make_new_rows(seed)
    baseline, values = contributions(estimator, features, {})
    assert list(values.columns) == list(features.columns)
    np.testing.assert_allclose(baseline + values.sum(axis=1), estimator.predict(features), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("fitted", "name"), [(fitted_families, name) for name in ALL] + [(fitted_amounts, name) for name in AMOUNTS]
)
def test_a_constant_feature_adds_nothing(fitted: Callable, name: str, seed: int) -> None:
    features = make_new_rows(seed).assign(constant_number=7.0)
    values = contributions(fitted(seed)[name], features, {})[1]
    np.testing.assert_allclose(values[CONSTANT], 0, atol=1e-12)
    assert (values.drop(columns=CONSTANT).abs().max(axis=1) > 0).any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("fitted", "name"),
    [(fitted_families, name) for name in MADE_FAMILIES] + [(fitted_amounts, name) for name in REGRESSORS],
)
def test_order_names_and_company_of_rows_change_nothing(
    fitted: Callable, name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimator, features = fitted(seed)[name], make_new_rows(seed)
    baseline, values = contributions(estimator, features, {})
    order = np.random.default_rng(seed).permutation(len(features))
    shuffled = features.iloc[order].set_axis([f"row {place}" for place in order])
    monkeypatch.setattr(explanations, "BATCH_ROWS", 7)
    again, found = contributions(estimator, shuffled, {})
    assert again == baseline
    assert list(found.index) == list(shuffled.index)
    closely = ROUNDED.get(name, 1e-12) * max(1.0, abs(baseline))
    np.testing.assert_allclose(found, values.iloc[order], rtol=0, atol=closely)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_adds_coefficient_times_distance_from_the_training_mean(seed: int) -> None:
    member = fitted_families(seed)["logistic_regression"].members[0]
    training, rows = make_rows(seed)[0], make_new_rows(seed).iloc[:5]
    baseline, values = contributions(as_is(member), rows, {})
    weights = dict(
        zip(["days_since_last_order", "order_count_28d", "net_amount_trend_28d"], member[-1].coef_[0], strict=False)
    )
    for name, weight in weights.items():
        seen = signed_log(training[name].fillna(training[name].median()))
        row = signed_log(rows[name].fillna(training[name].median()))
        by_hand = weight * (row - seen.mean()) / seen.std(ddof=0)
        np.testing.assert_allclose(values[name], by_hand, atol=1e-9)
    encoder = member[0].named_transformers_["texts"]
    columns = encoder.get_feature_names_out(["segment_name"])
    coefficients = pd.Series(member[-1].coef_[0][-len(columns) :], columns)
    own = coefficients[coefficients.index.str.startswith("segment_name_")]
    rare = own["segment_name_infrequent_sklearn"]
    by_hand = [own.get(f"segment_name_{text}", rare) for text in rows["segment_name"]]
    np.testing.assert_allclose(values["segment_name"], np.array(by_hand) - own.mean(), atol=1e-9)
    assert baseline == pytest.approx(member[-1].intercept_[0] + own.mean())


def lifted(line: Pipeline, level: float) -> Pipeline:
    """Return a copy of a line that says so much more."""
    copied = copy.deepcopy(line)
    copied[-1].intercept_ += level
    return copied


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_of_amounts_adds_coefficient_times_distance_in_money(seed: int) -> None:
    estimator = fitted_amounts(seed)["linear_regression"]
    training, rows = make_rows(seed)[0], make_new_rows(seed)
    assert estimator.predict(rows).min() > 0
    values = contributions(estimator, rows, {})[1]
    for name, weight in zip(
        ["days_since_last_order", "order_count_28d", "net_amount_trend_28d"],
        estimator.members[0][-1].coef_,
        strict=False,
    ):
        seen = training[name].fillna(training[name].median())
        row = rows[name].fillna(training[name].median())
        by_hand = weight * (row - seen.mean()) / seen.std(ddof=0)
        np.testing.assert_allclose(values[name], by_hand, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_amounts_are_explained_down_to_zero_and_no_further(seed: int) -> None:
    rows = make_new_rows(seed)
    (line,) = fitted_amounts(seed)["often_zero"].members
    # the same line so high above 0 that nothing is clipped
    start, by_line = contributions(AverageAmount([lifted(line, 1000)]), rows, {})
    for level in (3.0, -3.0):
        member = lifted(line, level)
        told, from_level = member.predict(rows), start - 1000 + level
        assert told.min() < 0 < told.max()
        baseline, values = contributions(AverageAmount([member]), rows, {})
        assert baseline == pytest.approx(max(from_level, 0.0))
        # each feature keeps the share of the line that the clip leaves of all
        left = (np.maximum(told, 0.0) - baseline) / (told - from_level)
        by_hand = by_line.mul(left, axis=0)
        np.testing.assert_allclose(values, by_hand, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_boosting_of_amounts_starts_from_the_mean_of_the_logarithms(seed: int) -> None:
    numbers = make_rows(seed)[0][["days_since_last_order", "order_count_28d"]]
    # one split: all beyond the start is due to the feature split on, in money
    stump = HistGradientBoostingRegressor(loss="poisson", max_iter=1, max_leaf_nodes=2, early_stopping=False)
    member = make_pipeline(preprocessor(numbers, AS_THEY_ARE), stump)
    said = member.fit(numbers, make_amounts(seed)).predict(numbers)
    baseline, values = contributions(AverageAmount([member]), numbers, {})
    assert baseline == pytest.approx(np.exp(np.log(said).mean()))
    split_on = values.columns[values.abs().max() > 0]
    assert len(split_on) == 1
    np.testing.assert_allclose(values[split_on[0]], said - baseline, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_boosting_of_amounts_keeps_the_shares_of_its_logarithms(seed: int) -> None:
    estimator, rows = fitted_amounts(seed)["gradient_boosting"], make_new_rows(seed)
    values = contributions(estimator, rows, {})[1].to_numpy()
    (member,) = estimator.members
    start, logs, _ = members.explainer(member, rows.columns, {}, members.MONEY)(rows)
    change = logs.sum(axis=1)
    moved = np.abs(change) > 1e-3
    assert moved.any()
    amounts = member.predict(rows)
    by_hand = logs * ((amounts - np.exp(start)) / change)[:, None]
    np.testing.assert_allclose(values[moved], by_hand[moved], rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_average_of_amounts_is_explained_by_the_mean_of_its_members(seed: int) -> None:
    fitted, rows = fitted_amounts(seed), make_new_rows(seed)
    baseline, values = contributions(fitted["average"], rows, {})
    alone = [contributions(fitted[name], rows, {}) for name in REGRESSORS]
    assert baseline == pytest.approx(np.mean([each[0] for each in alone]))
    # but for rows of which a network alone would say less than 0
    kept = np.all([fitted[name].predict(rows) > 0 for name in REGRESSORS], axis=0)
    assert kept.mean() > 0.5
    by_hand = np.mean([each[1] for each in alone], axis=0)
    np.testing.assert_allclose(values[kept], by_hand[kept], rtol=0, atol=1e-9)


def test_a_change_that_rounding_made_takes_nothing_from_large_amounts() -> None:
    # the two cancel but for rounding, less than the last digit of a million (1e-10)
    values = np.array([[3e5, -3e5 + 6e-11], [1e5, 2e5]])
    baseline, carried = explanations._carry(np.positive, 1e6, values)
    assert baseline == 1e6
    np.testing.assert_allclose(carried, values, rtol=1e-6)


def path_by_path(
    tree: DecisionTreeClassifier | DecisionTreeRegressor, matrix: np.ndarray, inputs: list[int], count: int
) -> np.ndarray:
    """Walk down each row's path with scikit-learn's own record of it."""
    means = tree.tree_.value[:, 0, -1]
    if is_classifier(tree):
        means = means / tree.tree_.value[:, 0].sum(axis=1)
    values = np.zeros((len(matrix), count))
    record = tree.decision_path(matrix)
    for row in range(len(matrix)):
        path = record[[row]].indices
        for parent, child in pairwise(path):
            values[row, inputs[tree.tree_.feature[parent]]] += means[child] - means[parent]
    return values


@pytest.mark.parametrize("seed", SEEDS)
def test_trees_add_what_each_split_on_the_path_changes(seed: int) -> None:
    features, labels = make_rows(seed)
    numbers = features[["days_since_last_order", "order_count_28d"]]
    preparation = preprocessor(numbers, AS_THEY_ARE)
    tree = make_pipeline(preparation, DecisionTreeClassifier(max_depth=2)).fit(numbers, labels)
    forest = make_pipeline(preparation, RandomForestClassifier(3, max_depth=3, random_state=seed)).fit(numbers, labels)
    matrix = tree[0].transform(numbers).astype(np.float32)
    for member, trees in ((tree, [tree[-1]]), (forest, forest[-1].estimators_)):
        baseline, values, to_probability = members.explainer(member, numbers.columns, {}, members.LOG_ODDS)(numbers)
        by_hand = [path_by_path(each, matrix, [0, 1], 2) for each in trees]
        np.testing.assert_allclose(values, np.mean(by_hand, axis=0), atol=1e-12)
        np.testing.assert_allclose(
            to_probability(baseline + values.sum(axis=1)), member.predict_proba(numbers)[:, 1], atol=1e-12
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_boosting_starts_from_the_mean_of_what_it_says_of_its_training_rows(seed: int) -> None:
    features, labels = make_rows(seed)
    numbers = features[["days_since_last_order", "order_count_28d"]]
    # one split: what it says beyond the mean is all due to the feature split on
    stump = HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=2, early_stopping=False)
    member = make_pipeline(preprocessor(numbers, AS_THEY_ARE), stump)
    said = member.fit(numbers, labels).decision_function(numbers)
    baseline, values = contributions(as_is(member), numbers, {})
    assert baseline == pytest.approx(said.mean())
    np.testing.assert_allclose(values["days_since_last_order"], said - said.mean(), atol=1e-9)
    assert (values["order_count_28d"] == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_trees_of_amounts_add_what_each_split_on_the_path_changes(seed: int) -> None:
    numbers = make_rows(seed)[0][["days_since_last_order", "order_count_28d"]]
    amounts = make_amounts(seed)
    preparation = preprocessor(numbers, AS_THEY_ARE)
    tree = make_pipeline(preparation, DecisionTreeRegressor(max_depth=2))
    forest = make_pipeline(preparation, RandomForestRegressor(3, max_depth=3, random_state=seed))
    for member in (tree, forest):
        member.fit(numbers, amounts)
        matrix = member[0].transform(numbers).astype(np.float32)
        trees = getattr(member[-1], "estimators_", [member[-1]])
        by_hand = [path_by_path(each, matrix, [0, 1], 2) for each in trees]
        baseline, values = contributions(AverageAmount([member]), numbers, {})
        np.testing.assert_allclose(values, np.mean(by_hand, axis=0), atol=1e-9)
        roots = [each.tree_.value[0].item() for each in trees]
        assert baseline == pytest.approx(np.mean(roots))
    assert contributions(AverageAmount([tree]), numbers, {})[0] == pytest.approx(amounts.mean())


@pytest.mark.parametrize(
    ("fitted", "name"),
    [(fitted_families, name) for name in sorted(WITH_PARTS)] + [(fitted_amounts, name) for name in AMOUNTS_WITH_PARTS],
)
def test_families_that_add_up_are_taken_apart(fitted: Callable, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Callable:
        return lambda _: pytest.fail("explained like a family that does not add up")

    monkeypatch.setattr(members, "_entering", refuse)
    contributions(fitted(0)[name], make_new_rows(0), {})


def test_a_member_that_is_not_the_sum_of_its_parts_is_explained_all_the_same() -> None:
    features, labels = make_rows(0)
    member = MADE_FAMILIES["logistic_regression"](features, 0).fit(features, labels)
    own = member[-1].predict_proba
    member[-1].predict_proba = lambda matrix: own(matrix) ** 2
    estimator = as_is(member)
    baseline, values = contributions(estimator, features, {})
    np.testing.assert_allclose(baseline + values.sum(axis=1), log_odds_of(estimator, features), atol=1e-9)


def test_features_of_a_group_enter_together_and_share_alike() -> None:
    estimator, features = fitted_families(0)["perceptron"], make_new_rows(0)
    pair = ["days_since_last_order", "order_count_28d"]
    values = contributions(estimator, features, dict.fromkeys(pair, "orders"))[1]
    np.testing.assert_array_equal(values[pair[0]], values[pair[1]])
    apart = contributions(estimator, features, {})[1]
    assert (apart[pair[0]] - apart[pair[1]]).abs().max() > 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_two_features_get_their_shapley_values(seed: int) -> None:
    features, labels = make_rows(seed)
    pair = features[["days_since_last_order", "order_count_28d"]]
    member = MADE_FAMILIES["perceptron"](pair, seed).fit(pair, labels)

    def said(known: list[str]) -> np.ndarray:
        # what is missing is imputed
        return log_odds_of(as_is(member), pair[known].reindex(columns=pair.columns))

    first, second = pair.columns
    alone, both = said([first]) - said([]), said([first, second])
    by_hand = (alone + both - said([second])) / 2
    values = contributions(as_is(member), pair, {})[1]
    np.testing.assert_allclose(values[first], by_hand, rtol=0, atol=1e-9)
    assert np.abs(alone - by_hand).max() > 0.01


@pytest.mark.parametrize("name", ALL)
def test_scores_at_the_clip_are_explained_as_that_far_off(name: str) -> None:
    estimator = fitted_families(0)[name]
    steep = CalibratedAverage(estimator.members, [40.0] * len(estimator.members), [0.0] * len(estimator.members))
    features = make_new_rows(0)
    scores = steep.predict_proba(features)[:, 1]
    assert min(scores.min(), 1 - scores.max()) < 1e-7
    baseline, values = contributions(steep, features, {})
    np.testing.assert_allclose(baseline + values.sum(axis=1), log_odds_of(steep, features), atol=1e-7)


def test_no_rows_have_no_contributions() -> None:
    features = make_rows(0)[0]
    baseline, values = contributions(fitted_families(0)["average"], features.iloc[:0], {})
    assert np.isnan(baseline)
    assert values.shape == (0, features.shape[1])

"""How each member of an estimator is taken apart into what features add."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from precision_marketing.estimators.families import log_odds, member_prediction

# The parts of a member must give its own prediction back this closely, in log-odds or
# money (of large amounts, as a share of them); else it is explained as a family that
# has no parts.
TOLERANCE = 1e-7
TOLERATED_SHARE = 1e-9
Step = Callable[[np.ndarray], np.ndarray]
# What takes a member's prediction to the scale it is explained on, and back.
Scale = tuple[Step, Step]
LOG_ODDS: Scale = (log_odds, expit)
MONEY: Scale = (np.positive, np.positive)
# What boosted trees add up to, made a prediction, per loss of the two that are in use.
BOOSTED_STEPS: dict[str, Step] = {"log_loss": expit, "poisson": np.exp}
# The baseline, what each row (first axis) and feature (second axis) adds to it, and how
# their sum becomes what the member predicts.
Parts = tuple[float, np.ndarray, Step]


def explainer(
    member: Pipeline, names: pd.Index, groups: dict[str, str], scale: Scale
) -> Callable[[pd.DataFrame], Parts]:
    """Choose how a member is taken apart; what depends on no row is done once."""
    preprocessor = member.steps[0][1]
    inputs = _inputs(preprocessor)
    places = names.get_indexer([name for name, _ in inputs])
    is_text = np.array([text for _, text in inputs])
    add_up = None
    if len(member.steps) == 2:
        add_up = _adding_up(member.steps[1][1], places, is_text, len(names))
    enter = _entering(member, inputs, names, groups, scale)
    to_scale = scale[0]

    def explain(features: pd.DataFrame) -> Parts:
        matrix = np.asarray(preprocessor.transform(features), dtype=float)
        if add_up is not None:
            parts = add_up(matrix)
            found = to_scale(parts[2](parts[0] + parts[1].sum(axis=1)))
            given = to_scale(member_prediction(member[1:], matrix))
            if np.allclose(found, given, rtol=TOLERATED_SHARE, atol=TOLERANCE):
                return parts
        return enter(matrix)

    return explain


def _adding_up(
    last: object, places: np.ndarray, is_text: np.ndarray, count: int
) -> Callable[[np.ndarray], Parts] | None:
    """Find how the last step adds up; None where it does not."""
    if isinstance(last, LogisticRegression):
        return _linear(last, places, is_text, count, expit)
    if isinstance(last, Ridge):
        return _linear(last, places, is_text, count, np.positive)
    if isinstance(last, DecisionTreeClassifier | DecisionTreeRegressor):
        return _trees([_tree(last)], places, count, 0.0, np.positive)
    if isinstance(last, RandomForestClassifier | RandomForestRegressor):
        weight = 1 / len(last.estimators_)
        trees = [_tree(tree, weight) for tree in last.estimators_]
        return _trees(trees, places, count, 0.0, np.positive)
    if isinstance(last, HistGradientBoostingClassifier | HistGradientBoostingRegressor) and last.loss in BOOSTED_STEPS:
        # scikit-learn has no public view of these trees: `explainer` checks the sums
        trees = [_boosted_tree(trees[0].nodes) for trees in last._predictors]
        start = float(np.ravel(last._baseline_prediction)[0])
        return _trees(trees, places, count, start, BOOSTED_STEPS[last.loss])
    return None


def _inputs(preprocessor: object) -> list[tuple[str, bool]]:
    """Name the feature behind each column made, and say whether it is a text."""
    inputs: list[tuple[str, bool]] = []
    for _, step, columns in getattr(preprocessor, "transformers_", [("", None, [""])]):
        if len(columns) == 0 or (isinstance(step, str) and step == "drop"):
            continue
        if isinstance(step, OneHotEncoder):
            rare = getattr(step, "infrequent_categories_", [None] * len(columns))
            for name, known, few in zip(columns, step.categories_, rare, strict=True):
                deduplicated = 0 if few is None else len(few) - 1
                inputs += [(name, True)] * (len(known) - deduplicated)
        elif isinstance(step, Pipeline) and all(
            isinstance(part, FunctionTransformer | StandardScaler)
            or (isinstance(part, SimpleImputer) and part.keep_empty_features)
            for _, part in step.steps
        ):
            inputs += [(name, False) for name in columns]
        else:
            raise ValueError(
                "Scores cannot be explained: the columns that "
                f"{type(step or preprocessor).__name__} makes come from unknown features."
            )
    return inputs


def _linear(
    last: LogisticRegression | Ridge, places: np.ndarray, is_text: np.ndarray, count: int, to_prediction: Step
) -> Callable[[np.ndarray], Parts]:
    coefficients = np.ravel(last.coef_)
    baseline = float(np.ravel(last.intercept_)[0])
    # Numbers are centred by the scaler; the columns of a text feature are not.
    offsets = np.zeros(count)
    for place in np.unique(places[is_text]):
        offsets[place] = coefficients[places == place].mean()
    starts = np.flatnonzero(np.diff(places, prepend=-1))

    def take_apart(matrix: np.ndarray) -> Parts:
        values = np.zeros((len(matrix), count))
        values[:, places[starts]] = np.add.reduceat(matrix * coefficients, starts, 1)
        return baseline + offsets.sum(), values - offsets, to_prediction

    return take_apart


@dataclass(frozen=True)
class _Tree:
    """One tree as arrays, one entry per node; the root is node 0."""

    left: np.ndarray
    right: np.ndarray
    is_leaf: np.ndarray
    split_on: np.ndarray
    threshold: np.ndarray
    means: np.ndarray
    dtype: type


def _tree(tree: DecisionTreeClassifier | DecisionTreeRegressor, weight: float = 1.0) -> _Tree:
    nodes = tree.tree_
    # per node the counts of both classes, or the mean of what a regressor learnt
    values = nodes.value[:, 0, :]
    is_mean = values.shape[1] == 1
    means = values[:, 0] if is_mean else values[:, 1] / values.sum(axis=1)
    return _Tree(
        left=nodes.children_left,
        right=nodes.children_right,
        is_leaf=nodes.children_left < 0,
        split_on=nodes.feature,
        threshold=nodes.threshold,
        means=weight * means,
        # as scikit-learn compares
        dtype=np.float32,
    )


def _boosted_tree(nodes: np.ndarray) -> _Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"].astype(int), nodes["right"].astype(int)
    means, counts = nodes["value"].copy(), nodes["count"].astype(float)
    # The value kept at a split leaves out the learning rate: its leaves' mean instead.
    for node in np.flatnonzero(~is_leaf)[::-1]:
        below = [left[node], right[node]]
        means[node] = np.average(means[below], weights=counts[below])
    return _Tree(
        left=left,
        right=right,
        is_leaf=is_leaf,
        split_on=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        means=means,
        dtype=np.float64,
    )


def _trees(
    trees: list[_Tree], places: np.ndarray, count: int, start: float, to_prediction: Step
) -> Callable[[np.ndarray], Parts]:
    baseline = start + sum(float(tree.means[0]) for tree in trees)

    def take_apart(matrix: np.ndarray) -> Parts:
        values = np.zeros((len(matrix), count))
        matrices = {kind: matrix.astype(kind) for kind in {tree.dtype for tree in trees}}
        for tree in trees:
            _add_path(tree, matrices[tree.dtype], places, values)
        return baseline, values, to_prediction

    return take_apart


def _add_path(tree: _Tree, matrix: np.ndarray, places: np.ndarray, values: np.ndarray) -> None:
    """Add each change of the mean on each row's path to ``values``, in place."""
    rows, nodes = np.arange(len(matrix)), np.zeros(len(matrix), dtype=int)
    while True:
        inner = ~tree.is_leaf[nodes]
        rows, nodes = rows[inner], nodes[inner]
        if not len(rows):
            return
        split_on = tree.split_on[nodes]
        to_left = matrix[rows, split_on] <= tree.threshold[nodes]
        children = np.where(to_left, tree.left[nodes], tree.right[nodes])
        values[rows, places[split_on]] += tree.means[children] - tree.means[nodes]
        nodes = children


def _entering(
    member: Pipeline, inputs: list[tuple[str, bool]], names: pd.Index, groups: dict[str, str], scale: Scale
) -> Callable[[np.ndarray], Parts]:
    # Of each group, its features and the columns made of them.
    group_of = {name: groups.get(name, name) for name in names}
    made_of = np.array([group_of[name] for name, _ in inputs])
    group_names = np.array(list(group_of.values()))
    entering = [
        (np.flatnonzero(group_names == group), np.flatnonzero(made_of == group)) for group in dict.fromkeys(made_of)
    ]
    unknown = _unknown_row(member.steps[0][1], inputs)
    to_scale, from_scale = scale

    def told(matrix: np.ndarray) -> np.ndarray:
        return to_scale(member_prediction(member[1:], matrix))

    def explain(matrix: np.ndarray) -> Parts:
        baseline, whole = told(unknown)[0], told(matrix)
        values = np.zeros((len(matrix), len(names)))
        for order in (entering, entering[::-1]):
            mixed = np.repeat(unknown, len(matrix), axis=0)
            before = np.full(len(matrix), baseline)
            for number, (places, columns) in enumerate(order, start=1):
                mixed[:, columns] = matrix[:, columns]
                after = whole if number == len(order) else told(mixed)
                values[:, places] += ((after - before) / 2 / len(places))[:, None]
                before = after
        return float(baseline), values, from_scale

    return explain


def _unknown_row(preprocessor: ColumnTransformer, inputs: list[tuple[str, bool]]) -> np.ndarray:
    """Make what stands for a row of which nothing is known, shape (1, columns)."""
    unknown = {name: "" if is_text else np.nan for name, is_text in inputs}
    row = np.asarray(preprocessor.transform(pd.DataFrame([unknown])), dtype=float)
    counts = pd.Series([name for name, _ in inputs]).value_counts()
    for column, (name, is_text) in enumerate(inputs):
        if is_text:
            row[0, column] = 1 / counts[name]
    return row

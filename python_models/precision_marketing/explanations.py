"""What each feature adds to a score, on the log-odds scale, adding up exactly.

Every member of an estimator is taken apart on the scale on which it adds up, then
carried over its nonlinear steps: calibration, the average of probabilities, and back to
log-odds. Carried over means the value of Aumann and Shapley (1974) along the straight
line from the baseline to the row: a step f multiplies the contributions by
(f(row) - f(baseline)) / (row - baseline), so that they still add up.

What a contribution is, and its baseline, per family:

- linear: coefficient times (value - training mean), on the scale that the preprocessor
  made. Of a text feature, the coefficient of the row's category less the plain mean of
  the coefficients of all its categories.
- tree, forest (in probabilities) and boosting (in log-odds): at each split on the row's
  path the change of the node's mean goes to the feature split on (Saabas, 2014). The
  baseline is the mean of the roots.
- every other (neighbours, support vectors, neural networks): the row's features enter,
  group by group, in place of unknown ones (a missing number, which the imputer fills;
  of a text, every category in equal parts); what each changes is its contribution.
  Once in the order of the features, once in reverse; the mean of both is an antithetic
  pair of draws of the Shapley value (Castro, Gómez and Tejada, 2009). It adds up
  exactly; how groups share what they only do together is an approximation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from precision_marketing.estimators import (
    CalibratedAverage,
    log_odds,
    member_probability,
    use_one_thread,
)

# Rows explained at a time: 4,096 x 130 features take 4 MB per working copy.
BATCH_ROWS = 4096
# The parts of a member must give its own prediction back this closely, in log-odds;
# else it is explained as a family that has no parts.
TOLERANCE = 1e-7
# Smaller changes are carried over by the slope, the limit of the quotient, which is
# measured over the wider step.
SMALL_CHANGE = 1e-12
SLOPE_STEP = 1e-6

# The baseline, what each row (first axis) and feature (second axis) adds to it, and how
# their sum becomes a probability.
Parts = tuple[float, np.ndarray, Callable[[np.ndarray], np.ndarray]]


def contributions(
    estimator: CalibratedAverage, features: pd.DataFrame, groups: dict[str, str]
) -> tuple[float, pd.DataFrame]:
    """Share the log-odds of each score out to the features.

    Parameters
    ----------
    estimator : CalibratedAverage
        Fitted.
    features : pandas.DataFrame
        Shape (rows, features): the columns that the estimator was fitted on.
    groups : dict of str to str
        Per feature, the group that it enters with; one left out enters alone. Only
        members without parts look at it: a group's features get equal shares.

    Returns
    -------
    baseline : float
        Log-odds of the mean of the members' baselines, equal for all rows; NaN where
        there are no rows.
    contributions : pandas.DataFrame
        Shape (rows, features), in log-odds. A row's sum and the baseline are the
        log-odds of the row's score. A probability closer to 0 or 1 than 1e-5 counts as
        that close, as it does between the members and their calibration.

    Raises
    ------
    ValueError
        If a member's first step makes columns of which the feature is not known.
    """
    batches = list(explain_batches(estimator, features, groups))
    if not batches:
        return float("nan"), pd.DataFrame(columns=features.columns, dtype=float)
    return batches[0][0], pd.concat([values for _, values in batches])


def explain_batches(
    estimator: CalibratedAverage, features: pd.DataFrame, groups: dict[str, str]
) -> Iterator[tuple[float, pd.DataFrame]]:
    """Do what `contributions` does, at most `BATCH_ROWS` rows at a time."""
    use_one_thread()
    explainers = [
        _explainer(member, features.columns, groups) for member in estimator.members
    ]
    for start in range(0, len(features), BATCH_ROWS):
        batch = features.iloc[start : start + BATCH_ROWS]
        baseline, values = 0.0, np.zeros(batch.shape)
        parts = zip(explainers, estimator.slopes, estimator.intercepts, strict=True)
        for explain, slope, intercept in parts:
            calibrated = _calibrated(explain(batch), slope, intercept)
            baseline += calibrated[0] / len(explainers)
            values += calibrated[1] / len(explainers)
        baseline, values = _carry(log_odds, baseline, values)
        yield baseline, pd.DataFrame(values, batch.index, features.columns)


def _calibrated(
    parts: Parts, slope: float, intercept: float
) -> tuple[float, np.ndarray]:
    """Carry a member's parts over its calibration: they add up to a probability."""
    baseline, values, to_probability = parts

    def step(total: np.ndarray) -> np.ndarray:
        return expit(slope * log_odds(to_probability(total)) + intercept)

    return _carry(step, baseline, values)


def _carry(
    step: Callable[[np.ndarray], np.ndarray], baseline: float, values: np.ndarray
) -> tuple[float, np.ndarray]:
    """Carry contributions over a step; they add up before and after."""
    start, low, high = step(baseline + SLOPE_STEP * np.array([0.0, -0.5, 0.5]))
    change = values.sum(axis=1)
    is_small = np.abs(change) < SMALL_CHANGE
    quotient = (step(baseline + change) - start) / np.where(is_small, 1.0, change)
    factors = np.where(is_small, (high - low) / SLOPE_STEP, quotient)
    return float(start), values * factors[:, None]


def _explainer(
    member: Pipeline, names: pd.Index, groups: dict[str, str]
) -> Callable[[pd.DataFrame], Parts]:
    """Choose how a member is taken apart; what depends on no row is done once."""
    preprocessor = member.steps[0][1]
    inputs = _inputs(preprocessor)
    places = names.get_indexer([name for name, _ in inputs])
    is_text = np.array([text for _, text in inputs])
    add_up = None
    if len(member.steps) == 2:
        add_up = _adding_up(member.steps[1][1], places, is_text, len(names))
    enter = _entering(member, inputs, names, groups)

    def explain(features: pd.DataFrame) -> Parts:
        matrix = np.asarray(preprocessor.transform(features), dtype=float)
        if add_up is not None:
            parts = add_up(matrix)
            found = log_odds(parts[2](parts[0] + parts[1].sum(axis=1)))
            given = log_odds(member_probability(member[1:], matrix))
            if np.allclose(found, given, rtol=0, atol=TOLERANCE):
                return parts
        return enter(matrix)

    return explain


def _adding_up(
    last: object, places: np.ndarray, is_text: np.ndarray, count: int
) -> Callable[[np.ndarray], Parts] | None:
    """Find how the last step adds up; None where it does not."""
    if isinstance(last, LogisticRegression):
        return _linear(last, places, is_text, count)
    if isinstance(last, DecisionTreeClassifier):
        return _trees([_tree(last)], places, count, 0.0, np.positive)
    if isinstance(last, RandomForestClassifier):
        weight = 1 / len(last.estimators_)
        trees = [_tree(tree, weight) for tree in last.estimators_]
        return _trees(trees, places, count, 0.0, np.positive)
    if isinstance(last, HistGradientBoostingClassifier):
        # scikit-learn has no public view of these trees: `_explainer` checks the sums
        trees = [_boosted_tree(trees[0].nodes) for trees in last._predictors]
        start = float(np.ravel(last._baseline_prediction)[0])
        return _trees(trees, places, count, start, expit)
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
                folded = 0 if few is None else len(few) - 1
                inputs += [(name, True)] * (len(known) - folded)
        elif isinstance(step, Pipeline) and all(
            isinstance(part, FunctionTransformer | StandardScaler)
            or (isinstance(part, SimpleImputer) and part.keep_empty_features)
            for _, part in step.steps
        ):
            inputs += [(name, False) for name in columns]
        else:
            raise ValueError(
                "Scores cannot be explained: it is not known of which feature the "
                f"columns are that {type(step or preprocessor).__name__} makes."
            )
    return inputs


def _linear(
    last: LogisticRegression, places: np.ndarray, is_text: np.ndarray, count: int
) -> Callable[[np.ndarray], Parts]:
    coefficients, baseline = last.coef_[0], float(last.intercept_[0])
    # Numbers are centred by the scaler; the columns of a text feature are not.
    offsets = np.zeros(count)
    for place in np.unique(places[is_text]):
        offsets[place] = coefficients[places == place].mean()
    starts = np.flatnonzero(np.diff(places, prepend=-1))

    def take_apart(matrix: np.ndarray) -> Parts:
        values = np.zeros((len(matrix), count))
        values[:, places[starts]] = np.add.reduceat(matrix * coefficients, starts, 1)
        return baseline + offsets.sum(), values - offsets, expit

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


def _tree(tree: DecisionTreeClassifier, weight: float = 1.0) -> _Tree:
    nodes = tree.tree_
    counts = nodes.value[:, 0, :]
    return _Tree(
        left=nodes.children_left,
        right=nodes.children_right,
        is_leaf=nodes.children_left < 0,
        split_on=nodes.feature,
        threshold=nodes.threshold,
        means=weight * counts[:, 1] / counts.sum(axis=1),
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
    trees: list[_Tree],
    places: np.ndarray,
    count: int,
    start: float,
    to_probability: Callable[[np.ndarray], np.ndarray],
) -> Callable[[np.ndarray], Parts]:
    baseline = start + sum(float(tree.means[0]) for tree in trees)

    def take_apart(matrix: np.ndarray) -> Parts:
        values = np.zeros((len(matrix), count))
        matrices = {
            kind: matrix.astype(kind) for kind in {tree.dtype for tree in trees}
        }
        for tree in trees:
            _add_path(tree, matrices[tree.dtype], places, values)
        return baseline, values, to_probability

    return take_apart


def _add_path(
    tree: _Tree, matrix: np.ndarray, places: np.ndarray, values: np.ndarray
) -> None:
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
    member: Pipeline,
    inputs: list[tuple[str, bool]],
    names: pd.Index,
    groups: dict[str, str],
) -> Callable[[np.ndarray], Parts]:
    # Of each group, its features and the columns made of them.
    group_of = {name: groups.get(name, name) for name in names}
    made_of = np.array([group_of[name] for name, _ in inputs])
    group_names = np.array(list(group_of.values()))
    entering = [
        (np.flatnonzero(group_names == group), np.flatnonzero(made_of == group))
        for group in dict.fromkeys(made_of)
    ]
    unknown = _unknown_row(member.steps[0][1], inputs)

    def told(matrix: np.ndarray) -> np.ndarray:
        return log_odds(member_probability(member[1:], matrix))

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
        return float(baseline), values, expit

    return explain


def _unknown_row(
    preprocessor: ColumnTransformer, inputs: list[tuple[str, bool]]
) -> np.ndarray:
    """Make what stands for a row of which nothing is known, shape (1, columns)."""
    unknown = {name: "" if is_text else np.nan for name, is_text in inputs}
    row = np.asarray(preprocessor.transform(pd.DataFrame([unknown])), dtype=float)
    counts = pd.Series([name for name, _ in inputs]).value_counts()
    for column, (name, is_text) in enumerate(inputs):
        if is_text:
            row[0, column] = 1 / counts[name]
    return row

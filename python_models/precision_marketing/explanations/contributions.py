"""What each feature adds to a score, adding up exactly.

A probability is explained in log-odds, an amount in money. Every member of an estimator
is taken apart on the scale on which it adds up, then carried over the nonlinear steps
that follow: for a probability the calibration, the average and back to log-odds; for an
amount the exponential of Poisson boosting and the clip of the average at 0. Carried
over means the value of Aumann and Shapley (1974) along the straight line from the
baseline to the row: a step f multiplies the contributions by
(f(row) - f(baseline)) / (row - baseline), so that they still add up.

What a contribution is, and its baseline, per family:

- linear: coefficient times (value - training mean), on the scale that the preprocessor
  made. Of a text feature, the coefficient of the row's category less the plain mean of
  the coefficients of all its categories.
- tree, forest (both in what they predict) and boosting (in log-odds, or in logs of
  amounts): at each split on the row's path the change of the node's mean goes to the
  feature split on (Saabas, 2014). The baseline is the mean of the roots.
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

from precision_marketing.estimators.families import (
    AverageAmount,
    CalibratedAverage,
    log_odds,
    member_prediction,
    use_one_thread,
)

# Rows explained at a time: 4,096 x 130 features take 4 MB per working copy.
BATCH_ROWS = 4096
# The parts of a member must give its own prediction back this closely, in log-odds or
# money (of large amounts, as a share of them); else it is explained as a family that
# has no parts.
TOLERANCE = 1e-7
TOLERATED_SHARE = 1e-9
# Smaller changes are carried over by the slope, the limit of the quotient, which is
# measured over the wider step. Both are shares of a baseline beyond 1.
SMALL_CHANGE = 1e-12
SLOPE_STEP = 1e-6

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


def contributions(
    estimator: CalibratedAverage | AverageAmount,
    features: pd.DataFrame,
    groups: dict[str, str],
) -> tuple[float, pd.DataFrame]:
    """Share the log-odds of each probability, or each amount, out to the features.

    Parameters
    ----------
    estimator : CalibratedAverage or AverageAmount
        Fitted.
    features : pandas.DataFrame
        Shape (rows, features): the columns that the estimator was fitted on.
    groups : dict of str to str
        Per feature, the group that it enters with; one left out enters alone. Only
        members without parts look at it: a group's features get equal shares.

    Returns
    -------
    baseline : float
        Mean of the members' baselines, in log-odds or money, equal for all rows; NaN
        where there are no rows.
    contributions : pandas.DataFrame
        Shape (rows, features), in log-odds or money. A row's sum and the baseline are
        the log-odds of the row's probability, or its amount. A probability closer to 0
        or 1 than 1e-5 counts as that close, as it does between the members and their
        calibration.

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
    estimator: CalibratedAverage | AverageAmount,
    features: pd.DataFrame,
    groups: dict[str, str],
) -> Iterator[tuple[float, pd.DataFrame]]:
    """Do what `contributions` does, at most `BATCH_ROWS` rows at a time."""
    use_one_thread()
    scale, member_steps, last_step = _steps(estimator)
    explainers = [
        _explainer(member, features.columns, groups, scale)
        for member in estimator.members
    ]
    for start in range(0, len(features), BATCH_ROWS):
        batch = features.iloc[start : start + BATCH_ROWS]
        baseline, values = 0.0, np.zeros(batch.shape)
        for explain, step in zip(explainers, member_steps, strict=True):
            own_baseline, own_values, to_prediction = explain(batch)
            carried = _carry(_after(to_prediction, step), own_baseline, own_values)
            baseline += carried[0] / len(explainers)
            values += carried[1] / len(explainers)
        baseline, values = _carry(last_step, baseline, values)
        yield baseline, pd.DataFrame(values, batch.index, features.columns)


def _steps(
    estimator: CalibratedAverage | AverageAmount,
) -> tuple[Scale, list[Step], Step]:
    """Find the scale of the members, the step of each to the mean, and the last one."""
    if isinstance(estimator, AverageAmount):
        return MONEY, [np.positive] * len(estimator.members), _at_least_zero
    maps = zip(estimator.slopes, estimator.intercepts, strict=True)
    return LOG_ODDS, [_calibration(*each) for each in maps], log_odds


def _calibration(slope: float, intercept: float) -> Step:
    return lambda chances: expit(slope * log_odds(chances) + intercept)


def _at_least_zero(amounts: np.ndarray) -> np.ndarray:
    return np.maximum(amounts, 0.0)


def _after(first: Step, then: Step) -> Step:
    return lambda total: then(first(total))


def _carry(step: Step, baseline: float, values: np.ndarray) -> tuple[float, np.ndarray]:
    """Carry contributions over a step; they add up before and after."""
    unit = max(1.0, abs(baseline))
    width = SLOPE_STEP * unit
    start, low, high = step(baseline + width * np.array([0.0, -0.5, 0.5]))
    change = values.sum(axis=1)
    is_small = np.abs(change) < SMALL_CHANGE * unit
    quotient = (step(baseline + change) - start) / np.where(is_small, 1.0, change)
    factors = np.where(is_small, (high - low) / width, quotient)
    return float(start), values * factors[:, None]


def _explainer(
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
    if (
        isinstance(last, HistGradientBoostingClassifier | HistGradientBoostingRegressor)
        and last.loss in BOOSTED_STEPS
    ):
        # scikit-learn has no public view of these trees: `_explainer` checks the sums
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
    last: LogisticRegression | Ridge,
    places: np.ndarray,
    is_text: np.ndarray,
    count: int,
    to_prediction: Step,
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


def _tree(
    tree: DecisionTreeClassifier | DecisionTreeRegressor, weight: float = 1.0
) -> _Tree:
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
    trees: list[_Tree],
    places: np.ndarray,
    count: int,
    start: float,
    to_prediction: Step,
) -> Callable[[np.ndarray], Parts]:
    baseline = start + sum(float(tree.means[0]) for tree in trees)

    def take_apart(matrix: np.ndarray) -> Parts:
        values = np.zeros((len(matrix), count))
        matrices = {
            kind: matrix.astype(kind) for kind in {tree.dtype for tree in trees}
        }
        for tree in trees:
            _add_path(tree, matrices[tree.dtype], places, values)
        return baseline, values, to_prediction

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
    scale: Scale,
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

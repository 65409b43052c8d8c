"""Contributions of features to a score, adding up exactly.

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

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import expit

from precision_marketing.common.threads import use_one_thread
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage, log_odds
from precision_marketing.explanations.members import LOG_ODDS, MONEY, Scale, Step, explainer

# Rows explained at a time: 4,096 x 130 features take 4 MB per working copy.
BATCH_ROWS = 4096
# Smaller changes are carried over by the slope, the limit of the quotient, which is
# measured over the wider step. Both are shares of a baseline beyond 1.
SMALL_CHANGE = 1e-12
SLOPE_STEP = 1e-6


def contributions(
    estimator: CalibratedAverage | AverageAmount, features: pd.DataFrame, groups: dict[str, str]
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
    estimator: CalibratedAverage | AverageAmount, features: pd.DataFrame, groups: dict[str, str]
) -> Iterator[tuple[float, pd.DataFrame]]:
    """Do what `contributions` does, at most `BATCH_ROWS` rows at a time."""
    use_one_thread()
    scale, member_steps, last_step = _steps(estimator)
    explainers = [explainer(member, features.columns, groups, scale) for member in estimator.members]
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


def _steps(estimator: CalibratedAverage | AverageAmount) -> tuple[Scale, list[Step], Step]:
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

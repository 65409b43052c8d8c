"""Metrics of predictions, for many weightings of the users at once.

The plain values are computed a second time in SQL (marts ``ranking_metrics``,
``probability_metrics`` and ``amount_metrics``); a test holds the two and scikit-learn
against each other.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

RANKING_METRICS = ("auc", "within_auc", "average_precision", "lift_top_tenth")
PROBABILITY_METRICS = ("brier", "log_loss", "calibration_error", "accuracy", "precision", "recall", "f1")
AMOUNT_METRICS = ("mean_squared_error", "mean_absolute_error", "r_squared", "total_ratio")
# Of all others more is better; the ratio of totals has no better and worse.
LESS_IS_BETTER = ("brier", "log_loss", "calibration_error", "mean_squared_error", "mean_absolute_error")
# A row is told to be positive from this probability on.
DECISION_THRESHOLD = 0.5
# Draws see predictions in so many steps of equal size, which moves no interval's third
# digit; plain values see every prediction. Inside a campaign or category fewer do.
DRAWN_STEPS, DRAWN_GROUP_STEPS = 1000, 60


def weighted_metrics(
    outcome: np.ndarray, prediction: np.ndarray, user: np.ndarray, group: np.ndarray, weights: np.ndarray, *, kind: str
) -> dict[str, np.ndarray]:
    """Compute every metric plainly, and for each weighting of the users.

    Parameters
    ----------
    outcome : numpy.ndarray of float, shape (rows,)
        0.0 or 1.0, or an amount.
    prediction : numpy.ndarray of float, shape (rows,)
        A probability, an amount, or any number that is greater where the outcome is
        likelier.
    user : numpy.ndarray of int, shape (rows,)
        Number of the row's user, 0 to users - 1.
    group : numpy.ndarray of int, shape (rows,)
        Campaign, category or user inside which ``within_auc`` compares rows.
    weights : numpy.ndarray of float, shape (draws, users)
        How often each user counts.
    kind : str
        ``baseline`` (its order alone counts), ``probability`` or ``amount``.

    Returns
    -------
    dict of str to numpy.ndarray, shape (1 + draws,)
        First the plain value. For baselines and probabilities `RANKING_METRICS`, for
        probabilities also `PROBABILITY_METRICS` (``calibration_error`` over 10 bins of
        equal width; ``accuracy`` and what follows at `DECISION_THRESHOLD`), for
        amounts `AMOUNT_METRICS`. Of equal predictions, each takes its share of the top
        tenth. NaN where undefined.
    """
    if kind == "amount":
        return _amount_metrics(outcome, prediction, user, weights)
    metrics = _ranking_metrics(outcome, prediction, user, group, weights)
    if kind == "probability":
        metrics |= _probability_metrics(outcome, prediction, user, weights)
    return metrics


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _user_sums(values: np.ndarray, user: np.ndarray, count: int) -> np.ndarray:
    """Sum the rows of each user; values (rows, columns) to (users, columns)."""
    rows = csr_array((np.ones(len(user)), (user, np.arange(len(user)))), shape=(count, len(user)))
    return rows @ values


def _weighted_sums(values: np.ndarray, user: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Column sums, plain and per draw: shape (columns, 1 + draws)."""
    sums = _user_sums(values, user, weights.shape[1])
    return np.vstack([values.sum(axis=0), weights @ sums]).T


def _steps(prediction: np.ndarray, most: int | None) -> tuple[np.ndarray, int]:
    """Return each row's place among the distinct predictions, or in so many steps."""
    values, numbers, counts = np.unique(prediction, return_inverse=True, return_counts=True)
    if most is None or len(values) <= most:
        return numbers, len(values)
    below = np.cumsum(counts) - counts
    return (below * most // len(prediction))[numbers], most


def _cell_counts(
    outcome: np.ndarray, cell: np.ndarray, cell_count: int, user: np.ndarray | None, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Positives and rows per cell, shape (draws, cells); one line without draws."""
    if weights is None:
        return np.bincount(cell, outcome, cell_count)[None], np.bincount(cell, minlength=cell_count)[None].astype(float)
    # few users have rows in a cell; counts below 2 ** 24 are exact in single precision
    light = np.ascontiguousarray(weights.T, np.float32)
    shape = (cell_count, len(light))
    found = []
    for some in (outcome == 1, np.ones(len(cell), dtype=bool)):
        ones = np.ones(some.sum(), np.float32)
        drawn = csr_array((ones, (cell[some], user[some])), shape) @ light
        found.append(drawn.T.astype(float, order="C"))
    positive, every = found
    return positive, every


def _pairs(positive: np.ndarray, every: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a positive and a negative in the right order, ties half; and in all."""
    negative = every - positive
    below = np.cumsum(negative, axis=1) - negative / 2
    won = (positive * below).sum(axis=1)
    return won, positive.sum(axis=1) * negative.sum(axis=1)


def roc_auc(positive: np.ndarray, every: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties half; NaN without a row of each class.

    Parameters
    ----------
    positive, every : numpy.ndarray of float, shape (draws, cells)
        Positive rows, and rows, per cell of equal prediction, in rising order.
    """
    return _ratio(*_pairs(positive, every))


def log_losses(outcome: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each row."""
    likelihood = np.where(outcome == 1, prediction, 1 - prediction)
    return -np.log(np.maximum(likelihood, 1e-15))


def _head_metrics(positive: np.ndarray, every: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics that read from the highest prediction down."""
    positive, every = positive[:, ::-1], every[:, ::-1]
    positives, rows = positive.sum(axis=1), every.sum(axis=1)
    rows_down = np.cumsum(every, axis=1)
    precision = _ratio(np.cumsum(positive, axis=1), rows_down)
    hits = (positive * np.nan_to_num(precision)).sum(axis=1)
    top = np.maximum(np.floor(rows / 10), 1)
    left = top[:, None] - (rows_down - every)
    share = np.clip(np.nan_to_num(_ratio(left, every)), 0, 1)
    top_rate = (positive * share).sum(axis=1) / top
    return {
        "average_precision": _ratio(hits, positives),
        "lift_top_tenth": _ratio(top_rate, positives / np.maximum(rows, 1)),
    }


def _ranking_metrics(
    outcome: np.ndarray, prediction: np.ndarray, user: np.ndarray, group: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {name: [] for name in RANKING_METRICS}
    for users, drawn in ((None, None), (user, weights)):
        step, count = _steps(prediction, None if drawn is None else DRAWN_STEPS)
        counts = _cell_counts(outcome, step, count, users, drawn)
        parts["auc"].append(roc_auc(*counts))
        for name, found in _head_metrics(*counts).items():
            parts[name].append(found)
        within = parts["auc"][-1]
        if group.max(initial=0) > 0:
            within = _ratio(*_pairs_within(outcome, prediction, users, group, drawn))
        parts["within_auc"].append(within)
    return {name: np.concatenate(found) for name, found in parts.items()}


def _pairs_within(
    outcome: np.ndarray, prediction: np.ndarray, user: np.ndarray | None, group: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the pairs of `_pairs` over groups, each pair inside one."""
    owner = np.zeros(group.max() + 1, dtype=int)
    owner[group] = np.zeros(len(group), dtype=int) if user is None else user
    if user is None or (owner[group] == user).all():
        return _pairs_of_owners(outcome, prediction, group, None if weights is None else weights[:, owner])
    cell, cell_count, starts = np.zeros(len(group), dtype=int), 0, []
    for number in range(group.max() + 1):
        inside = group == number
        most = None if weights is None else DRAWN_GROUP_STEPS
        step, count = _steps(prediction[inside], most)
        cell[inside] = step + cell_count
        starts.append(cell_count)
        cell_count += count
    positive, every = _cell_counts(outcome, cell, cell_count, user, weights)
    won, pairs = np.zeros(len(positive)), np.zeros(len(positive))
    for start, end in zip(starts, [*starts[1:], cell_count], strict=True):
        group_won, group_pairs = _pairs(positive[:, start:end], every[:, start:end])
        won += group_won
        pairs += group_pairs
    return won, pairs


def _pairs_of_owners(
    outcome: np.ndarray, prediction: np.ndarray, group: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the pairs of groups of which each is drawn as a whole: they are counted once.

    ``weights``, of shape (draws, groups), says how often; None for once.
    """
    size = group.max() + 1
    rank = pd.Series(prediction).groupby(group).rank().to_numpy()
    rows, positives = np.bincount(group, minlength=size), np.bincount(group, outcome, size)
    won = np.bincount(group, rank * outcome, size) - positives * (positives + 1) / 2
    pairs = positives * (rows - positives)
    if weights is None:
        return np.array([won.sum()]), np.array([pairs.sum()])
    # a user drawn twice has each pair four times
    return weights**2 @ won, weights**2 @ pairs


def _probability_metrics(
    outcome: np.ndarray, prediction: np.ndarray, user: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    told = prediction >= DECISION_THRESHOLD
    columns = [
        np.ones(len(outcome)),
        (prediction - outcome) ** 2,
        log_losses(outcome, prediction),
        told == outcome,
        told * outcome,
        told,
        outcome,
    ]
    bins = np.minimum((prediction * 10).astype(int), 9)
    columns += [(outcome - prediction) * (bins == number) for number in range(10)]
    sums = _weighted_sums(np.column_stack(columns).astype(float), user, weights)
    rows, squared, losses, correct, hits, told_count, positives, *gaps = sums
    return {
        "brier": _ratio(squared, rows),
        "log_loss": _ratio(losses, rows),
        "calibration_error": _ratio(np.abs(gaps).sum(axis=0), rows),
        "accuracy": _ratio(correct, rows),
        "precision": _ratio(hits, told_count),
        "recall": _ratio(hits, positives),
        "f1": _ratio(2 * hits, told_count + positives),
    }


def _amount_metrics(
    outcome: np.ndarray, prediction: np.ndarray, user: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    columns = [
        np.ones(len(outcome)),
        (prediction - outcome) ** 2,
        np.abs(prediction - outcome),
        outcome,
        outcome**2,
        prediction,
    ]
    rows, squared, absolute, total, total_squared, predicted = _weighted_sums(np.column_stack(columns), user, weights)
    return {
        "mean_squared_error": _ratio(squared, rows),
        "mean_absolute_error": _ratio(absolute, rows),
        "r_squared": 1 - _ratio(squared, total_squared - total**2 / np.maximum(rows, 1)),
        "total_ratio": _ratio(predicted, total),
    }

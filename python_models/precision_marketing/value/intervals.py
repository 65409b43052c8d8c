"""Bootstrap intervals over users, of the metrics of a test period."""

import numpy as np
import pandas as pd

from precision_marketing.common.bootstrap import interval, user_weights
from precision_marketing.evaluation.metrics import roc_auc

INTERVAL_COLUMNS = {
    "split_name": "string",
    "estimator_name": "string",
    "metric": "string",
    "metric_value": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
}


def value_intervals(judged: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Put 95 % bootstrap intervals over users on the metrics of the test period.

    Parameters
    ----------
    judged : pandas.DataFrame
        Output of `judge_value`.
    draws, seed : int
        Resamples of the users, and their seed; the same users for every estimator.

    Returns
    -------
    pandas.DataFrame
        Columns `INTERVAL_COLUMNS`; one row per estimator and metric of the test, which
        alone is reported on.
    """
    records = []
    tested = judged[judged["split_name"] == "test"]
    for (split, name), rows in tested.groupby(["split_name", "estimator_name"]):
        rows = rows.sort_values("first_order_id")
        counts = user_weights(len(rows), draws, seed)
        weights = np.vstack([np.ones(len(rows)), counts])
        for metric, values in _value_metrics(rows, weights).items():
            records.append((split, name, metric, values[0], *interval(values[1:])))
    found = pd.DataFrame(records, columns=list(INTERVAL_COLUMNS))
    return found.astype(INTERVAL_COLUMNS)


def _value_metrics(rows: pd.DataFrame, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of one estimator for each weighting of the users; shape (draws + 1,)."""
    bought = rows["order_count"].to_numpy(float)
    expected = rows["expected_orders"].to_numpy(float)
    spent = rows["net_amount"].to_numpy(float)
    amount = rows["expected_amount"].to_numpy(float)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        metrics = {
            "auc": _area(bought > 0, expected, weights),
            "count_rmse": np.sqrt(weights @ (expected - bought) ** 2 / total),
            "total_ratio": weights @ expected / (weights @ bought),
            "spend_rmse": np.sqrt(weights @ (amount - spent) ** 2 / total),
            "spend_ratio": weights @ amount / (weights @ spent),
        }
    if rows["orders_low"].notna().all():
        inside = rows["order_count"].between(rows["orders_low"], rows["orders_high"])
        metrics["count_coverage"] = weights @ inside.to_numpy(float) / total
        inside = rows["net_amount"].between(rows["amount_low"], rows["amount_high"])
        metrics["spend_coverage"] = weights @ inside.to_numpy(float) / total
    return metrics


def _area(outcome: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve per weighting, ties half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    positive = np.add.reduceat((weights * outcome)[:, order], starts, axis=1)
    return roc_auc(positive, np.add.reduceat(weights[:, order], starts, axis=1))

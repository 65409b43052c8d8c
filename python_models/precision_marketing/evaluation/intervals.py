"""Bootstrap intervals over users, of metrics and of gains over baselines."""

import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from precision_marketing.common.bootstrap import interval, user_weights
from precision_marketing.common.frames import typed
from precision_marketing.common.threads import use_one_thread, workers
from precision_marketing.estimators.tasks import ORDER_COLUMNS
from precision_marketing.evaluation.metrics import LESS_IS_BETTER, weighted_metrics

logger = logging.getLogger(__name__)

INTERVAL_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "is_baseline": "bool",
    "split_name": "string",
    "row_set": "string",
    "period": "string",
    "metric": "string",
    "best_baseline_name": "string",
    "metric_value": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "gain_over_baseline": "float64",
    "gain_low": "float64",
    "gain_high": "float64",
}
# What rows are of, and inside which ``within_auc`` compares them: a list is one user's, whom the
# first order stands for.
COMPARED_WITHIN = {"campaign_id": "campaign_id", "category_name": "category_name", "product_id": "first_order_id"}
# Per estimator and metric: the plain value, then one per draw.
Measured = dict[str, dict[str, np.ndarray]]


def measure(rows: pd.DataFrame, draws: int, seed: int, *, is_amount: bool) -> tuple[Measured, dict[str, bool]]:
    """Measure everything that predicted the same rows, on the same draws of users.

    Parameters
    ----------
    rows : pandas.DataFrame
        Predictions of one task, columns as in
        `precision_marketing.evaluation.backtest.PREDICTION_COLUMNS`.
    draws : int
        Resamples of the users.
    seed : int
        Seed of the resampling.
    is_amount : bool
        Whether the task predicts an amount.

    Returns
    -------
    tuple
        The metrics per estimator (see `Measured`), and which of them are baselines.
    """
    measured: Measured = {}
    is_baseline: dict[str, bool] = {}
    weights = None
    order = [rows[name] if name.endswith("_date") else _numbered(rows[name]) for name in ORDER_COLUMNS]
    rows = rows.iloc[np.lexsort(order[::-1])]
    for name, ordered in rows.groupby("estimator_name", observed=True):
        user, users = _numbered(ordered["first_order_id"]).factorize(sort=True)
        if weights is None:
            weights = user_weights(len(users), draws, seed)
        within = next((ordered[by] for each, by in COMPARED_WITHIN.items() if ordered[each].notna().any()), None)
        is_baseline[name] = bool(ordered["is_baseline"].iloc[0])
        kind = "baseline" if is_baseline[name] else "probability"
        measured[name] = weighted_metrics(
            ordered["outcome"].to_numpy(float),
            ordered["prediction"].to_numpy(float),
            user,
            np.zeros(len(ordered), int) if within is None else _numbered(within).factorize()[0],
            weights,
            kind="amount" if is_amount else kind,
        )
    return measured, is_baseline


def _numbered(texts: pd.Series) -> pd.Series:
    """Give texts, or categories, their numbers in the order of the texts; gaps last."""
    codes, known = texts.factorize()
    places = np.empty(len(known) + 1, dtype=int)
    places[np.argsort(np.asarray(known, dtype=object))] = np.arange(len(known))
    places[-1] = len(known)
    return pd.Series(places[codes], texts.index)


def best_baseline(measured: Measured, is_baseline: dict[str, bool], metric: str) -> str | None:
    """Return the baseline that does best by a metric, None where there is none."""
    baselines = [name for name in measured if is_baseline[name] and metric in measured[name]]
    sign = -1 if metric in LESS_IS_BETTER else 1
    return max(baselines, key=lambda name: (sign * measured[name][metric][0], name), default=None)


def gain(better: np.ndarray, worse: np.ndarray, metric: str) -> np.ndarray:
    """Return the paired difference of two, positive where the first is better."""
    return (worse - better) if metric in LESS_IS_BETTER else (better - worse)


def estimator_intervals(
    predictions: pd.DataFrame, tasks: pd.DataFrame, draws: int, seed: int, threads: int
) -> pd.DataFrame:
    """Put a 95 % interval on every metric, and on the gain over the best baseline.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Out-of-time predictions, one or more tasks.
    tasks : pandas.DataFrame
        The seed ``learning_tasks``.
    draws : int
        Resamples of the users.
    seed : int
        Seed of the resampling.
    threads : int
        Tasks measured side by side; 0 for one per core.

    Returns
    -------
    pandas.DataFrame
        Columns `INTERVAL_COLUMNS`. One row per task, candidate or baseline, split, row
        set (``all`` rows; where some outcomes are not final yet, also the ``final``
        ones), period (``pooled`` or, but for the validation, an as-of date) and
        metric. Gains are over the baseline with the best value of the metric on the
        same rows, positive when better, from the same draws (paired).
    """
    amounts = set(tasks.loc[tasks["label_kind"] == "amount", "task"])

    def measure_split(keyed: tuple[tuple[str, str], pd.DataFrame]) -> list:
        (task, split), rows = keyed
        logger.info("resamples the %s rows of %s", split, task)
        keys = {"task": task, "split_name": split}
        return [
            _summarised(*measure(slice_, draws, seed, is_amount=task in amounts)).assign(
                **keys, row_set=row_set, period=period
            )
            for row_set, period, slice_ in _slices(rows)
        ]

    with ThreadPoolExecutor(workers(threads), initializer=use_one_thread) as pool:
        split_parts = pool.map(measure_split, predictions.groupby(["task", "split_name"], observed=True))
        parts = [part for found in split_parts for part in found]
    return typed(parts, INTERVAL_COLUMNS)


def _slices(rows: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Row set, period and rows of each slice; final rows only where some are not."""
    slices = []
    is_final = rows["is_outcome_final"]
    for row_set in ("all",) if is_final.all() else ("all", "final"):
        kept = rows if row_set == "all" else rows[is_final]
        if kept.empty:
            continue
        slices.append((row_set, "pooled", kept))
        if kept["split_name"].iloc[0] == "validation":
            continue
        for period, some in kept.groupby(kept["as_of_date"].dt.strftime("%Y-%m-%d")):
            slices.append((row_set, period, some))
    return slices


def _summarised(measured: Measured, is_baseline: dict[str, bool]) -> pd.DataFrame:
    records = []
    for name, metrics in measured.items():
        for metric, found in metrics.items():
            baseline = best_baseline(measured, is_baseline, metric)
            low, high = interval(found[1:])
            record = {
                "estimator_name": name,
                "is_baseline": is_baseline[name],
                "metric": metric,
                "best_baseline_name": baseline,
                "metric_value": found[0],
                "interval_low": low,
                "interval_high": high,
            }
            if baseline is not None:
                gained = gain(found, measured[baseline][metric], metric)
                record["gain_over_baseline"] = gained[0]
                record["gain_low"], record["gain_high"] = interval(gained[1:])
            records.append(record)
    return pd.DataFrame(records).reindex(columns=list(INTERVAL_COLUMNS))

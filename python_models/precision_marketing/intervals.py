"""Metrics of predictions, with bootstrap intervals over users.

The point values are computed a second time in SQL (marts ``ranking_metrics``
and ``probability_metrics``); a test holds the two and scikit-learn against each other.
"""

import numpy as np
import pandas as pd

INTERVAL_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "is_plain_rule": "bool",
    "split_name": "string",
    "row_set": "string",
    "period": "string",
    "metric": "string",
    "best_rule_name": "string",
    "metric_value": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "gain_over_rule": "float64",
    "gain_low": "float64",
    "gain_high": "float64",
}


def _group_sums(weights: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Sum sorted rows that share a group; shape (draws, groups)."""
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    if len(starts) == len(groups):
        return weights
    return np.add.reduceat(weights, starts, axis=1)


def _pairs_won(
    outcome: np.ndarray, prediction: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a positive and a negative, in the right order (ties half) and in all."""
    order = np.argsort(prediction, kind="stable")
    outcome, prediction = outcome[order], prediction[order]
    weights = weights[:, order]
    positive = _group_sums(weights * outcome, prediction)
    negative = _group_sums(weights * (1 - outcome), prediction)
    below = np.cumsum(negative, axis=1) - negative / 2
    won = np.einsum("dg,dg->d", positive, below)
    return won, positive.sum(axis=1) * negative.sum(axis=1)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def weighted_metrics(
    outcome: np.ndarray,
    prediction: np.ndarray,
    campaign: np.ndarray,
    weights: np.ndarray,
    *,
    is_probability: bool,
) -> dict[str, np.ndarray]:
    """Compute every metric for many weightings of the same rows at once.

    Parameters
    ----------
    outcome : numpy.ndarray of float, shape (rows,)
        0.0 or 1.0.
    prediction : numpy.ndarray of float, shape (rows,)
        Greater means likelier.
    campaign : numpy.ndarray of int, shape (rows,)
        Group inside which ``within_auc`` compares rows.
    weights : numpy.ndarray of float, shape (draws, rows)
        How often each row counts in each draw; ones give the plain metric.
    is_probability : bool
        Whether Brier score, log loss and calibration error make sense.

    Returns
    -------
    dict of str to numpy.ndarray, shape (draws,)
        ``auc``, ``within_auc`` (pairs inside a campaign only), ``average_precision``,
        ``lift_top_tenth`` and, for probabilities, ``brier``, ``log_loss``,
        ``calibration_error`` (10 bins of equal width). NaN where undefined.
    """
    won, pairs = _pairs_won(outcome, prediction, weights)
    metrics = {"auc": _ratio(won, pairs)}

    won_within, pairs_within = np.zeros_like(won), np.zeros_like(pairs)
    groups = np.unique(campaign)
    for group in groups:
        if len(groups) == 1:
            won_within, pairs_within = won, pairs
            break
        mask = campaign == group
        group_won, group_pairs = _pairs_won(
            outcome[mask], prediction[mask], weights[:, mask]
        )
        won_within += group_won
        pairs_within += group_pairs
    metrics["within_auc"] = _ratio(won_within, pairs_within)

    order = np.argsort(-prediction, kind="stable")
    sorted_weights = weights[:, order]
    hits = sorted_weights * outcome[order]
    all_hits = hits.sum(axis=1)
    group_hits = _group_sums(hits, prediction[order])
    group_rows = _group_sums(sorted_weights, prediction[order])
    precision = _ratio(np.cumsum(group_hits, axis=1), np.cumsum(group_rows, axis=1))
    metrics["average_precision"] = _ratio(
        np.einsum("dg,dg->d", group_hits, np.nan_to_num(precision)), all_hits
    )

    total = weights.sum(axis=1)
    top_count = np.maximum(np.floor(total / 10), 1)
    in_top = np.cumsum(sorted_weights, axis=1) <= top_count[:, None]
    top_rate = _ratio(
        (hits * in_top).sum(axis=1), (sorted_weights * in_top).sum(axis=1)
    )
    metrics["lift_top_tenth"] = _ratio(top_rate, all_hits / total)

    if is_probability:
        clipped = np.clip(prediction, 1e-15, 1 - 1e-15)
        losses = -np.where(outcome == 1, np.log(clipped), np.log1p(-clipped))
        metrics["brier"] = weights @ (prediction - outcome) ** 2 / total
        metrics["log_loss"] = weights @ losses / total
        bins = np.minimum((prediction * 10).astype(int), 9)
        gaps = np.zeros_like(total)
        for number in range(10):
            mask = bins == number
            gaps += np.abs(weights[:, mask] @ (outcome - prediction)[mask])
        metrics["calibration_error"] = gaps / total
    return metrics


def user_draws(user_ids: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Bootstrap weights that keep a user's rows together.

    Parameters
    ----------
    user_ids : numpy.ndarray, shape (rows,)
        Whose row it is: a name per user that no key of pseudonyms changes, as the
        draws follow its order.
    draws : int
        Number of resamples of the users.
    seed : int
        Seed of the resampling.

    Returns
    -------
    numpy.ndarray of float, shape (draws + 1, rows)
        First the plain sample (all ones), then how often each row was drawn.
    """
    users, index = np.unique(user_ids, return_inverse=True)
    random = np.random.default_rng(seed)
    counts = random.multinomial(len(users), np.full(len(users), 1 / len(users)), draws)
    return np.vstack([np.ones(len(index)), counts[:, index]])


def estimator_intervals(
    predictions: pd.DataFrame, draws: int, seed: int
) -> pd.DataFrame:
    """Put a 95 % interval on every metric, and on the gain over the best plain rule.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Output of `precision_marketing.backtest.backtest`, one or more tasks.
    draws : int
        Resamples of the users.
    seed : int
        Seed of the resampling.

    Returns
    -------
    pandas.DataFrame
        Columns `INTERVAL_COLUMNS`. One row per task, candidate or rule, split, row
        set (``all`` rows, or only those with a ``final`` outcome), period (``pooled``
        or an as-of date) and metric. Gains are over the rule with the best value of the
        metric on the same rows, positive when better, from the same draws (paired).
    """
    parts = []
    for (task, split), rows in predictions.groupby(["task", "split_name"]):
        measured_all = []
        for row_set in ("all", "final"):
            if row_set == "final" and rows["is_outcome_final"].all():
                parts += [part.assign(row_set="final") for part in measured_all]
                break
            kept = rows if row_set == "all" else rows[rows["is_outcome_final"]]
            periods = kept["as_of_date"].dt.strftime("%Y-%m-%d")
            slices = [("pooled", kept), *kept.groupby(periods)]
            for period, slice_ in slices:
                if slice_.empty:
                    continue
                measured = _measure(slice_, draws, seed)
                measured["task"], measured["split_name"] = task, split
                measured["row_set"], measured["period"] = row_set, period
                parts.append(measured)
                measured_all.append(measured)
    if not parts:
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in INTERVAL_COLUMNS.items()}
        )
    found = pd.concat(parts, ignore_index=True)
    return found[list(INTERVAL_COLUMNS)].astype(INTERVAL_COLUMNS)


def _measure(rows: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Metrics, intervals and gains of everything that predicted the same rows."""
    keys = ["as_of_date", "campaign_id", "first_order_id"]
    values: dict[str, dict[str, np.ndarray]] = {}
    is_rule = {}
    weights = None
    for name, group in rows.groupby("estimator_name"):
        group = group.sort_values(keys)
        if weights is None:
            weights = user_draws(group["first_order_id"].to_numpy(), draws, seed)
        is_rule[name] = bool(group["is_plain_rule"].iloc[0])
        campaign = group["campaign_id"].fillna("").factorize()[0]
        values[name] = weighted_metrics(
            group["outcome"].to_numpy(float),
            group["prediction"].to_numpy(float),
            campaign,
            weights,
            is_probability=not is_rule[name],
        )
    records = []
    for name, metrics in values.items():
        for metric, found in metrics.items():
            rule = _best_rule(values, is_rule, metric)
            record = {
                "estimator_name": name,
                "is_plain_rule": is_rule[name],
                "metric": metric,
                "best_rule_name": rule,
                "metric_value": found[0],
            }
            record["interval_low"], record["interval_high"] = _interval(found)
            if rule is not None:
                gain = found - values[rule][metric]
                record["gain_over_rule"] = gain[0]
                record["gain_low"], record["gain_high"] = _interval(gain)
            records.append(record)
    columns = [name for name in INTERVAL_COLUMNS if name not in ("task", "split_name")]
    return pd.DataFrame(records).reindex(columns=columns)


def _best_rule(
    values: dict[str, dict[str, np.ndarray]], is_rule: dict[str, bool], metric: str
) -> str | None:
    rules = [name for name in values if is_rule[name] and metric in values[name]]
    return max(rules, key=lambda name: (values[name][metric][0], name), default=None)


def _interval(found: np.ndarray) -> tuple[float, float]:
    drawn = found[1:][~np.isnan(found[1:])]
    if not len(drawn):
        return np.nan, np.nan
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)

"""Intervals of what lists of products are worth: recall, NDCG and average precision."""

import numpy as np
import pandas as pd

from precision_marketing.common.bootstrap import interval, user_weights
from precision_marketing.common.frames import typed

METRICS = ("recall", "ndcg", "average_precision")
# The method that is judged; all others are baselines.
RECOMMENDER = "recommender"
POOLED, EVERYBODY = "pooled", "all"

LIST_COLUMNS = {
    "period": "string",
    "user_group": "string",
    "list_name": "string",
    "method": "string",
    "user_count": "int64",
    **{f"{metric}{end}": "float64" for metric in METRICS for end in ("", "_low", "_high")},
    "best_baseline_name": "string",
    "ndcg_gain": "float64",
    "ndcg_gain_low": "float64",
    "ndcg_gain_high": "float64",
}


def list_intervals(measures: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Average measures of users' lists, with 95 % bootstrap intervals over users.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row per as-of date, list, method and user: ``recall``, ``ndcg``,
        ``average_precision`` (0 to 1), ``user_group`` and ``first_order_id``, which stands for
        the user.
    draws : int
        Resamples of the users.
    seed : int
        Seed of the resampling.

    Returns
    -------
    pandas.DataFrame
        Columns `LIST_COLUMNS`, one row per period (``pooled``, or an as-of date), group of users
        (``all``, or one of them), list and method. ``ndcg_gain`` is the recommender's NDCG less
        that of the best baseline of the slice, on the same resamples; missing for baselines.
    """
    measures = measures.assign(period=measures["as_of_date"].dt.strftime("%Y-%m-%d"))
    measures = pd.concat([measures, measures.assign(period=POOLED)])
    # as the whole of a period, and in parts
    measures = pd.concat([measures.assign(user_group=EVERYBODY), measures])
    parts = [
        _slice_intervals(rows, draws, seed).assign(period=period, user_group=group, list_name=name)
        for (period, group, name), rows in measures.groupby(["period", "user_group", "list_name"])
    ]
    return typed(parts, LIST_COLUMNS)


def _slice_intervals(rows: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    user, users = rows["first_order_id"].astype(str).factorize(sort=True)
    weights = user_weights(len(users), draws, seed)
    records, drawn_ndcg = {}, {}
    for method, places in rows.reset_index(drop=True).groupby("method").groups.items():
        own, its = rows.iloc[places], user[places]
        count = np.bincount(its, minlength=len(users))
        # few users may all be missing in a draw
        drawn_count = weights @ count
        record = {"method": method, "user_count": int((count > 0).sum())}
        for metric in METRICS:
            total = np.bincount(its, own[metric].to_numpy(float), minlength=len(users))
            drawn = np.divide(weights @ total, drawn_count, out=np.full(draws, np.nan), where=drawn_count > 0)
            record[metric] = total.sum() / count.sum()
            record[f"{metric}_low"], record[f"{metric}_high"] = interval(drawn)
            if metric == "ndcg":
                drawn_ndcg[method] = drawn
        records[method] = record
    baselines = [name for name in records if name != RECOMMENDER]
    if RECOMMENDER in records and baselines:
        best = max(baselines, key=lambda name: (records[name]["ndcg"], name))
        judged = records[RECOMMENDER]
        judged["best_baseline_name"] = best
        judged["ndcg_gain"] = judged["ndcg"] - records[best]["ndcg"]
        low, high = interval(drawn_ndcg[RECOMMENDER] - drawn_ndcg[best])
        judged["ndcg_gain_low"], judged["ndcg_gain_high"] = low, high
    return pd.DataFrame(records.values())

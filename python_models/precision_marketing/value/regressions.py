"""Regressions of purchases and spend, learnt on top of the purchase models.

They learn only from label windows that were over by the day that they look back from.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from precision_marketing.common import archives
from precision_marketing.common.threads import use_one_thread
from precision_marketing.value.dated_models import PURCHASE_KEYS, PurchaseModels, ValueSettings, histories, rows_of

# No expected number is less, so that its logarithm exists.
LEAST_COUNT = 1e-9
ALLOWED_TYPES = (
    "sklearn._loss._loss.CyHalfPoissonLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


@dataclass(frozen=True)
class Regressions:
    """Fit on label windows: two regressions of purchases, one of spend.

    Parameters
    ----------
    log_linear : sklearn.pipeline.Pipeline
        Poisson regression of the number of purchases.
    boosting, spend_boosting : sklearn.ensemble.HistGradientBoostingRegressor
        Of Poisson loss, of the number of purchases and of the spend.
    row_count : int
        Rows learnt from.
    """

    log_linear: Pipeline
    boosting: HistGradientBoostingRegressor
    spend_boosting: HistGradientBoostingRegressor
    row_count: int


def count_features(
    purchases: pd.DataFrame, models: PurchaseModels, settings: ValueSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of the two regressions: scale-free ones for the line, raw for trees.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date.
    models : PurchaseModels
        Of that date.
    settings : ValueSettings
        Length of the label window, and windows of the recent features.

    Returns
    -------
    pandas.DataFrame, pandas.DataFrame
        Shape (rows, features), in the order of ``purchases``; the first without gaps.
    """
    frequency, recency, age, value = histories(purchases)
    expected = models.bg_nbd.expected_orders(frequency, recency, age, settings.window_days)
    since = age - recency + 1
    shared = pd.DataFrame(
        {
            "log_expected": np.log(np.maximum(expected, LEAST_COUNT)),
            "alive": models.bg_nbd.probability_alive(frequency, recency, age),
            "log_frequency": np.log1p(frequency),
            "log_since": np.log(since),
            "log_value": np.log1p(value),
            "silence": since / (age + 1),
            "log_rate": np.log((frequency + 0.25) / (age + 1)),
        }
    )
    recent = settings.recent_days
    shortest, longest = recent[0], recent[-1]
    counts = purchases[[f"active_day_count_{days}d" for days in recent]]
    amounts = purchases[[f"net_amount_{days}d" for days in (shortest, longest)]]
    last_value = purchases["last_day_amount"].to_numpy(float)
    single = (frequency == 0).astype(float)
    linear = shared.assign(
        log_expected_squared=shared["log_expected"] ** 2,
        log_since_squared=shared["log_since"] ** 2,
        log_value_squared=shared["log_value"] ** 2,
        frequency_by_since=shared["log_frequency"] * shared["log_since"],
        log_last_value=np.log1p(np.maximum(last_value, 0)),
        single=single,
        single_by_since=single * shared["log_since"],
    )
    for days in (shortest, longest):
        count = counts[f"active_day_count_{days}d"].to_numpy(float)
        linear[f"log_recent_{days}"] = np.log1p(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_gap = np.where(frequency > 0, recency / frequency, np.nan)
    trees = pd.concat([shared, counts.reset_index(drop=True), amounts.reset_index(drop=True)], axis=1).assign(
        age=age,
        last_value=last_value,
        largest_value=purchases["largest_day_amount"].to_numpy(float),
        total_value=value * (frequency + 1),
        last_gap=purchases["last_gap_days"].to_numpy(float, na_value=np.nan),
        longest_gap=purchases["longest_gap_days"].to_numpy(float, na_value=np.nan),
        mean_gap=mean_gap,
        silence_in_gaps=since / mean_gap,
    )
    return linear.astype(float), trees.astype(float)


def fit_regressions(
    purchases: pd.DataFrame,
    ahead: pd.DataFrame,
    models: dict[pd.Timestamp, PurchaseModels],
    until: pd.Timestamp,
    settings: ValueSettings,
) -> Regressions | None:
    """Learn purchases and spend of a label window, from windows over by a day.

    Parameters
    ----------
    purchases, ahead : pandas.DataFrame
        Tables ``ftr_user__purchases`` and ``lbl_user__purchases``.
    models : dict of Timestamp to PurchaseModels
        Per as-of date, fitted on what was known then.
    until : pandas.Timestamp
        Label windows end on or before the start of this day.
    settings : ValueSettings
        Seed and lengths.

    Returns
    -------
    Regressions or None
        None where fewer than `min_repeat_users` users bought in a window.
    """
    use_one_thread()
    linear, trees, counts, amounts, users = [], [], [], [], []
    known = ahead.dropna(subset="day_count_in_window").set_index(PURCHASE_KEYS)
    for date in sorted(models):
        if date + pd.Timedelta(days=settings.window_days) > until:
            continue
        rows = rows_of(purchases, date)
        label = known.reindex(pd.MultiIndex.from_frame(rows[PURCHASE_KEYS]))
        line, tree = count_features(rows, models[date], settings)
        linear.append(line)
        trees.append(tree)
        users.append(rows["first_order_id"].to_numpy())
        counts.append(label["day_count_in_window"].to_numpy(float))
        # more sent back than bought is spent as nothing: the loss takes no less
        amounts.append(np.maximum(label["net_amount_in_window"].to_numpy(float), 0))
    if not counts:
        return None
    count, amount = np.concatenate(counts), np.concatenate(amounts)
    buyers = np.concatenate(users)[(count > 0) & (amount > 0)]
    if len(np.unique(buyers)) < settings.min_repeat_users:
        return None
    line, tree = pd.concat(linear), pd.concat(trees)
    log_linear = make_pipeline(StandardScaler(), PoissonRegressor(**settings.log_linear))
    boosting = HistGradientBoostingRegressor(
        loss="poisson", early_stopping=False, random_state=settings.seed, **settings.boosting
    )
    return Regressions(
        log_linear.fit(line, count), boosting.fit(tree, count), clone(boosting).fit(tree, amount), len(count)
    )


def load_regressions(blob: bytes) -> Regressions:
    """Read stored regressions back, refusing what they need not hold."""
    held = archives.load(blob, ALLOWED_TYPES, "The bytes of the value estimator")
    names = ("log_linear", "boosting", "spend_boosting")
    if not isinstance(held, dict) or set(held) != set(names):
        raise ValueError("The stored value estimator is another object.")
    return Regressions(*(held[name] for name in names), row_count=0)

"""Expected purchases and spend of users, with predictive intervals."""

import numpy as np
import pandas as pd

from precision_marketing.common.threads import use_one_thread
from precision_marketing.value.dated_models import PurchaseModels, ValueSettings, histories
from precision_marketing.value.futures import draw_futures
from precision_marketing.value.regressions import LEAST_COUNT, Regressions, count_features


def expect(
    purchases: pd.DataFrame,
    models: PurchaseModels,
    learned: Regressions | None,
    horizons: list[int],
    settings: ValueSettings,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Forecast purchases and spend, per estimator and baseline.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date, shape (users, features).
    models : PurchaseModels
        Of that date.
    learned : Regressions or None
        Learnt from windows over by that date.
    horizons : list of int
        Days ahead, ascending.
    settings : ValueSettings
        Days of the label windows that ``learned`` is about, and of recent features.

    Returns
    -------
    dict of str to (numpy.ndarray, numpy.ndarray), each of shape (horizons, users)
        Purchases, and spend. ``learned`` is the geometric mean of both regressions,
        carried to other horizons halfway (on the log scale) between an even rate and
        the falling one of MBG/NBD. Its spend is the mean of three: purchases by boosting
        times their worth, spend by boosting, and MBG/NBD with Gamma-Gamma; the line runs
        off on the few who buy most. Missing where nothing was learnt.
    """
    frequency, recency, age, value = histories(purchases)
    days = np.array(horizons, dtype=float)[:, None]
    worth = models.gamma_gamma.expected_value(frequency + 1, value)
    counted = np.stack([models.bg_nbd.expected_orders(frequency, recency, age, horizon) for horizon in horizons])
    found = {"mbg_nbd": (counted, counted * worth)}
    if learned is not None:
        use_one_thread()
        line, tree = count_features(purchases, models, settings)
        # nobody buys on more days than there are, wherever the line runs off to
        with np.errstate(over="ignore"):
            by_line = np.clip(learned.log_linear.predict(line), LEAST_COUNT, settings.window_days)
        by_trees = np.maximum(learned.boosting.predict(tree), LEAST_COUNT)
        # halfway between a rate that never falls and the falling one of MBG/NBD
        in_window = np.exp(line["log_expected"].to_numpy())
        scale = np.sqrt(days / settings.window_days * counted / in_window)
        spend = learned.spend_boosting.predict(tree)
        found["learned"] = (
            np.sqrt(by_line * by_trees) * scale,
            (by_trees * worth * scale + spend * scale + counted * worth) / 3,
        )
    recent_days = settings.recent_days[-1]
    recent = purchases[f"active_day_count_{recent_days}d"].to_numpy(float)
    rates = {"past_rate": frequency / np.maximum(age, 1), "recent_rate": recent / np.minimum(age + 1, recent_days)}
    for name, rate in rates.items():
        found[name] = (rate * days, rate * value * days)
    return found


def predict_intervals(
    purchases: pd.DataFrame,
    models: PurchaseModels,
    expected: dict[str, tuple[np.ndarray, np.ndarray]],
    name: str,
    widening: tuple[float, float],
    horizons: list[int],
    settings: ValueSettings,
) -> np.ndarray:
    """Predictive 95 % intervals around expected purchases and spend.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date.
    models : PurchaseModels
        Of that date; the spread is theirs.
    expected : dict of str to (numpy.ndarray, numpy.ndarray)
        Output of `expect` for the same rows and horizons.
    name : str
        Estimator that the intervals are for.
    widening : (float, float)
        Output of `widen`, from an earlier test period.
    horizons : list of int
        Days ahead, ascending.
    settings : ValueSettings
        Draws and seed.

    Returns
    -------
    numpy.ndarray of float, shape (horizons, 4, users)
        As `precision_marketing.value.purchase_models.draw_futures`, widened around the
        expectation; no number of purchases is below 0.
    """
    counts, amounts = expected[name]
    days = np.array(horizons, dtype=float)[:, None]
    longer = counts / np.maximum(expected["mbg_nbd"][0], LEAST_COUNT)
    ends = draw_futures(
        models.bg_nbd,
        models.gamma_gamma,
        histories(purchases),
        np.maximum.accumulate(days * longer, axis=0),
        draws=settings.draws,
        seed=settings.seed,
    )
    for first, centre, factor in ((0, counts, widening[0]), (2, amounts, widening[1])):
        low, high = ends[:, first], ends[:, first + 1]
        ends[:, first] = np.maximum(low - (factor - 1) * np.maximum(centre - low, 0), 0)
        ends[:, first + 1] = high + (factor - 1) * np.maximum(high - centre, 0)
    return ends


def widen(outcome: np.ndarray, expected: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """By how much intervals must be widened to have held 95 % of outcomes.

    Parameters
    ----------
    outcome, expected, low, high : numpy.ndarray, shape (users,)
        What came, what was expected, and the ends of the interval.

    Returns
    -------
    float
        Factor on the distance of the ends from the expectation, at least 1: intervals
        are never narrowed. A split conformal score (Lei and others, 2018), on users.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (outcome - expected) / (high - expected)
        below = (expected - outcome) / (expected - low)
    score = np.where(outcome > expected, above, below)
    # an expectation outside its own interval has no distance to scale
    score = np.where((outcome >= low) & (outcome <= high), np.minimum(score, 1), score)
    score = np.where(np.isfinite(score) & (score > 0), score, 0)
    if not len(score):
        return 1.0
    return float(max(1.0, np.quantile(score, 0.95, method="higher")))

"""MBG/NBD and Gamma-Gamma of one as-of date, and the histories that they read."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from precision_marketing.common.settings import Settings, Var
from precision_marketing.value.bg_nbd import BgNbd, fit_bg_nbd, steady_buyers
from precision_marketing.value.gamma_gamma import GammaGamma, even_values, fit_gamma_gamma

PURCHASE_KEYS = ["as_of_date", "first_order_id"]
BASELINES = ("past_rate", "recent_rate")
ESTIMATORS = ("mbg_nbd", "learned", *BASELINES)


@dataclass(frozen=True)
class ValueSettings(Settings):
    """Parameters of customer value; values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed, draws : int
        Seed of every random draw, and futures drawn per user for an interval.
    window_days, test_days : int
        Length of the label windows learnt from, and of the test period.
    min_repeat_users : int
        Fewest users with a repeat purchase that a model is fitted on.
    min_acquired_share : float
        Share of users, 0 to 1, who must have come inside the data for a fit on them.
    horizons : tuple of int
        Days ahead that users are valued over, ascending.
    recent_days : tuple of int
        Windows of the recent features, ascending; the last is that of ``recent_rate``.
    log_linear, boosting : dict
        Hyperparameters of the two regressions, in scikit-learn's words.
    """

    seed: Annotated[int, Var("random_seed")]
    draws: Annotated[int, Var("value_draws")]
    window_days: Annotated[int, Var("value_window_days")]
    test_days: Annotated[int, Var("value_test_days")]
    min_repeat_users: Annotated[int, Var("value_min_repeat_users")]
    min_acquired_share: Annotated[float, Var("value_min_acquired_share")]
    horizons: Annotated[tuple[int, ...], Var("value_horizons")]
    recent_days: Annotated[tuple[int, ...], Var("value_recent_days")]
    log_linear: Annotated[dict, Var("value_log_linear")]
    boosting: Annotated[dict, Var("value_boosting")]


@dataclass(frozen=True)
class PurchaseModels:
    """MBG/NBD and Gamma-Gamma of one as-of date.

    Parameters
    ----------
    bg_nbd, gamma_gamma : BgNbd, GammaGamma
        Fitted, or the fallbacks.
    fitted_on : str
        ``acquired users``, ``all users`` (many came before the data begins: their first
        purchase is not their first), or ``fallback``.
    """

    bg_nbd: BgNbd
    gamma_gamma: GammaGamma
    fitted_on: str


def fit_purchase_models(purchases: pd.DataFrame, settings: ValueSettings) -> PurchaseModels:
    """Fit MBG/NBD and Gamma-Gamma to the users of one as-of date.

    Users whose first purchase in the data is not their first look older customers than
    they are and hide those who stopped before. So the fit is on users who came inside
    the data, where they are enough.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of ``ftr_user__purchases`` of one date.
    settings : ValueSettings
        Fewest users for a fit.

    Returns
    -------
    PurchaseModels
        Where too few bought again, everybody buys on at a shrunken past rate.
    """
    acquired = purchases["is_acquired"].to_numpy(bool)
    repeats = purchases["repeat_day_count"].to_numpy() > 0
    inside = acquired.mean() >= settings.min_acquired_share and (acquired & repeats).sum() >= settings.min_repeat_users
    rows = purchases[acquired] if inside else purchases
    fitted_on = "acquired users" if inside else "all users"
    try:
        bg_nbd = fit_bg_nbd(*histories(rows)[:3], min_repeat_users=settings.min_repeat_users, may_stop_at_once=True)
    except ValueError:
        fitted_on = "fallback"
        bg_nbd = steady_buyers(purchases["repeat_day_count"], purchases["age_days"])
    try:
        gamma_gamma = fit_gamma_gamma(
            purchases["purchase_day_count"], purchases["mean_day_amount"], min_users=settings.min_repeat_users
        )
    except ValueError:
        gamma_gamma = even_values(purchases["mean_day_amount"].mean())
    return PurchaseModels(bg_nbd, gamma_gamma, fitted_on)


def dated_models(
    purchases: pd.DataFrame, until: pd.Timestamp, settings: ValueSettings, *, with_past: bool = True
) -> dict[pd.Timestamp, PurchaseModels]:
    """Fit the models of a date and, if asked, of dates whose label window is over."""
    over = until - pd.Timedelta(days=settings.window_days)
    return {
        date: fit_purchase_models(rows, settings)
        for date, rows in purchases.groupby("as_of_date")
        if date == until or (with_past and date <= over)
    }


def histories(purchases: pd.DataFrame) -> list[np.ndarray]:
    """Frequency, recency and age in days, and mean value of a purchase not below 0."""
    value = purchases["mean_day_amount"].to_numpy(float)
    return [
        purchases["repeat_day_count"].to_numpy(float),
        purchases["recency_days"].to_numpy(float),
        purchases["age_days"].to_numpy(float),
        np.maximum(value, 0),
    ]


def rows_of(purchases: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    """Keep the rows of one as-of date, with a fresh index."""
    return purchases[purchases["as_of_date"] == date].reset_index(drop=True)

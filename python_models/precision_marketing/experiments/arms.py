"""Faults of the arms of a campaign: their sizes, and how alike they are."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


class Balance(NamedTuple):
    """How alike the arms are before launch, see `balance`."""

    strata: pd.DataFrame
    cramers_v: float
    p_value: float


def arm_counts(treated: np.ndarray) -> dict[str, int]:
    """Count the users of each arm; ``treated`` is true for one of them."""
    count = int(treated.sum())
    return {"treated_count": count, "control_count": len(treated) - count}


def sample_ratio_p_value(
    treated_count: np.ndarray | int, control_count: np.ndarray | int, treated_share: np.ndarray | float
) -> float:
    """Ask whether the sizes of the arms fit the chances they were drawn with.

    One stratum: the exact binomial test, right for the smallest slice too, where
    chi-square cries wolf at the low thresholds this is read at. Several strata, each
    with its own chance: their chi-square statistics summed, one degree of freedom each,
    since faults in opposite directions must not cancel.

    Parameters
    ----------
    treated_count, control_count : int, or numpy.ndarray of int, shape (strata,)
        Users of each arm.
    treated_share : float, or numpy.ndarray of float, shape (strata,)
        Planned chance of treatment, above 0 and below 1; never the share observed,
        which fits by construction.

    Returns
    -------
    float
        Chance of sizes at least as odd without a fault; NaN without users or where a
        chance is unknown.

    Raises
    ------
    ValueError
        If a chance is not between 0 and 1.
    """
    treated, control, share = np.broadcast_arrays(*map(np.atleast_1d, (treated_count, control_count, treated_share)))
    if np.any((share <= 0) | (share >= 1)):
        raise ValueError("Each stratum needs a chance of treatment between 0 and 1.")
    total = treated + control
    treated, share, total = (each[total > 0] for each in (treated, share, total))
    if not len(total) or np.isnan(share).any():
        return np.nan
    if len(total) == 1:
        return stats.binomtest(int(treated[0]), int(total[0]), share[0]).pvalue
    seen = np.r_[treated, total - treated]
    expected = np.r_[total * share, total * (1 - share)]
    return stats.chisquare(seen, expected, ddof=len(total) - 1).pvalue


def balance(strata: np.ndarray, treated: np.ndarray) -> Balance:
    """Compare the arms before launch, by text that was known of the users.

    Parameters
    ----------
    strata : numpy.ndarray of str, shape (users,)
        Stratum of the user.
    treated : numpy.ndarray of bool, shape (users,)
        Arm of the user.

    Returns
    -------
    Balance
        ``strata``, one row per stratum in order: ``stratum``, ``treated_count``,
        ``control_count`` and ``standardised_difference`` of its shares in the arms (in
        standard deviations; beyond 0.1 is usually called unbalanced: Austin, 2009,
        "Balance diagnostics for comparing the distribution of baseline covariates").
        ``cramers_v``, 0 (alike) to 1, and ``p_value`` of Pearson's chi-square, rough
        where strata have fewer than some five users an arm. With one stratum 0 and 1;
        NaN where an arm is empty.
    """
    names = pd.Series(np.asarray(strata, object), name="stratum").astype("string")
    is_treated = np.asarray(treated, bool)
    counts = pd.DataFrame(
        {"treated_count": names[is_treated].value_counts(), "control_count": names[~is_treated].value_counts()}
    )
    counts = counts.fillna(0).astype("int64").rename_axis("stratum").sort_index()
    table = counts.to_numpy()
    with np.errstate(invalid="ignore"):
        shares = table / table.sum(axis=0)
        spread = np.sqrt((shares * (1 - shares)).mean(axis=1))
        apart = (shares[:, 0] - shares[:, 1]) / np.where(spread > 0, spread, 1)
    found = counts.assign(standardised_difference=apart).reset_index()
    if not table.any(axis=0).all():
        return Balance(found, np.nan, np.nan)
    if len(table) < 2:
        return Balance(found, 0.0, 1.0)
    return Balance(
        found,
        float(stats.contingency.association(table, method="cramer")),
        float(stats.chi2_contingency(table, correction=False).pvalue),
    )

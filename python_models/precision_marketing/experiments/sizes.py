"""How large an effect must be to be seen, given the sizes of the arms."""

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from scipy.special import nctdtrinc


def smallest_detectable_rate_difference(
    base_rate: float, treated_count: int, control_count: int, power: float = 0.8, level: float = 0.95
) -> float:
    """Say how much a rate must rise to be seen (Fleiss, Levin and Paik, 2003, ch. 4).

    By the normal approximation, with the pooled rate where nothing changed.

    Parameters
    ----------
    base_rate : float
        Rate without the campaign, 0 to 1.
    treated_count, control_count : int
        Users of the arms, at least 1.
    power : float
        Chance that the interval then lies above 0.
    level : float
        Of the interval, 0 to 1.

    Returns
    -------
    float
        Difference of rates, above 0; NaN where even a rate of 1 would not be seen.
    """
    control_part = control_count / (treated_count + control_count)
    seen = stats.norm.isf((1 - level) / 2)
    sure = stats.norm.isf(1 - power)

    def surplus(rate: float) -> float:
        pooled = control_part * base_rate + (1 - control_part) * rate
        unchanged = pooled * (1 - pooled) * (1 / treated_count + 1 / control_count)
        changed = rate * (1 - rate) / treated_count + base_rate * (1 - base_rate) / control_count
        return rate - base_rate - seen * unchanged**0.5 - sure * changed**0.5

    if base_rate >= 1 or surplus(1.0) < 0:
        return np.nan
    # at the base rate itself it is negative, or 0 where the base rate is 0
    lowest = base_rate + 1e-9 * (1 - base_rate)
    return brentq(surplus, lowest, 1.0) - base_rate


def users_to_detect_rate_difference(
    base_rate: float, difference: float, treated_share: float, power: float = 0.8, level: float = 0.95
) -> int:
    """Say how many users it takes to see a rate rise; the reverse of `smallest_detectable_rate_difference`.

    Parameters
    ----------
    base_rate, power, level
        As there.
    difference : float
        Of rates, above 0; less where the higher rate would be above 1.
    treated_share : float
        Chance of a user to be treated, above 0 and below 1.

    Returns
    -------
    int
        Users of both arms together.
    """
    rate = min(base_rate + difference, 1.0)
    difference = rate - base_rate
    pooled = (1 - treated_share) * base_rate + treated_share * rate
    unchanged = pooled * (1 - pooled) * (1 / treated_share + 1 / (1 - treated_share))
    changed = rate * (1 - rate) / treated_share + base_rate * (1 - base_rate) / (1 - treated_share)
    reach = stats.norm.isf((1 - level) / 2) * unchanged**0.5 + stats.norm.isf(1 - power) * changed**0.5
    return int(np.ceil((reach / difference) ** 2))


def smallest_detectable_mean_difference(
    standard_deviation: float, treated_count: int, control_count: int, power: float = 0.8, level: float = 0.95
) -> float:
    """Say how far apart two means must be to be seen (Cohen, 1988, ch. 2).

    By the noncentral t with the degrees of freedom of Welch at equal spreads.

    Parameters
    ----------
    standard_deviation : float
        Of the outcome within the arms; for `adjusted_difference` times its
        ``width_share``.
    treated_count, control_count : int
        Users of the arms, at least 2.
    power : float
        Chance that the interval then lies on the right side of 0.
    level : float
        Of the interval, 0 to 1.

    Returns
    -------
    float
        In the outcome's unit, above 0.
    """
    parts = np.array([1 / treated_count, 1 / control_count])
    own_freedom = np.array([treated_count, control_count]) - 1
    freedom = parts.sum() ** 2 / (parts**2 / own_freedom).sum()
    quantile = stats.t.isf((1 - level) / 2, freedom)
    shift = nctdtrinc(freedom, 1 - power, quantile)
    return float(standard_deviation * np.sqrt(parts.sum()) * shift)

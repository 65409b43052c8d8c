"""What randomised campaigns changed, with their segments and offers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from scipy import stats

from precision_marketing.common.settings import Settings, Var
from precision_marketing.experiments.arms import arm_counts, sample_ratio_p_value
from precision_marketing.experiments.differences import Difference, adjusted_difference, rate_difference, slope

MEASURED_COLUMNS = {
    "campaign_id": "string",
    "slice_kind": "string",
    "slice_value": "string",
    "metric": "string",
    "measurement": "string",
    "method": "string",
    "treated_count": "int64",
    "control_count": "int64",
    "treated_value": "float64",
    "control_value": "float64",
    "lift": "float64",
    "lift_low": "float64",
    "lift_high": "float64",
    "shrunken_lift": "float64",
    "width_share": "float64",
    "incremental_total": "float64",
    "incremental_low": "float64",
    "incremental_high": "float64",
    "sample_ratio_p_value": "float64",
    "is_trustworthy": "boolean",
}
KEY_COLUMNS = ["campaign_id", "slice_kind", "slice_value", "metric"]
# Kind of slice, by the column whose values are the slices.
SLICES = {"segment": "segment_name", "offer": "offer_id"}
RATES = {"redemption_rate": "is_redeemed", "buying_rate": "is_buying"}
AMOUNTS = {"amount_per_user": "amount", "margin_per_user": "margin", "profit_per_user": "profit"}
OBSERVATIONAL = "observational"
TOO_FEW = "too few users"
RANDOMISED = "randomised"


@dataclass(frozen=True)
class ExperimentSettings(Settings):
    """Parameters of measuring; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    level : float
        Chance with which intervals cover the truth, 0 to 1.
    min_arm_users : int
        Fewest users in the smaller arm of a slice for an effect to be stated.
    min_sample_ratio_p_value : float
        Below it the sizes of the arms do not fit their chances, and the campaign's
        randomisation or its log is at fault.
    """

    level: Annotated[float, Var("experiment_level")]
    min_arm_users: Annotated[int, Var("experiment_min_arm_users")]
    min_sample_ratio_p_value: Annotated[float, Var("experiment_min_sample_ratio_p_value")]


def measure_campaigns(rows: pd.DataFrame, settings: ExperimentSettings) -> pd.DataFrame:
    """Measure every campaign, and its segments and offers, against the control group.

    A control user has no offer; an offer is compared with the control
    users who would have got it, so ``offer_id`` must be filled for both arms. Rows
    without a segment or an offer are left out of those slices.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per campaign and assigned user, whether reached or not: ``campaign_id``,
        ``segment_name``, ``offer_id``, ``channel`` (not read), ``arm`` (``treatment``
        or ``control``), ``treated_share`` (planned chance of treatment, one per
        campaign), ``is_redeemed``, ``is_buying``, ``amount``, ``margin`` (before costs)
        and ``cost`` during the campaign, ``pre_amount`` in as long a window before it
        (may be missing). Neither the order of rows nor other columns count.
    settings : ExperimentSettings
        Level of the intervals, smallest arm, threshold of the sample ratio.

    Returns
    -------
    pandas.DataFrame
        Columns `MEASURED_COLUMNS`, one row per `KEY_COLUMNS`, in their order:

        - ``slice_kind`` is ``all``, ``segment`` or ``offer``.
        - ``metric``: those of `RATES` (0 to 1) and `AMOUNTS` (money per user; profit is
          margin less cost).
        - ``measurement``: ``observational`` where the campaign has no control group (then all
          but the counts is null); ``too few users`` where an arm of the slice is too
          small (then no value and no effect is stated); else ``randomised``.
        - ``treated_value``, ``control_value``: means as they were. ``lift`` is their
          difference, but for method ``cuped`` what remains of it after adjusting.
        - ``method``: ``newcombe`` for rates; ``cuped`` for money where ``pre_amount``
          varies, else ``welch``. ``width_share`` is null for rates.
        - ``shrunken_lift`` of whole campaigns, see `shrunken`: what to expect of a
          campaign whose lift was chosen for its size.
        - ``incremental_total``: lift times treated users, in users or money.
        - ``sample_ratio_p_value`` of the slice; ``is_trustworthy`` where neither it nor
          that of the whole campaign is below the threshold. Null where the chance of
          treatment is unknown.

    Raises
    ------
    ValueError
        If an arm is neither of the two, an outcome is missing, or a campaign with a
        control group has several chances of treatment (a plain difference of its arms would
        compare unlike users) or one that is not between 0 and 1.
    """
    rows = _checked(rows)
    records = []
    for campaign, own in rows.groupby("campaign_id", sort=True):
        has_control = not own["is_treated"].all()
        whole = _p_value(own) if has_control else np.nan
        slices = [("all", "all", own)]
        for kind, column in SLICES.items():
            slices += [(kind, value, some) for value, some in own.groupby(column)]
        for kind, value, some in slices:
            keys = {"campaign_id": campaign, "slice_kind": kind, "slice_value": value}
            keys |= arm_counts(some["is_treated"])
            if not has_control:
                keys |= {"measurement": OBSERVATIONAL}
            else:
                p_value = _p_value(some)
                keys |= {
                    "measurement": RANDOMISED,
                    "sample_ratio_p_value": p_value,
                    "is_trustworthy": pd.NA
                    if np.isnan(p_value)
                    else min(whole, p_value) >= settings.min_sample_ratio_p_value,
                }
                smaller = min(keys["treated_count"], keys["control_count"])
                if smaller < settings.min_arm_users:
                    keys |= {"measurement": TOO_FEW}
            records += _measured(some, keys, settings)
    found = pd.DataFrame(records, columns=list(MEASURED_COLUMNS))
    found = found.astype(MEASURED_COLUMNS)
    for _, own in found[found["slice_kind"] == "all"].groupby("metric"):
        errors = (own["lift_high"] - own["lift_low"]) / (2 * stats.norm.isf((1 - settings.level) / 2))
        found.loc[own.index, "shrunken_lift"] = shrunken(own["lift"].to_numpy(), errors.to_numpy())
    return found.sort_values(KEY_COLUMNS, ignore_index=True)


def shrunken(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Shrink effects toward 0 by how much effects of this kind differ from 0 at all.

    The best of many noisy effects is too high (the winner's curse). With effects drawn
    around 0 with a variance that is what their squares exceed their errors by, each is
    expected to be ``variance / (variance + error^2)`` of what was seen: the empirical
    Bayes estimate of Efron and Morris (1975), "Data analysis using Stein's estimator".

    Parameters
    ----------
    effects, errors : numpy.ndarray of float, shape (campaigns,)
        Effect and its standard error, above 0; NaN where not measured.

    Returns
    -------
    numpy.ndarray of float, shape (campaigns,)
        In the effects' unit; 0 where the effects differ from 0 by no more than chance.
    """
    is_known = np.isfinite(effects) & (errors > 0)
    squares = np.where(is_known, errors, np.nan) ** 2
    known = squares[is_known]
    variance = max(0.0, float(np.sum(effects[is_known] ** 2 / known - 1) / np.sum(1 / known))) if len(known) else 0.0
    return effects * variance / (variance + squares)


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns that are read, typed, in an order that only their values decide."""
    if not rows["arm"].isin(["treatment", "control"]).all():
        raise ValueError("An arm is neither treatment nor control.")
    found = rows[["campaign_id", *SLICES.values()]].astype("string")
    found["is_treated"] = (rows["arm"] == "treatment").astype(bool)
    for name in (*RATES.values(), "amount", "margin", "cost"):
        if rows[name].isna().any():
            raise ValueError(f"A user has no {name}; expected 0 for users without activity.")
        found[name] = rows[name].astype(float)
    found["profit"] = found["margin"] - found["cost"]
    for name in ("treated_share", "pre_amount"):
        found[name] = rows[name].astype("Float64").to_numpy(float, na_value=np.nan)
    held = found.loc[~found["is_treated"], "campaign_id"]
    shares = found[found["campaign_id"].isin(held)].groupby("campaign_id")
    if (shares["treated_share"].nunique(dropna=False) > 1).any():
        raise ValueError("A campaign has several chances of treatment.")
    # sums of the same numbers in another order differ in their last digit
    return found.sort_values(list(found.columns), ignore_index=True)


def _p_value(rows: pd.DataFrame) -> float:
    counts = arm_counts(rows["is_treated"])
    return sample_ratio_p_value(**counts, treated_share=float(rows["treated_share"].iloc[0]))


def _measured(rows: pd.DataFrame, keys: dict, settings: ExperimentSettings) -> list[dict]:
    """One record per metric, with values where the slice was measured."""
    treated = rows["is_treated"].to_numpy()
    records = []
    measures: list[tuple[dict[str, str], Callable]] = [(RATES, _rate_record), (AMOUNTS, _amount_record)]
    for metrics, measure in measures:
        for metric, column in metrics.items():
            record = {**keys, "metric": metric}
            if keys["measurement"] == RANDOMISED:
                outcome = rows[column].to_numpy()
                found, method, width_share = measure(outcome, treated, rows["pre_amount"].to_numpy(), settings.level)
                count = keys["treated_count"]
                record |= {
                    "method": method,
                    "treated_value": outcome[treated].mean(),
                    "control_value": outcome[~treated].mean(),
                    "lift": found.difference,
                    "lift_low": found.low,
                    "lift_high": found.high,
                    "width_share": width_share,
                    "incremental_total": found.difference * count,
                    "incremental_low": found.low * count,
                    "incremental_high": found.high * count,
                }
            records.append(record)
    return records


def _rate_record(
    outcome: np.ndarray, treated: np.ndarray, _: np.ndarray, level: float
) -> tuple[Difference, str, float]:
    successes = outcome[treated].sum(), outcome[~treated].sum()
    found = rate_difference(successes[0], treated.sum(), successes[1], (~treated).sum(), level)
    return found, "newcombe", np.nan


def _amount_record(
    outcome: np.ndarray, treated: np.ndarray, before: np.ndarray, level: float
) -> tuple[Difference, str, float]:
    *found, width_share = adjusted_difference(outcome, treated, before, level)
    _, has_slope = slope(outcome, treated, before)
    return Difference(*found), "cuped" if has_slope else "welch", width_share

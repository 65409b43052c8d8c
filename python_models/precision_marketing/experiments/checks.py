"""Whether a campaign that is planned can be measured, asked before it is launched."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from precision_marketing.common.settings import Settings, Var
from precision_marketing.experiments.arms import arm_counts, balance, sample_ratio_p_value
from precision_marketing.experiments.sizes import (
    smallest_detectable_mean_difference,
    smallest_detectable_rate_difference,
)

CHECKED_COLUMNS = {
    "campaign_id": "string",
    "treated_count": "int64",
    "control_count": "int64",
    "treated_share": "float64",
    "sample_ratio_p_value": "float64",
    "segment_cramers_v": "float64",
    "segment_p_value": "float64",
    "expected_response_rate": "float64",
    "smallest_response_lift": "float64",
    "margin_spread": "float64",
    "expected_margin_lift": "float64",
    "smallest_margin_lift": "float64",
}
UNKNOWN_SEGMENT = "unknown"


@dataclass(frozen=True)
class CheckSettings(Settings):
    """Parameters of the checks; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    level : float
        Chance with which the intervals of the measured campaign cover its effect.
    power : float
        Chance with which the smallest detectable effect is then seen, 0 to 1.
    """

    level: Annotated[float, Var("experiment_level")]
    power: Annotated[float, Var("experiment_power")]


def check_campaigns(rows: pd.DataFrame, settings: CheckSettings) -> pd.DataFrame:
    """Check the arms of planned campaigns, and say what they are large enough to show.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per campaign and user drawn: ``campaign_id``, ``arm`` (``treatment`` or
        ``control``), ``segment_name`` (one without counts as a segment of its own),
        ``treated_share`` (planned chance of treatment, one per campaign),
        ``response_probability``, ``expected_margin_lift`` and ``recent_margin`` (money
        per user; the latter in as long a window before as the campaign lasts). The
        order of rows does not count.
    settings : CheckSettings
        Level of the intervals to come, and power.

    Returns
    -------
    pandas.DataFrame
        Columns `CHECKED_COLUMNS`, one row per campaign, in order. The smallest lifts
        are those that show with the power asked for, of the rate of responses (from
        the expected one as the base) and of margin per user (from the spread that
        margin had, no gain by CUPED taken for granted). Null where an arm has fewer
        than two users.
    """
    records = [
        {"campaign_id": campaign, **_checked(own, settings)} for campaign, own in rows.groupby("campaign_id", sort=True)
    ]
    return pd.DataFrame(records, columns=list(CHECKED_COLUMNS)).astype(CHECKED_COLUMNS)


def _checked(rows: pd.DataFrame, settings: CheckSettings) -> dict[str, float]:
    # sums of the same numbers in another order differ in their last digit
    numbers = {
        name: np.sort(rows[name].astype(float).to_numpy())
        for name in ("response_probability", "expected_margin_lift", "recent_margin")
    }
    treated = (rows["arm"] == "treatment").to_numpy(bool)
    counts = arm_counts(treated)
    share = float(rows["treated_share"].iloc[0])
    segments = rows["segment_name"].astype("string").fillna(UNKNOWN_SEGMENT)
    found = balance(segments.to_numpy(object), treated)
    rate = float(np.mean(numbers["response_probability"]))
    spread = float(np.std(numbers["recent_margin"], ddof=1)) if len(rows) > 1 else 0.0
    smallest = {"smallest_response_lift": np.nan, "smallest_margin_lift": np.nan}
    if min(counts.values()) >= 2:
        sizes = {**counts, "power": settings.power, "level": settings.level}
        smallest = {
            "smallest_response_lift": smallest_detectable_rate_difference(rate, **sizes),
            "smallest_margin_lift": smallest_detectable_mean_difference(spread, **sizes),
        }
    return {
        **counts,
        "treated_share": share,
        "sample_ratio_p_value": sample_ratio_p_value(**counts, treated_share=share),
        "segment_cramers_v": found.cramers_v,
        "segment_p_value": found.p_value,
        "expected_response_rate": rate,
        "margin_spread": spread,
        "expected_margin_lift": float(np.mean(numbers["expected_margin_lift"])),
        **smallest,
    }

"""How many respond to a campaign: forecasts from the campaigns before it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from scipy import stats

from precision_marketing.common.settings import Settings, Var

FORECAST_COLUMNS = {
    "campaign_id": "string",
    "earlier_count": "int64",
    "forecast": "float64",
    "forecast_low": "float64",
    "forecast_high": "float64",
}
# Campaigns of one class from which on the class is forecast from its own.
FEWEST_OF_CLASS = 2
# Least variance between campaigns, as a share of the prior's.
LEAST_SPREAD = 0.02
# Points and weights for the mean over a normal law.
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(32)


@dataclass(frozen=True)
class ForecastSettings(Settings):
    """Parameters of the forecasts; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    level : float
        Chance with which an interval covers what comes, 0 to 1.
    prior_spread : float
        Standard deviation of the log odds of response between campaigns, before any is
        seen.
    prior_campaigns : float
        How many campaigns that guess weighs.
    """

    level: Annotated[float, Var("forecast_level")]
    prior_spread: Annotated[float, Var("forecast_prior", "spread")]
    prior_campaigns: Annotated[float, Var("forecast_prior", "campaigns")]


def forecast_responses(rows: pd.DataFrame, settings: ForecastSettings) -> pd.DataFrame:
    """Forecast the responses to each campaign from those that had ended before it began.

    The log odds of response vary between campaigns by a normal law; its mean is that of
    the class, where enough of it has ended, and its spread is shrunk to a prior (the
    random-effects estimate of DerSimonian and Laird, 1986, with inverse-variance
    weights). The forecast is the mean over that law, which lies above its median. A
    planned campaign brings its own mean; only its interval is learnt.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``dec_campaign_responses``, one row per campaign; their order does not count.
    settings : ForecastSettings
        Level and prior.

    Returns
    -------
    pandas.DataFrame
        Columns `FORECAST_COLUMNS`, one row per campaign. Without an earlier campaign the
        forecast of a past one is null, and its interval that of Jeffreys' prior.
    """
    rows = rows.sort_values(["starts_on", "campaign_id"], ignore_index=True)
    starts, ends = pd.to_datetime(rows["starts_on"]), pd.to_datetime(rows["ends_on"])
    is_seen = rows["response_count"].notna()
    records = []
    for place, row in rows.iterrows():
        earlier = rows[is_seen & (ends < starts[place])]
        records.append({"campaign_id": row["campaign_id"], **_forecast(row, earlier, settings)})
    return pd.DataFrame(records, columns=list(FORECAST_COLUMNS)).astype(FORECAST_COLUMNS)


def _forecast(row: pd.Series, earlier: pd.DataFrame, settings: ForecastSettings) -> dict[str, float]:
    count, tail = int(row["contact_count"]), (1 - settings.level) / 2
    of_class = earlier[earlier["campaign_class"] == row["campaign_class"]]
    history = of_class if len(of_class) >= FEWEST_OF_CLASS else earlier
    is_planned = pd.isna(row["response_count"])
    if not len(history) and not is_planned:
        low, high = stats.betabinom.ppf([tail, 1 - tail], count, 0.5, 0.5)
        return {"earlier_count": 0, "forecast": np.nan, "forecast_low": low, "forecast_high": high}
    rates = (history["response_count"].astype(float) + 0.5) / (history["contact_count"] + 1)
    noise = 1 / ((history["contact_count"] + 1) * rates * (1 - rates))
    weights = 1 / (noise + settings.prior_spread**2)
    odds = np.log(rates / (1 - rates))
    mean = float((weights * odds).sum() / weights.sum()) if len(history) else 0.0
    surplus = float(((odds - mean) ** 2 - noise).sum())
    freedom = len(history) + settings.prior_campaigns
    prior = settings.prior_spread**2
    spread = max((surplus + settings.prior_campaigns * prior) / freedom, LEAST_SPREAD * prior)
    if is_planned:
        rate = mean_rate = float(np.clip(row["expected_count"] / count, 1e-6, 1 - 1e-6))
        own = 0.0
    else:
        own = 1 / float(weights.sum())
        rates = 1 / (1 + np.exp(-mean - np.sqrt(spread) * NODES))
        mean_rate = float(row["observed_share"]) * float(np.average(rates, weights=NODE_WEIGHTS))
        rate = float(row["observed_share"]) / (1 + np.exp(-mean))
    rate = min(max(rate, 1e-6), 1 - 1e-6)
    reach = stats.t.isf(tail, freedom) * np.sqrt(spread + own + 1 / (count * rate * (1 - rate)))
    low, high = (count / (1 + np.exp(-np.log(rate / (1 - rate)) - sign * reach)) for sign in (-1, 1))
    return {
        "earlier_count": len(history),
        "forecast": count * mean_rate,
        "forecast_low": np.floor(low),
        "forecast_high": np.ceil(high),
    }

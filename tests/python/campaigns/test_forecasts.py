"""Laws of the forecasts of responses: ranges cover, and nothing later counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.experiments.forecasts import ForecastSettings, forecast_responses

SETTINGS = ForecastSettings(level=0.8, prior_spread=0.7, prior_campaigns=4)


def past_campaigns(seed: int, count: int = 25, spread: float = 0.7) -> pd.DataFrame:
    """Make campaigns one after the other, whose log odds of response differ."""
    random = np.random.default_rng(seed)
    contacts = random.integers(20, 800, count)
    rates = 1 / (1 + np.exp(2.5 - spread * random.standard_normal(count)))
    starts = pd.Timestamp("2025-01-06") + pd.to_timedelta(14 * np.arange(count), unit="D")
    return pd.DataFrame(
        {
            "campaign_id": [f"c{number:02}" for number in range(count)],
            "campaign_class": np.where(np.arange(count) % 3 == 0, "coupon", "news"),
            "contact_count": contacts,
            "response_count": pd.array(random.binomial(contacts, rates), dtype="Int64"),
            "expected_count": np.nan,
            "observed_share": 1.0,
            "starts_on": starts,
            "ends_on": starts + pd.Timedelta(days=10),
        }
    )


# where campaigns differ less than guessed before any was seen, ranges stay wide for long
@pytest.mark.parametrize(("spread", "most"), [(0.3, 0.98), (0.7, 0.93), (1.2, 0.93)])
def test_ranges_cover_four_of_five_campaigns(spread: float, most: float) -> None:
    covered = []
    for seed in range(12):
        rows = past_campaigns(seed, spread=spread)
        found = rows.merge(forecast_responses(rows, SETTINGS), on="campaign_id").query("earlier_count > 0")
        covered += list(found["response_count"].between(found["forecast_low"], found["forecast_high"]))
    assert 0.7 <= np.mean(covered) <= most


def test_the_forecast_is_the_mean_of_rates_that_differ_and_not_their_median() -> None:
    rows = past_campaigns(4, 41).assign(campaign_class="news", contact_count=100_000)
    rates = np.where(np.arange(41) % 2 == 0, 0.03, 0.18)
    rows["response_count"] = pd.array((100_000 * rates).astype(int), dtype="Int64")
    last = forecast_responses(rows, SETTINGS).iloc[-1]
    # in odds their middle is a rate of .076, a quarter less
    assert last["forecast"] / 100_000 == pytest.approx(0.105, abs=0.01)


def test_what_came_later_changes_no_forecast() -> None:
    rows = past_campaigns(1)
    changed = rows.assign(response_count=rows["response_count"].where(rows.index < 20, 1))
    first, again = (forecast_responses(each.sample(frac=1, random_state=3), SETTINGS) for each in (rows, changed))
    pd.testing.assert_frame_equal(first.head(20), again.head(20))
    assert not first.tail(4).equals(again.tail(4))


def test_a_campaign_without_one_before_has_a_range_and_no_forecast() -> None:
    found = forecast_responses(past_campaigns(2), SETTINGS).iloc[0]
    assert (found["earlier_count"], np.isnan(found["forecast"])) == (0, True)
    assert found["forecast_low"] < 0.1 * found["forecast_high"]


@pytest.mark.parametrize("history", [0, 25])
def test_a_planned_campaign_keeps_its_own_expectation(history: int) -> None:
    planned = past_campaigns(3, 1).assign(
        campaign_id="next", starts_on=pd.Timestamp("2027-01-01"), contact_count=100, expected_count=7.5
    )
    rows = pd.concat([past_campaigns(3).head(history), planned.assign(response_count=pd.NA)], ignore_index=True)
    found = forecast_responses(rows, SETTINGS).iloc[-1]
    assert found["forecast"] == pytest.approx(7.5)
    assert 0 <= found["forecast_low"] < 7.5 < found["forecast_high"] <= 100

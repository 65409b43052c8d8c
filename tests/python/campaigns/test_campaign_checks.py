"""What is asked of a planned campaign before launch agrees with its parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.experiments.arms import balance
from precision_marketing.experiments.checks import CHECKED_COLUMNS, CheckSettings, check_campaigns
from precision_marketing.experiments.sizes import (
    smallest_detectable_mean_difference,
    smallest_detectable_rate_difference,
)
from scipy import stats

SETTINGS = CheckSettings(level=0.95, power=0.8)


def drawn(treated: int, control: int, campaign: str = "k", seed: int = 0) -> pd.DataFrame:
    """Return a campaign's users with synthetic expectations."""
    random = np.random.default_rng(seed)
    size = treated + control
    return pd.DataFrame(
        {
            "campaign_id": campaign,
            "arm": ["treatment"] * treated + ["control"] * control,
            "segment_name": random.choice(["loyal", "lost", "new"], size),
            "treated_share": 0.76,
            "response_probability": random.uniform(0, 0.4, size),
            "expected_margin_lift": random.uniform(0, 2, size),
            "recent_margin": random.lognormal(2, 1, size),
        }
    )


def test_figures_are_those_of_their_parts() -> None:
    rows = drawn(300, 100)

    (found,) = check_campaigns(rows, SETTINGS).to_dict("records")

    rate = rows["response_probability"].mean()
    spread = rows["recent_margin"].std()
    parts = balance(rows["segment_name"].to_numpy(), (rows["arm"] == "treatment").to_numpy())
    assert found == {
        "campaign_id": "k",
        "treated_count": 300,
        "control_count": 100,
        "treated_share": 0.76,
        "sample_ratio_p_value": stats.binomtest(300, 400, 0.76).pvalue,
        "segment_cramers_v": pytest.approx(parts.cramers_v),
        "segment_p_value": pytest.approx(parts.p_value),
        "expected_response_rate": pytest.approx(rate),
        "smallest_response_lift": pytest.approx(smallest_detectable_rate_difference(rate, 300, 100, power=0.8)),
        "margin_spread": pytest.approx(spread),
        "expected_margin_lift": pytest.approx(rows["expected_margin_lift"].mean()),
        "smallest_margin_lift": pytest.approx(smallest_detectable_mean_difference(spread, 300, 100, power=0.8)),
    }


def test_neither_order_nor_other_campaigns_count() -> None:
    rows = pd.concat([drawn(80, 20, "b", 1), drawn(60, 30, "a", 2)], ignore_index=True)

    found = check_campaigns(rows, SETTINGS)

    assert found["campaign_id"].tolist() == ["a", "b"]
    shuffled = rows.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(found, check_campaigns(shuffled, SETTINGS), check_exact=True)
    alone = check_campaigns(rows[rows["campaign_id"] == "b"], SETTINGS)
    pd.testing.assert_frame_equal(found.iloc[1:].reset_index(drop=True), alone, check_exact=True)


def test_more_power_asks_for_more() -> None:
    rows = drawn(300, 100)

    usual = check_campaigns(rows, SETTINGS).iloc[0]
    sure = check_campaigns(rows, CheckSettings(level=0.95, power=0.95)).iloc[0]

    for column in ("smallest_response_lift", "smallest_margin_lift"):
        assert sure[column] > usual[column]


@pytest.mark.parametrize(("treated", "control"), [(1, 0), (5, 0), (5, 1), (0, 5)])
def test_an_arm_of_nobody_shows_nothing(treated: int, control: int) -> None:
    found = check_campaigns(drawn(treated, control), SETTINGS).iloc[0]

    assert np.isnan(found["smallest_margin_lift"])
    assert np.isnan(found["smallest_response_lift"])
    assert 0 < found["sample_ratio_p_value"] <= 1


def test_users_without_a_segment_are_one_of_their_own() -> None:
    rows = drawn(200, 50)
    rows.loc[rows["arm"] == "control", "segment_name"] = None

    assert check_campaigns(rows, SETTINGS)["segment_cramers_v"][0] > 0.9


def test_a_plan_that_draws_nobody_has_typed_columns() -> None:
    found = check_campaigns(drawn(1, 1).iloc[:0], SETTINGS)

    assert found.dtypes.astype(str).to_dict() == CHECKED_COLUMNS
    assert len(found) == 0

"""Intervals of lists cover what is so, and compare methods on the same users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.evaluation.lists import LIST_COLUMNS, list_intervals


def made_measures(users: int, gains: dict[str, float], seed: int) -> pd.DataFrame:
    """Measures of two dates: what a user is worth, and a method's gain over it."""
    random = np.random.default_rng(seed)
    level = random.uniform(0.2, 0.6, users)
    parts = [
        pd.DataFrame(
            {
                "first_order_id": [f"order {number}" for number in range(users)],
                "user_group": np.where(np.arange(users) % 3 > 0, "rare", "frequent"),
                "list_name": "all",
                "method": method,
                "recall": level / 2,
                "ndcg": level + gain + random.normal(0, 0.05, users),
                "average_precision": level / 3,
                "as_of_date": pd.Timestamp(date),
            }
        )
        for date in ("2026-01-01", "2026-02-01")
        for method, gain in gains.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_method_is_compared_on_the_same_users(seed: int) -> None:
    measures = made_measures(400, {"recommender": 0.02, "popularity": -0.1, "bought_often": 0.0}, seed)
    found = list_intervals(measures, draws=200, seed=seed)
    assert list(found.columns) == list(LIST_COLUMNS)
    assert set(found["period"]) == {"pooled", "2026-01-01", "2026-02-01"}
    pooled = found[(found["period"] == "pooled") & (found["user_group"] == "all")].set_index("method")
    judged = pooled.loc["recommender"]
    assert judged["best_baseline_name"] == "bought_often"
    # users differ by .12: only pairs show .02
    assert 0 < judged["ndcg_gain_low"] < 0.02 < judged["ndcg_gain_high"] + 0.005
    assert judged["ndcg_high"] - judged["ndcg_low"] > 2 * (judged["ndcg_gain_high"] - judged["ndcg_gain_low"])
    assert pooled.loc["popularity"].isna()[["best_baseline_name", "ndcg_gain"]].all()
    assert (pooled["user_count"] == 400).all()
    truth = measures.groupby("method")["ndcg"].mean()
    assert pooled["ndcg"].to_numpy() == pytest.approx(truth[pooled.index].to_numpy())


def test_groups_add_up_and_rows_in_any_order_give_the_same() -> None:
    measures = made_measures(60, {"recommender": 0.0, "popularity": 0.0}, 1)
    found = list_intervals(measures, draws=50, seed=1)
    parts = found[(found["period"] == "pooled") & (found["method"] == "recommender")].set_index("user_group")
    assert parts.loc["rare", "user_count"] + parts.loc["frequent", "user_count"] == parts.loc["all", "user_count"]
    shuffled = measures.sample(frac=1, random_state=2)
    again = list_intervals(shuffled, draws=50, seed=1)
    pd.testing.assert_frame_equal(found, again)


def test_without_lists_there_is_an_empty_table() -> None:
    nothing = made_measures(3, {"recommender": 0.0}, 1).iloc[:0]
    found = list_intervals(nothing, draws=50, seed=1)
    assert found.empty
    assert list(found.columns) == list(LIST_COLUMNS)

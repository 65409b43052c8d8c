"""Elasticities agree with regressions that hold every effect as a column, and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.market.elasticities import price_elasticities
from sklearn.linear_model import PoissonRegressor

CATEGORY, PRODUCTS, PLACES, WEEKS = "tea", 12, 3, 26


def market(seed: int, elasticity: float, usual_units: float = 3.0) -> pd.DataFrame:
    """Return weeks of a category: goods sell differently, places have good weeks, every fifth price is cut."""
    draws = np.random.default_rng(seed)
    product, place, week = (
        each.ravel() for each in np.meshgrid(range(PRODUCTS), range(PLACES), range(WEEKS), indexing="ij")
    )
    ratio = np.where(draws.random(len(week)) < 0.2, draws.choice([0.9, 0.8, 0.6], len(week)), 1.0)
    # prices are cut in good weeks: without an effect of the week, cuts would seem to sell more than they do
    good = draws.normal(0, 0.5, (PLACES, WEEKS))[place, week]
    ratio = np.where(good > 0.6, 0.8, ratio)
    own = draws.normal(0, 0.7, (PRODUCTS, PLACES))[product, place]
    # what is liked more at a cut differs by product
    own_elasticity = elasticity + draws.normal(0, 0.3, PRODUCTS)[product]
    mean = usual_units * np.exp(own + good + own_elasticity * np.log(ratio))
    return pd.DataFrame(
        {
            "category": CATEGORY,
            "product_id": [f"p{each}" for each in product],
            "location_id": [f"l{each}" for each in place],
            "week_start_date": pd.Timestamp("2026-01-05") + pd.to_timedelta(7 * week, unit="D"),
            "units": draws.poisson(mean).astype(float),
            "price_ratio": ratio,
        }
    )


def measured(cells: pd.DataFrame) -> dict[str, float]:
    """Return the row of a category."""
    (row,) = price_elasticities(cells).to_pylist()
    return row


@pytest.mark.parametrize("seed", range(3))
def test_a_slope_is_that_of_a_regression_with_a_column_per_effect(seed: int) -> None:
    cells = market(seed, -1.8)
    columns = [
        pd.get_dummies(cells["product_id"] + cells["location_id"], dtype=float),
        pd.get_dummies(cells["location_id"] + cells["week_start_date"].astype(str), dtype=float),
    ]
    features = np.column_stack([np.log(cells["price_ratio"]), *(each.to_numpy() for each in columns)])
    regression = PoissonRegressor(alpha=1e-10, max_iter=10_000, tol=1e-10, solver="newton-cholesky")
    slope = regression.fit(features, cells["units"]).coef_[0]
    assert measured(cells)["elasticity"] == pytest.approx(slope, abs=1e-4)
    # whatever the order of rows
    assert measured(cells.sample(frac=1, random_state=seed)) == measured(cells)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held, away = 0, []
    for seed in range(100):
        found = measured(market(seed, -1.5))
        held += found["elasticity_low"] <= -1.5 <= found["elasticity_high"]
        away.append(found["elasticity"] + 1.5)
    assert held >= 88
    assert abs(np.mean(away)) < 0.06


def test_what_cannot_be_known_is_null() -> None:
    still = market(0, -1.5).assign(price_ratio=1.0)
    assert measured(still) == {
        "category": CATEGORY,
        "product_count": PRODUCTS,
        "moved_product_count": 0,
        "cell_count": len(still),
        "elasticity": None,
        "elasticity_low": None,
        "elasticity_high": None,
    }
    one = market(0, -1.5).query("product_id == 'p0' and location_id == 'l0'")
    assert measured(one)["elasticity"] is None
    assert measured(market(0, -1.5).assign(units=0.0))["elasticity"] is None
    # everything is cut at once: of the week or of the price, nobody can tell
    together = market(0, -1.5)
    together["price_ratio"] = np.where(together["week_start_date"].dt.month == 2, 0.8, 1.0)
    assert measured(together)["elasticity"] is None
    assert price_elasticities(still.iloc[:0]).num_rows == 0

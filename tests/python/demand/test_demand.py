"""Forecasts of demand: laws of the regression, and of the tables of `make build`."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.demand.regression import DemandSettings, fit_demand

SETTINGS = DemandSettings(least_rows=100, penalty=0.0001)


def learning_rows(seed: int, *, count: int = 4000) -> pd.DataFrame:
    """Make weeks of products whose demand follows the regression's law."""
    draw = np.random.default_rng(seed)
    own, reach = draw.normal(size=count), draw.uniform(size=count) * (draw.uniform(size=count) < 0.5)
    usual = draw.uniform(0.5, 8, size=count)
    week = draw.integers(-40, 0, size=count)
    return pd.DataFrame(
        {
            "product_id": [f"p{number % 100}" for number in range(count)],
            "product_group": "regular",
            "origin_week": week,
            "weeks_ahead": np.arange(count) // 100,
            "is_before_validation": week < -20,
            "is_before_test": week < -10,
            "is_plan_known": True,
            "units": draw.poisson(usual * np.exp(-0.2 + 0.3 * own + 0.9 * reach)).astype(float),
            "usual_units": usual,
            "own_features": list(np.column_stack([own, np.ones(count)])),
            "plan_features": list(reach[:, None]),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_law_behind_the_units_is_found(seed: int) -> None:
    fits = fit_demand(learning_rows(seed), SETTINGS).to_pandas().set_index(["split_name", "reads_plan"])
    planned = fits.loc[("score", True)]
    assert planned["intercept"] == pytest.approx(-0.2, abs=0.05)
    assert planned["own_coefficients"][0] == pytest.approx(0.3, abs=0.03)
    # a feature that never varies counts nothing
    assert planned["own_coefficients"][1] == 0
    assert planned["plan_coefficients"][0] == pytest.approx(0.9, abs=0.06)
    assert fits.loc[("score", False), "plan_coefficients"].tolist() == [0]


@pytest.mark.parametrize("seed", range(3))
def test_later_weeks_move_no_earlier_fit(seed: int) -> None:
    rows = learning_rows(seed)
    later = rows.assign(units=np.where(rows["is_before_validation"], rows["units"], 50.0))
    first, second = (fit_demand(each, SETTINGS).to_pandas().set_index("split_name") for each in (rows, later))
    for column in ("intercept", "own_coefficients", "plan_coefficients"):
        assert str(first.loc["validation", column].tolist()) == str(second.loc["validation", column].tolist())
        assert column == "plan_coefficients" or str(first.loc["test", column]) != str(second.loc["test", column])


def test_the_order_of_rows_changes_nothing() -> None:
    rows = learning_rows(0)
    first, second = (fit_demand(each, SETTINGS).to_pandas() for each in (rows, rows.sample(frac=1, random_state=1)))
    assert first["intercept"].tolist() == second["intercept"].tolist()
    assert np.array_equal(np.vstack(first["own_coefficients"]), np.vstack(second["own_coefficients"]))


def test_few_rows_or_no_sales_fit_nothing() -> None:
    # a product that never sells has no demand to divide by
    rows = learning_rows(0)
    assert len(fit_demand(rows.head(99), SETTINGS)) == 0
    assert len(fit_demand(rows.assign(units=0.0), SETTINGS)) == 0
    assert len(fit_demand(rows.head(0), SETTINGS)) == 0


def test_no_forecast_is_negative_or_missing(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("""
        select count(*) from demand.demand_forecast
        where
            not coalesce(expected_units >= 0 and isfinite(expected_units), false)
            or least(units_q05, units_q10, units_q25, units_q50, units_q75, units_q90, units_q95) < 0
    """).fetchall() == [(0,)]


def test_what_is_in_service_beats_its_baseline_on_the_test(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute("""
        select group_name, method_name, wape from demand.forecast_results
        where
            split_name = 'test' and period = 'pooled' and weeks_ahead = 0
            and forecast_level = 'product' and group_name in ('regular', 'occasional')
    """).fetchall()
    wape = {(group, method): value for group, method, value in rows}
    for group in ("regular", "occasional"):
        assert wape[group, "in_service"] < min(wape[group, "mean_4"], wape[group, "mean_8"], wape[group, "smoothing"])


def test_sums_of_errors_are_those_of_the_forecasts(built: duckdb.DuckDBPyConnection) -> None:
    frame = built.execute("""
        select units, expected_units, units_q90 from demand.dem_quantiles
        where
            split_name = 'test' and forecast_level = 'product' and group_name = 'regular'
            and units is not null and weeks_ahead <= 4
    """).df()
    [(wape, coverage)] = built.execute("""
        select wape, q90_coverage_share from demand.forecast_results
        where
            split_name = 'test' and period = 'pooled' and weeks_ahead = 0 and method_name = 'in_service'
            and forecast_level = 'product' and group_name = 'regular'
    """).fetchall()
    error = (frame["units"] - frame["expected_units"]).abs().sum() / frame["units"].sum()
    assert wape == pytest.approx(error, abs=1e-6)
    assert coverage == pytest.approx((frame["units"] <= frame["units_q90"]).mean(), abs=1e-9)

"""Poisson regressions of weekly units, as coefficients that SQL applies to every product."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.linear_model import PoissonRegressor

from precision_marketing.common.settings import Settings, Var
from precision_marketing.common.threads import use_one_thread

# Fits by the rows that they may know of: those before the origins that they are judged on.
FITS = {"validation": "is_before_validation", "test": "is_before_test", "score": None}
SCHEMA = pa.schema(
    {
        "split_name": pa.string(),
        "product_group": pa.string(),
        "reads_plan": pa.bool_(),
        "row_count": pa.int64(),
        "intercept": pa.float64(),
        "own_coefficients": pa.list_(pa.float64()),
        "plan_coefficients": pa.list_(pa.float64()),
    }
)


@dataclass(frozen=True)
class DemandSettings(Settings):
    """Parameters of the regressions."""

    least_rows: Annotated[int, Var("demand_regression", "least_rows")]
    penalty: Annotated[float, Var("demand_regression", "penalty")]


def fit_demand(rows: pd.DataFrame, settings: DemandSettings) -> pa.Table:
    """Fit each group of products as of each period, with the plan of promotions and without.

    Parameters
    ----------
    rows : pandas.DataFrame
        A row per product, week it is forecast from and weeks ahead: ``units``, ``usual_units``
        (above 0), the arrays ``own_features`` and ``plan_features``, and what is known when.
    settings : DemandSettings
        Parameters.

    Returns
    -------
    pyarrow.Table
        Columns `SCHEMA`: per fit with rows enough, the coefficients of the logarithm of units over usual units;
        typed where there is no fit.
    """
    use_one_thread()
    rows = rows.sort_values(["product_id", "origin_week", "weeks_ahead"], ignore_index=True)
    own, plan = _matrix(rows["own_features"]), _matrix(rows["plan_features"])
    fits = []
    for split_name, known in FITS.items():
        for group in sorted(rows["product_group"].unique()):
            is_learnt = (rows["product_group"] == group).to_numpy()
            if known is not None:
                is_learnt = is_learnt & rows[known].to_numpy(dtype=bool)
            for reads_plan in (False, True):
                is_used = is_learnt & rows["is_plan_known"].to_numpy(dtype=bool) if reads_plan else is_learnt
                if is_used.sum() < settings.least_rows or not rows.loc[is_used, "units"].any():
                    continue
                features = np.hstack([own, plan]) if reads_plan else own
                intercept, slopes = _fit(features[is_used], rows.loc[is_used], settings)
                # without the plan its features count nothing
                slopes = np.concatenate([slopes, np.zeros(own.shape[1] + plan.shape[1] - len(slopes))])
                own_slopes, plan_slopes = np.split(slopes, [own.shape[1]])
                fits.append((split_name, group, reads_plan, int(is_used.sum()), intercept, own_slopes, plan_slopes))
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, fit, strict=True)) for fit in fits], schema=SCHEMA)


def _matrix(arrays: pd.Series) -> np.ndarray:
    """Stack a column of arrays of one length."""
    return np.vstack(arrays.to_list()).astype(float) if len(arrays) else np.zeros((0, 0))


def _fit(features: np.ndarray, rows: pd.DataFrame, settings: DemandSettings) -> tuple[float, np.ndarray]:
    """Return intercept and slopes of features as they stand, fitted on standardised ones."""
    usual = rows["usual_units"].to_numpy(dtype=float)
    middle, spread = features.mean(axis=0), features.std(axis=0)
    # a feature that never varies tells nothing
    spread = np.where(spread > 1e-9, spread, np.inf)
    fitted = PoissonRegressor(alpha=settings.penalty, max_iter=200, solver="newton-cholesky").fit(
        (features - middle) / spread,
        rows["units"].to_numpy(dtype=float) / usual,
        # a unit weighs alike, whatever its product sells
        sample_weight=usual,
    )
    slopes = fitted.coef_ / spread
    return float(fitted.intercept_ - slopes @ middle), slopes

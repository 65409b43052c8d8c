"""What scores users today: fitted, stored, read back."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from precision_marketing.common import archives
from precision_marketing.common.frames import typed
from precision_marketing.value.bg_nbd import BgNbd
from precision_marketing.value.dated_models import (
    PURCHASE_KEYS,
    PurchaseModels,
    ValueSettings,
    dated_models,
    histories,
    rows_of,
)
from precision_marketing.value.forecasts import expect, predict_intervals, widen
from precision_marketing.value.gamma_gamma import GammaGamma
from precision_marketing.value.regressions import Regressions, fit_regressions, load_regressions

ESTIMATOR_COLUMNS = {
    "estimator_name": "string",
    "estimator_version": "string",
    "fitted_on": "string",
    "parameters": "string",
    "training_row_count": "int64",
    "validation_count_rmse": "float64",
    "train_until_date": "datetime64[us]",
    "estimator_bytes": "object",
}
VALUE_COLUMNS = {
    "user_id": pa.string(),
    "estimator_name": pa.string(),
    "estimator_version": pa.string(),
    "fitted_on": pa.string(),
    "horizon_days": pa.int64(),
    "probability_alive": pa.float64(),
    "value_per_order": pa.float64(),
    "expected_orders": pa.float64(),
    "orders_low": pa.float64(),
    "orders_high": pa.float64(),
    "expected_amount": pa.float64(),
    "amount_low": pa.float64(),
    "amount_high": pa.float64(),
    "as_of_date": pa.timestamp("us"),
}
VALUE_SCHEMA = pa.schema(VALUE_COLUMNS)


def fit_value(
    purchases: pd.DataFrame, ahead: pd.DataFrame, judged: pd.DataFrame, settings: ValueSettings
) -> pd.DataFrame:
    """Fit what scores users, on everything known at the scoring date.

    Parameters
    ----------
    purchases, ahead : pandas.DataFrame
        As in `judge_value`.
    judged : pandas.DataFrame
        Output of `judge_value`, which says what is live.
    settings : ValueSettings
        Lengths and seed.

    Returns
    -------
    pandas.DataFrame
        Columns `ESTIMATOR_COLUMNS`; one row, or none without purchases. Parameters are
        JSON, the regressions a skops archive, null where they are not live.
    """
    if purchases.empty:
        return typed([], ESTIMATOR_COLUMNS)
    purchases = purchases.sort_values(PURCHASE_KEYS, ignore_index=True)
    date = purchases["as_of_date"].max()
    names = judged.loc[judged["is_champion"], "estimator_name"]
    live = names.iloc[0] if len(names) else "mbg_nbd"
    models = dated_models(purchases, date, settings, with_past=live == "learned")
    learned = None
    if live == "learned":
        learned = fit_regressions(purchases, ahead, models, date, settings)
        live = "mbg_nbd" if learned is None else live
    of_live = judged[judged["estimator_name"] == live]
    validation = of_live[of_live["split_name"] == "validation"]
    widening = np.ones(2)
    # the intervals of the test are those of the validation, widened once already
    for _, rows in of_live.groupby("split_name", sort=False):
        widening *= [
            widen(*rows[["order_count", "expected_orders", "orders_low", "orders_high"]].to_numpy(float).T),
            widen(*rows[["net_amount", "expected_amount", "amount_low", "amount_high"]].to_numpy(float).T),
        ]
    parameters = json.dumps(
        {
            "mbg_nbd": {**asdict(models[date].bg_nbd), "log_likelihood": None},
            "gamma_gamma": asdict(models[date].gamma_gamma),
            "widening": list(widening),
            "window_days": settings.window_days,
        }
    )
    found = expect(rows_of(purchases, date), models[date], learned, [1], settings)
    predicted = found[live][0]
    identity = f"{live}\n{parameters}\n{np.round(predicted.sum(), 9)}"
    row = {
        "estimator_name": live,
        "estimator_version": hashlib.sha256(identity.encode()).hexdigest()[:12],
        "fitted_on": models[date].fitted_on,
        "parameters": parameters,
        "training_row_count": learned.row_count if learned else len(purchases),
        "validation_count_rmse": np.sqrt(((validation["expected_orders"] - validation["order_count"]) ** 2).mean()),
        "train_until_date": date,
        "estimator_bytes": learned
        and archives.dump(
            {"log_linear": learned.log_linear, "boosting": learned.boosting, "spend_boosting": learned.spend_boosting}
        ),
    }
    return typed([pd.DataFrame([row])], ESTIMATOR_COLUMNS)


def score_value(
    pieces: Iterable[pd.DataFrame], estimator: pd.DataFrame, settings: ValueSettings
) -> pa.RecordBatchReader:
    """Value of every user at the scoring date; nothing is fitted here.

    Parameters
    ----------
    pieces : iterable of pandas.DataFrame
        Rows of ``ftr_user__purchases`` of the scoring date, some at a time.
    estimator : pandas.DataFrame
        Output of `fit_value`.
    settings : ValueSettings
        Horizons, draws and seed.

    Returns
    -------
    pyarrow.RecordBatchReader
        Columns `VALUE_COLUMNS`; one row per user with a purchase and horizon.

    Raises
    ------
    ValueError
        If the stored regressions are not a valid skops archive or hold types not allowed.
    """
    if estimator.empty:
        return pa.RecordBatchReader.from_batches(VALUE_SCHEMA, ())
    entry = estimator.iloc[0]
    stored = json.loads(entry["parameters"])
    models = PurchaseModels(
        BgNbd(**{**stored["mbg_nbd"], "log_likelihood": float("nan")}),
        GammaGamma(**stored["gamma_gamma"]),
        entry["fitted_on"],
    )
    learned = load_regressions(bytes(entry["estimator_bytes"])) if entry["estimator_name"] == "learned" else None
    # as it was learnt: a var may have changed since
    settings = replace(settings, window_days=stored["window_days"])
    found = (_value_of(rows, entry, models, learned, stored["widening"], settings) for rows in pieces)
    return pa.RecordBatchReader.from_batches(VALUE_SCHEMA, (batch for table in found for batch in table.to_batches()))


def _value_of(
    rows: pd.DataFrame,
    entry: pd.Series,
    models: PurchaseModels,
    learned: Regressions | None,
    widening: tuple[float, float],
    settings: ValueSettings,
) -> pa.Table:
    """Rows of `VALUE_COLUMNS` of some users."""
    rows = rows.sort_values(PURCHASE_KEYS, ignore_index=True)
    frequency, recency, age, value = histories(rows)
    name, horizons = entry["estimator_name"], sorted(settings.horizons)
    found = expect(rows, models, learned, horizons, settings)
    counts, amounts = found[name]
    ends = predict_intervals(rows, models, found, name, widening, horizons, settings)
    parts = [
        rows[["user_id", "as_of_date"]].assign(
            estimator_name=name,
            estimator_version=entry["estimator_version"],
            fitted_on=entry["fitted_on"],
            horizon_days=horizon,
            # users who never stop tell nothing of who is still there
            probability_alive=(
                np.nan if entry["fitted_on"] == "fallback" else models.bg_nbd.probability_alive(frequency, recency, age)
            ),
            value_per_order=models.gamma_gamma.expected_value(frequency + 1, value),
            expected_orders=counts[number],
            orders_low=ends[number, 0],
            orders_high=ends[number, 1],
            expected_amount=amounts[number],
            amount_low=ends[number, 2],
            amount_high=ends[number, 3],
        )
        for number, horizon in enumerate(horizons)
    ]
    table = pa.Table.from_pandas(pd.concat(parts)[list(VALUE_COLUMNS)], VALUE_SCHEMA, preserve_index=False)
    return table.combine_chunks()

"""Test periods that judge customer value, and choose what goes live."""

import numpy as np
import pandas as pd

from precision_marketing.common.frames import typed
from precision_marketing.value.dated_models import BASELINES, PURCHASE_KEYS, ValueSettings, dated_models, rows_of
from precision_marketing.value.forecasts import expect, predict_intervals, widen
from precision_marketing.value.regressions import fit_regressions

TEST_COLUMNS = {
    "split_name": "string",
    "estimator_name": "string",
    "is_baseline": "bool",
    "is_champion": "bool",
    "fitted_on": "string",
    "user_id": "string",
    "first_order_id": "string",
    "order_count": "float64",
    "net_amount": "float64",
    "expected_orders": "float64",
    "orders_low": "float64",
    "orders_high": "float64",
    "expected_amount": "float64",
    "amount_low": "float64",
    "amount_high": "float64",
    "train_until_date": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}


def judge_value(purchases: pd.DataFrame, ahead: pd.DataFrame, settings: ValueSettings) -> pd.DataFrame:
    """Predict a test period, and one as long before it that chooses what goes live.

    Parameters
    ----------
    purchases, ahead : pandas.DataFrame
        Tables ``ftr_user__purchases`` and ``lbl_user__purchases``.
    settings : ValueSettings
        Lengths, draws and seed.

    Returns
    -------
    pandas.DataFrame
        Columns `TEST_COLUMNS`, one row per split (``validation``, ``test``),
        estimator or baseline, and user with a purchase before. Live is what has the
        least RMSE of counts on the validation; MBG/NBD where there is none. Empty where
        the data is shorter than a test period.
    """
    purchases = purchases.sort_values(PURCHASE_KEYS, ignore_index=True)
    length = pd.Timedelta(days=settings.test_days)
    dates = set(purchases["as_of_date"])
    scoring = max(dates, default=None)
    test = scoring - length if scoring is not None else None
    splits = {"validation": test - length, "test": test} if test in dates else {}
    models = dated_models(purchases, test, settings) if splits else {}
    parts, live, widening = [], "mbg_nbd", {}
    for split, date in splits.items():
        if date not in models:
            continue
        learned = fit_regressions(purchases, ahead, models, date, settings)
        rows = rows_of(purchases, date)
        outcome = (
            ahead.set_index(PURCHASE_KEYS)[["day_count_in_test", "net_amount_in_test"]]
            .reindex(pd.MultiIndex.from_frame(rows[PURCHASE_KEYS]))
            .to_numpy(float)
            .T
        )
        horizons = [settings.test_days]
        found = expect(rows, models[date], learned, horizons, settings)
        if split == "validation":
            errors = {name: float(np.mean((counts[0] - outcome[0]) ** 2)) for name, (counts, _) in found.items()}
            live = min(errors, key=errors.get)
        for name, (counts, amounts) in found.items():
            part = rows[["user_id", "first_order_id", "as_of_date"]].assign(
                split_name=split,
                estimator_name=name,
                is_baseline=name in BASELINES,
                fitted_on=models[date].fitted_on,
                order_count=outcome[0],
                net_amount=outcome[1],
                expected_orders=counts[0],
                expected_amount=amounts[0],
                train_until_date=date,
            )
            if name not in BASELINES or name == live:
                ends = predict_intervals(
                    rows, models[date], found, name, widening.get(name, (1.0, 1.0)), horizons, settings
                )[0]
                widening[name] = (
                    widen(outcome[0], counts[0], ends[0], ends[1]),
                    widen(outcome[1], amounts[0], ends[2], ends[3]),
                )
                part["orders_low"], part["orders_high"] = ends[0], ends[1]
                part["amount_low"], part["amount_high"] = ends[2], ends[3]
            parts.append(part)
    parts = [part.assign(is_champion=part["estimator_name"] == live) for part in parts]
    return typed(parts, TEST_COLUMNS)

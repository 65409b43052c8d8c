"""What users are worth: the models of `purchase_models` and estimators learnt on top.

Everything is told the day that it looks back from, and learns only from label windows
that were over by then.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from precision_marketing.estimators.families import use_one_thread
from precision_marketing.value.purchase_models import (
    BgNbd,
    GammaGamma,
    draw_futures,
    even_values,
    fit_bg_nbd,
    fit_gamma_gamma,
    steady_buyers,
)

PURCHASE_KEYS = ["as_of_date", "first_order_id"]
PLAIN_RULES = ("past_rate", "recent_rate")
ESTIMATORS = ("bg_nbd", "learned", *PLAIN_RULES)
# Days that the rule recent_rate, and the longest recent feature, look back over.
RECENT_DAYS = 91
# No expected number is less, so that its logarithm exists.
LEAST_COUNT = 1e-9
ALLOWED_TYPES = (
    "sklearn._loss._loss.CyHalfPoissonLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)

HOLDOUT_COLUMNS = {
    "split_name": "string",
    "estimator_name": "string",
    "is_plain_rule": "bool",
    "is_live": "bool",
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
INTERVAL_COLUMNS = {
    "split_name": "string",
    "estimator_name": "string",
    "metric": "string",
    "metric_value": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
}
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
    "user_id": "string",
    "estimator_name": "string",
    "estimator_version": "string",
    "fitted_on": "string",
    "horizon_days": "int64",
    "probability_alive": "float64",
    "value_per_order": "float64",
    "expected_orders": "float64",
    "orders_low": "float64",
    "orders_high": "float64",
    "expected_amount": "float64",
    "amount_low": "float64",
    "amount_high": "float64",
    "as_of_date": "datetime64[us]",
}


@dataclass(frozen=True)
class ValueSettings:
    """Parameters of customer value; values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed, draws : int
        Seed of every random draw, and futures drawn per user for an interval.
    window_days, holdout_days : int
        Length of the label windows learnt from, and of the hold-out.
    min_repeat_users : int
        Fewest users with a repeat purchase that a model is fitted on.
    min_acquired_share : float
        Share of users, 0 to 1, who must have come inside the data for a fit on them.
    horizons : tuple of int
        Days ahead that users are valued over, ascending.
    """

    seed: int
    draws: int
    window_days: int
    holdout_days: int
    min_repeat_users: int
    min_acquired_share: float
    horizons: tuple[int, ...]

    @classmethod
    def from_meta(cls, meta: dict) -> "ValueSettings":
        """Read the settings that a Python model got through its ``meta``."""
        return cls(
            seed=int(meta["seed"]),
            draws=int(meta["draws"]),
            window_days=int(meta["window_days"]),
            holdout_days=int(meta["holdout_days"]),
            min_repeat_users=int(meta["min_repeat_users"]),
            min_acquired_share=float(meta["min_acquired_share"]),
            horizons=tuple(sorted(int(days) for days in meta["horizons"])),
        )


@dataclass(frozen=True)
class PurchaseModels:
    """BG/NBD and Gamma-Gamma of one as-of date.

    Parameters
    ----------
    bg_nbd, gamma_gamma : BgNbd, GammaGamma
        Fitted, or the fallbacks.
    fitted_on : str
        ``acquired users``, ``all users`` (many came before the data begins: their first
        purchase is not their first), or ``fallback``.
    """

    bg_nbd: BgNbd
    gamma_gamma: GammaGamma
    fitted_on: str


@dataclass(frozen=True)
class Regressions:
    """What was learnt of label windows: two regressions of purchases, one of spend.

    Parameters
    ----------
    log_linear : sklearn.pipeline.Pipeline
        Poisson regression of the number of purchases.
    boosting, spend_boosting : sklearn.ensemble.HistGradientBoostingRegressor
        Of Poisson loss, of the number of purchases and of the spend.
    row_count : int
        Rows learnt from.
    """

    log_linear: Pipeline
    boosting: HistGradientBoostingRegressor
    spend_boosting: HistGradientBoostingRegressor
    row_count: int


def fit_purchase_models(
    purchases: pd.DataFrame, settings: ValueSettings
) -> PurchaseModels:
    """Fit BG/NBD and Gamma-Gamma to the users of one as-of date.

    Users whose first purchase in the data is not their first look older customers than
    they are and hide those who stopped before. So the fit is on users who came inside
    the data, where they are enough.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of ``ftr_user__purchases`` of one date.
    settings : ValueSettings
        Fewest users for a fit.

    Returns
    -------
    PurchaseModels
        Where too few bought again, everybody buys on at a shrunken past rate.
    """
    acquired = purchases["is_acquired"].to_numpy(bool)
    repeats = purchases["repeat_day_count"].to_numpy() > 0
    inside = (
        acquired.mean() >= settings.min_acquired_share
        and (acquired & repeats).sum() >= settings.min_repeat_users
    )
    rows = purchases[acquired] if inside else purchases
    fitted_on = "acquired users" if inside else "all users"
    try:
        bg_nbd = fit_bg_nbd(
            *_histories(rows)[:3], min_repeat_users=settings.min_repeat_users
        )
    except ValueError:
        fitted_on = "fallback"
        bg_nbd = steady_buyers(purchases["repeat_day_count"], purchases["age_days"])
    try:
        gamma_gamma = fit_gamma_gamma(
            purchases["purchase_day_count"],
            purchases["mean_day_amount"],
            min_users=settings.min_repeat_users,
        )
    except ValueError:
        gamma_gamma = even_values(purchases["mean_day_amount"].mean())
    return PurchaseModels(bg_nbd, gamma_gamma, fitted_on)


def count_features(
    purchases: pd.DataFrame, models: PurchaseModels, window_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of the two regressions: scale-free ones for the line, raw for trees.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date.
    models : PurchaseModels
        Of that date.
    window_days : int
        Length of the label window.

    Returns
    -------
    pandas.DataFrame, pandas.DataFrame
        Shape (rows, features), in the order of ``purchases``; the first without gaps.
    """
    frequency, recency, age, value = _histories(purchases)
    expected = models.bg_nbd.expected_orders(frequency, recency, age, window_days)
    since = age - recency + 1
    shared = pd.DataFrame(
        {
            "log_expected": np.log(np.maximum(expected, LEAST_COUNT)),
            "alive": models.bg_nbd.probability_alive(frequency, recency, age),
            "log_frequency": np.log1p(frequency),
            "log_since": np.log(since),
            "log_value": np.log1p(value),
            "silence": since / (age + 1),
            "log_rate": np.log((frequency + 0.25) / (age + 1)),
        }
    )
    counts = purchases[[f"active_day_count_{days}d" for days in (28, 56, RECENT_DAYS)]]
    amounts = purchases[[f"net_amount_{days}d" for days in (28, RECENT_DAYS)]]
    last_value = purchases["last_day_amount"].to_numpy(float)
    single = (frequency == 0).astype(float)
    linear = shared.assign(
        log_expected_squared=shared["log_expected"] ** 2,
        log_since_squared=shared["log_since"] ** 2,
        log_value_squared=shared["log_value"] ** 2,
        frequency_by_since=shared["log_frequency"] * shared["log_since"],
        log_last_value=np.log1p(np.maximum(last_value, 0)),
        single=single,
        single_by_since=single * shared["log_since"],
        log_recent_28=np.log1p(counts.iloc[:, 0].to_numpy(float)),
        log_recent_91=np.log1p(counts.iloc[:, 2].to_numpy(float)),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_gap = np.where(frequency > 0, recency / frequency, np.nan)
    trees = pd.concat(
        [shared, counts.reset_index(drop=True), amounts.reset_index(drop=True)], axis=1
    ).assign(
        age=age,
        last_value=last_value,
        largest_value=purchases["largest_day_amount"].to_numpy(float),
        total_value=value * (frequency + 1),
        last_gap=purchases["last_gap_days"].to_numpy(float, na_value=np.nan),
        longest_gap=purchases["longest_gap_days"].to_numpy(float, na_value=np.nan),
        mean_gap=mean_gap,
        silence_in_gaps=since / mean_gap,
    )
    return linear.astype(float), trees.astype(float)


def fit_regressions(
    purchases: pd.DataFrame,
    ahead: pd.DataFrame,
    models: dict[pd.Timestamp, PurchaseModels],
    until: pd.Timestamp,
    settings: ValueSettings,
) -> Regressions | None:
    """Learn purchases and spend of a label window, from windows over by a day.

    Parameters
    ----------
    purchases, ahead : pandas.DataFrame
        Tables ``ftr_user__purchases`` and ``lbl_user__purchases``.
    models : dict of Timestamp to PurchaseModels
        Per as-of date, fitted on what was known then.
    until : pandas.Timestamp
        Label windows end on or before the start of this day.
    settings : ValueSettings
        Seed and lengths.

    Returns
    -------
    Regressions or None
        None where fewer than `min_repeat_users` users bought in a window.
    """
    use_one_thread()
    linear, trees, counts, amounts, users = [], [], [], [], []
    known = ahead.dropna(subset="day_count_in_window").set_index(PURCHASE_KEYS)
    for date in sorted(models):
        if date + pd.Timedelta(days=settings.window_days) > until:
            continue
        rows = _rows_of(purchases, date)
        label = known.reindex(pd.MultiIndex.from_frame(rows[PURCHASE_KEYS]))
        line, tree = count_features(rows, models[date], settings.window_days)
        linear.append(line)
        trees.append(tree)
        users.append(rows["first_order_id"].to_numpy())
        counts.append(label["day_count_in_window"].to_numpy(float))
        # more sent back than bought is spent as nothing: the loss takes no less
        amounts.append(np.maximum(label["net_amount_in_window"].to_numpy(float), 0))
    if not counts:
        return None
    count, amount = np.concatenate(counts), np.concatenate(amounts)
    buyers = np.concatenate(users)[(count > 0) & (amount > 0)]
    if len(np.unique(buyers)) < settings.min_repeat_users:
        return None
    line, tree = pd.concat(linear), pd.concat(trees)
    # parameters chosen on CDNOW before 1997-10-01; see DECISIONS
    log_linear = make_pipeline(
        StandardScaler(), PoissonRegressor(alpha=1e-3, max_iter=1000)
    )
    boosting = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=0.03,
        max_iter=150,
        max_leaf_nodes=8,
        min_samples_leaf=150,
        l2_regularization=5.0,
        max_features=0.5,
        early_stopping=False,
        random_state=settings.seed,
    )
    return Regressions(
        log_linear.fit(line, count),
        boosting.fit(tree, count),
        clone(boosting).fit(tree, amount),
        len(count),
    )


def expect(
    purchases: pd.DataFrame,
    models: PurchaseModels,
    learned: Regressions | None,
    horizons: list[int],
    window_days: int,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Forecast purchases and spend, per estimator and plain rule.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date, shape (users, features).
    models : PurchaseModels
        Of that date.
    learned : Regressions or None
        Learnt from windows over by that date.
    horizons : list of int
        Days ahead, ascending.
    window_days : int
        Days of the label windows that ``learned`` is about.

    Returns
    -------
    dict of str to (numpy.ndarray, numpy.ndarray), each of shape (horizons, users)
        Purchases, and spend. ``learned`` is the geometric mean of both regressions,
        carried to other horizons halfway (on the log scale) between an even rate and
        the falling one of BG/NBD. Its spend is the mean of three: purchases by boosting
        times their worth, spend by boosting, and BG/NBD with Gamma-Gamma; the line runs
        off on the few who buy most. Missing where nothing was learnt.
    """
    frequency, recency, age, value = _histories(purchases)
    days = np.array(horizons, dtype=float)[:, None]
    worth = models.gamma_gamma.expected_value(frequency + 1, value)
    counted = np.stack(
        [
            models.bg_nbd.expected_orders(frequency, recency, age, horizon)
            for horizon in horizons
        ]
    )
    found = {"bg_nbd": (counted, counted * worth)}
    if learned is not None:
        use_one_thread()
        line, tree = count_features(purchases, models, window_days)
        by_line = np.maximum(learned.log_linear.predict(line), LEAST_COUNT)
        by_trees = np.maximum(learned.boosting.predict(tree), LEAST_COUNT)
        # halfway between a rate that never falls and the falling one of BG/NBD
        in_window = np.exp(line["log_expected"].to_numpy())
        scale = np.sqrt(days / window_days * counted / in_window)
        spend = learned.spend_boosting.predict(tree)
        found["learned"] = (
            np.sqrt(by_line * by_trees) * scale,
            (by_trees * worth * scale + spend * scale + counted * worth) / 3,
        )
    recent = purchases[f"active_day_count_{RECENT_DAYS}d"].to_numpy(float)
    rates = {
        "past_rate": frequency / np.maximum(age, 1),
        "recent_rate": recent / np.minimum(age + 1, RECENT_DAYS),
    }
    for name, rate in rates.items():
        found[name] = (rate * days, rate * value * days)
    return found


def predict_intervals(
    purchases: pd.DataFrame,
    models: PurchaseModels,
    expected: dict[str, tuple[np.ndarray, np.ndarray]],
    name: str,
    widening: tuple[float, float],
    horizons: list[int],
    settings: ValueSettings,
) -> np.ndarray:
    """Predictive 95 % intervals around expected purchases and spend.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Rows of one as-of date.
    models : PurchaseModels
        Of that date; the spread is theirs.
    expected : dict of str to (numpy.ndarray, numpy.ndarray)
        Output of `expect` for the same rows and horizons.
    name : str
        Estimator that the intervals are for.
    widening : (float, float)
        Output of `widen`, from an earlier hold-out.
    horizons : list of int
        Days ahead, ascending.
    settings : ValueSettings
        Draws and seed.

    Returns
    -------
    numpy.ndarray of float, shape (horizons, 4, users)
        As `precision_marketing.value.purchase_models.draw_futures`, widened around the
        expectation; no number of purchases is below 0.
    """
    counts, amounts = expected[name]
    days = np.array(horizons, dtype=float)[:, None]
    longer = counts / np.maximum(expected["bg_nbd"][0], LEAST_COUNT)
    ends = draw_futures(
        models.bg_nbd,
        models.gamma_gamma,
        _histories(purchases),
        np.maximum.accumulate(days * longer, axis=0),
        draws=settings.draws,
        seed=settings.seed,
    )
    for first, centre, factor in ((0, counts, widening[0]), (2, amounts, widening[1])):
        low, high = ends[:, first], ends[:, first + 1]
        ends[:, first] = np.maximum(low - (factor - 1) * np.maximum(centre - low, 0), 0)
        ends[:, first + 1] = high + (factor - 1) * np.maximum(high - centre, 0)
    return ends


def widen(
    outcome: np.ndarray, expected: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    """By how much intervals must be widened to have held 95 % of outcomes.

    Parameters
    ----------
    outcome, expected, low, high : numpy.ndarray, shape (users,)
        What came, what was expected, and the ends of the interval.

    Returns
    -------
    float
        Factor on the distance of the ends from the expectation, at least 1: intervals
        are never narrowed. A split conformal score (Lei and others, 2018), on users.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (outcome - expected) / (high - expected)
        below = (expected - outcome) / (expected - low)
    score = np.where(outcome > expected, above, below)
    # an expectation outside its own interval has no distance to scale
    score = np.where((outcome >= low) & (outcome <= high), np.minimum(score, 1), score)
    score = np.where(np.isfinite(score) & (score > 0), score, 0)
    if not len(score):
        return 1.0
    return float(max(1.0, np.quantile(score, 0.95, method="higher")))


def judge_value(
    purchases: pd.DataFrame, ahead: pd.DataFrame, settings: ValueSettings
) -> pd.DataFrame:
    """Predict a hold-out, and one as long before it that chooses what goes live.

    Parameters
    ----------
    purchases, ahead : pandas.DataFrame
        Tables ``ftr_user__purchases`` and ``lbl_user__purchases``.
    settings : ValueSettings
        Lengths, draws and seed.

    Returns
    -------
    pandas.DataFrame
        Columns `HOLDOUT_COLUMNS`, one row per split (``validation``, ``test``),
        estimator or plain rule, and user with a purchase before. Live is what has the
        least RMSE of counts on the validation; BG/NBD where there is none. Empty where
        the data is shorter than a hold-out.
    """
    purchases = purchases.sort_values(PURCHASE_KEYS, ignore_index=True)
    length = pd.Timedelta(days=settings.holdout_days)
    dates = set(purchases["as_of_date"])
    scoring = max(dates, default=None)
    test = scoring - length if scoring is not None else None
    splits = {"validation": test - length, "test": test} if test in dates else {}
    models = dated_models(purchases, test, settings) if splits else {}
    parts, live, widening = [], "bg_nbd", {}
    for split, date in splits.items():
        if date not in models:
            continue
        learned = fit_regressions(purchases, ahead, models, date, settings)
        rows = _rows_of(purchases, date)
        outcome = (
            ahead.set_index(PURCHASE_KEYS)[
                ["day_count_in_holdout", "net_amount_in_holdout"]
            ]
            .reindex(pd.MultiIndex.from_frame(rows[PURCHASE_KEYS]))
            .to_numpy(float)
            .T
        )
        horizons = [settings.holdout_days]
        found = expect(rows, models[date], learned, horizons, settings.window_days)
        if split == "validation":
            errors = {
                name: float(np.mean((counts[0] - outcome[0]) ** 2))
                for name, (counts, _) in found.items()
            }
            live = min(errors, key=errors.get)
        for name, (counts, amounts) in found.items():
            part = rows[["user_id", "first_order_id", "as_of_date"]].assign(
                split_name=split,
                estimator_name=name,
                is_plain_rule=name in PLAIN_RULES,
                fitted_on=models[date].fitted_on,
                order_count=outcome[0],
                net_amount=outcome[1],
                expected_orders=counts[0],
                expected_amount=amounts[0],
                train_until_date=date,
            )
            if name not in PLAIN_RULES or name == live:
                ends = predict_intervals(
                    rows,
                    models[date],
                    found,
                    name,
                    widening.get(name, (1.0, 1.0)),
                    horizons,
                    settings,
                )[0]
                widening[name] = (
                    widen(outcome[0], counts[0], ends[0], ends[1]),
                    widen(outcome[1], amounts[0], ends[2], ends[3]),
                )
                part["orders_low"], part["orders_high"] = ends[0], ends[1]
                part["amount_low"], part["amount_high"] = ends[2], ends[3]
            parts.append(part)
    if not parts:
        return _empty(HOLDOUT_COLUMNS)
    judged = pd.concat(parts, ignore_index=True)
    judged["is_live"] = judged["estimator_name"] == live
    return judged.reindex(columns=list(HOLDOUT_COLUMNS)).astype(HOLDOUT_COLUMNS)


def value_intervals(judged: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Put 95 % bootstrap intervals over users on the metrics of the hold-out.

    Parameters
    ----------
    judged : pandas.DataFrame
        Output of `judge_value`.
    draws, seed : int
        Resamples of the users, and their seed; the same users for every estimator.

    Returns
    -------
    pandas.DataFrame
        Columns `INTERVAL_COLUMNS`; one row per estimator and metric of the test, which
        alone is reported on.
    """
    records = []
    tested = judged[judged["split_name"] == "test"]
    for (split, name), rows in tested.groupby(["split_name", "estimator_name"]):
        rows = rows.sort_values("first_order_id")
        random = np.random.default_rng(seed)
        counts = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws)
        weights = np.vstack([np.ones(len(rows)), counts])
        for metric, values in _value_metrics(rows, weights).items():
            drawn = values[1:][np.isfinite(values[1:])]
            ends = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else [np.nan] * 2
            records.append((split, name, metric, values[0], *ends))
    return pd.DataFrame(records, columns=list(INTERVAL_COLUMNS)).astype(
        INTERVAL_COLUMNS
    )


def fit_value(
    purchases: pd.DataFrame,
    ahead: pd.DataFrame,
    judged: pd.DataFrame,
    settings: ValueSettings,
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
        return _empty(ESTIMATOR_COLUMNS)
    purchases = purchases.sort_values(PURCHASE_KEYS, ignore_index=True)
    date = purchases["as_of_date"].max()
    names = judged.loc[judged["is_live"], "estimator_name"]
    live = names.iloc[0] if len(names) else "bg_nbd"
    models = dated_models(purchases, date, settings, with_past=live == "learned")
    learned = None
    if live == "learned":
        learned = fit_regressions(purchases, ahead, models, date, settings)
        live = "bg_nbd" if learned is None else live
    of_live = judged[judged["estimator_name"] == live]
    validation = of_live[of_live["split_name"] == "validation"]
    widening = np.ones(2)
    # the intervals of the test are those of the validation, widened once already
    for _, rows in of_live.groupby("split_name", sort=False):
        widening *= [
            widen(
                *rows[["order_count", "expected_orders", "orders_low", "orders_high"]]
                .to_numpy(float)
                .T
            ),
            widen(
                *rows[["net_amount", "expected_amount", "amount_low", "amount_high"]]
                .to_numpy(float)
                .T
            ),
        ]
    parameters = json.dumps(
        {
            "bg_nbd": {**asdict(models[date].bg_nbd), "log_likelihood": None},
            "gamma_gamma": asdict(models[date].gamma_gamma),
            "widening": list(widening),
            "window_days": settings.window_days,
        }
    )
    predicted = expect(
        _rows_of(purchases, date), models[date], learned, [1], settings.window_days
    )[live][0]
    identity = f"{live}\n{parameters}\n{np.round(predicted.sum(), 9)}"
    row = {
        "estimator_name": live,
        "estimator_version": hashlib.sha256(identity.encode()).hexdigest()[:12],
        "fitted_on": models[date].fitted_on,
        "parameters": parameters,
        "training_row_count": learned.row_count if learned else len(purchases),
        "validation_count_rmse": np.sqrt(
            ((validation["expected_orders"] - validation["order_count"]) ** 2).mean()
        ),
        "train_until_date": date,
        "estimator_bytes": learned
        and skops.io.dumps(
            {
                "log_linear": learned.log_linear,
                "boosting": learned.boosting,
                "spend_boosting": learned.spend_boosting,
            }
        ),
    }
    return pd.DataFrame([row]).astype(ESTIMATOR_COLUMNS)


def score_value(
    purchases: pd.DataFrame,
    estimator: pd.DataFrame,
    settings: ValueSettings,
) -> pd.DataFrame:
    """Value of every user at the scoring date; nothing is fitted here.

    Parameters
    ----------
    purchases : pandas.DataFrame
        Table ``ftr_user__purchases``.
    estimator : pandas.DataFrame
        Output of `fit_value`.
    settings : ValueSettings
        Horizons, draws and seed.

    Returns
    -------
    pandas.DataFrame
        Columns `VALUE_COLUMNS`; one row per user with a purchase and horizon.

    Raises
    ------
    ValueError
        If the stored regressions are no skops archive or hold types not allowed.
    """
    if purchases.empty or estimator.empty:
        return _empty(VALUE_COLUMNS)
    horizons = list(settings.horizons)
    entry = estimator.iloc[0]
    stored = json.loads(entry["parameters"])
    models = PurchaseModels(
        BgNbd(**{**stored["bg_nbd"], "log_likelihood": float("nan")}),
        GammaGamma(**stored["gamma_gamma"]),
        entry["fitted_on"],
    )
    learned = None
    if entry["estimator_name"] == "learned":
        learned = _load_regressions(bytes(entry["estimator_bytes"]))
    rows = _rows_of(purchases.sort_values(PURCHASE_KEYS), purchases["as_of_date"].max())
    frequency, recency, age, value = _histories(rows)
    name = entry["estimator_name"]
    found = expect(rows, models, learned, horizons, stored["window_days"])
    counts, amounts = found[name]
    ends = predict_intervals(
        rows, models, found, name, stored["widening"], horizons, settings
    )
    parts = [
        rows[["user_id", "as_of_date"]].assign(
            estimator_name=name,
            estimator_version=entry["estimator_version"],
            fitted_on=entry["fitted_on"],
            horizon_days=horizon,
            # users who never stop tell nothing of who is still there
            probability_alive=(
                np.nan
                if entry["fitted_on"] == "fallback"
                else models.bg_nbd.probability_alive(frequency, recency, age)
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
    return pd.concat(parts, ignore_index=True)[list(VALUE_COLUMNS)].astype(
        VALUE_COLUMNS
    )


def dated_models(
    purchases: pd.DataFrame,
    until: pd.Timestamp,
    settings: ValueSettings,
    *,
    with_past: bool = True,
) -> dict[pd.Timestamp, PurchaseModels]:
    """Fit the models of a date and, if asked, of dates whose label window is over."""
    over = until - pd.Timedelta(days=settings.window_days)
    return {
        date: fit_purchase_models(rows, settings)
        for date, rows in purchases.groupby("as_of_date")
        if date == until or (with_past and date <= over)
    }


def _histories(purchases: pd.DataFrame) -> list[np.ndarray]:
    """Frequency, recency and age in days, and mean value of a purchase not below 0."""
    value = purchases["mean_day_amount"].to_numpy(float)
    return [
        purchases["repeat_day_count"].to_numpy(float),
        purchases["recency_days"].to_numpy(float),
        purchases["age_days"].to_numpy(float),
        np.maximum(value, 0),
    ]


def _rows_of(purchases: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    return purchases[purchases["as_of_date"] == date].reset_index(drop=True)


def _value_metrics(rows: pd.DataFrame, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of one estimator for each weighting of the users; shape (draws + 1,)."""
    bought = rows["order_count"].to_numpy(float)
    expected = rows["expected_orders"].to_numpy(float)
    spent = rows["net_amount"].to_numpy(float)
    amount = rows["expected_amount"].to_numpy(float)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        metrics = {
            "auc": _area(bought > 0, expected, weights),
            "count_rmse": np.sqrt(weights @ (expected - bought) ** 2 / total),
            "total_ratio": weights @ expected / (weights @ bought),
            "spend_rmse": np.sqrt(weights @ (amount - spent) ** 2 / total),
            "spend_ratio": weights @ amount / (weights @ spent),
        }
    if rows["orders_low"].notna().all():
        inside = rows["order_count"].between(rows["orders_low"], rows["orders_high"])
        metrics["count_coverage"] = weights @ inside.to_numpy(float) / total
        inside = rows["net_amount"].between(rows["amount_low"], rows["amount_high"])
        metrics["spend_coverage"] = weights @ inside.to_numpy(float) / total
    return metrics


def _area(outcome: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve per weighting, ties half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    positive = np.add.reduceat((weights * outcome)[:, order], starts, axis=1)
    negative = np.add.reduceat((weights * ~outcome)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    won = np.einsum("dg,dg->d", positive, below)
    return won / (positive.sum(axis=1) * negative.sum(axis=1))


def _load_regressions(blob: bytes) -> Regressions:
    """Read stored regressions back, refusing what they need not hold."""
    try:
        found = set(skops.io.get_untrusted_types(data=blob))
    except Exception as error:
        raise ValueError(
            "The stored value estimator is no skops archive, or a damaged one."
        ) from error
    if foreign := sorted(found - set(ALLOWED_TYPES)):
        raise ValueError(
            f"The stored value estimator holds types not allowed: {foreign}."
        )
    held = skops.io.loads(blob, trusted=list(ALLOWED_TYPES))
    names = ("log_linear", "boosting", "spend_boosting")
    if not isinstance(held, dict) or set(held) != set(names):
        raise ValueError("The stored value estimator is another object.")
    return Regressions(*(held[name] for name in names), row_count=0)


def _empty(columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})

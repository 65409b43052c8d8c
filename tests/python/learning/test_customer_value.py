"""BG/NBD, Gamma-Gamma and what is learnt on top: known answers, laws and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
import skops.io
from precision_marketing.value.bg_nbd import BgNbd, fit_bg_nbd, steady_buyers
from precision_marketing.value.dated_models import ValueSettings
from precision_marketing.value.futures import draw_futures
from precision_marketing.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from precision_marketing.value.intervals import value_intervals
from precision_marketing.value.scoring import fit_value, score_value
from precision_marketing.value.test_period import judge_value
from scipy.special import hyp2f1
from scipy.stats import beta as beta_distribution
from scipy.stats import gamma as gamma_distribution
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import roc_auc_score
from support.panels import frame_of
from support.purchases import SETTINGS, cdnow_days, cdnow_file, histories, purchases_at, simulated, simulated_tables

SEEDS = range(5)
TEST_START = pd.Timestamp("1997-10-01")
CDNOW_SETTINGS = replace(SETTINGS, draws=80, test_days=273, horizons=(28,))


# Of the second, Platzer's R package BTYDplus gives the parameters.
PUBLISHED_FITS = {False: ([0.243, 4.414, 0.793, 2.426], -9582.43), True: ([0.525, 6.183, 0.891, 1.614], -9582.14)}


def valued(purchases: pd.DataFrame, estimator: pd.DataFrame, settings: ValueSettings, size: int = 64) -> pd.DataFrame:
    """Value the users of the last date, some at a time; the draws follow their places in a piece."""
    today = purchases[purchases["as_of_date"] == purchases["as_of_date"].max()].sort_values("first_order_id")
    pieces = (today[start : start + size] for start in range(0, len(today), size))
    found = frame_of(score_value(pieces, estimator, settings))
    return found.sort_values(["horizon_days", "user_id"], ignore_index=True)


@pytest.mark.parametrize("at_once", [False, True], ids=["BG/NBD", "MBG/NBD"])
def test_the_published_fits_of_cdnow_are_reproduced(at_once: bool) -> None:
    # the 1/10 sample is a list of its own: no rule on the ids of the whole gives it
    days = cdnow_days("CDNOW_sample.txt", 1, 0)
    table = histories(days, TEST_START)

    found = fit_bg_nbd(
        table["frequency"], table["recency"], table["age"], min_repeat_users=50, may_stop_at_once=at_once
    )

    assert len(table) == 2357
    parameters, likelihood = PUBLISHED_FITS[at_once]
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx(parameters, abs=5e-4)
    assert found.log_likelihood == pytest.approx(likelihood, abs=5e-3)
    if at_once:
        # of those who bought once, fewer come back than are still there; among the longer
        # silent, fewer of both
        single = table[table["frequency"] == 0]
        alive = found.probability_alive(single["frequency"], single["recency"], single["age"])
        back = single.index.isin(days.loc[days["day"] >= TEST_START, "user_id"])
        older = (single["age"] > single["age"].median()).to_numpy()
        assert back[older].mean() < alive[older].mean() < alive[~older].mean() < 0.5
        assert back[~older].mean() < alive[~older].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_chance_of_being_there_falls_with_silence_and_is_that_of_the_literature(seed: int) -> None:
    random = np.random.default_rng(seed)
    r, alpha, a, b = random.uniform([0.2, 2, 0.2, 0.5], [2, 20, 3, 5])
    model = BgNbd(r, alpha, a, b, 0.0, True)
    frequency = np.array([0.0, 1.0, 5.0, 40.0])
    recency = np.where(frequency > 0, 30.0, 0.0)
    silences = np.array([0.0, 1.0, 30.0, 90.0, 545.0, 3000.0])
    alive = np.stack([model.probability_alive(frequency, recency, recency + silence) for silence in silences])

    assert ((alive > 0) & (alive < 1)).all()
    assert (np.diff(alive, axis=0) < 0).all()

    # one user's likelihoods of Batislam and others (2007), integrated over rate and chance to stop
    rate = gamma_distribution(r, scale=1 / alpha).ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    stop = beta_distribution(a, b).ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    for number, silence in enumerate(silences[:4]):
        age = recency + silence
        stayed = ((1 - stop) ** (frequency + 1)).mean(0) * (rate**frequency * np.exp(-rate * age)).mean(0)
        stopped = (stop * (1 - stop) ** frequency).mean(0) * (rate**frequency * np.exp(-rate * recency)).mean(0)
        np.testing.assert_allclose(alive[number, :3], (stayed / (stayed + stopped))[:3], atol=0.01)


def test_a_short_observation_still_tells_who_is_silent() -> None:
    # 77 days in which nobody stopped: the chances still lie below 1, in order
    random = np.random.default_rng(3)
    rates, age = random.gamma(2.0, 0.05, 400), random.uniform(40, 77, 400)
    times = [np.cumsum(random.exponential(1 / rate, 200)) for rate in rates]
    bought = [time[time <= end] for time, end in zip(times, age, strict=True)]
    frequency = np.array([float(len(time)) for time in bought])
    recency = np.array([time[-1] if len(time) else 0.0 for time in bought])

    model = fit_bg_nbd(frequency, recency, age, min_repeat_users=50, may_stop_at_once=True)
    alive = model.probability_alive([0, 0, 0], [0, 0, 0], [10, 40, 77])

    assert 1 > alive[0] > alive[1] > alive[2] > 0


def test_whoever_bought_once_and_is_silent_for_years_is_not_valued_as_if_there() -> None:
    purchases, ahead = simulated_tables(1)
    date = purchases["as_of_date"].max()
    once = purchases[purchases["as_of_date"] == date].head(40)
    once = once.assign(repeat_day_count=0, purchase_day_count=1, recency_days=0, age_days=np.linspace(1, 800, 40))
    once[["last_gap_days", "longest_gap_days"]] = np.nan
    estimator = fit_value(purchases, ahead, judge_value(purchases, ahead, SETTINGS), SETTINGS)

    alive = valued(once, estimator, SETTINGS).query("horizon_days == 28")["probability_alive"].to_numpy()

    assert ((alive > 0) & (alive < 1)).all()
    assert (np.diff(alive) < 0).all()
    assert alive[-1] < 0.6


def test_gamma_gamma_reproduces_the_published_fit_of_cdnow() -> None:
    table = pd.read_csv(cdnow_file("cdnow_customers_summary_with_transactions.csv"))
    table = table[table["x"] > 0]

    found = fit_gamma_gamma(table["x"], table["zbar"], min_users=50)

    assert len(table) == 946
    assert [found.p, found.q, found.gamma] == pytest.approx([6.25, 3.74, 15.45], abs=0.01)


@pytest.mark.slow
def test_what_is_learnt_before_1997_10_reaches_the_bar_of_cdnow() -> None:
    days = cdnow_days("CDNOW_master.txt", 0, 1)
    assert days["user_id"].nunique() == 23570
    last = TEST_START - pd.Timedelta(days=CDNOW_SETTINGS.window_days)
    dates = [last - pd.Timedelta(days=14 * number) for number in range(12)]
    end = TEST_START + pd.Timedelta(days=CDNOW_SETTINGS.test_days)
    tables = purchases_at(days, [*dates, TEST_START, end], CDNOW_SETTINGS)

    judged = judge_value(*tables, CDNOW_SETTINGS)

    found = value_intervals(judged, draws=1, seed=1).set_index(["estimator_name", "metric"])["metric_value"]
    assert (judged["train_until_date"] == TEST_START).all()
    # evaluation.md, CDNOW: to reach
    assert found["learned", "auc"] >= 0.770
    assert found["learned", "count_rmse"] <= 1.71
    assert found["learned", "total_ratio"] == pytest.approx(1, abs=0.05)
    assert found["learned", "spend_rmse"] <= 92
    # nominal .95; counts are whole, so an interval may hold more
    assert 0.93 <= found["learned", "count_coverage"] <= 0.99
    assert 0.93 <= found["learned", "spend_coverage"] <= 0.97


@pytest.mark.parametrize("seed", SEEDS)
def test_users_of_a_known_make_are_told_right(seed: int) -> None:
    users = simulated(seed, 2000)
    history = [users[name] for name in ("frequency", "recency", "age")]

    bg_nbd = fit_bg_nbd(*history, min_repeat_users=50, may_stop_at_once=False)
    gamma_gamma = fit_gamma_gamma(users["frequency"] + 1, users["value"], min_users=50)
    expected = bg_nbd.expected_orders(*history, 100)
    worth = gamma_gamma.expected_value(users["frequency"] + 1, users["value"])
    low, high, spend_low, spend_high = draw_futures(
        bg_nbd, gamma_gamma, [*history, users["value"]], np.full((1, 2000), 100.0), draws=400, seed=seed
    )[0]

    # tolerances: about four standard errors of 2000 users
    assert expected.sum() == pytest.approx(users["ahead"].sum(), rel=0.08)
    assert (expected * worth).sum() == pytest.approx(users["spent"].sum(), rel=0.12)
    assert bg_nbd.probability_alive(*history).mean() == pytest.approx(users["is_alive"].mean(), abs=0.05)
    assert np.mean((low <= users["ahead"]) & (users["ahead"] <= high)) >= 0.935
    held = (spend_low <= users["spent"]) & (users["spent"] <= spend_high)
    # whoever spends nothing lies in an interval that begins at nothing
    assert np.mean(held) >= 0.935


@pytest.mark.parametrize("at_once", [False, True], ids=["BG/NBD", "MBG/NBD"])
@pytest.mark.parametrize("seed", SEEDS)
def test_expected_orders_are_those_of_the_published_formula(seed: int, at_once: bool) -> None:
    random = np.random.default_rng(seed)
    r, alpha, a, b = random.uniform([0.2, 2, 1.2, 1], [2, 20, 3, 5])
    frequency = random.integers(0, 12, 50).astype(float)
    age = random.uniform(20, 60, 50)
    recency = np.where(frequency > 0, age * random.uniform(0.1, 1, 50), 0)
    time = random.uniform(1, 80)

    found = BgNbd(r, alpha, a, b, 0.0, at_once).expected_orders(frequency, recency, age, time)

    # Fader, Hardie and Lee (2005), equation 10; Batislam and others have one chance more
    shape, stay = r + frequency, b + frequency + at_once
    rest = ((alpha + age) / (alpha + age + time)) ** shape * hyp2f1(
        shape, stay, a + stay - 1, time / (alpha + age + time)
    )
    odds = np.where(
        frequency + at_once > 0, a / np.maximum(stay - 1, 1e-9) * ((alpha + age) / (alpha + recency)) ** shape, 0
    )
    formula = (a + stay - 1) / (a - 1) * (1 - rest) / (1 + odds)
    np.testing.assert_allclose(found, formula, rtol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_longer_futures_hold_more_and_many_purchases_do_no_harm(seed: int) -> None:
    random = np.random.default_rng(seed)
    frequency = random.integers(0, 400, 60).astype(float)
    age = random.uniform(401, 900, 60)
    recency = np.where(frequency > 0, age * random.uniform(0.5, 1, 60), 0)
    bg_nbd, gamma_gamma = BgNbd(1.4, 9.6, 0.2, 280.0, 0.0, True), GammaGamma(0.5, 3.8, 226.0)
    value = random.uniform(-5, 90, 60)

    counts = [bg_nbd.expected_orders(frequency, recency, age, days) for days in (7, 28, 365)]
    ends = draw_futures(
        bg_nbd, gamma_gamma, [frequency, recency, age, value], np.outer([7, 28, 365], np.ones(60)), draws=100, seed=seed
    )

    assert np.isfinite(counts).all()
    assert (np.diff(counts, axis=0) > 0).all()
    assert (np.diff(ends, axis=0) >= 0).all()
    assert (ends[:, 0] <= ends[:, 1]).all()
    assert (ends[:, 2] <= ends[:, 3]).all()
    assert (np.asarray(counts) >= ends[:, 0] - 1).all()
    # half a year of silence after daily purchases says more than after few
    alive = bg_nbd.probability_alive([5.0, 300.0], [300.0, 300.0], [500.0, 500.0])
    assert alive[0] > alive[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_users_who_surely_stop_after_a_purchase_are_drawn_one(seed: int) -> None:
    zeros, ages = np.zeros(200), np.full(200, 50.0)

    ends = draw_futures(
        BgNbd(5.0, 5.0, 1e9, 1.0, 0.0, False),
        GammaGamma(6.0, 4.0, 60.0),
        [zeros, zeros, ages, np.full(200, 100.0)],
        np.full((1, 200), 1e5),
        draws=50,
        seed=seed,
    )[0]

    np.testing.assert_array_equal(ends[0], 1)
    np.testing.assert_array_equal(ends[1], 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_rows_order_nor_names_nor_held_out_labels_move_a_forecast(seed: int) -> None:
    purchases, ahead = simulated_tables(seed)
    shuffled = purchases.sample(frac=1, random_state=seed)
    renamed = shuffled.assign(user_id="x" + shuffled["user_id"].str[::-1])
    test = purchases["as_of_date"].max() - pd.Timedelta(days=SETTINGS.test_days)
    changed = ahead.sample(frac=1, random_state=seed + 1)
    is_later = changed["as_of_date"] + pd.Timedelta(days=SETTINGS.window_days) > test
    changed.loc[is_later, ["day_count_in_window", "net_amount_in_window"]] = 50
    changed.loc[changed["as_of_date"] == test, "day_count_in_test"] = 0
    changed.loc[changed["as_of_date"] == test, "net_amount_in_test"] = 0

    first = judge_value(purchases, ahead, SETTINGS)
    second = judge_value(renamed, changed, SETTINGS)

    assert set(first["estimator_name"]) >= {"mbg_nbd", "learned"}
    assert set(first["split_name"]) == {"validation", "test"}
    kept = [name for name in first.columns if name not in ("user_id", "order_count", "net_amount")]
    pd.testing.assert_frame_equal(first[kept], second[kept], rtol=0, atol=0)


def test_a_line_that_runs_off_promises_no_more_days_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop whose customers order at steady rates drove it to infinity, and the build to a stop."""
    monkeypatch.setattr(PoissonRegressor, "predict", lambda _, rows: np.full(len(rows), np.inf))
    judged = judge_value(*simulated_tables(0), SETTINGS)
    learned = judged[judged["estimator_name"] == "learned"]
    assert len(learned) > 0
    assert (learned["expected_orders"] < 10 * SETTINGS.test_days).all()


@pytest.fixture(scope="module")
def learned_estimator() -> pd.DataFrame:
    """What `fit_value` stores where the regressions are live."""
    purchases, ahead = simulated_tables(0)
    judged = judge_value(purchases, ahead, SETTINGS).assign(
        is_champion=lambda rows: rows["estimator_name"] == "learned"
    )
    return fit_value(purchases, ahead, judged, SETTINGS)


def test_scoring_fits_nothing_and_repeats(learned_estimator: pd.DataFrame) -> None:
    purchases, _ = simulated_tables(0)
    today = purchases[purchases["as_of_date"] == purchases["as_of_date"].max()]

    whole = valued(purchases, learned_estimator, SETTINGS)

    half = today[today["user_id"].isin(sorted(today["user_id"])[::2])]
    forecast = ["expected_orders", "expected_amount", "probability_alive"]
    of_half = whole[whole["user_id"].isin(half["user_id"])]

    assert list(learned_estimator["estimator_name"]) == ["learned"]
    # a fit on half of the users would tell them something else
    np.testing.assert_allclose(valued(half, learned_estimator, SETTINGS)[forecast], of_half[forecast], rtol=1e-9)
    pd.testing.assert_frame_equal(whole, valued(today, learned_estimator, SETTINGS))
    assert sorted(whole["horizon_days"].unique()) == [28, 91, 365]
    assert whole.notna().all(axis=None)
    widening = json.loads(learned_estimator["parameters"].iloc[0])["widening"]
    assert min(widening) >= 1


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda blob: blob[: len(blob) // 2], "not a valid skops archive"),
        (lambda blob: b"nothing", "not a valid skops archive"),
        (lambda blob: skops.io.dumps(["another"]), "another object"),
        (lambda blob: skops.io.dumps(BgNbd(1, 1, 1, 1, 0, True)), "types not allowed"),
    ],
)
def test_value_estimators_that_were_tampered_with_are_refused(
    learned_estimator: pd.DataFrame, tamper: Callable[[bytes], bytes], message: str
) -> None:
    purchases, _ = simulated_tables(0)
    blob = tamper(learned_estimator["estimator_bytes"].iloc[0])

    with pytest.raises(ValueError, match=message):
        valued(purchases, learned_estimator.assign(estimator_bytes=[blob]), SETTINGS)


@pytest.mark.parametrize(
    ("frequency", "recency", "age", "message"),
    [
        pytest.param([1, 0], [5, 0], [9, 9], "who bought again", id="too few"),
        pytest.param([0, 0], [0, 0], [9, 9], "who bought again", id="none"),
        pytest.param([], [], [], "who bought again", id="no users"),
        pytest.param([1, 2], [5, np.nan], [9, 9], "known and finite", id="missing"),
        pytest.param([1, 2], [5, 10], [9, 9], "from 0 to age", id="after the end"),
        pytest.param([1, -1], [5, 1], [9, 9], "at least 0", id="negative"),
        pytest.param([1, 0], [5, 1], [9, 9], "single purchase", id="contradiction"),
        pytest.param([1], [5, 1], [9, 9], "one length", id="lengths"),
    ],
)
def test_histories_that_no_fit_can_use_are_refused(frequency: list, recency: list, age: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_bg_nbd(frequency, recency, age, min_repeat_users=2, may_stop_at_once=True)


@pytest.mark.parametrize(
    ("count", "value", "message"),
    [([1, 2], [3.0, 0.0], "2 users"), ([], [], "2 users"), ([1, 2], [3.0, np.inf], "known and finite")],
)
def test_values_that_no_fit_can_use_are_refused(count: list, value: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_gamma_gamma(count, value, min_users=2)


def test_a_shop_with_few_repeat_buyers_gets_a_shrunken_past_rate() -> None:
    purchases, ahead = simulated_tables(1)
    few = purchases["user_id"].isin(sorted(purchases["user_id"].unique())[:30])
    purchases, ahead = (purchases[few], ahead[ahead["user_id"].isin(purchases[few]["user_id"])])

    judged = judge_value(purchases, ahead, SETTINGS)
    scored = valued(purchases, fit_value(purchases, ahead, judged, SETTINGS), SETTINGS)

    assert set(judged["fitted_on"]) == {"fallback"}
    assert "learned" not in set(judged["estimator_name"])
    assert scored["probability_alive"].isna().all()
    assert (scored["expected_orders"] >= 0).all()
    rate = steady_buyers([0.0, 4.0], [100.0, 100.0])
    expected = rate.expected_orders([0.0, 4.0], [0.0, 90.0], [100.0, 100.0], 100.0)
    # the mean rate, (4 + .5) purchases in (200 + 1) days, weighs as one purchase
    np.testing.assert_allclose(expected, [100 / (201 / 4.5 + 100), 500 / (201 / 4.5 + 100)])


@pytest.mark.parametrize("users", [0, 1])
def test_a_shop_of_no_user_or_one_gives_typed_tables(users: int) -> None:
    purchases, ahead = simulated_tables(2)
    kept = sorted(purchases["user_id"].unique())[:users]
    purchases = purchases[purchases["user_id"].isin(kept)]
    ahead = ahead[ahead["user_id"].isin(kept)]

    judged = judge_value(purchases, ahead, SETTINGS)
    estimator = fit_value(purchases, ahead, judged, SETTINGS)
    scored = valued(purchases, estimator, SETTINGS)

    assert len(scored) == 3 * users
    assert scored["expected_orders"].dtype == "float64"
    assert scored["as_of_date"].dtype.kind == "M"
    assert value_intervals(judged, 5, 1)["metric_value"].dtype == "float64"


def test_the_mart_measures_as_scikit_learn_does(built: duckdb.DuckDBPyConnection) -> None:
    judged = built.sql("from learning.ml_customer_value__test_period").df()
    results = built.sql("from evaluation.customer_value_results where split_name = 'test'").df()
    if judged.empty:
        pytest.skip("MART NOT CHECKED: the data is shorter than a test period.")
    found = results.set_index(["estimator_name", "metric"])["metric_value"]
    in_python = value_intervals(judged, 1, 1).set_index(["estimator_name", "metric"])
    pd.testing.assert_series_equal(
        found.sort_index(), in_python["metric_value"].sort_index(), rtol=1e-9, check_dtype=False, check_index_type=False
    )
    for name, rows in judged[judged["split_name"] == "test"].groupby("estimator_name"):
        area = roc_auc_score(rows["order_count"] > 0, rows["expected_orders"])
        assert found[name, "auc"] == pytest.approx(area, abs=1e-9)


def test_the_features_of_cdnow_are_those_that_sql_gives_a_shop(built: duckdb.DuckDBPyConnection) -> None:
    days = built.sql("""
        select user_id, activity_date as day, cast(net_amount as double) as amount
        from features.ftr_user__days
    """).df()
    in_sql = built.sql("from features.ftr_user__purchases").df()
    ahead_in_sql = built.sql("from labels.lbl_user__purchases").df()
    if in_sql.empty:
        pytest.skip("FEATURES NOT CHECKED: the shop has no order.")
    days["day"] = pd.to_datetime(days["day"])
    dates = sorted(pd.to_datetime(in_sql["as_of_date"]).unique())
    # money sent back is known to SQL alone
    left_out = ["first_order_id", "is_acquired", "mean_day_amount"]
    left_out += ["net_amount_in_window", "net_amount_in_test"]

    for expected, found in zip(purchases_at(days, dates, SETTINGS), (in_sql, ahead_in_sql), strict=True):
        columns = [name for name in expected.columns if name not in left_out]
        keys = ["as_of_date", "user_id"]
        pd.testing.assert_frame_equal(
            found[columns].sort_values(keys, ignore_index=True),
            expected[columns].sort_values(keys, ignore_index=True),
            check_dtype=False,
        )

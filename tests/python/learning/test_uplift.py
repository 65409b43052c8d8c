"""Uplift: what is measured, what the learners find, and when nothing is claimed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.hashing import hashed_uniform, user_folds
from precision_marketing.uplift.learners import CONSTANT, LEARNERS, RESPONSE, cross_fitted, fit_learners
from precision_marketing.uplift.metrics import Trial, arm_share, qini_curve, resample, uplift_metrics
from precision_marketing.uplift.trials import RANDOM, UpliftSettings, choose_learner, estimate_effects, judge_trial
from support.builds import PROJECT_FOLDER
from support.panels import randomised_trial
from support.variables import VARS

SEEDS = range(5)
SETTINGS = replace(UpliftSettings.from_meta(VARS), seed=7, draws=200, folds=3, min_arm_users=40)


def qini(score: np.ndarray, trial: Trial) -> float:
    """Return the Qini alone."""
    counts = np.ones((len(score), 1))
    return uplift_metrics(score, trial, counts)["metric_value"].iloc[0]


# What is measured


def small_trial() -> Trial:
    """Six users, three in each arm."""
    return Trial(
        np.arange(6),
        np.array([True, False, True, False, True, False]),
        np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0]),
        np.full(6, 0.5),
    )


def test_the_curve_is_radcliffes() -> None:
    # by hand: after 1..6 users Y_T - Y_C N_T / N_C, over three contacted in all
    gains = np.array([0, 1, 1, 2, 1, 2 - 3 / 2, 0]) / 3
    score = np.arange(6, 0, -1.0)
    depths = np.arange(7) / 6

    assert qini_curve(score, small_trial(), depths) == pytest.approx(gains)
    area = (gains[:-1] + gains[1:]).sum() / 2 / 6
    assert qini(score, small_trial()) == pytest.approx(area - gains[-1] / 2)


def test_uplift_at_k_is_the_difference_among_the_best_ranked() -> None:
    random = np.random.default_rng(0)
    score, treated = random.permutation(1000.0 + np.arange(1000)), random.random(1000)
    trial = Trial(np.arange(1000), treated < 0.3, random.random(1000), np.full(1000, 0.3))
    found = uplift_metrics(score, trial, np.ones((1000, 1))).set_index("metric")

    for depth in (0.1, 0.2, 0.3):
        top = np.argsort(-score)[: int(1000 * depth)]
        arms = trial.treated[top]
        expected = trial.outcome[top][arms].mean() - trial.outcome[top][~arms].mean()
        assert found["metric_value"][f"uplift_at_{depth:.0%}"] == pytest.approx(expected)


def test_users_of_one_score_come_in_together() -> None:
    trial = small_trial()
    whole = uplift_metrics(np.zeros(6), trial, np.ones((6, 1)))
    effect = trial.outcome[trial.treated].mean() - trial.outcome[~trial.treated].mean()

    assert whole["metric_value"].tolist() == pytest.approx([0.0] + [effect] * 4)
    assert qini_curve(np.zeros(6), trial, np.array([0.25])) == pytest.approx(effect / 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_perfect_ranking_has_the_highest_qini(seed: int) -> None:
    random = np.random.default_rng(seed)
    treated, outcome = random.random(60) < 0.5, (random.random(60) < 0.4).astype(float)
    trial = Trial(np.arange(60), treated, outcome, arm_share(treated))
    # who acts once contacted first, who acts without a contact last
    perfect = np.where(treated, outcome * 2, 1 - outcome * 2) + np.where(treated, 0, 0.5)
    best = qini(perfect, trial)

    assert best > 0
    for _ in range(100):
        assert qini(random.permutation(60.0 + np.arange(60)), trial) < best
    _, large, effect = randomised_trial(seed, 8000, 0.2, is_binary=True)
    noisy = effect + random.normal(size=8000) * effect.std()
    assert qini(effect, large) > qini(noisy, large) > qini(-effect, large)


@pytest.mark.parametrize("seed", SEEDS)
def test_unlike_shares_of_treatment_are_no_effect(seed: int) -> None:
    # one campaign contacts most of its eager users, another few of its idle ones
    random = np.random.default_rng(seed)
    share = np.repeat([0.8, 0.3], 3000)
    treated = random.random(6000) < share
    outcome = (random.random(6000) < np.repeat([0.7, 0.2], 3000)).astype(float)
    trial = Trial(np.arange(6000), treated, outcome, share)
    found = uplift_metrics(random.random(6000), trial, resample(trial.users, 200, seed))
    crude = outcome[treated].mean() - outcome[~treated].mean()

    assert crude > 0.2
    average = found.set_index("metric").loc["average_effect"]
    error = (average["interval_high"] - average["interval_low"]) / 3.92
    assert abs(average["metric_value"]) < 3 * error < 0.05


def test_a_random_score_gains_nothing_in_95_of_100() -> None:
    covered = 0
    for seed in range(200):
        _, trial, _ = randomised_trial(seed, 500, 0.2, is_binary=True)
        score = hashed_uniform(trial.users, f"chance {seed}")
        found = uplift_metrics(score, trial, resample(trial.users, 200, seed)).iloc[0]
        covered += found["interval_low"] <= 0 <= found["interval_high"]

    # 190 of 200 expected, standard deviation 3.1
    assert 180 <= covered <= 199


def test_a_user_is_drawn_with_all_rows() -> None:
    users = np.array(["a", "b", "a", "c"])
    counts = resample(users, 50, 1)

    assert (counts[0] == counts[2]).all()
    assert (counts[[0, 1, 3]].sum(axis=0) == 3).all()


@pytest.mark.parametrize("share", [0.0, 1.0, np.nan])
def test_without_lot_there_is_no_trial(share: float) -> None:
    with pytest.raises(ValueError, match="chance of treatment between 0 and 1"):
        Trial(np.arange(2), np.array([True, False]), np.zeros(2), np.full(2, share))


# Halves


def test_a_hash_draws_the_same_users_for_ever() -> None:
    names = np.array(["1", "2", "household 7"], dtype=object)
    drawn = hashed_uniform(names, "uplift half")

    assert drawn * 2**32 == pytest.approx([967911753, 3328972801, 704083057])
    with duckdb.connect() as connection:
        digits = connection.execute(
            "select substr(md5(concat('uplift half', ':', name)), 1, 8)"
            " from unnest(['1', '2', 'household 7']) as names (name)"
        ).fetchall()
    assert [int(text, 16) / 2**32 for (text,) in digits] == drawn.tolist()


def test_folds_keep_a_user_together_whoever_is_beside() -> None:
    users = np.array([f"user {number % 300}" for number in range(900)], dtype=object)
    folds = user_folds(users, 5, 1)

    assert set(folds) == set(range(5))
    assert len({*zip(users, folds, strict=True)}) == 300
    assert (user_folds(users[::7], 5, 1) == folds[::7]).all()


# Learners


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_binary", [True, False])
def test_every_learner_finds_a_planted_difference(seed: int, is_binary: bool) -> None:
    features, trial, effect = randomised_trial(seed, 4000, 0.2, is_binary=is_binary)
    is_test = hashed_uniform(trial.users, "half") < 0.5
    found = judge_trial(features, trial, is_test, SETTINGS).set_index("learner")
    gained = found[found["metric"] == "qini"]
    best = qini(effect[is_test], trial.where(is_test))

    assert (gained["interval_low"][list(LEARNERS)] > 0).all()
    assert (gained["metric_value"][list(LEARNERS)] > 0.7 * best).all()
    assert gained["interval_low"][RANDOM] <= 0.005 * (1 if is_binary else 10)
    # ranking by response is not ranking by what a contact changes
    assert (gained["metric_value"][list(LEARNERS)] > gained["metric_value"][RANDOM]).all()
    assert gained["is_chosen"][list(LEARNERS)].sum() == 1


def test_without_a_difference_nothing_is_claimed() -> None:
    claims, values = 0, []
    for seed in range(24):
        features, trial, _ = randomised_trial(seed, 800, 0.0, is_binary=True)
        rows = features[list("abcd")].to_numpy()
        choice = choose_learner(rows, trial, SETTINGS)
        claims += not choice["is_chosen"][CONSTANT]
        values.append(choice["validation_qini"]["x_learner"])

    # one in forty expected of each of four learners, which mostly agree
    assert claims <= 3
    # nor does dealing into folds push the cross-validated Qini below zero
    assert abs(np.mean(values)) < 2.5 * np.std(values) / np.sqrt(len(values))


@pytest.mark.parametrize("seed", SEEDS)
def test_estimates_are_right_on_average(seed: int) -> None:
    features, trial, effect = randomised_trial(seed, 4000, 0.1, is_binary=True)
    is_test = hashed_uniform(trial.users, "half") < 0.5
    found = estimate_effects(features[~is_test], trial.where(~is_test), features[is_test], SETTINGS)
    means = found.groupby("learner")["estimate"].mean()
    for name in (*LEARNERS, CONSTANT):
        assert means[name] == pytest.approx(effect[is_test].mean(), abs=0.08)
    assert means[RESPONSE] > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_a_known_lot_makes_up_for_what_features_do_not_show(seed: int) -> None:
    # the eager were contacted more often, and no feature tells who is eager
    random = np.random.default_rng(seed)
    eager = random.random(6000) < 0.5
    share = np.where(eager, 0.8, 0.2)
    treated = random.random(6000) < share
    outcome = 2.0 * eager + 0.5 * treated + random.normal(size=6000) / 5
    users = np.arange(6000)
    recipe = replace(SETTINGS, folds=2, seed=1).recipe(outcome)
    names = ("two_model", "transformed_outcome", "doubly_robust")
    rows = random.normal(size=(6000, 2))
    trial = Trial(users, treated, outcome, share)
    means = {name: predict(rows).mean() for name, predict in fit_learners(names, rows, trial, recipe).items()}

    assert means["two_model"] > 1.5
    assert means["transformed_outcome"] == pytest.approx(0.5, abs=0.3)
    assert means["doubly_robust"] == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    features, trial, _ = randomised_trial(seed, 400, 0.2, is_binary=False)
    is_test = hashed_uniform(trial.users, "half") < 0.5
    order = np.random.default_rng(seed).permutation(400)
    settings = replace(UpliftSettings.from_meta(VARS), seed=7, draws=20, folds=2, min_arm_users=10)

    pd.testing.assert_frame_equal(
        judge_trial(features, trial, is_test, settings),
        judge_trial(features.iloc[order].reset_index(drop=True), trial.where(order), is_test[order], settings),
        check_exact=True,
    )


def test_one_arm_only_is_refused() -> None:
    _, trial, _ = randomised_trial(0, 50, 0.0, is_binary=True)
    with pytest.raises(ValueError, match="rows in both arms"):
        cross_fitted(
            LEARNERS,
            np.zeros((50, 1)),
            Trial(trial.users, np.full(50, True), trial.outcome, trial.share),
            replace(SETTINGS, folds=2, seed=1).recipe(trial.outcome),
        )


def test_an_outcome_that_nobody_held_out_shows_is_learnt() -> None:
    # a coupon that only those contacted can redeem
    features, trial, _ = randomised_trial(1, 600, 0.0, is_binary=True)
    redeemed = trial.outcome * trial.treated
    only_contacted = Trial(trial.users, trial.treated, redeemed, trial.share)
    is_test = hashed_uniform(trial.users, "half") < 0.5
    found = judge_trial(features, only_contacted, is_test, SETTINGS)

    assert found["metric_value"].notna().all()


# Hillstrom's e-mail test: 64,000 customers, randomised


HILLSTROM_SETTINGS = replace(UpliftSettings.from_meta(VARS), seed=20170424, draws=500, folds=5, min_arm_users=40)
HILLSTROM_FEATURES = ["recency", "history", "mens", "womens", "newbie"]
HILLSTROM_TEXTS = ["zip_code", "channel", "history_segment"]


@pytest.fixture(scope="module")
def hillstrom() -> pd.DataFrame:
    folders = [os.environ.get("SHARED_DATA_DIR", ""), PROJECT_FOLDER.parent / "shared" / "data"]
    files = [Path(folder) / "hillstrom.parquet" for folder in folders if folder]
    for file in files:
        if file.exists():
            return pd.read_parquet(file)
    pytest.skip("HILLSTROM NOT CHECKED: no hillstrom.parquet; set SHARED_DATA_DIR to the folder that has it.")


def judged_mail(hillstrom: pd.DataFrame, mail: str) -> pd.DataFrame:
    """Return what is measured on visits of the test half: a mail against none."""
    rows = hillstrom[hillstrom["segment"].isin([mail, "No E-Mail"])]
    rows = rows.reset_index(drop=True)
    treated = (rows["segment"] == mail).to_numpy()
    users = rows["customer_id"].to_numpy()
    trial = Trial(users, treated, rows["visit"].to_numpy(float), arm_share(treated))
    features = rows[HILLSTROM_FEATURES].join(rows[HILLSTROM_TEXTS].astype(object))
    is_test = hashed_uniform(users, "uplift half") < 0.5
    found = judge_trial(features, trial, is_test, HILLSTROM_SETTINGS)
    return found.set_index(["metric", "learner"])


def test_the_womens_mail_works_on_some_more_than_on_others(hillstrom: pd.DataFrame) -> None:
    found = judged_mail(hillstrom, "Womens E-Mail")
    gained = found.loc["qini"]

    # 2026-11-24: .0086 to .0094, intervals about .005 wide; response .0054
    assert gained["metric_value"][list(LEARNERS)].between(0.007, 0.011).all()
    assert (gained["interval_low"][list(LEARNERS)] > 0.004).all()
    assert (gained["metric_value"][list(LEARNERS)] > gained["metric_value"][RESPONSE]).all()
    assert gained["interval_low"][RANDOM] < 0 < gained["interval_high"][RANDOM]
    # the training half says so too, and chooses one
    assert gained["is_chosen"][list(LEARNERS)].sum() == 1
    # among the tenth ranked best .08 to .09 more visit, .05 among all
    effect = found.loc["average_effect"]["metric_value"][RANDOM]
    assert effect == pytest.approx(0.0504, abs=0.0005)
    best = found.loc["uplift_at_30%"]["metric_value"][list(LEARNERS)]
    assert (best > 1.4 * effect).all()


def test_the_mens_mail_works_on_most_alike(hillstrom: pd.DataFrame) -> None:
    found = judged_mail(hillstrom, "Mens E-Mail")
    gained = found.loc["qini"]

    # 2026-11-24: .0031 to .0037, intervals about .005 wide; response .0028
    assert gained["metric_value"][list(LEARNERS)].between(0.002, 0.005).all()
    assert gained["interval_low"][RANDOM] < 0 < gained["interval_high"][RANDOM]
    # too little for the training half to tell: one effect for all is expected
    assert gained["is_chosen"][CONSTANT]
    effect = found.loc["average_effect"]["metric_value"][RANDOM]
    assert effect == pytest.approx(0.0768, abs=0.0005)

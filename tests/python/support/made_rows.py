"""Synthetic rows of every kind of feature, and every family fitted on them."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from precision_marketing.estimators.families import (
    CLASSIFIERS,
    LOGGED,
    REGRESSORS,
    AverageAmount,
    CalibratedAverage,
    family_pipeline,
    preprocessor,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier
from support.variables import VARS

SEEDS = range(5)
# How far scores of the same row may differ with the rows beside it: sums of matrix
# products run in another order, and the kernel's inverse root magnifies that.
ROUNDED = {"support_vector_machine": 1e-7, "average": 1e-7, "perceptron": 1e-9}
CONSTANT = ["constant_number", "constant_text"]


def make_rows(seed: int, count: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    """Make features as `feature_frame` gives them, and labels that follow two."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "days_since_last_order": random.exponential(20, count),
            "order_count_28d": random.poisson(4, count).astype(float),
            "net_amount_trend_28d": random.normal(0, 50, count),
            "never_filled": np.nan,
            "constant_number": 7.0,
            "constant_text": "always",
            # it's three common ones, and one too rare for a column of its own
            "segment_name": random.choice(["champions", "it's over", "lost", "rare"], count, p=[0.4, 0.3, 0.28, 0.02]),
        }
    )
    features.loc[random.random(count) < 0.1, "order_count_28d"] = np.nan
    signal = features["days_since_last_order"] / 10 + random.normal(0, 1, count)
    signal += (features["segment_name"] == "lost") * 2
    return features, (signal > signal.median()).to_numpy().astype(int)


def make_amounts(seed: int) -> np.ndarray:
    """Make amounts, 0 among them, that follow two of the features of `make_rows`."""
    random = np.random.default_rng(seed + 500)
    features = make_rows(seed)[0]
    mean = 40 * np.exp(-features["days_since_last_order"] / 20)
    mean *= 1 + (features["segment_name"] == "champions")
    return random.poisson(mean) * 1.25


def make_new_rows(seed: int) -> pd.DataFrame:
    """Make rows to score: some of a category never seen, one with nothing known."""
    features = make_rows(seed + 1000, 60)[0]
    features.loc[::9, "segment_name"] = "never seen"
    numbers = features.select_dtypes("number").columns
    features.loc[5, numbers] = np.nan
    return features


def _perceptron(features: pd.DataFrame, seed: int) -> Pipeline:
    last = MLPClassifier((8,), solver="lbfgs", max_iter=999, random_state=seed)
    return make_pipeline(preprocessor(features, LOGGED), last)


def _small_tree(features: pd.DataFrame, seed: int) -> Pipeline:
    last = DecisionTreeClassifier(max_depth=4, min_samples_leaf=5, random_state=seed)
    return make_pipeline(preprocessor(features, LOGGED), last)


MADE_FAMILIES = {"perceptron": _perceptron, "small_tree": _small_tree} | {
    name: functools.partial(family_pipeline, name, given=VARS["classifiers"][name], is_amount=False)
    for name in CLASSIFIERS
}
AMOUNT_FAMILIES = {
    name: functools.partial(family_pipeline, name, given=VARS["regressors"][name], is_amount=True)
    for name in REGRESSORS
}


@functools.cache
def fitted_families(seed: int) -> dict[str, CalibratedAverage]:
    """Every family, and the average of all, fitted and with maps as if calibrated."""
    features, labels = make_rows(seed)
    members = {name: make(features, seed).fit(features, labels) for name, make in MADE_FAMILIES.items()}
    found = {name: CalibratedAverage([member], [1.0 + 1 / 3], [-0.1]) for name, member in members.items()}
    slopes = [0.8 + 0.1 * number for number in range(len(members))]
    intercepts = [0.2 - 0.1 * number for number in range(len(members))]
    found["average"] = CalibratedAverage(list(members.values()), slopes, intercepts)
    return found


@functools.cache
def fitted_amounts(seed: int) -> dict[str, AverageAmount]:
    """Every family for amounts, the average of all, and a line often below 0."""
    features, amounts = make_rows(seed)[0], make_amounts(seed)
    members = {name: make(features, seed).fit(features, amounts) for name, make in AMOUNT_FAMILIES.items()}
    found = {name: AverageAmount([member]) for name, member in members.items()}
    found["average"] = AverageAmount(list(members.values()))
    line = AMOUNT_FAMILIES["linear_regression"](features, seed)
    found["often_zero"] = AverageAmount([line.fit(features, amounts - amounts.mean())])
    return found

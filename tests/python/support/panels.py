"""Small synthetic panels: labels as in lbl_user, and features; trials of which the effect is known."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from precision_marketing.common.frames import PANEL_KEYS, Panel, feature_frame, to_pandas
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.estimators.scoring import score_panels
from precision_marketing.uplift.metrics import Trial
from support.variables import VARS

TASK = "lapse_28d"
AMOUNT_TASK = "spend_28d"
KEY = ["as_of_date", "first_order_id"]
# What a made frame holds beside features.
LABELS = {
    *PANEL_KEYS,
    "first_order_id",
    "split_name",
    "label_end_date",
    "train_until_date",
    "is_lapsed",
    "amount_ahead",
}
STEP = pd.Timedelta(days=28)
# Four dates to learn from; windows of 28 days that meet end to end.
SPLIT_NAMES = [None, None, None, None, "validation", "test", "score"]
DATES = [pd.Timestamp("2024-01-01") + number * STEP for number in range(7)]
VALIDATION_DATE, TEST_DATE, SCORING_DATE = DATES[4:]

# lapse_28d, and what a user spends, on the same rows
TASKS = pd.DataFrame(
    {
        "task": [TASK, AMOUNT_TASK],
        "grain": ["user", "user"],
        "population_column": [None, None],
        "label_kind": ["binary", "amount"],
        "label_column": ["is_lapsed", "amount_ahead"],
        "outcome_column": ["is_lapsed", "amount_ahead"],
        "horizon_days": [28, 28],
        "families": [
            "logistic_regression random_forest gradient_boosting average",
            "linear_regression gradient_boosting average",
        ],
        "feature_patterns": ["*", "*"],
    }
)
ONE_TASK = TASKS[TASKS["task"] == TASK]
BASELINES = pd.DataFrame(
    {
        "task": [TASK, AMOUNT_TASK],
        "baseline_name": ["frequency", "carry_over"],
        "column_name": ["order_count", "order_count"],
        "direction": [-1, 1],
    }
)
PINS = pd.DataFrame({"task": [], "estimator_version": []}, dtype="string")


def quick(families: dict[str, dict]) -> dict[str, dict]:
    """Return hyperparameters of families with fewer trees: the same code, a part of the time."""
    fewer = {"random_forest": {"n_estimators": 20}, "gradient_boosting": {"max_iter": 20, "learning_rate": 0.2}}
    return {name: given | fewer.get(name, {}) for name, given in families.items()}


LIVE_SETTINGS = LearningSettings.from_meta(VARS)
SETTINGS = replace(
    LIVE_SETTINGS,
    classifiers=quick(LIVE_SETTINGS.classifiers),
    regressors=quick(LIVE_SETTINGS.regressors),
    seed=7,
    max_training_rows=10**6,
    importance_rows=10**5,
    calibration_prior_weight=5.0,
    bootstrap_draws=50,
    versions_kept=2,
    threads=1,
)


def make_panel(seed: int, user_count: int = 30) -> pd.DataFrame:
    """Make a frame, sorted by key, whose labels follow days_since_last_order."""
    random = np.random.default_rng(seed)
    row_count = user_count * len(DATES)
    days = random.exponential(20, row_count)
    chances = 1 / (1 + np.exp(-(days - 25) / 5))
    panel = pd.DataFrame(
        {
            "user_id": [f"u{number:03}" for number in range(user_count)] * len(DATES),
            "first_order_id": [f"o{number:03}" for number in range(user_count)] * len(DATES),
            "as_of_date": np.repeat(DATES, user_count),
            "days_since_last_order": days,
            "order_count": pd.array(random.poisson(4, row_count), dtype="Int64"),
            "segment_name": random.choice(["champions", "lost", None], row_count),
            "is_lapsed": pd.array(random.random(row_count) < chances, dtype="boolean"),
            "amount_ahead": random.poisson(4, row_count) * 20 / (1 + days / 20),
            "split_name": np.repeat(np.array(SPLIT_NAMES, dtype=object), user_count),
        }
    )
    panel.loc[random.random(row_count) < 0.1, "order_count"] = pd.NA
    is_open = panel["as_of_date"] == SCORING_DATE
    panel.loc[is_open, "is_lapsed"] = pd.NA
    panel.loc[is_open, "amount_ahead"] = np.nan
    panel["label_end_date"] = panel["as_of_date"] + STEP
    panel["train_until_date"] = panel["as_of_date"].where(panel["split_name"].notna())
    return panel


def split_panel(frame: pd.DataFrame, *labels: str) -> Panel:
    """Split a made frame into rows of a labels table and features, as read_panel does.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of both; its index is replaced.
    *labels : str
        What is no feature beside `LABELS`.
    """
    frame = frame.reset_index(drop=True)
    is_label = frame.columns.isin([*LABELS, *labels])
    return Panel(frame.loc[:, is_label], feature_frame(frame.loc[:, ~is_label]))


def frame_of(predictions: pa.Table | pa.RecordBatchReader) -> pd.DataFrame:
    """Read predictions or scores back as the build does."""
    return to_pandas(duckdb.from_arrow(predictions))


def score_panel(panel: Panel, registry: pd.DataFrame, tasks: pd.DataFrame, grain: str) -> pd.DataFrame:
    """Score a panel that comes in one piece."""
    return frame_of(score_panels([panel], registry, tasks, grain))


def spenders(random: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Amounts before and during, of users who buy the oftener the more they spend."""
    level = random.normal(size=shape)
    buying = 1 / (1 + np.exp(1 - 1.5 * level))
    before, during = (
        np.where(random.random(shape) < buying, np.exp(3 + 0.7 * level + random.normal(scale=0.7, size=shape)), 0.0)
        for _ in range(2)
    )
    return before, during


def randomised_trial(seed: int, rows: int, slope: float, *, is_binary: bool) -> tuple[pd.DataFrame, Trial, np.ndarray]:
    """Return features, a trial, and true effects: .1 + slope x first feature."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    features["kind"] = random.choice(["x", "y"], rows)
    effect = 0.1 + slope * features["a"].clip(-2, 2).to_numpy()
    treated = random.random(rows) < 0.6
    base = 0.4 + 0.1 * features["b"].clip(-2, 2).to_numpy()
    chance = np.clip(base + treated * effect, 0, 1)
    if is_binary:
        outcome = (random.random(rows) < chance).astype(float)
    else:
        outcome = 10 * chance + random.normal(size=rows)
        effect = 10 * effect
    users = np.array([f"user {number:05d}" for number in range(rows)], dtype=object)
    return features, Trial(users, treated, outcome, np.full(rows, 0.6)), effect

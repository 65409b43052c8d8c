"""What features of events add to tasks of users: `python -m tests.benchmarks.bench_behaviour DATABASE TASK ...`.

Reads a database with features and labels, as a build of the synthetic shop leaves them. Fits a task's test
origins with the features of events and without, on the same rows, as an average of two families that is not
calibrated. Prints both AUC, and the gain with its 95 % bootstrap interval over users; asserts nothing.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from fnmatch import fnmatch

import duckdb
import numpy as np
import pandas as pd
from precision_marketing.common.bootstrap import interval, user_weights
from precision_marketing.common.frames import read_panel
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, combined, fit_families
from precision_marketing.evaluation.backtest import test_origins
from sklearn.metrics import roc_auc_score

from operations.places import PROJECT, PROJECT_FOLDER

FAMILIES = ("logistic_regression", "gradient_boosting")
OF_EVENTS = (
    *("view_count_*", "search_count_*", "cart_count_*", "looking_day_count_*", "days_since_last_view"),
    *("days_since_last_cart", "open_cart_count", "ordered_visit_share", "app_visit_share"),
)


def main() -> None:
    """Print what each task gains."""
    database, *names = sys.argv[1:]
    settings = LearningSettings.from_meta(PROJECT["vars"])
    tasks = pd.read_csv(PROJECT_FOLDER / "seeds" / "learning_tasks.csv")
    with duckdb.connect(database, read_only=True) as connection:
        labels = connection.table("labels.lbl_user").filter("is_drawn")
        panel = read_panel(labels, connection.table("features.ftr_user__snapshot"))
    for name in names or ["buy_7d"]:
        rows = TaskRows.named(name, tasks, {"user": panel})
        others = [each for each in rows.feature_names if not any(fnmatch(each, pattern) for pattern in OF_EVENTS)]
        users, outcomes, without = predicted(replace(rows, feature_names=others), settings)
        _, _, beside = predicted(rows, settings)
        codes, known = pd.factorize(users)
        weights = user_weights(len(known), settings.bootstrap_draws, settings.seed)
        gains = [
            roc_auc_score(outcomes, beside, sample_weight=drawn) - roc_auc_score(outcomes, without, sample_weight=drawn)
            for drawn in weights[:, codes]
        ]
        plain, more = roc_auc_score(outcomes, without), roc_auc_score(outcomes, beside)
        low, high = interval(np.array(gains))
        counts = f"{len(outcomes):,} rows of {len(known):,} users, {len(rows.feature_names) - len(others)} features"
        gain = f"{more - plain:+.4f} [{low:+.4f}, {high:+.4f}]"
        sys.stdout.write(f"{name}: {counts}\n  AUC {plain:.4f} without, {more:.4f} with: {gain}\n")


def predicted(rows: TaskRows, settings: LearningSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return users, outcomes and predictions of all test rows of a task, in their order."""
    parts = []
    for _, training, shown in test_origins(rows):
        members = [*fit_families(training, settings, FAMILIES).values()]
        estimator = combined(members, [(1.0, 0.0)] * len(members), is_amount=False)
        users = shown.panel.rows["user_id"].to_numpy(object)
        parts.append((users, shown.outcomes, estimator.predict_proba(shown.features)[:, 1]))
    users, outcomes, predictions = (np.concatenate(each) for each in zip(*parts, strict=True))
    return users, outcomes, predictions


if __name__ == "__main__":
    main()

"""Parameters and rows of seeds that make no sense are refused in a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from precision_marketing.clusters.fits import ClusterSettings
from precision_marketing.common.frames import Panel
from precision_marketing.common.settings import Settings
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, fit_families
from precision_marketing.estimators.tasks import Task
from precision_marketing.experiments.checks import CheckSettings
from precision_marketing.experiments.results import ExperimentSettings
from precision_marketing.uplift.trials import UpliftSettings
from precision_marketing.value.dated_models import ValueSettings
from support.panels import BASELINES, ONE_TASK, SETTINGS, TASK
from support.variables import VARS

SETTINGS_CLASSES = [CheckSettings, ClusterSettings, ExperimentSettings, LearningSettings, UpliftSettings, ValueSettings]


@pytest.mark.parametrize("kind", SETTINGS_CLASSES)
def test_every_parameter_stands_in_dbt_project(kind: type[Settings]) -> None:
    assert kind.from_meta(VARS)


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        (LearningSettings, {"random_seed": "x"}, "random_seed must be a whole number"),
        (LearningSettings, {"random_seed": 1.5}, "random_seed must be a whole number"),
        (LearningSettings, {"random_seed": None}, "random_seed must be a whole number"),
        (LearningSettings, {"backtest_grid": "all"}, "must be live or full, not 'all'"),
        (LearningSettings, {"classifiers": 3}, "classifiers must be a mapping, not 3"),
        (ClusterSettings, {"cluster_counts": 3}, "there is no cluster_counts.least"),
        (ValueSettings, {"value_horizons": 28}, "value_horizons must be a list of"),
        (CheckSettings, {"experiment_power": True}, "experiment_power must be a number"),
    ],
)
def test_a_parameter_of_wrong_type_is_named(kind: type[Settings], changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^dbt_project.yml, vars: .*{said}"):
        kind.from_meta({**VARS, **changed})


def test_a_hyperparameter_that_scikit_learn_lacks_is_named() -> None:
    given = {**SETTINGS.classifiers, "logistic_regression": {"c": 0.01}}
    rows = TaskRows.of(Task.from_seed(ONE_TASK, TASK), small_panel())
    with pytest.raises(ValueError, match=r"vars: classifiers\.logistic_regression: "):
        fit_families(rows, replace(SETTINGS, classifiers=given), ["logistic_regression"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"task": "another"}, "has no task 'lapse_28d'."),
        ({"label_kind": "binry"}, "label_kind is 'binry', neither binary nor amount."),
        ({"families": "trees"}, "there is no family 'trees' of label_kind binary, only"),
        ({"families": "average"}, "has no family that average can combine."),
        ({"grain": "users"}, "there is no grain 'users', only user."),
        ({"feature_patterns": "x*"}, "no feature of grain user matches feature_patterns"),
        ({"label_column": "is_gone"}, "labels of grain user have no column 'is_gone'."),
    ],
)
def test_a_task_that_makes_no_sense_is_named(changed: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match="^seeds/learning_tasks.csv.*" + re.escape(said)):
        TaskRows.named(TASK, ONE_TASK.assign(**changed), {"user": small_panel()})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"task": "another"}, "has no row for task lapse_28d of seeds/learning_tasks.csv"),
        ({"column_name": "orders"}, "there is no feature 'orders' of grain user."),
        ({"column_name": "segment_name"}, "feature 'segment_name' is not numeric."),
        ({"direction": 0}, "direction is 0, neither 1 nor -1."),
        (
            {"baseline_name": ["orders", "orders"], "column_name": "order_count"},
            "another row of the task has this name.",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_named(changed: dict[str, Any], said: str) -> None:
    task = Task.from_seed(ONE_TASK, TASK)
    with pytest.raises(ValueError, match="^seeds/baselines.csv.*" + re.escape(said)):
        task.baselines(pd.concat([BASELINES[BASELINES["task"] == TASK][:1]] * 2).assign(**changed), small_panel())


def small_panel() -> Panel:
    """Make twenty rows with both classes."""
    rows = pd.DataFrame(
        {"as_of_date": pd.Timestamp("2024-01-01"), "is_lapsed": pd.array(np.arange(20) % 2 == 0, dtype="boolean")}
    )
    features = pd.DataFrame({"order_count": np.arange(20.0), "segment_name": "lost"})
    return Panel(rows, features)

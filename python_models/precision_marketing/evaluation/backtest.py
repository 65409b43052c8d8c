"""Out-of-time predictions of candidates and baselines."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.calibration import LEAVE_AS_IT_IS, choose_calibration
from precision_marketing.estimators.families import (
    AVERAGE,
    CLASSIFIERS,
    REGRESSORS,
    AverageAmount,
    CalibratedAverage,
    predict_values,
)
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, combined, fit_families, members_of
from precision_marketing.estimators.stored import judged_estimators
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task

PREDICTION_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "is_baseline": "bool",
    "split_name": "string",
    "user_id": "string",
    "campaign_id": "string",
    "category_name": "string",
    "first_order_id": "string",
    "outcome": "float64",
    "is_outcome_final": "bool",
    "prediction": "float64",
    "train_until_date": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}


def validate(
    panels: dict[str, Panel], tasks: pd.DataFrame, baselines: pd.DataFrame, settings: LearningSettings
) -> pd.DataFrame:
    """Predict the validation rows of every task by all that may go live.

    Rows that share ``train_until_date`` share a fit on the rows whose label window
    had closed by that date. Nothing is calibrated yet: these predictions are what
    calibration is learnt from.

    Parameters
    ----------
    panels : dict of str to Panel
        Panel by grain, one row per key, with ``split_name`` and ``train_until_date``.
    tasks, baselines : pandas.DataFrame
        The seeds ``learning_tasks`` and ``baselines``.
    settings : LearningSettings
        Of learning; with ``every_family`` all families are judged, and the dates
        before the validation too.

    Returns
    -------
    pandas.DataFrame
        One row per task, candidate or baseline and judged row; columns
        `PREDICTION_COLUMNS`. A baseline's ``prediction`` orders rows and is no
        probability. Empty where no judged row has enough earlier rows of both classes
        to learn from.
    """
    splits = ["validation", "backtest"] if settings.every_family else ["validation"]

    def validate_task(name: str) -> list[pd.DataFrame]:
        rows = TaskRows.named(name, tasks, panels)
        own_baselines = rows.task.baselines(baselines, rows.panel)
        candidates = judged_candidates(rows.task, settings)
        parts = []
        for training, shown in _origins(rows, splits):
            fitted = fit_families(training, settings, [each for each in candidates if each != AVERAGE])
            parts += _baseline_predictions(shown, own_baselines)
            for candidate in candidates:
                members = [fitted[each] for each in members_of(candidate, rows.task)]
                maps = [LEAVE_AS_IT_IS] * len(members)
                estimator = combined(members, maps, is_amount=rows.task.is_amount)
                parts.append(_predictions(shown, candidate, estimator))
        return parts

    parts = settings.side_by_side(validate_task, tasks["task"])
    return typed([part for own in parts for part in own], PREDICTION_COLUMNS)


def predict_tests(
    panels: dict[str, Panel],
    tasks: pd.DataFrame,
    baselines: pd.DataFrame,
    validation: pd.DataFrame,
    registry: pd.DataFrame,
    settings: LearningSettings,
) -> pd.DataFrame:
    """Predict the test rows of every task by its champion, as fitted before them.

    Parameters
    ----------
    panels, tasks, baselines
        As in `validate`.
    validation : pandas.DataFrame
        Output of `validate`, which calibration is learnt from.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    settings : LearningSettings
        Of learning; with ``every_family`` the other families are fitted and judged as
        well.

    Returns
    -------
    pandas.DataFrame
        As `validate` returns.
    """

    def predict_task(name: str) -> list[pd.DataFrame]:
        rows = TaskRows.named(name, tasks, panels)
        own_baselines = rows.task.baselines(baselines, rows.panel)
        stored = judged_estimators(registry, name)
        parts = []
        for until, training, shown in test_origins(rows):
            parts += _baseline_predictions(shown, own_baselines)
            if settings.every_family:
                others = _every_estimator(rows, training, validation[validation["task"] == name], settings)
                live = stored[until].name if until in stored else None
                parts += [
                    _predictions(shown, candidate, estimator)
                    for candidate, estimator in others.items()
                    if candidate != live
                ]
            if until in stored:
                # a baseline's column need not be a feature that the task learns from
                predicted = stored[until].predict(shown.panel)
                parts.append(_frame(shown, stored[until].name, predicted, False))
        return parts

    parts = settings.side_by_side(predict_task, tasks["task"])
    return typed([part for own in parts for part in own], PREDICTION_COLUMNS)


def _every_estimator(
    rows: TaskRows, training: TaskRows, validation: pd.DataFrame, settings: LearningSettings
) -> dict[str, CalibratedAverage | AverageAmount]:
    """All candidates and other families of a task, fitted and calibrated."""
    task = training.task
    candidates = judged_candidates(task, settings)
    fitted = fit_families(training, settings, [each for each in candidates if each != AVERAGE])
    found = {}
    for candidate in candidates:
        members = [fitted[each] for each in members_of(candidate, task)]
        maps = [LEAVE_AS_IT_IS] * len(members)
        if not task.is_amount:
            maps = choose_calibration(candidate, rows, validation, settings).maps
        found[candidate] = combined(members, maps, is_amount=task.is_amount)
    return found


def judged_candidates(task: Task, settings: LearningSettings) -> list[str]:
    """Candidates that are fitted on judged dates, families before averages."""
    families = REGRESSORS if task.is_amount else CLASSIFIERS
    wanted = families if settings.every_family else task.families
    found = [name for name in families if name in wanted]
    return [*found, AVERAGE] if AVERAGE in task.families else found


def _origins(rows: TaskRows, splits: Iterable[str]) -> Iterable[tuple[TaskRows, TaskRows]]:
    """Yield, per date that training ends on, what is learnt and what is judged."""
    judged = rows.judged(splits)
    for until in sorted(judged.panel.rows["train_until_date"].unique()):
        training = rows.closed_by(until)
        if training.can_be_learnt:
            yield (training, judged.where((judged.panel.rows["train_until_date"] == until).to_numpy()))


def test_origins(rows: TaskRows) -> Iterable[tuple[pd.Timestamp, TaskRows, TaskRows]]:
    """Yield the date, the rows to learn and the rows to judge of each test origin."""
    for training, shown in _origins(rows, ["test"]):
        yield shown.panel.rows["train_until_date"].iloc[0], training, shown


def _baseline_predictions(shown: TaskRows, baselines: pd.DataFrame) -> list[pd.DataFrame]:
    parts = []
    for baseline in baselines.itertuples():
        ordered = shown.column(baseline.column_name).fillna(0.0) * baseline.direction
        if shown.task.is_amount:
            # as every amount predicted
            ordered = ordered.clip(lower=0.0)
        parts.append(_frame(shown, baseline.baseline_name, ordered.to_numpy(), True))
    return parts


def _predictions(shown: TaskRows, name: str, estimator: CalibratedAverage | AverageAmount) -> pd.DataFrame:
    return _frame(shown, name, predict_values(estimator, shown.features), False)


def _frame(shown: TaskRows, name: str, predicted: np.ndarray, is_baseline: bool) -> pd.DataFrame:
    keys = shown.panel.rows.reindex(columns=list(KEY_COLUMNS))
    return pd.DataFrame(
        {
            "task": shown.task.name,
            "estimator_name": name,
            "is_baseline": is_baseline,
            "split_name": shown.panel.rows["split_name"],
            "user_id": keys["user_id"],
            "campaign_id": keys["campaign_id"],
            "category_name": keys["category_name"],
            "first_order_id": shown.panel.rows["first_order_id"],
            "outcome": shown.outcomes,
            "is_outcome_final": ~np.isnan(shown.labels),
            "prediction": predicted,
            "train_until_date": shown.panel.rows["train_until_date"],
            "as_of_date": shown.panel.rows["as_of_date"],
        }
    )

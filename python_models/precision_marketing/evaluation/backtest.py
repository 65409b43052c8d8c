"""Out-of-time predictions of candidates and baselines."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from precision_marketing.common.frames import Panel
from precision_marketing.common.threads import use_one_thread
from precision_marketing.estimators.calibration import LEAVE_AS_IT_IS, choose_calibration
from precision_marketing.estimators.families import (
    AVERAGE,
    CLASSIFIERS,
    REGRESSORS,
    AverageAmount,
    CalibratedAverage,
    member_prediction,
)
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, combined, fit_families, members_of
from precision_marketing.estimators.stored import judged_estimators
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task

# Texts that many rows share, and the estimators of a task: stored once, and numbered.
SHARED_TEXT = pa.dictionary(pa.int32(), pa.string())
PREDICTION_COLUMNS = {
    "task": SHARED_TEXT,
    "estimator_name": SHARED_TEXT,
    "is_baseline": pa.bool_(),
    "split_name": SHARED_TEXT,
    "user_id": SHARED_TEXT,
    "campaign_id": SHARED_TEXT,
    "category_name": SHARED_TEXT,
    "product_id": SHARED_TEXT,
    "first_order_id": SHARED_TEXT,
    "outcome": pa.float64(),
    "is_outcome_final": pa.bool_(),
    "prediction": pa.float64(),
    "train_until_date": pa.timestamp("us"),
    "as_of_date": pa.timestamp("us"),
}
SCHEMA = pa.schema(PREDICTION_COLUMNS)


def validate(
    panels: dict[str, Panel], tasks: pd.DataFrame, baselines: pd.DataFrame, settings: LearningSettings
) -> pa.Table:
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
    pyarrow.Table
        One row per task, candidate or baseline and judged row; columns
        `PREDICTION_COLUMNS`. A baseline's ``prediction`` orders rows and is no
        probability. Empty where no judged row has enough earlier rows of both classes
        to learn from.
    """
    splits = ["validation", "backtest"] if settings.every_family else ["validation"]

    def validate_task(name: str) -> list[pa.RecordBatch]:
        rows = TaskRows.named(name, tasks, panels)
        own_baselines = rows.task.baselines(baselines, rows.panel)
        candidates = judged_candidates(rows.task, settings)
        parts = []
        for training, shown in _origins(rows, splits):
            fitted = fit_families(training, settings, [each for each in candidates if each != AVERAGE])
            parts += _baseline_predictions(shown, own_baselines)
            estimators = {}
            for candidate in candidates:
                members = [fitted[each] for each in members_of(candidate, rows.task)]
                maps = [LEAVE_AS_IT_IS] * len(members)
                estimators[candidate] = combined(members, maps, is_amount=rows.task.is_amount)
            parts += _predictions(shown, fitted, estimators)
        return parts

    return _united(settings.side_by_side(validate_task, tasks["task"]))


def predict_tests(
    panels: dict[str, Panel],
    tasks: pd.DataFrame,
    baselines: pd.DataFrame,
    validation: pd.DataFrame,
    registry: pd.DataFrame,
    settings: LearningSettings,
) -> pa.Table:
    """Predict the test rows of every task by its champion, as fitted before them.

    Parameters
    ----------
    panels, tasks, baselines
        As in `validate`.
    validation : pandas.DataFrame
        Output of `validate`, which calibration of other families is learnt from.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    settings : LearningSettings
        Of learning; with ``every_family`` the other families are fitted and judged as
        well.

    Returns
    -------
    pyarrow.Table
        As `validate` returns.
    """

    def predict_task(name: str) -> list[pa.RecordBatch]:
        rows = TaskRows.named(name, tasks, panels)
        own_baselines = rows.task.baselines(baselines, rows.panel)
        stored = judged_estimators(registry, name)
        parts = []
        for until, training, shown in test_origins(rows):
            parts += _baseline_predictions(shown, own_baselines)
            if settings.every_family:
                fitted, others = _every_estimator(rows, training, validation[validation["task"] == name], settings)
                if until in stored:
                    others.pop(stored[until].name, None)
                parts += _predictions(shown, fitted, others)
            if until in stored:
                # a baseline's column need not be a feature that the task learns from
                predicted = {stored[until].name: stored[until].predict(shown.panel)}
                parts += _batches(shown, predicted, is_baseline=False)
        return parts

    return _united(settings.side_by_side(predict_task, tasks["task"]))


def _every_estimator(
    rows: TaskRows, training: TaskRows, validation: pd.DataFrame, settings: LearningSettings
) -> tuple[dict[str, Pipeline], dict[str, CalibratedAverage | AverageAmount]]:
    """All families of a task, fitted, and its candidates, calibrated."""
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
    return fitted, found


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


def _baseline_predictions(shown: TaskRows, baselines: pd.DataFrame) -> list[pa.RecordBatch]:
    found = {}
    for baseline in baselines.itertuples():
        ordered = shown.column(baseline.column_name).fillna(0.0) * baseline.direction
        if shown.task.is_amount:
            # as every amount predicted
            ordered = ordered.clip(lower=0.0)
        found[baseline.baseline_name] = ordered.to_numpy()
    return _batches(shown, found, is_baseline=True)


def _predictions(
    shown: TaskRows, fitted: dict[str, Pipeline], estimators: dict[str, CalibratedAverage | AverageAmount]
) -> list[pa.RecordBatch]:
    """Predict by estimators that share their members: each member predicts once."""
    use_one_thread()
    found: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in estimators}
    for features in shown.panel.pieces(shown.feature_names):
        own = {name: member_prediction(member, features) for name, member in fitted.items()}
        for name, estimator in estimators.items():
            found[name].append(estimator.of_members([own[each] for each in members_of(name, shown.task)]))
    return _batches(shown, {name: np.concatenate(parts) for name, parts in found.items()}, is_baseline=False)


def _batches(shown: TaskRows, predicted: dict[str, np.ndarray], *, is_baseline: bool) -> list[pa.RecordBatch]:
    """Lay predictions of the same rows beside their keys, which stand in memory once."""
    count = len(shown.labels)
    columns = {"outcome": pa.array(shown.outcomes), "is_outcome_final": pa.array(~np.isnan(shown.labels))}
    for name in ("split_name", "train_until_date", "as_of_date", "first_order_id", *KEY_COLUMNS):
        if name in PREDICTION_COLUMNS:
            known = shown.panel.rows.get(name)
            columns[name] = pa.nulls(count, pa.string()) if known is None else pa.Array.from_pandas(known)
    columns = {name: _typed(name, column) for name, column in columns.items()}
    found = []
    for name, values in predicted.items():
        same = {"task": shown.task.name, "estimator_name": name, "is_baseline": is_baseline}
        own = {each: _typed(each, pa.repeat(value, count)) for each, value in same.items()} | columns
        own["prediction"] = pa.array(values)
        found.append(pa.record_batch([own[each] for each in SCHEMA.names], SCHEMA))
    return found


def _typed(name: str, column: pa.Array) -> pa.Array:
    kind = PREDICTION_COLUMNS[name]
    if kind is SHARED_TEXT:
        return column.cast(pa.string()).dictionary_encode().cast(kind)
    return column.cast(kind)


def _united(parts: list[list[pa.RecordBatch]]) -> pa.Table:
    return pa.Table.from_batches([part for own in parts for part in own], SCHEMA)

"""How much each feature matters: what its shuffling costs on later data."""

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.families import predict_values
from precision_marketing.estimators.fitting import LearningSettings, TaskRows
from precision_marketing.estimators.stored import judged_estimators
from precision_marketing.evaluation.metrics import log_losses

IMPORTANCE_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "feature_name": "string",
    "loss_metric": "string",
    "row_count": "int64",
    "loss": "float64",
    "loss_increase": "float64",
    "loss_increase_spread": "float64",
    "prediction_change": "float64",
}
SHUFFLES = 3
# Rows that one call predicts: few enough for the memory of a small machine.
ROWS_AT_ONCE = 30_000


def feature_importance(
    panels: dict[str, Panel], tasks: pd.DataFrame, registry: pd.DataFrame, settings: LearningSettings
) -> pd.DataFrame:
    """Shuffle each feature of the champions among the test rows.

    Permutation importance (Breiman, 2001) of the estimators as fitted before the test:
    a feature's values are shuffled among the test rows of one fit, the one with the
    most of them, and the loss that follows is compared with the loss without. Features
    that say the same thing share their importance: each alone can be missed.

    Parameters
    ----------
    panels : dict of str to Panel
        Panel by grain; rows of other splits than ``test`` are passed over.
    tasks : pandas.DataFrame
        The seed ``learning_tasks``.
    registry : pandas.DataFrame
        Output of `champions.registry.register`: its ``judged`` rows.
    settings : LearningSettings
        Seed, threads, and how many rows are judged at most.

    Returns
    -------
    pandas.DataFrame
        Columns `IMPORTANCE_COLUMNS`, one row per task and feature. ``loss`` is log
        loss, of amounts the mean squared error, before any shuffling;
        ``loss_increase`` the mean over `SHUFFLES` shufflings and
        ``loss_increase_spread`` their standard deviation; ``prediction_change`` how
        far a prediction moves in the mean, whichever way.
    """

    def judge_task(name: str) -> pd.DataFrame:
        rows = TaskRows.named(name, tasks, panels).judged(["test"])
        stored = judged_estimators(registry, name)
        counts = rows.panel.rows["train_until_date"].value_counts().reindex(sorted(stored)).dropna()
        if counts.empty:
            return pd.DataFrame(columns=list(IMPORTANCE_COLUMNS))
        until = counts.idxmax()
        judged, shown = stored[until], rows.where((rows.panel.rows["train_until_date"] == until).to_numpy())
        drawn = shown.drawn(settings.importance_rows, settings.seed)
        features = judged.features(drawn.panel)
        predicted = predict_values(judged.estimator, features)
        losses = _losses(predicted, drawn)
        values = {name: features[name].to_numpy() for name in features}
        random = np.random.default_rng(settings.seed)
        at_once = max(1, ROWS_AT_ONCE // (SHUFFLES * len(features)))
        records = []
        # one call for many shufflings: small ones cost their overhead
        for first in range(0, len(judged.feature_names), at_once):
            shuffled = judged.feature_names[first : first + at_once]
            repeated = {name: np.tile(each, (len(shuffled), SHUFFLES, 1)) for name, each in values.items()}
            for place, column in enumerate(shuffled):
                repeated[column][place] = [random.permutation(values[column]) for _ in range(SHUFFLES)]
            found = predict_values(
                judged.estimator, pd.DataFrame({name: each.ravel() for name, each in repeated.items()})
            )
            for column, its in zip(shuffled, found.reshape(len(shuffled), SHUFFLES, -1), strict=True):
                increases = (_losses(its, drawn) - losses).mean(axis=1)
                records.append(
                    {
                        "feature_name": column,
                        "loss_increase": increases.mean(),
                        "loss_increase_spread": increases.std(ddof=1),
                        "prediction_change": np.abs(its - predicted).mean(),
                    }
                )
        return pd.DataFrame(records).assign(
            task=name,
            estimator_name=judged.name,
            loss_metric="mean_squared_error" if rows.task.is_amount else "log_loss",
            row_count=len(losses),
            loss=losses.mean(),
        )

    return typed(settings.side_by_side(judge_task, tasks["task"]), IMPORTANCE_COLUMNS)


def _losses(predicted: np.ndarray, rows: TaskRows) -> np.ndarray:
    """Loss of each row: squared error of an amount, else negative log-likelihood."""
    if rows.task.is_amount:
        return (predicted - rows.outcomes) ** 2
    return log_losses(rows.outcomes, predicted)

"""How much each feature matters: what its shuffling costs on later data."""

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel
from precision_marketing.estimators.families import predict_values
from precision_marketing.estimators.fitting import LearningSettings, TaskRows
from precision_marketing.estimators.stored import judged_estimators
from precision_marketing.evaluation.backtest import test_origins
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
}
SHUFFLES = 3


def feature_importance(
    panels: dict[str, Panel],
    tasks: pd.DataFrame,
    registry: pd.DataFrame,
    settings: LearningSettings,
) -> pd.DataFrame:
    """Shuffle each feature of the champions among the test rows.

    Permutation importance (Breiman, 2001) of the estimators as fitted before the test:
    a feature's values are shuffled among the test rows of one fit, and the loss that
    follows is compared with the loss without. Features that say the same thing share
    their importance: each alone can be missed.

    Parameters
    ----------
    panels : dict of str to Panel
        Panel by grain.
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
        ``loss_increase_spread`` their standard deviation.
    """

    def judge_task(name: str) -> pd.DataFrame:
        rows = TaskRows.named(name, tasks, panels)
        stored = judged_estimators(registry, name)
        random = np.random.default_rng(settings.seed)
        plain, shuffled, names = [], {}, []
        for until, _, shown in test_origins(rows):
            if until not in stored:
                continue
            estimator, names = stored[until].estimator, stored[until].feature_names
            drawn = shown.drawn(settings.max_training_rows // 10, settings.seed)
            features = stored[until].features(drawn.panel).copy()
            plain.append(_losses(estimator, features, drawn))
            for column in names:
                kept = features[column]
                for number in range(SHUFFLES):
                    order = random.permutation(len(features))
                    features[column] = kept.to_numpy()[order]
                    found = _losses(estimator, features, drawn)
                    shuffled.setdefault((column, number), []).append(found)
                features[column] = kept
        if not plain:
            return pd.DataFrame(columns=list(IMPORTANCE_COLUMNS))
        loss = np.concatenate(plain).mean()
        records = []
        for column in names:
            increases = [
                np.concatenate(shuffled[column, number]).mean() - loss
                for number in range(SHUFFLES)
            ]
            records.append(
                {
                    "feature_name": column,
                    "loss_increase": np.mean(increases),
                    "loss_increase_spread": np.std(increases, ddof=1),
                }
            )
        return pd.DataFrame(records).assign(
            task=name,
            estimator_name=next(iter(stored.values())).name,
            loss_metric="mean_squared_error" if rows.task.is_amount else "log_loss",
            row_count=len(np.concatenate(plain)),
            loss=loss,
        )

    parts = settings.side_by_side(judge_task, tasks["task"])
    found = pd.concat(parts, ignore_index=True).reindex(
        columns=list(IMPORTANCE_COLUMNS)
    )
    return found.astype(IMPORTANCE_COLUMNS)


def _losses(estimator: object, features: pd.DataFrame, rows: TaskRows) -> np.ndarray:
    """Loss of each row: squared error of an amount, else negative log-likelihood."""
    predicted = predict_values(estimator, features)
    if rows.task.is_amount:
        return (predicted - rows.outcomes) ** 2
    return log_losses(rows.outcomes, predicted)

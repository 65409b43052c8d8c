"""Scores from the registry's champion; nothing is fitted here."""

import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.stored import champion_of
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task

SCORE_COLUMNS = {
    "task": "string",
    "user_id": "string",
    "offer_id": "string",
    "campaign_id": "string",
    "category_name": "string",
    "estimator_name": "string",
    "estimator_version": "string",
    "score": "float64",
    "as_of_date": "datetime64[us]",
}


def score_panel(panel: Panel, registry: pd.DataFrame, tasks: pd.DataFrame, grain: str) -> pd.DataFrame:
    """Score the rows of a panel whose split is ``score``, for every task of a grain.

    Parameters
    ----------
    panel : Panel
        Rows of the grain and their features.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    tasks : pandas.DataFrame
        The seed ``learning_tasks``.
    grain : str
        ``user``, ``user_offer`` or ``user_category``: tasks of it are scored.

    Returns
    -------
    pandas.DataFrame
        Columns `SCORE_COLUMNS`, ``score`` a probability or an amount; empty where a
        task has no champion.

    Raises
    ------
    ValueError
        If the panel lacks a feature that the champion was fitted on.
    """
    to_score = panel.of_split("score")
    parts = []
    for name in tasks.loc[tasks["grain"] == grain, "task"]:
        task = Task.from_seed(tasks, name)
        rows = task.population(to_score)
        live = champion_of(registry, name)
        if live is None or rows.rows.empty:
            continue
        scored = rows.rows.reindex(columns=list(KEY_COLUMNS)).assign(
            task=name, estimator_name=live.name, estimator_version=live.version, score=live.predict(rows)
        )
        parts.append(scored[list(SCORE_COLUMNS)])
    return typed(parts, SCORE_COLUMNS)

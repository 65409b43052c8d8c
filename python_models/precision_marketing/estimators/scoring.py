"""Scores from the registry's live estimator; nothing is fitted here."""

import json

import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.families import predict_values
from precision_marketing.estimators.stored import load_estimator
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


def score_panel(
    panel: Panel, registry: pd.DataFrame, tasks: pd.DataFrame, grain: str
) -> pd.DataFrame:
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
        task has no live estimator.

    Raises
    ------
    ValueError
        If the panel lacks a feature that the live estimator was fitted on.
    """
    to_score = panel.of_split("score")
    parts = []
    for name in tasks.loc[tasks["grain"] == grain, "task"]:
        task = Task.from_seed(tasks, name)
        rows = task.population(to_score)
        live = registry[(registry["task"] == name) & (registry["status"] == "live")]
        if live.empty or rows.rows.empty:
            continue
        entry = live.iloc[0]
        names = json.loads(entry["feature_names"])
        missing = sorted(set(names) - set(rows.features))
        if missing:
            raise ValueError(
                f"The live estimator of {name} needs features that the {grain} panel "
                f"lacks: {', '.join(missing)}. Build again with training included."
            )
        estimator = load_estimator(bytes(entry["estimator_bytes"]))
        scored = rows.rows.reindex(columns=list(KEY_COLUMNS)).assign(
            task=name,
            estimator_name=entry["estimator_name"],
            estimator_version=entry["estimator_version"],
            score=predict_values(estimator, rows.features[names]),
        )
        parts.append(scored[list(SCORE_COLUMNS)])
    return typed(parts, SCORE_COLUMNS)

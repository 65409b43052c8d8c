"""Scores from the registry's champion; nothing is fitted here."""

from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from precision_marketing.common.frames import Panel, begun
from precision_marketing.estimators.stored import StoredEstimator, champion_of
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task

SCORE_COLUMNS = {
    "task": pa.string(),
    "user_id": pa.string(),
    "offer_id": pa.string(),
    "campaign_id": pa.string(),
    "category_name": pa.string(),
    "estimator_name": pa.string(),
    "estimator_version": pa.string(),
    "score": pa.float64(),
    "as_of_date": pa.timestamp("us"),
}
SCHEMA = pa.schema(SCORE_COLUMNS)


def score_panels(
    panels: Iterable[Panel], registry: pd.DataFrame, tasks: pd.DataFrame, grain: str
) -> pa.RecordBatchReader:
    """Score the rows of panels whose split is ``score``, for every task of a grain.

    Parameters
    ----------
    panels : iterable of Panel
        Rows of the grain and their features, in pieces, of which one at a time is in memory.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    tasks : pandas.DataFrame
        The seed ``learning_tasks``.
    grain : str
        ``user``, ``user_offer`` or ``user_category``: tasks of it are scored.

    Returns
    -------
    pyarrow.RecordBatchReader
        Columns `SCORE_COLUMNS`, ``score`` a probability or an amount; empty where a
        task has no champion.

    Raises
    ------
    ValueError
        If the panels lack a feature that the champion was fitted on, or a task's population.
    """
    names = tasks.loc[tasks["grain"] == grain, "task"]
    found = {name: champion_of(registry, name) for name in names}
    champions = [(Task.from_seed(tasks, name), live) for name, live in found.items() if live is not None]
    # what is missing is said here: inside the stream the engine would say it, at length
    panels, first = begun(panels)
    for panel in first:
        for task, live in champions:
            live.check(task.population(panel))
    return pa.RecordBatchReader.from_batches(SCHEMA, _scored(panels, champions))


def _scored(panels: Iterable[Panel], champions: list[tuple[Task, StoredEstimator]]) -> Iterator[pa.RecordBatch]:
    for panel in panels:
        to_score = panel.of_split("score")
        for task, live in champions:
            rows = task.population(to_score)
            if rows.rows.empty:
                continue
            scored = rows.rows.reindex(columns=list(KEY_COLUMNS)).assign(
                task=task.name, estimator_name=live.name, estimator_version=live.version, score=live.predict(rows)
            )
            table = pa.Table.from_pandas(scored[list(SCORE_COLUMNS)], SCHEMA, preserve_index=False)
            yield from table.combine_chunks().to_batches()

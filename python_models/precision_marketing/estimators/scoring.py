"""Scores from the registry's champion; nothing is fitted here."""

from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from precision_marketing.common.frames import Panel, begun
from precision_marketing.estimators.stored import StoredEstimator, champion_of, judged_estimators
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task

SCORE_COLUMNS = {
    "task": pa.string(),
    "user_id": pa.string(),
    "offer_id": pa.string(),
    "campaign_id": pa.string(),
    "category_name": pa.string(),
    "product_id": pa.string(),
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
            yield from _batches(_scored_rows(task, live, rows))


def score_lists(
    panels: Iterable[Panel], registry: pd.DataFrame, tasks: pd.DataFrame, grain: str, length: int
) -> pa.RecordBatchReader:
    """Score rows to score by the champion, and rows of the test as it was fitted before them.

    Of each user, task and as-of date the likeliest rows are kept: a table of lists does not
    grow with the candidates.

    Parameters
    ----------
    panels, registry, tasks, grain
        As in `score_panels`; rows of other splits than ``score`` and ``test`` are passed over.
    length : int
        Rows that a list keeps; a user whom two pieces share has up to twice as many.

    Returns
    -------
    pyarrow.RecordBatchReader
        As `score_panels` returns.

    Raises
    ------
    ValueError
        As `score_panels` raises.
    """
    found = {name: champion_of(registry, name) for name in tasks.loc[tasks["grain"] == grain, "task"]}
    fitted = [
        (Task.from_seed(tasks, name), live, judged_estimators(registry, name))
        for name, live in found.items()
        if live is not None
    ]
    panels, first = begun(panels)
    for panel in first:
        for task, *_ in fitted:
            task.population(panel)
    return pa.RecordBatchReader.from_batches(SCHEMA, _listed(panels, fitted, length))


def _listed(
    panels: Iterable[Panel],
    fitted: list[tuple[Task, StoredEstimator, dict[pd.Timestamp, StoredEstimator]]],
    length: int,
) -> Iterator[pa.RecordBatch]:
    for panel in panels:
        for task, live, judged in fitted:
            rows = task.population(panel)
            split, until = rows.rows["split_name"], rows.rows["train_until_date"]
            parts = [(live, split == "score")]
            parts += [(each, (split == "test") & (until == date)) for date, each in judged.items()]
            for estimator, mask in parts:
                some = rows.where(mask.to_numpy(bool, na_value=False))
                if len(some.rows):
                    yield from _likeliest(_scored_rows(task, estimator, some), length)


def _likeliest(scored: pd.DataFrame, length: int) -> list[pa.RecordBatch]:
    ordered = scored.sort_values(["score", "product_id"], ascending=[False, True], kind="stable")
    kept = ordered[ordered.groupby(["user_id", "as_of_date"]).cumcount() < length].sort_index()
    return _batches(kept)


def _scored_rows(task: Task, estimator: StoredEstimator, rows: Panel) -> pd.DataFrame:
    return rows.rows.reindex(columns=list(KEY_COLUMNS)).assign(
        task=task.name,
        estimator_name=estimator.name,
        estimator_version=estimator.version,
        score=estimator.predict(rows),
    )


def _batches(scored: pd.DataFrame) -> list[pa.RecordBatch]:
    table = pa.Table.from_pandas(scored[list(SCORE_COLUMNS)], SCHEMA, preserve_index=False)
    return table.combine_chunks().to_batches()

"""What is typical of a feature: its median over all rows that are scored."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from precision_marketing.common.frames import joined_tables, to_pandas
from precision_marketing.estimators.tasks import Task

# What rows share that are compared with one another, per grain.
COMPARED_WITHIN = {"user_offer": "offer_id", "user_category": "category_name"}
# Medians that the engine finds at a time: it holds all values of their features.
COLUMNS_AT_A_TIME = 16
# The medians of some numeric features over all rows of a task: one row per key of
# `COMPARED_WITHIN`, the only one 0 where all rows are compared.
Typical = Callable[[Task, list[str]], pd.DataFrame]


def typical_values(grain: str, labels: Any, *features: Any) -> Typical:
    """Return what finds medians in the engine: no frame of all rows is made.

    Parameters
    ----------
    grain : str
        Grain of the tables.
    labels : DuckDB relation
        All rows to score.
    *features : DuckDB relations
        As `common.frames.read_panel` joins them.
    """
    rows, _, _ = joined_tables(labels, features)
    within = COMPARED_WITHIN.get(grain)

    def medians(task: Task, names: list[str]) -> pd.DataFrame:
        own = rows if task.population_column is None else rows.filter(f'cast("{task.population_column}" as int) = 1')
        parts = []
        for start in range(0, max(len(names), 1), COLUMNS_AT_A_TIME):
            few = names[start : start + COLUMNS_AT_A_TIME]
            some = [f'median(cast("{name}" as double)) as "{name}"' for name in few]
            found = to_pandas(own.aggregate(", ".join([within or "0 as one", *some]), within or ""))
            parts.append(found.set_index(within or "one"))
        return pd.concat(parts, axis=1)

    return medians

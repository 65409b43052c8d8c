"""The one place where a table of the warehouse becomes a pandas frame."""

from typing import Any

import pandas as pd


def to_pandas(relation: Any, order_by: list[str]) -> pd.DataFrame:
    """Read a relation in a fixed order.

    Parameters
    ----------
    relation : DuckDB relation or Spark frame
        What ``dbt.ref`` returned.
    order_by : list of str
        Columns whose values together name a row; they fix the order, so that learning
        does not depend on how the engine stored the rows.

    Returns
    -------
    pandas.DataFrame
        All rows, sorted, with a fresh index. Columns named ``*_date`` are
        ``datetime64``; whole numbers and booleans with gaps are nullable.
    """
    frame = relation.toPandas() if hasattr(relation, "toPandas") else relation.df()
    for column in frame.columns:
        if column.endswith("_date"):
            frame[column] = pd.to_datetime(frame[column])
    return frame.sort_values(order_by, ignore_index=True)

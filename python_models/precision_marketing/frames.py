"""The one place where a table of the warehouse becomes a pandas frame."""

from typing import Any

import pandas as pd
import pyarrow as pa

# What names a row of any table; those that a table has fix the order of its rows, so
# that learning does not depend on how the engine stored them.
ORDER = (
    "task",
    "outcome_name",
    "estimator_name",
    "learner",
    "rule_name",
    "cluster_method",
    "cluster_count",
    "comparison",
    "as_of_date",
    "campaign_id",
    "offer_id",
    "category_level",
    "category_name",
    "first_order_id",
    "split_name",
    "department_slot",
    "feature_group",
    "feature_name",
    "user_id",
)
WITH_GAPS = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def to_pandas(relation: Any) -> pd.DataFrame:
    """Read a relation, sorted by those of `ORDER` that it has.

    Parameters
    ----------
    relation : DuckDB relation or Spark frame
        What ``dbt.ref`` returned.

    Returns
    -------
    pandas.DataFrame
        All rows, with a fresh index. Columns named ``*_date`` are ``datetime64``,
        decimals are ``float64``; whole numbers and booleans with gaps are nullable.
    """
    known = set(relation.columns)
    order = [column for column in ORDER if column in known]
    if hasattr(relation, "toPandas"):
        frame = relation.toPandas().sort_values(order, ignore_index=True)
    else:
        if order:
            # several times as fast as in pandas, in the same order of bytes
            relation = relation.order(", ".join(f"{each} nulls last" for each in order))
        # text stays in Arrow's memory: as Python's objects it takes twice as much
        table = relation.to_arrow_table()
        frame = pd.DataFrame(
            {name: _series(table[name]) for name in table.column_names}
        )
    for column in frame.columns:
        if column.endswith("_date"):
            frame[column] = pd.to_datetime(frame[column])
    return frame


def _series(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return column.to_pandas(
        date_as_object=False,
        types_mapper=WITH_GAPS.get if column.null_count else None,
    )


def former_rows(session: Any, name: str, columns: dict[str, str]) -> pd.DataFrame:
    """Read a table of the last build before this one replaces it.

    Parameters
    ----------
    session : DuckDB connection
        What dbt hands to a Python model.
    name : str
        Full name of the table, as ``dbt.this`` gives it.
    columns : dict of str to str
        Columns and types to return; those that the table lacked are empty.

    Returns
    -------
    pandas.DataFrame
        No row when there was no such table.
    """
    schema, table = name.replace('"', "").split(".")[-2:]
    known = session.sql(
        "select table_name from information_schema.tables"
        f" where table_schema = '{schema}' and table_name = '{table}'"
    ).df()
    rows = session.table(name).df() if len(known) else pd.DataFrame()
    return rows.reindex(columns=list(columns)).astype(columns)

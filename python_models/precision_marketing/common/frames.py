"""The one place where a table of the warehouse becomes a pandas frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

# What names a row of any table; those that a table has fix the order of its rows, so
# that learning does not depend on how the engine stored them.
ORDER = (
    "task",
    "outcome_name",
    "estimator_name",
    "learner",
    "baseline_name",
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
# What rows of a labels table and of features tables are joined by: no feature.
PANEL_KEYS = ("user_id", "offer_id", "campaign_id", "category_level", "category_name", "as_of_date")
WITH_GAPS = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


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
        frame = pd.DataFrame({name: _series(table[name]) for name in table.column_names})
    for column in frame.columns:
        if column.endswith("_date"):
            frame[column] = pd.to_datetime(frame[column])
    return frame


def _series(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return column.to_pandas(date_as_object=False, types_mapper=WITH_GAPS.get if column.null_count else None)


@dataclass(frozen=True)
class Panel:
    """Rows of a labels table, and beside them the features of the same keys.

    What an estimator may learn from is `features` alone: a column that a labels table
    gains stands in `rows`, where no estimator looks for features.

    Parameters
    ----------
    rows : pandas.DataFrame
        Keys, labels, splits and dates.
    features : pandas.DataFrame
        Same index; numbers as ``float64`` (gaps NaN), text as ``object`` (gaps
        ``"missing"``).
    """

    rows: pd.DataFrame
    features: pd.DataFrame

    def where(self, mask: np.ndarray) -> "Panel":
        """Keep the rows at which ``mask`` is true, with a fresh index."""
        mask = np.asarray(mask, dtype=bool)
        return Panel(self.rows[mask].reset_index(drop=True), self.features[mask].reset_index(drop=True))

    def of_split(self, name: str) -> "Panel":
        """Keep the rows of one split, with a fresh index."""
        return self.where((self.rows["split_name"] == name).to_numpy(bool, na_value=False))


def read_panel(labels: Any, *features: Any) -> Panel:
    """Join features to the rows of a labels table by the keys that they share.

    Parameters
    ----------
    labels : DuckDB relation or Spark frame
        A table of ``models/labels``: its rows are the panel's.
    *features : DuckDB relations or Spark frames
        Tables of ``models/features``: each is joined by those of `PANEL_KEYS` that it
        shares with the labels; its other columns are features.

    Raises
    ------
    ValueError
        If a column that is no key stands in two of the tables.
    """
    row_columns, feature_columns, joined = list(labels.columns), [], labels
    for table in features:
        keys = [each for each in PANEL_KEYS if each in table.columns]
        own = [each for each in table.columns if each not in keys]
        if twice := sorted({*own} & {*row_columns, *feature_columns}):
            raise ValueError(
                f"Two tables of one panel share column names: {', '.join(twice)}."
                " A label cannot be a feature: rename one of the two."
            )
        by = keys if hasattr(joined, "toPandas") else ", ".join(keys)
        joined = joined.join(table, by)
        feature_columns += own
    frame = to_pandas(joined)
    return Panel(frame[row_columns], feature_frame(frame[feature_columns]))


def feature_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn columns into what estimators read.

    Returns
    -------
    pandas.DataFrame
        Numbers as ``float64`` (gaps NaN), text as ``object`` (gaps ``"missing"``).
    """
    features = {}
    for column, values in frame.items():
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            features[column] = values.to_numpy(float, na_value=np.nan)
        else:
            known = values.notna().to_numpy()
            features[column] = np.where(known, values.astype(object), "missing")
    return pd.DataFrame(features, index=frame.index)


def typed(parts: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    """Put frames together: these columns, of these types, even where there is none."""
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return found.reindex(columns=list(columns)).astype(columns)


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
        f"select table_name from information_schema.tables where table_schema = '{schema}' and table_name = '{table}'"
    ).df()
    rows = session.table(name).df() if len(known) else pd.DataFrame()
    return rows.reindex(columns=list(columns)).astype(columns)

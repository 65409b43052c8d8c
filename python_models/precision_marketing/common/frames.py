"""The one place where a table of the warehouse becomes a pandas frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from precision_marketing.common.memory import give_back

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
    "product_id",
    "split_name",
    "department_slot",
    "feature_group",
    "feature_name",
    "user_id",
)
# What rows of a labels table and of features tables are joined by: no feature.
PANEL_KEYS = ("user_id", "offer_id", "campaign_id", "category_level", "category_name", "product_id", "as_of_date")
# Rows that are read, predicted or scored at a time: 16,384 x 130 features take 17 MB.
BATCH_ROWS = 16_384
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
    if hasattr(relation, "toPandas"):
        order = [column for column in ORDER if column in set(relation.columns)]
        return _dated(relation.toPandas().sort_values(order, ignore_index=True))
    # text stays in Arrow's memory: as Python's objects it takes twice as much
    return _frame(_ordered(relation).to_arrow_table())


def to_categories(relation: Any) -> pd.DataFrame:
    """Read a DuckDB relation in any order, texts as categories.

    For tables of many rows and few distinct texts: a row of a prediction takes a fifth of the
    memory that it takes as text.

    Parameters
    ----------
    relation : DuckDB relation
        What ``dbt.ref`` returned, or a part of it.

    Returns
    -------
    pandas.DataFrame
        As `to_pandas` returns, but for order and texts.
    """
    give_back()
    reader = relation.to_arrow_reader(BATCH_ROWS)
    encoded = [pa.record_batch([_encoded(each) for each in batch.columns], batch.schema.names) for batch in reader]
    if not encoded:
        return _frame(reader.schema.empty_table())
    return _frame(pa.Table.from_batches(encoded).unify_dictionaries())


def _encoded(column: pa.Array) -> pa.Array:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column


def _ordered(relation: Any) -> Any:
    """Sort a DuckDB relation: several times as fast as in pandas, in the same order of bytes."""
    known = set(relation.columns)
    order = [f"{column} nulls last" for column in ORDER if column in known]
    return relation.order(", ".join(order)) if order else relation


def _frame(table: pa.Table) -> pd.DataFrame:
    return _dated(pd.DataFrame({name: _series(table[name]) for name in table.column_names}))


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
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
    stored : pandas.DataFrame
        Features of these rows or, with ``places``, of more: what `features` and `columns` copy
        out of. Numbers as ``float64`` (gaps NaN), text as ``object`` (gaps ``"missing"``).
    places : numpy.ndarray of int or None
        Per row its place in ``stored``; None where it is the row's own.
    """

    rows: pd.DataFrame
    stored: pd.DataFrame
    places: np.ndarray | None = None

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, in their order."""
        return list(self.stored.columns)

    @property
    def features(self) -> pd.DataFrame:
        """All features of the rows, with a fresh index."""
        return self.columns(self.feature_names)

    def columns(self, names: list[str]) -> pd.DataFrame:
        """Copy some features of the rows out, numbers in one block, with a fresh index."""
        everything = slice(None) if self.places is None else self.places
        return in_one_block({name: self.stored[name].to_numpy()[everything] for name in names}, len(self.rows))

    def pieces(self, names: list[str]) -> Iterator[pd.DataFrame]:
        """Yield what `columns` returns, at most `BATCH_ROWS` rows at a time."""
        places = np.arange(len(self.rows)) if self.places is None else self.places
        for start in range(0, len(places), BATCH_ROWS):
            some = slice(start, start + BATCH_ROWS)
            yield Panel(self.rows.iloc[some], self.stored, places[some]).columns(names)

    def where(self, mask: np.ndarray) -> "Panel":
        """Keep the rows at which ``mask`` is true, with a fresh index; no feature is copied."""
        mask = np.asarray(mask, dtype=bool)
        places = np.flatnonzero(mask) if self.places is None else self.places[mask]
        return Panel(self.rows[mask].reset_index(drop=True), self.stored, places)

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
    give_back()
    joined, row_columns, feature_columns = joined_tables(labels, features)
    if hasattr(joined, "toPandas"):
        frame = to_pandas(joined)
        return Panel(frame[row_columns], feature_frame(frame[feature_columns]))
    # no more rows than labels, as features have a row per key: a count of the join would join twice
    [(most,)] = labels.aggregate("count(*)").fetchall()
    panel = _panel(joined.to_arrow_reader(BATCH_ROWS), most, row_columns, feature_columns)
    # sorted by the keys alone: the engine would hold all features of all rows to sort them
    rows = pa.Table.from_pandas(panel.rows[[name for name in ORDER if name in row_columns]], preserve_index=False)
    order = pc.sort_indices(rows, [(name, "ascending", "at_end") for name in rows.column_names]).to_numpy()
    return Panel(panel.rows.iloc[order].reset_index(drop=True), panel.stored, order)


def read_panels(labels: Any, *features: Any) -> Iterator[Panel]:
    """Read what `read_panel` reads, in pieces of `BATCH_ROWS` rows: memory does not grow with the rows.

    The engine sorts the rows, and spills what does not fit: the same rows make the same pieces.

    Raises
    ------
    RuntimeError
        If the stream ends early: the engine ends it, and says nothing, once its connection is
        asked for something else.
    """
    joined, row_columns, feature_columns = joined_tables(labels, features)
    for piece in _read_pieces(joined):
        yield _panel(piece, piece.num_rows, row_columns, feature_columns)


def read_frames(relation: Any) -> Iterator[pd.DataFrame]:
    """Read what `to_pandas` reads, in pieces of `BATCH_ROWS` rows, as `read_panels` does."""
    return (_frame(piece) for piece in _read_pieces(relation))


def latest(relation: Any) -> Any:
    """Keep the rows of a DuckDB relation that are of its last as-of date."""
    [(date,)] = relation.aggregate("max(as_of_date)").fetchall()
    return relation.filter("false" if date is None else f"as_of_date = date '{date:%Y-%m-%d}'")


def _read_pieces(relation: Any) -> Iterator[pa.Table]:
    give_back()
    [(left,)] = relation.aggregate("count(*)").fetchall()
    for piece in _pieces(_ordered(relation).to_arrow_reader(BATCH_ROWS)):
        yield piece
        left -= piece.num_rows
    if left:
        raise RuntimeError(f"{left:,} rows to score were not read: their connection was used for something else.")


def begun(panels: Iterable[Panel]) -> tuple[Iterator[Panel], list[Panel]]:
    """Read the first piece of a stream: return all pieces, and the first alone, if there is one."""
    panels = iter(panels)
    first = list(islice(panels, 1))
    return chain(first, panels), first


def joined_tables(labels: Any, features: tuple) -> tuple[Any, list[str], list[str]]:
    """Join features to the rows of a labels table; also name the columns of these and of those."""
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
    return joined, row_columns, feature_columns


def _panel(reader: Any, most: int, row_columns: list[str], feature_columns: list[str]) -> Panel:
    """Fill one array per feature from batches of at most so many rows in all."""
    kept, start = [], 0
    numbers = {name: np.empty(most) for name in feature_columns if is_number(reader.schema.field(name).type)}
    texts: dict[str, list[np.ndarray]] = {name: [] for name in feature_columns if name not in numbers}
    for batch in reader.to_batches() if isinstance(reader, pa.Table) else reader:
        kept.append(batch.select(row_columns))
        end = start + batch.num_rows
        for name, values in numbers.items():
            values[start:end] = number_column(batch.column(name))
        for name, parts in texts.items():
            parts.append(text_column(batch.column(name)))
        start = end
    rows = pa.Table.from_batches(kept, pa.schema([reader.schema.field(name) for name in row_columns]))
    whole = {name: np.concatenate([*parts, np.empty(0, object)]) for name, parts in texts.items()}
    whole |= {name: values[:start] for name, values in numbers.items()}
    return Panel(_frame(rows), pd.DataFrame({name: whole[name] for name in feature_columns}, copy=False))


def _pieces(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Cut a stream into pieces of the same size, however its batches came."""
    waiting, count = [], 0
    for batch in reader:
        waiting.append(batch)
        count += batch.num_rows
        while count >= BATCH_ROWS:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, BATCH_ROWS)
            waiting, count = table.slice(BATCH_ROWS).to_batches(), count - BATCH_ROWS
    if count:
        yield pa.Table.from_batches(waiting)


def is_number(kind: pa.DataType) -> bool:
    """Whether a feature of a type of Arrow is read as a number."""
    return any(
        test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    )


def number_column(column: pa.Array) -> np.ndarray:
    """Return numbers and booleans as ``float64``, gaps NaN."""
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)


def text_column(column: pa.Array) -> np.ndarray:
    """Return texts as ``object``, gaps ``"missing"``; equal texts share their memory."""
    encoded = pc.fill_null(pc.cast(column, pa.string()), "missing").dictionary_encode()
    return encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)[encoded.indices.to_numpy()]


def in_one_block(columns: dict[str, np.ndarray], count: int) -> pd.DataFrame:
    """Make a frame whose numbers lie in one piece of memory, each feature's in a row.

    Parameters
    ----------
    columns : dict of str to numpy.ndarray, shape (rows,)
        Numbers as ``float64``, texts as ``object``.
    count : int
        Of the rows.
    """
    numbers = [name for name, values in columns.items() if values.dtype != object]
    values = np.empty((len(numbers), count))
    for place, name in enumerate(numbers):
        values[place] = columns[name]
    frame = pd.DataFrame(values.T, columns=numbers, copy=False)
    if len(numbers) == len(columns):
        return frame
    for name in columns:
        if name not in numbers:
            frame[name] = columns[name]
    return frame[list(columns)]


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

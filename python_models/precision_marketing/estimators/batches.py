"""Scores for tables larger than memory, batch by batch; nothing is fitted here."""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from precision_marketing.common.frames import in_one_block, is_number, number_column, text_column
from precision_marketing.common.threads import use_one_thread
from precision_marketing.estimators.families import CalibratedAverage


def score_batches(
    reader: pa.RecordBatchReader, estimator: CalibratedAverage, feature_names: list[str], key_columns: list[str]
) -> pa.RecordBatchReader:
    """Score a stream of record batches, one batch in memory at a time.

    Parameters
    ----------
    reader : pyarrow.RecordBatchReader
        Batches with the keys and the features; their size sets the memory used.
    estimator : CalibratedAverage
        Fitted.
    feature_names : list of str
        Columns that it was fitted on.
    key_columns : list of str
        Columns handed through.

    Returns
    -------
    pyarrow.RecordBatchReader
        The keys and ``score``, a probability, row for row as they came. Nothing is
        read before it is asked for.

    Raises
    ------
    ValueError
        If the stream lacks a column.
    """
    missing = sorted({*feature_names, *key_columns} - set(reader.schema.names))
    if missing:
        raise ValueError(f"The rows to score lack columns: {', '.join(missing)}.")
    keys = [reader.schema.field(name) for name in key_columns]
    schema = pa.schema([*keys, pa.field("score", pa.float64())])

    def scored() -> Iterator[pa.RecordBatch]:
        use_one_thread()
        for batch in reader:
            if not batch.num_rows:
                continue
            scores = estimator.predict_proba(batch_features(batch, feature_names))
            own = [batch.column(name) for name in key_columns]
            yield pa.record_batch([*own, pa.array(scores[:, 1])], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, scored())


def batch_features(batch: pa.RecordBatch, feature_names: list[str]) -> pd.DataFrame:
    """Turn a batch into features as `common.frames.feature_frame` does.

    Returns
    -------
    pandas.DataFrame
        Shape (rows, features). Numbers and booleans as ``float64`` in one block (gaps
        NaN), all else as ``object`` (gaps ``"missing"``).
    """
    columns = {}
    for name in feature_names:
        column = batch.column(name)
        columns[name] = number_column(column) if is_number(column.type) else text_column(column)
    return in_one_block(columns, batch.num_rows)

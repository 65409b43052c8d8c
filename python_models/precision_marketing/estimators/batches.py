"""Scores for tables larger than memory, batch by batch; nothing is fitted here."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
    kinds = {name: batch.schema.field(name).type for name in feature_names}
    numbers = [name for name, kind in kinds.items() if _is_number(kind)]
    # one row per feature in memory: each is written, and later read, in one piece
    values = np.empty((len(numbers), batch.num_rows))
    for place, name in enumerate(numbers):
        column = pc.cast(batch.column(name), pa.float64())
        values[place] = column.to_numpy(zero_copy_only=False)
    frame = pd.DataFrame(values.T, columns=numbers, copy=False)
    for name in feature_names:
        if name not in numbers:
            texts = pc.fill_null(pc.cast(batch.column(name), pa.string()), "missing")
            frame[name] = texts.to_numpy(zero_copy_only=False)
    return frame[feature_names] if len(numbers) < len(feature_names) else frame


def _is_number(kind: pa.DataType) -> bool:
    return any(
        test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    )

"""Batches score as the whole does, one at a time, and nothing is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from precision_marketing.common.frames import feature_frame
from precision_marketing.estimators.batches import batch_features, score_batches
from sklearn.pipeline import Pipeline
from support.made_rows import MADE_FAMILIES, ROUNDED, SEEDS, fitted_families, make_new_rows


def make_table(seed: int) -> pa.Table:
    """Make a table as a warehouse has it: whole numbers, booleans, nulls."""
    rows = make_new_rows(seed)
    rows["order_count_28d"] = rows["order_count_28d"].astype("Int64")
    rows["constant_number"] = 7
    rows.loc[4, "segment_name"] = None
    table = pa.Table.from_pandas(rows, preserve_index=False)
    return table.append_column("user_id", pa.array(map(str, range(len(rows)))))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*MADE_FAMILIES, "average"])
def test_batches_score_as_the_whole_does(name: str, seed: int) -> None:
    table, estimator = make_table(seed), fitted_families(seed)[name]
    names = [name for name in table.column_names if name != "user_id"]
    reader = table.to_reader(7)
    keys = ["user_id", "segment_name"]
    scored = score_batches(reader, estimator, names, keys).read_all()
    features = feature_frame(table.to_pandas()[names])
    assert scored.select(keys).equals(table.select(keys))
    np.testing.assert_allclose(
        scored["score"], estimator.predict_proba(features)[:, 1], rtol=0, atol=ROUNDED.get(name, 1e-12)
    )


def test_a_batch_becomes_the_features_that_learning_saw() -> None:
    table = make_table(0)
    table = table.append_column("is_known", pa.array([True, None, False] * (len(table) // 3))).append_column(
        "price", pa.array([None, Decimal("1.25")] * (len(table) // 2))
    )
    names = [name for name in table.column_names[::-1] if name != "user_id"]
    with duckdb.connect() as connection:
        connection.register("rows", table)
        learnt_from = feature_frame(connection.sql("from rows").df()[names])
    pd.testing.assert_frame_equal(batch_features(table.to_batches()[0], names), learnt_from)


def test_one_batch_is_read_at_a_time_and_none_before_it_is_asked_for() -> None:
    table, estimator = make_table(0), fitted_families(0)["logistic_regression"]
    names, read = [name for name in table.column_names if name != "user_id"], []

    def counted() -> Iterator[pa.RecordBatch]:
        for batch in table.to_batches(max_chunksize=20):
            read.append(batch.num_rows)
            yield batch

    reader = pa.RecordBatchReader.from_batches(table.schema, counted())
    scored = score_batches(reader, estimator, names, ["user_id"])
    assert read == []
    for count, batch in enumerate(scored, start=1):
        assert len(read) == count
        assert batch.num_rows == 20


def test_nothing_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("fitted")

    table, estimator = make_table(0), fitted_families(0)["average"]
    for member in estimator.members:
        for step in (member, *(step for _, step in member.steps)):
            monkeypatch.setattr(type(step), "fit", refuse)
    monkeypatch.setattr(Pipeline, "fit_transform", refuse)
    names = [name for name in table.column_names if name != "user_id"]
    scored = score_batches(table.to_reader(), estimator, names, [])
    assert scored.read_all().num_rows == len(table)


def test_an_empty_stream_gives_an_empty_stream_with_its_types() -> None:
    table, estimator = make_table(0), fitted_families(0)["average"]
    names = [name for name in table.column_names if name != "user_id"]
    for empty in (table.slice(0, 0).to_reader(), table.slice(0, 0).to_batches()):
        reader = (
            empty if isinstance(empty, pa.RecordBatchReader) else pa.RecordBatchReader.from_batches(table.schema, empty)
        )
        scored = score_batches(reader, estimator, names, ["user_id"]).read_all()
        assert scored.schema.names == ["user_id", "score"]
        assert scored.num_rows == 0


def test_a_column_that_is_missing_is_named() -> None:
    table, estimator = make_table(0), fitted_families(0)["average"]
    with pytest.raises(ValueError, match="lack columns: no_such_feature"):
        score_batches(table.to_reader(), estimator, ["no_such_feature"], ["user_id"])

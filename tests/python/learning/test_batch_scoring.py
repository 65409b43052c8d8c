"""Pieces score as the whole does, one at a time, and nothing is fitted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from precision_marketing.common import frames
from precision_marketing.common.frames import Panel, feature_frame, read_panels
from precision_marketing.estimators.families import CalibratedAverage
from precision_marketing.estimators.scoring import SCHEMA, score_panels
from precision_marketing.estimators.stored import dump_estimator
from sklearn.pipeline import Pipeline
from support.made_rows import MADE_FAMILIES, ROUNDED, SEEDS, fitted_families, make_new_rows
from support.panels import ONE_TASK, TASK


def make_table(seed: int) -> pa.Table:
    """Make a table as a warehouse has it: whole numbers, booleans, nulls."""
    rows = make_new_rows(seed)
    rows["order_count_28d"] = rows["order_count_28d"].astype("Int64")
    rows["constant_number"] = 7
    rows.loc[4, "segment_name"] = None
    table = pa.Table.from_pandas(rows, preserve_index=False)
    return table.append_column("user_id", pa.array(f"{number:05}" for number in range(len(rows))))


def champion(estimator: CalibratedAverage, names: list[str]) -> pd.DataFrame:
    """Make a registry in which an estimator is in service."""
    return pd.DataFrame(
        {
            "task": [TASK],
            "status": ["champion"],
            "estimator_name": ["average"],
            "estimator_version": ["1"],
            "feature_names": [json.dumps(names)],
            "estimator_bytes": [dump_estimator(estimator)],
        }
    )


def pieces_of(table: pa.Table) -> Iterator[Panel]:
    """Read a table in pieces, as the build does."""
    engine = duckdb.connect()
    engine.register("rows", table)
    labels = engine.sql("select user_id, date '2026-01-01' as as_of_date, 'score' as split_name from rows")
    return read_panels(labels, engine.sql("from rows"))


def features_of(table: pa.Table) -> list[str]:
    """Name all columns but the key."""
    return [name for name in table.column_names if name != "user_id"]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "BATCH_ROWS", 20)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*MADE_FAMILIES, "average"])
def test_pieces_score_as_the_whole_does(name: str, seed: int) -> None:
    table, estimator = make_table(seed), fitted_families(seed)[name]
    names = features_of(table)
    scored = score_panels(pieces_of(table), champion(estimator, names), ONE_TASK, "user").read_all()
    features = feature_frame(table.to_pandas()[names])
    assert scored["user_id"].to_pylist() == table["user_id"].to_pylist()
    np.testing.assert_allclose(
        scored["score"], estimator.predict_proba(features)[:, 1], rtol=0, atol=ROUNDED.get(name, 1e-12)
    )


def test_a_piece_has_the_features_that_learning_saw() -> None:
    table = make_table(0)
    table = table.append_column("is_known", pa.array([True, None, False] * (len(table) // 3))).append_column(
        "price", pa.array([None, Decimal("1.25")] * (len(table) // 2))
    )
    read = pd.concat([piece.features for piece in pieces_of(table)], ignore_index=True)
    with duckdb.connect() as connection:
        connection.register("rows", table)
        learnt_from = feature_frame(connection.sql("from rows").df()[features_of(table)])
    pd.testing.assert_frame_equal(read, learnt_from)


def test_one_piece_is_read_at_a_time() -> None:
    table, estimator = make_table(0), fitted_families(0)["logistic_regression"]
    read = []

    def counted() -> Iterator[Panel]:
        for piece in pieces_of(table):
            read.append(len(piece.rows))
            yield piece

    scored = score_panels(counted(), champion(estimator, features_of(table)), ONE_TASK, "user")
    # the first, for what may be missing
    assert read == [20]
    for count, batch in enumerate(scored, start=1):
        assert len(read) == count
        assert batch.num_rows == 20
    assert sum(read) == len(table)


def test_nothing_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("fitted")

    table, estimator = make_table(0), fitted_families(0)["average"]
    for member in estimator.members:
        for step in (member, *(step for _, step in member.steps)):
            monkeypatch.setattr(type(step), "fit", refuse)
    monkeypatch.setattr(Pipeline, "fit_transform", refuse)
    scored = score_panels(pieces_of(table), champion(estimator, features_of(table)), ONE_TASK, "user")
    assert scored.read_all().num_rows == len(table)


def test_no_row_gives_an_empty_stream_with_its_types() -> None:
    table, estimator = make_table(0), fitted_families(0)["average"]
    registry = champion(estimator, features_of(table))
    scored = score_panels(pieces_of(table.slice(0, 0)), registry, ONE_TASK, "user").read_all()
    assert scored.schema == SCHEMA
    assert scored.num_rows == 0


def test_a_column_that_is_missing_is_named() -> None:
    table, estimator = make_table(0), fitted_families(0)["average"]
    with pytest.raises(ValueError, match="lacks: no_such_feature"):
        score_panels(pieces_of(table), champion(estimator, ["no_such_feature"]), ONE_TASK, "user")

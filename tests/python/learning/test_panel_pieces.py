"""Panels in pieces are the panel as a whole, and no row is lost on the way."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from precision_marketing.common import frames
from precision_marketing.common.frames import read_panel, read_panels

ROWS = 20


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    monkeypatch.setattr(frames, "BATCH_ROWS", 3)
    connection = duckdb.connect()
    connection.execute(f"""
        create table labels as
        select 'u' || range % 7 as user_id, date '2026-01-01' + (range // 7)::int as as_of_date, 'score' as split_name
        from range({ROWS});
        create table features as
        select user_id, as_of_date, if(hash(user_id) % 3 = 0, null, hash(user_id, as_of_date) % 9) as order_count_7d,
            if(user_id = 'u3', null, user_id) as segment_name, user_id < 'u4' as is_new
        from labels order by hash(user_id, as_of_date)
    """)
    return connection


def test_pieces_are_the_whole_in_the_order_of_its_keys(connection: duckdb.DuckDBPyConnection) -> None:
    tables = connection.table("labels"), connection.table("features")
    whole, pieces = read_panel(*tables), list(read_panels(*tables))
    assert [len(piece.rows) for piece in pieces] == [3] * 6 + [2]
    for part in ("rows", "features"):
        united = pd.concat([getattr(piece, part) for piece in pieces], ignore_index=True)
        pd.testing.assert_frame_equal(united, getattr(whole, part))
    kept = whole.where(whole.rows["user_id"] != "u1").where([True, False] * 8 + [True])
    expected = whole.features[whole.rows["user_id"] != "u1"].iloc[::2].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept.features, expected)
    pd.testing.assert_frame_equal(pd.concat(list(kept.pieces(["is_new"])), ignore_index=True), expected[["is_new"]])


def test_a_stream_that_its_connection_ends_is_no_end_of_the_rows(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("insert into labels select 'v' || range, date '2026-01-01', 'score' from range(9000)")
    connection.execute(
        "insert into features select user_id, as_of_date, 1, 'new', true from labels where user_id like 'v%'"
    )
    pieces = read_panels(connection.table("labels"), connection.table("features"))
    next(pieces)
    connection.execute("select 1")
    with pytest.raises((RuntimeError, duckdb.Error)):
        list(pieces)

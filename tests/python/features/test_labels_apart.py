"""A column of a labels table is no feature, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from precision_marketing.common.frames import read_panel


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Labels and features of two users."""
    with duckdb.connect() as connection:
        connection.execute("""
            create table labels as from (values
                ('b', date '2024-01-01', true), ('a', date '2024-01-01', false)
            ) as rows(user_id, as_of_date, is_lapsed);
            create table features as from (values
                ('a', date '2024-01-01', 3), ('b', date '2024-01-01', null),
                ('b', date '2024-02-01', 9)
            ) as rows(user_id, as_of_date, order_count);
        """)
        yield connection


def test_features_stand_beside_the_labels_of_their_keys(connection: duckdb.DuckDBPyConnection) -> None:
    panel = read_panel(connection.table("labels"), connection.table("features"))
    assert panel.rows["user_id"].tolist() == ["a", "b"]
    assert panel.rows["is_lapsed"].tolist() == [False, True]
    assert list(panel.rows) == ["user_id", "as_of_date", "is_lapsed"]
    assert panel.features["order_count"].fillna(-1).tolist() == [3, -1]
    assert list(panel.features) == ["order_count"]


def test_a_column_of_labels_and_features_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("alter table features add column is_lapsed boolean")
    with pytest.raises(
        ValueError,
        match=r"^Two tables of one panel share column names: is_lapsed\. A label"
        r" cannot be a feature: rename one of the two\.$",
    ):
        read_panel(connection.table("labels"), connection.table("features"))

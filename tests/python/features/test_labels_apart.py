"""A column of a labels table is no feature, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import duckdb
import pytest
from precision_marketing.common.frames import PANEL_KEYS, read_panel
from support.model_inputs import inputs_of, manifest, python_models
from support.perturbed_models import Rows, run_model

# Ends as the patterns of the tasks do that read some features alone.
ADDED = "{}_again_28d"


def labels_read() -> dict[str, list[str]]:
    """Return the tables of models/labels that each Python model reads, by its name."""
    nodes = manifest()["nodes"]
    return {
        name: read
        for name, node in python_models().items()
        if (
            read := [
                nodes[each]["name"]
                for each in node["depends_on"]["nodes"]
                if nodes.get(each, {}).get("path", "").startswith("labels/")
            ]
        )
    }


def moved_by_added_labels(name: str) -> set[str]:
    """Run a model beside labels tables that hold each label twice; say what moves."""
    node, missing, found = python_models()[name], set(labels_read()[name]), set()
    for inputs, _ in inputs_of(name):
        tables = {
            table: inputs.connection.table(table) for table in sorted(missing) if len(inputs.connection.table(table))
        }
        if not tables:
            continue
        missing -= set(tables)
        again = {
            table: rows.project("*, " + ", ".join(f"{each} as {ADDED.format(each)}" for each in own)).to_arrow_table()
            for table, rows in tables.items()
            # dates are no label, and cannot be learnt from
            if (own := [each for each in rows.columns if each not in PANEL_KEYS and not each.endswith("_date")])
        }
        before, after = (
            Rows.of(run_model(node, inputs.connection, inputs.settings, perturbed)) for perturbed in (None, again)
        )
        assert len(before), f"no row of {name} to compare"
        found |= {
            f"{name}.{column} moves with a label added to {' or '.join(tables)}"
            for column in before.codes
            if column not in after.codes or before.differ(after, [column])
        }
        if not missing:
            break
    return found | {f"{name} was not run on rows of {table}" for table in missing}


@pytest.mark.slow
def test_a_label_added_to_a_labels_table_cannot_be_learnt_from() -> None:
    names = list(labels_read())
    assert {"ml_validation", "ml_estimator_registry", "ml_user_offer__uplift"} <= {*names}
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        assert set().union(*pool.map(moved_by_added_labels, names)) == set()


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

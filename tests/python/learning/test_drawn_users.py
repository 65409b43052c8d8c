"""Models that learn or judge see the users that a hash drew, and nobody else."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from support.model_inputs import inputs_of, python_models
from support.perturbed_models import run_model

LABELS = ("lbl_user", "lbl_user_offer", "lbl_user__purchases")
LEARNERS = (
    "ml_cluster__fits",
    "ml_cluster__stability",
    "ml_customer_value__estimator",
    "ml_customer_value__test_period",
    "ml_estimator_registry",
    "ml_feature_importance",
    "ml_test",
    "ml_validation",
)
# A third of the users, whatever their pseudonym.
LEFT_OUT = "hash(first_order_id) % 3 = 0"


def labels_of(connection: duckdb.DuckDBPyConnection, query: str) -> dict:
    """Return the labels tables that there are, changed by a query about {table}."""
    known = {name for (name,) in connection.sql("select table_name from duckdb_tables()").fetchall()}
    return {name: connection.sql(query.format(table=name)).to_arrow_table() for name in LABELS if name in known}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_user_who_is_not_drawn_might_as_well_not_be_there(name: str) -> None:
    node = python_models()[name]
    changed = 0
    for inputs, _ in inputs_of(name):
        connection = inputs.connection
        marked = labels_of(connection, f"select * replace (not {LEFT_OUT} as is_drawn) from {{table}}")
        fewer = labels_of(connection, f"from {{table}} where not {LEFT_OUT}")
        found, expected, before = (
            run_model(node, connection, inputs.settings, perturbed) for perturbed in (marked, fewer, {})
        )
        names = [column for column in found if not column.endswith("_bytes")]
        pd.testing.assert_frame_equal(found[names], expected[names])
        changed += not found[names].equals(before[names])
    assert changed

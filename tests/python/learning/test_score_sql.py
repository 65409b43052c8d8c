"""A score in SQL is the score that Python gives."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.frames import read_panel, to_pandas
from precision_marketing.estimators.families import AS_THEY_ARE, CalibratedAverage, preprocessor
from precision_marketing.estimators.score_sql import MOST_LEAVES, score_expression
from precision_marketing.estimators.tasks import Task
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from support.made_rows import MADE_FAMILIES, SEEDS, fitted_families, make_new_rows, make_rows

IN_SQL = ["logistic_regression", "small_tree"]


def in_sql(features: pd.DataFrame, expression: str) -> np.ndarray:
    """Compute an expression over rows; what is missing is null."""
    rows = features.assign(row=range(len(features))).replace("missing", None)
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        connection.execute(
            "create table panel as select columns(*)"
            " from (select * replace (nullif(segment_name, 'nan') as segment_name)"
            " from rows)"
        )
        for name in features.select_dtypes("number"):
            connection.execute(f"update panel set {name} = null where isnan({name}::double)")
        found = connection.execute(f"select {expression} from panel order by row")
        return found.fetchnumpy().popitem()[1].astype(float)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", IN_SQL)
def test_lines_and_small_trees_score_alike_in_sql(name: str, seed: int) -> None:
    estimator, features = fitted_families(seed)[name], make_new_rows(seed)
    features.loc[3, "segment_name"] = "missing"
    expression = score_expression(estimator, list(features.columns))
    np.testing.assert_allclose(
        in_sql(features, expression), estimator.predict_proba(features)[:, 1], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("slope", [0.5, 40.0])
def test_the_average_of_such_members_scores_alike_in_sql(slope: float) -> None:
    members = [fitted_families(0)[name].members[0] for name in IN_SQL]
    estimator = CalibratedAverage(members, [slope, 1.0], [0.3, -0.2])
    features = make_new_rows(0)
    expression = score_expression(estimator, list(features.columns))
    np.testing.assert_allclose(
        in_sql(features, expression), estimator.predict_proba(features)[:, 1], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("name", sorted(set(MADE_FAMILIES) - set(IN_SQL)))
def test_other_families_have_no_sql(name: str) -> None:
    estimator = fitted_families(0)[name]
    assert score_expression(estimator, list(make_rows(0)[0].columns)) is None


def test_a_tree_that_nobody_reads_has_no_sql() -> None:
    features, labels = make_rows(0)
    preparation = MADE_FAMILIES["small_tree"](features, 0)[0]
    tree = make_pipeline(preparation, DecisionTreeClassifier(min_samples_leaf=1))
    tree.fit(features, np.random.default_rng(0).permutation(labels))
    assert tree[-1].get_n_leaves() > MOST_LEAVES
    estimator = CalibratedAverage([tree], [1.0], [0.0])
    assert score_expression(estimator, list(features.columns)) is None


def test_a_row_on_the_border_of_a_branch_falls_the_same_way() -> None:
    training = pd.DataFrame({"order_count": [3.0] * 30 + [4.0] * 30})
    tree = make_pipeline(preprocessor(training, AS_THEY_ARE), DecisionTreeClassifier(max_depth=1)).fit(
        training, [0] * 29 + [1] * 31
    )
    estimator = CalibratedAverage([tree], [1.0], [0.0])
    # trees compare in single precision: the last is on the border, too
    rows = pd.DataFrame({"order_count": [3.5, 3.5 - 1e-3, 3.5 + 1e-3, 3.5 + 1e-9]})
    expected = estimator.predict_proba(rows)[:, 1]
    assert expected[0] == expected[1] == expected[3] != expected[2]
    found = in_sql(rows.assign(segment_name="a"), score_expression(estimator, ["a"]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_column_that_would_need_quotes_has_no_sql() -> None:
    estimator = fitted_families(0)["logistic_regression"]
    assert score_expression(estimator, ["days; drop table users"]) is None


def test_redeem_scores_alike_in_sql_on_the_real_panel(built: duckdb.DuckDBPyConnection) -> None:
    key = ["as_of_date", "campaign_id", "offer_id", "first_order_id"]
    panel = read_panel(
        built.table("labels.lbl_user_offer"),
        built.table("features.ftr_user_offer__snapshot"),
        built.table("features.ftr_user__snapshot"),
    )
    tasks = to_pandas(built.table("seeds.learning_tasks"))
    features = panel.features
    labels = Task.from_seed(tasks, "redeem").labels(panel)
    known = labels.notna().to_numpy()
    member = MADE_FAMILIES["logistic_regression"](features, 0)
    member.fit(features[known], labels[known].astype(int))
    estimator = CalibratedAverage([member], [0.9], [0.05])
    expression = score_expression(estimator, list(features.columns))
    scored = to_pandas(
        built.sql(
            f"select {', '.join(key)}, {expression} as score"
            " from labels.lbl_user_offer"
            " join features.ftr_user_offer__snapshot"
            " using (user_id, offer_id, campaign_id, as_of_date)"
            " join features.ftr_user__snapshot using (user_id, as_of_date)"
        )
    )
    assert len(scored) > 10_000
    np.testing.assert_allclose(scored["score"], estimator.predict_proba(features)[:, 1], rtol=0, atol=1e-9)

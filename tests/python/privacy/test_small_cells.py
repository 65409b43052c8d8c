"""Published aggregates tell on nobody: not by themselves, nor less one another."""

from __future__ import annotations

import itertools

import duckdb
import jinja2
import numpy as np
import pytest
from support.builds import PROJECT_FOLDER

LEAST = 10
# Per published aggregate: the columns that count users, what a whole is named by, and
# the columns whose values cut it into parts.
CUTS = {
    "campaigns.campaign_results": (["treated_count", "control_count"], ["campaign_id"], ["slice_kind"]),
    "evaluation.cluster_profiles": (["user_count"], ["cluster_method"], []),
}


def is_shown(**arguments: str) -> str:
    """Return the condition of the macro."""
    text = (PROJECT_FOLDER / "macros" / "privacy" / "small_cells.sql").read_text()
    environment = jinja2.Environment(autoescape=False)
    environment.globals["var"] = {"minimum_cell_users": LEAST}.__getitem__
    return environment.from_string(text).module.is_shown(**arguments)


@pytest.mark.parametrize("seed", range(200))
def test_what_is_shown_tells_on_nobody(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = random.integers(0, random.choice([3, 12, 30]), random.integers(1, 7))
    rest = int(random.choice([0, 0, 1, 5, 9, 10, 40]))
    with duckdb.connect() as connection:
        connection.execute("create table cells (cell int, part int, users int)")
        connection.executemany(
            "insert into cells values (?, 1, ?)", [(place, int(users)) for place, users in enumerate(cells)]
        )
        condition = is_shown(users="users", siblings="part", cell="cell", rest=str(rest))
        shown = connection.sql(f"select cell, users from cells qualify {condition}").fetchall()
    assert all(users == 0 or users >= LEAST for _, users in shown)
    hidden = int(cells.sum()) + rest - sum(users for _, users in shown)
    assert not 1 <= hidden < LEAST or not any(users for _, users in shown)
    # and no more is kept back than one cell beyond the small ones
    large = [users for users in cells if users >= LEAST]
    assert len([users for _, users in shown if users]) >= len(large) - 1


def counts(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict]:
    """Return the distinct cells of a table, with their users."""
    users, whole, cut = CUTS[table]
    value = ["slice_value"] if cut else ["cluster_number"]
    columns = ", ".join([*whole, *cut, *value, *users])
    rows = connection.sql(f"select distinct {columns} from {table}").df()
    return rows.to_dict("records")


@pytest.mark.parametrize("table", CUTS)
def test_no_total_less_parts_tells_on_anybody(built: duckdb.DuckDBPyConnection, table: str) -> None:
    users, whole, cut = CUTS[table]
    rows = counts(built, table)
    assert rows
    wholes = {tuple(row[name] for name in whole) for row in rows}
    attacked = 0
    for key, column in itertools.product(sorted(wholes), users):
        own = [row for row in rows if tuple(row[name] for name in whole) == key]
        assert all(row[column] == 0 or row[column] >= LEAST for row in own)
        for kind in {row[cut[0]] for row in own} - {"all"} if cut else ():
            (total,) = (row[column] for row in own if row[cut[0]] == "all")
            parts = [row[column] for row in own if row[cut[0]] == kind]
            assert not 1 <= total - sum(parts) < LEAST, (key, kind)
            attacked += 1
    assert attacked > 10 or not cut


def test_users_of_evaluated_slices_are_the_users(built: duckdb.DuckDBPyConnection) -> None:
    wrong, slices, hidden = built.sql("""
        with counted as (
            select task, estimator_name, split_name, 'pooled' as period,
                count(distinct user_id) as user_count
            from evaluation.estimator_predictions group by all
            union all
            select task, estimator_name, split_name, cast(as_of_date as varchar),
                count(distinct user_id)
            from evaluation.estimator_predictions
            where split_name <> 'validation' group by all
        )
        select count_if(slices.user_count <> counted.user_count), count(*),
            count_if(not slices.is_shown)
        from evaluation.evaluated_slices as slices
        inner join counted using (task, estimator_name, split_name, period)
        where slices.row_set = 'all'
    """).fetchall()[0]
    shown = built.sql("select min(user_count) from evaluation.score_calibration").fetchone()
    assert wrong == 0
    assert slices > 100
    assert hidden < slices
    assert shown[0] >= LEAST

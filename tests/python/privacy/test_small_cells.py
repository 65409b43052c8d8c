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


def macros() -> jinja2.environment.TemplateModule:
    """Return the macros, as SQL."""
    text = (PROJECT_FOLDER / "macros" / "privacy" / "small_cells.sql").read_text()
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
    environment.globals["var"] = {"minimum_cell_users": LEAST, "minimum_differing_users": 2}.__getitem__
    return environment.from_string(text).module


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
        condition = macros().is_shown(users="users", siblings="part", cell="cell", rest=str(rest))
        shown = connection.sql(f"select cell, users from cells qualify {condition}").fetchall()
    assert all(users == 0 or users >= LEAST for _, users in shown)
    hidden = int(cells.sum()) + rest - sum(users for _, users in shown)
    assert not 1 <= hidden < LEAST or not any(users for _, users in shown)
    # and no more is kept back than one cell beyond the small ones
    large = [users for users in cells if users >= LEAST]
    assert len([users for _, users in shown if users]) >= len(large) - 1


@pytest.mark.parametrize(
    ("part", "whole", "is_uniform"),
    [(0, 0, False), (0, 10, True), (1, 10, True), (2, 10, False), (8, 10, False), (9, 10, True), (10, 10, True)],
)
def test_a_rate_that_says_what_all_did_is_uniform(part: int, whole: int, is_uniform: bool) -> None:
    [found] = duckdb.sql(f"select {macros().is_uniform(str(part), str(whole))}").fetchone()
    assert found is is_uniform


RATES = {
    # what was observed, out of how many, and the cells that add up to a whole
    "score_calibration": """
        select slice_number as whole, positive_count as part, row_count as size
        from evaluation.score_calibration
    """,
    "campaign_results": """
        select campaign_id || slice_kind as whole, redeemed_count as part, treated_count as size
        from campaigns.campaign_results where metric = 'redemption_rate' and slice_kind <> 'all'
    """,
    "rpt_retention": """
        select cohort_month as whole, user_count as part, cohort_user_count as size
        from reports.rpt_retention where month_number > 0
    """,
}
# What all cells of a whole come to, where that is published too.
WHOLES = {
    "score_calibration": """
        select any_value(slices.slice_number) as whole, any_value(results.positive_count) as part,
            any_value(results.row_count) as size
        from evaluation.estimator_results as results
        inner join evaluation.evaluated_slices as slices
            using (task, estimator_name, split_name, row_set, period)
        where results.positive_count is not null
        group by slices.slice_number
    """,
    "campaign_results": """
        select campaign_id || kind as whole, redeemed_count as part, treated_count as size
        from campaigns.campaign_results
        cross join (select unnest(['segment', 'offer']) as kind)
        where metric = 'redemption_rate' and slice_kind = 'all' and redeemed_count is not null
    """,
}


@pytest.mark.parametrize("table", RATES)
def test_no_rate_says_what_everybody_of_a_cell_did(built: duckdb.DuckDBPyConnection, table: str) -> None:
    # with ten of ten in a published cell, whoever knows that somebody is in it knows what they did
    cells = built.sql(f"select part, size from ({RATES[table]}) where part is not null").fetchall()
    assert len(cells) > 10
    assert [cell for cell in cells if min(cell[0], cell[1] - cell[0]) < 2 and cell[1] > 0] == []
    if table not in WHOLES:
        return
    # nor what a whole less its published cells leaves
    rests = built.sql(f"""
        select wholes.part - sum(cells.part), wholes.size - sum(cells.size)
        from ({RATES[table]}) as cells inner join ({WHOLES[table]}) as wholes using (whole)
        where cells.part is not null
        group by wholes.whole, wholes.part, wholes.size
    """).fetchall()
    assert len(rests) > 10
    assert [rest for rest in rests if rest[1] > 0 and min(rest[0], rest[1] - rest[0]) < 2] == []


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

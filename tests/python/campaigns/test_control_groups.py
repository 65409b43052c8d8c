"""Who is held out is drawn once, by a salted hash, and for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest
from scipy import stats
from support.builds import PROJECT_FOLDER, DbtRuns
from support.campaigns import VARS, copied

USERS = 40_000
SHARES = (0.05, 0.2, 0.5)
CAMPAIGNS = tuple(f"c{number}" for number in range(8))
# Of so many comparisons chance alone exceeds this once in ten thousand test suites.
MOST_ERRORS = 4.5


def hashed_number(column: str, salt: str) -> str:
    """Return what the macro writes."""
    text = (PROJECT_FOLDER / "macros/plan/plan.sql").read_text()
    macros = jinja2.Environment().from_string(text).module
    return str(macros.default__hashed_number(column, salt))


def numbers(salt: str = "holdout 1") -> dict[str, np.ndarray]:
    """Return the number of each of many users: for all campaigns, and for each."""
    columns = {"all": hashed_number("user_id", salt)} | {
        campaign: hashed_number(f"concat('{campaign}', ':', user_id)", salt) for campaign in CAMPAIGNS
    }
    selected = ", ".join(f'{sql} as "{name}"' for name, sql in columns.items())
    with duckdb.connect() as connection:
        return connection.sql(
            f"select {selected} from (select md5(cast(number as varchar)) as user_id"
            f" from range({USERS}) as numbers (number)) order by user_id"
        ).fetchnumpy()


def test_numbers_never_change() -> None:
    # another answer would move users between arms of campaigns that run
    drawn = hashed_number("user_id", "holdout 1")
    found = duckdb.sql(f"select {drawn} from (values ('u1'), ('u2'), ('u3')) as users (user_id)").fetchall()
    assert [round(number, 6) for (number,) in found] == [0.972559, 0.534191, 0.194198]


@pytest.mark.parametrize("share", SHARES)
def test_shares_are_right(share: float) -> None:
    error = np.sqrt(share * (1 - share) / USERS)
    for name, drawn in numbers().items():
        assert abs(np.mean(drawn < share) - share) < MOST_ERRORS * error, name


def test_numbers_are_spread_evenly() -> None:
    for name, drawn in numbers().items():
        assert drawn.min() >= 0
        assert drawn.max() < 1
        assert stats.kstest(drawn, "uniform").pvalue > 1e-5, name


def test_draws_do_not_know_of_each_other() -> None:
    found = numbers()
    for share in SHARES:
        held_out = np.array([drawn < share for drawn in found.values()], dtype=float)
        correlations = np.corrcoef(held_out)[np.triu_indices(len(held_out), 1)]
        assert np.abs(correlations).max() < MOST_ERRORS / np.sqrt(USERS)


def test_another_salt_draws_anew() -> None:
    first, second = numbers()["all"], numbers("holdout 2")["all"]
    assert abs(np.corrcoef(first, second)[0, 1]) < MOST_ERRORS / np.sqrt(USERS)


@pytest.fixture(scope="module")
def eligibility_query(dbt: DbtRuns, raw_folder: Path, campaigns: Path) -> str:
    """What dec_eligibility runs."""
    result = dbt.run(
        "compile", "--select", "dec_eligibility", VARS, warehouse=copied(dbt, campaigns), raw_folder=raw_folder
    )
    assert result.exit_code == 0, result.output
    folder = dbt.folder / "target" / "compiled" / "precision_marketing"
    return (folder / "models/campaigns/eligibility/dec_eligibility.sql").read_text()


@pytest.fixture
def connection(campaigns: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a copy that goes by the name that the query knows."""
    place = tmp_path / "building.duckdb"
    place.write_bytes(campaigns.read_bytes())
    with duckdb.connect(str(place)) as opened:
        yield opened


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            "insert into core.users by name select * replace (md5(user_id) as user_id) from core.users",
            id="users are added",
        ),
        pytest.param(
            "create or replace table core.users as from core.users order by md5(user_id)",
            id="users stand in another order",
        ),
        pytest.param(
            "update plan.plan_campaigns set control_share = 0.9, priority = 3,"
            " budget_amount = 0 where campaign_id <> '2018-01-basket'",
            id="other campaigns change",
        ),
        pytest.param("delete from plan.plan_campaigns where campaign_id <> '2018-01-basket'", id="other campaigns go"),
        pytest.param(
            "update plan.plan_campaigns set as_of_date = as_of_date + 7, budget_amount = 5, priority = 2",
            id="a week later",
        ),
    ],
)
def test_control_groups_are_sticky(connection: duckdb.DuckDBPyConnection, eligibility_query: str, change: str) -> None:
    query = f"""
        select user_id, is_global_control, is_campaign_control
        from ({eligibility_query}) where campaign_id = '2018-01-basket'
    """
    before = set(connection.execute(query).fetchall())
    assert len({row[1:] for row in before}) >= 3
    connection.execute(change)
    assert before <= set(connection.execute(query).fetchall())


def test_a_greater_share_holds_out_the_same_and_more(
    connection: duckdb.DuckDBPyConnection, eligibility_query: str
) -> None:
    query = f"""
        select user_id from ({eligibility_query})
        where campaign_id = '2018-01-basket' and is_campaign_control
    """
    before = set(connection.execute(query).fetchall())
    connection.execute("update plan.plan_campaigns set control_share = 0.5")
    after = set(connection.execute(query).fetchall())
    assert before < after

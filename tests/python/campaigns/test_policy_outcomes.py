"""Policies are judged by outcomes as they truly did, within the interval that is stated."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
from support.builds import PROJECT_FOLDER

RUNS = 120
USERS = 1200
VARIABLES = {"experiment_level": 0.95, "experiment_min_arm_users": 30, "minimum_cell_users": 10}
MACROS = ("privacy/small_cells", "demand/normal_law")
PICKS, OUTCOMES = "campaigns/measurement/dec_policy_picks", "reports/campaigns/rpt_policy_outcomes"


def rendered(model: str) -> str:
    """Return a model's SQL, on tables of the names that it refers to."""
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
    environment.globals |= {"var": VARIABLES.get, "ref": lambda name: name}
    macros = "".join((PROJECT_FOLDER / f"macros/{name}.sql").read_text() for name in MACROS)
    text = (PROJECT_FOLDER / f"models/{model}.sql").read_text()
    return environment.from_string(macros + text).render()


@pytest.fixture(scope="module")
def judge() -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what the two models make of decisions and their outcomes."""
    picks, outcomes = rendered(PICKS), rendered(OUTCOMES)

    def judged(rows: pd.DataFrame) -> pd.DataFrame:
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("rows", rows)
            connection.execute("create table decision_ledger as from rows")
            connection.execute("""
                create table dec_arm_outcomes as
                select campaign_id, user_id, if(decision = 'contact', 'treatment', 'control') as arm,
                    'randomised' as measurement, margin, cost, pre_amount
                from rows where decision in ('contact', 'control')
            """)
            connection.execute(f"create table dec_policy_picks as {picks}")
            return connection.sql(outcomes).df().set_index("policy")

    return judged


def launched(seed: int, effect: float = 1.0) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return decisions of two campaigns, and what policies truly change per user.

    The launched ones contact users of high value with a chance of .6 and others with .2; the
    effect grows with the value, and so does what users spend in any case.
    """
    draws = np.random.default_rng(seed)
    count = USERS // 2
    value = draws.gamma(2, 1, (2, count))
    is_high = value > np.quantile(value, 0.8, axis=1, keepdims=True)
    contact = np.where(is_high, 0.6, 0.2)
    control = np.where(is_high, 0.4, 0.1)
    drawn = draws.random((2, count))
    decision = np.where(drawn < contact, "contact", np.where(drawn < contact + control, "control", "not chosen"))
    propensity = np.select([decision == "contact", decision == "control"], [contact, control], 1 - contact - control)
    before = 10 * value + draws.normal(0, 5, (2, count))
    lift = effect * (value - 1)
    margin = 0.5 * before + draws.normal(0, 8, (2, count)) + np.where(decision == "contact", lift + 0.5, 0)
    rows = pd.DataFrame(
        {
            "campaign_id": np.repeat(["a", "b"], count),
            # the same users in both
            "user_id": np.tile(np.arange(count).astype(str), 2),
            "revision_number": 1,
            "decision": decision.ravel(),
            "choice_basis": np.where(is_high, "value", "exploratory").ravel(),
            "propensity": propensity.ravel(),
            "expected_margin": value.ravel(),
            "score": draws.random(2 * count),
            "margin": margin.ravel(),
            "cost": np.where(decision == "contact", 0.5, 0).ravel(),
            "pre_amount": before.ravel(),
        }
    )
    return rows, {"everybody": lift.mean(), "optimal": lift[is_high].mean()}


def test_intervals_hold_the_truth(judge: Callable) -> None:
    held = {"everybody": 0, "optimal": 0}
    misses = {"everybody": [], "optimal": []}
    for seed in range(RUNS):
        rows, truth = launched(seed)
        found = judge(rows)
        for policy, value in truth.items():
            held[policy] += found.loc[policy, "lift_low"] <= value <= found.loc[policy, "lift_high"]
            misses[policy].append(found.loc[policy, "profit_lift"] - value)
    # 2026-11-29: 95 % of the runs, less two standard errors of a share
    assert min(held.values()) >= RUNS * 0.91
    for miss in misses.values():
        assert abs(np.mean(miss)) <= 3 * np.std(miss) / np.sqrt(RUNS)


def test_a_plain_difference_would_mislead(judge: Callable) -> None:
    # who is contacted more often spends more in any case
    rows, truth = launched(1)
    arms = rows.groupby("decision")[["margin", "cost"]].mean()
    plain = (arms["margin"] - arms["cost"])["contact"] - (arms["margin"] - arms["cost"])["control"]
    found = judge(rows).loc["everybody"]
    assert not found["lift_low"] <= plain <= found["lift_high"]
    assert found["lift_low"] <= truth["everybody"] <= found["lift_high"]


def test_few_random_contacts_are_not_judged(judge: Callable) -> None:
    rows, _ = launched(2)
    is_rare = (rows["choice_basis"] == "exploratory") & (rows.index % 40 > 0)
    rows.loc[is_rare, "decision"] = "not chosen"
    rows.loc[~is_rare & (rows["choice_basis"] == "exploratory"), "propensity"] /= 40
    found = judge(rows)
    assert pd.isna(found.loc["everybody", ["profit_lift", "lift_low", "lift_high"]]).all()
    assert found.loc["everybody", "effective_count"] < 30
    assert pd.notna(found.loc["optimal", "profit_lift"])


def test_arms_of_few_users_are_not_shown(judge: Callable) -> None:
    rows, _ = launched(3)
    control = rows.index[rows["decision"] == "control"]
    rows = rows.drop(control[9:])
    found = judge(rows)
    assert found[["user_count", "contacted_count", "control_count"]].isna().all(axis=None)
    assert found["profit_lift"].isna().all()


def test_without_a_launch_there_is_no_row(judge: Callable) -> None:
    rows, _ = launched(4)
    assert judge(rows[rows["decision"] == "excluded"]).empty

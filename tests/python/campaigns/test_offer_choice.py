"""Laws of the choice of offers: limits, one offer each, and a fair control group."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from precision_marketing.allocation.exploration import ExplorationSettings
from precision_marketing.allocation.offer_choice import CHOICE_COLUMNS, POLICIES, WEEK, choose_offers

SEEDS = range(5)
KEY = ["allocation_name", "offer_id", "user_id"]
TAKEN = ["is_chosen", *(f"is_{policy}" for policy in POLICIES)]


def exploring(share: float, lift: float = 0.001) -> ExplorationSettings:
    """Return settings; by the lift few campaigns have enough users."""
    return ExplorationSettings(share=share, lift=lift, power=0.8, level=0.95)


def made_options(seed: int, users: int = 300, tightness: float = 0.3, lot: float = 0.2) -> pd.DataFrame:
    """Make options of two campaigns due, of two priorities, and of one draft.

    Parameters
    ----------
    tightness : float
        Share of what everybody's best option would draw that each limit leaves.
    lot : float
        Chance that a user is held out of one campaign.
    """
    random = np.random.default_rng(seed)
    offers = pd.DataFrame(
        {
            "offer_id": [f"o{number}" for number in range(6)],
            "campaign_id": ["a", "a", "b", "b", "c", "draft"],
            "channel": ["mail", "sms", "mail", "sms", "sms", "mail"],
            "priority": [1, 1, 1, 1, 2, 1],
        }
    )
    worth = random.lognormal(0, 0.7, users)
    people = pd.DataFrame(
        {
            "user_id": [f"u{number:05}" for number in random.permutation(users)],
            "first_order_id": [f"f{number:05}" for number in range(users)],
            "rfm_score": pd.array(random.integers(3, 16, users), dtype="Int64"),
            "worth": worth,
            "is_global_control": random.random(users) < lot / 4,
        }
    )
    options = people.merge(offers, how="cross")
    options = options[random.random(len(options)) < 0.7].reset_index(drop=True)
    count = len(options)
    options["is_control"] = options["is_global_control"] | by_lot(options, seed, lot)
    options["expected_cost"] = np.round(random.uniform(0.05, 1.0, count), 6)
    options["expected_margin"] = np.round(options["worth"] * random.lognormal(0, 0.5, count) - 0.6, 6)
    options["score"] = random.random(count)
    options["random_number"] = random.random(count)
    options["response_probability"] = options["score"]
    options["baseline_probability"] = 0.3
    options["segment_name"] = np.where(options["rfm_score"] < 8, "few orders", "loyal")
    options["is_exploratory"] = False
    options["treated_share"] = 0.95 * (1 - lot)
    options["budget_amount"] = tightness * 0.15 * users
    options["weekly_budget_left"] = tightness * 0.25 * users
    options["stock_cap"] = (
        options["offer_id"].map({"o0": int(tightness * users / 30), "o2": int(tightness * users / 20)}).astype("Int64")
    )
    options["most_contacts_per_week"] = options["channel"].map({"sms": int(tightness * users / 2)}).astype("Int64")
    options["allocation_name"] = np.where(options["campaign_id"] == "draft", "draft", WEEK)
    return options


def by_lot(options: pd.DataFrame, seed: int, share: float) -> pd.Series:
    """Draw who is held out of which campaign, whatever the offer."""
    pairs = options["first_order_id"] + options["campaign_id"]
    codes, found = pd.factorize(pairs, sort=True)
    is_drawn = np.random.default_rng([seed, 1]).random(len(found)) < share
    return pd.Series(is_drawn[codes], index=options.index)


@cache
def made(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return options and their choice, side by side."""
    options = made_options(seed)
    return options, choose_offers(options, exploring(0.0))


def joined(options: pd.DataFrame, choice: pd.DataFrame) -> pd.DataFrame:
    """Put what was chosen beside what it was chosen from."""
    columns = [*KEY, *TAKEN, "is_control", "net_margin"]
    return (
        options.drop(columns="is_control")
        .merge(choice[columns].rename(columns={"is_control": "is_withheld"}), on=KEY)
        .merge(options[[*KEY, "is_control"]], on=KEY)
    )


def assert_within_limits(rows: pd.DataFrame, taken: str) -> None:
    """Assert that what a column marks keeps every limit."""
    chosen = rows[rows[taken]]
    week = chosen[chosen["allocation_name"] == WEEK]
    slack = 1e-9
    assert week["expected_cost"].sum() <= rows["weekly_budget_left"].iloc[0] + slack
    for _, campaign in chosen.groupby("campaign_id"):
        spent = campaign["expected_cost"].sum()
        assert spent <= campaign["budget_amount"].iloc[0] + slack
    for _, offer in chosen.groupby("offer_id"):
        cap = offer["stock_cap"].iloc[0]
        assert pd.isna(cap) or len(offer) <= cap
    for _, channel in chosen.groupby(["allocation_name", "channel"]):
        cap = channel["most_contacts_per_week"].iloc[0]
        assert pd.isna(cap) or len(channel) <= cap
    assert not chosen.duplicated(["allocation_name", "user_id"]).any()
    assert not chosen["is_control"].any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("taken", TAKEN)
def test_every_policy_keeps_every_limit(seed: int, taken: str) -> None:
    rows = joined(*made(seed))
    assert rows[taken].sum() > 20
    assert_within_limits(rows, taken)


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_bind_where_they_are_tight(seed: int) -> None:
    # else keeping them would prove nothing
    rows = joined(*made(seed))
    week = rows[(rows["allocation_name"] == WEEK) & rows["is_chosen"]]
    assert week["expected_cost"].sum() > 0.9 * rows["weekly_budget_left"].iloc[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_choice_earns_more_than_plain_policies(seed: int) -> None:
    rows = joined(*made(seed))
    # priority 1 is served first, so only there is more always better
    rows = rows[rows["priority"] == 1]
    earned = {taken: rows.loc[rows[taken], "expected_margin"].sum() for taken in TAKEN}
    assert earned["is_chosen"] >= 0.995 * max(earned.values())
    assert earned["is_chosen"] > earned["is_random"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_control_group_is_of_those_held_out_and_gets_nothing_else(seed: int) -> None:
    rows = joined(*made(seed))
    withheld = rows[rows["is_withheld"]]
    assert len(withheld) > 10
    assert withheld["is_control"].all()
    assert not withheld.duplicated(["allocation_name", "user_id"]).any()
    places = withheld[["allocation_name", "user_id"]].drop_duplicates()
    for taken in TAKEN:
        both = rows[rows[taken]].merge(places, on=["allocation_name", "user_id"])
        assert both.empty, taken


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_chosen_or_held_out_brings_more_than_it_draws(seed: int) -> None:
    rows = joined(*made(seed))
    assert (rows.loc[rows["is_chosen"], "expected_margin"] > 0).all()
    assert (rows.loc[rows["is_withheld"], "expected_margin"] > 0).all()
    assert (rows.loc[rows["is_greedy_by_value"], "expected_margin"] > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_rows_and_names_of_users_change_nothing(seed: int) -> None:
    options, choice = made(seed)
    random = np.random.default_rng(seed)
    renamed = dict(zip(options["user_id"].unique(), random.permutation(options["user_id"].unique()), strict=True))
    shuffled = options.sample(frac=1, random_state=seed, ignore_index=True)
    shuffled["user_id"] = shuffled["user_id"].map(renamed)
    again = choose_offers(shuffled, exploring(0.0))
    pd.testing.assert_series_equal(choice["user_id"].map(renamed), again["user_id"], check_dtype=False)
    pd.testing.assert_frame_equal(choice.drop(columns="user_id"), again.drop(columns="user_id"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_later_priority_takes_nothing_from_an_earlier_one(seed: int) -> None:
    options, choice = made(seed)
    first = choose_offers(options[options["priority"] == 1], exploring(0.0))
    # those held out of what comes later leave room for nobody before them
    alone = options["is_control"] & (options["priority"] == 2)
    choice = choose_offers(options[~alone], exploring(0.0))
    columns = [*KEY, *TAKEN]
    both = first[columns].merge(choice[columns], on=KEY, suffixes=("", "_again"))
    assert len(both) == len(first)
    for taken in TAKEN:
        assert (both[taken] == both[f"{taken}_again"]).all(), taken


CHOICE = ["is_chosen", "is_control", "is_drawn", "propensity", "net_margin", "budget_price"]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(100, 10_000),
    users=st.integers(1, 80),
    tightness=st.floats(0, 1.2),
    share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    cost=st.sampled_from([0.0, 0.05, 1.0, 7.5]),
    is_exploratory=st.booleans(),
    added=st.sampled_from(["b", "c"]),
)
def test_a_campaign_added_takes_nothing_from_those_before_it(
    seed: int, users: int, tightness: float, share: float, cost: float, is_exploratory: bool, added: str
) -> None:
    # of the same priority, an exploratory campaign comes after those with scores, too
    options = made_options(seed, users, tightness)
    is_added = options["campaign_id"] == added
    if is_exploratory:
        options.loc[is_added, "is_exploratory"] = True
        options.loc[is_added, ["expected_cost", "expected_margin"]] = [cost, -cost]
    elif added == "b":
        options.loc[is_added, "priority"] = 2
    alone = choose_offers(options[~is_added & (options["priority"] == 1)], exploring(share))
    together = choose_offers(options, exploring(share))
    pd.testing.assert_frame_equal(alone[KEY].merge(together, on=KEY)[CHOICE], alone[CHOICE])
    assert_within_limits(joined(options, together), "is_chosen")


def test_a_later_priority_gets_what_is_left() -> None:
    offers = pd.DataFrame({"offer_id": ["o0", "o1"], "campaign_id": ["a", "b"], "priority": [1, 2]})
    values = pd.DataFrame(
        {
            "offer_id": ["o0", "o1", "o1", "o1", "o1"],
            "user_id": ["u0", "u0", "u1", "u2", "u3"],
            "expected_margin": [1.0, 9.0, 7.0, 8.0, 6.0],
        }
    )
    options = values.merge(offers).assign(
        allocation_name=WEEK,
        first_order_id=values["user_id"],
        channel="mail",
        segment_name="loyal",
        expected_cost=1.0,
        weekly_budget_left=3.0,
        budget_amount=100.0,
        stock_cap=pd.NA,
        most_contacts_per_week=pd.NA,
        is_control=False,
        is_exploratory=False,
        treated_share=0.8,
        baseline_probability=0.3,
        score=0.5,
        rfm_score=8,
        random_number=0.5,
    )
    choice = choose_offers(options, exploring(0.0))
    assert choice["is_chosen"].tolist() == [True, False, True, True, False]
    assert choice["budget_price"].iloc[0] == 0
    assert 6 <= choice["budget_price"].iloc[1] <= 7
    # the bound is the sum over priorities, each of what earlier ones left
    assert choice["allocation_bound"].iloc[0] == 16
    # nothing is left for the second: its price is the best that is kept out
    little = choose_offers(options.assign(weekly_budget_left=1.0), exploring(0.0))
    assert little["is_chosen"].tolist() == [True, False, False, False, False]
    assert (little["budget_price"].iloc[1:] == 8).all()


def test_a_draft_is_looked_at_by_itself() -> None:
    options, choice = made(0)
    alone = choose_offers(options[options["allocation_name"] == "draft"], exploring(0.0))
    there = choice[choice["allocation_name"] == "draft"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, there)


def test_no_option_no_choice() -> None:
    options, _ = made(0)
    found = choose_offers(options.head(0), exploring(0.0))
    assert len(found) == 0
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {
        name: {"string": "string"}.get(kind, kind) for name, kind in CHOICE_COLUMNS.items()
    }


def test_one_campaign_takes_its_best() -> None:
    options, _ = made(1)
    one = options[options["offer_id"] == "o3"].assign(
        is_control=False,
        is_global_control=False,
        expected_cost=1.0,
        budget_amount=7.0,
        weekly_budget_left=1000.0,
        most_contacts_per_week=pd.NA,
    )
    best = one.nlargest(7, "expected_margin")["user_id"]
    choice = choose_offers(one, exploring(0.0))
    assert set(choice.loc[choice["is_chosen"], "user_id"]) == set(best)
    assert set(choice.loc[choice["is_greedy_by_value"], "user_id"]) == set(best)


def test_nothing_left_of_the_week_means_nobody_is_contacted() -> None:
    options, _ = made(2)
    choice = choose_offers(options.assign(weekly_budget_left=0.0), exploring(0.0))
    week = choice["allocation_name"] == WEEK
    assert not choice.loc[week, TAKEN].to_numpy().any()
    assert choice.loc[~week, "is_chosen"].any()


def test_all_held_out_means_nobody_is_contacted() -> None:
    options, _ = made(3)
    choice = choose_offers(options.assign(is_control=True), exploring(0.0))
    assert not choice[TAKEN].to_numpy().any()
    assert choice["is_control"].any()


def test_treated_and_held_out_are_alike_when_drawn_by_lot() -> None:
    """Over many draws the two arms have the same mean value, net of prices."""
    options = made_options(7, users=400)
    options = options[options["allocation_name"] == WEEK]
    differences = []
    for seed in range(40):
        drawn = options.assign(is_control=by_lot(options, seed, 0.3))
        rows = joined(drawn, choose_offers(drawn, exploring(0.0)))
        treated = rows.loc[rows["is_chosen"], "expected_margin"]
        withheld = rows.loc[rows["is_withheld"], "expected_margin"]
        differences.append(withheld.mean() - treated.mean())
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    scale = rows.loc[rows["is_chosen"], "expected_margin"].mean()
    assert abs(np.mean(differences)) < 3.5 * error, (np.mean(differences), error)
    # sharp enough to see a difference of a tenth
    assert error < 0.03 * scale


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(100, 10_000), users=st.integers(1, 40), tightness=st.floats(0, 1.2), lot=st.floats(0, 1))
def test_limits_hold_for_any_plan(seed: int, users: int, tightness: float, lot: float) -> None:
    options = made_options(seed, users, tightness, lot)
    rows = joined(options, choose_offers(options, exploring(0.0)))
    assert len(rows) == len(options)
    for taken in TAKEN:
        assert_within_limits(rows, taken)
    assert not (rows["is_withheld"] & ~rows["is_control"]).any()
    places = ["allocation_name", "user_id"]
    withheld = rows.loc[rows["is_withheld"], places]
    assert rows.loc[rows["is_chosen"], places].merge(withheld).empty

"""Laws of the users drawn at random: limits, equal chances, and chances that are true."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.allocation.offer_choice import choose_offers
from precision_marketing.experiments.sizes import smallest_detectable_rate_difference, users_to_detect_rate_difference
from test_offer_choice import KEY, assert_within_limits, exploring, joined, made_options

DRAWS = 400


def first_campaign(seed: int, users: int = 60, tightness: float = 0.5) -> pd.DataFrame:
    """Return options of a shop's first campaign: two offers, nobody has a value."""
    options = made_options(seed, users, tightness).query("campaign_id == 'a'")
    return options.assign(
        is_exploratory=True, expected_margin=-options["expected_cost"], score=np.nan, response_probability=np.nan
    )


def drawn_anew(options: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the options under another draw of users and of the control group."""
    random = np.random.default_rng([7, number])
    _, codes = np.unique(options["user_id"], return_inverse=True)
    control = random.random(codes.max() + 1) >= options["treated_share"].iloc[0]
    return options.assign(random_number=random.random(len(options)), is_control=control[codes])


@pytest.mark.parametrize("seed", range(3))
def test_limits_hold_with_users_drawn_at_random(seed: int) -> None:
    options = made_options(seed)
    choice = choose_offers(options.assign(is_exploratory=options["campaign_id"] == "b"), exploring(0.2))
    rows = joined(options, choice)
    assert_within_limits(rows, "is_chosen")
    drawn = options.merge(choice[choice["is_drawn"] & choice["is_chosen"]], on=KEY)
    for _, own in drawn.groupby("campaign_id_x"):
        limit = own["budget_amount"].iloc[0] * (1.0 if own["campaign_id_x"].iloc[0] == "b" else 0.2)
        assert 0 < own["expected_cost"].sum() <= limit + 1e-9
    assert not choice[choice["is_drawn"] | choice["is_chosen"]].duplicated(["allocation_name", "user_id"]).any()


def test_a_first_campaign_draws_everybody_it_can_pay_and_keeps_a_control_group() -> None:
    options = first_campaign(1, 300)
    choice = choose_offers(options, exploring(0.05))
    assert choice["is_chosen"].sum() > 5
    assert choice["is_control"].sum() > 0
    assert (choice["is_chosen"] | choice["is_control"]).equals(choice["is_drawn"])
    with_money = choose_offers(
        options.assign(budget_amount=1e6, weekly_budget_left=1e6, stock_cap=pd.NA), exploring(0.05)
    )
    taken = with_money[with_money["is_drawn"]]
    # but for channel capacity
    assert len(taken) > len(choice[choice["is_drawn"]])


def test_every_segment_gives_the_same_share() -> None:
    options = made_options(3, 2000).query("offer_id == 'o0'").assign(is_exploratory=True)
    drawn = options.merge(choose_offers(options, exploring(0.05))[[*KEY, "is_drawn"]], on=KEY)
    counts = drawn.groupby("segment_name")["is_drawn"].agg(["sum", "size"])
    share = counts["sum"].sum() / counts["size"].sum()
    assert share < 0.5
    assert (abs(counts["sum"] - share * counts["size"]) <= 1).all()


def test_the_chance_on_record_is_the_chance_of_the_draw() -> None:
    # users with two offers are no likelier to be drawn, though each offer is less so
    options = first_campaign(2)
    rows = [choose_offers(drawn_anew(options, number), exploring(0.05)) for number in range(DRAWS)]
    for column in ["is_chosen", "is_control"]:
        assert np.mean([one[column].sum() for one in rows]) > 1
        sums = [(1 / one[one[column]]["propensity"]).sum() for one in rows]
        # inverse chances add up to everybody who might be
        assert np.mean(sums) == pytest.approx(len(options), rel=0.05)


def test_chances_give_back_the_whole_of_a_later_campaign_as_well() -> None:
    # who is drawn for the first cannot be drawn for the second
    options = first_campaign(8)
    later = made_options(9, 60, 0.5).query("campaign_id == 'b'").assign(user_id=lambda rows: rows["first_order_id"])
    later = later.assign(priority=2, is_exploratory=True, expected_margin=-later["expected_cost"])
    options = pd.concat([options.assign(user_id=options["first_order_id"]), later], ignore_index=True)
    options = options.assign(weekly_budget_left=1e6, most_contacts_per_week=pd.NA, stock_cap=pd.NA)
    rows = [choose_offers(drawn_anew(options, number), exploring(0.05)) for number in range(100)]
    for campaign, own in options.groupby("campaign_id"):
        taken = [one[one["is_chosen"] & (one["campaign_id"] == campaign)] for one in rows]
        assert np.mean([len(one) for one in taken]) > 5
        # a fifth less where the chance to be left by the first is forgotten
        assert np.mean([(1 / one["propensity"]).sum() for one in taken]) == pytest.approx(len(own), rel=0.08)


def test_campaigns_of_one_priority_explore_alike_within_the_shared_limits() -> None:
    options = made_options(10, 2000, 0.5).query("allocation_name == 'week'")
    options = options.assign(weekly_budget_left=40.0, most_contacts_per_week=pd.NA, stock_cap=pd.NA)
    drawn = options.merge(choose_offers(options, exploring(0.1)).query("is_drawn & is_chosen")[KEY], on=KEY)
    spent = drawn.groupby("campaign_id")["expected_cost"].sum()
    # a tenth of the week for both of the first priority; the second finds nothing left
    assert set(spent.index) == {"a", "b"}
    assert (spent > 1).all()
    assert spent.sum() <= 4


def test_a_first_campaign_draws_no_more_users_than_it_takes_to_measure_it() -> None:
    options = first_campaign(11, 3000).assign(budget_amount=1e6, weekly_budget_left=1e6, most_contacts_per_week=pd.NA)
    options = options.assign(stock_cap=pd.NA)
    choice = choose_offers(options, exploring(0.05, lift=0.08))
    drawn = options[["offer_id", "user_id", "segment_name"]].merge(choice[choice["is_drawn"]])
    lift = smallest_detectable_rate_difference(0.3, choice["is_chosen"].sum(), choice["is_control"].sum())
    assert lift == pytest.approx(0.08, rel=0.05)
    assert len(drawn) < 0.75 * options["user_id"].nunique()
    # alike in all segments, and by value on top where there is any
    shares = drawn["segment_name"].value_counts() / options.drop_duplicates("user_id")["segment_name"].value_counts()
    assert shares.max() - shares.min() < 0.01
    scored = options.assign(is_exploratory=False, expected_margin=1.0)
    assert choose_offers(scored, exploring(1.0, lift=0.08))["is_drawn"].sum() > len(drawn)


@pytest.mark.parametrize(("rate", "lift", "treated"), [(0.3, 0.05, 0.76), (0.0, 0.02, 0.5), (0.9, 0.05, 0.2)])
def test_so_many_users_show_the_rise_and_fewer_do_not(rate: float, lift: float, treated: float) -> None:
    users = users_to_detect_rate_difference(rate, lift, treated)
    smallest = [
        smallest_detectable_rate_difference(rate, count * treated, count * (1 - treated))
        for count in (users - 1, users)
    ]
    assert smallest[1] <= lift * (1 + 1e-9) < smallest[0] * (1 + 2e-9)


@pytest.mark.parametrize(
    "changed", [{"baseline_probability": 1.0}, {"baseline_probability": np.nan}, {"treated_share": 1.0}]
)
def test_where_nothing_can_be_measured_the_limits_make_the_size(changed: dict[str, float]) -> None:
    options = first_campaign(1, 300)
    columns = ["is_chosen", "is_control", "is_drawn"]
    whole, found = (choose_offers(each, exploring(0.05))[columns] for each in (options, options.assign(**changed)))
    assert whole["is_drawn"].any()
    pd.testing.assert_frame_equal(found, whole)


def test_who_is_drawn_and_would_be_chosen_anyway_has_the_chance_of_both() -> None:
    options = made_options(12, 500).query("offer_id == 'o0'").assign(expected_margin=1.0, stock_cap=pd.NA)
    # enough for everybody twice: a fifth is drawn, all others are chosen by value
    options = options.assign(budget_amount=2 * options["expected_cost"].sum(), weekly_budget_left=1e6)
    choice = choose_offers(options, exploring(0.1))
    drawn = choice[choice["is_drawn"]]
    assert 0.1 < len(drawn) / len(choice) < 0.3
    assert (choice["is_chosen"] | choice["is_control"]).all()
    for column, chance in {"is_chosen": 0.76, "is_control": 0.24}.items():
        assert choice[choice[column]]["propensity"].to_numpy() == pytest.approx(chance)


def test_no_place_has_a_chance_of_nothing() -> None:
    for seed in range(10):
        choice = choose_offers(made_options(seed, 30, 1.0), exploring(0.5))
        assert (choice[choice["is_chosen"] | choice["is_control"]]["propensity"] > 0).all()


def test_nothing_is_drawn_where_nothing_may_be() -> None:
    choice = choose_offers(made_options(5), exploring(0.0))
    assert not choice["is_drawn"].any()
    neither = choice[~(choice["is_chosen"] | choice["is_control"])]
    assert (neither["propensity"] == 1).all()
    assert choice[choice["is_chosen"]]["propensity"].to_numpy() == pytest.approx(0.76)


def test_what_a_user_costs_does_not_change_the_chance() -> None:
    options = made_options(6, 3000).query("offer_id == 'o0'").assign(is_exploratory=True)
    drawn = options.merge(choose_offers(options, exploring(0.05))[[*KEY, "is_drawn"]], on=KEY)
    taken = drawn[drawn["is_drawn"]]["expected_cost"]
    spread = drawn["expected_cost"].std() / np.sqrt(len(taken))
    assert abs(taken.mean() - drawn["expected_cost"].mean()) < 3 * spread

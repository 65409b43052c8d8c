"""Who gets which offer: the choice, who would have had it, and plain policies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from precision_marketing.allocation.exploration import Exploration, explore
from precision_marketing.allocation.limits import Limits, Options, offer_limits
from precision_marketing.allocation.solver import allocate_by_priority, greedy
from precision_marketing.common.frames import typed

# Options of campaigns that are due share the budget of the week; every other group is
# one campaign, looked at by itself.
WEEK = "week"
# Plain policies, and the column of the options that each goes by, greatest first.
POLICIES = {
    "greedy_by_value": "expected_margin",
    "greedy_by_score": "score",
    "rfm_rule": "rfm_score",
    "random": "random_number",
}
CHOICE_COLUMNS = {
    "allocation_name": "string",
    "campaign_id": "string",
    "offer_id": "string",
    "user_id": "string",
    "first_order_id": "string",
    "is_chosen": "bool",
    "is_control": "bool",
    "is_drawn": "bool",
    **{f"is_{policy}": "bool" for policy in POLICIES},
    "propensity": "float64",
    "net_margin": "float64",
    "budget_price": "float64",
    "campaign_budget_price": "float64",
    "allocation_bound": "float64",
    "allocation_gap": "float64",
}


@dataclass(frozen=True)
class _Group:
    """Options that share limits, with what they draw on."""

    rows: pd.DataFrame
    options: Options
    limits: Limits
    campaigns: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, budget: float) -> "_Group":
        offers = rows.drop_duplicates("offer_id").sort_values("offer_id")
        campaigns = offers.drop_duplicates("campaign_id").set_index("campaign_id")
        campaigns = campaigns.sort_index()
        channels = offers.drop_duplicates("channel").set_index("channel").sort_index()
        codes, _ = pd.factorize(rows["first_order_id"], sort=True)
        return cls(
            rows,
            Options(
                codes,
                np.searchsorted(offers["offer_id"], rows["offer_id"]),
                rows["expected_margin"].to_numpy(float),
                rows["expected_cost"].to_numpy(float),
            ),
            offer_limits(
                np.searchsorted(campaigns.index, offers["campaign_id"]),
                np.searchsorted(channels.index, offers["channel"]),
                budget,
                campaigns["budget_amount"].to_numpy(float),
                _capacities(offers["stock_cap"]),
                _capacities(channels["most_contacts_per_week"]),
            ),
            np.searchsorted(campaigns.index, rows["campaign_id"]),
        )


def _budget(rows: pd.DataFrame) -> float:
    return float(rows["weekly_budget_left"].iloc[0])


def _capacities(values: pd.Series) -> np.ndarray:
    return values.astype("Float64").fillna(np.inf).to_numpy(float)


def choose_offers(options: pd.DataFrame, exploratory_share: float) -> pd.DataFrame:
    """Choose at most one offer per user, under budgets, stock and channel capacity.

    First some users are drawn at random, see `explore`; what is left of the limits goes
    to those of greatest value among the others.

    Control users of a campaign are left out of the choice. Whoever of them would have
    been chosen at the prices that the choice led to is the campaign's control, and
    gets nothing else in its place: compared with those contacted, nobody else would be.

    Parameters
    ----------
    options : pandas.DataFrame
        ``dec_options``, one row per offer and user; the order of rows does not count.
        The campaigns due may together cost its ``weekly_budget_left``, in money.
    exploratory_share : float
        Share of each limit for users drawn at random, 0 to 1; exploratory campaigns
        draw all their users.

    Returns
    -------
    pandas.DataFrame
        Columns `CHOICE_COLUMNS`, one row per option. ``is_chosen``: the user gets the
        offer. ``is_control``: would have, but is in the control group. ``is_drawn``: drawn
        at random into either. ``propensity``: the chance of what became of the option, over
        both draws (of users and of control groups). ``net_margin`` is the
        expected margin less what the option draws at the prices of its tier. The
        columns of `POLICIES` say what each plain policy chooses under the same limits,
        beside the same users drawn at random.
    """
    key = ["allocation_name", "campaign_id", "offer_id", "first_order_id"]
    options = options.sort_values(key, ignore_index=True)
    parts = [
        _choose(_Group.of(rows, _budget(rows) if name == WEEK else np.inf), exploratory_share)
        for name, rows in options.groupby("allocation_name")
    ]
    return typed(parts, CHOICE_COLUMNS)


def _choose(group: _Group, exploratory_share: float) -> pd.DataFrame:
    rows, options, limits = group.rows, group.options, group.limits
    priorities = rows["priority"].to_numpy(int)
    control_users = rows["is_control"].to_numpy(bool)
    drawn = explore(rows, options, limits, exploratory_share)
    is_settled = np.isin(options.users, options.users[drawn.is_drawn])
    spent = limits.drawn(options.where(drawn.is_drawn & ~control_users))
    left = limits.where(np.arange(len(spent)), np.maximum(limits.capacities - spent, 0))
    # first without control users: their offers cost nothing, and crowd out nobody
    prices = _prices(options, priorities, left, ~control_users & ~is_settled)
    would_be = _would_be(options, priorities, _net(options, limits, prices, priorities))
    withheld = np.where(is_settled, drawn.is_drawn, would_be) & control_users
    is_free = ~control_users & ~np.isin(options.users, options.users[withheld])
    places = np.flatnonzero(is_free & ~is_settled)
    found = allocate_by_priority(options.where(places), priorities[places], left)
    chosen = drawn.is_drawn & ~control_users
    chosen[places] = found.chosen
    tiers = {tier.priority: tier.prices for tier in found.tiers}
    prices = {each: tiers.get(each, prices[each]) for each in prices}
    per_row = np.array([prices[each] for each in priorities])
    net = _net(options, limits, prices, priorities)
    able = options.where(places)
    policies = {}
    for policy, column in POLICIES.items():
        policies[f"is_{policy}"] = taken = drawn.is_drawn & ~control_users
        keys = rows[column].astype("Float64").fillna(-np.inf).to_numpy(float)[places]
        if policy == "greedy_by_value":
            keys = np.where(keys > 0, keys, -np.inf)
        taken[places] = greedy(able, left, _by_priority(keys, priorities[places]))
    return rows.assign(
        is_chosen=chosen,
        is_control=withheld,
        is_drawn=drawn.is_drawn,
        **policies,
        propensity=_propensity(rows, drawn, chosen, withheld, _would_be(options, priorities, net)),
        net_margin=net,
        budget_price=per_row[:, 0],
        campaign_budget_price=per_row[np.arange(len(rows)), 1 + group.campaigns],
        allocation_bound=found.bound,
        allocation_gap=found.gap,
    )


def _propensity(
    rows: pd.DataFrame, drawn: Exploration, chosen: np.ndarray, withheld: np.ndarray, would_be: np.ndarray
) -> np.ndarray:
    """Chance of a contact, of control, or of neither, as it came; shape (options,)."""
    is_placed = chosen | withheld
    # by value: who was drawn might have been chosen in any case
    by_value = np.where(drawn.is_drawn, would_be, is_placed)
    chances = drawn.chances + (1 - drawn.user_chances) * by_value
    treated = rows["treated_share"].to_numpy(float)
    return np.where(is_placed, chances * np.where(chosen, treated, 1 - treated), 1 - drawn.user_chances).clip(0, 1)


def _prices(options: Options, priorities: np.ndarray, limits: Limits, mask: np.ndarray) -> dict[int, np.ndarray]:
    """Prices of the resources by priority, where only some options may be chosen."""
    places = np.flatnonzero(mask)
    found = allocate_by_priority(options.where(places), priorities[places], limits)
    prices = {tier.priority: tier.prices for tier in found.tiers}
    nothing = np.zeros(len(limits.capacities))
    return {each: prices.get(each, nothing) for each in np.unique(priorities)}


def _net(options: Options, limits: Limits, prices: dict[int, np.ndarray], priorities: np.ndarray) -> np.ndarray:
    """Value of each option less the price of what it draws; shape (options,)."""
    draws = limits.draws(options)
    per_row = np.array([prices[each] for each in priorities])
    return options.values - (draws * per_row).sum(axis=1)


def _by_priority(keys: np.ndarray, priorities: np.ndarray) -> np.ndarray:
    """Keys of which those of an earlier tier are always greater; ties stay ties."""
    places = np.unique(keys, return_inverse=True)[1].astype(float)
    return np.where(np.isneginf(keys), keys, places - priorities * (len(keys) + 1.0))


def _would_be(options: Options, priorities: np.ndarray, net: np.ndarray) -> np.ndarray:
    """Mark each user's best option of positive net value, in its first tier."""
    order = np.lexsort((options.offers, -net, priorities, options.users))
    order = order[net[order] > 0]
    users = options.users[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = users[1:] != users[:-1]
    marked = np.zeros(len(net), dtype=bool)
    marked[order[first]] = True
    return marked

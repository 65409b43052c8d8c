"""Who gets which offer: the choice, who would have had it, and plain policies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from precision_marketing.allocation.exploration import ExplorationSettings, explore
from precision_marketing.allocation.limits import Limits, Options, offer_limits
from precision_marketing.allocation.solver import allocate, greedy
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


def choose_offers(options: pd.DataFrame, settings: ExplorationSettings) -> pd.DataFrame:
    """Choose at most one offer per user, under budgets, stock and channel capacity.

    Campaigns are served by priority, and of one priority those with scores before
    exploratory ones: each gets what earlier ones left of users and limits, and takes
    nothing from them. Of one priority, some users are first drawn at random, see
    `explore`; what is left of the limits goes to those of greatest value among the others.

    Control users of a campaign are left out of the choice. Whoever of them would have
    been chosen at the prices that the choice led to is the campaign's control, and
    gets nothing else in its place: compared with those contacted, nobody else would be.

    Parameters
    ----------
    options : pandas.DataFrame
        ``dec_options``, one row per offer and user; the order of rows does not count.
        The campaigns due may together cost its ``weekly_budget_left``, in money.
    settings : ExplorationSettings
        Of users drawn at random: the share of each limit, as earlier priorities left it,
        and the size of exploratory campaigns, which draw all their users.

    Returns
    -------
    pandas.DataFrame
        Columns `CHOICE_COLUMNS`, one row per option. ``is_chosen``: the user gets the
        offer. ``is_control``: would have, but is in the control group. ``is_drawn``: drawn
        at random into either. ``propensity``: the chance of what became of the option, over
        both draws (of users and of control groups). ``net_margin`` is the
        expected margin less what the option draws at the prices of its tier. The
        columns of `POLICIES` say what each plain policy chooses under the same limits,
        the same users drawn at random first.
    """
    key = ["allocation_name", "campaign_id", "offer_id", "first_order_id"]
    options = options.sort_values(key, ignore_index=True)
    parts = [
        _choose(_Group.of(rows, _budget(rows) if name == WEEK else np.inf), settings)
        for name, rows in options.groupby("allocation_name")
    ]
    return typed(parts, CHOICE_COLUMNS)


def _choose(group: _Group, settings: ExplorationSettings) -> pd.DataFrame:
    rows, options, limits = group.rows, group.options, group.limits
    treated = rows["treated_share"].to_numpy(float)
    tiers = 2 * rows["priority"].to_numpy(int) + rows["is_exploratory"].to_numpy(bool)
    kept = {name: np.zeros(len(rows), dtype=bool) for name in ("is_chosen", "is_control", "is_drawn")}
    kept |= {
        name: np.zeros(len(rows)) for name in ("propensity", "net_margin", "budget_price", "campaign_budget_price")
    }
    # who is left, and the chance that earlier tiers leave them
    is_free, reach = np.ones(options.codes, dtype=bool), np.ones(options.codes)
    left, value, bound = limits.capacities, 0.0, 0.0
    for tier in np.unique(tiers):
        places = np.flatnonzero(tiers == tier)
        own = options.where(places)
        served = _serve(rows.iloc[places], own, limits.where(slice(None), left), is_free, settings)
        is_placed = served.is_chosen | served.is_control
        arm = np.where(served.is_chosen, treated[places], 1 - treated[places])
        elsewhere = reach[own.users] * _per_user(group.campaigns[places], own.users, served.unseen_chances)
        found = {
            "is_chosen": served.is_chosen,
            "is_control": served.is_control,
            "is_drawn": served.is_drawn,
            "propensity": np.where(is_placed, reach[own.users] * served.chances * arm, 1 - elsewhere).clip(0, 1),
            "net_margin": served.net,
            "budget_price": served.prices[0],
            "campaign_budget_price": served.prices[1 + group.campaigns[places]],
        }
        for name, values in found.items():
            kept[name][places] = values
        is_free[own.users[is_placed]] = False
        reach = (reach * (1 - np.bincount(own.users, served.chances, options.codes))).clip(0, 1)
        spent = limits.drawn(own.where(served.is_chosen))
        left = np.maximum(left - spent, 0)
        value, bound = value + served.value, bound + served.bound
    return rows.assign(
        **kept,
        **_policies(rows, options, limits, tiers, kept),
        allocation_bound=bound,
        allocation_gap=(bound - value) / max(bound, np.finfo(float).tiny),
    )


@dataclass(frozen=True)
class _Served:
    """What the campaigns of one tier do with their options; all of shape (options,) but prices and sums.

    Chances are of a contact or a place in control, if earlier tiers leave the user;
    unseen ones leave out what was seen to come of the choice by value.
    """

    is_chosen: np.ndarray
    is_control: np.ndarray
    is_drawn: np.ndarray
    chances: np.ndarray
    unseen_chances: np.ndarray
    net: np.ndarray
    prices: np.ndarray
    value: float
    bound: float


def _serve(
    rows: pd.DataFrame, options: Options, limits: Limits, is_free: np.ndarray, settings: ExplorationSettings
) -> _Served:
    """Draw users at random, then choose by value within what is left of the limits."""
    is_control = rows["is_control"].to_numpy(bool)
    drawn = explore(rows, options, limits, is_free, settings)
    is_open = is_free.copy()
    is_open[options.users[drawn.is_drawn]] = False
    is_judged = is_open[options.users]
    spent = limits.drawn(options.where(drawn.is_drawn & ~is_control))
    left = limits.where(slice(None), np.maximum(limits.capacities - spent, 0))
    # first without control users: their offers cost nothing, and crowd out nobody
    prices = allocate(options.where(is_judged & ~is_control), left).prices
    would_be = _would_be(options, _net(options, limits, prices))
    is_withheld = np.where(is_judged, would_be, drawn.is_drawn) & is_control
    is_open[options.users[is_withheld]] = False
    places = np.flatnonzero(is_open[options.users] & ~is_control)
    found = allocate(options.where(places), left)
    is_chosen = drawn.is_drawn & ~is_control
    is_chosen[places] = found.chosen
    prices = found.prices if len(places) else prices
    net = _net(options, limits, prices)
    # whoever was taken before might have been chosen here in any case
    by_value = np.where(is_judged, is_chosen | is_withheld, _would_be(options, net))
    undrawn = (1 - np.bincount(options.users, drawn.chances, len(is_free)).clip(0, 1))[options.users]
    return _Served(
        is_chosen,
        is_withheld,
        drawn.is_drawn,
        drawn.chances + undrawn * by_value,
        drawn.chances + undrawn * (by_value & ~is_judged),
        net,
        prices,
        found.value,
        found.bound,
    )


def _policies(
    rows: pd.DataFrame, options: Options, limits: Limits, tiers: np.ndarray, kept: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Mark what each plain policy takes, tier by tier, users drawn at random first."""
    is_held = rows["is_control"].to_numpy(bool) | np.isin(options.users, options.users[kept["is_control"]])
    places = np.flatnonzero(~is_held)
    able, is_drawn = options.where(places), kept["is_drawn"][places]
    policies = {}
    for policy, column in POLICIES.items():
        keys = rows[column].astype("Float64").fillna(-np.inf).to_numpy(float)[places]
        if policy == "greedy_by_value":
            keys = np.where(keys > 0, keys, -np.inf)
        keys = _by_priority(np.where(is_drawn, np.inf, keys), tiers[places])
        policies[f"is_{policy}"] = taken = np.zeros(len(rows), dtype=bool)
        taken[places] = greedy(able, limits, keys)
    return policies


def _per_user(campaigns: np.ndarray, users: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum over all options that a user has in a campaign; shape (options,)."""
    pairs = np.unique(np.stack([campaigns, users]), axis=1, return_inverse=True)[1].ravel()
    return np.bincount(pairs, values)[pairs]


def _net(options: Options, limits: Limits, prices: np.ndarray) -> np.ndarray:
    """Value of each option less the price of what it draws; shape (options,)."""
    return options.values - (limits.draws(options) * prices).sum(axis=1)


def _by_priority(keys: np.ndarray, priorities: np.ndarray) -> np.ndarray:
    """Keys of which those of an earlier tier are always greater; ties stay ties."""
    places = np.unique(keys, return_inverse=True)[1].astype(float)
    return np.where(np.isneginf(keys), keys, places - priorities * (len(keys) + 1.0))


def _would_be(options: Options, net: np.ndarray) -> np.ndarray:
    """Mark each user's best option of positive net value."""
    order = np.lexsort((options.offers, -net, options.users))
    order = order[net[order] > 0]
    users = options.users[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = users[1:] != users[:-1]
    marked = np.zeros(len(net), dtype=bool)
    marked[order[first]] = True
    return marked

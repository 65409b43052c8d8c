"""Synthetic users, offers and limits, in the shape that campaigns have."""

from __future__ import annotations

import numpy as np
from precision_marketing.allocation.limits import Limits, Options, offer_limits

OFFERS, CAMPAIGNS, CHANNELS = 12, 4, 3


def make_plan(users: int, per_user: int, seed: int, kind: str = "spread") -> tuple[Options, Limits]:
    """Make a plan in which the budget, some stocks and a channel run out.

    Parameters
    ----------
    users, per_user : int
        Every user may get so many of 12 offers.
    seed : int
        Of the draws.
    kind : str
        ``spread``: values as margins are, a part of them negative; ``whole``: the
        same in whole numbers, so that many are equal; ``equal``: all alike.
    """
    random = np.random.default_rng(seed)
    offers = np.argsort(random.random((users, OFFERS)), axis=1)[:, :per_user].ravel()
    owner = np.repeat(np.arange(users), per_user)
    spending = random.lognormal(0, 0.6, users)[owner]
    appeal, rates = (1 + random.random(OFFERS), random.choice([0, 10, 50, 100, 200], OFFERS))
    values = spending * random.lognormal(1, 0.8, len(owner)) * appeal[offers]
    values -= random.uniform(0, 4, len(owner))
    costs = np.round(rates[offers] * spending * random.uniform(0.5, 1.5, len(owner)))
    if kind == "whole":
        values = np.round(values)
    elif kind == "equal":
        values, costs = np.ones(len(owner)), np.full(len(owner), 25.0)
    demand = costs.sum() / per_user
    limits = offer_limits(
        campaigns=np.arange(OFFERS) % CAMPAIGNS,
        channels=random.integers(0, CHANNELS, OFFERS),
        budget=round(demand / 4),
        campaign_budgets=np.round(random.uniform(0.03, 0.2, CAMPAIGNS) * demand),
        stocks=np.floor(random.uniform(0.02, 0.15, OFFERS) * users),
        channel_capacities=np.floor(random.uniform(0.1, 0.4, CHANNELS) * users),
    )
    codes = owner.astype(np.int32), offers.astype(np.int16)
    return Options(*codes, values, costs), limits


def make_alike_plan(users: int, seed: int, values: int) -> tuple[Options, Limits]:
    """Make a plan in which options differ by their offer alone.

    Some offers are wanted by few and some by all, so it matters who gets which of
    offers that are worth the same to them.

    Parameters
    ----------
    users : int
        Every user may get 1 to 4 of 12 offers.
    seed : int
        Of the draws.
    values : int
        How many different values offers have.
    """
    random = np.random.default_rng(seed)
    wanted = random.lognormal(0, 1.5, OFFERS)
    ranks = np.argsort(-np.log(random.random((users, OFFERS))) / wanted, axis=1)[:, :4]
    is_open = np.arange(4) < random.integers(1, 5, users)[:, None]
    owner, offers = np.nonzero(is_open)[0], ranks[is_open]
    worth = 1.0 + random.integers(0, values, OFFERS)
    stocks = random.dirichlet(np.full(OFFERS, 3)) * users * random.uniform(0.7, 1.2)
    costs = np.round(random.uniform(0, 5, OFFERS))[offers]
    limits = offer_limits(
        campaigns=np.arange(OFFERS) % CAMPAIGNS,
        channels=np.arange(OFFERS) % CHANNELS,
        budget=round(costs.mean() * users / 2),
        campaign_budgets=np.full(CAMPAIGNS, np.inf),
        stocks=np.floor(stocks),
        channel_capacities=np.floor(random.uniform(0.15, 0.5, CHANNELS) * users),
    )
    codes = owner.astype(np.int32), offers.astype(np.int16)
    return Options(*codes, worth[offers], costs), limits

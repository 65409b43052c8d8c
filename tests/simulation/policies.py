"""What a week's contacts are worth in truth, and what other policies would earn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from precision_marketing.allocation.limits import Limits, Options, offer_limits
from precision_marketing.allocation.solver import allocate, greedy

# Plain policies, and the column of the options that each goes by, greatest first.
PLAIN = {"rfm_rule": "rfm_score", "greedy_by_score": "score", "random": "random_number"}
POLICIES = ("oracle", "ours", *PLAIN)


def value_options(options: pd.DataFrame, cost_per_redemption: float) -> pd.DataFrame:
    """Tell what sending each option costs and earns, as only the generator knows.

    Parameters
    ----------
    options : pandas.DataFrame
        Of `world.World.decide`.
    cost_per_redemption : float
        What a redemption costs besides the money off, in money.

    Returns
    -------
    pandas.DataFrame
        The options with ``true_cost``, the contact and the redemptions to expect, and
        ``true_margin``, the margin of the orders that the contact brings or puts off
        less that cost.
    """
    paid = options["discount_amount"] + cost_per_redemption
    cost = options["contact_cost"] + options["redemption_count"] * paid
    earned = options["order_effect"] * options["order_margin"] + options["redemption_count"] * options["swapped_margin"]
    return options.assign(true_cost=cost, true_margin=earned - cost)


def _plan(valued: pd.DataFrame, spend: float) -> tuple[Options, Limits]:
    """Lay out what every policy chooses from: an offer per user, so much to spend."""
    users, _ = pd.factorize(valued["user_id"], sort=True)
    offers, names = pd.factorize(valued["campaign_id"], sort=True)
    count = len(names)
    limits = offer_limits(
        np.arange(count),
        np.zeros(count, dtype=int),
        spend,
        np.full(count, np.inf),
        np.full(count, np.inf),
        np.array([np.inf]),
    )
    values, costs = valued["true_margin"].to_numpy(), valued["true_cost"].to_numpy()
    return Options(users, offers, values, costs), limits


def judge_week(options: pd.DataFrame, budget: float, cost_per_redemption: float) -> pd.DataFrame:
    """Tell what each policy's contacts of a week cost and earn in truth.

    The project plans with costs that it expects; what it spends turns out higher or
    lower. Every other policy, and the oracle, may spend in truth what the project did.
    None may choose whom the project holds out.

    Parameters
    ----------
    options : pandas.DataFrame
        Of `world.World.decide`.
    budget : float
        Of the week, in money; the oracle's where the project spends nothing.
    cost_per_redemption : float
        As for `value_options`.

    Returns
    -------
    pandas.DataFrame
        One row per policy of `POLICIES`: ``policy``, ``contact_count``,
        ``expected_cost`` by the project's estimate, ``true_cost``, ``true_margin``;
        and of the same policy within the budget by the project's estimate of costs
        ``planned_cost`` and ``planned_margin``, in truth (the oracle knows costs).
        Of the week, the same in each row: the margin that the launched campaigns were
        ``forecast`` to earn, the square of how far its interval reaches down
        (``forecast_below``) and up (``forecast_above``), campaigns counted as independent,
        the ``withheld_margin`` that the control group would have earned, and what users
        drawn at random cost and earned (``drawn_cost``, ``drawn_margin``), in truth.
    """
    valued = value_options(options, cost_per_redemption)
    ours = valued["is_chosen"].to_numpy(bool)
    spend = float(valued["true_cost"][ours].sum())
    free = np.flatnonzero(~valued["is_control"].to_numpy(bool))
    rows = valued.iloc[free]
    taken = {"ours": ours}
    plan = _plan(rows, spend)
    found = {"oracle": allocate(*plan).chosen}
    for policy, column in PLAIN.items():
        keys = rows[column].astype("Float64").fillna(-np.inf).to_numpy(float)
        found[policy] = greedy(*plan, keys)
    planned = {"ours": ours, **{policy: valued[f"is_{policy}"].to_numpy(bool) for policy in PLAIN}}
    for policy, chosen in {**found, "oracle planned": allocate(*_plan(rows, budget)).chosen}.items():
        everybody = np.zeros(len(valued), dtype=bool)
        everybody[free] = chosen
        if policy == "oracle planned":
            planned["oracle"] = everybody
        else:
            taken[policy] = everybody
    campaigns = valued.drop_duplicates("campaign_id").fillna({"forecast_value": 0})
    drawn = ours & valued["is_drawn"].to_numpy(bool)
    week = {
        "forecast": campaigns["forecast_value"].sum(),
        "forecast_below": ((campaigns["forecast_value"] - campaigns["forecast_low"]) ** 2).sum(),
        "forecast_above": ((campaigns["forecast_high"] - campaigns["forecast_value"]) ** 2).sum(),
        "withheld_margin": valued["true_margin"][valued["is_withheld"].to_numpy(bool)].sum(),
        "drawn_cost": valued["true_cost"][drawn].sum(),
        "drawn_margin": valued["true_margin"][drawn].sum(),
    }
    return pd.DataFrame(
        {
            "policy": policy,
            "contact_count": int(taken[policy].sum()),
            "expected_cost": valued["expected_cost"][taken[policy]].sum(),
            "true_cost": valued["true_cost"][taken[policy]].sum(),
            "true_margin": valued["true_margin"][taken[policy]].sum(),
            "planned_cost": valued["true_cost"][planned[policy]].sum(),
            "planned_margin": valued["true_margin"][planned[policy]].sum(),
            **week,
        }
        for policy in POLICIES
    )

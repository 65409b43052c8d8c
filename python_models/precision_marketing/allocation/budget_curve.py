"""Margin of the best choice of offers at smaller and larger budgets."""

from __future__ import annotations

import pandas as pd

from precision_marketing.allocation.exploration import ExplorationSettings
from precision_marketing.allocation.offer_choice import WEEK, choose_offers
from precision_marketing.common.frames import typed

CURVE_COLUMNS = {
    "allocation_name": "string",
    "budget_share": "float64",
    "budget_amount": "float64",
    "contact_count": "int64",
    "expected_cost": "float64",
    "expected_margin": "float64",
    "budget_price": "float64",
}
KEY = ["offer_id", "user_id"]


def budget_curve(options: pd.DataFrame, shares: list[float], settings: ExplorationSettings) -> pd.DataFrame:
    """Choose anew at several budgets, all other limits as they are.

    The week's campaigns share a budget, and that one varies; of a campaign looked at
    by itself its own does.

    Parameters
    ----------
    options : pandas.DataFrame
        ``dec_options``, one row per offer and user.
    shares : list of float
        Budgets tried, as shares of the budget there is, more than 0.
    settings : ExplorationSettings
        As for `choose_offers`.

    Returns
    -------
    pandas.DataFrame
        Columns `CURVE_COLUMNS`, one row per allocation and share. ``budget_price`` is
        the margin that one more unit of the varied budget would bring.
    """
    parts = [_at(options, share, settings) for share in shares if len(options)]
    return typed(parts, CURVE_COLUMNS)


def _at(options: pd.DataFrame, share: float, settings: ExplorationSettings) -> pd.DataFrame:
    is_week = options["allocation_name"] == WEEK
    varied = options.assign(
        weekly_budget_left=options["weekly_budget_left"] * share,
        budget_amount=options["budget_amount"].where(is_week, options["budget_amount"] * share),
    )
    chosen = choose_offers(varied, settings).merge(varied[[*KEY, "expected_cost", "expected_margin"]], on=KEY)
    varied["budget"] = varied["weekly_budget_left"].where(is_week, varied["budget_amount"])
    chosen["price"] = chosen["budget_price"].where(chosen["allocation_name"] == WEEK, chosen["campaign_budget_price"])
    taken = chosen[chosen["is_chosen"]].groupby("allocation_name")
    groups = chosen.groupby("allocation_name")
    curve = pd.DataFrame(
        {
            "budget_amount": varied.groupby("allocation_name")["budget"].max(),
            "contact_count": taken.size(),
            "expected_cost": taken["expected_cost"].sum(),
            "expected_margin": taken["expected_margin"].sum(),
            "budget_price": groups["price"].max(),
        }
    )
    nothing = dict.fromkeys(["contact_count", "expected_cost", "expected_margin"], 0)
    return curve.fillna(nothing).assign(budget_share=share).reset_index()

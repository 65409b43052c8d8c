"""Laws of the budget's curve: it never falls, it bends down, and meets the choice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from precision_marketing.allocation.budget_curve import CURVE_COLUMNS, budget_curve
from precision_marketing.allocation.offer_choice import WEEK, choose_offers
from test_offer_choice import exploring, made_options

SHARES = [0.25, 0.5, 1.0, 2.0, 50.0]


@pytest.mark.parametrize("seed", range(3))
def test_at_the_budget_there_is_the_curve_meets_the_choice(seed: int) -> None:
    options = made_options(seed)
    at_budget = budget_curve(options, SHARES, exploring(0.1)).query("budget_share == 1")
    key = ["offer_id", "user_id"]
    chosen = choose_offers(options, exploring(0.1)).query("is_chosen")[[*key, "allocation_name"]]
    chosen = chosen.merge(options.drop(columns="allocation_name"), on=key)
    sums = chosen.groupby("allocation_name")[["expected_cost", "expected_margin"]].sum()
    found = at_budget.set_index("allocation_name")[list(sums)].loc[sums.index]
    np.testing.assert_allclose(found, sums)


@pytest.mark.parametrize("seed", range(3))
def test_more_money_earns_more_and_is_worth_less(seed: int) -> None:
    # nobody held out: of more contacts some are held out, and earn nothing
    curve = budget_curve(made_options(seed, lot=0.0), SHARES, exploring(0.0))
    assert {WEEK, "draft"} <= set(curve["allocation_name"])
    for _, part in curve.groupby("allocation_name"):
        # of 300 users the choice may miss the best by an option or two
        assert (part["expected_margin"].pct_change().dropna() > -0.01).all()
        assert part["budget_price"].iloc[0] > 0
        assert part["budget_price"].iloc[-1] == pytest.approx(0, abs=1e-6)
        assert (part["expected_cost"] <= part["budget_amount"] + 1e-9).all()


def test_no_option_no_curve() -> None:
    nothing = budget_curve(made_options(0).iloc[:0], SHARES, exploring(0.1))
    assert nothing.dtypes.astype(str).to_dict() == CURVE_COLUMNS
    assert nothing.empty
    assert isinstance(nothing, pd.DataFrame)

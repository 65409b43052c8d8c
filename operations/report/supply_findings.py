"""What the sections of points, tiers, complaints, demand and stock say in words, as in findings.py."""

from __future__ import annotations

import pandas as pd

from operations.report.findings import Facts, Sentences
from operations.report.supply_charts import MOVES, POINTS

RECENT_WEEKS = 8


def _latest_month(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last month that is over and of which nothing is hidden; of the last if none is over."""
    hidden = rows.loc[rows["user_count"].isna() | (rows["change_kind"] == "not shown"), "month_starts_on"]
    told = rows[~rows["month_starts_on"].isin(hidden)]
    this_month = pd.Timestamp(rows["as_of_date"].iloc[0]).replace(day=1)
    over = told[pd.to_datetime(told["month_starts_on"]) < this_month]
    told = over if len(over) else told
    return told[told["month_starts_on"] == told["month_starts_on"].max()]


def _of_month(month: pd.DataFrame, kinds: dict[str, str], count: str) -> Facts:
    """Sum the counts of each kind in a month."""
    sums = month.groupby("change_kind")[count].sum()
    facts: Facts = {name: (sums.get(kind, 0), "count") for name, kind in kinds.items()}
    return {"month": (str(month["month_starts_on"].iloc[0])[:7], "word"), **facts}


def point_months(rows: pd.DataFrame) -> Sentences:
    """Tell the points of the last month, and what is left will cost."""
    said: Sentences = []
    month = _latest_month(rows)
    if len(month):
        kinds = dict(zip(("earned", "spent", "lapsed", "back"), POINTS, strict=True))
        said += [("point_months", _of_month(month, kinds, "point_count"))]
    row = rows.iloc[0]
    if pd.notna(row["expected_cost"]):
        facts: Facts = {
            "count": (row["outstanding_count"], "count"),
            "members": (row["member_count"], "count"),
            "cost": (row["expected_cost"], "amount"),
            "low": (row["expected_cost_low"], "amount"),
            "high": (row["expected_cost_high"], "amount"),
        }
        said += [("point_liability", facts)]
        if pd.notna(row["lapsed_share"]):
            said += [("point_breakage", {"share": (row["lapsed_share"], "share")})]
    return said


def tier_moves(rows: pd.DataFrame) -> Sentences:
    """Tell the moves of the last month of which all are shown."""
    month = _latest_month(rows)
    if month.empty:
        return []
    return [("tier_moves", _of_month(month, {kind: kind for kind in MOVES}, "user_count"))]


def demand_weeks(rows: pd.DataFrame) -> Sentences:
    """Tell what is expected of all products, and how good such forecasts were."""
    whole = rows[rows["category_rank"] == 0].sort_values("week_starts_on")
    to_come, past = whole[whole["expected_units"].notna()], whole[whole["unit_count"].notna()].tail(RECENT_WEEKS)
    said: Sentences = [
        (
            "demand_weeks",
            {
                "weeks": (len(to_come), "count"),
                "expected": (to_come["expected_units"].mean(), "count"),
                "campaigns": (to_come["campaign_units"].sum(), "count"),
                "past": (len(past), "count"),
                "sold": (past["unit_count"].mean(), "count"),
            },
        )
    ]
    row = rows.iloc[0]
    if pd.notna(row["wape"]):
        facts: Facts = {"wape": (row["wape"], "share"), "baseline": (row["baseline_wape"], "share")}
        said += [("demand_accuracy", facts)]
    return said


def reorder(rows: pd.DataFrame) -> Sentences:
    """Tell what is to be ordered within the budget, what there is too much of, and what will expire."""
    row = rows.iloc[0]
    said: Sentences = [
        (
            "reorder",
            {
                "ordered": (row["ordered_count"], "count"),
                "stocked": (row["stocked_count"], "count"),
                "cost": (row["ordered_cost"], "amount"),
            },
        )
    ]
    if pd.notna(row["budget_amount"]):
        facts: Facts = {"budget": (row["budget_amount"], "amount"), "unpaid": (row["unpaid_count"], "count")}
        said += [("reorder_budget", facts)]
    said += [
        (
            "reorder_excess",
            {
                "much": (row["overstocked_count"], "count"),
                "cost": (row["overstock_cost"], "amount"),
                "expiring": (row["expiring_count"], "count"),
            },
        )
    ]
    return said


def complaints(rows: pd.DataFrame) -> Facts:
    """Tell the first complaint, and of how many products customers complain alarmingly."""
    row = rows.iloc[0]
    return {
        "alerts": (row["alert_count"], "count"),
        "products": (row["voiced_count"], "count"),
        "name": (row["product_id"] if pd.isna(row["product_name"]) else row["product_name"], "word"),
        "aspect": (row["aspect"], "word"),
        "share": (row["complaint_share"], "share"),
        "reviews": (row["review_count"], "count"),
        "shop": (row["shop_complaint_share"], "share"),
    }

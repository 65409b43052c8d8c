"""The report's sections: which rows each shows, in which order, and its main number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd

from operations.report import charts
from operations.report.words import Words

# What a sentence says: a number with its format, or words.
Facts = dict[str, tuple[object, str]]


@dataclass(frozen=True)
class Section:
    """A chart with its table and its sentence.

    Parameters
    ----------
    name : str
        Key of its texts.
    part : str
        Heading that it stands under.
    query : str
        Rows from the published file, in the order of the table.
    columns : str
        Columns of the table, with spaces between.
    draw : callable
        Makes the charts from the rows.
    facts : callable
        Makes what the sentence says from the rows.
    """

    name: str
    part: str
    query: str
    columns: str
    draw: Callable[[pd.DataFrame, Words], dict[str, alt.TopLevelMixin]]
    facts: Callable[[pd.DataFrame], Facts]


def next_week(rows: pd.DataFrame) -> Facts:
    """Sum what is approved."""
    approved = rows[rows["plan_status"] != "draft"]
    return {
        "contacts": (approved["contact_count"].sum(), "count"),
        "cost": (approved["expected_cost"].sum(), "amount"),
        "margin": (approved["expected_margin"].sum(), "amount"),
    }


def budget(rows: pd.DataFrame) -> Facts:
    """Tell the week's allocation at its budget, or the greatest if none is due."""
    is_there = rows["budget_share"] == 1
    # a choice of too few users is not published
    there = rows[is_there] if is_there.any() else rows
    there = there.assign(is_week=there["allocation_name"] == "week")
    row = there.sort_values(["is_week", "expected_margin"]).iloc[-1]
    return {
        "name": (row["allocation_name"], "word"),
        "budget": (row["budget_amount"], "amount"),
        "margin": (row["expected_margin"], "amount"),
        "price": (row["budget_price"], "amount"),
    }


def rfm_map(rows: pd.DataFrame) -> Facts:
    """Count the best cell."""
    best = (rows["recency_score"] == 5) & (rows["frequency_monetary_score"] == 5)
    count, everybody = rows.loc[best, "user_count"].sum(), rows["user_count"].sum()
    return {"count": (count, "count"), "all": (everybody, "count"), "share": (count / everybody, "share")}


def segments(rows: pd.DataFrame) -> Facts:
    """Tell the segment that spends most."""
    row = rows.iloc[0]
    return {
        "name": (row["segment_name"], "word"),
        "users": (row["user_share"], "share"),
        "amount": (row["amount_share"] or 0, "share"),
    }


def retention(rows: pd.DataFrame) -> Facts:
    """Pool the first month over the cohorts that had one."""
    first = rows[rows["month_number"] == 1]
    count = first["cohort_user_count"].sum()
    return {"share": (first["user_count"].sum() / max(count, 1), "share"), "count": (count, "count")}


def campaign_rates(rows: pd.DataFrame) -> Facts:
    """Tell the campaign with the highest rate."""
    row = rows.loc[rows["redemption_rate"].idxmax()]
    return {
        "name": (row["campaign_id"], "word"),
        "rate": (row["redemption_rate"], "share"),
        "count": (row["treated_count"], "count"),
    }


def campaign_lift(rows: pd.DataFrame) -> Facts:
    """Count the intervals that leave zero out."""
    is_clear = (rows["lift_low"] > 0) | (rows["lift_high"] < 0)
    return {"clear": (is_clear.sum(), "count"), "all": (len(rows), "count")}


def qini_curve(rows: pd.DataFrame) -> Facts:
    """Tell the gain at three tenths contacted."""
    row = rows[rows["contacted_share"].between(0.299, 0.301)].iloc[0]
    return {
        "name": (row["outcome_name"], "word"),
        "share": (row["contacted_share"], "share"),
        "gain": (row["gain_per_user"], "small"),
        "random": (row["random_gain_per_user"], "small"),
    }


def gain_curve(rows: pd.DataFrame) -> Facts:
    """Tell the champion's best tenth of the task that gains most."""
    top = rows[(rows["decile"] == 1) & (rows["curve_kind"] == "champion")]
    row = top.sort_values("lift").iloc[-1]
    return {"name": (row["task"], "word"), "share": (row["gain_share"], "share"), "lift": (row["lift"], "small")}


def calibration(rows: pd.DataFrame) -> Facts:
    """Count the bins whose prediction lies in the interval."""
    inside = rows["mean_prediction"].between(rows["rate_low"], rows["rate_high"])
    return {"inside": (inside.sum(), "count"), "all": (len(rows), "count")}


def amounts(rows: pd.DataFrame) -> Facts:
    """Divide what was predicted by what came."""
    predicted = (rows["mean_prediction"] * rows["row_count"]).sum()
    actual = (rows["mean_outcome"] * rows["row_count"]).sum()
    return {"ratio": (predicted / actual if actual else 0, "share")}


def importance(rows: pd.DataFrame) -> Facts:
    """Tell the strongest group of the first task."""
    row = rows.iloc[0]
    return {
        "name": (row["task"], "word"),
        "group": (row["reason_group"], "word"),
        "share": (row["importance_share"], "share"),
    }


def data_quality(rows: pd.DataFrame) -> Facts:
    """Sum each outcome over all tables."""
    sums = rows.groupby("outcome")["row_count"].sum()
    outcomes = ("repaired", "deduplicated", "rejected")
    return {name: (sums.get(name, 0), "count") for name in outcomes}


def drift(rows: pd.DataFrame) -> Facts:
    """Count the tasks that need attention, by advice."""
    advice = rows["advice"].value_counts()
    return {
        "source": (advice.get("look at the source", 0), "count"),
        "retrain": (advice.get("retrain now", 0), "count"),
        "watch": (advice.get("watch", 0), "count"),
        "all": (len(rows), "count"),
    }


BUDGETS = "from reports.rpt_budget_curve order by allocation_name, budget_amount"
RESULTS = "from reports.rpt_campaign_results where"
SECTIONS = (
    Section(
        "next_week",
        "plan",
        "from reports.rpt_next_week order by plan_status, expected_margin desc, campaign_id, offer_id",
        "campaign_name offer_id plan_status contact_count expected_cost expected_margin first_send_on",
        charts.next_week,
        next_week,
    ),
    Section(
        "budget_curve",
        "plan",
        BUDGETS,
        "allocation_name budget_amount user_count expected_cost expected_margin",
        charts.budget_curve,
        budget,
    ),
    Section(
        "budget_price",
        "plan",
        BUDGETS,
        "allocation_name budget_share budget_amount budget_price",
        charts.budget_price,
        budget,
    ),
    Section(
        "rfm_map",
        "customers",
        "from reports.rpt_rfm_map order by recency_score desc, frequency_monetary_score desc",
        "recency_score frequency_monetary_score segment_name user_count mean_amount",
        charts.rfm_map,
        rfm_map,
    ),
    Section(
        "segments",
        "customers",
        "from reports.rpt_segments order by total_amount desc, segment_name",
        "segment_name user_count user_share amount_share mean_amount mean_recency_days",
        charts.segments,
        segments,
    ),
    Section(
        "retention",
        "customers",
        "from reports.rpt_retention order by cohort_month, month_number",
        "cohort_month month_number cohort_user_count user_count active_share",
        charts.retention,
        retention,
    ),
    Section(
        "campaign_rates",
        "campaigns",
        f"{RESULTS} metric = 'redemption_rate' order by starts_on desc, campaign_id",
        "campaign_id treated_count redeemed_count redemption_rate redemption_rate_low redemption_rate_high",
        charts.campaign_rates,
        campaign_rates,
    ),
    Section(
        "campaign_lift",
        "campaigns",
        f"{RESULTS} lift is not null order by metric, campaign_id",
        "campaign_id metric treated_count control_count lift lift_low lift_high",
        charts.campaign_lift,
        campaign_lift,
    ),
    Section(
        "qini_curve",
        "campaigns",
        "from reports.rpt_qini_curve order by outcome_name, contacted_share",
        "outcome_name contacted_share gain_per_user random_gain_per_user user_count",
        charts.qini_curve,
        qini_curve,
    ),
    Section(
        "gain_curve",
        "scores",
        "from reports.rpt_gain_curve order by task, curve_kind desc, decile",
        "task curve_kind contacted_share gain_share user_count",
        charts.gain_curve,
        gain_curve,
    ),
    Section(
        "calibration",
        "scores",
        "from reports.rpt_calibration order by task, bin_number",
        "task mean_prediction outcome_rate rate_low rate_high user_count",
        charts.calibration,
        calibration,
    ),
    Section(
        "amounts",
        "scores",
        "from reports.rpt_amounts order by task, tenth",
        "task tenth mean_prediction mean_outcome user_count",
        charts.amounts,
        amounts,
    ),
    Section(
        "importance",
        "scores",
        "from reports.rpt_importance order by task, importance_rank",
        "task reason_group importance_share user_count",
        charts.importance,
        importance,
    ),
    Section(
        "data_quality",
        "data",
        "from reports.rpt_data_quality where row_count > 0"
        " and outcome in ('repaired', 'deduplicated', 'rejected')"
        " order by entity, outcome",
        "entity outcome row_count row_share",
        charts.data_quality,
        data_quality,
    ),
    Section(
        "drift",
        "data",
        "from reports.rpt_drift order by weighted_index desc nulls last, task",
        "task advice drift_verdict leading_feature_name weighted_index"
        " calibration_verdict mean_prediction mean_outcome expected_low expected_high"
        " season window_as_of_date",
        charts.drift,
        drift,
    ),
)

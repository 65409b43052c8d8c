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
        Makes what the sentence says from the rows; None where too little is shown.
    key : str
        Column that names a part; rows without one are not drawn.
    without_key : str
        What the table shows in its place.
    exists : str
        Column of rpt_totals that counts what there is, be it shown or not.
    whole : str
        Column of rpt_totals that counts the parts, if that is another.
    hidden : str
        Key of the sentence where there is something and no row shows it.
    """

    name: str
    part: str
    query: str
    columns: str
    draw: Callable[[pd.DataFrame, Words], dict[str, alt.TopLevelMixin]]
    facts: Callable[[pd.DataFrame], Facts | None]
    key: str = ""
    without_key: str = "not shown"
    exists: str = ""
    whole: str = ""
    hidden: str = ""


def next_week(rows: pd.DataFrame) -> Facts | None:
    """Sum what is approved."""
    approved = rows[rows["plan_status"] != "draft"]
    if approved["user_count"].isna().any():
        return None
    return {
        "contacts": (approved["contact_count"].sum(), "count"),
        "cost": (approved["expected_cost"].sum(), "amount"),
        "margin": (approved["expected_margin"].sum(), "amount"),
    }


def budget(rows: pd.DataFrame) -> Facts | None:
    """Tell the week's allocation at its budget, or the greatest if none is due."""
    there = rows[(rows["budget_share"] == 1) & rows["user_count"].notna()]
    if there.empty:
        return None
    there = there.assign(is_week=there["allocation_name"] == "week")
    row = there.sort_values(["is_week", "expected_margin"]).iloc[-1]
    return {
        "name": (row["allocation_name"], "word"),
        "budget": (row["budget_amount"], "amount"),
        "margin": (row["expected_margin"], "amount"),
        "price": (row["budget_price"], "amount"),
    }


def rfm_map(rows: pd.DataFrame) -> Facts | None:
    """Count the best cell."""
    best = (rows["recency_score"] == 5) & (rows["frequency_monetary_score"] == 5)
    if not best.any() and rows["recency_score"].isna().any():
        return None
    count, everybody = rows.loc[best, "user_count"].sum(), rows["user_count"].sum()
    return {"count": (count, "count"), "all": (everybody, "count"), "share": (count / everybody, "share")}


def segments(rows: pd.DataFrame) -> Facts | None:
    """Tell the segment that spends most of those shown."""
    shown = rows[rows["segment_name"] != "not shown"]
    if shown.empty:
        return None
    row = shown.iloc[0]
    return {
        "name": (row["segment_name"], "word"),
        "users": (row["user_share"], "share"),
        "amount": (row["amount_share"] or 0, "share"),
    }


def retention(rows: pd.DataFrame) -> Facts | None:
    """Tell how many of all whom a month has followed ordered in it."""
    followed = rows[rows["cohort_month"].isna() & rows["user_count"].notna()]
    if followed.empty:
        return None
    row = followed.iloc[0]
    return {"share": (row["active_share"], "share"), "count": (row["cohort_user_count"], "count")}


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


def programme(rows: pd.DataFrame) -> Facts:
    """Tell the profit by the last week, and what would show it."""
    row = rows[(rows["metric"] == "profit") & rows["lift"].notna()].sort_values("week_number").iloc[-1]
    day = row["measurable_on"]
    return {
        "phase": (row["phase"], "word"),
        "weeks": (row["week_number"], "count"),
        "lift": (row["lift"], "amount"),
        "low": (row["lift_low"], "amount"),
        "high": (row["lift_high"], "amount"),
        "verdict": (row["verdict"], "word"),
        "hoped": (row["hoped_share"], "share"),
        "day": ("never with this group" if pd.isna(day) else str(day)[:10], "word"),
        "needed": (row["needed_control_count"], "count"),
        "control": (row["control_count"], "count"),
    }


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


def amounts(rows: pd.DataFrame) -> Facts | None:
    """Divide what was predicted by what came."""
    if rows["user_count"].isna().any():
        return None
    predicted = (rows["mean_prediction"] * rows["row_count"]).sum()
    actual = (rows["mean_outcome"] * rows["row_count"]).sum()
    return {"ratio": (predicted / actual, "share")} if actual else None


def importance(rows: pd.DataFrame) -> Facts:
    """Tell the strongest group of the first task, of those shown."""
    row = rows[rows["user_count"].notna()].iloc[0]
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
        "unknown": (advice.get("not known yet", 0), "count"),
        "watched_from": (charts.DRIFT_LIMITS["watch"], "small"),
        "drifted_from": (charts.DRIFT_LIMITS["drifted"], "small"),
        "all": (len(rows), "count"),
    }


BUDGETS = "from reports.rpt_budget_curve order by allocation_name, budget_amount"
RESULTS = "from reports.rpt_campaign_results where"
SECTIONS = (
    Section(
        "next_week",
        "plan",
        "from reports.rpt_next_week order by plan_status, expected_margin desc nulls last, campaign_id, offer_id",
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
        "from reports.rpt_rfm_map order by recency_score desc nulls last, frequency_monetary_score desc",
        "recency_score frequency_monetary_score segment_name user_count mean_amount",
        charts.rfm_map,
        rfm_map,
        key="recency_score",
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "segments",
        "customers",
        "from reports.rpt_segments order by segment_name = 'not shown', total_amount desc, segment_name",
        "segment_name user_count user_share amount_share mean_amount mean_recency_days",
        charts.segments,
        segments,
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "retention",
        "customers",
        "from reports.rpt_retention order by cohort_month nulls last, month_number",
        "cohort_month month_number cohort_user_count user_count active_share",
        charts.retention,
        retention,
        key="cohort_month",
        without_key="all months",
        whole="cohort_count",
        exists="only_guest_order_count",
        hidden="guests",
    ),
    Section(
        "programme",
        "campaigns",
        "from reports.rpt_programme order by metric, week_number",
        "metric phase week_number control_count lift lift_low lift_high",
        charts.programme,
        programme,
    ),
    Section(
        "campaign_rates",
        "campaigns",
        f"{RESULTS} metric = 'redemption_rate' and redemption_rate is not null order by starts_on desc, campaign_id",
        "campaign_id treated_count redeemed_count redemption_rate redemption_rate_low redemption_rate_high",
        charts.campaign_rates,
        campaign_rates,
        key="campaign_id",
        exists="contacted_campaign_count",
        hidden="all",
    ),
    Section(
        "campaign_lift",
        "campaigns",
        f"{RESULTS} lift is not null order by metric, campaign_id",
        "campaign_id metric treated_count control_count lift lift_low lift_high",
        charts.campaign_lift,
        campaign_lift,
        exists="controlled_campaign_count",
        hidden="campaign_lift",
    ),
    Section(
        "qini_curve",
        "campaigns",
        "from reports.rpt_qini_curve order by outcome_name, contacted_share",
        "outcome_name contacted_share gain_per_user random_gain_per_user user_count",
        charts.qini_curve,
        qini_curve,
        exists="judged_campaign_count",
        hidden="qini_curve",
    ),
    Section(
        "gain_curve",
        "scores",
        "from reports.rpt_gain_curve order by task, curve_kind desc, decile",
        "task curve_kind contacted_share gain_share user_count",
        charts.gain_curve,
        gain_curve,
        key="task",
        exists="probability_score_count",
        hidden="scores",
    ),
    Section(
        "calibration",
        "scores",
        "from reports.rpt_calibration order by task, bin_number",
        "task mean_prediction outcome_rate rate_low rate_high user_count",
        charts.calibration,
        calibration,
        key="task",
        exists="probability_score_count",
        hidden="scores",
    ),
    Section(
        "amounts",
        "scores",
        "from reports.rpt_amounts order by task, tenth nulls last",
        "task tenth mean_prediction mean_outcome user_count",
        charts.amounts,
        amounts,
        key="tenth",
        exists="amount_score_count",
        hidden="scores",
    ),
    Section(
        "importance",
        "scores",
        "from reports.rpt_importance order by task, importance_rank",
        "task reason_group importance_share user_count",
        charts.importance,
        importance,
        exists="score_count",
        hidden="importance",
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
        key="weighted_index",
        without_key="unknown",
    ),
)

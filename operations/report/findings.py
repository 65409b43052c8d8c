"""What each section of the report says in words: facts, and the sentences that they fill."""

from __future__ import annotations

import pandas as pd

from operations.report.charts import DRIFT_LIMITS

# What a sentence says: a number with its format, or words.
Facts = dict[str, tuple[object, str]]
# Several sentences, each by its key among the findings.
Sentences = list[tuple[str, Facts]]


def weekly_money(rows: pd.DataFrame) -> Sentences | None:
    """Tell the last whole week shown, and what of it the programme brought."""
    there = rows[rows["user_count"].notna()].sort_values("week_starts_on")
    if there.empty:
        return None
    row = there.iloc[-1]
    said: Sentences = [
        (
            "weekly_money",
            {
                "week": (str(row["week_starts_on"])[:10], "word"),
                "revenue": (row["revenue_amount"], "amount"),
                "margin": (row["margin_amount"], "amount"),
            },
        )
    ]
    part = row["programme_part"]
    if part in {"no week of the programme", "not measured"}:
        said += [(part, {})]
    else:
        names = {"part": "", "low": "_low", "high": "_high"}
        said += [
            (
                "programme_part",
                {
                    **{name: (row[f"programme_revenue{end}"], "amount") for name, end in names.items()},
                    **{f"margin_{name}": (row[f"programme_margin{end}"], "amount") for name, end in names.items()},
                },
            )
        ]
        said += [(part, {})] if part != "within the whole" else []
    if row["measurability"] != "unknown":
        facts = {"hoped": (row["hoped_share"], "share"), "day": (str(row["measurable_on"])[:10], "word")}
        said += [(f"measurable_{row['measurability']}", facts)]
    return said


def week_budget(rows: pd.DataFrame) -> Facts | None:
    """Tell what is left of the week's budget."""
    row = rows.iloc[0]
    if pd.isna(row["left_amount"]):
        return None
    names = {
        "budget": "weekly_budget_amount",
        "spent": "spent_amount",
        "planned": "planned_amount",
        "left": "left_amount",
    }
    return {name: (row[column], "amount") for name, column in names.items()}


def campaign_funnel(rows: pd.DataFrame) -> Facts:
    """Tell the campaign that contacts most users, of those shown."""
    there = rows[rows["user_count"].notna()]
    contacted = there[there["step"] == "contacted"].sort_values(["user_count", "campaign_id"])
    row = (contacted if len(contacted) else there).iloc[-1]
    steps = there[there["campaign_id"] == row["campaign_id"]].set_index("step")["user_count"]
    return {
        "name": (row["campaign_name"], "word"),
        **{
            name: (steps[step], "count") if step in steps else ("not shown", "word")
            for name, step in {"base": "base", "eligible": "eligible", "contacted": "contacted"}.items()
        },
    }


def campaign_reasons(rows: pd.DataFrame) -> Facts:
    """Tell the reason that most users share in one campaign."""
    row = rows.sort_values(["user_count", "campaign_id", "reason"]).iloc[-1]
    return {
        "name": (row["campaign_name"], "word"),
        "step": (row["step"], "word"),
        "count": (row["user_count"], "count"),
        "all": (row["step_user_count"], "count"),
    }


def plan_forecasts(rows: pd.DataFrame) -> Facts:
    """Count the campaigns whose effect can be measured."""
    campaigns = rows.drop_duplicates("campaign_id")
    return {
        "measurable": ((campaigns["measurability"] == "measurable").sum(), "count"),
        "all": (len(campaigns), "count"),
    }


def forecast_accuracy(rows: pd.DataFrame) -> Facts:
    """Tell how often the range held what came, and the bias."""
    row = rows.iloc[0]
    return {
        "covered": (row["covered_share"], "share"),
        "bias": (abs(row["bias_share"]), "share"),
        "side": ("too high" if row["bias_share"] > 0 else "too low", "word"),
    }


def policies(rows: pd.DataFrame) -> Facts:
    """Count the campaigns in which one policy is best under both readings."""
    there = rows[rows["user_count"].notna()]
    both = there[there["is_best_cautious"] & there["is_best_hopeful"]]
    return {"same": (both["campaign_id"].nunique(), "count"), "all": (there["campaign_id"].nunique(), "count")}


def policy_outcomes(rows: pd.DataFrame) -> Sentences:
    """Tell what came of the policy in service, or that too few were drawn to say."""
    there = rows[rows["profit_lift"].notna()]
    if there.empty:
        return [("too few random contacts", {})]
    row = there.iloc[0]
    return [
        (
            "policy_outcomes",
            {
                "name": (row["policy"], "word"),
                "lift": (row["profit_lift"], "amount"),
                "low": (row["lift_low"], "amount"),
                "high": (row["lift_high"], "amount"),
                "campaigns": (row["campaign_count"], "count"),
            },
        )
    ]


def segment_value(rows: pd.DataFrame) -> Facts | None:
    """Tell the segment that is worth most per customer."""
    there = rows[(rows["segment_name"] != "not shown") & rows["mean_expected_margin"].notna()]
    if there.empty:
        return None
    row = there.iloc[0]
    return {
        "name": (row["segment_name"], "word"),
        "days": (row["horizon_days"], "count"),
        "mean": (row["mean_expected_margin"], "amount"),
        "total": (row["expected_margin"], "amount"),
    }


def channels(rows: pd.DataFrame) -> Sentences:
    """Tell which channel the last touch credits most, and what of a channel's credit was caused."""
    row = rows.iloc[0]
    said: Sentences = [
        (
            "channels",
            {
                "channel": (row["channel"], "word"),
                "last": (row["last_touch_amount"], "amount"),
                "shapley": (row["shapley_amount"], "amount"),
            },
        )
    ]
    measured = rows[rows["over_credit_factor"].notna()]
    if len(measured):
        row = measured.iloc[0]
        facts: Facts = {"channel": (row["channel"], "word"), "factor": (row["over_credit_factor"], "small")}
        return [*said, ("channels measured", facts)]
    return [*said, ("channels not measured", {})]


def segment_migration(rows: pd.DataFrame) -> Sentences | None:
    """Tell how many customers moved, and the most frequent move."""
    there = rows[rows["is_moved"].notna() & rows["user_count"].notna()]
    if there.empty:
        return None
    row = there.iloc[0]
    said: Sentences = [
        ("segment_migration", {"day": (str(row["former_date"])[:10], "word"), "share": (row["moved_share"], "share")})
    ]
    moves = there[there["is_moved"].astype(bool)].sort_values("user_count")
    if len(moves):
        most = moves.iloc[-1]
        said += [
            (
                "largest_move",
                {
                    "former": (most["former_segment_name"], "word"),
                    "now": (most["segment_name"], "word"),
                    "count": (most["user_count"], "count"),
                },
            )
        ]
    return said


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
        "name": (row["campaign_name"], "word"),
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
        "name": (row["campaign_name"], "word"),
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


def recommended(rows: pd.DataFrame) -> Sentences:
    """Tell the first category of each list, of those shown."""
    firsts = rows[rows["user_count"].notna()].drop_duplicates("list_name")
    return [
        (
            "recommended",
            {
                "list": (row["list_name"], "word"),
                "category": (row["category_name"], "word"),
                "count": (row["user_count"], "count"),
            },
        )
        for row in firsts.to_dict("records")
    ]


def recommendation_quality(rows: pd.DataFrame) -> Sentences:
    """Tell what the recommender's lists gain over the best plain rule, and if that is certain."""
    judged = rows[rows["ndcg_gain"].notna()]
    # where no estimator is in service, the rule ranks
    signs = (judged["ndcg_gain_low"] > 0).map({True: "quality", False: "tie"})
    signs = signs.mask((judged["ndcg_gain_low"] == 0) & (judged["ndcg_gain_high"] == 0), "rule")
    return [
        (
            f"recommendation_{sign}",
            {
                "list": (row["list_name"], "word"),
                "baseline": (row["best_baseline_name"], "word"),
                **{name: (row[f"ndcg{end}"], "small") for name, end in (("value", ""), ("gain", "_gain"))},
                **{name: (row[f"ndcg_gain_{name}"], "small") for name in ("low", "high")},
            },
        )
        for sign, row in zip(signs, judged.to_dict("records"), strict=True)
    ]


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
        "watched_from": (DRIFT_LIMITS["watch"], "small"),
        "drifted_from": (DRIFT_LIMITS["drifted"], "small"),
        "all": (len(rows), "count"),
    }

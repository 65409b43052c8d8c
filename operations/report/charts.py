"""The report's charts: one function each, from a table that is ready to draw.

A function gets the rows of an rpt_ table, words already in the page's language, and
returns its charts by heading; most are one chart without a heading. Colours are the
page's: a chart names none, so that light and dark draw it alike.
"""

from __future__ import annotations

import altair as alt
import pandas as pd

from operations.places import PROJECT
from operations.report.chart_parts import (
    PERCENT,
    SHARE,
    Charts,
    by_task,
    diagonal,
    named,
    ranges,
    room_for_labels,
    series,
    sized,
)
from operations.report.words import Words

# A heat map of more columns than this has no room for numbers on a phone.
# Limits of the verdicts on a score as a whole.
DRIFT_LIMITS = PROJECT["vars"]["weighted_drift_thresholds"]
MOST_LABELLED_COLUMNS = 13
# More lines than the palette has colours cannot be told apart; the table has all.
MOST_LINES = 5


def next_week(rows: pd.DataFrame, words: Words) -> Charts:
    """Margin and cost per offer, and how many contacts."""
    kinds = [words.column(name) for name in ("expected_margin", "expected_cost")]
    counts = rows["contact_count"].map("{:,}".format)
    rows = rows.assign(
        label=rows["campaign_name"] + ": " + rows["offer_name"] + "|" + counts + " · " + rows["plan_status"]
    )
    long = rows.rename(columns=dict(zip(["expected_margin", "expected_cost"], kinds, strict=True))).melt(
        ["label"], kinds, "kind", "amount"
    )
    base = alt.Chart(long).encode(
        y=alt.Y("label:N", title=None, sort=list(rows["label"]), axis=alt.Axis(labelExpr="split(datum.label, '|')")),
        yOffset=alt.YOffset("kind:N", sort=kinds),
        x=alt.X("amount:Q", title=None, scale=room_for_labels(long["amount"])),
    )
    bars = base.mark_bar().encode(color=series("kind", kinds))
    labels = base.mark_text(align="left", dx=3, fontSize=10).encode(text=alt.Text("amount:Q", format=",.2f"))
    return {"": sized(bars + labels, 42 * len(rows))}


def budget_curve(rows: pd.DataFrame, words: Words) -> Charts:
    """Margin at each budget; a point at the budget there is."""
    return _over_budgets(rows, words, "expected_margin", 240)


def budget_price(rows: pd.DataFrame, words: Words) -> Charts:
    """Shadow price at each budget; a point at the budget there is."""
    return _over_budgets(rows, words, "budget_price", 200)


def _over_budgets(rows: pd.DataFrame, words: Words, column: str, height: int) -> Charts:
    margins = rows.groupby("allocation_name")["expected_margin"].max()
    rows = rows[rows["allocation_name"].isin(margins.nlargest(MOST_LINES).index)]
    rows = rows.assign(label=named(rows.assign(campaign_id=rows["allocation_name"])))
    base = alt.Chart(rows).encode(
        x=alt.X("budget_amount:Q", title=words.column("budget_amount")),
        y=alt.Y(f"{column}:Q", title=words.column(column)),
        color=series("label", [*rows["label"].unique()]).legend(columns=1, labelLimit=230),
    )
    points = base.transform_filter("datum.budget_share == 1").mark_point(filled=True, size=90)
    return {"": sized(base.mark_line() + points, height)}


def rfm_map(rows: pd.DataFrame, words: Words) -> Charts:
    """Count the customers per cell, darker where there are more."""
    x = alt.X(
        "recency_score:O",
        scale=alt.Scale(domain=[1, 2, 3, 4, 5]),
        title=words.column("recency_score"),
        axis=alt.Axis(labelAngle=0),
    )
    y = alt.Y(
        "frequency_monetary_score:O",
        scale=alt.Scale(domain=[5, 4, 3, 2, 1]),
        title=words.column("frequency_monetary_score"),
    )
    # a cell may hold users of several segments
    cells = alt.Chart(rows).mark_rect().encode(x=x, y=y, color=alt.Color("sum(user_count):Q", legend=None))
    numbers = alt.Chart(rows).mark_text(fontSize=13).encode(x=x, y=y, text=alt.Text("sum(user_count):Q", format=","))
    return {"": sized(cells + numbers, 280)}


def segments(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw the share of customers beside share of spending."""
    shares = {"user_share": words.column("user_share"), "amount_share": words.column("amount_share")}
    long = rows.rename(columns=shares).melt(["segment_name", "user_count"], list(shares.values()), "kind", "share")
    base = alt.Chart(long).encode(
        y=alt.Y("segment_name:N", title=None, sort=list(rows["segment_name"])),
        yOffset=alt.YOffset("kind:N", sort=list(shares.values())),
        x=alt.X("share:Q", title=None, axis=alt.Axis(format=PERCENT), scale=room_for_labels(long["share"])),
    )
    bars = base.mark_bar().encode(color=series("kind", [*shares.values()]))
    labels = base.mark_text(align="left", dx=3, fontSize=10).encode(text=alt.Text("share:Q", format=PERCENT))
    return {"": sized(bars + labels, 34 * len(rows))}


def retention(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw the share of each month's new customers that ordered; a dash if not shown."""
    rows = rows.assign(cohort_month=rows["cohort_month"].astype(str).str.slice(0, 7))
    x = alt.X("month_number:O", title=words.column("month_number"), axis=alt.Axis(labelAngle=0))
    y = alt.Y("cohort_month:O", title=words.column("cohort_month"))
    cells = (
        alt.Chart(rows.dropna(subset=["active_share"]))
        .mark_rect()
        .encode(
            x=x,
            y=y,
            color=alt.Color("active_share:Q", legend=None, scale=SHARE),
            tooltip=[alt.Tooltip("active_share:Q", format=".1%")],
        )
    )
    height = max(80, 24 * rows["cohort_month"].nunique())
    if rows["month_number"].nunique() > MOST_LABELLED_COLUMNS:
        return {"": sized(cells, height)}
    numbers = (
        alt.Chart(rows)
        .transform_calculate(percent="datum.active_share === null ? '-' : round(datum.active_share * 100)")
        .mark_text(fontSize=9)
        .encode(x=x, y=y, text="percent:N")
    )
    return {"": sized(cells + numbers, height)}


def campaign_rates(rows: pd.DataFrame, words: Words) -> Charts:
    """Redemption rate of each campaign with its interval."""
    rows = rows.assign(label=named(rows))
    y = alt.Y("label:N", title=words.column("campaign_name"), sort=None)
    lines = (
        alt.Chart(rows)
        .mark_rule(strokeWidth=2)
        .encode(
            y=y,
            x=alt.X("redemption_rate_low:Q", title=words.column("redemption_rate"), axis=alt.Axis(format=PERCENT)),
            x2="redemption_rate_high:Q",
        )
    )
    points = alt.Chart(rows).mark_point(filled=True, size=60).encode(y=y, x="redemption_rate:Q")
    return {"": sized(lines + points, max(60, 18 * len(rows)))}


def campaign_lift(rows: pd.DataFrame, words: Words) -> Charts:
    """Effect of the contact on each measure, with its interval."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        return ranges(part.assign(label=named(part)), "label", "lift_low", "lift", "lift_high", words.column("lift"))

    return by_task(rows, "metric", draw)


def programme(rows: pd.DataFrame, words: Words) -> Charts:
    """Effect per customer by the end of each week, and the interval that holds at all weeks."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        base = alt.Chart(part).encode(x=alt.X("week_number:Q", title=words.column("week_number")))
        band = base.mark_area(opacity=0.25).encode(
            y=alt.Y("lift_low:Q", title=words.column("lift")), y2=alt.Y2("lift_high:Q")
        )
        zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(strokeDash=[4, 3]).encode(y="y:Q")
        return band + base.mark_line(point=True).encode(y="lift:Q") + zero

    return by_task(rows, "metric", draw)


def qini_curve(rows: pd.DataFrame, words: Words) -> Charts:
    """Gain by share contacted, beside contacts at random."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        x = alt.X("contacted_share:Q", title=words.column("contacted_share"), axis=alt.Axis(format=PERCENT))
        base = alt.Chart(part).encode(x=x)
        lot = base.mark_line(strokeWidth=1, strokeDash=[4, 3], opacity=0.6)
        return base.mark_line().encode(y=alt.Y("gain_per_user:Q", title=words.column("gain_per_user"))) + lot.encode(
            y="random_gain_per_user:Q"
        )

    return by_task(rows, "outcome_name", draw)


def gain_curve(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw the share of positives by share contacted, estimator and best baseline."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        curves = (
            alt.Chart(part)
            .mark_line()
            .encode(
                x=alt.X(
                    "contacted_share:Q",
                    title=words.column("contacted_share"),
                    axis=alt.Axis(format=PERCENT, tickCount=5),
                    scale=SHARE,
                ),
                y=alt.Y(
                    "gain_share:Q",
                    title=words.column("gain_share"),
                    axis=alt.Axis(format=PERCENT, tickCount=5),
                    scale=SHARE,
                ),
                color=series("curve_kind", [*rows["curve_kind"].unique()]),
            )
        )
        return diagonal(1) + curves

    return by_task(rows, "task", draw)


def calibration(rows: pd.DataFrame, words: Words) -> Charts:
    """Rate observed at each predicted probability, with its interval."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        x = alt.X(
            "mean_prediction:Q",
            title=words.column("mean_prediction"),
            axis=alt.Axis(format=PERCENT, tickCount=5),
            scale=SHARE,
        )
        lines = (
            alt.Chart(part)
            .mark_rule(strokeWidth=2)
            .encode(
                x=x,
                y=alt.Y(
                    "rate_low:Q",
                    title=words.column("outcome_rate"),
                    axis=alt.Axis(format=PERCENT, tickCount=5),
                    scale=SHARE,
                ),
                y2="rate_high:Q",
            )
        )
        points = alt.Chart(part).mark_point(filled=True, size=50)
        return diagonal(1) + lines + points.encode(x=x, y="outcome_rate:Q")

    return by_task(rows, "task", draw)


def amounts(rows: pd.DataFrame, words: Words) -> Charts:
    """Mean amount that came, at each mean amount predicted."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        points = (
            alt.Chart(part)
            .mark_point(filled=True, size=70)
            .encode(
                x=alt.X("mean_prediction:Q", title=words.column("mean_prediction")),
                y=alt.Y("mean_outcome:Q", title=words.column("mean_outcome")),
            )
        )
        return diagonal(float(part["mean_prediction"].max())) + points

    return by_task(rows, "task", draw)


def importance(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw the share of what reasons move, by group of features."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        base = alt.Chart(part.head(6)).encode(
            y=alt.Y("reason_group:N", title=None, sort=None),
            x=alt.X("importance_share:Q", title=None, axis=None, scale=room_for_labels(part["importance_share"])),
        )
        labels = base.mark_text(align="left", dx=3)
        return base.mark_bar() + labels.encode(text=alt.Text("importance_share:Q", format=PERCENT))

    return by_task(rows, "task", draw)


def recommended(rows: pd.DataFrame, words: Words) -> Charts:
    """Count the customers to whom products of a category are recommended, per list."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        base = alt.Chart(part).encode(
            y=alt.Y("category_name:N", title=None, sort=None),
            x=alt.X("user_count:Q", title=words.column("user_count"), scale=room_for_labels(part["user_count"])),
        )
        labels = base.mark_text(align="left", dx=3, fontSize=10)
        return base.mark_bar() + labels.encode(text=alt.Text("user_count:Q", format=","))

    return by_task(rows, "list_name", draw)


def recommendation_quality(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw how good each method's lists were with its interval, per list."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        return ranges(part, "method", "ndcg_low", "ndcg", "ndcg_high", words.column("ndcg"))

    return by_task(rows, "list_name", draw)


def data_quality(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw the share of each table's rows that were not simply kept."""
    outcomes = [words.value(name) for name in ("repaired", "rejected", "deduplicated")]
    rows = rows.assign(label=rows["entity"] + " · " + rows["outcome"])
    base = alt.Chart(rows).encode(
        y=alt.Y("label:N", title=None, sort=None),
        x=alt.X(
            "row_share:Q",
            title=words.column("row_share"),
            axis=alt.Axis(format=PERCENT),
            scale=room_for_labels(rows["row_share"]),
        ),
    )
    bars = base.mark_bar().encode(color=series("outcome", outcomes))
    labels = base.mark_text(align="left", dx=3, fontSize=10).encode(text=alt.Text("row_share:Q", format=".2~%"))
    return {"": sized(bars + labels, 30 * len(rows) + 10)}


def drift(rows: pd.DataFrame, words: Words) -> Charts:
    """Weighted index of each score, with the limits of the verdicts."""
    limits = pd.DataFrame({"x": DRIFT_LIMITS.values()})
    names = ("nothing to do", "retrain now", "watch", "look at the source")
    lines = alt.Chart(limits).mark_rule(strokeDash=[4, 3]).encode(x="x:Q")
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=60)
        .encode(
            y=alt.Y("task:N", title=None, sort=None),
            x=alt.X(
                "weighted_index:Q",
                title=words.column("weighted_index"),
                scale=alt.Scale(type="symlog", constant=0.05),
                axis=alt.Axis(values=[0, 0.05, 0.1, 0.5, 2], format=".2~f"),
            ),
            # beside long names there is no room for four
            color=series("advice", [words.value(name) for name in names]).legend(columns=1),
        )
    )
    return {"": sized(lines + points, 32 * len(rows) + 10)}

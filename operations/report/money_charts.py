"""The report's charts of money, plans and policies: one function each, as in charts.py."""

from __future__ import annotations

import altair as alt
import pandas as pd

from operations.report.chart_parts import (
    Charts,
    bars_beside,
    by_campaign,
    by_task,
    named,
    ranges,
    room_for_labels,
    series,
    sized,
)
from operations.report.words import Words

STEPS = ("base", "eligible", "control", "contacted")


def weekly_money(rows: pd.DataFrame, words: Words) -> Charts:
    """Revenue and margin of each week; the programme's part with its interval, where there is one."""
    kinds = [words.column(name) for name in ("revenue_amount", "margin_amount")]
    long = rows.rename(columns=dict(zip(["revenue_amount", "margin_amount"], kinds, strict=True))).melt(
        ["week_starts_on"], kinds, "kind", "amount"
    )
    x = alt.X("week_starts_on:T", title=words.column("week_starts_on"), axis=alt.Axis(format="%Y-%m-%d"))
    money = (
        alt.Chart(long.astype({"amount": float}))
        .mark_line(point=True)
        .encode(x=x, y=alt.Y("amount:Q", title=None), color=series("kind", kinds))
    )
    measured = rows[rows["programme_revenue"].notna()]
    if measured.empty:
        return {"": sized(money, 240)}
    base = alt.Chart(measured).encode(x=x)
    band = base.mark_area(opacity=0.25).encode(
        y=alt.Y("programme_revenue_low:Q", title=words.column("programme_revenue")), y2="programme_revenue_high:Q"
    )
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(strokeDash=[4, 3]).encode(y="y:Q")
    part = band + base.mark_line(point=True).encode(y="programme_revenue:Q") + zero
    return {words("titles", "all_money"): sized(money, 240), words.column("programme_revenue"): sized(part, 240)}


def week_budget(rows: pd.DataFrame, words: Words) -> Charts:
    """Parts of the week's budget, in one bar."""
    kinds = {words.column(name): name for name in ("spent_amount", "planned_amount", "left_amount")}
    long = pd.DataFrame({"kind": [*kinds], "amount": [float(rows.iloc[0][name]) for name in kinds.values()]})
    long["place"] = range(len(long))
    bar = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("amount:Q", title=words.column("weekly_budget_amount")),
            color=series("kind", [*kinds]),
            order="place:Q",
        )
    )
    return {"": sized(bar, 60)}


def campaign_funnel(rows: pd.DataFrame, words: Words) -> Charts:
    """Users of each step, a small chart per campaign."""
    steps = [words.value(step) for step in STEPS]
    rows = rows[rows["step"].isin(steps)]

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        base = alt.Chart(part).encode(
            y=alt.Y("step:N", title=None, sort=steps),
            x=alt.X("user_count:Q", title=None, axis=None, scale=room_for_labels(part["user_count"])),
        )
        labels = base.mark_text(align="left", dx=3).encode(text=alt.Text("user_count:Q", format=","))
        return base.mark_bar() + labels

    return by_campaign(rows, draw, 120)


def campaign_reasons(rows: pd.DataFrame, words: Words) -> Charts:
    """Users by commonest reason, a small chart per campaign and step."""
    rows = rows.assign(campaign_name=named(rows) + " · " + rows["step"])
    rows = rows.assign(campaign_id=rows["campaign_id"] + rows["step"])

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        base = alt.Chart(part).encode(
            # the reason stands above its bar: it is longer than a phone is wide
            y=alt.Y("reason:N", title=None, sort=None, axis=None),
            x=alt.X("user_count:Q", title=None, axis=None, scale=room_for_labels(part["user_count"])),
        )
        words_above = base.mark_text(align="left", dy=-14, fontSize=10, limit=260).encode(
            x=alt.value(0), text="reason:N"
        )
        numbers = base.mark_text(align="left", dx=3, dy=2).encode(text=alt.Text("user_count:Q", format=","))
        return base.mark_bar(height=10, yOffset=2) + words_above + numbers

    return by_campaign(rows, draw, 120)


def plan_forecasts(rows: pd.DataFrame, words: Words) -> Charts:
    """Forecast of each campaign with its range, by metric."""
    rows = rows.assign(label=named(rows))

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        return ranges(part, "label", "forecast_low", "forecast_value", "forecast_high", words.column("forecast_value"))

    return by_task(rows, "metric", draw)


def forecast_accuracy(rows: pd.DataFrame, words: Words) -> Charts:
    """Range forecast for each past campaign, the forecast and what came."""
    kinds = [words.column(name) for name in ("forecast_value", "response_count")]
    rows = rows.assign(label=named(rows))
    long = rows.rename(columns=dict(zip(["forecast_value", "response_count"], kinds, strict=True))).melt(
        ["label"], kinds, "kind", "value"
    )
    y = alt.Y("label:N", title=words.column("campaign_name"), sort=None)
    lines = (
        alt.Chart(rows)
        .mark_rule(strokeWidth=2)
        .encode(y=y, x=alt.X("forecast_low:Q", title=words.column("response_count")), x2="forecast_high:Q")
    )
    points = alt.Chart(long).mark_point(filled=True, size=60).encode(y=y, x="value:Q", color=series("kind", kinds))
    return {"": sized(lines + points, 22 * len(rows) + 20)}


def policies(rows: pd.DataFrame, words: Words) -> Charts:
    """Margin of each policy from the cautious to the hopeful reading; a point at the one that decides."""

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        title = words.column("expected_margin")
        return ranges(part, "policy", "cautious_margin", "expected_margin", "hopeful_margin", title)

    return by_campaign(rows, draw, 160)


def policy_outcomes(rows: pd.DataFrame, words: Words) -> Charts:
    """Profit per user of each policy by outcomes, with its interval."""
    chart = ranges(rows, "policy", "lift_low", "profit_lift", "lift_high", words.column("profit_lift"))
    return {"": sized(chart, 32 * len(rows) + 20)}


def channels(rows: pd.DataFrame, words: Words) -> Charts:
    """Draw what each channel is credited with in two ways beside what it probably caused."""
    columns = ("last_touch_amount", "shapley_amount", "expected_caused_amount")
    kinds = {column: words.column(column) for column in columns}
    long = rows.rename(columns=kinds).melt(["channel"], [*kinds.values()], "kind", "amount").dropna(subset="amount")
    base = alt.Chart(long).encode(
        y=alt.Y("channel:N", title=None, sort=list(rows["channel"])),
        yOffset=alt.YOffset("kind:N", sort=[*kinds.values()]),
        x=alt.X("amount:Q", title=None, scale=room_for_labels(long["amount"])),
    )
    bars = base.mark_bar().encode(color=series("kind", [*kinds.values()]))
    labels = base.mark_text(align="left", dx=3, fontSize=10).encode(text=alt.Text("amount:Q", format=",.0f"))
    return {"": sized(bars + labels, 48 * len(rows))}


def segment_value(rows: pd.DataFrame, words: Words) -> Charts:
    """Margin expected per customer of each segment."""
    rows = rows[rows["mean_expected_margin"].notna()].astype({"mean_expected_margin": float})
    title = words.column("mean_expected_margin")
    return {"": sized(bars_beside(rows, "segment_name", "mean_expected_margin", title), 26 * len(rows) + 30)}


def segment_migration(rows: pd.DataFrame, words: Words) -> Charts:
    """Count the users who were in one segment and are in another, darker where there are more."""
    hidden = words.value("not shown")
    rows = rows[(rows["segment_name"] != hidden) & (rows["former_segment_name"] != hidden)]
    x = alt.X("segment_name:N", title=words.column("segment_name"), sort=None, axis=alt.Axis(labelAngle=-40))
    y = alt.Y("former_segment_name:N", title=words.column("former_segment_name"), sort=None)
    cells = alt.Chart(rows).mark_rect().encode(x=x, y=y, color=alt.Color("user_count:Q", legend=None))
    numbers = alt.Chart(rows).mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("user_count:Q", format=","))
    return {"": sized(cells + numbers, 320)} if len(rows) else {}

"""The report's charts of points, tiers, complaints, demand and stock: one function each, as in charts.py."""

from __future__ import annotations

import altair as alt
import pandas as pd

from operations.report.chart_parts import Charts, by_task, ranges, room_for_labels, series, sized
from operations.report.words import Words

GAINS = ("points earned", "joined", "upgraded")
POINTS = ("points earned", "points spent", "points lapsed", "points taken back")
MOVES = ("joined", "upgraded", "downgraded", "left")
# What a bar of each list is as long as.
LISTS = {"to order": "order_units", "too much": "excess_cost", "will expire": "on_hand_units"}


def point_months(rows: pd.DataFrame, words: Words) -> Charts:
    """Points earned above zero, and spent, lapsed or taken back below, by month."""
    return _by_month(rows, words, "point_count", POINTS)


def tier_moves(rows: pd.DataFrame, words: Words) -> Charts:
    """Members who joined a tier or went up above zero, who went down or left below, by month."""
    return _by_month(rows, words, "user_count", MOVES)


def _by_month(rows: pd.DataFrame, words: Words, count: str, kinds: tuple[str, ...]) -> Charts:
    gains = [words.value(kind) for kind in GAINS]
    names = [words.value(kind) for kind in kinds]
    rows = rows[rows["change_kind"].isin(names) & rows[count].notna()]
    if rows.empty:
        return {}
    signs = rows["change_kind"].isin(gains).map({True: 1, False: -1})
    rows = rows.assign(month=rows["month_starts_on"].astype(str).str.slice(0, 7), signed=rows[count] * signs)
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("month:O", title=words.column("month_starts_on"), axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("sum(signed):Q", title=words.column(count)),
            color=series("change_kind", names),
        )
    )
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule().encode(y="y:Q")
    return {"": sized(bars + zero, 240)}


def demand_weeks(rows: pd.DataFrame, words: Words) -> Charts:
    """Units sold, then expected in their bands, a small chart per category."""
    names = {"unit_count": words.column("unit_count"), "expected_units": words.column("expected_units")}
    # the bands are pale, their name is not
    colour = series("kind", [*names.values()]).legend(symbolOpacity=1)

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        x = alt.X("week_starts_on:T", title=None, axis=alt.Axis(format="%Y-%m-%d", labelAngle=-40, tickCount=6))
        y = alt.Y("units_q05:Q", title=None)
        base = alt.Chart(part.assign(kind=names["expected_units"])).encode(x=x, color=colour)
        wide = base.mark_area(opacity=0.2).encode(y=y, y2="units_q95:Q")
        narrow = base.mark_area(opacity=0.3).encode(y=alt.Y("units_q25:Q", title=None), y2="units_q75:Q")
        long = part.rename(columns=names).melt(["week_starts_on"], list(names.values()), "kind", "units")
        lines = (
            alt.Chart(long.dropna(subset=["units"]))
            .mark_line(point=alt.OverlayMarkDef(size=15))
            .encode(x=x, y=alt.Y("units:Q", title=None), color=colour)
        )
        return wide + narrow + lines

    return by_task(rows, "category_name", draw)


def reorder(rows: pd.DataFrame, words: Words) -> Charts:
    """Units to order, money bound in what is too much, units of what will expire: a chart per list."""
    columns = {words.value(name): column for name, column in LISTS.items()}
    names = rows["product_name"].fillna(rows["product_id"]).str.slice(0, 40)
    shared = rows.assign(name=names).groupby("name")["product_id"].transform("nunique") > 1
    names = names.where(~shared | (names == rows["product_id"]), names + " (" + rows["product_id"] + ")")
    rows = rows.assign(label=rows["location_id"] + " · " + names)

    def draw(part: pd.DataFrame) -> alt.TopLevelMixin:
        column = columns[part["list_name"].iloc[0]]
        base = alt.Chart(part).encode(
            y=alt.Y("label:N", title=None, sort=None),
            x=alt.X(f"{column}:Q", title=words.column(column), scale=room_for_labels(part[column])),
        )
        labels = base.mark_text(align="left", dx=3, fontSize=10).encode(text=alt.Text(f"{column}:Q", format=",.0f"))
        return base.mark_bar() + labels

    return by_task(rows, "list_name", draw)


def complaints(rows: pd.DataFrame, words: Words) -> Charts:
    """Share of reviews that complain, with its interval, per product and aspect."""
    names = rows["product_name"].fillna(rows["product_id"]).str.slice(0, 40)
    rows = rows.assign(label=names + " · " + rows["aspect"])
    title = words.column("complaint_share")
    ends = ("complaint_share_low", "complaint_share", "complaint_share_high")
    return {"": sized(ranges(rows, "label", *ends, title), 60 + 22 * len(rows))}

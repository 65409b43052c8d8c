"""Parts that the report's charts share."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import pandas as pd

Charts = dict[str, alt.TopLevelMixin]
PERCENT = ".0%"
SHARE = alt.Scale(domain=[0, 1])


def sized(chart: alt.TopLevelMixin, height: int) -> alt.TopLevelMixin:
    """Let a chart fill the page's width."""
    return chart.properties(width="container", height=height)


def by_task(rows: pd.DataFrame, column: str, draw: Callable[[pd.DataFrame], alt.TopLevelMixin]) -> Charts:
    """Draw one small chart per value of a column."""
    return {str(name): sized(draw(part), 200) for name, part in rows.groupby(column, sort=False)}


def room_for_labels(values: pd.Series) -> alt.Scale:
    """Leave room to write behind the longest bar."""
    return alt.Scale(domain=[min(0, values.min()), 1.35 * max(values.max(), 1e-9)])


def diagonal(greatest: float) -> alt.Chart:
    """Draw the line on which two amounts are the same."""
    ends = pd.DataFrame({"x": [0, greatest], "y": [0, greatest]})
    return alt.Chart(ends).mark_line(strokeWidth=1, strokeDash=[4, 3], opacity=0.6).encode(x="x:Q", y="y:Q")


def series(column: str, names: list[str]) -> alt.Color:
    """Colour by series in a fixed order: a name in another language keeps its colour."""
    return alt.Color(f"{column}:N", title=None, scale=alt.Scale(domain=names))


def named(rows: pd.DataFrame) -> pd.Series:
    """Name each row's campaign; its id follows where campaigns share a name."""
    shared = rows.groupby("campaign_name")["campaign_id"].transform("nunique") > 1
    return rows["campaign_name"].where(~shared, rows["campaign_name"] + " (" + rows["campaign_id"] + ")")


def by_campaign(rows: pd.DataFrame, draw: Callable[[pd.DataFrame], alt.TopLevelMixin], height: int) -> Charts:
    """Draw one small chart per campaign, in the order of the rows."""
    rows = rows.assign(campaign_name=named(rows))
    return {
        str(part["campaign_name"].iloc[0]): sized(draw(part), height)
        for _, part in rows.groupby("campaign_id", sort=False)
    }


def ranges(rows: pd.DataFrame, name: str, low: str, value: str, high: str, title: str) -> alt.LayerChart:
    """Draw a point in its range per name, beside zero."""
    y = alt.Y(f"{name}:N", title=None, sort=None)
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(strokeDash=[4, 3]).encode(x=alt.X("x:Q", title=title))
    lines = alt.Chart(rows).mark_rule(strokeWidth=2).encode(y=y, x=alt.X(f"{low}:Q", title=title), x2=f"{high}:Q")
    return zero + lines + alt.Chart(rows).mark_point(filled=True, size=60).encode(y=y, x=f"{value}:Q")


def bars_beside(rows: pd.DataFrame, name: str, value: str, title: str) -> alt.LayerChart:
    """Draw a bar with its number per name."""
    base = alt.Chart(rows).encode(
        y=alt.Y(f"{name}:N", title=None, sort=None),
        x=alt.X(f"{value}:Q", title=title, scale=room_for_labels(rows[value])),
    )
    return base.mark_bar() + base.mark_text(align="left", dx=3, fontSize=10).encode(
        text=alt.Text(f"{value}:Q", format=",.2f")
    )

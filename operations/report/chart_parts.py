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
    return {str(name): sized(draw(part), 200) for name, part in rows.groupby(column)}


def room_for_labels(values: pd.Series) -> alt.Scale:
    """Leave room to write behind the longest bar."""
    return alt.Scale(domain=[min(0, values.min()), 1.35 * max(values.max(), 1e-9)])


def diagonal(greatest: float) -> alt.Chart:
    """Draw the line on which two amounts are the same."""
    ends = pd.DataFrame({"x": [0, greatest], "y": [0, greatest]})
    return alt.Chart(ends).mark_line(strokeWidth=1, strokeDash=[4, 3], opacity=0.6).encode(x="x:Q", y="y:Q")

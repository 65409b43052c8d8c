"""A line chart with bands as one page that opens from its file."""

from __future__ import annotations

import math
from html import escape

import pandas as pd

WIDTH, HEIGHT, LEFT, BOTTOM = 760, 420, 80, 40
COLOURS = ("#444444", "#0072b2", "#d55e00", "#cc79a7", "#009e73")


def line_chart(curves: pd.DataFrame, title: str) -> str:
    """Draw mean and interval per policy and cycle.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns ``policy``, ``cycle``, ``mean``, ``low`` and ``high``.
    title : str
        What the page is called.

    Returns
    -------
    str
        HTML with the drawing inside.
    """
    last, step = curves["cycle"].max(), _step(curves["high"].max() / 5)
    bottom = step * min(0, math.floor(curves["low"].min() / step))
    top = step * math.ceil(curves["high"].max() / step)

    def x(cycle: float) -> float:
        return LEFT + cycle / last * (WIDTH - LEFT - 150)

    def y(value: float) -> float:
        return 20 + (top - value) / (top - bottom) * (HEIGHT - 20 - BOTTOM)

    parts = []
    for number in range(round((top - bottom) / step) + 1):
        value = bottom + step * number
        parts.append(
            f'<line x1="{LEFT}" x2="{x(last):.1f}" y1="{y(value):.1f}" '
            f'y2="{y(value):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">'
            f"{value:,.0f}</text>"
        )
    parts += [
        f'<text x="{x(cycle):.1f}" y="{HEIGHT - 18}" text-anchor="middle">{cycle}</text>'
        for cycle in range(int(last) + 1)
    ]
    names = []
    for colour, (policy, rows) in zip(COLOURS, curves.groupby("policy", sort=False), strict=False):
        rows = rows.sort_values("cycle")
        ends = [(x(row.cycle), y(row.high)) for row in rows.itertuples()]
        ends += [(x(row.cycle), y(row.low)) for row in rows[::-1].itertuples()]
        line = [(x(row.cycle), y(row.mean)) for row in rows.itertuples()]
        parts.append(
            f'<polygon points="{_points(ends)}" fill="{colour}" opacity="0.15"/>'
            f'<polyline points="{_points(line)}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
        names.append((line[-1][1] + 4, policy, colour))
    height = -math.inf
    for own, policy, colour in sorted(names):
        # names of lines that end close together stand below each other
        height = max(own, height + 13)
        parts.append(f'<text x="{x(last) + 6:.1f}" y="{height:.1f}" fill="{colour}">{escape(policy)}</text>')
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<body style="font: 14px sans-serif"><h1 style="font-size: 18px">'
        f'{escape(title)}</h1><svg width="{WIDTH}" height="{HEIGHT}" '
        f'font-size="12">{"".join(parts)}<text x="{LEFT}" y="{HEIGHT - 2}">'
        "weekly cycles</text></svg></body>\n"
    )


def _step(rough: float) -> float:
    """Round to 1, 2 or 5 times a power of ten, at least `rough` where that is > 0."""
    power = 10 ** math.floor(math.log10(max(rough, 1e-9)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _points(pairs: list[tuple[float, float]]) -> str:
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in pairs)

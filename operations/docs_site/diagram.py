"""The entity diagram: what dbterd finds of tables and references, drawn as SVG.

dbterd writes text for programs that draw with code fetched from elsewhere; the page
must need none. So tables stand in columns, by how far they refer, and lines between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from dbterd.api import DbtErd
from markupsafe import escape

from operations.docs_site.governance import Table

WIDTH, LINE, GAP_X, GAP_Y = 250, 18, 110, 22


@dataclass(frozen=True)
class Reference:
    """A column of a table that names a row of another."""

    from_place: str
    column: str
    to_place: str
    to_column: str


@dataclass(frozen=True)
class Diagram:
    """The references, and a drawing of them."""

    edges: list[Reference]
    svg: str


def entity_diagram(tables: list[Table], artifacts: str) -> Diagram:
    """Draw the references between published tables that dbterd finds in a folder."""
    found = json.loads(DbtErd(target="json", artifacts_dir=artifacts, algo="test_relationship").get_erd())
    places = {table.unique_id: table.place for table in tables}
    edges = sorted(
        {
            Reference(
                places[edge["from_id"]],
                ", ".join(edge["from_columns"]),
                places[edge["to_id"]],
                ", ".join(edge["to_columns"]),
            )
            for edge in found["edges"]
            if edge["from_id"] in places and edge["to_id"] in places
        },
        key=lambda edge: (edge.from_place, edge.column, edge.to_place),
    )
    return Diagram(edges, _svg(edges))


def _svg(edges: list[Reference]) -> str:
    """Draw tables as boxes of the columns that refer, and references as curves."""
    lines = _lines(edges)
    corners = _corners(_depths(edges), lines)
    width = max(x for x, _ in corners.values()) + WIDTH + 2
    height = max(y + LINE * (len(lines[p]) + 1) for p, (_, y) in corners.items()) + 12
    shapes = []
    for edge in edges:
        x, y = corners[edge.from_place]
        to_x, to_y = corners[edge.to_place]
        y += LINE * (lines[edge.from_place].index(edge.column) + 1.7)
        to_y += LINE * (lines[edge.to_place].index(edge.to_column) + 1.7)
        end = to_x + WIDTH
        shapes.append(f'<path d="M{x} {y:.0f} C{x - 60} {y:.0f} {end + 60} {to_y:.0f} {end} {to_y:.0f}"/>')
    for place, (x, y) in corners.items():
        box = LINE * (len(lines[place]) + 1) + 8
        shapes.append(f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{box}" rx="4"/>')
        shapes.append(
            f'<a href="{escape(place)}.html"><text x="{x + 8}" y="{y + LINE}" '
            f'font-weight="bold">{escape(place)}</text></a>'
        )
        shapes += [
            f'<text class="soft" x="{x + 8}" y="{y + LINE * (row + 2)}">{escape(name)}</text>'
            for row, name in enumerate(lines[place])
        ]
    return (
        f'<svg class="diagram" viewBox="-1 -1 {width + 2} {height}" '
        f'role="group" aria-label="{len(corners)} tables, {len(edges)} references; '
        f'listed below">{"".join(shapes)}</svg>'
    )


def _lines(edges: list[Reference]) -> dict[str, list[str]]:
    """Return the columns that each table shows."""
    shown: dict[str, set[str]] = {}
    for edge in edges:
        shown.setdefault(edge.from_place, set()).add(edge.column)
        shown.setdefault(edge.to_place, set()).add(edge.to_column)
    return {place: sorted(columns) for place, columns in sorted(shown.items())}


def _depths(edges: list[Reference]) -> dict[str, int]:
    """Return how many references lie between each table and one that makes none."""
    depths = {place: 0 for edge in edges for place in (edge.from_place, edge.to_place)}
    # a circle of references would go on for ever
    for _ in depths:
        for edge in edges:
            if edge.from_place != edge.to_place:
                depths[edge.from_place] = max(depths[edge.from_place], min(depths[edge.to_place] + 1, len(depths) - 1))
    return depths


def _corners(depths: dict[str, int], lines: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Place the tables: one column per depth, in the order of their names."""
    corners, bottoms = {}, {}
    for place, columns in lines.items():
        y = bottoms.get(depths[place], 0)
        corners[place] = (depths[place] * (WIDTH + GAP_X), y)
        bottoms[depths[place]] = y + LINE * (len(columns) + 1) + 8 + GAP_Y
    return corners

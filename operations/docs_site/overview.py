"""Draw docs/overview.svg, the folders in their order: `make overview`.

The picture is made from docs/layers.yml alone. It is narrow enough for a phone, and its
colours follow the reader's light or dark mode.
"""

from __future__ import annotations

import sys
from itertools import groupby
from textwrap import wrap
from xml.sax.saxutils import escape

from operations.layers import Layer, read_layers
from operations.places import PROJECT_FOLDER

FILE = PROJECT_FOLDER / "docs" / "overview.svg"
# What goes in and what comes out, in the words of the folders between.
INPUT = ("raw files", "a shop's CSV or Parquet files, or a package of data")
OUTPUTS = (
    ("published/", "contracted tables for BI, a copy that no build locks"),
    ("exports/", "contact lists for the channels"),
    ("target/site/", "report, lineage of every column, model cards"),
)
WIDTH, MARGIN, LINE, PADDING, GAP, LETTERS = 380, 8, 18, 9, 16, 44
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.name { font-weight: 600 } .end { font-style: italic }
rect { fill: #f6f8fa; stroke: #8c959f } path { stroke: #57606a; fill: none }
.tip { fill: #57606a; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } rect { fill: #161b22; stroke: #6e7681 }
  path { stroke: #8b949e } .tip { fill: #8b949e; stroke: none }
}
"""


def overview(layers: list[Layer]) -> str:
    """Return the picture, a box per top folder with a line per folder in it."""
    boxes = [[(INPUT[0], INPUT[1], "end")]]
    for _, members in groupby(layers, key=lambda layer: layer.group):
        boxes.append([(f"{each.folder}/", each.holds, "name") for each in members])
    boxes.append([(name, text, "end") for name, text in OUTPUTS])
    parts, top = [], MARGIN
    for number, rows in enumerate(boxes):
        if number:
            parts.append(_arrow(top))
            top += GAP
        box, height = _box(rows, top)
        parts.append(box)
        top += height
    spoken = "; then ".join(", ".join(f"{name} {text}" for name, text, _ in rows) for rows in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{top + MARGIN}" viewBox="0 0 {WIDTH} {top + MARGIN}" role="img">\n'
        f"<title>How data flow: {escape(spoken)}</title>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _box(rows: list[tuple[str, str, str]], top: int) -> tuple[str, int]:
    """Draw a box of names and texts; return it with its height."""
    lines, written = [], top + PADDING
    for name, text, kind in rows:
        for words, style in [(name, kind), *((each, "") for each in wrap(text, LETTERS))]:
            written += LINE
            style_of = f' class="{style}"' if style else ""
            lines.append(f'<text x="{MARGIN + 12}" y="{written - 4}"{style_of}>{escape(words)}</text>')
        written += 4
    height = written - top + PADDING - 4
    rect = f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{height}" rx="6"/>'
    return "\n".join([rect, *lines]), height


def _arrow(top: int) -> str:
    """Draw an arrow from one box to the next."""
    x, end = WIDTH // 2, top + GAP
    return f'<path d="M{x} {top}V{end - 5}"/><path class="tip" d="M{x - 5} {end - 6}h10l-5 6z"/>'


def main() -> str | None:
    """Draw the picture; with --check only say whether it is the structure."""
    drawn = overview(read_layers())
    if "--check" not in sys.argv:
        FILE.write_text(drawn, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != drawn:
        return f"{FILE.name} is not what docs/layers.yml lists: run make overview."
    return None


if __name__ == "__main__":
    sys.exit(main())

"""The plan's seeds as tables: what kind of value a column holds, and a shop's rows in their file."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import yaml

from operations.places import PROJECT, PROJECT_FOLDER, SHOP
from operations.plan_files import plan_file_rows

Row = dict[str, str | None]

_DESCRIBED = yaml.safe_load((PROJECT_FOLDER / "seeds" / "campaigns" / "_campaign_seeds.yml").read_text())["seeds"]
# Per seed its columns with what they hold, less the shop.
SEEDS: dict[str, dict[str, str]] = {
    seed["name"]: {each["name"]: " ".join(each["description"].split()) for each in seed["columns"][1:]}
    for seed in _DESCRIBED
}
# A number that is a text to nobody: 007 and 1e5 may be names.
PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
NUMBERS = ("priority", "stock_cap", "days_before", "discount_value", "value")


def kind_of(column: str) -> str:
    """Say what a column holds: date, share, number, or text."""
    if column.endswith(("_on", "_date")):
        return "date"
    if column.endswith("_share"):
        return "share"
    is_number = column in NUMBERS or column.endswith(("_amount", "_hour", "_days", "_per_point"))
    return "number" if is_number or column.startswith(("cost_per_", "most_contacts_")) else "text"


def typed(column: str, text: str | None) -> date | Decimal | str | None:
    """Return the date or number that a text is in its column, otherwise the text."""
    kind = kind_of(column)
    if text and kind == "date":
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        # before, Excel counts otherwise
        return day if day.year > 1900 else text
    if kind in ("share", "number") and PLAIN.fullmatch(text or ""):
        # -0 is 0
        return Decimal(text).normalize() or Decimal(0)
    return text


def typed_row(row: Row) -> dict[str, object]:
    """Return what a row means, however its numbers are written."""
    return {column: typed(column, text) for column, text in row.items()}


@dataclass
class SeedTable:
    """A seed's file: rows of all shops, in their order."""

    columns: list[str]
    rows: list[tuple[str | None, Row]]

    def of(self, shop: str) -> list[Row]:
        """Return a shop's rows."""
        return [row for owner, row in self.rows if owner == shop]

    def text_with(self, shop: str, rows: list[Row]) -> str:
        """Return the file's text with other rows of a shop, in the places of its former ones."""
        left = list(rows)
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(["shop", *self.columns])
        last = max((place for place, (owner, _) in enumerate(self.rows) if owner == shop), default=len(self.rows) - 1)
        for place, (owner, row) in enumerate(self.rows):
            if owner != shop:
                writer.writerow([owner, *row.values()])
            elif left:
                writer.writerow([shop, *left.pop(0).values()])
            if place == last:
                writer.writerows([shop, *row.values()] for row in left)
                left = []
        writer.writerows([shop, *row.values()] for row in left)
        return written.getvalue()


def read_seed(folder: Path, seed: str) -> SeedTable:
    """Read a seed's file as a build does.

    Raises
    ------
    PlanFileError
        With a sentence per fault.
    """
    columns = [*SEEDS[seed]]
    country = PROJECT["vars"]["shops"][SHOP]["country"]
    rows = json.loads(plan_file_rows(str(folder / f"{seed}.csv"), ["shop", *columns], country))
    return SeedTable(columns, [(owner, dict(zip(columns, cells, strict=True))) for owner, *cells in rows])


def kept_texts(seed: str, former: list[Row], rows: list[tuple[int, Row]]) -> list[Row]:
    """Return rows of a workbook, each value written as the seed had it, if it means the same."""
    key = next(iter(SEEDS[seed]))
    whole = {tuple(typed_row(row).items()): row for row in reversed(former)}
    named = {row[key]: row for row in reversed(former)}
    found = []
    for _, row in rows:
        meaning = typed_row(row)
        known = whole.get(tuple(meaning.items())) or named.get(row[key]) or {}
        found.append(
            {
                column: known[column] if column in known and typed(column, known[column]) == meaning[column] else text
                for column, text in row.items()
            }
        )
    return found

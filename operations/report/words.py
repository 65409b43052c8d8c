"""The report's words in each language, and numbers as words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

LANGUAGES = ("en", "zh")
TEXTS = Path(__file__).with_name("texts.yml")
# Words of which one stands in the name of each column of money.
MONEY = {"amount", "cost", "margin", "price", "profit", "revenue"}
FORMATS = {"count": "{:,.0f}", "amount": "{:,.2f}", "small": "{:.3g}", "share": "{:.0%}"}


def read_texts() -> dict[str, dict[str, dict[str, str]]]:
    """Read the texts: by kind, key and language."""
    return yaml.safe_load(TEXTS.read_text(encoding="utf-8"))


class Words:
    """The texts in one language.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.
    currency : str
        Code of the shop's currency; empty if it is not known.
    """

    def __init__(self, language: str, currency: str = "") -> None:
        self.language = language
        self.currency = currency
        self._texts = read_texts()

    def __call__(self, kind: str, key: str) -> str:
        """Return a text."""
        return self._texts[kind][key][self.language]

    def value(self, value: object, column: str = "") -> object:
        """Return a value of a table in words; ids and names of the shop stay."""
        if not isinstance(value, str):
            return value
        # what stands for several ids
        own, is_several, _ = value.partition(": other offers")
        if is_several:
            return own + self._texts["values"][": other offers"][self.language]
        if column == "campaign_name" and value.startswith("Draft for "):
            name = value.removeprefix("Draft for ")
            day, observed, _ = name.partition(" (observed)")
            known = self._texts["festivals"].get(day)
            # a holiday of another country keeps the calendar's name
            festival = known[self.language] if known and not (observed and self.language == "en") else name
            return self("values", "Draft for ").format(festival)
        known = self._texts["values"].get(value)
        # tiers are the shop's own words
        is_own = column.endswith(("_id", "category_name", "product_name", "tier"))
        is_id = is_own and value not in {"not shown", "unknown", "all", "no tier"}
        return known[self.language] if known and not is_id else value

    def column(self, name: str) -> str:
        """Return the name of a column, of money with its currency."""
        return self.priced(self("columns", name), name)

    def priced(self, text: str, column: str) -> str:
        """Return a text, with the currency if the column is of money."""
        is_money = format_of(column) == "amount" and MONEY & set(column.split("_"))
        return f"{text} ({self.currency})" if is_money and self.currency else text

    def rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put the words of a table into the language; ids and names stay."""
        names = rows.select_dtypes(["object", "string"]).columns
        sources = {name: f"{name}_{self.language}" for name in names}
        return rows.assign(
            **{
                name: rows[own] if (own := sources[name]) in rows else [self.value(value, name) for value in rows[name]]
                for name in names
            }
        )

    def filled(self, kind: str, key: str, totals: dict) -> str:
        """Return a text with totals of the shop in it, counts with separators."""
        numbers = {
            name: value if isinstance(value, str) else FORMATS["count"].format(value)
            for name, value in totals.items()
            if not pd.isna(value)
        }
        return self(kind, key).format(**numbers)

    def number(self, value: float, kind: str) -> str:
        """Return a number in a sentence, money with its currency."""
        return (
            f"{self.currency} {FORMATS[kind].format(value)}"
            if kind == "amount" and self.currency
            else (FORMATS[kind].format(value))
        )

    def sentence(self, name: str, facts: dict[str, tuple[object, str]]) -> str:
        """Fill a finding with its facts."""
        shown = {
            key: str(self.value(value, "campaign_name" if key == "name" else ""))
            if kind == "word"
            else self.number(value, kind)
            for key, (value, kind) in facts.items()
        }
        return self("findings", name).format(**shown)


def format_of(column: str) -> str:
    """Tell how a page shows the numbers of a column."""
    if column.endswith(("_count", "_score", "_number")) or column == "tenth":
        return "count"
    if column.endswith("_share") or column == "recall" or "rate" in column.split("_"):
        return "share"
    if column.startswith(("lift", "gain_", "random_", "ndcg")) or column == "weighted_index":
        return "small"
    if column in {"mean_prediction", "mean_outcome", "expected_low", "expected_high"}:
        return "small"
    if (
        column == "mean_recency_days"
        or column.startswith(("forecast_", "units_", "days_"))
        or column.endswith("_units")
    ):
        return "number"
    return "amount"

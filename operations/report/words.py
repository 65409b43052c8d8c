"""The report's words in each language, and numbers as words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

LANGUAGES = ("en", "zh")
TEXTS = Path(__file__).with_name("texts.yml")
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
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = read_texts()

    def __call__(self, kind: str, key: str) -> str:
        """Return a text."""
        return self._texts[kind][key][self.language]

    def value(self, value: object) -> object:
        """Return a value of a table in words; names of the shop stay."""
        known = self._texts["values"].get(value) if isinstance(value, str) else None
        return known[self.language] if known else value

    def column(self, name: str) -> str:
        """Return the name of a column."""
        return self("columns", name)

    def rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put the words of a table into the language; ids and names stay."""
        names = rows.select_dtypes(["object", "string"]).columns
        return rows.assign(**{name: rows[name].map(self.value) for name in names if not name.endswith("_id")})

    def sentence(self, name: str, facts: dict[str, tuple[object, str]]) -> str:
        """Fill a finding with its facts."""
        shown = {
            key: str(self.value(value)) if kind == "word" else FORMATS[kind].format(value)
            for key, (value, kind) in facts.items()
        }
        return self("findings", name).format(**shown)


def format_of(column: str) -> str:
    """Tell how a page shows the numbers of a column."""
    if column.endswith(("_count", "_score", "_number")) or column == "tenth":
        return "count"
    if column.endswith("_share") or "rate" in column.split("_"):
        return "share"
    if column.startswith(("lift", "gain_", "random_")) or column == "weighted_index":
        return "small"
    if column in {"mean_prediction", "mean_outcome", "expected_low", "expected_high"}:
        return "small"
    return "amount"

"""Reasons as whole sentences, in English and in Chinese, the usual value beside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

import numpy as np
import pandas as pd

TEXT_COLUMNS = ("reason_text", "missing_text", "reason_text_zh", "missing_text_zh")
# Fields of a text that are no columns of the panel; trends name the last two.
OWN_FIELDS = {"value", "label", "days", "typical", "now", "before"}
# Bars divide what stands in square brackets: the first of which nothing is missing is
# said.
OPTIONAL_PART = re.compile(r"(\[[^\]]*\])")
# English says 1 day and no days, where a text says {value:.0f} days.
ENGLISH_COUNTS = [
    (re.compile(r"\bevery 1 days\b"), "every day"),
    (re.compile(r"(?<![\d.,])1 (campaign|coupon|day|order|product|time)s\b"), r"1 \1"),
    (re.compile(r"(?<![\d.,])0 (campaigns|coupons|days|orders|products)\b"), r"no \1"),
    (re.compile(r"(?<![\d.,])0 of "), "none of "),
]
# Chinese says that there was not one day, where a text says 有{value:.0f}天.
CHINESE_COUNTS = [(re.compile(r"(?:(?<=[天周])中)?有0(天|周|单|张)"), r"没有一\1")]
# Smaller amounts are said to the cent.
WHOLE_MONEY_FROM = 10


@dataclass(frozen=True)
class Language:
    """What the texts of the seed leave to the code.

    Parameters
    ----------
    suffix : str
        Ending of the seed's columns in this language.
    same : str
        In place of a bracket whose typical value reads like the user's own.
    number, text, unknown : str
        For a feature without a text: of a number, of a word, and where it is missing.
    currencies : dict of str to str
        What stands behind an amount, by currency; of any other a space and its code.
    counts : list of tuple
        Patterns and what replaces them, in the finished sentence.
    """

    suffix: str
    same: str
    number: str
    text: str
    unknown: str
    currencies: dict[str, str]
    counts: list[tuple[re.Pattern, str]]


ENGLISH = Language(
    suffix="",
    same=", like a typical customer",
    number="Has {value:g} as {label}[, compared with {typical:g} for a typical customer].",
    text="Has {value} as {label}.",
    unknown="Has no known {label}.",
    currencies={"": ""},
    counts=ENGLISH_COUNTS,
)
CHINESE = Language(
    suffix="_zh",
    same="，与一般客户相当",
    number="“{label}”为{value:g}[，一般客户为{typical:g}]。",
    text="“{label}”为{value}。",
    unknown="“{label}”未知。",
    currencies={"": "", "CNY": "元", "EUR": "欧元", "GBP": "英镑", "HKD": "港元", "JPY": "日元", "USD": "美元"},
    counts=CHINESE_COUNTS,
)
LANGUAGES = (ENGLISH, CHINESE)


@dataclass(frozen=True)
class Seen:
    """What sentences speak of.

    Parameters
    ----------
    features : pandas.DataFrame
        Shape (rows, columns): all features of the rows explained.
    medians : pandas.DataFrame
        Per key, the median of each number over all rows scored: a typical customer's.
    keys : numpy.ndarray
        Per row of ``features``, its key in ``medians``.
    currency : str
        Code of the shop's currency; empty where the shop names none.
    """

    features: pd.DataFrame
    medians: pd.DataFrame
    keys: np.ndarray
    currency: str

    def has(self, fields: list[str]) -> bool:
        """Tell whether the panel has all that a text names."""
        return {*fields} <= {*OWN_FIELDS, *self.features.columns}

    def column(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return a feature of some rows, given by position."""
        return self.features[name].to_numpy()[rows]

    def typical(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return what is typical of a feature where some rows stand."""
        return self.medians[name].reindex(self.keys[rows]).to_numpy()


def reason_words(texts: pd.DataFrame, names: list[str], labels: dict[str, str]) -> pd.DataFrame:
    """Find the group and the texts of each feature.

    Parameters
    ----------
    texts : pandas.DataFrame
        The seed ``reason_texts``. A ``feature_name`` that ends in ``*`` stands for all
        features that start so; the longest that fits is taken.
    names : list of str
        Features.
    labels : dict of str to str
        Per feature, what ``{label}`` stands for; else it is the feature's name.

    Returns
    -------
    pandas.DataFrame
        Per feature (index): ``reason_group``, ``label`` and `TEXT_COLUMNS`. A feature
        that the seed does not know has no texts, and its name without the window as
        its group, underscores as spaces.
    """
    found = {}
    for name in names:
        fitting = [
            row
            for row in texts.itertuples()
            if name == row.feature_name or (row.feature_name.endswith("*") and name.startswith(row.feature_name[:-1]))
        ]
        readable = re.sub(r"_(\d+d?|week_\d+)$", "", name).replace("_", " ")
        entry = {"reason_group": readable, **dict.fromkeys(TEXT_COLUMNS, "")}
        if fitting:
            best = max(fitting, key=lambda row: len(row.feature_name.rstrip("*")))
            given = {column: getattr(best, column) for column in entry}
            entry |= {key: str(text) for key, text in given.items() if pd.notna(text)}
        found[name] = entry | {"label": labels.get(name, name.replace("_", " "))}
    return pd.DataFrame.from_dict(found, orient="index")


def say(words: pd.Series, seen: Seen, rows: np.ndarray, language: Language) -> np.ndarray:
    """Put the values of rows, given by position, into the text of a feature.

    Parameters
    ----------
    words : pandas.Series
        Row of `reason_words`; its name is the feature's.
    seen : Seen
        What the text may name.
    rows : numpy.ndarray
        Positions in ``seen.features``.
    language : Language
        `ENGLISH` or `CHINESE`.

    Returns
    -------
    numpy.ndarray
        One sentence per row.

    Raises
    ------
    ValueError
        If a text of the seed cannot be read.
    """
    is_number = pd.api.types.is_numeric_dtype(seen.features[words.name])
    texts = [
        words["reason_text" + language.suffix],
        words["missing_text" + language.suffix],
        language.number if is_number else language.text,
        language.unknown,
    ]
    said = np.full(len(rows), "", dtype=object)
    left = np.arange(len(rows))
    try:
        for text in filter(None, texts):
            if seen.has(_fields(OPTIONAL_PART.sub("", text))):
                filled, is_known = _fill(text, words, seen, rows[left], language)
                said[left[is_known]] = filled[is_known]
                left = left[~is_known]
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise _unreadable(words.name, error) from error
    for pattern, replacement in language.counts:
        said = np.array([pattern.sub(replacement, text) for text in said], dtype=object)
    return said


def spoken_of(words: pd.DataFrame) -> list[str]:
    """Name features and all that their texts name, in the order of the alphabet.

    Parameters
    ----------
    words : pandas.DataFrame
        Rows of `reason_words`.

    Raises
    ------
    ValueError
        If a text of the seed cannot be read.
    """
    named = {str(name) for name in words.index}
    for name, row in words.iterrows():
        try:
            named |= {field for column in TEXT_COLUMNS for field in _fields(row[column])}
        except ValueError as error:
            raise _unreadable(name, error) from error
    return sorted(named)


def _unreadable(name: object, error: Exception) -> ValueError:
    return ValueError(f"Seed reason_texts: the texts of feature {name} cannot be read ({error}).")


def _fields(text: str) -> list[str]:
    """Name what stands in braces in a text, in its order."""
    return [field for _, field, _, _ in Formatter().parse(text) if field is not None]


def _fill(
    text: str, words: pd.Series, seen: Seen, rows: np.ndarray, language: Language
) -> tuple[np.ndarray, np.ndarray]:
    """Fill a text for rows; also return where all that it must name is known."""
    shown = _first_number(text, words, seen)
    first = np.full(len(rows), "", dtype=object)

    def fill(part: str) -> tuple[np.ndarray, np.ndarray]:
        nonlocal first
        said, is_known = np.full(len(rows), "", dtype=object), np.ones(len(rows), bool)
        is_same = np.zeros(len(rows), bool)
        for literal, field, spec, _ in Formatter().parse(part):
            said = said + literal
            if field is not None:
                values = _values(field, words, seen, rows, shown)
                written, has_value = _write(values, spec or "", seen.currency, language)
                said, is_known = said + written, is_known & has_value
                if field == "typical":
                    is_same = written == first
                elif field == shown:
                    first = written
        return np.where(is_same, language.same, said), is_known

    said, is_known = np.full(len(rows), "", dtype=object), np.ones(len(rows), bool)
    for part in OPTIONAL_PART.split(text):
        filled = np.full(len(rows), "", dtype=object)
        if part.startswith("["):
            for alternative in reversed(part[1:-1].split("|")):
                if seen.has(_fields(alternative)):
                    other, has_all = fill(alternative)
                    filled = np.where(has_all, other, filled)
        else:
            filled, has_all = fill(part)
            is_known &= has_all
        said = said + filled
    return said, is_known


def _first_number(text: str, words: pd.Series, seen: Seen) -> str | None:
    """Find the field that the typical value stands beside."""
    for field in _fields(text):
        name = words.name if field == "value" else field
        if name in seen.medians.columns:
            return field
    return None


def _values(field: str, words: pd.Series, seen: Seen, rows: np.ndarray, shown: str | None) -> np.ndarray:
    """Return what a field of a text stands for, per row."""
    name = str(words.name)
    if field == "label":
        return np.full(len(rows), words["label"], dtype=object)
    if field == "days":
        window = re.search(r"(\d+)d$", name)
        return np.full(len(rows), window.group(1) if window else "", dtype=object)
    if field == "value":
        return seen.column(name, rows)
    if field == "typical":
        return seen.typical(name if shown == "value" else str(shown), rows)
    if field in ("now", "before"):
        now = seen.column(name.replace("_trend", ""), rows)
        return now if field == "now" else now - seen.column(name, rows)
    return seen.column(field, rows)


def _write(values: np.ndarray, spec: str, currency: str, language: Language) -> tuple[np.ndarray, np.ndarray]:
    """Write values, each distinct one once; also return which are known."""
    codes, distinct = pd.factorize(values)
    written = [*_written(distinct, spec, currency, language), ""]
    is_known = np.array([*(distinct != "missing"), False])
    return np.array(written, dtype=object)[codes], is_known[codes]


def _written(values: np.ndarray, spec: str, currency: str, language: Language) -> Iterator[str]:
    for value in values:
        if spec == "money":
            digits = 2 if 0 < abs(round(value, 2)) < WHOLE_MONEY_FROM else 0
            unit = language.currencies.get(currency, f" {currency}")
            yield f"{value:,.{digits}f}{unit}"
        else:
            yield format(value, spec)

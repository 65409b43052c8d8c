"""The layouts that tools take: layouts.csv says per column what it is made of, and how.

Normalisation follows each tool's public documentation: Google Customer Match and Meta
custom audiences take the SHA-256 of values that are normalised first. What stays readable
is text, where a cell that a spreadsheet would run stands behind an apostrophe, or exact:
addresses, codes and times hold nothing that runs, and a tool would keep the apostrophe.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
# What a spreadsheet would run stands behind an apostrophe: a campaign called =1+1 is text.
CELL = "case when {0}[1] in ('=', '+', '-', '@', chr(9), chr(13)) then chr(39) || {0} else {0} end"
NO_SIGNS = r"regexp_replace(lower({0}), '[\p{{P}}\p{{S}}]', '', 'g')"
FORMS = {
    "exact": "{0}",
    "text": CELL,
    "google_email": (
        "sha256(case when {0} like '%@gmail.com' or {0} like '%@googlemail.com'"
        " then replace(split_part({0}, '@', 1), '.', '') || '@' || split_part({0}, '@', 2) else {0} end)"
    ),
    "google_phone": "sha256({0})",
    "google_name": r"sha256(trim(regexp_replace(lower({0}), '\s+', ' ', 'g')))",
    "google_country": "lower({0})",
    "meta_email": "sha256({0})",
    "meta_phone": "sha256(replace({0}, '+', ''))",
    "meta_name": f"sha256(nullif(trim({NO_SIGNS}), ''))",
    "meta_place": rf"sha256(nullif(regexp_replace({NO_SIGNS}, '\s', '', 'g'), ''))",
    "meta_zip": (
        r"sha256(regexp_replace(lower({0}), '[\s-]', '', 'g')"
        "[:case when lower(country) = 'us' then 5 else 99 end])"
    ),
    "meta_country": "sha256(lower({0}))",
}
# How a column is made that only shops want which say so.
OWN_IDS = "customer_id"


class LayoutError(Exception):
    """A channel's files cannot be written as the vars say; one sentence says why."""


class Column(NamedTuple):
    """A column of a layout: its heading, the column of `messages` it is made of, and how."""

    heading: str
    source: str
    form: str
    is_address: bool

    @property
    def sql(self) -> str:
        """Return the expression that makes it."""
        return f'{FORMS[self.form].format(self.source)} as "{self.heading}"'


def read_layouts() -> dict[str, list[Column]]:
    """Return the columns of each layout, in their order."""
    layouts: dict[str, list[Column]] = {}
    with (FOLDER / "layouts.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            column = Column(row["column"], row["from"], row["form"], row["is_address"] == "true")
            layouts.setdefault(row["layout"], []).append(column)
    return layouts


def channel_kinds(wanted: dict[str, list[str]], layouts: dict[str, list[Column]]) -> list[tuple[str, str, int]]:
    """Return the kinds of address of each channel, in the order of its layouts' columns.

    Raises
    ------
    LayoutError
        Where layouts of one channel write to addresses of different kinds: one of two
        accounts could be written to twice.
    """
    found = []
    for channel, names in wanted.items():
        kinds = {name: tuple(column.source for column in layouts[name] if column.is_address) for name in names}
        if len(set(kinds.values())) > 1:
            raise LayoutError(
                f"var audience_files.{channel} mixes {' and '.join(names)}, which write to different kinds of address."
                " Give each kind a channel of its own."
            )
        found += [(channel, kind, rank) for each in list(kinds.values())[:1] for rank, kind in enumerate(each)]
    return found

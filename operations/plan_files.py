"""Reads the plan's CSV files as Excel writes them, for macros/plan/plan_seeds.sql.

Semicolons, a byte order mark, the code page of the country, blank rows and empty columns at
the end are read; what else is odd about a file is told in a sentence each.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

from operations.shop_files import DELIMITERS

# What Excel writes where it does not write UTF-8: the code page of the country.
CODE_PAGES = {"CN": "gb18030", "TW": "big5", "HK": "big5hkscs", "JP": "cp932", "KR": "cp949"}
WESTERN = "cp1252"
WORKBOOK = b"PK\x03\x04"
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class PlanFileError(ValueError):
    """The file is not as expected; a sentence per fault says how."""


def plan_file_faults(file: str, columns: list[str], country: str) -> str:
    """Return what is wrong with a file, a sentence a line; nothing where it can be read."""
    try:
        plan_file_rows(file, columns, country)
    except PlanFileError as error:
        return str(error)
    return ""


def plan_file_rows(file: str, columns: list[str], country: str) -> str:
    """Return the rows of a file.

    Parameters
    ----------
    file : str
        Its path.
    columns : list of str
        The columns that it must have, in any order.
    country : str
        Of the shop, ISO 3166: says which code page is meant where it is not UTF-8.

    Returns
    -------
    str
        JSON: a list of cells in the order of the columns, per row; null for an empty cell.

    Raises
    ------
    PlanFileError
        With a sentence per fault.
    """
    names, rows = _table(Path(file), country)
    faults = [f"row 1: expected column {name}, found none." for name in columns if name not in names]
    faults += [
        f"row 1: expected column {name} once, found {count} times."
        for name, count in Counter(names).items()
        if count > 1
    ]
    faults += [
        f"row 1: expected columns of seed {Path(file).stem}, found {name}." for name in names if name not in columns
    ]
    faults += [
        f"row {number}: expected {len(names)} cells, found {len(cells)}."
        for number, cells in rows
        if len(cells) != len(names)
    ]
    if faults:
        raise PlanFileError("\n".join(f"File {_shown(file)}, {fault}" for fault in faults))
    places = [names.index(name) for name in columns]
    return json.dumps([[cells[place] or None for place in places] for _, cells in rows], ensure_ascii=False)


def _table(file: Path, country: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and the rows that are not blank with their numbers."""
    lines = _text(file, country)
    first = lines.split("\n", 1)[0].strip()
    skipped, delimiter = 0, max(DELIMITERS, key=first.count)
    if first.lower().startswith("sep=") and len(first) == 5:
        # the line by which Excel is told
        skipped, delimiter = 1, first[-1]
        lines = lines.split("\n", 1)[-1]
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for cells in reader:
            rows.append((reader.line_num + skipped, [cell.strip().strip("\xa0").strip() for cell in cells]))
    except csv.Error as error:
        raise PlanFileError(
            f"File {_shown(file)}, row {reader.line_num + skipped}: expected cells, found {error}."
        ) from None
    if not rows or not any(rows[0][1]):
        raise PlanFileError(f"File {_shown(file)}, row 1: expected the names of the columns, found nothing.")
    names = [name.lower() for name in rows[0][1]]
    filled = [(number, cells) for number, cells in rows[1:] if any(cells)]
    # columns that were used once, and cleared since
    while names and not names[-1] and not any("".join(cells[len(names) - 1 :]) for _, cells in filled):
        names.pop()
    return names, [(number, _without_empty_end(cells, len(names))) for number, cells in filled]


def _without_empty_end(cells: list[str], count: int) -> list[str]:
    return cells[:count] if not any(cells[count:]) else cells


def _text(file: Path, country: str) -> str:
    content = file.read_bytes()
    if content.startswith(WORKBOOK):
        raise PlanFileError(f"File {_shown(file)}: expected CSV, found a workbook. Save it as CSV.")
    marked = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), None)
    encodings = [marked] if marked else ["utf-8", CODE_PAGES.get(country, WESTERN)]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise PlanFileError(f"File {_shown(file)}: expected text in {' or '.join(encodings)}, found something else.")


def _shown(file: str | Path) -> str:
    """Return a seed's path as people know it."""
    return "/".join(Path(file).parts[-3:])

"""The sheets of the plan's workbook: written with drop-downs, read with a sentence per odd cell."""

from __future__ import annotations

import datetime
import hashlib
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from operations.plan_tables import SEEDS, Row, kind_of, typed, typed_row

Plan = dict[str, list[Row]]
NumberedRows = dict[str, list[tuple[int, Row]]]

PREVIEW, LISTS = "preview", "lists"
# More is cut off by whatever writes a cell.
MOST_CHARACTERS = 32_767
# Excel keeps fifteen digits of a number.
MOST_DIGITS = 15
# Rows of a sheet that have drop-downs.
CHOSEN_ROWS = 1000
FORMATS = {"date": "yyyy-mm-dd", "share": "0.0%", "number": "General", "text": "@"}
# Text that begins so is run, once somebody edits the cell.
RUN = ("=", "+", "-", "@", "\t", "\r")
# Column that gives names, where others choose among them.
NAMING = ("audience_rules", "audience_rule")
# Columns whose words another sheet has.
OF_SHEETS = {"channel": "channels", "campaign_id": "campaign_plan"}


class WorkbookError(ValueError):
    """The workbook is not as expected; a sentence per fault says how."""


def fingerprint(plan: Plan | NumberedRows) -> str:
    """Return a hash of what rows mean, however their numbers are written."""
    meant = {
        seed: [[str(each) for each in typed_row(row[1] if isinstance(row, tuple) else row).values()] for row in rows]
        for seed, rows in plan.items()
    }
    return hashlib.sha256(repr(sorted(meant.items())).encode()).hexdigest()


def write_workbook(file: Path, shop: str, plan: Plan, choices: dict[str, list[str]], told: list[str]) -> None:
    """Write a workbook.

    Parameters
    ----------
    file : Path
        Its path.
    shop : str
        Whose plan it is.
    plan : dict
        Rows by seed.
    choices : dict
        Words of drop-downs by column.
    told : list of str
        Lines of the last sheet.

    Raises
    ------
    WorkbookError
        Where a cell cannot hold a value, with a sentence per fault.
    """
    book = Workbook()
    book.remove(book.active)
    rules = sorted({row["audience_rule"] for row in plan["audience_rules"]})
    lists = {**choices, "eligible_category": choices["category"], "audience_rule": [*choices["audience_rule"], *rules]}
    faults: list[str] = []
    for seed, columns in SEEDS.items():
        sheet = book.create_sheet(seed)
        sheet.append([*columns])
        for cell, text in zip(sheet[1], columns.values(), strict=True):
            cell.font, cell.comment = Font(bold=True), Comment(text, "plan")
        for number, row in enumerate(plan[seed], 2):
            for place, (column, text) in enumerate(row.items(), 1):
                faults += _fill(sheet.cell(number, place), column, text, row)
        _format_columns(sheet, [*columns])
    hidden = book.create_sheet(LISTS)
    hidden.sheet_state = "hidden"
    hidden.append(["shop", shop, fingerprint(plan)])
    for place, (name, words) in enumerate(sorted(lists.items()), 1):
        for number, word in enumerate([name, *words], 2):
            _set_text(hidden.cell(number, place), word)
        letter = get_column_letter(place)
        for seed in [seed for seed in SEEDS if name in SEEDS[seed] and (seed, name) != NAMING]:
            _offer(book[seed], name, f"{LISTS}!${letter}$3:${letter}${len(words) + 2}")
    for column, other in OF_SHEETS.items():
        letter = get_column_letter([*SEEDS[other]].index(column) + 1)
        for seed in [seed for seed in SEEDS if column in SEEDS[seed] and seed != other]:
            _offer(book[seed], column, f"{other}!${letter}$2:${letter}${CHOSEN_ROWS}")
    preview = book.create_sheet(PREVIEW)
    for number, line in enumerate(told, 1):
        _set_text(preview.cell(number, 1), ILLEGAL_CHARACTERS_RE.sub("", line)[:MOST_CHARACTERS])
    preview.column_dimensions["A"].width = 120
    if faults:
        raise WorkbookError("\n".join(faults))
    book.save(file)


def _fill(cell: Cell, column: str, text: str | None, row: Row) -> list[str]:
    """Write a value as Excel keeps it; return why it cannot."""
    if text is None:
        return []
    if len(text) > MOST_CHARACTERS or ILLEGAL_CHARACTERS_RE.search(text):
        key, name = next(iter(row.items()))
        found = f"{len(text):,} characters" if len(text) > MOST_CHARACTERS else "a control character"
        return [
            f"Seed {cell.parent.title}, {key} {name}, column {column}: expected text of at most"
            f" {MOST_CHARACTERS:,} characters without control characters, as a cell holds, found {found}."
        ]
    value = typed(column, text)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= MOST_DIGITS:
        value = int(value) if value == int(value) else float(value)
    if isinstance(value, str | Decimal):
        _set_text(cell, text)
        return []
    kind = kind_of(column)
    if column == "discount_value" and row["discount_kind"] == "share":
        kind = "share"
    cell.value = value
    cell.number_format = FORMATS[kind]
    return []


def _set_text(cell: Cell, text: str) -> None:
    """Write a text that stays one, whatever it begins with."""
    cell.value = text
    cell.data_type = "s"
    cell.number_format = FORMATS["text"]
    cell.quotePrefix = text.startswith(RUN)


def _format_columns(sheet: Worksheet, columns: list[str]) -> None:
    """Format columns as their values, so that Excel keeps what is typed below them."""
    for column, cells in zip(columns, [*sheet.columns], strict=True):
        widest = max(len(str(cell.value or "")) for cell in cells)
        letter = cells[0].column_letter
        sheet.column_dimensions[letter].width = min(widest + 2, 60)
        sheet.column_dimensions[letter].number_format = FORMATS[kind_of(column)]
    sheet.freeze_panes = "A2"


def _offer(sheet: Worksheet, column: str, words: str) -> None:
    """Give a column a drop-down; what it lacks may be typed, as check-plan judges it."""
    letter = get_column_letter([*SEEDS[sheet.title]].index(column) + 1)
    # of cells, as a list of its own holds 255 characters at most
    offered = DataValidation(type="list", formula1=f"={words}", allow_blank=True, showErrorMessage=False)
    offered.add(f"{letter}2:{letter}{CHOSEN_ROWS}")
    sheet.add_data_validation(offered)


def read_workbook(file: Path, shop: str) -> tuple[NumberedRows, str]:
    """Read a workbook that `write_workbook` wrote and somebody changed.

    Returns
    -------
    dict
        Rows by seed, each with its number in the sheet.
    str
        Fingerprint of the rows that it was written with.

    Raises
    ------
    WorkbookError
        With a sentence per fault.
    """
    try:
        book = load_workbook(file)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, ParseError):
        raise WorkbookError(f"{file.name}: expected a workbook (.xlsx), found something else.") from None
    if LISTS not in book.sheetnames:
        raise WorkbookError(f"{file.name}: expected a workbook of make plan-workbook, found one without sheet {LISTS}.")
    _, owner, written = (cell.value for cell in book[LISTS][1][:3])
    if owner != shop:
        raise WorkbookError(f"{file.name}: expected the plan of {shop}, found that of {owner}.")
    faults: list[str] = []
    plan: NumberedRows = {}
    for seed, columns in SEEDS.items():
        if seed not in book.sheetnames:
            faults.append(f"Sheet {seed}: expected rows of the plan, found no such sheet.")
            continue
        plan[seed] = _read_sheet(book[seed], [*columns], faults)
    if faults:
        raise WorkbookError("\n".join(faults))
    return plan, str(written)


def _read_sheet(sheet: Worksheet, columns: list[str], faults: list[str]) -> list[tuple[int, Row]]:
    """Read the rows of a sheet; add what is wrong with it to the faults."""
    first, *others = [*sheet.iter_rows()] or [()]
    names = [str(cell.value or "").strip().lower() for cell in first]
    counts = Counter(names)
    for column in columns:
        if counts[column] != 1:
            found = f"it {counts[column]} times" if counts[column] else "none"
            faults.append(f"Sheet {sheet.title}, column {column}, row 1: expected this column once, found {found}.")
    faults += [
        f"Sheet {sheet.title}, column {name}, row 1: expected columns of the plan, found {name}."
        for name in names
        if name and name not in columns
    ]
    if any(counts[column] != 1 for column in columns):
        return []
    rows = []
    for number, cells in enumerate(others, 2):
        row: Row = dict.fromkeys(columns)
        for name, cell in zip(names, cells, strict=False):
            if name in row:
                row[name] = _text(cell, name, faults)
            elif cell.value is not None and not name:
                faults.append(
                    f"Sheet {sheet.title}, column {cell.column_letter}, row {number}: expected nothing beside the"
                    f" columns, found {cell.value}."
                )
        if any(row.values()):
            rows.append((number, row))
    return rows


def _text(cell: Cell, column: str, faults: list[str]) -> str | None:
    """Return a cell as the seed writes it; add what is wrong with it to the faults."""
    value: Any = cell.value
    kind = kind_of(column)
    if value is None:
        return None
    if isinstance(value, str) and cell.data_type == "s":
        return value.replace("\xa0", " ").strip() or None
    expected, found = {"date": "a date", "text": "text"}.get(kind, "a number"), None
    if cell.data_type == "f" or not isinstance(value, (str, int, float, datetime.date)):
        expected, found = "a value", "a formula. Paste it as a value" if cell.data_type == "f" else str(value)
    elif cell.data_type == "e" or isinstance(value, bool):
        found = f"{value}".upper()
    elif isinstance(value, datetime.date):
        if kind == "date" and (not isinstance(value, datetime.datetime) or value.time() == datetime.time()):
            return value.strftime("%Y-%m-%d")
        found = f"{value:%Y-%m-%d %H:%M}" if kind == "date" else "a date. Format the cell as text"
    elif kind == "date":
        found = f"{value}"
    elif kind == "text" and abs(value) >= 10**MOST_DIGITS:
        found = f"a number of more than {MOST_DIGITS} digits, which Excel has rounded. Format the cell as text"
    elif kind == "text" and value != int(value):
        found = f"{value}"
    if found is None:
        if value == int(value):
            # shown with zeros in front, which a name then has
            zeros = len(cell.number_format) if kind == "text" and set(cell.number_format) == {"0"} else 0
            return f"{int(value):0{zeros}d}"
        return format(Decimal(f"{value:.{MOST_DIGITS}g}"), "f")
    faults.append(f"Sheet {cell.parent.title}, column {column}, row {cell.row}: expected {expected}, found {found}.")
    return None

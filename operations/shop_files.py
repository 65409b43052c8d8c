"""Looks into a shop's files where DuckDB would stop with an error nobody can catch.

Two SQL functions for macros/reading, whose answers are JSON.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb

from operations.privacy.encryption import connect

DELIMITERS = (",", ";", "\t", "|")
LONGEST_FIRST_LINE = 1_000_000
LONGEST_MESSAGE = 200


def csv_layout(file: str, encoding: str) -> str:
    """Tell a CSV file's delimiter and the names in its first line.

    Returns
    -------
    str
        JSON: `delimiter`, `names`, and `fault`, which says in words why there are none.
    """
    layout: dict[str, Any] = {"delimiter": ",", "names": [], "fault": None}
    try:
        with Path(file).open(encoding=encoding, errors="replace", newline="") as lines:
            first_line = lines.readline(LONGEST_FIRST_LINE).removeprefix("\ufeff")
        rows = {
            delimiter: next(csv.reader([first_line], delimiter=delimiter, skipinitialspace=True), [])
            for delimiter in DELIMITERS
        }
    except (OSError, UnicodeError, csv.Error) as error:
        return json.dumps({**layout, "fault": f"found {error}"})
    layout["delimiter"] = max(DELIMITERS, key=lambda delimiter: len(rows[delimiter]))
    layout["names"] = [name.strip() for name in rows[layout["delimiter"]]]
    if not first_line.strip():
        layout["fault"] = "found an empty one"
    elif not first_line.strip().replace("\t", "").isprintable() or "\ufffd" in first_line:
        layout["fault"] = f"found what is no text in {encoding} (var csv_encoding)"
    elif not _is_well_quoted(first_line.rstrip("\r\n"), layout["delimiter"]):
        # DuckDB would look for the other quote below, and take all until then for names
        layout["fault"] = "found a quote that does not stand around a whole name"
    return json.dumps(layout)


def tried_queries(file: str, encoding: str, queries: list[str]) -> str:
    """Run queries over a file in a database of their own, where an error is an answer.

    Returns
    -------
    str
        JSON: `answers`, the rows of each query, and `fault`, the first error in words.
    """
    answers: list[list[tuple[Any, ...]]] = []
    with connect(threads=2, memory_limit="1GB") as connection:
        try:
            for query in queries:
                answers.append(connection.execute(query).fetchall())
        except duckdb.Error as error:
            fault = " ".join(str(error).splitlines()[:1])[:LONGEST_MESSAGE]
            if "reached an invalid state" in fault:
                fault = _line_that_ends_differently(file, encoding)
            return json.dumps({"answers": [], "fault": fault})
    return json.dumps({"answers": answers, "fault": None}, default=str)


def _is_well_quoted(line: str, delimiter: str) -> bool:
    other = re.escape(delimiter)
    name = rf"""(?:[^"{other}]*|\s*"(?:[^"]|"")*"\s*)"""
    return re.fullmatch(f"{name}(?:{other}{name})*", line) is not None


def _line_that_ends_differently(file: str, encoding: str) -> str:
    expected = "expected all lines to end in the same way"
    with Path(file).open(encoding=encoding, errors="replace", newline="") as lines:
        first_line = next(lines)
        for number, line in enumerate(lines, start=2):
            ending, first_ending = (repr(text[len(text.rstrip("\r\n")) :])[1:-1] for text in (line, first_line))
            if ending not in (first_ending, ""):
                return f"{expected}, found line 1 with {first_ending} and line {number} with {ending} at its end."
    return f"{expected}, each of them as many fields as the first."

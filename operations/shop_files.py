"""Lists a shop's files and reads them: for the build, and for whoever looks for a user.

SQL functions for macros/reading, whose answers are JSON. Files of one layout are read by
one scan: eight hundred small deliveries take as long as a file of their size.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import duckdb

from operations.encodings import (
    CODECS,
    READ_BY_DUCKDB,
    beginning_of_place,
    encoding_of,
    fault_of_text,
    know_encodings,
    place_for_duckdb,
)
from operations.files import sql_pattern, sql_text, why_unreadable
from operations.packed_files import OF_WORKBOOKS, PACKED, UNPACKING_ERRORS, WORKBOOK, fault_of_workbook, opened
from operations.privacy.encryption import connect

DELIMITERS = (",", ";", "\t", "|")
ENDINGS = (".csv", f".csv{PACKED}", WORKBOOK, ".parquet")
LONGEST_FIRST_LINE = 1_000_000
MOST_COLUMNS = 10_000
# In bytes; DuckDB refuses longer ones.
LONGEST_LINE = 2_000_000
csv.field_size_limit(1 << 22)
LONGEST_MESSAGE = 200
FAULTS_SHOWN = 3
LARGE_FILE = 1 << 25
# What DuckDB says of a line, apart from the line.
REASONS = (
    "Maximum line size of 2000000 bytes exceeded",
    "unterminated quote",
    "Expected Number of Columns",
    "not utf-8",
)
# What file managers leave behind; `._x.csv` and `~$x.csv` are shadows of a file, too.
LEFT_BY_DESKTOPS = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}
# What is decoded on the way is unpacked, too, whatever its name ends with.
NOT_PACKED = ", compression = 'none'"
# A relation's columns beside those of the files, called as no file calls one.
FILE, ROW = '"(file)"', '"(row)"'


class Layout(NamedTuple):
    """How a file is written: what files need in common to be read by one scan.

    Parameters
    ----------
    fault : str or None
        Why it cannot be read, as the rest of a sentence that begins with its name.
    names, types : tuple of str
        Its columns; those of CSV have no types.
    delimiter, line_end, encoding : str
        Of CSV.
    """

    fault: str | None = None
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    delimiter: str = ","
    line_end: str = ""
    encoding: str = ""


def files_of_table(folder: str, table: str) -> str:
    """List the files of one table by name; one delivered again word for word counts once.

    Returns
    -------
    str
        JSON: `files`, and `faults`, a sentence for each that is no file.
    """
    files, faults = [], []
    for place in (folder, f"{folder}/{table}"):
        if place == folder and os.path.lexists(place) and not Path(place).is_dir():
            faults.append(f"Folder {place}: expected a folder, found {why_unreadable(place) or 'a file'}.")
        elif Path(place).is_dir() and not os.access(place, os.R_OK | os.X_OK):
            faults.append(f"Folder {place}: expected one that may be read.")
    for place in sorted(_places(folder, table)):
        if place.encode(errors="replace").decode() != place:
            faults.append(f"File {os.fsencode(place).decode(errors='replace')}: expected a name in UTF-8.")
        elif found := why_unreadable(place):
            faults.append(f"File {place}: expected a file, found {found}.")
        else:
            files.append(place)
    return json.dumps({"files": different(files), "faults": faults})


def files_not_read(folder: str, tables: list[str]) -> str:
    """List the files of the shop's folder that no table reads, such as Users.xlsx."""
    read = {place for table in tables for place in _places(folder, table)}
    places = [folder, *(f"{folder}/{name}" for name in _names(folder))]
    others = [
        f"{place}/{name}"
        for place in places
        for name in _names(place)
        if name.lower() not in LEFT_BY_DESKTOPS and f"{place}/{name}" not in read
    ]
    return json.dumps([os.fsencode(other).decode(errors="replace") for other in others if not Path(other).is_dir()])


def _places(folder: str, table: str) -> list[str]:
    """Return what is named as a file of a table, whatever stands there."""
    alone = [f"{folder}/{table}{ending}" for ending in ENDINGS]
    inside = [name for name in _names(f"{folder}/{table}") if name.endswith(ENDINGS) and name[0] not in ".~"]
    return [*filter(os.path.lexists, alone), *(f"{folder}/{table}/{name}" for name in inside)]


def _names(folder: str) -> list[str]:
    try:
        return sorted(path.name for path in Path(folder).iterdir())
    except OSError:
        return []


def different(files: list[str]) -> list[str]:
    """Return, of files with the same bytes, the first by name."""
    sizes: dict[tuple[str, int], list[str]] = {}
    for file in files:
        sizes.setdefault((file[-4:], Path(file).stat().st_size), []).append(file)
    seen, kept = set(), set()
    for (ending, size), alike in sizes.items():
        for file in alike:
            content = (ending, size, _digest(file, Path(file).stat().st_mtime_ns) if len(alike) > 1 else file)
            if content not in seen:
                seen.add(content)
                kept.add(file)
    return [file for file in files if file in kept]


@cache
def _digest(file: str, changed_at: int) -> str:
    with Path(file).open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def grouped_files(files: list[str], encoding: str) -> str:
    """Put files of one layout together.

    Returns
    -------
    str
        JSON, per layout: `files`, `fault`, `names`, `types`, and `relation`, SQL of all
        their rows with columns "(file)" and "(row)", which counts from 1 in each file.
    """
    groups: dict[tuple, list[str]] = {}
    for file in files:
        found = layout_of(file, encoding)
        groups.setdefault((found, file if found.fault else file[-4:]), []).append(file)
    return json.dumps(
        [
            {**found._asdict(), "files": alike, "relation": relation(alike, found)}
            for (found, _), alike in groups.items()
        ]
    )


def relation(files: list[str], layout: Layout) -> str:
    """Return SQL of the rows of files of one layout, each with its file and number."""
    if files[0].endswith(".parquet"):
        return f"(select * exclude (file_row_number), file_row_number + 1 as {ROW} from {_scan(files, layout)})"
    # windows over all rows in the order read, so that nothing waits in memory
    scan = _scan(files, layout)
    if beginning := beginning_of_place(layout.encoding):
        scan = f"(select * replace (substr({FILE}, {len(beginning) + 1}) as {FILE}) from {scan})"
    return (
        """(select * exclude ("(n)", "(first)"), "(n)" - max("(first)") over"""
        f" (rows between unbounded preceding and current row) + 1 as {ROW}"
        """ from (select *, row_number() over () as "(n)","""
        f' case when {FILE} is distinct from lag({FILE}) over () then row_number() over () else 0 end as "(first)"'
        f" from {scan}))"
    )


def _scan(files: list[str], layout: Layout, *, rejects: bool = False, is_serial: bool = False) -> str:
    """Return SQL that reads files; CSV as text, nothing guessed. `rejects` keeps bad lines."""
    is_decoded = bool(beginning_of_place(layout.encoding))
    places = ", ".join(
        sql_text(place_for_duckdb(file, layout.encoding)) if is_decoded else sql_pattern(file) for file in files
    )
    options = f"hive_partitioning = false, filename = '{FILE[1:-1]}'"
    if files[0].endswith(".parquet"):
        return f"read_parquet([{places}], file_row_number = true, binary_as_string = true, {options})"
    columns = ", ".join(f"{sql_text(name)}: 'varchar'" for name in layout.names)
    return (
        f"read_csv([{places}], auto_detect = false, header = true, columns = {{{columns}}}, {options},"
        f" delim = {sql_text(layout.delimiter)}, quote = '\"', escape = '\"',"
        f" encoding = {sql_text('utf-8' if is_decoded else layout.encoding)}"
        f"{NOT_PACKED if is_decoded else ''}"
        f"{', store_rejects = true' if rejects else ''}{', parallel = false' if is_serial else ''})"
    )


def layout_of(file: str, encoding: str) -> Layout:
    """Return how a file is written."""
    state = Path(file).stat()
    try:
        found = "" if file.endswith(".parquet") else encoding_of(file, encoding)
    except UNPACKING_ERRORS:
        return Layout("expected a packed file, found none or the beginning of one.")
    return _layout(file, found, (state.st_size, state.st_mtime_ns, state.st_ino))


@cache
def _layout(file: str, encoding: str, state: tuple) -> Layout:
    if file.endswith(".parquet"):
        return _parquet_layout(file)
    if encoding == OF_WORKBOOKS and (fault := fault_of_workbook(file)):
        return Layout(fault)
    expected = "expected a first line with the names of the columns, found "
    try:
        with _opened_as_text(file, encoding) as lines:
            first_line = lines.readline(LONGEST_FIRST_LINE).removeprefix("\ufeff")
            second_line = lines.readline(LONGEST_FIRST_LINE)
        if len(first_line) >= LONGEST_FIRST_LINE - 1:
            return Layout(f"{expected}one of {LONGEST_FIRST_LINE:,} characters or more.")
        rows = {delimiter: _fields(first_line, delimiter) for delimiter in DELIMITERS}
    except (OSError, UnicodeError, csv.Error) as error:
        return Layout(f"{expected}{error}.")
    delimiter = max(DELIMITERS, key=lambda delimiter: len(rows[delimiter]))
    names = _named([name.strip() for name in rows[delimiter]], _fields(second_line, delimiter))
    if not first_line.strip():
        return Layout(f"{expected}an empty one.")
    if not first_line.strip().replace("\t", "").isprintable() or "\ufffd" in first_line:
        return Layout(f"{expected}what is no text in {encoding} (var csv_encoding).")
    if encoding not in READ_BY_DUCKDB and (fault := fault_of_text(file, encoding)):
        return Layout(f"{fault} (var csv_encoding)")
    if not _is_well_quoted(first_line.rstrip("\r\n"), delimiter):
        # DuckDB would look for the other quote below, and take all until then for names
        return Layout(f"{expected}a quote that does not stand around a whole name.")
    if (count := len(rows[delimiter])) > MOST_COLUMNS:
        return Layout(f"expected at most {MOST_COLUMNS:,} columns in the first line, found {count:,}.")
    return Layout(None, names, (), delimiter, first_line[len(first_line.rstrip("\r\n")) :], encoding)


def _fields(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _named(names: list[str], fields: list[str]) -> tuple[str, ...]:
    """Return the names of columns: what follows a delimiter at the end of a line has none."""
    filled = len(names)
    while filled > 1 and not names[filled - 1]:
        filled -= 1
    # that of the first line alone is no column
    width = min(max(filled, len(fields)), len(names)) if fields else filled
    return (*names[:filled], *(f"(column {number})" for number in range(filled + 1, width + 1)))


def _opened_as_text(file: str, encoding: str) -> TextIO:
    return TextIOWrapper(opened(file), CODECS.get(encoding, encoding), errors="replace", newline="")


def _parquet_layout(file: str) -> Layout:
    # of what is described, nothing is spilled
    with duckdb.connect(config={"threads": 1}) as connection:
        try:
            described = connection.execute(f"describe from {_scan([file], Layout())}").fetchall()
        except duckdb.Error as error:
            return Layout(_first_line(error))
    columns = [(name, kind) for name, kind, *_ in described if name not in ("file_row_number", FILE[1:-1])]
    return Layout(None, *zip(*columns, strict=True)) if columns else Layout("expected columns, found none.")


def tried_files(files: list[str], encoding: str, aggregates: str) -> str:
    """Read files of one layout in full, in a database of its own, where an error is an answer.

    Parameters
    ----------
    files : list of str
        Files that `grouped_files` put together.
    encoding : str
        Of var csv_encoding: see `encoding_of`.
    aggregates : str
        SQL that looks at each value that is wanted.

    Returns
    -------
    str
        JSON: `rows`, and `faults`, sentences that name file and line.
    """
    counts, faults = [], []
    connection = know_encodings(connect(threads=2, memory_limit="1GB"))
    for file in files:
        try:
            counts.append(_count(connection, [file], encoding, aggregates))
            faults += long_last_line(file)
        except duckdb.Error as error:
            # an error may leave it unfit for more
            connection.close()
            connection = know_encodings(connect(threads=2, memory_limit="1GB"))
            faults += _bad_lines(connection, file, encoding, error)
    rows = sum(counts)
    # one scan of many files does not tell of a quote that is never closed, so each was read by itself
    if len(files) > 1 and not faults and rows != (found := _count(connection, files, encoding, aggregates)):
        faults.append(f"Files {files[0]} to {files[-1]}: expected {rows} rows as in each alone, found {found}.")
    connection.close()
    return json.dumps({"rows": rows, "faults": faults})


def _count(
    connection: duckdb.DuckDBPyConnection, files: list[str], encoding: str, aggregates: str, **options: bool
) -> int:
    scan = _scan(files, layout_of(files[0], encoding), **options)
    return connection.execute(f"select count(*), {aggregates} from {scan}").fetchall()[0][0]


def _bad_lines(connection: duckdb.DuckDBPyConnection, file: str, encoding: str, error: duckdb.Error) -> list[str]:
    """Return sentences about a file that cannot be read, without what stands in it."""
    fault = _first_line(error)
    if "reached an invalid state" in fault:
        return [f"File {file}: {_line_that_ends_differently(file, encoding)}"]
    if file.endswith(".parquet"):
        return [f"File {file}: {fault}"]
    # of a large file a list of bad lines may never be complete
    is_large = Path(file).stat().st_size > LARGE_FILE
    try:
        _count(connection, [file], encoding, "count(columns(*))", rejects=not is_large, is_serial=is_large)
        if listed := [] if is_large else _rejects(connection, file, layout_of(file, encoding).encoding):
            return listed
    except duckdb.Error as serial_error:
        error = serial_error
    found = re.search(r"CSV Error on Line: ([0-9]+)", str(error))
    if not found:
        return [f"File {file}: {fault}"]
    reasons = [reason for reason in REASONS if reason.lower() in str(error).lower()]
    return [f"File {file}, line {found[1]}: {reasons[0] if reasons else 'a line that cannot be read'}."]


def _rejects(connection: duckdb.DuckDBPyConnection, file: str, encoding: str) -> list[str]:
    """Return a sentence for each of the first lines of a file that could not be read."""
    bad_lines: list[tuple[Any, ...]] = connection.execute(
        "select line, min(cast(error_type as varchar)), min(error_message), count(*) over ()"
        " from reject_errors join reject_scans using (scan_id, file_id) where file_path = $1"
        " group by line order by line limit $2",
        [place_for_duckdb(file, encoding), FAULTS_SHOWN],
    ).fetchall()
    return [
        f"File {file}, line {line}: {error_type.lower()}, {' '.join(message.splitlines())[:LONGEST_MESSAGE]}"
        + (f" ({count} such lines in all)" if count > FAULTS_SHOWN else "")
        for line, error_type, message, count in bad_lines
    ]


def long_last_line(file: str) -> list[str]:
    """Return a sentence about a last line that DuckDB leaves out, as it has no end and is too long."""
    if not file.endswith(".csv") or (size := Path(file).stat().st_size) <= LONGEST_LINE:
        return []
    with Path(file).open("rb") as content:
        content.seek(size - LONGEST_LINE)
        last = content.read()
        if b"\n" in last or b"\r" in last:
            return []
        content.seek(0)
        line = 1 + sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(LONGEST_LINE), b""))
    return [f"File {file}, line {line}: expected at most {LONGEST_LINE:,} bytes, found more and no end of the line."]


def _first_line(error: duckdb.Error) -> str:
    return " ".join(str(error).splitlines()[:1])[:LONGEST_MESSAGE]


def _is_well_quoted(line: str, delimiter: str) -> bool:
    other = re.escape(delimiter)
    name = rf"""(?:[^"{other}]*|\s*"(?:[^"]|"")*"\s*)"""
    return re.fullmatch(f"{name}(?:{other}{name})*", line) is not None


def _line_that_ends_differently(file: str, encoding: str) -> str:
    expected = "expected all lines to end in the same way"
    with _opened_as_text(file, encoding_of(file, encoding)) as lines:
        first_line = next(lines)
        for number, line in enumerate(lines, start=2):
            ending, first_ending = (repr(text[len(text.rstrip("\r\n")) :])[1:-1] for text in (line, first_line))
            if ending not in (first_ending, ""):
                return f"{expected}, found line 1 with {first_ending} and line {number} with {ending} at its end."
    return f"{expected}, each of them as many fields as the first."


def inputs_fingerprint(folder: str) -> str:
    """Return what tells a shop's files from those of another day: names, sizes and times."""
    files = [file for file in sorted(Path(folder).rglob("*")) if file.is_file()]
    told = "\n".join(f"{file.relative_to(folder)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(told.encode()).hexdigest()[:12]

"""Finds the rows of users in files as intake reads them, and takes them out.

DuckDB reads each file once, with the scan of the build: it refuses what the build
refuses, and ids are compared as the build reads them. A CSV file that holds rows of users
is then copied record by record, so that its size does not matter.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from operations.encodings import know_encodings
from operations.files import checksum, sql_pattern, sql_text, why_unreadable
from operations.packed_files import PACKED, WORKBOOK, fault_of_workbook, opened
from operations.personal_data.persons import USER_COLUMNS, Person, UnreadableError, names_of
from operations.personal_data.receipts import Removal
from operations.privacy.encryption import connect
from operations.shop_files import ENDINGS, FILE, ROW, layout_of, long_last_line, relation, tried_files

# A copy less some rows is called so until it is put into place.
WRITING = ".erasing"
CHANGED = "The file has changed, or its lines end in different ways."


@dataclass(frozen=True)
class Reading:
    """How intake reads files.

    Parameters
    ----------
    encoding : str
        Of var csv_encoding.
    id_as_read : str
        SQL of a user's id, made of the text `{column}`.
    """

    encoding: str
    id_as_read: str


@dataclass(frozen=True)
class UserRows:
    """Rows of users in a file.

    Parameters
    ----------
    ids : dict of int to str
        By number of the row, from 1: the id as it is written.
    row_count : int
        Rows of the file.
    place : int
        Of a column that names users, from 0.
    """

    ids: dict[int, str]
    row_count: int
    place: int


def files_below(folder: Path | None) -> list[Path]:
    """Return the files of a folder that intake can read and that are no links: those are somebody else's.

    Raises
    ------
    UnreadableError
        Where something else stands in the place of one.
    """
    if not folder or not folder.is_dir():
        return []
    files = []
    for file in sorted(folder.rglob("*")):
        is_link = file.is_symlink() or file.parent.is_symlink() or file.parent.parent.is_symlink()
        if not file.name.endswith(ENDINGS) or file.name.startswith(("._", "~$")) or is_link or file.is_dir():
            continue
        if found := why_unreadable(file):
            raise UnreadableError(f"File {file}: expected a file, found {found}.")
        if not is_other_workbook(file):
            files.append(file)
    return files


def is_other_workbook(file: Path) -> bool:
    """Return whether a file is a workbook that intake cannot read, such as a plan: no build has a row of it."""
    return file.suffix == WORKBOOK and bool(fault_of_workbook(str(file)))


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    """Return a database to read all files in: to load what encrypts takes longer than most of them."""
    return know_encodings(connect(threads=1, memory_limit="1GB"))


def rows_of_users(file: Path, persons: list[Person], reading: Reading) -> UserRows | None:
    """Return the rows of users in a file; None where there are none.

    Raises
    ------
    UnreadableError
        Where the build would refuse the file: its rows may be of anybody.
    """
    layout = layout_of(str(file), reading.encoding)
    faults = [f"File {file}: {layout.fault}"] if layout.fault else long_last_line(str(file))
    if faults:
        raise UnreadableError(f"{faults[0]} Mend the file first.")
    columns = _user_columns(layout.names)
    if not columns:
        return None
    with _reader().cursor() as connection:
        condition = _is_theirs(connection, layout.names, persons, reading)
        written = ", ".join(f'cast("{name}" as varchar)' for name in columns)
        # counting each column reads it in full
        query = (
            f"select count(*), list([cast({ROW} as varchar), {written}]) filter (where {condition}),"
            f" count(columns(*)) from {relation([str(file)], layout)}"
        )
        try:
            row_count, found, *_ = connection.execute(query).fetchall()[0]
        except duckdb.Error as error:
            # what DuckDB says repeats the line
            faults = json.loads(tried_files([str(file)], reading.encoding, "count(columns(*))"))["faults"]
            reason = faults[0] if faults else f"File {file}: {type(error).__name__}"
            raise UnreadableError(f"{reason} Mend the file first, or other users would lose rows.") from None
    if not found:
        return None
    return UserRows({int(number): id_ for number, id_, *_ in found}, row_count, layout.names.index(columns[0]))


def relation_of_users(
    connection: duckdb.DuckDBPyConnection, file: Path, persons: list[Person], reading: Reading
) -> str:
    """Return the rows of users in a file as a relation of this connection."""
    layout = layout_of(str(file), reading.encoding)
    condition = _is_theirs(connection, layout.names, persons, reading)
    rows = relation([str(file)], layout)
    know_encodings(connection)
    return f"(select * exclude ({FILE}, {ROW}) from {rows} where {condition})"


@dataclass(frozen=True)
class RowsInFile:
    """Rows of users in one file of a kind of place, `name` in the receipt."""

    kind: str
    file: Path
    name: Path
    found: UserRows
    reading: Reading

    def copied(self) -> Removal:
        """Copy the file less these rows, and what states its size."""
        copy = copy_without(self.file, self.found, self.reading)
        copies = [(copy, self.file), *_copied_manifests(self.file, copy)]
        return Removal(self.kind, {str(self.name): len(self.found.ids)}, copies)


def refuse_workbooks(found: list[RowsInFile]) -> None:
    """Stop before anything is taken out: workbooks are read, not written.

    Raises
    ------
    UnreadableError
        Where rows stand in a workbook; it names them, for whoever has Excel.
    """
    books = [each for each in found if each.file.suffix == WORKBOOK]
    if books:
        rows = "; ".join(f"of {each.file} rows {', '.join(map(str, sorted(each.found.ids)))}" for each in books)
        raise UnreadableError(f"Workbooks are not written. In Excel, first delete, below the names of columns, {rows}.")


def _is_theirs(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], persons: list[Person], reading: Reading
) -> str:
    """Return the condition that a row of a file is of users."""
    connection.execute("create or replace temp table names (name varchar)")
    connection.executemany("insert into names values ($1)", [[name] for name in sorted(names_of(persons))])
    ids = [reading.id_as_read.replace("{column}", f'cast("{column}" as varchar)') for column in _user_columns(names)]
    return "(" + " or ".join(f"coalesce({id_} in (from names), false)" for id_ in ids) + ")"


def _user_columns(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name.lower() in USER_COLUMNS]


def copy_without(file: Path, found: UserRows, reading: Reading) -> Path:
    """Copy a file without rows of users, all else as it is; return the copy, beside it.

    Raises
    ------
    OSError
        Where the rows are not where they were found; then nothing is changed.
    """
    writing = file.with_name(f".{file.name}{WRITING}")
    writing.unlink(missing_ok=True)
    try:
        if file.suffix == ".parquet":
            _copy_parquet(file, found, writing)
        else:
            _copy_csv(file, found, reading, writing)
        writing.chmod(file.stat().st_mode & 0o777)
    except BaseException:
        writing.unlink(missing_ok=True)
        raise
    return writing


def _copy_parquet(file: Path, found: UserRows, writing: Path) -> None:
    with connect(threads=1, memory_limit="1GB") as connection:
        connection.execute("create table gone as select unnest($1) - 1 as file_row_number", [list(found.ids)])
        connection.execute(
            "copy (select * exclude (file_row_number) from"
            f" read_parquet({sql_pattern(file)}, file_row_number = true, hive_partitioning = false)"
            f" where file_row_number not in (from gone)) to {sql_text(writing)} (format parquet, compression zstd)"
        )


def _copy_csv(file: Path, found: UserRows, reading: Reading, writing: Path) -> None:
    layout = layout_of(str(file), reading.encoding)
    delimiter, is_narrow = layout.delimiter, len(layout.names) == 1
    codec = _codec(file, layout.encoding)
    number = 0
    open_file = gzip.open if file.suffix == PACKED else open
    with (
        open_file(file, "rt", encoding=codec, newline="") as lines,
        open_file(writing, "wt", encoding=codec, newline="") as kept,
    ):
        kept.write(lines.readline())
        for written in _records(lines, delimiter):
            # an empty line is a row only where there is one column
            is_row = is_narrow or bool(written.strip("\r\n"))
            number += is_row
            if not is_row or number not in found.ids:
                kept.write(written)
                continue
            fields = next(csv.reader([written], delimiter=delimiter, skipinitialspace=True))
            text = fields[found.place].encode(codec).decode(layout.encoding if codec == "latin-1" else codec)
            if text.strip() != (found.ids[number] or "").strip():
                raise OSError(f"File {file}, row {number}: expected a row of the user. {CHANGED}")
    if number != found.row_count:
        raise OSError(f"File {file}: expected {found.row_count} rows, found {number}. {CHANGED}")


def _codec(file: Path, encoding: str) -> str:
    """Return by which encoding each byte of a file comes out as it went in."""
    if not encoding.startswith("utf-16"):
        return "latin-1"
    if encoding != "utf-16":
        return encoding
    with opened(str(file)) as content:
        return "utf-16-be" if content.read(2) == codecs.BOM_UTF16_BE else "utf-16-le"


def _records(lines: Iterator[str], delimiter: str) -> Iterator[str]:
    """Yield the text of each record; only a quote makes more than one line of it."""
    for line in lines:
        if '"' not in line:
            yield line
            continue
        taken: list[str] = []
        next(csv.reader(_noted(line, lines, taken), delimiter=delimiter, skipinitialspace=True))
        yield "".join(taken)


def _noted(first: str, others: Iterator[str], taken: list[str]) -> Iterator[str]:
    taken.append(first)
    yield first
    for line in others:
        taken.append(line)
        yield line


def _copied_manifests(file: Path, copy: Path) -> list[tuple[Path, Path]]:
    """Write the manifests of exported contacts anew, as their file will be; return copies and places."""
    copies: list[tuple[Path, Path]] = []
    for manifest in (file.parent / "manifest.json", file.parent.parent / "current.json"):
        if file.suffix != ".csv" or why_unreadable(manifest):
            continue
        told = json.loads(manifest.read_text(encoding="utf-8"))
        if told.get("sha256") == checksum(file):
            with copy.open(newline="", encoding="utf-8") as lines:
                # an export escapes what a spreadsheet would run
                campaigns = [re.sub("^'(?=[=+@\t\r-])", "", row["campaign_id"]) for row in csv.DictReader(lines)]
            told |= {"sha256": checksum(copy), "rows": len(campaigns)}
            for campaign in told.get("campaigns", []):
                campaign["rows"] = campaigns.count(campaign["campaign_id"])
            writing = manifest.with_name(f".{manifest.name}{WRITING}")
            writing.write_text(json.dumps(told, separators=(",", ":")), encoding="utf-8")
            writing.chmod(manifest.stat().st_mode & 0o777)
            copies.append((writing, manifest))
    return copies

"""Takes users out of files: each is written anew, then put in its place."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

# Columns that name a user, in our tables and in files of shops.
USER_COLUMNS = {"user_id", "source_user_id", "customer id", "customerid"}
# A review may be longer than what `csv` takes for a field unless told otherwise.
csv.field_size_limit(1 << 30)
# Shorter texts stand in files for anything.
LEAST_MASKED = 7


class UnreadableError(Exception):
    """A file names a user, but whose rows are whose cannot be told; one sentence says where."""


@dataclass(frozen=True)
class Person:
    """A user as the vault has them."""

    user_id: str
    source_user_id: str
    email: str | None = None
    phone: str | None = None
    full_name: str | None = None

    @property
    def file_name(self) -> str:
        """Return what their file is called: tells nothing, but is found again."""
        return hashlib.sha256(self.user_id.encode()).hexdigest()[:16]

    def texts(self) -> list[str]:
        """Return all that says who they are."""
        return [text for text in (self.user_id, self.source_user_id, self.email, self.phone, self.full_name) if text]


def write_private(file: Path, text: str) -> None:
    """Write a file whole, for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    writing = file.with_name(f"{file.name}.new")
    writing.unlink(missing_ok=True)
    descriptor = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    writing.replace(file)


def names_of(persons: list[Person]) -> set[str]:
    """Return ids of the source and pseudonyms."""
    return {name for person in persons for name in (person.user_id, person.source_user_id)}


def rewrite(file: Path, content: bytes) -> None:
    """Put other content into a file's place, its mode kept."""
    writing = file.with_name(f"{file.name}.new")
    writing.write_bytes(content)
    writing.chmod(file.stat().st_mode & 0o777)
    writing.replace(file)


def unscrambled(text: str) -> str:
    """Return text whose UTF-8 bytes were read one character a byte, set right."""
    while not text.isascii():
        try:
            content = b"".join(letter.encode("latin-1" if ord(letter) < 256 else "cp1252") for letter in text)
            text = content.decode()
        except UnicodeError:
            break
    return text


def plain(text: str) -> str:
    """Return an id as intake reads it: right encoding, single blanks, none around."""
    single_spaced = re.sub(r"[ \t\n\r\f\v\xa0]+", " ", unscrambled(text)).strip()
    # tables with gaps are exported with 12346.0 for 12346; A7.0 is not A7
    return re.sub(r"^([0-9]+)\.0+$", r"\1", single_spaced)


def text_of(content: bytes) -> tuple[str, str, bytes]:
    """Return a CSV file's text, the encoding it goes back by, and the mark before it.

    What is no UTF-16 is read byte for byte, so that any encoding comes out as it went
    in: `unscrambled` tells what is meant.
    """
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return content.decode("utf-16"), "utf-16", b""
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return content.removeprefix(mark).decode("latin-1"), "latin-1", mark


def records(text: str, persons: list[Person]) -> Iterator[tuple[list[str], str, bool]]:
    """Yield each record of a CSV file: its fields, its text, whether it is of users.

    Raises
    ------
    UnreadableError
        Where a record has more or fewer fields than the first, or a quote stands where
        none may: the lines around may be of anybody.
    """
    lines = list(io.StringIO(text, newline=""))
    names = {plain(name) for name in names_of(persons)}
    delimiter = max(",;\t|", key=lambda tried: len(next(csv.reader(lines[:1], delimiter=tried), [])))
    reader = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    taken, places, width = 0, None, 0
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise UnreadableError(f"line {taken + 1}: {error}") from None
        if fields is None:
            return
        if fields and places is not None and len(fields) != width:
            raise UnreadableError(f"line {taken + 1}: expected {width} fields, found {len(fields)}")
        written = "".join(lines[taken : reader.line_num])
        taken = reader.line_num
        if places is None:
            width = len(fields)
            places = [place for place, name in enumerate(fields) if plain(name).lower() in USER_COLUMNS]
            yield fields, written, False
            continue
        ids = {plain(fields[place]) for place in places if place < len(fields)}
        yield fields, written, not ids.isdisjoint(names)


def refuse_unreadable(persons: list[Person], folder: Path | None) -> None:
    """Stop at a CSV file that names a user and cannot be read, before anything is changed.

    Raises
    ------
    UnreadableError
        Naming the file and the line.
    """
    for file in files_below(folder, ".csv"):
        text, _, _ = text_of(file.read_bytes())
        try:
            for _ in records(text, persons):
                pass
        except UnreadableError as error:
            if any(name in unscrambled(text) for name in names_of(persons)):
                raise UnreadableError(
                    f"{file}, {error}. Mend the file first, or other users would lose rows."
                ) from None


def erase_from_text(persons: list[Person], folder: Path | None) -> dict[str, int]:
    """Take users out of the CSV files of a folder; return the rows taken per file."""
    counts: dict[str, int] = {}
    for file in files_below(folder, ".csv"):
        content = file.read_bytes()
        text, encoding, mark = text_of(content)
        kept, count = [], 0
        try:
            for _, written, is_theirs in records(text, persons):
                count += is_theirs
                if not is_theirs:
                    kept.append(written)
        except UnreadableError:
            # it names none of them: see refuse_unreadable
            continue
        if count:
            rewrite(file, mark + "".join(kept).encode(encoding))
            settle_manifests(file, content)
            counts[str(file.relative_to(folder))] = count
    return counts


def settle_manifests(file: Path, before: bytes) -> None:
    """State in the manifests of exported contacts what their file holds now."""
    old = hashlib.sha256(before).hexdigest()
    content = file.read_bytes()
    for manifest in (file.parent / "manifest.json", file.parent.parent / "current.json"):
        if not manifest.exists():
            continue
        told = json.loads(manifest.read_text())
        if told.get("sha256") == old:
            told["sha256"] = hashlib.sha256(content).hexdigest()
            told["rows"] = max(0, content.count(b"\n") - 1)
            campaigns = [row["campaign_id"] for row in csv.DictReader(content.decode().splitlines())]
            for campaign in told.get("campaigns", []):
                campaign["rows"] = campaigns.count(campaign["campaign_id"])
            rewrite(manifest, json.dumps(told, separators=(",", ":")).encode())


def note_names(cursor: duckdb.DuckDBPyConnection, persons: list[Person]) -> None:
    """Make the users' names known to the queries of a cursor."""
    cursor.execute("create or replace temp table forgotten (name varchar)")
    cursor.executemany("insert into forgotten values ($1)", [[name] for name in names_of(persons)])


def is_users(columns: dict[str, str]) -> str:
    """Return the condition that a row of a table of ours is one of theirs."""
    named = [name for name in columns if name.lower() in USER_COLUMNS]
    text = [name for name, kind in columns.items() if kind == "VARCHAR"]
    if named:
        return " or ".join(f'coalesce(cast("{name}" as varchar) in (from forgotten), false)' for name in named)
    for name in ("transaction_id", "order_id"):
        if name in columns:
            return f'coalesce("{name}" in (select {name} from lines), false)'
    if not text:
        return "false"
    quoted = ", ".join(f'"{name}"' for name in text)
    return (
        f"list_has_any(regexp_extract_all(concat_ws(' ', {quoted}), '[0-9a-f]{{32}}'),"
        " (select list(name) from forgotten))"
    )


def parquet_rows(file: Path) -> str:
    """Return a Parquet file as a relation."""
    pattern = re.sub(r"([*?[])", r"[\1]", str(file)).replace("'", "''")
    return f"read_parquet('{pattern}', hive_partitioning = false)"


def is_users_in(cursor: duckdb.DuckDBPyConnection, rows: str, persons: list[Person]) -> str:
    """Return the condition that a row of a Parquet file is one of theirs.

    The ways in which the file writes their ids are noted for the queries of the cursor.
    """
    note_names(cursor, persons)
    names = {plain(name) for name in names_of(persons)}
    columns = {
        name: kind
        for name, kind, *_ in cursor.execute(f"describe from {rows}").fetchall()
        if name.lower() in USER_COLUMNS
    }
    for name, kind in columns.items():
        written = f'cast("{name}" as varchar)'
        told = f"decode(\"{name}\", 'replace')" if kind == "BLOB" else written
        ids = cursor.execute(f'select distinct {written}, {told} from {rows} where "{name}" is not null').fetchall()
        for spelling, text in ids:
            if plain(text) in names:
                cursor.execute("insert into forgotten values ($1)", [spelling])
    return is_users(columns)


def files_below(folder: Path | None, ending: str) -> list[Path]:
    """Return the files of a folder that are no links: those are somebody else's."""
    if not folder or not folder.is_dir():
        return []
    return [
        file
        for file in sorted(folder.rglob(f"*{ending}"))
        if not file.is_symlink() and not file.parent.is_symlink() and not file.parent.parent.is_symlink()
    ]


def erase_from_parquet(cursor: duckdb.DuckDBPyConnection, persons: list[Person], folder: Path | None) -> dict[str, int]:
    """Take users out of the Parquet files of a folder; return rows taken per file."""
    counts: dict[str, int] = {}
    for file in files_below(folder, ".parquet"):
        rows = parquet_rows(file)
        theirs = is_users_in(cursor, rows, persons)
        count = cursor.execute(f"select count(*) from {rows} where {theirs}").fetchall()
        if count[0][0]:
            writing = file.with_name(f"{file.name}.new")
            cursor.execute(
                f"copy (from {rows} where not ({theirs})) to $1 (format parquet, compression zstd)", [str(writing)]
            )
            writing.replace(file)
            counts[str(file.relative_to(folder))] = count[0][0]
    return counts


def mask(texts: list[str], folders: list[str]) -> None:
    """Blacken texts in the files below folders, each by as many asterisks.

    A text that is short enough to stand for anything only where user_id is before it.
    """
    patterns = []
    for text in {*texts, *(json.dumps(each)[1:-1] for each in texts)}:
        wanted = re.escape(text.encode())
        if len(text) < LEAST_MASKED:
            wanted = rb"(?<=user_id)(\W{1,9})" + wanted + rb"(?!\w)"
        patterns.append(re.compile(wanted, re.IGNORECASE))
    for folder in map(Path, folders):
        for file in folder.rglob("*"):
            # what dbt parsed is the project, not its data
            if not file.is_file() or file.suffix in (".duckdb", ".msgpack"):
                continue
            content = masked = file.read_bytes()
            for pattern in patterns:
                masked = pattern.sub(
                    lambda found: b"".join(found.groups()) + b"*" * (len(found[0]) - len(b"".join(found.groups()))),
                    masked,
                )
            if masked != content:
                # in place: dbt still writes its log
                with file.open("r+b") as opened:
                    opened.write(masked)

"""Finds the encoding of text files, and lets DuckDB read those that are not in UTF-8.

DuckDB reads UTF-8, UTF-16 and Latin-1; its extension for others weighs 335 MB. Files in
other encodings are decoded while they are read, through a file system of our own
(fsspec, which DuckDB asks for): no copy lies on disk, and memory stays flat.
"""

from __future__ import annotations

import codecs
import datetime
import json
import re
from functools import cache
from pathlib import Path
from typing import BinaryIO

import duckdb
from fsspec import AbstractFileSystem

from operations.packed_files import OF_WORKBOOKS, WORKBOOK, opened

# Of Python, by the word of var csv_encoding where that is another.
CODECS = {"windows-1252": "cp1252", "gbk": "gb18030", OF_WORKBOOKS: "utf-8"}
# Parquet has none.
READ_BY_DUCKDB = {"", "utf-8", "utf-16", "latin-1"}
SCHEME = "recoded"
CHUNK = 1 << 20
# Bytes of a file, those beyond ASCII among them, by which its encoding is judged.
JUDGED = 1 << 26
# In which zero bytes are looked for, and the least share of them in UTF-16.
FIRST_BYTES, ZERO_SHARE = 4096, 0.1
# Of characters of two bytes: at least this share is in everyday use.
EVERYDAY_SHARE = 0.8
# Of letters beyond ASCII: at least this share stands alone, as most do in western languages
# (German has Süßes) and few in others.
ALONE_SHARE = 0.5
UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Characters of two bytes, of which those in everyday use (GB 2312) have high ones only.
GB_18030 = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
GB_2312 = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
HIGH = re.compile(rb"[\x80-\xff]")


def encoding_of(file: str, setting: str) -> str:
    """Return the encoding of a file: what the setting says, or what its bytes do.

    Parameters
    ----------
    file : str
        Path of a CSV file, which may be packed, or of a workbook.
    setting : str
        Of var csv_encoding: ``auto``, an encoding, or JSON with one per file or folder
        of the shop and ``default``.

    Returns
    -------
    str
        An encoding as Python calls it; utf-8 where the bytes leave doubt, so that reading
        names the first line in question; `OF_WORKBOOKS` of a workbook.
    """
    if file.endswith(WORKBOOK):
        return OF_WORKBOOKS
    if setting.startswith("{"):
        by_file = json.loads(setting)
        named = [name for name in by_file if f"/{file}".endswith(f"/{name}") or f"/{name}/" in f"/{file}"]
        setting = by_file[max(named, key=len)] if named else by_file.get("default", "auto")
    if setting != "auto":
        return CODECS.get(setting, setting)
    state = Path(file).stat()
    return _found(file, (state.st_size, state.st_mtime_ns, state.st_ino))


@cache
def _found(file: str, state: tuple) -> str:
    with opened(file) as content:
        start = content.read(FIRST_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16" if start.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    # names of columns, digits and delimiters have a zero byte each, which no other text has
    zeros = [start[place::2].count(0) for place in (0, 1)]
    for encoding, (others, own) in {"utf-16-le": zeros, "utf-16-be": zeros[::-1]}.items():
        if not others and own > ZERO_SHARE * len(start) and not fault_of_text(file, encoding):
            return encoding
    if fault_of_text(file, "utf-8") is None:
        return "utf-8"
    with opened(file) as content:
        judged = content.read(JUDGED)
    high = len(HIGH.findall(judged))
    # a file in UTF-8 with a wrong byte is no file in another encoding
    if 2 * sum(map(len, UTF_8.findall(judged))) > high:
        return "utf-8"
    pairs = len(GB_18030.findall(judged))
    if pairs and len(GB_2312.findall(judged)) >= EVERYDAY_SHARE * pairs and not fault_of_text(file, "gb18030"):
        return "gb18030"
    if len(ALONE.findall(judged)) >= ALONE_SHARE * high and not fault_of_text(file, "cp1252"):
        return "cp1252"
    return "utf-8"


def fault_of_text(file: str, encoding: str) -> str | None:
    """Return the first thing in a file that an encoding does not have, None where all of it is text."""
    decoder = codecs.getincrementaldecoder(CODECS.get(encoding, encoding))()
    lines = 1
    with opened(file) as content:
        while True:
            chunk = content.read(CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                return f"line {line}: expected text in {encoding}, found the byte {error.object[error.start]:02x}."
            if not chunk:
                return None
            lines += chunk.count(b"\n")


def place_for_duckdb(file: str, encoding: str) -> str:
    """Return the path by which DuckDB reads a file as text in UTF-8."""
    return file if encoding in READ_BY_DUCKDB else f"{beginning_of_place(encoding)}{file}"


def beginning_of_place(encoding: str) -> str:
    """Return what comes before a file's own path where it is decoded on the way."""
    return "" if encoding in READ_BY_DUCKDB else f"{SCHEME}://{encoding}:"


def know_encodings(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Let a connection and its cursors read paths of `place_for_duckdb`."""
    if not connection.filesystem_is_registered(SCHEME):
        connection.register_filesystem(Recoded())
    return connection


class Decoded:
    """A file as bytes of UTF-8, decoded a piece at a time.

    Parameters
    ----------
    file : str
        Its path.
    encoding : str
        As Python calls it.
    """

    def __init__(self, file: str, encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self.content: BinaryIO = opened(file)  # DuckDB closes it
        self._begin()

    def _begin(self) -> None:
        self.content.seek(0)
        self.decoder = codecs.getincrementaldecoder(CODECS.get(self.encoding, self.encoding))()
        self.rest, self.place, self.is_at_start = b"", 0, True

    def read(self, size: int) -> bytes:
        """Return so many bytes of UTF-8, fewer at the end only."""
        pieces = [self.rest]
        length = len(self.rest)
        while length < size and (chunk := self.content.read(CHUNK)):
            text = self.decoder.decode(chunk)
            if self.is_at_start and text:
                text, self.is_at_start = text.removeprefix("\ufeff"), False
            pieces.append(text.encode())
            length += len(pieces[-1])
        found = b"".join(pieces)
        self.rest = found[size:]
        self.place += min(size, len(found))
        return found[:size]

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place from the start, from the beginning where it lies behind."""
        assert whence == 0, "DuckDB counts from the start"
        if place < self.place:
            self._begin()
        while self.place < place and self.read(min(CHUNK, place - self.place)):
            pass
        return self.place

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self.place

    def seekable(self) -> bool:
        """Say that `seek` may be called."""
        return True

    def close(self) -> None:
        """Close the file."""
        self.content.close()


class Recoded(AbstractFileSystem):
    """Files that are decoded while they are read, under ``recoded://<encoding>:<path>``."""

    protocol = SCHEME
    cachable = False

    @staticmethod
    def parts(path: str) -> tuple[str, str]:
        """Return encoding and path of a file."""
        encoding, _, file = path.removeprefix(f"{SCHEME}://").partition(":")
        return encoding, file

    def open(self, path: str, mode: str = "rb", **_: object) -> Decoded:
        """Open a file for reading."""
        assert mode == "rb", "files of the shop are only read"
        encoding, file = self.parts(path)
        return Decoded(file, encoding)

    def glob(self, path: str, **_: object) -> list[str]:
        """Return the path itself: it is no pattern."""
        return [path] if self.exists(path) else []

    def exists(self, path: str, **_: object) -> bool:
        """Say whether there is such a file."""
        return Path(self.parts(path)[1]).is_file()

    def size(self, path: str) -> int:
        """Return the bytes of its text in UTF-8."""
        encoding, file = self.parts(path)
        state = Path(file).stat()
        return _decoded_size(file, encoding, (state.st_size, state.st_mtime_ns, state.st_ino))

    def modified(self, path: str) -> datetime.datetime:
        """Return when the file was changed."""
        return datetime.datetime.fromtimestamp(Path(self.parts(path)[1]).stat().st_mtime, datetime.UTC)


@cache
def _decoded_size(file: str, encoding: str, state: tuple) -> int:
    decoded = Decoded(file, encoding)
    try:
        return sum(iter(lambda: len(decoded.read(CHUNK)), 0))
    finally:
        decoded.close()

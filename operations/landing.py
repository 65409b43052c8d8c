"""Copies a shop's tables out of databases and buckets into its folder, as landing.yml there says.

    make land SOURCE=your_shop

Each becomes one file, which is read, mapped, checked and erased like any other. All are
written beside the old ones first: if one fails, every file stays as it was.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg
import yaml
from psycopg import sql

from operations.files import LANDING as NAME
from operations.files import sql_text, why_unreadable
from operations.machine import memory_limit, threads
from operations.mapping.reading import read_yaml
from operations.places import PROJECT, PROJECT_FOLDER, SHOP
from operations.postgres_server import NotConnectedError, connect
from operations.privacy import encryption

# Per kind of connection, the words that it needs, those that it may have, and what a file is asked by.
KINDS = {
    "postgres": ({"url_in"}, set(), {"table", "query"}),
    "duckdb": ({"file"}, set(), {"table", "query"}),
    "s3": (set(), {"endpoint", "region"}, {"path"}),
}
# What the keys of a bucket are called, in the environment and in DuckDB; without them it is read as anybody may.
KEYS_OF_S3 = {"AWS_ACCESS_KEY_ID": "key_id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session_token"}
# One instant for all tables of a server, and texts that are read the same everywhere.
AS_OF_NOW = """
    set transaction isolation level repeatable read read only;
    set local datestyle = 'ISO, YMD';
    set local timezone = 'UTC';
    set local intervalstyle = 'iso_8601'
"""


class NotLandedError(Exception):
    """No file was changed; one sentence says why."""


@dataclass(frozen=True)
class Landed:
    """What becomes one file.

    Parameters
    ----------
    name : str
        Of the file, without an ending.
    connection : str
        Where it comes from.
    asked : str
        SQL: what is selected.
    """

    name: str
    connection: str
    asked: str


@dataclass(frozen=True)
class Landing:
    """What landing.yml says.

    Parameters
    ----------
    folder : Path
        Of the shop.
    connections : dict of str to dict
        Words of each connection, by its name.
    files : list of Landed
        In the order of the file.
    """

    folder: Path
    connections: dict[str, dict[str, str]]
    files: list[Landed]


def landing_in(folder: Path) -> Landing:
    """Return what the landing.yml of a folder says.

    Raises
    ------
    NotLandedError
        Where there is none, or it cannot be followed.
    """
    file = folder / NAME
    if found := why_unreadable(file, may_be_empty=False):
        raise NotLandedError(f"File {file}: expected one that says what to copy from where, found {found}.")
    try:
        content = read_yaml(file.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeError) as error:
        cause = " ".join(str(error).split())
        raise NotLandedError(f"File {file}: expected YAML, found an error: {cause}.") from None
    told = _words(content, f"File {file}", {"connections", "files"})
    connections = {
        name: _connection(words, f"File {file}, connections.{name}")
        for name, words in _words(told["connections"], f"File {file}, connections").items()
    }
    files = [
        _landed(name, words, connections, f"File {file}, files.{name}")
        for name, words in _words(told["files"], f"File {file}, files").items()
    ]
    return Landing(folder, connections, files)


def _words(found: Any, place: str, needed: set[str] | None = None, allowed: set[str] | None = None) -> dict[str, Any]:
    """Return a mapping of YAML that has the words needed, and none beside them but those allowed."""
    if not isinstance(found, dict) or not found:
        # what stands there may be a URL with a password
        shape = "a text" if isinstance(found, str) else "a list" if isinstance(found, list) else "nothing"
        raise NotLandedError(f"{place}: expected names with what they mean, found {shape}.")
    if needed is not None:
        for name in sorted(needed - found.keys()):
            raise NotLandedError(f"{place}: expected {name}, found {', '.join(map(str, found))}.")
        for name in sorted(found.keys() - needed - (allowed or set())):
            known = ", ".join(sorted(needed | (allowed or set())))
            raise NotLandedError(f"{place}: expected only {known}, found {name}.")
    return {str(name): words for name, words in found.items()}


def _connection(found: Any, place: str) -> dict[str, str]:
    kind = _words(found, place).get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise NotLandedError(f"{place}.kind: expected {', '.join(KINDS)}, found another word.")
    needed, allowed, _ = KINDS[kind]
    words = _words(found, place, {"kind", *needed}, allowed)
    for name, value in words.items():
        if not isinstance(value, str) or not value.strip():
            raise NotLandedError(f"{place}.{name}: expected a text, found {value or 'nothing'}.")
    if "url_in" in words and not re.fullmatch(r"[A-Za-z_]\w*", words["url_in"]):
        # most likely the URL itself, with a password
        raise NotLandedError(f"{place}.url_in: expected the name of an environment variable that holds the URL.")
    return words


def _landed(name: str, found: Any, connections: dict[str, dict[str, str]], place: str) -> Landed:
    if not re.fullmatch(r"[A-Za-z0-9_][\w-]*", name):
        raise NotLandedError(f"{place}: expected the name of a file of letters, digits, - and _, without an ending.")
    origin = _words(found, place).get("from")
    if not isinstance(origin, str) or origin not in connections:
        raise NotLandedError(f"{place}.from: expected one of {', '.join(connections)}, found another word.")
    ways = KINDS[connections[origin]["kind"]][2]
    given = [way for way in sorted(ways) if way in found]
    if len(given) != 1:
        raise NotLandedError(
            f"{place}: expected {' or '.join(sorted(ways))}, found {' and '.join(given) or 'neither'}."
        )
    _words(found, place, {"from", *given})
    text = found[given[0]]
    if not isinstance(text, str) or not text.strip():
        raise NotLandedError(f"{place}.{given[0]}: expected a text, found {text or 'nothing'}.")
    if given == ["path"]:
        if not re.fullmatch(r"s3://.+\.parquet", text):
            raise NotLandedError(f"{place}.path: expected s3://bucket/name.parquet, * for any name, found {text}.")
        return Landed(name, origin, f"select * from read_parquet({sql_text(text)}, union_by_name = true)")
    if given == ["table"]:
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in text.split("."))
        return Landed(name, origin, f"select * from {quoted}")
    return Landed(name, origin, text.strip().rstrip(";").rstrip())


def land(landing: Landing) -> Iterator[str]:
    """Copy all tables; yield a line for each, and put the files in place after the last.

    Raises
    ------
    NotLandedError
        Where one cannot be had; then no file has changed.
    """
    with ExitStack() as stack:
        opened = {name: stack.enter_context(_opened(name, words)) for name, words in landing.connections.items()}
        written: dict[Path, Path] = {}
        for each in landing.files:
            connection = opened[each.connection]
            is_server = isinstance(connection, psycopg.Connection)
            file = landing.folder / f"{each.name}.{'csv' if is_server else 'parquet'}"
            _require_alone(file)
            making = file.with_name(f".{file.name}.new")
            stack.callback(making.unlink, missing_ok=True)
            begun = time.monotonic()
            try:
                rows = (_copy_from_server if is_server else _copy_relation)(connection, each.asked, making)
            except (psycopg.Error, duckdb.Error) as error:
                raise NotLandedError(f"{NAME}, files.{each.name}, from {each.connection}: {_cause(error)}.") from None
            written[making] = file
            size, seconds = making.stat().st_size / 1e6, time.monotonic() - begun
            yield f"{file.name}: {rows:,} rows, {size:,.1f} MB, {seconds:.1f} s"
        for making, file in written.items():
            making.replace(file)


def _require_alone(file: Path) -> None:
    """Refuse to write a file beside one that the same table would be read from as well."""
    for other in file.parent.glob(f"{file.stem}*"):
        if other != file and other.name.split(".")[0] == file.stem:
            raise NotLandedError(f"{other} would be read beside {file.name}, which is copied: move it away.")


@contextmanager
def _opened(name: str, words: dict[str, str]) -> Iterator[psycopg.Connection | duckdb.DuckDBPyConnection]:
    """Open a connection; it cannot write."""
    try:
        if words["kind"] == "postgres":
            url = os.environ.get(words["url_in"], "")
            if not url:
                raise NotLandedError(f"{NAME}, connections.{name}: the environment has no {words['url_in']}.")
            with connect(url, words["url_in"], "precision_marketing") as server:
                server.execute(AS_OF_NOW)
                yield server
            return
        with encryption.connect(threads=threads(), memory_limit=memory_limit()) as connection:
            if words["kind"] == "duckdb":
                if found := why_unreadable(PROJECT_FOLDER / words["file"], may_be_empty=False):
                    raise NotLandedError(f"{NAME}, connections.{name}.file: expected a database, found {found}.")
                connection.execute(f"attach {sql_text(PROJECT_FOLDER / words['file'])} as landed (read_only)")
                connection.execute("use landed")
            else:
                connection.execute(_secret(words))
            yield connection
    except (NotConnectedError, psycopg.Error, duckdb.Error) as error:
        raise NotLandedError(f"{NAME}, connections.{name}: {_cause(error)}.") from None


def _cause(error: Exception) -> str:
    """Return what an engine says first, without the kind of its error."""
    return re.sub(r"^\w[\w ]* Error: ", "", str(error).strip().split("\n")[0]).rstrip(".")


def _secret(words: dict[str, str]) -> str:
    """Return SQL that tells DuckDB how to reach a bucket."""
    told = {name: os.environ[variable] for variable, name in KEYS_OF_S3.items() if os.environ.get(variable)}
    if "region" in words:
        told["region"] = words["region"]
    settings = [f"{name} {sql_text(value)}" for name, value in told.items()]
    if "endpoint" in words:
        place = urlsplit(words["endpoint"] if "//" in words["endpoint"] else f"https://{words['endpoint']}")
        settings += [
            f"endpoint {sql_text(place.netloc)}",
            "url_style 'path'",
            f"use_ssl {str(place.scheme == 'https').lower()}",
        ]
    return f"create secret bucket (type s3{''.join(f', {each}' for each in settings)})"


def _copy_from_server(server: psycopg.Connection, asked: str, file: Path) -> int:
    """Stream what a server selects into CSV, each value as the server writes it; return how many rows."""
    with server.cursor() as cursor, os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to:
        statement = sql.SQL("copy ({}\n) to stdout (format csv, header, encoding 'utf8')")
        with cursor.copy(statement.format(sql.SQL(asked))) as copy:  # type: ignore[arg-type]
            for block in copy:
                to.write(block)
        return cursor.rowcount


def _copy_relation(connection: duckdb.DuckDBPyConnection, asked: str, file: Path) -> int:
    """Stream what DuckDB selects into Parquet; return how many rows."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    # into that file itself, which nobody else may read
    options = "format parquet, compression zstd, use_tmp_file false"
    row = connection.execute(f"copy ({asked}\n) to {sql_text(file)} ({options})").fetchone()
    return int(row[0]) if row else 0


def main() -> str | None:
    """Copy what the shop's landing.yml says; return a sentence when nothing was."""
    place = os.environ.get("SHOP_DIR") or PROJECT["vars"]["shops"].get(SHOP, {}).get("folder")
    if not place:
        return f"Nothing was copied: shop {SHOP} has no folder of files. Name it: make land SHOP_DIR=folder"
    try:
        landing = landing_in(PROJECT_FOLDER / place)
        for line in land(landing):
            sys.stdout.write(f"  {line}\n")
            sys.stdout.flush()
    except NotLandedError as error:
        return f"Nothing was copied: {error}"
    except OSError as error:
        return f"Not all was copied: {error.filename or place}: {error.strerror}."
    sys.stdout.write(f"{len(landing.files)} files are in {place}. Next: make check-data\n")
    return None


if __name__ == "__main__":
    sys.exit(main())

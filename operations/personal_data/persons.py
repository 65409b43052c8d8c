"""Who is asked about: how tables name them, and how logs are blackened."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import duckdb

# Columns that name a user, in our tables and in files of shops.
USER_COLUMNS = {"user_id", "other_user_id", "source_user_id", "customer id", "customerid"}
# Shorter texts stand in files for anything.
LEAST_MASKED = 7


class UnreadableError(Exception):
    """Whose rows of a file are whose cannot be told; one sentence says where."""


@dataclass(frozen=True)
class Person:
    """A user as the vault has them.

    `user_id_in_force` is another pseudonym where keys were rotated since the last build:
    then the ledger and the seeds have it already.
    """

    user_id: str
    source_user_id: str
    email: str | None = None
    phone: str | None = None
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    street_address: str | None = None
    push_token: str | None = None
    user_id_in_force: str | None = None

    @property
    def file_name(self) -> str:
        """Return what their file is called: tells nothing, but is found again."""
        return hashlib.sha256(self.user_id.encode()).hexdigest()[:16]

    def texts(self) -> list[str]:
        """Return all that says who they are."""
        return [text for text in astuple(self) if text]

    def names(self) -> set[str]:
        """Return the id of the source and the pseudonyms."""
        return {self.user_id, self.source_user_id, self.user_id_in_force or self.user_id}


def persons_named(cursor: duckdb.DuckDBPyConnection, name: str) -> list[Person]:
    """Return whom the vault knows by an id of the source, a pseudonym or an e-mail address."""
    found = cursor.execute(
        "select * from vault.people where $1 in (user_id, source_user_id) or email = lower($1)", [name]
    )
    # a vault of an earlier release has fewer columns
    columns = [column for column, *_ in found.description]
    known = {field.name for field in fields(Person)}
    return [
        Person(**{column: value for column, value in zip(columns, row, strict=True) if column in known})
        for row in found.fetchall()
    ]


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
    return {name for person in persons for name in person.names()}


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

"""Gathers everything that is held on one user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from operations.personal_data.databases import note_lines, tables_of
from operations.personal_data.erasing import (
    Person,
    UnreadableError,
    is_users,
    is_users_in,
    names_of,
    note_names,
    parquet_rows,
    records,
    text_of,
    unscrambled,
)


def held_on(person: Person, cursor: duckdb.DuckDBPyConnection, database: str) -> dict[str, list]:
    """Return all rows of the vault and the database about a user, by table."""
    note_names(cursor, [person])
    held = {}
    for name in ("vault", database):
        tables = tables_of(cursor, name)
        note_lines(cursor, name, tables)
        for (schema, table), columns in tables.items():
            place = f'"{name}"."{schema}"."{table}"'
            if found := rows(cursor, f"{place} where {is_users(columns)}"):
                prefix = "vault" if name == "vault" else schema
                held[f"{prefix}.{table}"] = found
    return held


def held_in_files(person: Person, cursor: duckdb.DuckDBPyConnection, folder: Path | None) -> dict[str, list]:
    """Return all rows about a user in the CSV and Parquet files of a folder."""
    held = {}
    for file in sorted(folder.rglob("*")) if folder and folder.is_dir() else []:
        found = []
        if file.suffix == ".parquet":
            relation = parquet_rows(file)
            theirs = is_users_in(cursor, relation, [person])
            found = rows(cursor, f"{relation} where {theirs}")
        elif file.suffix == ".csv":
            found = csv_rows(file, person)
        if found:
            held[str(file.relative_to(folder))] = found
    return held


def rows(cursor: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    return [
        json.loads(text)
        for (text,) in cursor.execute(f"select to_json(held) from (from {relation}) as held").fetchall()
    ]


def csv_rows(file: Path, person: Person) -> list[dict[str, str]]:
    """Return the records of a CSV file about a user."""
    text, _, _ = text_of(file.read_bytes())
    header: list[str] = []
    found = []
    try:
        for fields, _, is_theirs in records(text, [person]):
            header = header or fields
            if is_theirs:
                told = map(unscrambled, fields)
                found.append(dict(zip(map(unscrambled, header), told, strict=False)))
    except UnreadableError as error:
        if any(name in unscrambled(text) for name in names_of([person])):
            raise UnreadableError(f"{file}, {error}. Mend the file first: it may name the user.") from None
    return found

"""Gathers everything that is held on one user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from operations.encodings import know_encodings
from operations.mapping.persons import mapped_rows
from operations.personal_data.databases import note_lines, tables_of
from operations.personal_data.persons import Person, is_users, note_names
from operations.personal_data.user_files import Reading, files_below, relation_of_users, rows_of_users
from operations.privacy.encryption import connect
from operations.shop_files import FILE, ROW, layout_of, relation


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


def held_in_files(persons: list[Person], folder: Path | None, reading: Reading) -> dict[str, list[dict[str, Any]]]:
    """Return all rows about users in the CSV and Parquet files of a folder, by file."""
    held = {}
    mapped = mapped_rows(folder, persons, reading)
    for file in files_below(folder):
        if file in mapped:
            with know_encodings(connect(threads=1, memory_limit="1GB")) as connection:
                scan = relation([str(file)], layout_of(str(file), reading.encoding))
                numbers = ", ".join(map(str, mapped[file]))
                theirs = f"(select * exclude ({FILE}, {ROW}) from {scan} where {ROW} in ({numbers}))"
                held[str(file.relative_to(folder))] = rows(connection, theirs)
        elif rows_of_users(file, persons, reading):
            with connect(threads=1, memory_limit="1GB") as connection:
                theirs = relation_of_users(connection, file, persons, reading)
                held[str(file.relative_to(folder))] = rows(connection, theirs)
    return held


def rows(cursor: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    return [
        json.loads(text)
        for (text,) in cursor.execute(f"select to_json(held) from (from {relation}) as held").fetchall()
    ]

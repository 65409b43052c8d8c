"""Gathers everything that is held on one user."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import duckdb
from personal_data.erasing import (
    USER_COLUMNS,
    Person,
    is_users,
    is_users_raw,
    names_of,
    note_lines,
    note_names,
    tables_of,
)
from personal_data.erasing import records as csv_records


def held_on(
    person: Person,
    cursor: duckdb.DuckDBPyConnection,
    database: str,
    raw_folder: str | None,
) -> dict[str, Any]:
    """Return all rows of the vault, the database and the shop's files about a user."""
    note_names(cursor, [person])
    held: dict[str, Any] = {"tables": {}, "raw_files": {}}
    for name in ("vault", database):
        tables = tables_of(cursor, name)
        note_lines(cursor, name, tables)
        for (schema, table), columns in tables.items():
            place = f'"{name}"."{schema}"."{table}"'
            if found := rows(cursor, f"{place} where {is_users(columns)}"):
                prefix = "vault" if name == "vault" else schema
                held["tables"][f"{prefix}.{table}"] = found
    folder = Path(raw_folder) if raw_folder else None
    for file in sorted(folder.rglob("*")) if folder and folder.is_dir() else []:
        found = []
        if file.suffix == ".parquet":
            relation = f"read_parquet('{file}', hive_partitioning = false)"
            columns = {
                name: kind
                for name, kind, *_ in cursor.execute(
                    f"describe from {relation}"
                ).fetchall()
            }
            if USER_COLUMNS & set(map(str.lower, columns)):
                found = rows(cursor, f"{relation} where {is_users_raw(columns)}")
        elif file.suffix == ".csv":
            found = csv_rows(file, names_of([person]))
        if found:
            held["raw_files"][str(file.relative_to(folder))] = found
    return held


def rows(cursor: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    return [
        json.loads(text)
        for (text,) in cursor.execute(
            f"select to_json(held) from (from {relation}) as held"
        ).fetchall()
    ]


def csv_rows(file: Path, names: set[str]) -> list[dict[str, str]]:
    """Return the records of a CSV file that name a user in any field."""
    content = file.read_bytes()
    is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = content.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")
    lines = list(io.StringIO(text, newline=""))
    delimiter = max(",;\t|", key=(lines or [""])[0].count)
    header: list[str] = []
    found = []
    for fields, _ in csv_records(lines, delimiter):
        if not header:
            header = fields
        elif names & {field.strip().removesuffix(".0") for field in fields}:
            found.append(dict(zip(header, fields, strict=False)))
    return found

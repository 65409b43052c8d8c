"""Keeps launched decisions in Parquet files beside the database: the ledger outlives it.

The folder `<database>.ledger` has a file per build that launched, `<generation>-<number>-
<checksum>.parquet`, never altered. Erasure and rotation write all of it anew as the next
generation; only the highest counts. The database notes in `builds.ledger_files` which
files it holds the rows of: what is missing there is restored, what is missing here kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import duckdb

from operations.files import checksum, sql_pattern, sql_text

LEDGER = "campaigns.decision_ledger"
# In the same folder: the campaigns of which contacts were exported (operations/launch).
EXPORTED = "exported.json"
HELD = "builds.ledger_files"
# Of the checksum in a name.
DIGITS = 16
NAME = re.compile(rf"(\d{{4}})-(\d{{6}})-([0-9a-f]{{{DIGITS}}})\.parquet")


class LedgerError(Exception):
    """The files cannot stand for the ledger; one sentence says why."""


class LedgerFile(NamedTuple):
    """A file of the ledger: its name says all of this."""

    path: Path
    generation: int
    number: int
    checksum: str

    @property
    def is_whole(self) -> bool:
        """Whether it holds what was written."""
        return checksum(self.path)[:DIGITS] == self.checksum


def ledger_of(warehouse: str | Path) -> Path:
    """Return the folder of the ledger beside a database."""
    return Path(warehouse).with_suffix(".ledger")


def ledger_files(folder: Path) -> list[LedgerFile]:
    """Return the files of the highest generation, in their order."""
    if folder.exists() and not folder.is_dir():
        raise LedgerError(f"{folder} is no folder, though the ledger's files belong there. Move it away.")
    found = [file for path in folder.glob("*.parquet") if (file := _named(path))]
    last = max((file.generation for file in found), default=0)
    return sorted((file for file in found if file.generation == last), key=lambda file: file.number)


def stamp_of_ledger(warehouse: Path) -> str | None:
    """Return the fingerprint of the key by which a ledger's files name users; None where none is whole."""
    last = next((file for file in reversed(ledger_files(ledger_of(warehouse))) if file.is_whole), None)
    if not last:
        return None
    with duckdb.connect() as connection:
        return _stamp_of(connection, last)


def restore_ledger(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, key: str | None, former_key: str | None = None
) -> int:
    """Give a database the launched decisions that only the files have.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To the database.
    warehouse : Path
        Its file.
    key : str or None
        Fingerprint of the pseudonym key in force; None where the files may have any.
    former_key : str or None
        Another that they may have.

    Returns
    -------
    int
        Number of decisions restored.

    Raises
    ------
    LedgerError
        Where a file is missing, damaged or of another key. Nothing is changed.
    """
    files, held = ledger_files(ledger_of(warehouse)), held_files(connection)
    known = _generation(held)
    if not files or files[-1].generation < known:
        return 0
    missing = [file for file in files if file.path.name not in held]
    if not missing:
        return 0
    _refuse_unfit(connection, files, missing, [key, former_key] if key else [])
    connection.begin()
    rows = _rows_of(files)
    if not _has_table(connection, LEDGER):
        connection.execute(f"create schema if not exists {LEDGER.split('.')[0]}")
        connection.execute(f"create table {LEDGER} as select * from {rows} limit 0")
    for name, kind, *_ in connection.execute(f"describe from {rows}").fetchall():
        connection.execute(f'alter table {LEDGER} add column if not exists "{name}" {kind}')
    if files[-1].generation > max(known, 1):
        # erasure or rotation was stopped before the database had its part, or the database is an old copy
        connection.execute(f"delete from {LEDGER}")
    count = connection.execute(
        f"insert into {LEDGER} by name select * from {rows} where decision_id not in (select decision_id from {LEDGER})"
    ).fetchall()[0][0]
    # the files may be older than the columns of today
    connection.execute("drop table if exists builds.ledger_migrations")
    _note(connection, files)
    connection.commit()
    return count


def keep_ledger(connection: duckdb.DuckDBPyConnection, warehouse: Path, key: str) -> str:
    """Write the decisions of whole builds that the files lack.

    Returns
    -------
    str
        A sentence, where files that the database knows had to be written anew.
    """
    if not _has_table(connection, LEDGER):
        return ""
    folder = ledger_of(warehouse)
    files, held = ledger_files(folder), held_files(connection)
    if held - {file.path.name for file in files if file.is_whole}:
        write_generation(connection, warehouse, key)
        return f"Files of {folder} were missing or damaged: they are written anew from the database."
    for path in folder.glob("*"):
        # what a killed command left; a former generation may name who is forgotten
        if path not in {file.path for file in files} and path.name != EXPORTED:
            path.unlink()
    kept = _rows_of(files) if files else f"(from {LEDGER} limit 0)"
    new = f"(from {_launched(connection)} as launched anti join {kept} as kept using (decision_id))"
    if connection.execute(f"select 1 from {new} limit 1").fetchall():
        generation = max(_generation(held), *(file.generation for file in files), 1)
        _write(connection, folder, new, (generation, len(files) + 1), key)
        _note(connection, ledger_files(folder))
    return ""


def write_generation(connection: duckdb.DuckDBPyConnection, warehouse: Path, key: str) -> None:
    """Write the whole ledger of a database as the next generation, and drop what was before."""
    if not _has_table(connection, LEDGER):
        return
    folder = ledger_of(warehouse)
    before = [*folder.glob("*.parquet")]
    if not before and not connection.execute(f"select 1 from {LEDGER} limit 1").fetchall():
        return
    generation = max(_generation(held_files(connection)), *(file.generation for file in ledger_files(folder)), 0) + 1
    _write(connection, folder, _launched(connection), (generation, 1), key)
    _note(connection, ledger_files(folder))
    for path in before:
        path.unlink()


def _named(path: Path) -> LedgerFile | None:
    named = NAME.fullmatch(path.name)
    return LedgerFile(path, int(named[1]), int(named[2]), named[3]) if named else None


def _generation(names: set[str]) -> int:
    return max((int(name[:4]) for name in names), default=0)


def _launched(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the decisions that no build takes back: a launch is final once its build is whole."""
    if not _has_table(connection, "builds.runs") or "build_id" not in connection.table(LEDGER).columns:
        return LEDGER
    not_whole = "select build_id from builds.runs where whole_at is null"
    return f"(select * from {LEDGER} where build_id is null or build_id not in ({not_whole}))"


def _has_table(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_tables() where database_name = current_database()"
            " and schema_name || '.' || table_name = $1",
            [table],
        ).fetchall()
    )


def held_files(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the files whose rows a database has."""
    if not _has_table(connection, HELD):
        return set()
    return {name for (name,) in connection.execute(f"select file_name from {HELD}").fetchall()}


def _note(connection: duckdb.DuckDBPyConnection, files: list[LedgerFile]) -> None:
    connection.execute("create schema if not exists builds")
    names = [file.path.name for file in files]
    connection.execute(f"create or replace table {HELD} as select unnest($1::text[]) as file_name", [names])


def _rows_of(files: list[LedgerFile]) -> str:
    paths = ", ".join(sql_pattern(file.path) for file in files)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"


def _refuse_unfit(
    connection: duckdb.DuckDBPyConnection, files: list[LedgerFile], missing: list[LedgerFile], keys: list[str | None]
) -> None:
    folder = files[0].path.parent
    for expected, file in enumerate(files, 1):
        if file.number != expected:
            raise LedgerError(f"file {expected} of the ledger {folder} is missing. Put the folder back from a backup.")
    for file in missing:
        if not file.is_whole:
            raise LedgerError(f"{file.path} is damaged. Put the folder {folder} back from a backup.")
        if keys and (found := _stamp_of(connection, file)) not in keys:
            raise LedgerError(
                f"the ledger {folder} was written with a pseudonym key of fingerprint {found}, the key of now is"
                f" {keys[0]}. Put the key of then back into .secrets/pseudonym.key; where a rotation was stopped, or"
                " the shop was renamed, run make rotate-pseudonyms."
            )


def _stamp_of(connection: duckdb.DuckDBPyConnection, file: LedgerFile) -> str:
    told = connection.execute(
        f"select decode(value) from parquet_kv_metadata({sql_pattern(file.path)}) where decode(key) = 'pseudonym_key'"
    ).fetchall()
    return told[0][0] if told else "unknown"


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, rows: str, place: tuple[int, int], key: str) -> None:
    """Write rows as a file of a generation: whole, or not at all."""
    folder.mkdir(exist_ok=True)
    writing = folder / ".new"
    connection.execute(
        f"copy (select * from {rows} order by campaign_id, user_id, revision_number) to {sql_text(writing)}"
        f" (format parquet, compression zstd, kv_metadata {{pseudonym_key: {sql_text(key)}}})"
    )
    with writing.open("rb") as written:
        os.fsync(written.fileno())
    writing.replace(folder / f"{place[0]:04d}-{place[1]:06d}-{checksum(writing)[:DIGITS]}.parquet")

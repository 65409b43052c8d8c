"""A copy of the database to decide in: it is thrown away, or becomes the database.

A launch is whole with one rename. Whatever stops it before then leaves the database, the
ledger and its files as they were; what a killed command left is removed by the next one, and
by `forget_user`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from operations.build.ledger import ledger_files, ledger_of
from operations.build.wholeness import why_not_whole
from operations.files import sql_text
from operations.privacy.vault import vault_of


class RefusedError(Exception):
    """Nothing was changed; one sentence says why."""


def copy_of(warehouse: str | Path) -> Path:
    """Return the folder of the copy beside a database."""
    return Path(warehouse).with_suffix(".copy")


@contextmanager
def copied(warehouse: Path) -> Iterator[Path]:
    """Copy a whole database with vault and ledger; keep its writers away meanwhile.

    Yields
    ------
    Path
        The copy, which is gone afterwards unless `put_into_service` took it.

    Raises
    ------
    RefusedError
        Where a build is at work, or the last one was not whole.
    """
    folder = copy_of(warehouse)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        # moves what a killed command left in its log into the file, which is copied alone
        duckdb.connect(str(warehouse)).close()
        # whoever reads keeps writers away
        with duckdb.connect() as reading:
            reading.execute(f"attach {sql_text(warehouse)} as warehouse (read_only)")
            if reason := why_not_whole(reading, "warehouse"):
                raise RefusedError(reason)
            folder.mkdir(mode=0o700)
            copy = folder / warehouse.name
            for file in (warehouse, vault_of(warehouse)):
                if file.exists():
                    shutil.copy(file, folder / file.name)
            shutil.copytree(ledger_of(warehouse), ledger_of(copy))
            yield copy
    except duckdb.IOException as error:
        raise RefusedError(f"cannot open {warehouse}. {str(error).splitlines()[0]}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_into_service(copy: Path, warehouse: Path) -> None:
    """Let the copy be the database, in one step; then add its new files of the ledger."""
    with copy.open("rb") as written:
        os.fsync(written.fileno())
    copy.replace(warehouse)
    kept = ledger_of(warehouse)
    for file in ledger_files(ledger_of(copy)):
        if not (kept / file.path.name).exists():
            # a database whose files are missing writes them anew
            shutil.copy(file.path, kept / ".new")
            (kept / ".new").replace(kept / file.path.name)

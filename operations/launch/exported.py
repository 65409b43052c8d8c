"""Remembers the campaigns of which contacts were exported: their launch cannot be undone.

The ledger's folder holds `exported.json`, per campaign the instant of its first export. An
export writes it before any file of contacts, so a killed one counts, too.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from operations.build.ledger import EXPORTED, LedgerError, ledger_of


@contextmanager
def held(warehouse: Path) -> Iterator[None]:
    """Keep other launches, undoings and exports of a shop away; a process that ends lets go.

    Raises
    ------
    LedgerError
        Where another one is at work, or there is no database.
    """
    if not warehouse.exists():
        raise LedgerError(f"there is no {warehouse}. Run make build first.")
    folder = ledger_of(warehouse)
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise LedgerError(
            "another check, launch or export of this shop is at work. Call it again after that."
        ) from None
    finally:
        os.close(descriptor)


def exported_campaigns(warehouse: Path) -> dict[str, str]:
    """Return when contacts of each campaign were first exported, by campaign."""
    file = ledger_of(warehouse) / EXPORTED
    try:
        return json.loads(file.read_text()) if file.exists() else {}
    except ValueError:
        raise LedgerError(f"{file} is damaged. Put it back from a backup.") from None


def note_exported(warehouse: Path, campaigns: Iterable[str]) -> None:
    """Note that contacts of campaigns are about to be exported."""
    before = exported_campaigns(warehouse)
    noted = dict.fromkeys(campaigns, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")) | before
    if noted == before:
        return
    file = ledger_of(warehouse) / EXPORTED
    writing = file.with_name(".exported.new")
    with writing.open("w") as written:
        json.dump(noted, written, indent=0, ensure_ascii=False)
        written.flush()
        os.fsync(written.fileno())
    writing.replace(file)

"""Receipts of erasure, which add up over calls that were killed.

A copy of a file less the users' rows is renamed into its place. What is about to be
renamed is written into the receipt before: if the copy is gone, the rows are, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations.personal_data.persons import write_private


@dataclass(frozen=True)
class Removal:
    """Rows that go when copies are renamed into place.

    Parameters
    ----------
    kind : str
        What the receipt calls the kind of place.
    counts : dict of str to int
        Rows, by file or table.
    copies : list of (Path, Path)
        Copies and the files that they replace; the first lacks the rows.
    """

    kind: str
    counts: dict[str, int]
    copies: list[tuple[Path, Path]]


@dataclass
class Receipt:
    """What one call has removed so far.

    Parameters
    ----------
    file : Path
        Where it is kept.
    content : dict
        What it states; `pending` holds the renaming under way, until it is finished.
    """

    file: Path
    content: dict[str, Any]

    @classmethod
    def begin(cls, folder: Path, **content: Any) -> Receipt:
        """Begin another."""
        return cls(folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json", {**content, "pending": []})

    def replace(self, *removals: Removal) -> None:
        """Rename copies into place."""
        self.content["pending"] = [
            {
                "kind": each.kind,
                "counts": each.counts,
                "copies": [[str(copy.resolve()), str(file.resolve())] for copy, file in each.copies],
            }
            for each in removals
        ]
        self._write()
        self.rename()

    def rename(self, *, is_first_try: bool = True) -> None:
        """Do, or finish, what is pending; what a killed call had not begun is dropped."""
        for removal in self.content["pending"]:
            (first, _), *_ = copies = [(Path(copy), Path(file)) for copy, file in removal["copies"]]
            is_done = is_first_try or not first.exists()
            for copy, file in copies:
                if copy.exists():
                    copy.replace(file) if is_done else copy.unlink()
            if is_done:
                self.content.setdefault(removal["kind"], {}).update(removal["counts"])
        self.content["pending"] = []

    def note(self, kind: str, counts: dict[str, int] | int) -> None:
        """State what went otherwise."""
        self.content[kind] = counts
        self._write()

    def finish(self, **notes: Any) -> None:
        """State that nothing is under way any more."""
        del self.content["pending"]
        self.content |= notes
        self._write()

    def _write(self) -> None:
        write_private(self.file, json.dumps(self.content, indent=1))


def settle(folder: Path) -> None:
    """Finish the receipts of calls that were killed, so that each row is told of once."""
    for file in sorted(folder.glob("*.json")):
        receipt = Receipt(file, json.loads(file.read_text(encoding="utf-8")))
        if "pending" in receipt.content:
            receipt.rename(is_first_try=False)
            receipt.finish(interrupted=True)

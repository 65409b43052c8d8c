"""Removes what killed commands left beside a shop's files, and looks into what others left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from operations.files import why_unreadable
from operations.launch.database_copy import copy_of
from operations.personal_data.persons import Person, UnreadableError, names_of
from operations.personal_data.user_files import WRITING
from operations.publish.versions import leftovers, remove

# How programs call a file that they have not finished, or have replaced; some hide it.
UNFINISHED = (".tmp", ".new", ".part", ".partial", ".crdownload", ".bak", ".swp", "~")
CHUNK = 1 << 20
LONGEST_NAME = 4096


def remove_leftovers(
    folders: Iterable[Path], our_folders: Iterable[Path], published_file: Path, databases: Iterable[Path]
) -> None:
    """Remove copies that killed commands of ours left, half written or whole."""
    # a publish that was killed left half a copy, which nobody can read
    left = leftovers(published_file)
    for folder in folders:
        left += folder.rglob(f".*{WRITING}")
    for folder in our_folders:
        left += folder.rglob("*.new")
    for database in databases:
        left += [Path(f"{database}.new"), Path(f"{database}.new.wal"), copy_of(database)]
    for path in left:
        remove(path)


def refuse_unfinished(folder: Path | None, persons: list[Person]) -> None:
    """Stop where a file that is being delivered, or was left, names a user.

    Raises
    ------
    UnreadableError
        Naming the file, before anything is changed.
    """
    texts = names_of(persons) | {person.email for person in persons if person.email}
    words = b"|".join(re.escape(text.encode()) for text in sorted(texts, key=len, reverse=True))
    pattern = re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])", re.IGNORECASE)
    for file in sorted(folder.rglob("*")) if folder and folder.is_dir() else []:
        is_unfinished = file.name.endswith(UNFINISHED) or file.name.startswith(".")
        is_searched = (
            is_unfinished and not file.name.endswith(WRITING) and not file.is_symlink() and not why_unreadable(file)
        )
        if is_searched and _holds(file, pattern):
            raise UnreadableError(
                f"File {file}: a user is named in what looks unfinished or left over. Let its delivery end, or remove"
                " the file."
            )


def _holds(file: Path, pattern: re.Pattern[bytes]) -> bool:
    before = b""
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            if pattern.search(before + chunk):
                return True
            before = chunk[-LONGEST_NAME:]
    return False

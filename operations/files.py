"""Tells files that can be read from what only stands in their place."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

# Beside a shop's files, what says where they come from (operations/landing.py).
LANDING = "landing.yml"
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def why_unreadable(path: str | Path, *, may_be_empty: bool = True) -> str | None:
    """Return what stands in a file's place, in words; None for a file that can be read.

    Opening a named pipe would wait for ever, so nothing is opened.
    """
    try:
        state = Path(path).stat()
    except FileNotFoundError:
        return "a link to nothing" if Path(path).is_symlink() else "nothing"
    except OSError as error:
        return f"what cannot be read ({error.strerror})"
    if not stat.S_ISREG(state.st_mode):
        return KINDS.get(stat.S_IFMT(state.st_mode), "no file")
    if not os.access(path, os.R_OK):
        return f"one that may not be read (mode {stat.S_IMODE(state.st_mode):03o})"
    return None if state.st_size or may_be_empty else "an empty one"


def require_file(path: str | Path) -> None:
    """Raise an OSError that says what stands in a file's place, unless it can be read."""
    if found := why_unreadable(path, may_be_empty=False):
        raise OSError(f"{path}: expected a file, found {found}")


def found_instead(path: str) -> str:
    """Return what stands in a file's place, for SQL: no text where it is a file with content."""
    return why_unreadable(path, may_be_empty=False) or ""


def sql_text(text: str | Path) -> str:
    """Return a text or a path as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"


def sql_pattern(path: str | Path) -> str:
    """Return a path as SQL writes the pattern that only it matches."""
    return sql_text(re.sub(r"([*?[])", r"[\1]", str(path)))


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()

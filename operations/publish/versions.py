"""Versions of a publication: whole folders, one of which is current.

    published/<shop>.duckdb        -> <shop>/current/<shop>.duckdb
    published/<shop>/current       -> 000007
    published/<shop>/000007/       <shop>.duckdb and <schema>/<table>.parquet
    published/<shop>/.000008/      being written, or left by a run that was killed

The link `current` is the only switch: one rename changes what both formats show.
Versions are numbered, for a clock may go back.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Versions that stay beside the current, for readers of their files.
FORMER_KEPT = 2
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.1


class NotPublishedError(Exception):
    """Why nothing was published, in one sentence."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one publish at a time write into a folder; a process that ends lets go."""
    descriptor = os.open(folder, os.O_RDONLY)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NotPublishedError(f"another publish has written into {folder} for long.") from None
                time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def versions_of(file: Path) -> list[Path]:
    """Return the folders of all versions beside a published file, the newest last.

    Versions of earlier releases are named by the clock, and older than numbered ones.
    """
    folder = file.with_suffix("")
    if not folder.is_dir():
        return []
    found = [each for each in folder.iterdir() if each.name[0] != "." and each.is_dir() and not each.is_symlink()]
    return sorted(found, key=lambda each: (number_of(each), each.name))


def number_of(version: Path) -> int:
    """Return the sequence number of a version, 0 where it is named otherwise."""
    return int(version.name) if version.name.isdecimal() else 0


def database_files(file: Path) -> list[Path]:
    """Return every DuckDB file of a publication, without links to them."""
    files = [version / file.name for version in versions_of(file)]
    return [each for each in (*files, file) if each.exists() and not each.is_symlink()]


def leftovers(file: Path) -> list[Path]:
    """Return what killed runs left beside a published file, of which no reader knows."""
    folder = file.with_suffix("")
    # a shop may be called as this one and more: .small.x.duckdb.new is of small.x
    hidden = re.compile(rf"\.{re.escape(file.stem)}\.(\d+\.duckdb(\.wal|\.tmp)?|duckdb\b.*)|{re.escape(file.name)}\..*")
    left = {*filter(lambda each: hidden.fullmatch(each.name), file.parent.glob("*")), *folder.glob(".*")}
    current = folder / "current"
    newest = number_of(current.resolve()) if current.is_dir() else 0
    for version in versions_of(file):
        # a later one is whole, but was never pointed at
        left |= {version} if number_of(version) > newest else {*version.rglob("*.new")}
    return sorted(left)


def remove(path: Path) -> None:
    """Delete a file, a link or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def adopt(file: Path) -> None:
    """Put a file that an earlier release published, or a copy that lost its links, behind the switch."""
    current = file.with_suffix("") / "current"
    if current.is_dir() and not current.is_symlink():
        shutil.rmtree(current)
    if file.is_symlink() or not file.exists():
        return
    if not current.is_dir():
        version = file.with_suffix("") / f"{1 + max(map(number_of, versions_of(file)), default=0):06}"
        version.mkdir(parents=True)
        point(current, version.name)
    kept = current.resolve() / file.name
    kept.unlink(missing_ok=True)
    kept.hardlink_to(file)
    point(file, f"{file.stem}/current/{file.name}")


def point(link: Path, target: str) -> None:
    """Let a link name something else, in one step."""
    writing = link.with_name(f".{link.name}.new")
    writing.unlink(missing_ok=True)
    writing.symlink_to(target)
    writing.replace(link)


def put_into_service(writing: Path, number: int, file: Path) -> Path:
    """Give a version that was written its name, and switch readers to it."""
    for written in (*writing.rglob("*"), writing):
        # a disk that is full may say so only here
        descriptor = os.open(written, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    version = writing.with_name(f"{number:06}")
    writing.rename(version)
    # of no effect before there is a current version
    if not file.is_symlink():
        point(file, f"{file.stem}/current/{file.name}")
    point(version.with_name("current"), version.name)
    return version


def drop_old(file: Path) -> None:
    """Delete versions older than those kept."""
    for old in versions_of(file)[: -FORMER_KEPT - 1]:
        shutil.rmtree(old)

"""What tests share is made once, and kept under target/ by the hash of its makings."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[3]
CACHE_FOLDER = PROJECT_FOLDER / "target" / "tests"
# What dbt parses, and what it and the shops of the tests run beside that.
PARSED = (
    *("dbt_project.yml", "selectors.yml", "requirements.lock", "profiles/profiles.yml"),
    *("models", "python_models", "macros", "seeds"),
    *("tests/data", "tests/generic", "tests/fixtures"),
)
BUILT = (*PARSED, "profiles", "operations", "demo_shop", "tests/python/support")
# Of what has changed since, so many are kept: branches take turns.
KEPT_VERSIONS = 3


@cache
def content_hash(places: tuple[str, ...]) -> str:
    """Return a hash of all files at some places of the project, and of their names."""
    found = hashlib.sha256()
    for place in places:
        path = PROJECT_FOLDER / place
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(str(file.relative_to(PROJECT_FOLDER)).encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def short_hash(*parts: object) -> str:
    """Return what names a version made of these parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let one process at a time go on; whoever ends, however, lets go."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def kept(name: str, makings: tuple, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made once for its makings, and never changed after.

    Parameters
    ----------
    name : str
        What it holds.
    makings : tuple
        What it depends on beside the project's files.
    make : callable
        Fills an empty folder.
    """
    version = f"{name}-{short_hash(content_hash(BUILT), makings)}"
    folder = CACHE_FOLDER / version
    with locked(CACHE_FOLDER / f"{name}.lock"):
        if not folder.exists():
            others = sorted(CACHE_FOLDER.glob(f"{name}-*"), key=os.path.getmtime)
            for other in others[: -KEPT_VERSIONS + 1]:
                shutil.rmtree(other)
            making = CACHE_FOLDER / f".{version}"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(folder)
        os.utime(folder)
    return folder

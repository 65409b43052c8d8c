"""Keeps the lineage of each model's SQL, so that after a change only changed models are followed again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import sqlglot

from operations.docs_site.lineage.relations import Relation
from operations.places import PROJECT_FOLDER

FOLDER = PROJECT_FOLDER / "target" / "lineage"


def kept(code: str, relations: Iterable[Relation], follow: Callable[[], dict[str, dict]]) -> dict[str, dict]:
    """Return the lineage of a model, followed once for its SQL and what that reads.

    Parameters
    ----------
    code : str
        The model's compiled SQL.
    relations : iterable of Relation
        The model itself, and all that it reads.
    follow : callable
        Returns the lineage; what it raises is raised, and nothing is kept.
    """
    parts = [_code_hash(), sqlglot.__version__, code, *map(repr, relations)]
    file = FOLDER / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError):
        return json.loads(file.read_text())
    found = follow()
    # a folder that cannot be written costs time only
    with suppress(OSError):
        FOLDER.mkdir(parents=True, exist_ok=True)
        making = file.with_suffix(f".{os.getpid()}")
        making.write_text(json.dumps(found))
        making.rename(file)
    return found


@cache
def _code_hash() -> str:
    """Return a hash of the code that follows SQL."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

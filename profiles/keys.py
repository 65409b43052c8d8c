"""Reads keys from the environment, or from files that nobody else may read."""

from __future__ import annotations

import os
from pathlib import Path

from dbt_common.exceptions import DbtRuntimeError

FOLDER = Path(".secrets")
LEAST_LENGTH = 32


def read_key(name: str, purpose: str) -> tuple[str, str]:
    """Return a key, and the place it was found in.

    Parameters
    ----------
    name : str
        `pseudonym` stands for the variable PSEUDONYM_KEY and .secrets/pseudonym.key.
    purpose : str
        What the key is for, in the sentence that misses it.

    Raises
    ------
    DbtRuntimeError
        Where there is none, it is short, or others may read the file: dbt prints it as
        one sentence.

    """
    variable, file = f"{name.upper()}_KEY", FOLDER / f"{name}.key"
    key = os.environ.get(variable, "").strip()
    place = f"the environment variable {variable}"
    if not key and file.exists():
        if others := file.stat().st_mode & 0o077:
            raise DbtRuntimeError(
                f"Nothing was built: others may use {file} (mode ...{others:02o}). "
                f"Run chmod 600 {file}."
            )
        key, place = file.read_text().strip(), str(file)
    if not key:
        raise DbtRuntimeError(
            f"Nothing was built: no key for {purpose}. Run make setup, which writes "
            f"{file}, or set the environment variable {variable}."
        )
    if len(key) < LEAST_LENGTH:
        raise DbtRuntimeError(
            f"Nothing was built: {place} holds a key of {len(key)} characters, "
            f"at least {LEAST_LENGTH} are needed."
        )
    return key, place

"""Reads keys from the environment, or from files that nobody else may read."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

from dbt_common.exceptions import DbtRuntimeError

from operations.files import why_unreadable

FOLDER = Path(".secrets")
ERASURE_KEY = FOLDER / "erasure.key"
LEAST_LENGTH = 32
# Bytes of a block of SHA-256: HMAC pads a key to it.
BLOCK_SIZE = 64
# As many digits as macro `pseudonym` keeps.
NAME_DIGITS = 32


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
    if not key and (found := why_unreadable(file)) not in (None, "nothing"):
        raise DbtRuntimeError(f"Nothing was built: {file}: expected a file, found {found}.")
    if not key and file.exists():
        if others := file.stat().st_mode & 0o077:
            raise DbtRuntimeError(
                f"Nothing was built: other users may access {file} (mode ...{others:02o}). Run chmod 600 {file}."
            )
        key, place = file.read_text().strip(), str(file)
    if not key:
        raise DbtRuntimeError(
            f"Nothing was built: no key for {purpose}. Run make setup, which writes "
            f"{file}, or set the environment variable {variable}."
        )
    if len(key) < LEAST_LENGTH:
        raise DbtRuntimeError(
            f"Nothing was built: {place} holds a key of {len(key)} characters, at least {LEAST_LENGTH} are needed."
        )
    return key, place


def block_key(name: str, purpose: str) -> str:
    """Return a key that fits a block of HMAC; parameters and errors as of `read_key`."""
    key, place = read_key(name, purpose)
    if (length := len(key.encode())) > BLOCK_SIZE:
        raise DbtRuntimeError(
            f"Nothing was built: {place} holds a key of {length} bytes, at most {BLOCK_SIZE} are allowed."
        )
    return key


def shop_key(key: str, shop: str) -> str:
    """Return the key of a shop's pseudonyms under a key of all shops: as long as a block.

    The words before the name keep it apart from what the key once called a user.
    """
    return hmac.new(key.encode(), f"pseudonyms of {shop}".encode(), hashlib.sha256).hexdigest()


def padded(name: str, key: str) -> dict[str, bytes]:
    """Return a key in the two padded forms that HMAC-SHA-256 needs (RFC 2104).

    Parameters
    ----------
    name, key : str
        What the key is called, and the key.

    Returns
    -------
    dict of str to bytes
        By the name of the session variable that macro `pseudonym` reads.
    """
    block = key.encode().ljust(BLOCK_SIZE, b"\0")
    return {
        f"{name}_{form}_key": bytes(byte ^ pad for byte in block) for form, pad in (("inner", 0x36), ("outer", 0x5C))
    }


def erasure_keys() -> dict[str, bytes]:
    """Return the key of the list of forgotten users, padded; none where none is."""
    if not os.environ.get("ERASURE_KEY") and not ERASURE_KEY.exists():
        return {}
    return padded("erasure", block_key("erasure", "the list of forgotten users"))


def set_keys(cursor: Any, keys: dict[str, bytes]) -> None:
    """Hand padded keys to one connection, as variables and not as text of a query."""
    for variable, key in keys.items():
        cursor.execute(f"set variable {variable} = $1", [key])


def keyed_name(user_id: str, key: str) -> str:
    """Return what macro `pseudonym` calls a user under a key."""
    return hmac.new(key.encode(), user_id.encode(), hashlib.sha256).hexdigest()[:NAME_DIGITS]


def fingerprint(key: str) -> str:
    """Return what tells a key from others, and nothing of the key."""
    return hashlib.sha256(f"fingerprint of {key}".encode()).hexdigest()[:12]


def key_fingerprint(name: str, shop: str) -> str | None:
    """Return the fingerprint of a key in force, of pseudonyms that of the shop's; None where there is none."""
    if not os.environ.get(f"{name.upper()}_KEY") and not (FOLDER / f"{name}.key").exists():
        return None
    key, _ = read_key(name, f"the {name}")
    return fingerprint(shop_key(key, shop) if name == "pseudonym" else key)

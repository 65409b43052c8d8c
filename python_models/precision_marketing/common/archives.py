"""Fitted objects as bytes and back: skops with an allow-list, never pickle."""

import zipfile
from collections.abc import Collection
from typing import Any

import skops.io


def dump(fitted: Any) -> bytes:
    """Turn a fitted object into bytes."""
    return skops.io.dumps(fitted, compression=zipfile.ZIP_DEFLATED)


def load(blob: bytes, allowed_types: Collection[str], what: str) -> Any:
    """Read a fitted object back.

    Parameters
    ----------
    blob : bytes
        Output of `dump`.
    allowed_types : collection of str
        What it may hold beside the types that skops trusts by itself; anything else is
        refused before it is loaded.
    what : str
        Whose bytes they are, in the words of an error.

    Raises
    ------
    ValueError
        If the bytes are no whole skops archive, or hold a type that is not allowed.
    """
    try:
        found = skops.io.get_untrusted_types(data=blob)
        foreign = sorted(set(found) - set(allowed_types))
        if not foreign:
            return skops.io.loads(blob, trusted=list(allowed_types))
    except Exception as error:
        raise ValueError(f"{what} are not a valid skops archive.") from error
    raise ValueError(f"{what} hold types not allowed: {foreign}.")

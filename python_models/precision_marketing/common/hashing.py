"""Draws that hang on a name and a salt alone: halves and folds that never change."""

import hashlib

import numpy as np


def hashed_uniform(names: np.ndarray, salt: str) -> np.ndarray:
    """Draw a number from 0 to below 1 per name, the same for ever.

    Parameters
    ----------
    names : numpy.ndarray, shape (rows,)
        Keys; equal names draw equal numbers.
    salt : str
        Another salt draws other numbers.

    Returns
    -------
    numpy.ndarray of float, shape (rows,)
        The first 32 bits of MD5 of ``salt:name``, over 2 ** 32. A share of users is
        those below it, as in the macro ``is_in_hashed_share``.
    """
    digests = (hashlib.md5(f"{salt}:{name}".encode()).hexdigest() for name in names)
    return np.array([int(digest[:8], 16) / 2**32 for digest in digests], dtype=float)


def user_folds(users: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal users to folds 0 to ``folds - 1`` by a hash; a user keeps to one."""
    return (hashed_uniform(users, f"fold {seed}") * folds).astype(int)

"""The bootstrap over users: how often each is drawn, and what the draws say."""

import numpy as np


def user_weights(user_count: int, draws: int, seed: int) -> np.ndarray:
    """Draw users with replacement.

    Parameters
    ----------
    user_count : int
        Users that rows belong to.
    draws : int
        Number of resamples.
    seed : int
        Seed of the resampling.

    Returns
    -------
    numpy.ndarray of float, shape (draws, users)
        How often each user was drawn.
    """
    random = np.random.default_rng(seed)
    even = np.full(user_count, 1 / user_count)
    return random.multinomial(user_count, even, draws).astype(float)


def interval(drawn: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a metric's draws; NaN without any."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)

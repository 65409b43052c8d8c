"""Predictive intervals of purchases and spend, from seeded draws."""

from collections.abc import Sequence

import numpy as np

from precision_marketing.value.bg_nbd import MOST_CELLS, BgNbd
from precision_marketing.value.gamma_gamma import GammaGamma
from precision_marketing.value.likelihood import as_floats


def draw_futures(
    bg_nbd: BgNbd,
    gamma_gamma: GammaGamma,
    purchases: Sequence[np.ndarray],
    durations: np.ndarray,
    *,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Predictive 95 % intervals of purchases and spend, from seeded draws.

    Each draw takes a rate, a chance to stop, a state (alive or not) and a mean worth
    from what the user's past leaves open under the two models, then a future of these.
    The fitted parameters themselves count as known.

    Parameters
    ----------
    bg_nbd, gamma_gamma : BgNbd, GammaGamma
        Fitted models.
    purchases : sequence of numpy.ndarray, each of shape (users,)
        Frequency, recency, age (as in `BgNbd.probability_alive`) and mean value of a
        purchase.
    durations : numpy.ndarray, shape (durations, users)
        Lengths of the futures, never shorter in a later row. Where another estimator
        expects f times the purchases of BG/NBD, f times the length.
    draws : int
        Futures per user.
    seed : int
        Seed of the draws. They follow the order of the users.

    Returns
    -------
    numpy.ndarray of float, shape (durations, 4, users)
        Lower and upper end for purchases, lower and upper end for spend in the money of
        mean value. A longer future never has a lower end.
    """
    frequency, recency, age, mean_value = as_floats(*purchases)
    alive = bg_nbd.probability_alive(frequency, recency, age)
    random = np.random.default_rng(seed)
    ends = np.zeros((len(durations), 4, len(frequency)))
    step = max(1, MOST_CELLS // draws)
    for start in range(0, len(frequency), step):
        users = slice(start, start + step)
        size = (len(frequency[users]), draws)
        shape = (bg_nbd.r + frequency[users])[:, None]
        rate = random.standard_gamma(shape, size)
        rate /= (bg_nbd.alpha + age[users])[:, None]
        stay = bg_nbd.stayed_count(frequency[users])[:, None]
        stop = random.beta(max(bg_nbd.a, 1e-12), stay, size)
        with np.errstate(divide="ignore", over="ignore"):
            # the number of purchases after which the user stops, at least 1
            last = 1 + np.floor(-random.standard_exponential(size) / np.log1p(-stop))
        last[random.random(size) >= alive[users][:, None]] = 0
        count = (frequency[users] + 1)[:, None]
        worth = gamma_gamma.gamma + count * np.maximum(mean_value[users], 0)[:, None]
        worth = worth / random.standard_gamma(gamma_gamma.p * count + gamma_gamma.q, size)
        seen, spend, bought = np.zeros(size), np.zeros(size), np.zeros(size)
        steps = np.diff(durations[:, users], axis=0, prepend=0)
        for number, longer in enumerate(steps):
            seen += random.poisson(rate * longer[:, None])
            now = np.minimum(seen, last)
            spend += worth * random.standard_gamma(gamma_gamma.p * (now - bought))
            bought = now
            for first, drawn in ((0, bought), (2, spend)):
                drawn = np.sort(drawn, axis=1)
                ends[number, first, users] = drawn[:, int(0.025 * draws)]
                ends[number, first + 1, users] = drawn[:, -1 - int(0.025 * draws)]
    return ends

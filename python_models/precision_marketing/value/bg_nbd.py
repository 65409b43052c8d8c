"""How often users will buy: BG/NBD and MBG/NBD, by maximum likelihood on closed forms.

By BG/NBD [1]_ a user may stop after a repeat purchase, so that whoever never bought
again is alive for ever. By MBG/NBD [2]_ a user may stop after the first one too: this
is what goes into service.

Times are days or weeks, as long as one fit and all that is asked of it use the same
unit.

References
----------
.. [1] Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An
   Alternative to the Pareto/NBD Model, Marketing Science 24(2).
.. [2] Batislam, Denizel and Filiztekin (2007), Empirical Validation and Comparison of
   Models for Customer Base Analysis, International Journal of Research in Marketing
   24(3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from precision_marketing.value.likelihood import as_floats, minimum

# Cells of the largest table of users x counts held at once.
MOST_CELLS = 500_000


@dataclass(frozen=True)
class BgNbd:
    """BG/NBD: alive, a user buys at a steady rate, and may stop after a purchase.

    Parameters
    ----------
    r, alpha : float
        Shape, and rate in units of time, of the gamma distribution of the users' rates.
    a, b : float
        Parameters of the beta distribution of the chance to stop after a purchase;
        a = 0 for users who never stop.
    log_likelihood : float
        Natural logarithm, summed over users; NaN where nothing was fitted.
    may_stop_at_once : bool
        Whether users may stop after their first purchase (MBG/NBD), or not before a
        repeat purchase (BG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    may_stop_at_once: bool

    def probability_alive(self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Chance that the user has not stopped; falls with the time since the last purchase.

        Parameters
        ----------
        frequency, recency, age : numpy.ndarray, shape (users,)
            Repeat purchases, and time from the first purchase to the last one and to
            the end of what was observed.

        Returns
        -------
        numpy.ndarray of float, shape (users,)
            Between 0 and 1; by BG/NBD 1 without a repeat purchase.
        """
        frequency, recency, age = as_floats(frequency, recency, age)
        parameters = (self.r, self.alpha, self.a, self.b)
        stayed, stopped = _log_parts(parameters, frequency, recency, age, self.may_stop_at_once)
        return np.exp(stayed - np.logaddexp(stayed, stopped))

    def stayed_count(self, frequency: np.ndarray) -> np.ndarray:
        """Second parameter of the beta distribution of a living user's chance to stop."""
        return self.b + frequency + self.may_stop_at_once

    def expected_orders(
        self, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, duration: float
    ) -> np.ndarray:
        """Tell the expected number of purchases in the time after ``age``.

        Parameters
        ----------
        frequency, recency, age : numpy.ndarray, shape (users,)
            As in `probability_alive`.
        duration : float
            Length of that time.

        Returns
        -------
        numpy.ndarray of float, shape (users,)
            Purchases, at least 0.

        Notes
        -----
        Given the past and being alive, rate and chance to stop are independent. So the
        chance of more than k purchases is that of a negative binomial number above k
        times that of k purchases survived; the sum over k is the expectation. Unlike
        the hypergeometric form of [1]_ it is steady for hundreds of purchases.
        """
        alive = self.probability_alive(frequency, recency, age)
        frequency, age = as_floats(frequency, age)
        growth = duration / (self.alpha + age + duration)
        mean = (self.r + frequency) * duration / (self.alpha + age)
        # beyond this count less than 1e-14 is left: far above the mean, or, of users of
        # few purchases, far down a tail that falls by growth each
        most = mean + 8 * np.sqrt(mean / (1 - growth)) - 36 / np.log(growth) + 2
        order = np.argsort(-most, kind="stable")
        expected = np.zeros(len(frequency))
        start = 0
        while start < len(order):
            # users of like rate share a table, so that few cells are idle
            columns = int(np.ceil(most[order[start]]))
            stop = start + max(1, MOST_CELLS // columns)
            users = order[start:stop]
            counts = np.arange(columns)
            shape = (self.r + frequency[users])[:, None]
            stay = self.stayed_count(frequency[users])[:, None]
            chance = np.empty((len(users), columns))
            chance[:, :1] = shape * np.log1p(-growth[users])[:, None]
            chance[:, 1:] = np.log(growth[users][:, None] * (shape + counts[:-1]) / counts[1:])
            more = 1 - np.cumsum(np.exp(np.cumsum(chance, axis=1)), axis=1)
            survived = np.ones_like(chance)
            survived[:, 1:] = np.cumprod((stay + counts[:-1]) / (self.a + stay + counts[:-1]), axis=1)
            expected[users] = np.einsum("uk,uk->u", np.maximum(more, 0), survived)
            start = stop
        return alive * expected


def fit_bg_nbd(
    frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, *, min_repeat_users: int, may_stop_at_once: bool
) -> BgNbd:
    """Fit BG/NBD or MBG/NBD by maximum likelihood, with analytic gradients.

    Parameters
    ----------
    frequency, recency, age : numpy.ndarray, shape (users,)
        As in `BgNbd.probability_alive`.
    min_repeat_users : int
        Fewest users with a repeat purchase.
    may_stop_at_once : bool
        As in `BgNbd`.

    Returns
    -------
    BgNbd

    Raises
    ------
    ValueError
        If values are missing or contradict each other, if too few users bought again,
        or if no maximum is found.

    References
    ----------
    Equation 6 of [1]_, and its like in [2]_ (see the module).
    """
    frequency, recency, age = as_floats(frequency, recency, age)
    _check_purchases(frequency, recency, age)
    repeat_users = int((frequency > 0).sum())
    if repeat_users < min_repeat_users:
        raise ValueError(f"BG/NBD needs {min_repeat_users} users who bought again, not {repeat_users}.")
    # time in mean ages: then all four parameters are of the order of 1
    unit = age.mean()
    scaled = frequency, recency / unit, age / unit

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        likelihood, gradient = _bg_nbd_likelihood(np.exp(logs), *scaled, may_stop_at_once)
        return -likelihood / len(frequency), -gradient * np.exp(logs) / len(frequency)

    r, alpha, a, b = np.exp(minimum(loss, ((0, 0, 0, 0), (-1, -1, -1, 1)), "BG/NBD"))
    alpha *= unit
    likelihood, _ = _bg_nbd_likelihood((r, alpha, a, b), frequency, recency, age, may_stop_at_once)
    return BgNbd(float(r), float(alpha), float(a), float(b), float(likelihood), may_stop_at_once)


def steady_buyers(frequency: np.ndarray, age: np.ndarray) -> BgNbd:
    """Fall back where too few bought again: nobody stops, rates shrink to the mean.

    Parameters
    ----------
    frequency, age : numpy.ndarray, shape (users,)
        As in `BgNbd.probability_alive`.

    Returns
    -------
    BgNbd
        With a = 0. The mean rate of all users, half a purchase added so that it is
        never 0, counts as much as one purchase of the user's own.
    """
    frequency, age = as_floats(frequency, age)
    alpha = (age.sum() + 1) / (frequency.sum() + 0.5)
    return BgNbd(1.0, float(alpha), 0.0, 1.0, float("nan"), True)


def _check_purchases(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> None:
    """Refuse what no history of purchases can look like."""
    if not len(frequency) == len(recency) == len(age):
        raise ValueError("Frequency, recency and age must be of one length.")
    if not all(np.isfinite(part).all() for part in (frequency, recency, age)):
        raise ValueError("Frequency, recency and age must be known and finite.")
    if (frequency < 0).any() or (recency < 0).any() or (recency > age).any():
        raise ValueError("Frequency must be at least 0, and recency from 0 to age.")
    if ((frequency == 0) != (recency == 0)).any():
        raise ValueError("Recency must be 0 for a single purchase, and only then.")


def _log_parts(
    parameters: Sequence[float], frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, may_stop_at_once: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Log weights of still being alive and of having stopped at the last purchase."""
    r, alpha, a, b = parameters
    # times that a user could have stopped
    chances = frequency + may_stop_at_once
    with np.errstate(divide="ignore", invalid="ignore"):
        stopped = np.where(
            chances > 0, np.log(a) - np.log(b + chances - 1) - (r + frequency) * np.log(alpha + recency), -np.inf
        )
    return -(r + frequency) * np.log(alpha + age), stopped


def _bg_nbd_likelihood(
    parameters: Sequence[float], frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, may_stop_at_once: bool
) -> tuple[float, np.ndarray]:
    """Log-likelihood summed over users, and its gradient by r, alpha, a, b."""
    r, alpha, a, b = parameters
    chances = frequency + may_stop_at_once
    stayed, stopped = _log_parts(parameters, frequency, recency, age, may_stop_at_once)
    both = np.logaddexp(stayed, stopped)
    likelihood = (
        gammaln(r + frequency)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        - gammaln(b)
        + gammaln(b + chances)
        - gammaln(a + b + chances)
        + both
    ).sum()
    alive = np.exp(stayed - both)
    gone = 1 - alive
    shape = r + frequency
    gradient = np.array(
        [
            (
                digamma(shape)
                - digamma(r)
                + np.log(alpha)
                - alive * np.log(alpha + age)
                - gone * np.log(alpha + recency)
            ).sum(),
            (r / alpha - shape * (alive / (alpha + age) + gone / (alpha + recency))).sum(),
            (digamma(a + b) - digamma(a + b + chances) + gone / a).sum(),
            (
                digamma(a + b)
                - digamma(b)
                + digamma(b + chances)
                - digamma(a + b + chances)
                # without a chance to stop gone is 0
                - gone / np.where(chances > 0, b + chances - 1, 1)
            ).sum(),
        ]
    )
    return float(likelihood), gradient

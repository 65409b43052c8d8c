"""What purchases are worth: Gamma-Gamma, fitted by maximum likelihood.

References
----------
Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from precision_marketing.value.likelihood import as_floats, minimum


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma: what a purchase is worth varies around a mean of the user's own.

    Parameters
    ----------
    p : float
        Shape of the gamma distribution of one purchase.
    q, gamma : float
        Shape, and rate in money, of the gamma distribution of the users' rates.
    """

    p: float
    q: float
    gamma: float

    def expected_value(self, count: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """Tell the expected worth of the user's next purchase.

        Parameters
        ----------
        count : numpy.ndarray, shape (users,)
            Purchases behind the mean.
        mean_value : numpy.ndarray, shape (users,)
            Their mean worth; below 0 counts as 0.

        Returns
        -------
        numpy.ndarray of float, shape (users,)
            Between the user's own mean and that of all users.
        """
        count, mean_value = as_floats(count, mean_value)
        seen = self.gamma + count * np.maximum(mean_value, 0)
        return self.p * seen / (self.p * count + self.q - 1)


def fit_gamma_gamma(count: np.ndarray, mean_value: np.ndarray, *, min_users: int) -> GammaGamma:
    """Fit Gamma-Gamma by maximum likelihood, with analytic gradients.

    Parameters
    ----------
    count : numpy.ndarray, shape (users,)
        Purchases behind the mean.
    mean_value : numpy.ndarray, shape (users,)
        Their mean worth. Users without a purchase or a worth above 0 are left out.
    min_users : int
        Fewest users left.

    Returns
    -------
    GammaGamma
        With q > 1, without which no mean exists.

    Raises
    ------
    ValueError
        If values are missing, if too few users are left, or if no maximum is found.
    """
    count, mean_value = as_floats(count, mean_value)
    if not (np.isfinite(count).all() and np.isfinite(mean_value).all()):
        raise ValueError("Counts and values of purchases must be known and finite.")
    kept = (count > 0) & (mean_value > 0)
    count, mean_value = count[kept], mean_value[kept]
    if len(count) < max(min_users, 1):
        raise ValueError(f"Gamma-Gamma needs {min_users} users with a value above 0, not {len(count)}.")
    unit = mean_value.mean()
    value = mean_value / unit

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        # q - 1 is sought, so that the mean of the worths exists
        p, q, gamma = np.exp(logs) + np.array([0, 1, 0])
        total = gamma + count * value
        likelihood = (
            gammaln(p * count + q)
            - gammaln(p * count)
            - gammaln(q)
            + q * np.log(gamma)
            + (p * count - 1) * np.log(value)
            + p * count * np.log(count)
            - (p * count + q) * np.log(total)
        )
        gradient = np.stack(
            [
                count * (digamma(p * count + q) - digamma(p * count)) + count * np.log(count * value / total),
                digamma(p * count + q) - digamma(q) + np.log(gamma / total),
                q / gamma - (p * count + q) / total,
            ]
        )
        return -likelihood.mean(), -gradient.mean(axis=1) * np.exp(logs)

    p, q, gamma = np.exp(minimum(loss, ((0, 0, 0), (1, 1, 1)), "Gamma-Gamma"))
    return GammaGamma(float(p), float(q + 1), float(gamma * unit))


def even_values(mean_value: float) -> GammaGamma:
    """Fall back where too few purchases have a worth: half the user's mean, half all's.

    Parameters
    ----------
    mean_value : float
        Mean worth of a purchase, over all users; below 0 counts as 0.
    """
    return GammaGamma(1.0, 2.0, max(float(mean_value), 0.0))

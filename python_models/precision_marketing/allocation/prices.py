"""Shadow prices of the limited resources: the dual of the choice of offers.

Put a price on each resource. Given prices each user takes the option of greatest
reduced value, its value less the price of what it draws, if that is above 0. The sum of
these and of capacities times prices is an upper bound of every choice within the
limits, at whatever prices of 0 or more; the least such bound equals the optimum of the
linear programme (Lagrangian duality; for one budget this is Dyer, 1984, "An O(n)
algorithm for the multiple-choice knapsack linear program").

The bound has kinks. It is smoothed by replacing each user's maximum by
``mu * log(1 + sum(exp(reduced value / mu)))`` (Nesterov, 2005, "Smooth minimization of
non-smooth functions") and minimised by L-BFGS-B, first with much smoothing on a sample
of the users, then with little on all of them. The smoothed optimum lies off the
true one by the square of ``mu``, about; the bound told is the one without smoothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog, minimize

from precision_marketing.allocation.limits import Limits, Options

# Up to here HiGHS tells the prices exactly in some hundredths of a second; smoothing
# would not.
EXACT_OPTIONS = 5_000
# Users looked at (all if None) and smoothing, as a share of the mean positive value.
STAGES = ((4_000, 0.1), (20_000, 0.01), (None, 0.006), (None, 0.002))
# Where many options are alike, steps are small long before they have arrived.
MOST_STEPS, LEAST_STEP, LEAST_SLOPE = 100, 1e-14, 1e-6
# Options evaluated together: what is made of them stays near the processor.
BLOCK_ROWS = 16_384
SEED = 0


class Dual:
    """The bound as a function of prices.

    Parameters
    ----------
    options : Options
        In the order of `Options.order`, at least one.
    limits : Limits
        Every capacity finite.
    """

    def __init__(self, options: Options, limits: Limits) -> None:
        self.options, self.limits = options, limits
        is_first = np.r_[True, options.users[1:] != options.users[:-1]]
        self.starts = np.flatnonzero(is_first)
        self.sizes = np.diff(np.r_[self.starts, len(options)])

    def sample(self, count: int) -> "Dual":
        """Draw users, and as large a share of the capacities."""
        users = len(self.starts)
        if count >= users:
            return self
        is_drawn = np.zeros(users, dtype=bool)
        is_drawn[np.random.default_rng(SEED).permutation(users)[:count]] = True
        capacities = self.limits.capacities * count / users
        return Dual(self.options.where(np.repeat(is_drawn, self.sizes)), self.limits.where(slice(None), capacities))

    def _blocks(self) -> list[tuple[slice, slice]]:
        """Cut at ends of users; slices of rows and of users."""
        ends = np.arange(BLOCK_ROWS, len(self.options), BLOCK_ROWS)
        users = np.unique(np.r_[0, np.searchsorted(self.starts, ends), len(self.starts)])
        rows = np.r_[self.starts, len(self.options)][users]
        return [(slice(*rows[place : place + 2]), slice(*users[place : place + 2])) for place in range(len(users) - 1)]

    def reduced(self, prices: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Take the price of what it draws off each option's value; shape (rows,)."""
        offers = self.options.offers[rows]
        per_cost = (prices @ self.limits.per_cost)[offers]
        per_contact = (prices @ self.limits.per_contact)[offers]
        values, costs = self.options.values[rows], self.options.costs[rows]
        return values - costs * per_cost - per_contact

    def bound(self, prices: np.ndarray) -> float:
        """Sum what users gain at these prices and what the capacities are worth."""
        gained = 0.0
        for rows, users in self._blocks():
            best = np.maximum.reduceat(self.reduced(prices, rows), self.starts[users] - rows.start)
            gained += np.maximum(best, 0).sum()
        return float(prices @ self.limits.capacities + gained)

    def smoothed(self, prices: np.ndarray, mu: float) -> tuple[float, np.ndarray]:
        """Evaluate the smoothed bound and its gradient, shape (resources,)."""
        offers = self.limits.per_contact.shape[1]
        contacts, costs, gained = np.zeros(offers), np.zeros(offers), 0.0
        for rows, users in self._blocks():
            starts, sizes = self.starts[users] - rows.start, self.sizes[users]
            reduced = self.reduced(prices, rows)
            best = np.maximum(np.maximum.reduceat(reduced, starts), 0)
            shares = np.exp((reduced - np.repeat(best, sizes)) / mu)
            total = np.exp(-best / mu) + np.add.reduceat(shares, starts)
            gained += (best + mu * np.log(total)).sum()
            shares /= np.repeat(total, sizes)
            own = self.options.offers[rows]
            contacts += np.bincount(own, shares, offers)
            costs += np.bincount(own, shares * self.options.costs[rows], offers)
        drawn = self.limits.per_contact @ contacts + self.limits.per_cost @ costs
        capacities = self.limits.capacities
        return float(prices @ capacities + gained), capacities - drawn

    def units(self) -> np.ndarray:
        """Tell a price of each resource that makes all curve alike, roughly."""
        limits, offers = self.limits, self.limits.per_contact.shape[1]
        draws = (limits.per_contact > 0) | (limits.per_cost > 0)
        rows = draws @ np.bincount(self.options.offers, minlength=offers)
        amount = limits.drawn(self.options) / np.maximum(rows, 1)
        amount = np.where(amount > 0, amount, 1.0)
        contacts = np.clip(limits.capacities / amount, 1, len(self.starts))
        return self.options.values.mean() / amount * np.sqrt(len(self.starts) / contacts)


def dual_prices(dual: Dual) -> tuple[np.ndarray, float]:
    """Find the prices at which the bound is least.

    Parameters
    ----------
    dual : Dual
        Every value above 0, every capacity above 0.

    Returns
    -------
    prices : numpy.ndarray of float, shape (resources,)
        Value per unit of the resource, 0 or more.
    smoothing : float
        The last ``mu``, in units of value: how near to each other options may lie that
        the prices do not tell apart; 0.0 if the prices are exact.
    """
    if len(dual.options) <= EXACT_OPTIONS or not len(dual.limits.capacities):
        return linear_bound(dual.options, dual.limits).prices, 0.0
    scale, prices, mu = (dual.options.values.mean(), np.zeros(len(dual.limits.capacities)), 0.0)
    for count, share in STAGES:
        part = dual if count is None else dual.sample(count)
        mu = share * scale
        prices = smoothed_prices(part, prices, mu)
    return prices, mu


def smoothed_prices(dual: Dual, prices: np.ndarray, mu: float) -> np.ndarray:
    """Find the prices at which the smoothed bound is least.

    Parameters
    ----------
    dual : Dual
        As for `dual_prices`.
    prices : numpy.ndarray of float, shape (resources,)
        Where to start.
    mu : float
        Smoothing, in units of value, above 0.

    Returns
    -------
    numpy.ndarray of float, shape (resources,)
        Value per unit of the resource, 0 or more.
    """
    units, size = dual.units(), dual.options.values.sum()

    def scaled(point: np.ndarray) -> tuple[float, np.ndarray]:
        bound, gradient = dual.smoothed(point * units, mu)
        return bound / size, gradient * units / size

    found = minimize(
        scaled,
        prices / units,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(units),
        options={"maxiter": MOST_STEPS, "maxcor": 30, "ftol": LEAST_STEP, "gtol": LEAST_SLOPE},
    )
    return found.x * units


@dataclass(frozen=True)
class LinearOptimum:
    """The best if users could get parts of offers.

    Parameters
    ----------
    value : float
        Its margin: no choice of whole options has more.
    prices : numpy.ndarray of float, shape (resources,)
        Dual values of the resources, 0 or more.
    shares : numpy.ndarray of float, shape (options,)
        How much of each option is chosen, 0 to 1; whole but for about one user for
        each limit that binds.
    """

    value: float
    prices: np.ndarray
    shares: np.ndarray


def linear_bound(options: Options, limits: Limits, method: str = "highs") -> LinearOptimum:
    """Solve the linear programme, in which a user may get parts of offers, by HiGHS.

    Parameters
    ----------
    options : Options
        What to choose from.
    limits : Limits
        What limits the choice.
    method : str
        Of `scipy.optimize.linprog`.

    Returns
    -------
    LinearOptimum
        To the tolerance of HiGHS, 1e-7 of the greatest value.

    Raises
    ------
    RuntimeError
        If HiGHS finds no optimum.
    """
    prices = np.zeros(len(limits.capacities))
    if not len(options) or options.values.max() <= 0:
        return LinearOptimum(0.0, prices, np.zeros(len(options)))
    is_limited = np.isfinite(limits.capacities)
    per_contact = sparse.csr_array(limits.per_contact[is_limited].T)[options.offers]
    per_cost = sparse.csr_array(limits.per_cost[is_limited].T)[options.offers]
    draws = per_contact + sparse.diags_array(options.costs) @ per_cost
    users, owner = np.unique(options.users, return_inverse=True)
    once = sparse.csr_array((np.ones(len(options)), (owner, np.arange(len(options)))))
    # the tolerances of HiGHS are absolute
    scale = options.values.max()
    units = draws.max(axis=0).toarray()
    units = np.where(units > 0, units, 1.0)
    capacities = limits.capacities[is_limited] / units
    found = linprog(
        -options.values / scale,
        A_ub=sparse.vstack([(draws / units).T, once], format="csc"),
        b_ub=np.r_[capacities, np.ones(len(users))],
        method=method,
    )
    if found.status != 0:
        raise RuntimeError(f"HiGHS found no optimum: {found.message}")
    own = -found.ineqlin.marginals[: len(units)] * scale / units
    prices[is_limited] = np.maximum(own, 0)
    return LinearOptimum(-found.fun * scale, prices, found.x)

"""Options of a plan of contacts, its limits, and the remaining capacity.

An option is one user who may get one offer. What it draws from a limited resource
follows from its offer and its cost: ``per_contact + per_cost * cost``. So an option is
four numbers, and a limit is one row of two small tables: the total budget has
``per_cost`` 1 at every offer, the stock of an offer ``per_contact`` 1 at that offer.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Rows looked at together when options are taken in order: many where all fit, few near
# a limit, where every option that does not fit costs a pass.
MOST_ROWS, FEWEST_ROWS = 32_768, 256
# Above this, whole numbers are no longer exact as floats.
EXACT_WHOLE = 2.0**53


@dataclass(frozen=True)
class Options:
    """Pairs of user and offer to choose from, in any order, each pair once.

    Parameters
    ----------
    users : numpy.ndarray of int, shape (options,)
        Codes of the users, 0 or more. Ties go to the lower code.
    offers : numpy.ndarray of int, shape (options,)
        Codes of the offers, 0 or more. One offer belongs to one campaign and goes by
        one channel: the same goods by another channel are another offer. Ties go to
        the lower code.
    values : numpy.ndarray of float, shape (options,)
        Expected incremental margin of contacting the user with the offer, in money;
        may be negative.
    costs : numpy.ndarray of float, shape (options,)
        What the contact takes from the budgets, in money, 0 or more. In whole cents
        a budget can be used to the last one: see `Limits`.
    """

    users: np.ndarray
    offers: np.ndarray
    values: np.ndarray
    costs: np.ndarray

    def __post_init__(self) -> None:
        """Refuse invalid options.

        Raises
        ------
        ValueError
            If the arrays differ in length, a value is not finite, a code or a cost is
            negative, or a pair appears twice.
        """
        if len({len(self.users), len(self.offers), len(self.values), len(self.costs)}) > 1:
            raise ValueError("Users, offers, values and costs must be of one length.")
        if not (np.isfinite(self.values).all() and np.isfinite(self.costs).all()):
            raise ValueError("Values and costs must be finite.")
        if len(self) and min(self.users.min(), self.offers.min(), self.costs.min()) < 0:
            raise ValueError("Codes and costs must not be negative.")
        if not self.ordered()._is_ordered():
            raise ValueError("A pair of user and offer appears twice.")

    def __len__(self) -> int:
        """Count the options."""
        return len(self.users)

    def _is_ordered(self) -> bool:
        """Whether users rise, and offers within each user."""
        same = self.users[1:] == self.users[:-1]
        rises = self.offers[1:] > self.offers[:-1]
        return bool(np.all((self.users[1:] > self.users[:-1]) | (same & rises)))

    @cached_property
    def order(self) -> np.ndarray:
        """Tell the order that no shuffling of rows changes: by user, then offer."""
        if self._is_ordered():
            return np.arange(len(self))
        return np.lexsort((self.offers, self.users))

    def ordered(self) -> "Options":
        """Put into that order; the same object if it is."""
        return self if self._is_ordered() else self.where(self.order)

    @property
    def codes(self) -> int:
        """Length of an array with a place for each user's code."""
        return int(self.users.max()) + 1 if len(self) else 0

    def where(self, rows: np.ndarray) -> "Options":
        """Keep some rows, by a mask or by their places, unchecked."""
        kept = object.__new__(Options)
        for name in ("users", "offers", "values", "costs"):
            object.__setattr__(kept, name, getattr(self, name)[rows])
        return kept


@dataclass(frozen=True)
class Limits:
    """Limited resources, and what options draw from them.

    Sums never exceed a capacity, in whatever order they are added up. Where all that
    is drawn are whole numbers, sums are exact and a capacity can be used up. Where they
    are not, as much of it stays unused as the rounding of a sum over all users may come
    to (a share of 5e-10 at a million users): give costs in cents if that matters.

    Parameters
    ----------
    capacities : numpy.ndarray of float, shape (resources,)
        How much there is, 0 or more; `numpy.inf` if unlimited.
    per_contact : numpy.ndarray of float, shape (resources, offers)
        What one contact with the offer draws, 0 or more.
    per_cost : numpy.ndarray of float, shape (resources, offers)
        What each unit of the contact's cost draws, 0 or more.
    """

    capacities: np.ndarray
    per_contact: np.ndarray
    per_cost: np.ndarray

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing.

        Raises
        ------
        ValueError
            If shapes do not agree, a capacity is negative or not a number, or a draw
            is negative or not finite.
        """
        if not len(self.capacities) == len(self.per_contact) == len(self.per_cost):
            raise ValueError("Each resource needs a capacity and a row of draws.")
        if self.per_contact.shape != self.per_cost.shape:
            raise ValueError("Draws per contact and per cost must be of one shape.")
        if not (self.capacities >= 0).all():
            raise ValueError("Capacities must not be negative.")
        for draws in (self.per_contact, self.per_cost):
            if not (np.isfinite(draws) & (draws >= 0)).all():
                raise ValueError("Draws must be finite and not negative.")

    def where(self, resources: np.ndarray, capacities: np.ndarray) -> "Limits":
        """Keep some resources, with other capacities of shape (kept,)."""
        return Limits(capacities, self.per_contact[resources], self.per_cost[resources])

    def drawn(self, options: Options) -> np.ndarray:
        """Sum what options draw from each resource; shape (resources,)."""
        offers = self.per_contact.shape[1]
        contacts = np.bincount(options.offers, minlength=offers)
        costs = np.bincount(options.offers, options.costs, offers)
        return self.per_contact @ contacts + self.per_cost @ costs

    def draws(self, options: Options) -> np.ndarray:
        """Tell what each option draws; shape (options, resources)."""
        per_cost = self.per_cost.T[options.offers]
        return self.per_contact.T[options.offers] + options.costs[:, None] * per_cost

    def safe(self, options: Options) -> "Limits":
        """Leave room for the rounding of sums, where they are not exact."""
        offers = self.per_contact.shape[1]
        is_broken = options.costs != np.floor(options.costs)
        has_broken = np.bincount(options.offers, is_broken, offers) > 0
        draws = (self.per_contact, self.per_cost)
        is_whole = np.all([row == np.floor(row) for row in draws], axis=(0, 2))
        is_whole &= ~((self.per_cost > 0) & has_broken).any(axis=1)
        is_whole &= self.drawn(options) < EXACT_WHOLE
        # a sum of n positive floats is off by a share of n / 2 * eps at most: once
        # in here, once for whoever adds up after us, and twice that to be safe
        terms = options.codes + offers + 10
        rounding = 2 * terms * np.finfo(float).eps
        capacities = np.where(is_whole, self.capacities, self.capacities * (1 - rounding))
        return Limits(capacities, self.per_contact, self.per_cost)


def offer_limits(
    campaigns: np.ndarray,
    channels: np.ndarray,
    budget: float,
    campaign_budgets: np.ndarray,
    stocks: np.ndarray,
    channel_capacities: np.ndarray,
) -> Limits:
    """Write the usual limits: budgets, stock of each offer, capacity of each channel.

    Parameters
    ----------
    campaigns, channels : numpy.ndarray of int, shape (offers,)
        Codes of each offer's campaign and channel.
    budget : float
        Of all campaigns together, in the unit of the costs.
    campaign_budgets : numpy.ndarray of float, shape (campaigns,)
        Of each campaign, in the unit of the costs.
    stocks : numpy.ndarray of float, shape (offers,)
        How many users can get each offer.
    channel_capacities : numpy.ndarray of float, shape (channels,)
        How many users each channel can reach.

    Returns
    -------
    Limits
        Resources in this order: total budget, campaigns, offers, channels.
    """
    capacities = np.r_[budget, campaign_budgets, stocks, channel_capacities]
    per_contact, per_cost = np.zeros((2, len(capacities), len(stocks)))
    offers = np.arange(len(stocks))
    per_cost[0] = 1
    per_cost[1 + campaigns, offers] = 1
    per_contact[1 + len(campaign_budgets) + offers, offers] = 1
    per_contact[1 + len(campaign_budgets) + len(stocks) + channels, offers] = 1
    return Limits(capacities.astype(float), per_contact, per_cost)


def fits_alone(options: Options, limits: Limits, used: np.ndarray, rows: np.ndarray = slice(None)) -> np.ndarray:
    """Tell which options would fit if nothing else came; bool, shape (rows,)."""
    room = (limits.capacities - used)[:, None] - limits.per_contact
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(limits.per_cost > 0, room / limits.per_cost, np.inf)
    most = np.where(room < 0, -1.0, most).min(axis=0, initial=np.inf)
    return options.costs[rows] <= most[options.offers[rows]]


def take_in_order(options: Options, order: np.ndarray, limits: Limits, used: np.ndarray) -> np.ndarray:
    """Walk through options and take each that still fits and whose user has nothing.

    The result is that of the plain loop; rows are looked at in batches.

    Parameters
    ----------
    options : Options
        What to take from.
    order : numpy.ndarray of int
        Places of the options to walk through, first come first served.
    limits : Limits
        Output of `Limits.safe`.
    used : numpy.ndarray of float, shape (resources,)
        What is drawn already.

    Returns
    -------
    numpy.ndarray of int
        Places of the options taken.
    """
    is_limited = np.isfinite(limits.capacities)
    limits = limits.where(is_limited, limits.capacities[is_limited])
    used = used[is_limited]
    is_free = np.ones(options.codes, dtype=bool)
    leader = np.empty(options.codes, dtype=np.int64)
    taken = [np.empty(0, dtype=np.int64)]
    start, size = 0, MOST_ROWS
    while start < len(order):
        rows = order[start : start + size]
        fits = fits_alone(options, limits, used, rows)
        places = np.flatnonzero(fits & is_free[options.users[rows]])
        # of several options of one user only the first can be taken in this batch
        users = options.users[rows[places]]
        leader[users[::-1]] = places[::-1]
        places = places[leader[users] == places]
        batch = options.where(rows[places])
        running = used + np.cumsum(limits.draws(batch), axis=0)
        over = np.flatnonzero((running > limits.capacities).any(axis=1))
        count = over[0] if len(over) else len(places)
        if count:
            used = running[count - 1]
            is_free[batch.users[:count]] = False
            taken.append(rows[places[:count]])
        if len(over):
            start, size = start + places[count] + 1, max(size // 8, FEWEST_ROWS)
        else:
            start, size = start + size, min(size * 2, MOST_ROWS)
    return np.concatenate(taken)

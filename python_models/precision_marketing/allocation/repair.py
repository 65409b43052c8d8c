"""Use of the capacity that a choice made in one walk leaves.

Both repairs keep a choice within its limits and never earn less than they were given.
"""

import numpy as np

from precision_marketing.allocation.limits import Limits, Options, fits_alone, take_in_order
from precision_marketing.allocation.prices import EXACT_OPTIONS, Dual, linear_bound

MOST_ROUNDS = 10


def falling(keys: np.ndarray) -> np.ndarray:
    """Order places by falling key, equal keys as they stand."""
    return np.argsort(-keys, kind="stable")


def settle(
    dual: Dual, taken: np.ndarray, reduced: np.ndarray, limits: Limits, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Choose anew, by the linear programme, for users to whom it matters least.

    What greed leaves unused of one resource often fits only if somebody gives back
    some of another; users who lose little by a change pay for it.

    Parameters
    ----------
    dual : Dual
        Of all options.
    taken : numpy.ndarray of int
        Places of the options chosen so far.
    reduced : numpy.ndarray of float, shape (options,)
        Value of each option less the price of what it draws.
    limits : Limits
        Output of `Limits.safe`.
    used : numpy.ndarray of float, shape (resources,)
        What others than these options draw.

    Returns
    -------
    taken : numpy.ndarray of int
        Places of the options chosen now.
    prices : numpy.ndarray of float, shape (resources,)
        Dual values of that programme.
    """
    options = dual.options
    is_taken = np.zeros(len(options), dtype=bool)
    is_taken[taken] = True
    held = np.add.reduceat(np.where(is_taken, reduced, 0.0), dual.starts)
    other = np.maximum.reduceat(np.where(is_taken, -np.inf, reduced), dual.starts)
    # to get nothing is another choice of who holds something
    is_holder = np.logical_or.reduceat(is_taken, dual.starts)
    other = np.where(is_holder, np.maximum(other, 0.0), other)
    nearest = falling(other - held)
    near_options = np.cumsum(dual.sizes[nearest])
    is_near = np.zeros(len(dual.sizes), dtype=bool)
    is_near[nearest[near_options <= EXACT_OPTIONS]] = True
    near = np.repeat(is_near, dual.sizes)
    rows, stays = np.flatnonzero(near), taken[~near[taken]]
    now = used + limits.drawn(options.where(stays))
    own = options.where(rows)
    room = limits.where(slice(None), np.maximum(limits.capacities - now, 0))
    linear = linear_bound(own, room)
    # whole offers first; what the programme gave in parts then fills the room
    order = np.lexsort((-reduced[rows], -np.round(linear.shares, 6)))
    settled = rows[take_in_order(own, order, limits, now)]
    before = options.values[taken[near[taken]]].sum()
    if options.values[settled].sum() > before:
        taken = np.concatenate([stays, settled])
    return taken, linear.prices


def move_up(options: Options, taken: np.ndarray, reduced: np.ndarray, limits: Limits, used: np.ndarray) -> np.ndarray:
    """Move users to options of greater value that fit beside what all hold.

    What a user gives back is free in the next round only.

    Parameters
    ----------
    options : Options
        What to choose from.
    taken, reduced, limits, used
        As for `settle`.

    Returns
    -------
    numpy.ndarray of int
        Places of the options chosen now.
    """
    for _ in range(MOST_ROUNDS):
        held, held_reduced = np.zeros((2, options.codes))
        held[options.users[taken]] = options.values[taken]
        held_reduced[options.users[taken]] = reduced[taken]
        now = used + limits.drawn(options.where(taken))
        gains = options.values > held[options.users]
        better = np.flatnonzero(gains & fits_alone(options, limits, now))
        loss = held_reduced[options.users[better]] - reduced[better]
        order = better[falling(-loss)]
        moved = take_in_order(options, order, limits, now)
        if not len(moved):
            break
        stays = ~np.isin(options.users[taken], options.users[moved])
        taken = np.concatenate([taken[stays], moved])
    return taken

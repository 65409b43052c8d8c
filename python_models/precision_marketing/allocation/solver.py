"""The choice of at most one offer per user that earns most under shared limits.

Options are taken in order of their value less the price of what they draw, at the
prices of `prices`, each if it still fits; then users move to options of
greater value that fit in what room is left. What the choice may fall short of the
best is told as its gap to the dual bound.
"""

from dataclasses import dataclass

import numpy as np

from precision_marketing.allocation.limits import Limits, Options, take_in_order
from precision_marketing.allocation.prices import SEED, Dual, dual_prices, smoothed_prices
from precision_marketing.allocation.repair import falling, move_up, settle

# Gap with which no sharper bound is looked for: half of what is promised of big plans.
ENOUGH = 5e-5
# How often, and by what factor, smoothing is taken off for a sharper bound.
MOST_SHARPENINGS, SHARPER = 3, 5
# Share of what all options would draw below which a capacity may be too little for any.
LITTLE = 1e-3


@dataclass(frozen=True)
class Allocation:
    """A choice of options.

    Parameters
    ----------
    chosen : numpy.ndarray of bool, shape (options,)
        In the order of the options given.
    prices : numpy.ndarray of float, shape (resources,)
        Margin that one more unit of each resource would earn.
    value : float
        Margin of what was chosen.
    bound : float
        No choice within the limits has more.
    """

    chosen: np.ndarray
    prices: np.ndarray
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Share of the bound that was not reached, 0 to 1."""
        return (self.bound - self.value) / max(self.bound, np.finfo(float).tiny)


def allocate(options: Options, limits: Limits) -> Allocation:
    """Choose at most one offer per user so that the margin is greatest.

    Parameters
    ----------
    options : Options
        What to choose from, in any order; the order changes nothing. Options of a value
        of 0 or less are never chosen.
    limits : Limits
        What is never exceeded.

    Returns
    -------
    Allocation
        The gap is at most 1e-4 from 100,000 users up, as
        ``tests/benchmarks/bench_allocation.py`` measures, but where values and costs
        differ by offer alone (1.4e-4 seen at a million users); smaller plans may lose
        up to about one option per limit that binds.
    """
    ordered = options.ordered()
    rows = np.flatnonzero(ordered.values > 0)
    taken, prices, bound = _choose(ordered.where(rows), limits, limits.safe(options))
    is_chosen = np.zeros(len(options), dtype=bool)
    is_chosen[options.order[rows[taken]]] = True
    value = float(ordered.values[rows[taken]].sum())
    # where both are the same, sums may differ in the last digit
    return Allocation(is_chosen, prices, value, max(bound, value))


def greedy(options: Options, limits: Limits, keys: np.ndarray) -> np.ndarray:
    """Walk through options and take each that still fits and whose user has nothing.

    For simpler policies: greatest value first, greatest score first, random. A
    rule may not know values, so options of negative value are taken as well.

    Parameters
    ----------
    options : Options
        What to take from, in any order; the order changes nothing.
    limits : Limits
        What is never exceeded.
    keys : numpy.ndarray of float, shape (options,)
        The greatest comes first, ties by user and offer; `-numpy.inf` never does.

    Returns
    -------
    numpy.ndarray of bool, shape (options,)
        What was chosen, in the order of the options given.
    """
    order = options.order[falling(keys[options.order])]
    order = order[keys[order] > -np.inf]
    used = np.zeros(len(limits.capacities))
    is_chosen = np.zeros(len(options), dtype=bool)
    is_chosen[take_in_order(options, order, limits.safe(options), used)] = True
    return is_chosen


def _choose(options: Options, limits: Limits, safe: Limits) -> tuple[np.ndarray, np.ndarray, float]:
    """Choose among ordered options of positive value.

    Returns the places chosen, the prices, shape (resources,), and the bound.
    """
    room, used = limits.capacities, np.zeros(len(limits.capacities))
    is_closed, prices = _close(options, limits)
    is_limited = np.isfinite(room) & (prices == 0)
    worth = float(prices[prices > 0] @ room[prices > 0])
    rows = np.flatnonzero(~is_closed)
    if not len(rows):
        return rows, prices, worth
    if is_closed.any():
        options = options.where(rows)
    dual = Dual(options, limits.where(is_limited, room[is_limited]))
    prices[is_limited], smoothing = dual_prices(dual)
    reduced = dual.reduced(prices[is_limited])
    # options with equal value at these prices are drawn at random: of many alike, each
    # comes as often as the smoothed bound has it, and no limit is met by one alone
    random = np.random.default_rng(SEED)
    blurred = random.gumbel(size=len(options))
    blurred -= np.repeat(random.gumbel(size=len(dual.sizes)), dual.sizes)
    blurred *= smoothing
    blurred += reduced
    taken = take_in_order(options, falling(blurred), safe, used)
    taken, settled = settle(dual, taken, blurred, safe, used)
    taken = move_up(options, taken, reduced, safe, used)
    value = options.values[taken].sum()
    own, bound = _least_bound(dual, [prices[is_limited], settled[is_limited]], smoothing, value)
    prices[is_limited] = own
    return rows[taken], prices, worth + bound


def _least_bound(dual: Dual, candidates: list[np.ndarray], smoothing: float, value: float) -> tuple[np.ndarray, float]:
    """Tell the prices of the least bound, and that bound.

    Among many options alike, smoothing lifts the bound by its share of their value;
    less of it is slower, so it is taken off only where the gap asks for it.
    """
    prices, bound = min(((each, dual.bound(each)) for each in candidates), key=lambda found: found[1])
    last = candidates[0]
    for _ in range(MOST_SHARPENINGS if smoothing else 0):
        if bound - value <= ENOUGH * bound:
            break
        smoothing /= SHARPER
        last = smoothed_prices(dual, last, smoothing)
        if (other := dual.bound(last)) < bound:
            prices, bound = last, other
    return prices, bound


def _close(options: Options, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Close options that draw from what is too little for any, and price it so.

    Solvers take a nearly empty resource for an empty one within their tolerance.
    """
    room = limits.capacities
    is_closed, prices = np.zeros(len(options), dtype=bool), np.zeros(len(room))
    for resource in np.flatnonzero(room <= LITTLE * limits.drawn(options)):
        draws = limits.where([resource], room[[resource]]).draws(options)[:, 0]
        is_drawing = draws > 0
        if is_drawing.any() and room[resource] < draws[is_drawing].min():
            is_closed |= is_drawing
            worth = options.values[is_drawing] / draws[is_drawing]
            prices[resource] = worth.max()
    return is_closed, prices

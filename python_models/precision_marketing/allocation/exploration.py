"""Whom a campaign contacts at random, to learn what a contact changes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from precision_marketing.allocation.limits import Limits, Options
from precision_marketing.common.settings import Settings, Var
from precision_marketing.experiments.sizes import users_to_detect_rate_difference

SEED = 20261129
UNKNOWN_SEGMENT = "unknown"
# Half of the 32 bits that random numbers have.
LEADING = 2**16


@dataclass(frozen=True)
class ExplorationSettings(Settings):
    """Parameters of exploration; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    share : float
        Of each limit for users drawn at random by campaigns with scores, 0 to 1.
    lift : float
        Rise of the response rate that an exploratory campaign is to show, above 0.
    power : float
        Chance with which it then shows, 0 to 1.
    level : float
        Of the interval, 0 to 1.
    """

    share: Annotated[float, Var("exploratory_share")]
    lift: Annotated[float, Var("exploratory_lift")]
    power: Annotated[float, Var("experiment_power")]
    level: Annotated[float, Var("experiment_level")]


@dataclass(frozen=True)
class Exploration:
    """Options drawn at random, and how likely that was.

    Parameters
    ----------
    is_drawn : numpy.ndarray of bool, shape (options,)
        Control users are drawn, too: those drawn are the control group of the others.
    chances : numpy.ndarray of float, shape (options,)
        Chance of each option to be drawn, 0 to 1, if earlier priorities leave its user.
    """

    is_drawn: np.ndarray
    chances: np.ndarray


def explore(
    rows: pd.DataFrame, options: Options, limits: Limits, is_free: np.ndarray, settings: ExplorationSettings
) -> Exploration:
    """Draw users of each campaign at random, strata alike, within a share of its limits.

    An exploratory campaign may draw on all of them, but draws no more users, contacts and
    control together, than it takes to show the rise of the response rate asked for.

    Campaigns of one priority share alike what they draw on together: the one with the
    smallest budget comes first, and takes at most an equal part. Of several offers of a
    campaign that a user may get, one is drawn first. A limit closes at the first user
    whom it has no room for, whatever later ones would take of it, so that costs do not
    change who is drawn.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of ``dec_options``, of one priority: ``campaign_id``, ``budget_amount``,
        ``segment_name`` (the strata), ``random_number``, ``is_control``,
        ``treated_share`` (the chance of no control), ``baseline_probability`` (of a
        response without contact) and ``is_exploratory``, one value in all rows.
    options : Options
        The same rows.
    limits : Limits
        What earlier priorities left.
    is_free : numpy.ndarray of bool, shape (codes of users,)
        Whether earlier priorities left the user.
    settings : ExplorationSettings
        Share of the limits, and what exploratory campaigns are to show.

    Returns
    -------
    Exploration
        One entry per row.
    """
    is_drawn, chances = np.zeros(len(rows), dtype=bool), np.zeros(len(rows))
    is_exploratory = bool(rows["is_exploratory"].iloc[0])
    share = 1.0 if is_exploratory else settings.share
    if not share:
        return Exploration(is_drawn, chances)
    is_open, reach = is_free.copy(), np.ones(options.codes)
    capacities, used = share * limits.safe(options).capacities, np.zeros(len(limits.capacities))
    treated = rows["treated_share"].to_numpy(float)
    is_control, numbers = rows["is_control"].to_numpy(bool), rows["random_number"].to_numpy(float)
    strata = rows["segment_name"].astype("string").fillna(UNKNOWN_SEGMENT).to_numpy(object)
    campaigns = [*rows.groupby(["budget_amount", "campaign_id"], sort=True).indices.values()]
    is_sharing = np.array([limits.drawn(options.where(places)) > 0 for places in campaigns])
    for number, places in enumerate(campaigns):
        able = places[is_open[options.users[places]]]
        if not len(able):
            continue
        pool = able[_one_offer_each(options.users[able], numbers[able])]
        # the leading digits chose the offer, and favour users with several
        others = (numbers[pool] * LEADING) % 1
        order = pool[np.argsort(_positions(strata[pool], others, number), kind="stable")]
        own = options.where(order)
        draws = limits.draws(own)
        taken = np.cumsum(np.where(is_control[order, None], 0.0, draws), axis=0)
        room = (capacities - used) / np.maximum(is_sharing[number:].sum(axis=0), 1)
        is_passed = _passed(draws, taken > room, is_control[order])
        if is_exploratory:
            is_passed[_enough(rows.iloc[places], settings) :] = False
        rates = np.zeros(limits.per_contact.shape[1])
        for offer in np.unique(own.offers):
            lot = own.offers == offer
            contacts = np.count_nonzero(is_passed[lot] & ~is_control[order[lot]])
            # control users without anybody to compare them with are none
            is_passed[lot] &= contacts > 0
            found = contacts / (treated[places[0]] * np.count_nonzero(lot))
            # luck may find as many contacts as there are expected in all
            rates[offer] = found if found < 1 and not is_passed[lot].all() else is_passed[lot].mean()
        drawn = order[is_passed]
        is_drawn[drawn] = True
        is_open[options.users[drawn]] = False
        used += limits.drawn(options.where(drawn[~is_control[drawn]]))
        users = options.users[places]
        counts = np.bincount(users, minlength=options.codes)
        chances[places] = reach[users] * rates[options.offers[places]] / counts[users]
        reach -= np.bincount(users, chances[places], options.codes)
    return Exploration(is_drawn, chances)


def _enough(rows: pd.DataFrame, settings: ExplorationSettings) -> int:
    """Tell how many users a campaign must draw to show what it is to show."""
    base_rate, treated = rows["baseline_probability"].mean(), rows["treated_share"].iloc[0]
    # without a control group, or a rate that can rise, nothing is measured
    if not (0 < treated < 1 and base_rate < 1):
        return len(rows)
    return users_to_detect_rate_difference(base_rate, settings.lift, treated, settings.power, settings.level)


def _passed(draws: np.ndarray, is_over: np.ndarray, is_control: np.ndarray) -> np.ndarray:
    """Mark those for whom all that they draw from has room; bool, shape (rows,).

    A limit ends with its last contact, for control users as well: contacts, and not luck,
    make the size of a draw.
    """
    is_passed = np.ones(len(draws), dtype=bool)
    for uses, over in zip((draws > 0).T, is_over.T, strict=True):
        contacts = np.flatnonzero(uses & ~is_control)
        if over[contacts].any():
            fitting = contacts[~over[contacts]]
            is_passed[uses & (np.arange(len(draws)) > fitting.max(initial=-1))] = False
    return is_passed


def _one_offer_each(users: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the place of each user's option with the least random number."""
    order = np.lexsort((numbers, users))
    return order[np.r_[True, users[order][1:] != users[order][:-1]]]


def _positions(strata: np.ndarray, numbers: np.ndarray, campaign: int) -> np.ndarray:
    """Spread each stratum evenly over 0 to 1 in random order, from a random start.

    Whoever lies below a bound is drawn: the same share of each stratum, but for one
    user, and each user with the same chance.
    """
    codes, found = pd.factorize(strata, sort=True)
    starts = np.random.default_rng([SEED, campaign]).random(len(found))
    order = np.lexsort((numbers, codes))
    sizes = np.bincount(codes, minlength=len(found))
    ranks = np.empty(len(codes))
    ranks[order] = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return (ranks + starts[codes]) / sizes[codes]

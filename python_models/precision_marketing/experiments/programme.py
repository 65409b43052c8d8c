"""Effect of the whole programme: everybody against the global control group, every week.

Weekly looks at growing sums need intervals that hold at all looks together. The bound is
Robbins' normal mixture (1970; Howard and others, 2021, proposition 5), applied to the
difference of means in large samples (Waudby-Smith and others, 2024). Its clock is the
variance of the difference times the users: the steps of that sum go with its past, as
who spent much spends much again, and then the chance to cross the bound at any look is
below that of the Brownian motion of the same clock (Slepian, 1962). The difference is
taken after a regression on several blocks of the time before and on strata, with one
slope for both arms, so that an effect does not enter it (CUPED with several covariates;
Deng and others, 2013), and the ends are bent for skewness (Hall, 1992), as the control
group is the small arm.

Users are read in batches, one look after the other, so that memory does not grow with them.

References
----------
Robbins (1970), "Statistical methods related to the law of the iterated logarithm".
Slepian (1962), "The one-sided barrier problem for Gaussian noise".
Howard, Ramdas, McAuliffe, Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic
confidence sequences".
Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), "Time-uniform central limit theory
and asymptotic confidence sequences".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from precision_marketing.common.frames import typed
from precision_marketing.common.settings import Settings, Var
from precision_marketing.experiments.differences import unbent

LOOK_COLUMNS = {
    "phase": "string",
    "period": "string",
    "metric": "string",
    "week_number": "int64",
    "treated_count": "int64",
    "control_count": "int64",
    "treated_value": "float64",
    "control_value": "float64",
    "lift": "float64",
    "lift_low": "float64",
    "lift_high": "float64",
    "width_share": "float64",
    "smallest_lift": "float64",
}
METRICS = {"orders": "order_count", "revenue": "revenue_amount", "profit": "profit_amount"}
# Columns of users that were known before the phase, and whether they are few enough.
KNOWN_BEFORE = "before_"
USERS_PER_COVARIATE = 20
BATCH_ROWS = 100_000
PLACEBO, PROGRAMME = "placebo", "programme"
CUMULATIVE, WEEK = "cumulative", "week"
# Gives the users of a look, the same each time it is called.
Batches = Callable[[], Iterator[tuple[np.ndarray, ...]]]


@dataclass(frozen=True)
class ProgrammeSettings(Settings):
    """Parameters of measuring; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    level : float
        Chance with which an interval holds at all looks together, 0 to 1.
    power : float
        Chance with which the smallest lift is then seen, 0 to 1.
    min_arm_users : int
        Fewest users in the smaller arm for an effect to be stated.
    tuned_week : int
        Week at which the bound is tightest.
    """

    level: Annotated[float, Var("experiment_level")]
    power: Annotated[float, Var("experiment_power")]
    min_arm_users: Annotated[int, Var("experiment_min_arm_users")]
    tuned_week: Annotated[int, Var("programme_tuned_weeks")]


class Look(NamedTuple):
    """Arms at one look, each array of shape (metrics,)."""

    counts: np.ndarray  # treated, control
    values: np.ndarray  # (2, metrics): observed means
    lift: np.ndarray
    variance: np.ndarray  # of the lift
    raw_variance: np.ndarray  # without what was known before
    skewness: np.ndarray  # of the lift
    freedom: float


def mixture_bound(clock: np.ndarray, tuned_clock: np.ndarray, level: float) -> np.ndarray:
    """Say how many standard errors a look may be off, at whatever look.

    Parameters
    ----------
    clock : numpy.ndarray of float
        Variance of the sum at the look, above 0.
    tuned_clock : numpy.ndarray of float
        Variance at which the bound is tightest, fixed in advance, above 0.
    level : float
        Chance of no look beyond the bound, 0 to 1.

    Returns
    -------
    numpy.ndarray of float
        Of the broadcast shape; always above the quantile of a single look.
    """
    wrong = -2 * np.log(1 - level)
    # Howard and others (2021), equation 26, to first order
    mixed = tuned_clock / (wrong + np.log1p(wrong))
    clock = np.where(clock > 0, clock, np.nan)
    return np.sqrt((clock + mixed) / clock * (np.log((clock + mixed) / mixed) + wrong))


def interval(look: Look, bound: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of an interval of so many standard errors, in the outcome's unit.

    The bound, of a normal, becomes that of Student's t with the freedom of the look, and
    is bent for the skewness of the difference.
    """
    bound = stats.t.isf(stats.norm.sf(bound), look.freedom)
    error = np.sqrt(look.variance)
    return (look.lift - error * unbent(bound, look.skewness), look.lift - error * unbent(-bound, look.skewness))


def look_at(batches: Batches) -> Look:
    """Compare the arms at one look, in two passes over batches of users.

    Parameters
    ----------
    batches : callable
        Gives the users, the same each time, as arrays ``treated`` (bool, (users,)),
        ``before`` ((users, covariates)) and ``outcomes`` ((users, metrics)).

    Returns
    -------
    Look
        NaN where an arm has fewer than two users.
    """
    counts, sums, products = np.zeros(2, np.int64), 0.0, 0.0
    covariates, metrics = 0, len(METRICS)
    for treated, before, outcomes in batches():
        covariates, metrics = before.shape[1], outcomes.shape[1]
        both = np.hstack([before, outcomes])
        counts += [treated.sum(), (~treated).sum()]
        sums = sums + np.stack([both[treated].sum(axis=0), both[~treated].sum(axis=0)])
        products = products + both.T @ both
    if counts.min() < 2:
        nothing = np.full(metrics, np.nan)
        return Look(counts, np.full((2, metrics), np.nan), *[nothing] * 4, np.nan)
    means = sums / counts[:, None]
    within = products - (means.T * counts) @ means
    if counts.sum() >= USERS_PER_COVARIATE * covariates:
        slopes = _slopes(within[:covariates, :covariates], within[:covariates, covariates:])
    else:
        slopes = np.zeros((covariates, metrics))
    adjusted = means[:, covariates:] - means[:, :covariates] @ slopes
    squares, cubes, raw_squares = np.zeros((3, 2, metrics))
    for treated, before, outcomes in batches():
        for arm, members in enumerate((treated, ~treated)):
            left = outcomes[members] - before[members] @ slopes - adjusted[arm]
            squares[arm] += (left**2).sum(axis=0)
            cubes[arm] += (left**3).sum(axis=0)
            raw_squares[arm] += ((outcomes[members] - means[arm, covariates:]) ** 2).sum(axis=0)
    total = counts.sum()
    per_user = (1 / counts / (counts - 1))[:, None]
    variance = (squares * per_user).sum(axis=0)
    with np.errstate(all="ignore"):
        pooled = (cubes.sum(axis=0) / total) / (squares.sum(axis=0) / total) ** 1.5
        parts = squares * per_user
        freedom = variance**2 / (parts**2 / (counts - 1)[:, None]).sum(axis=0)
    # none for arms of one size
    skewness = pooled * (1 / counts[0] - 1 / counts[1]) / np.sqrt(1 / counts[0] + 1 / counts[1])
    variance = np.where(variance > 0, variance, np.nan)
    return Look(
        counts,
        means[:, covariates:],
        adjusted[0] - adjusted[1],
        variance,
        (raw_squares * per_user).sum(axis=0),
        skewness,
        np.nan_to_num(freedom, nan=1.0),
    )


def _slopes(squares: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Solve the normal equations in units of each covariate's spread; 0 for those without."""
    spread = np.sqrt(np.diag(squares))
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    solved = np.linalg.lstsq(squares * np.outer(scale, scale), products * scale[:, None], rcond=1e-10)[0]
    return solved * scale[:, None]


def measure_programme(users: Any, weeks: Any, settings: ProgrammeSettings) -> pd.DataFrame:
    """Measure the programme week by week, and the time before it in the same way.

    Parameters
    ----------
    users : DuckDB relation
        One row per phase and user: ``phase``, ``week_count`` of the phase, ``user_id``,
        ``is_treated``, ``entered_week`` (1 for those known before it) and columns
        ``before_*``.
    weeks : DuckDB relation
        One row per phase, user and week with any: ``phase``, ``user_id``,
        ``week_number`` and the columns of `METRICS`.
    settings : ProgrammeSettings
        Level, power, sizes.

    Returns
    -------
    pandas.DataFrame
        Columns `LOOK_COLUMNS`, one row per phase, ``period`` (``cumulative`` since the
        phase began, ``week`` alone), metric and week. Intervals of sums hold at all
        weeks together, those of a week for that week. Effects are null where an arm has
        fewer than ``min_arm_users``.
    """
    lengths = dict(users.aggregate("phase, max(week_count)").fetchall())
    records: list[dict[str, Any]] = []
    tuned_clock = None
    for phase in (PLACEBO, PROGRAMME):
        count = lengths.get(phase, 0)
        looks = {week: look_at(_reader(users, weeks, phase, week, 1)) for week in range(1, count + 1)}
        if tuned_clock is None and looks:
            tuned_clock = _tuned_clock(looks, settings.tuned_week)
        passed = 0.0
        for week, look in looks.items():
            passed = np.fmax(passed, _clock(look))
            bound = mixture_bound(passed, tuned_clock, settings.level)
            records += _records(look, settings, phase, CUMULATIVE, week, bound)
            alone = look_at(_reader(users, weeks, phase, week, week))
            records += _records(alone, settings, phase, WEEK, week, stats.norm.isf((1 - settings.level) / 2))
    return typed([pd.DataFrame(records, columns=list(LOOK_COLUMNS))], LOOK_COLUMNS)


def _clock(look: Look) -> np.ndarray:
    """Variance of the lift's sum over all users."""
    return look.variance * float(look.counts.sum()) ** 2


def _tuned_clock(looks: dict[int, Look], tuned_week: int) -> np.ndarray:
    """Clock of that week; where the phase was shorter, its last week's at equal pace."""
    week = min(tuned_week, max(looks))
    found = _clock(looks[week]) * tuned_week / week
    return np.where(found > 0, found, 1.0)


def _reader(users: Any, weeks: Any, phase: str, last: int, first: int) -> Batches:
    """Read the users of a look with what they did from one week to another."""
    before = sorted(each for each in users.columns if each.startswith(KNOWN_BEFORE))
    sums = ", ".join(f"sum({each}) as {each}" for each in METRICS.values())
    done = weeks.filter(f"phase = '{phase}' and week_number between {first} and {last}").aggregate(f"user_id, {sums}")
    entered = users.filter(f"phase = '{phase}' and entered_week <= {last}")
    joined = entered.join(done, "user_id", how="left").order("user_id")
    numbers = [*before, *METRICS.values()]
    columns = ", ".join(f"coalesce(cast({each} as double), 0) as number_{place}" for place, each in enumerate(numbers))
    relation = joined.project(f"is_treated, {columns}")

    def batches() -> Iterator[tuple[np.ndarray, ...]]:
        for batch in relation.to_arrow_reader(BATCH_ROWS):
            treated, *rest = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
            values = np.column_stack(rest)
            yield treated.astype(bool), values[:, : len(before)], values[:, len(before) :]

    return batches


def _records(
    look: Look, settings: ProgrammeSettings, phase: str, period: str, week: int, bound: np.ndarray | float
) -> list[dict[str, Any]]:
    found = {"phase": phase, "period": period, "week_number": week}
    found |= {"treated_count": int(look.counts[0]), "control_count": int(look.counts[1])}
    stated = {"lift": look.lift, "treated_value": look.values[0], "control_value": look.values[1]}
    if look.counts.min() >= settings.min_arm_users:
        low, high = interval(look, bound)
        stated |= {"lift_low": low, "lift_high": high, "width_share": np.sqrt(look.variance / look.raw_variance)}
        seen = stats.t.isf(stats.norm.sf(bound), look.freedom) + stats.norm.isf(1 - settings.power)
        stated["smallest_lift"] = seen * np.sqrt(look.variance)
    else:
        stated |= {"lift": look.lift * np.nan}
    return [
        {**found, "metric": metric, **{name: values[place] for name, values in stated.items()}}
        for place, metric in enumerate(METRICS)
    ]

"""Calibration maps, which go into service only if they beat no map on later dates."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import t as student
from sklearn.metrics import log_loss

from precision_marketing.estimators.families import calibration_map, calibration_shift, log_odds, member_probability
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, fit_families, members_of

Map = tuple[float, float]
LEAVE_AS_IT_IS: Map = (1.0, 0.0)
NO_MAP, MAPS = "none", ("shift", "platt")
# Fewest later dates on which a map must have been compared with no map.
LEAST_DATES = 3
CONFIDENCE = 0.95


@dataclass(frozen=True)
class InnerDate:
    """A date before the test, predicted by what was known on it.

    Parameters
    ----------
    outcome : numpy.ndarray of float, shape (rows,)
        0.0 or 1.0.
    probabilities : list of numpy.ndarray, each of shape (rows,)
        By each member of a candidate, not calibrated.
    """

    outcome: np.ndarray
    probabilities: list[np.ndarray]

    def loss(self, maps: list[Map]) -> float:
        """Log loss of the mean of the members, each mapped."""
        mapped = zip(self.probabilities, maps, strict=True)
        mean = np.mean([expit(slope * log_odds(own) + added) for own, (slope, added) in mapped], axis=0)
        return float(log_loss(self.outcome, mean, labels=[0.0, 1.0]))


@dataclass(frozen=True)
class Calibration:
    """What was chosen, and by how much.

    Parameters
    ----------
    name : str
        `NO_MAP` or one of `MAPS`.
    maps : list of tuple of float
        Slope and intercept of each member.
    gains : dict of str to tuple of float
        Per map the mean gain in log loss over no map, and the lower end of its interval;
        NaN on fewer than `LEAST_DATES` dates.
    date_count : int
        Later dates on which maps were compared.
    """

    name: str
    maps: list[Map]
    gains: dict[str, tuple[float, float]]
    date_count: int


def choose_calibration(name: str, rows: TaskRows, predictions: pd.DataFrame, settings: LearningSettings) -> Calibration:
    """Learn the maps of a candidate's members, if a map is better than none.

    On each inner date but the first, every map is learnt from the dates before it, whose
    label windows had closed, and compared with no map. A map goes into service if the
    whole 95 % interval of its mean gain in log loss lies above zero, and then the one
    that gains most. The unit is the date (Student's t): rows of a season share its
    surprise, however many they are.

    Parameters
    ----------
    name : str
        Candidate.
    rows : TaskRows
        All rows of the task.
    predictions : pandas.DataFrame
        Output of `precision_marketing.evaluation.backtest.validate`, this task's rows.
    settings : LearningSettings
        How far maps are held back; how earlier dates are fitted.
    """
    dates = inner_dates(name, rows, predictions, settings)
    members = len(members_of(name, rows.task))
    gains: dict[str, list[float]] = {each: [] for each in MAPS}
    for number, later in enumerate(dates[1:], start=1):
        plain = later.loss([LEAVE_AS_IT_IS] * members)
        for each, found in gains.items():
            found.append(plain - later.loss(_maps(each, dates[:number], settings)))
    judged = {each: _interval(found) for each, found in gains.items()}
    able = [each for each in MAPS if judged[each][1] > 0]
    chosen = max(able, key=lambda each: judged[each][0], default=NO_MAP)
    maps = _maps(chosen, dates, settings) if able else [LEAVE_AS_IT_IS] * members
    return Calibration(chosen, maps, judged, max(len(dates) - 1, 0))


def inner_dates(name: str, rows: TaskRows, predictions: pd.DataFrame, settings: LearningSettings) -> list[InnerDate]:
    """Predict the dates before the test whose label windows do not overlap, in order.

    The last is the last date of the validation. Validated dates are read from
    ``predictions``, earlier ones are fitted here.
    """
    families = members_of(name, rows.task)
    known = predictions[predictions["is_outcome_final"] & predictions["estimator_name"].isin(families)]
    is_later = rows.panel.rows["split_name"].isin(["test", "score"]).to_numpy(bool)
    inner = rows.where(~is_later & ~np.isnan(rows.labels))
    as_of_dates = inner.panel.rows["as_of_date"]
    ends = pd.Series(inner.label_ends).groupby(as_of_dates).max()
    found: list[InnerDate] = []
    following = None
    for date in sorted(ends.index, reverse=True):
        own = known[known["as_of_date"] == date]
        if (following is None and own.empty) or (following is not None and ends[date] > following):
            continue
        if own.empty:
            training, shown = rows.closed_by(date), inner.where((as_of_dates == date).to_numpy())
            if not training.can_be_learnt:
                continue
            fitted = fit_families(training, settings, families)
            outcome = shown.labels
            pieces = list(shown.panel.pieces(shown.feature_names))
            probabilities = [
                np.concatenate([member_probability(fitted[each], piece) for piece in pieces]) for each in families
            ]
        else:
            of_each = [own[own["estimator_name"] == each] for each in families]
            outcome = of_each[0]["outcome"].to_numpy()
            probabilities = [each["prediction"].to_numpy() for each in of_each]
        found.append(InnerDate(outcome, probabilities))
        following = date
    return found[::-1]


def _maps(kind: str, dates: list[InnerDate], settings: LearningSettings) -> list[Map]:
    """Learn a map per member from all rows of some dates."""
    outcome = np.concatenate([each.outcome for each in dates])
    maps = []
    for own in zip(*(each.probabilities for each in dates), strict=True):
        given = np.concatenate(own)
        if kind == "shift":
            maps.append((1.0, calibration_shift(given, outcome, settings.calibration_shift_kept)))
        else:
            weight, kept = settings.calibration_prior_weight, settings.calibration_shift_kept
            maps.append(calibration_map(given, outcome, weight, kept))
    return maps


def _interval(gains: list[float]) -> tuple[float, float]:
    """Return the mean, and the lower end of its two-sided interval."""
    if len(gains) < LEAST_DATES:
        return float("nan"), float("nan")
    spread = np.std(gains, ddof=1) / np.sqrt(len(gains))
    mean = float(np.mean(gains))
    return mean, float(mean - student.ppf((1 + CONFIDENCE) / 2, len(gains) - 1) * spread)

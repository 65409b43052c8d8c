"""Fitting the candidates of a task so that nothing of the future is used."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from precision_marketing.estimators import (
    AVERAGE,
    AVERAGED,
    CALIBRATION_FOLDS,
    FAMILIES,
    CalibratedAverage,
    platt_map,
    use_one_thread,
)


@dataclass(frozen=True)
class Settings:
    """Parameters of learning; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed : int
        Seed of every random draw.
    calibration_share : float
        Share of the training rows, the latest as-of dates, that calibrate.
    min_calibration_positives : int
        Fewest positives before and in the calibration rows; below it no map is fitted.
    """

    seed: int
    calibration_share: float
    min_calibration_positives: int

    @classmethod
    def from_meta(cls, meta: dict) -> "Settings":
        """Read the settings that a Python model got through its ``meta``."""
        return cls(
            seed=int(meta["seed"]),
            calibration_share=float(meta["calibration_share"]),
            min_calibration_positives=int(meta["min_calibration_positives"]),
        )


@dataclass(frozen=True)
class TrainingRows:
    """Rows whose labels are known, with the dates that order them.

    Parameters
    ----------
    features : pandas.DataFrame
        Shape (rows, features).
    labels : numpy.ndarray of float
        0.0 or 1.0.
    as_of_dates, label_end_dates : numpy.ndarray of datetime64
        First day of each label window, and the day after its last.
    """

    features: pd.DataFrame
    labels: np.ndarray
    as_of_dates: np.ndarray
    label_end_dates: np.ndarray

    def where(self, mask: np.ndarray) -> "TrainingRows":
        """Keep the rows at which ``mask`` is true."""
        return TrainingRows(
            self.features[mask],
            self.labels[mask],
            self.as_of_dates[mask],
            self.label_end_dates[mask],
        )

    @property
    def rarer_count(self) -> int:
        """Rows of the rarer class."""
        positives = int(self.labels.sum())
        return min(positives, len(self.labels) - positives)

    @property
    def can_be_learnt(self) -> bool:
        """Whether every family can be fitted: each fold needs a row of each class."""
        return self.rarer_count >= CALIBRATION_FOLDS


def training_rows(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    labels: pd.Series,
    until: pd.Timestamp,
) -> TrainingRows:
    """Take the rows whose label window had closed by a date.

    Parameters
    ----------
    panel, features, labels
        Aligned row by row.
    until : pandas.Timestamp
        Label windows end on or before the start of this day.
    """
    mask = ((panel["label_end_date"] <= until) & labels.notna()).to_numpy()
    return TrainingRows(
        features[mask],
        labels[mask].to_numpy(),
        panel.loc[mask, "as_of_date"].to_numpy(),
        panel.loc[mask, "label_end_date"].to_numpy(),
    )


def fit_candidates(
    rows: TrainingRows, settings: Settings, names: tuple[str, ...]
) -> dict[str, CalibratedAverage]:
    """Fit the named candidates.

    Parameters
    ----------
    rows : TrainingRows
        At least `CALIBRATION_FOLDS` rows of each class.
    settings : Settings
        Seed and calibration.
    names : tuple of str
        Families, and `AVERAGE` for the mean of the calibrated families `AVERAGED`.

    Returns
    -------
    dict of str to CalibratedAverage
        One fitted estimator per name.
    """
    wanted = [name for name in FAMILIES if name in names]
    if AVERAGE in names:
        wanted += [name for name in AVERAGED if name not in wanted]
    use_one_thread()
    fitted = {name: _fit_calibrated(name, rows, settings) for name in wanted}
    result = {
        name: CalibratedAverage([pipeline], [slope], [intercept])
        for name, (pipeline, slope, intercept) in fitted.items()
        if name in names
    }
    if AVERAGE in names:
        members, slopes, intercepts = zip(
            *(fitted[name] for name in AVERAGED), strict=True
        )
        result[AVERAGE] = CalibratedAverage(
            list(members), list(slopes), list(intercepts)
        )
    return result


def _fit_calibrated(
    name: str, rows: TrainingRows, settings: Settings
) -> tuple[Pipeline, float, float]:
    """Fit on all rows; learn the map on predictions later than what made them."""
    slope, intercept = 1.0, 0.0
    earlier, later = _calibration_split(rows, settings.calibration_share)
    positives = min(earlier.labels.sum(), later.labels.sum())
    enough = positives >= settings.min_calibration_positives
    if enough and earlier.can_be_learnt and later.can_be_learnt:
        scout = _fit_family(name, earlier, settings.seed)
        slope, intercept = platt_map(
            scout.predict_proba(later.features)[:, 1], later.labels
        )
    return _fit_family(name, rows, settings.seed), slope, intercept


def _fit_family(name: str, rows: TrainingRows, seed: int) -> Pipeline:
    pipeline = FAMILIES[name](rows.features, seed)
    # Small shops: neighbours and landmarks cannot outnumber the rows.
    for _, step in pipeline.steps:
        for parameter in ("n_neighbors", "n_components"):
            if hasattr(step, parameter):
                most = min(getattr(step, parameter), len(rows.labels))
                step.set_params(**{parameter: most})
    return pipeline.fit(rows.features, rows.labels.astype(int))


def _calibration_split(
    rows: TrainingRows, share: float
) -> tuple[TrainingRows, TrainingRows]:
    """Split at the as-of date from which on at least `share` of the rows lie."""
    dates, counts = np.unique(rows.as_of_dates, return_counts=True)
    from_last = np.cumsum(counts[::-1])[::-1]
    cut = dates[from_last >= share * len(rows.labels)].max()
    return (
        rows.where(rows.label_end_dates <= cut),
        rows.where(rows.as_of_dates >= cut),
    )

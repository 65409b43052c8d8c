"""Fitted estimators of the registry: their bytes, and what reads them back."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precision_marketing.common import archives
from precision_marketing.common.frames import Panel
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage, predict_values

Estimator = CalibratedAverage | AverageAmount
# What a registry blob may hold beside the types that skops trusts by itself. Anything
# else in a blob is refused before it is loaded.
ALLOWED_TYPES = (
    "numpy.dtype",
    "precision_marketing.estimators.AverageAmount",
    "precision_marketing.estimators.CalibratedAverage",
    "precision_marketing.estimators.MedianImputer",
    "precision_marketing.estimators.signed_log",
    "sklearn._loss.link.IdentityLink",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
)


def dump_estimator(estimator: Estimator) -> bytes:
    """Turn a fitted estimator into bytes."""
    return archives.dump(estimator)


def load_estimator(blob: bytes) -> Estimator:
    """Read an estimator back.

    Raises
    ------
    ValueError
        If the bytes are no whole skops archive, hold a type outside `ALLOWED_TYPES` or
        are another estimator.
    """
    estimator = archives.load(blob, ALLOWED_TYPES, "The registry's bytes")
    if not isinstance(estimator, Estimator):
        held = type(estimator).__name__
        raise ValueError(f"The registry's bytes hold {held}, not an estimator of this project.")
    return estimator


@dataclass(frozen=True)
class StoredEstimator:
    """A row of the registry that can predict.

    Parameters
    ----------
    task, name, version : str
        As in the registry.
    feature_names : list of str
        Columns that it was fitted on: of a baseline, its own column, which need not be
        among the features that the task's families learn from.
    estimator : CalibratedAverage or AverageAmount
        Fitted.
    """

    task: str
    name: str
    version: str
    feature_names: list[str]
    estimator: Estimator

    @classmethod
    def of(cls, entry: pd.Series) -> "StoredEstimator":
        """Read a row of the registry."""
        return cls(
            entry["task"],
            entry["estimator_name"],
            entry["estimator_version"],
            json.loads(entry["feature_names"]),
            load_estimator(bytes(entry["estimator_bytes"])),
        )

    def check(self, panel: Panel) -> None:
        """Look for the columns that it was fitted on.

        Raises
        ------
        ValueError
            If the panel lacks one.
        """
        missing = sorted(set(self.feature_names) - set(panel.feature_names))
        if missing:
            raise ValueError(
                f"The champion of {self.task} needs features that its panel "
                f"lacks: {', '.join(missing)}. Build again with training included."
            )

    def features(self, panel: Panel) -> pd.DataFrame:
        """Return the columns of a panel that it was fitted on."""
        self.check(panel)
        return panel.columns(self.feature_names)

    def predict(self, panel: Panel) -> np.ndarray:
        """Predict the rows of a panel: probabilities of class 1, or amounts."""
        self.check(panel)
        pieces = [predict_values(self.estimator, some) for some in panel.pieces(self.feature_names)]
        return np.concatenate([*pieces, np.empty(0)])


def champion_of(registry: pd.DataFrame, task: str) -> StoredEstimator | None:
    """Find what is in service for a task; None where nothing could be learnt."""
    rows = registry[(registry["task"] == task) & (registry["status"] == "champion")]
    return None if rows.empty else StoredEstimator.of(rows.iloc[0])


def judged_estimators(registry: pd.DataFrame, task: str) -> dict[pd.Timestamp, StoredEstimator]:
    """Find the fits of the champion before the test, by the day they learn until."""
    rows = registry[(registry["task"] == task) & (registry["status"] == "judged")]
    return {entry["train_until_date"]: StoredEstimator.of(entry) for _, entry in rows.iterrows()}

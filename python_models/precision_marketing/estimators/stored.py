"""Fitted estimators as bytes and back: skops with an allow-list, never pickle."""

import zipfile

import skops.io

from precision_marketing.estimators.families import AverageAmount, CalibratedAverage

Estimator = CalibratedAverage | AverageAmount
# What a registry blob may hold beside the types that skops trusts by itself. Anything
# else in a blob is refused before it is loaded.
ALLOWED_TYPES = (
    "numpy.dtype",
    "precision_marketing.estimators.AverageAmount",
    "precision_marketing.estimators.CalibratedAverage",
    "precision_marketing.estimators.signed_log",
    "sklearn._loss.link.IdentityLink",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
)


def dump_estimator(estimator: Estimator) -> bytes:
    """Turn a fitted estimator into bytes (skops, never pickle)."""
    return skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)


def load_estimator(blob: bytes) -> Estimator:
    """Read an estimator back.

    Raises
    ------
    ValueError
        If the bytes are no whole skops archive, hold a type outside `ALLOWED_TYPES` or
        are another estimator.
    """
    foreign, estimator = [], None
    try:
        found = skops.io.get_untrusted_types(data=blob)
        foreign = sorted(set(found) - set(ALLOWED_TYPES))
        if not foreign:
            estimator = skops.io.loads(blob, trusted=list(ALLOWED_TYPES))
    except Exception as error:
        raise ValueError(
            "The registry's bytes are no skops archive, or a damaged one."
        ) from error
    if foreign:
        raise ValueError(f"The registry's bytes hold types not allowed: {foreign}.")
    if not isinstance(estimator, Estimator):
        held = type(estimator).__name__
        raise ValueError(f"The registry's bytes hold {held}, no estimator of ours.")
    return estimator

"""The families of estimators, as scikit-learn pipelines, and their calibration."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

AVERAGE = "average"
# The average takes the three families whose errors differ most: a line, a bagged and
# a boosted tree.
AVERAGED = ("logistic_regression", "random_forest", "gradient_boosting")
PLAIN_RULE = "plain_rule"
# The support vector machine gives no probability: it is calibrated on folds.
CALIBRATION_FOLDS = 3


def use_one_thread() -> None:
    """Keep BLAS and OpenMP to one thread, for the rest of the process.

    Several threads on few busy cores made boosting 5 to 10 times slower. The limit is
    never lifted: dbt runs models side by side, and a limit that one lifts while another
    fits would change the order of its sums, and so the last digits of its scores.
    """
    threadpool_limits(limits=1)


def signed_log(values: np.ndarray) -> np.ndarray:
    """Shrink long tails on both sides: ``sign(x) * log(1 + |x|)``."""
    return np.sign(values) * np.log1p(np.abs(values))


def preprocessor(features: pd.DataFrame, *, scaled: bool) -> ColumnTransformer:
    """Impute, scale and one-hot encode, fitted together with the estimator.

    Parameters
    ----------
    features : pandas.DataFrame
        Shows which columns are numbers and which are text.
    scaled : bool
        Whether numbers are also shrunk by `signed_log` and standardised: needed by
        distances and penalties, useless to trees.
    """
    numbers = list(features.select_dtypes("number").columns)
    texts = [column for column in features.columns if column not in numbers]
    steps = [SimpleImputer(strategy="median", keep_empty_features=True)]
    if scaled:
        steps += [FunctionTransformer(signed_log), StandardScaler()]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(*steps), numbers),
            (
                "texts",
                OneHotEncoder(
                    handle_unknown="infrequent_if_exist",
                    min_frequency=20,
                    sparse_output=False,
                ),
                texts,
            ),
        ]
    )


def _logistic_regression(features: pd.DataFrame, seed: int) -> Pipeline:
    return make_pipeline(
        preprocessor(features, scaled=True),
        LogisticRegression(C=0.01, max_iter=2000, random_state=seed),
    )


def _gradient_boosting(features: pd.DataFrame, seed: int) -> Pipeline:
    return make_pipeline(
        preprocessor(features, scaled=False),
        HistGradientBoostingClassifier(
            learning_rate=0.03,
            max_iter=200,
            max_leaf_nodes=12,
            min_samples_leaf=60,
            l2_regularization=5.0,
            max_features=0.4,
            early_stopping=False,
            random_state=seed,
        ),
    )


def _random_forest(features: pd.DataFrame, seed: int) -> Pipeline:
    return make_pipeline(
        preprocessor(features, scaled=False),
        RandomForestClassifier(
            n_estimators=100,
            min_samples_leaf=20,
            max_features=0.08,
            max_samples=0.4,
            random_state=seed,
        ),
    )


def _nearest_neighbours(features: pd.DataFrame, seed: int) -> Pipeline:
    return make_pipeline(
        preprocessor(features, scaled=True),
        KNeighborsClassifier(n_neighbors=150, algorithm="brute"),
    )


def _support_vector_machine(features: pd.DataFrame, seed: int) -> Pipeline:
    # A radial kernel through 200 landmarks: exact kernels take minutes at this size.
    return make_pipeline(
        preprocessor(features, scaled=True),
        Nystroem(gamma=0.003, n_components=200, random_state=seed),
        CalibratedClassifierCV(
            LinearSVC(C=0.1, random_state=seed),
            method="sigmoid",
            cv=CALIBRATION_FOLDS,
            ensemble=False,
        ),
    )


FAMILIES: dict[str, Callable[[pd.DataFrame, int], Pipeline]] = {
    "logistic_regression": _logistic_regression,
    "gradient_boosting": _gradient_boosting,
    "random_forest": _random_forest,
    "nearest_neighbours": _nearest_neighbours,
    "support_vector_machine": _support_vector_machine,
}
CANDIDATES = (*FAMILIES, AVERAGE)


def rule_estimator(column: str) -> Pipeline:
    """One column of the panel turned into a probability: the fallback estimator."""
    steps = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
        FunctionTransformer(signed_log),
        StandardScaler(),
    )
    return make_pipeline(
        ColumnTransformer([("rule", steps, [column])]), LogisticRegression()
    )


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, 1e-5, 1 - 1e-5)
    return np.log(clipped / (1 - clipped))


class CalibratedAverage(ClassifierMixin, BaseEstimator):
    """Mean of calibrated probabilities of one or more fitted pipelines.

    Parameters
    ----------
    members : list of sklearn.pipeline.Pipeline
        Fitted; each gives ``predict_proba``.
    slopes, intercepts : list of float
        Per member, the map of its log-odds to calibrated log-odds (Platt, 1999);
        slope 1 and intercept 0 leave a member as it is.
    """

    def __init__(self, members: list, slopes: list, intercepts: list):
        self.members = members
        self.slopes = slopes
        self.intercepts = intercepts

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """Probabilities of class 0 and 1, shape (rows, 2)."""
        total = np.zeros(len(features))
        parts = zip(self.members, self.slopes, self.intercepts, strict=True)
        use_one_thread()
        for member, slope, intercept in parts:
            log_odds = _log_odds(member.predict_proba(features)[:, 1])
            total += 1 / (1 + np.exp(-(slope * log_odds + intercept)))
        positive = total / len(self.members)
        return np.column_stack([1 - positive, positive])


def platt_map(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope and intercept that map log-odds to calibrated log-odds (Platt, 1999)."""
    fitted = LogisticRegression(C=1e6).fit(_log_odds(probabilities)[:, None], labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])

"""The families of estimators, as scikit-learn pipelines, and what is made of them."""

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

AVERAGE = "average"
PLAIN_RULE = "plain_rule"
# The support vector machine gives no probability: it is calibrated on folds.
CALIBRATION_FOLDS = 3
# Probabilities are kept away from 0 and 1 by so much before their log-odds are taken.
SMALLEST_PROBABILITY = 1e-5
# Keeps a map finite where all labels are equal: a shift by 1 is one deviation.
LEAST_PRIOR_WEIGHT = 0.5


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


# What is done to numbers, besides filling gaps by the median.
AS_THEY_ARE, SCALED, LOGGED = "as they are", "scaled", "logged and scaled"


def _varying(features: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that tell one row from another, all if none does."""
    # the median fills a gap in numbers; a missing text is a text of its own
    varies = [
        features[name].nunique(dropna=is_numeric_dtype(features[name])) > 1
        for name in features
    ]
    return features.loc[:, varies] if any(varies) else features


def preprocessor(features: pd.DataFrame, numbers_are: str) -> ColumnTransformer:
    """Impute, scale and one-hot encode, fitted together with the estimator.

    A column that tells no row from another is left out: with it, families that draw
    features at random would draw others.

    Parameters
    ----------
    features : pandas.DataFrame
        Shows which columns are numbers and which are text.
    numbers_are : str
        `AS_THEY_ARE` for trees; `SCALED`, or `LOGGED` (shrunk by `signed_log` before),
        for distances and penalties.
    """
    features = _varying(features)
    steps = [SimpleImputer(strategy="median", keep_empty_features=True)]
    if numbers_are == LOGGED:
        steps.append(FunctionTransformer(signed_log))
    if numbers_are != AS_THEY_ARE:
        steps.append(StandardScaler())
    return numbers_and_texts(features, *steps)


def numbers_and_texts(
    features: pd.DataFrame, *steps: BaseEstimator
) -> ColumnTransformer:
    """Put numbers through some steps, and one-hot encode texts; not fitted.

    Parameters
    ----------
    features : pandas.DataFrame
        Shows which columns are numbers and which are text (gaps ``"missing"``).
    *steps : scikit-learn transformers
        For the numbers.
    """
    numbers = list(features.select_dtypes("number").columns)
    texts = [column for column in features.columns if column not in numbers]
    encoded = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=20, sparse_output=False
    )
    return ColumnTransformer(
        [("numbers", make_pipeline(*steps), numbers), ("texts", encoded, texts)]
    )


def _boosting_settings(seed: int) -> dict:
    return {
        "learning_rate": 0.06,
        "max_iter": 100,
        "max_leaf_nodes": 12,
        "min_samples_leaf": 60,
        "l2_regularization": 5.0,
        "max_features": 0.4,
        "early_stopping": False,
        "random_state": seed,
    }


def _forest_settings(seed: int) -> dict:
    return {
        "n_estimators": 100,
        "min_samples_leaf": 20,
        "max_samples": 0.4,
        "random_state": seed,
    }


def _network_settings(seed: int) -> dict:
    return {
        "hidden_layer_sizes": (32,),
        "alpha": 1.0,
        "learning_rate_init": 0.002,
        "early_stopping": True,
        "n_iter_no_change": 5,
        "random_state": seed,
    }


def _decision_tree(seed: int) -> tuple:
    return (
        AS_THEY_ARE,
        DecisionTreeRegressor(max_depth=6, min_samples_leaf=100, random_state=seed),
    )


def _classifiers(seed: int) -> dict[str, tuple]:
    """Return what is done to numbers, and the steps that follow, per family."""
    return {
        "logistic_regression": (
            LOGGED,
            LogisticRegression(C=0.01, max_iter=2000, random_state=seed),
        ),
        "gradient_boosting": (
            AS_THEY_ARE,
            HistGradientBoostingClassifier(**_boosting_settings(seed)),
        ),
        "random_forest": (
            AS_THEY_ARE,
            RandomForestClassifier(max_features=0.08, **_forest_settings(seed)),
        ),
        "nearest_neighbours": (
            LOGGED,
            KNeighborsClassifier(n_neighbors=150, algorithm="brute"),
        ),
        # a radial kernel through 200 landmarks: exact kernels take minutes
        "support_vector_machine": (
            LOGGED,
            Nystroem(gamma=0.003, n_components=200, random_state=seed),
            CalibratedClassifierCV(
                LinearSVC(C=0.1, random_state=seed),
                method="sigmoid",
                cv=CALIBRATION_FOLDS,
                ensemble=False,
            ),
        ),
        "neural_network": (LOGGED, MLPClassifier(**_network_settings(seed))),
        "linear_regression": (LOGGED, Ridge(alpha=100.0)),
        "decision_tree": _decision_tree(seed),
    }


def _regressors(seed: int) -> dict[str, tuple]:
    return {
        # amounts add up: their logarithms do not
        "linear_regression": (SCALED, Ridge(alpha=1000.0)),
        "decision_tree": _decision_tree(seed),
        "neural_network": (
            LOGGED,
            TransformedTargetRegressor(
                MLPRegressor(**_network_settings(seed)), transformer=StandardScaler()
            ),
        ),
        "random_forest": (
            AS_THEY_ARE,
            RandomForestRegressor(max_features=0.3, **_forest_settings(seed)),
        ),
        "gradient_boosting": (
            AS_THEY_ARE,
            HistGradientBoostingRegressor(loss="poisson", **_boosting_settings(seed)),
        ),
    }


# Families that give a probability (regressors of labels 0 and 1 among them), and an
# amount.
CLASSIFIERS = tuple(_classifiers(0))
REGRESSORS = tuple(_regressors(0))


def family_pipeline(
    name: str, features: pd.DataFrame, seed: int, *, is_amount: bool
) -> Pipeline:
    """Build the unfitted pipeline of a family.

    Parameters
    ----------
    name : str
        One of `REGRESSORS` for an amount, of `CLASSIFIERS` otherwise.
    features : pandas.DataFrame
        Shows which columns are numbers and which are text.
    seed : int
        Seed of every random draw.
    is_amount : bool
        Whether an amount is predicted.
    """
    families = _regressors(seed) if is_amount else _classifiers(seed)
    numbers_are, *steps = families[name]
    return make_pipeline(preprocessor(features, numbers_are), *steps)


def rule_estimator(column: str, *, is_amount: bool) -> Pipeline:
    """One column of the panel turned into a prediction: the fallback estimator."""
    steps = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
        FunctionTransformer(signed_log),
        StandardScaler(),
    )
    return make_pipeline(
        ColumnTransformer([("rule", steps, [column])]),
        Ridge() if is_amount else LogisticRegression(),
    )


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, kept `SMALLEST_PROBABILITY` away from 0 and 1."""
    return logit(np.clip(probabilities, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))


def member_prediction(member: Pipeline, features: pd.DataFrame) -> np.ndarray:
    """Predict by a fitted pipeline: a regressor's value, else the chance of class 1."""
    if is_regressor(member):
        return member.predict(features)
    return member.predict_proba(features)[:, 1]


def member_probability(member: Pipeline, features: pd.DataFrame) -> np.ndarray:
    """Probability of class 1 by a fitted pipeline; a regressor's value is clipped."""
    return np.clip(member_prediction(member, features), 0.0, 1.0)


class CalibratedAverage(ClassifierMixin, BaseEstimator):
    """Mean of calibrated probabilities of one or more fitted pipelines.

    Parameters
    ----------
    members : list of sklearn.pipeline.Pipeline
        Fitted; each gives a probability, as `member_probability` reads it.
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
            own = log_odds(member_probability(member, features))
            total += expit(slope * own + intercept)
        positive = total / len(self.members)
        return np.column_stack([1 - positive, positive])


class AverageAmount(RegressorMixin, BaseEstimator):
    """Mean of the amounts that one or more fitted pipelines predict, 0 at least.

    Parameters
    ----------
    members : list of sklearn.pipeline.Pipeline
        Fitted regressors.
    """

    def __init__(self, members: list):
        self.members = members

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Amounts, shape (rows,)."""
        use_one_thread()
        predicted = [member.predict(features) for member in self.members]
        return np.maximum(np.mean(predicted, axis=0), 0.0)


def predict_values(
    estimator: CalibratedAverage | AverageAmount, features: pd.DataFrame
) -> np.ndarray:
    """Probabilities of class 1, or amounts: what is stored as prediction and score."""
    if isinstance(estimator, AverageAmount):
        return estimator.predict(features)
    return estimator.predict_proba(features)[:, 1]


def calibration_map(
    probabilities: np.ndarray,
    labels: np.ndarray,
    prior_weight: float,
    shift_kept: float,
) -> tuple[float, float]:
    """Slope and intercept that map log-odds to calibrated log-odds.

    Platt's map (1999), held back twice. The slope has a Gaussian prior around 1: few
    rows say little about it. Of the shift in the mean only a share is kept: rows of a
    season share its surprise, however many they are, and the fit that the map is used
    with has learnt from that season as well.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (rows,)
        Predictions for rows later than what made them.
    labels : numpy.ndarray, shape (rows,)
        0.0 or 1.0.
    prior_weight : float
        Half the inverse variance of the slope around 1.
    shift_kept : float
        From 0, where the mean prediction stays as it is, to 1, where it becomes the
        mean label.

    Returns
    -------
    tuple of float
        Slope and intercept; 1 and 0 where there is no row.
    """
    if not len(labels):
        return 1.0, 0.0
    # in an order of their own: the sums below come out alike however rows are sorted
    order = np.lexsort((labels, probabilities))
    given, labels = log_odds(probabilities[order]), labels[order]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        mapped = parameters[0] * given + parameters[1]
        away = parameters - [1.0, 0.0]
        weights = np.array([prior_weight, LEAST_PRIOR_WEIGHT])
        value = np.logaddexp(0.0, mapped).sum() - labels @ mapped
        errors = expit(mapped) - labels
        gradient = np.array([errors @ given, errors.sum()])
        return value + weights @ away**2, gradient + 2 * weights * away

    slope, shifted = minimize(loss, [1.0, 0.0], jac=True, method="BFGS").x
    unshifted = _intercept_for_mean(slope * given, expit(given).mean())
    return float(slope), float(unshifted + shift_kept * (shifted - unshifted))


def _intercept_for_mean(values: np.ndarray, mean: float) -> float:
    """Find what to add to log-odds so that their probabilities have a given mean."""
    most = np.abs(values).max() + np.abs(logit(mean)) + 1.0
    return brentq(lambda added: expit(values + added).mean() - mean, -most, most)

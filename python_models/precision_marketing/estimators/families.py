"""The families of estimators, as scikit-learn pipelines, and what is made of them."""

from collections.abc import Callable
from typing import Any, Self

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
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

from precision_marketing.common.threads import use_one_thread

AVERAGE = "average"
BASELINE = "baseline"
# The support vector machine gives no probability: it is calibrated on folds.
CALIBRATION_FOLDS = 3
# Probabilities are kept away from 0 and 1 by so much before their log-odds are taken.
SMALLEST_PROBABILITY = 1e-5
# Lets a line through given points run through them, and one through equal points exist.
NO_PENALTY = 1e-9
# Keeps a map finite where all labels are equal: a shift by 1 is one deviation.
LEAST_PRIOR_WEIGHT = 0.5


def signed_log(values: np.ndarray) -> np.ndarray:
    """Shrink long tails on both sides: ``sign(x) * log(1 + |x|)``."""
    return np.sign(values) * np.log1p(np.abs(values))


# What is done to numbers, besides filling gaps by the median.
AS_THEY_ARE, SCALED, LOGGED = "as they are", "scaled", "logged and scaled"


def _varying(features: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that tell one row from another, all if none does."""
    varies = [_varies(features[name]) for name in features]
    return features.loc[:, varies] if any(varies) else features


def _varies(values: pd.Series) -> bool:
    # the median fills a gap in numbers; a missing text is a text of its own
    if is_numeric_dtype(values):
        return bool(np.fmin.reduce(values.to_numpy()) < np.fmax.reduce(values.to_numpy()))
    return values.nunique(dropna=False) > 1


class MedianImputer(SimpleImputer):
    """Fill gaps in numbers by the median, a column without any number by 0.

    What scikit-learn's learns in a fifth of the time: masked arrays are slow.
    """

    def __init__(self) -> None:
        super().__init__(strategy="median", keep_empty_features=True)

    def fit(self, features: pd.DataFrame, labels: None = None) -> Self:
        """Learn the medians: one row of them has these medians."""
        return super().fit(features.median().to_frame().T)


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
    steps = [MedianImputer()]
    if numbers_are == LOGGED:
        steps.append(FunctionTransformer(signed_log))
    if numbers_are != AS_THEY_ARE:
        steps.append(StandardScaler())
    return numbers_and_texts(features, *steps)


def numbers_and_texts(features: pd.DataFrame, *steps: BaseEstimator) -> ColumnTransformer:
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
    encoded = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20, sparse_output=False)
    return ColumnTransformer([("numbers", make_pipeline(*steps), numbers), ("texts", encoded, texts)])


def _support_vectors(gamma: float, n_components: int, random_state: int, **given: float) -> tuple:
    # a radial kernel through landmarks: exact kernels take minutes
    return (
        Nystroem(gamma=gamma, n_components=n_components, random_state=random_state),
        CalibratedClassifierCV(
            LinearSVC(**given, random_state=random_state), method="sigmoid", cv=CALIBRATION_FOLDS, ensemble=False
        ),
    )


def _network_of_amounts(**given: Any) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(MLPRegressor(**given), transformer=StandardScaler())


# Per family, what is done to numbers, whether it draws at random, and what makes the
# steps that follow of its hyperparameters. Families that give a probability (regressors
# of labels 0 and 1 among them), and an amount.
CLASSIFIERS: dict[str, tuple[str, bool, Callable]] = {
    "logistic_regression": (LOGGED, True, LogisticRegression),
    "gradient_boosting": (AS_THEY_ARE, True, HistGradientBoostingClassifier),
    "random_forest": (AS_THEY_ARE, True, RandomForestClassifier),
    "nearest_neighbours": (LOGGED, False, KNeighborsClassifier),
    "support_vector_machine": (LOGGED, True, _support_vectors),
    "neural_network": (LOGGED, True, MLPClassifier),
    "linear_regression": (LOGGED, False, Ridge),
    "decision_tree": (AS_THEY_ARE, True, DecisionTreeRegressor),
}
REGRESSORS: dict[str, tuple[str, bool, Callable]] = {
    # amounts add up: their logarithms do not
    "linear_regression": (SCALED, False, Ridge),
    "decision_tree": (AS_THEY_ARE, True, DecisionTreeRegressor),
    "neural_network": (LOGGED, True, _network_of_amounts),
    "random_forest": (AS_THEY_ARE, True, RandomForestRegressor),
    "gradient_boosting": (AS_THEY_ARE, True, HistGradientBoostingRegressor),
}


def family_pipeline(name: str, features: pd.DataFrame, seed: int, *, given: dict, is_amount: bool) -> Pipeline:
    """Build the unfitted pipeline of a family.

    Parameters
    ----------
    name : str
        One of `REGRESSORS` for an amount, of `CLASSIFIERS` otherwise.
    features : pandas.DataFrame
        Shows which columns are numbers and which are text.
    seed : int
        Seed of every random draw.
    given : dict
        Hyperparameters, in scikit-learn's words.
    is_amount : bool
        Whether an amount is predicted.

    Raises
    ------
    ValueError
        If scikit-learn knows no such hyperparameter.
    """
    numbers_are, is_random, make = (REGRESSORS if is_amount else CLASSIFIERS)[name]
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
    if is_random:
        given["random_state"] = seed
    try:
        made = make(**given)
    except TypeError as error:
        var = "regressors" if is_amount else "classifiers"
        raise ValueError(f"dbt_project.yml, vars: {var}.{name}: {error}.") from error
    steps = made if isinstance(made, tuple) else (made,)
    return make_pipeline(preprocessor(features, numbers_are), *steps)


def fit_baseline(features: pd.DataFrame, labels: np.ndarray, *, is_amount: bool) -> Pipeline:
    """Turn one column of the panel into a prediction: the fallback estimator.

    Parameters
    ----------
    features : pandas.DataFrame
        The baseline's column alone; a gap counts as 0.
    labels : numpy.ndarray, shape (rows,)
        Of the rows learnt from. An amount learns nothing: its fallback predicts the
        column itself, just as the baseline is judged, so that it cannot fall below it.
    is_amount : bool
        Whether an amount is predicted.
    """
    filled = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    if is_amount:
        steps, last = make_pipeline(filled, StandardScaler()), Ridge(alpha=NO_PENALTY)
        target = features.iloc[:, 0].fillna(0.0)
    else:
        steps = make_pipeline(filled, FunctionTransformer(signed_log), StandardScaler())
        last, target = LogisticRegression(), labels.astype(int)
    columns = ColumnTransformer([("baseline", steps, list(features.columns))])
    return make_pipeline(columns, last).fit(features, target)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, kept `SMALLEST_PROBABILITY` away from 0 and 1."""
    return logit(np.clip(probabilities, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))


def member_prediction(member: Pipeline, features: pd.DataFrame) -> np.ndarray:
    """Predict by a fitted pipeline: a regressor's value, else the chance of class 1."""
    numbers: Any = features
    if len(member) > 1 and isinstance(member[-1], HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        # each tree reads a few columns of all rows: a third of the time where a column lies together
        numbers, member = np.asfortranarray(member[:-1].transform(features)), member[-1]
    if is_regressor(member):
        return member.predict(numbers)
    return member.predict_proba(numbers)[:, 1]


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
        use_one_thread()
        positive = self.of_members([member_prediction(member, features) for member in self.members])
        return np.column_stack([1 - positive, positive])

    def of_members(self, predicted: list[np.ndarray]) -> np.ndarray:
        """Probabilities of class 1 from what each member predicted, shape (rows,)."""
        total = np.zeros(len(predicted[0]))
        for own, slope, intercept in zip(predicted, self.slopes, self.intercepts, strict=True):
            total += expit(slope * log_odds(np.clip(own, 0.0, 1.0)) + intercept)
        return total / len(self.members)


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
        return self.of_members([member_prediction(member, features) for member in self.members])

    def of_members(self, predicted: list[np.ndarray]) -> np.ndarray:
        """Amounts from what each member predicted, shape (rows,)."""
        return np.maximum(np.mean(predicted, axis=0), 0.0)


def predict_values(estimator: CalibratedAverage | AverageAmount, features: pd.DataFrame) -> np.ndarray:
    """Probabilities of class 1, or amounts: what is stored as prediction and score."""
    if isinstance(estimator, AverageAmount):
        return estimator.predict(features)
    return estimator.predict_proba(features)[:, 1]


def calibration_map(
    probabilities: np.ndarray, labels: np.ndarray, prior_weight: float, shift_kept: float
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


def calibration_shift(probabilities: np.ndarray, labels: np.ndarray, shift_kept: float) -> float:
    """Find what to add to log-odds so that the mean follows a share of its surprise.

    Parameters
    ----------
    probabilities, labels, shift_kept
        As in `calibration_map`; at least one row.
    """
    # half a row of each class: a mean of 0 or 1 has no log-odds
    mean = (labels.sum() + 0.5) / (len(labels) + 1)
    return float(shift_kept * _intercept_for_mean(log_odds(np.sort(probabilities)), mean))


def _intercept_for_mean(values: np.ndarray, mean: float) -> float:
    """Find what to add to log-odds so that their probabilities have a given mean."""
    most = np.abs(values).max() + np.abs(logit(mean)) + 1.0
    return brentq(lambda added: expit(values + added).mean() - mean, -most, most)

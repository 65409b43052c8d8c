"""Learners of what a contact changes, out of scikit-learn parts.

All take rows of a randomised trial with a known chance ``e`` of being treated, and
estimate per user ``E[outcome if contacted] - E[outcome if not]``:

- ``two_model`` (T-learner; Hansotia and Rukstales, 2002): one outcome model per arm;
  their difference.
- ``transformed_outcome`` (Athey and Imbens, 2016): ``y (t - e) / (e (1 - e))`` has the
  effect as its mean; one regression of it.
- ``x_learner`` (Kuenzel et al., 2019): each arm's outcomes less what the other arm's
  model expects, regressed per arm and averaged with weights ``1 - e`` and ``e``.
- ``doubly_robust`` (DR-learner; Kennedy, 2023): the outcome models' difference plus
  their errors weighted by ``1 / e`` and ``1 / (1 - e)``, regressed. The outcome models
  are cross-fitted: none has seen the user that it speaks of.

Outcome models are logistic for 0/1 and ridge for amounts; effects are ridge, the
penalty chosen by leave-one-out errors. Linear: with boosted trees in their place each
of the four had a lower cross-validated Qini on the training half of Hillstrom's data
(visits, either mail; mean of three cuts, 2026-11-24), and campaigns have hundreds of
users, not thousands.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from precision_marketing.common.hashing import user_folds
from precision_marketing.estimators.families import numbers_and_texts
from precision_marketing.uplift.metrics import Trial

LEARNERS = ("two_model", "transformed_outcome", "x_learner", "doubly_robust")
# Ranks by the chance to act once contacted, as a marketer without a control group would.
RESPONSE = "response"
# One effect for all: what is expected where no learner proves that users differ.
CONSTANT = "average_effect"

Predictor = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How learners are fitted.

    Parameters
    ----------
    is_binary : bool
        Whether the outcome is 0 or 1; otherwise it is an amount.
    folds : int
        Parts that users are cut into for cross-fitting, at least 2.
    seed : int
        Seed of the cut.
    logistic, penalties
        As in `precision_marketing.uplift.trials.UpliftSettings`.
    """

    is_binary: bool
    folds: int
    seed: int
    logistic: dict
    penalties: tuple[float, ...]


def design(features: pd.DataFrame) -> ColumnTransformer:
    """Make numbers of features: gaps filled, long tails shrunk, scaled, text one-hot.

    Parameters
    ----------
    features : pandas.DataFrame
        Shows which columns are numbers and which are text (gaps ``"missing"``).

    Returns
    -------
    sklearn.compose.ColumnTransformer
        Not fitted; it reads no outcome.
    """
    return numbers_and_texts(
        features,
        SimpleImputer(strategy="median", keep_empty_features=True),
        FunctionTransformer(np.arcsinh),
        StandardScaler(),
    )


def _constant(value: float) -> Predictor:
    return lambda rows: np.full(len(rows), value)


def _fit_outcome(rows: np.ndarray, outcome: np.ndarray, recipe: Recipe) -> Predictor:
    if len(np.unique(outcome)) < 2:
        return _constant(float(outcome[0]) if len(outcome) else 0.0)
    if not recipe.is_binary:
        return _fit_effect(rows, outcome, recipe)
    fitted = LogisticRegression(**recipe.logistic).fit(rows, outcome.astype(int))
    return lambda new: fitted.predict_proba(new)[:, 1]


def _fit_effect(rows: np.ndarray, effect: np.ndarray, recipe: Recipe) -> Predictor:
    if len(effect) < 2:
        return _constant(float(effect.mean()) if len(effect) else 0.0)
    return RidgeCV(alphas=recipe.penalties).fit(rows, effect).predict


def _fit_arms(rows: np.ndarray, trial: Trial, recipe: Recipe) -> list[Predictor]:
    """Outcome models of control and treatment."""
    return [_fit_outcome(rows[mask], trial.outcome[mask], recipe) for mask in (~trial.treated, trial.treated)]


def _two_model(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    control, contacted = arms
    return lambda new: contacted(new) - control(new)


def _transformed_outcome(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    share = trial.share
    turned = trial.outcome * (trial.treated - share) / (share * (1 - share))
    return _fit_effect(rows, turned, recipe)


def _x_learner(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    treated = trial.treated
    control, contacted = arms
    of_treated = _fit_effect(rows[treated], trial.outcome[treated] - control(rows[treated]), recipe)
    of_control = _fit_effect(rows[~treated], contacted(rows[~treated]) - trial.outcome[~treated], recipe)
    # a new user's chance is not known before the draw: the trial's mean stands in
    share = float(trial.share.mean())
    return lambda new: share * of_control(new) + (1 - share) * of_treated(new)


def _doubly_robust(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    fold = user_folds(trial.users, recipe.folds, recipe.seed)
    expected = np.zeros((2, len(rows)))
    for number in range(recipe.folds):
        own, others = fold == number, fold != number
        if own.any():
            models = _fit_arms(rows[others], trial.where(others), recipe)
            expected[:, own] = [model(rows[own]) for model in models]
    error = trial.outcome - np.where(trial.treated, expected[1], expected[0])
    weight = np.where(trial.treated, trial.weights, -trial.weights)
    return _fit_effect(rows, expected[1] - expected[0] + weight * error, recipe)


def _response(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    return arms[1]


def _average_effect(rows: np.ndarray, trial: Trial, recipe: Recipe, arms: list[Predictor]) -> Predictor:
    means = [np.average(trial.outcome[mask], weights=trial.weights[mask]) for mask in (~trial.treated, trial.treated)]
    return _constant(means[1] - means[0])


FITS = {
    "two_model": _two_model,
    "transformed_outcome": _transformed_outcome,
    "x_learner": _x_learner,
    "doubly_robust": _doubly_robust,
    RESPONSE: _response,
    CONSTANT: _average_effect,
}


def fit_learners(names: tuple[str, ...], rows: np.ndarray, trial: Trial, recipe: Recipe) -> dict[str, Predictor]:
    """Fit learners on the same rows.

    Parameters
    ----------
    names : tuple of str
        Some of `LEARNERS`, `RESPONSE` and `CONSTANT`.
    rows : numpy.ndarray of float, shape (rows, features)
        What was known of each row before the trial, as `design` makes it.
    trial : Trial
        The same rows, both arms among them.
    recipe : Recipe
        Kind of outcome, folds, seed.

    Returns
    -------
    dict of str to callable
        Each takes new rows and gives their estimated effects (for `RESPONSE` the chance
        or amount once contacted), shape (new rows,), in the outcome's unit.

    Raises
    ------
    ValueError
        If an arm is empty, so that no effect can be measured.
    """
    if not trial.has_both_arms:
        raise ValueError("Uplift needs rows in both arms: treatment and control.")
    arms = _fit_arms(rows, trial, recipe)
    return {name: FITS[name](rows, trial, recipe, arms) for name in names}


def cross_fitted(names: tuple[str, ...], rows: np.ndarray, trial: Trial, recipe: Recipe) -> dict[str, np.ndarray]:
    """Rank each row by learners that have not seen its user.

    Parameters
    ----------
    names, rows, trial, recipe
        As for `fit_learners`.

    Returns
    -------
    dict of str to numpy.ndarray of float, shape (rows,)
        Place of the row's estimate among those of its fold, above 0 to 1; ties share
        their mean. Estimates themselves must not be compared between folds: a learner
        that sees a large effect elsewhere speaks of a fold where it is small, so that
        constant estimates would rank worse than chance.

    Raises
    ------
    ValueError
        If an arm is empty outside a fold.
    """
    fold = user_folds(trial.users, recipe.folds, recipe.seed + 1)
    places = {name: np.zeros(len(rows)) for name in names}
    for number in np.unique(fold):
        own, others = fold == number, fold != number
        fitted = fit_learners(names, rows[others], trial.where(others), recipe)
        for name, predict in fitted.items():
            places[name][own] = rankdata(predict(rows[own])) / own.sum()
    return places

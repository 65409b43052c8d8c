"""Learn and choose on one half of a trial's users, judge on the other.

The halves are drawn by a salted hash of the user (`hashing.hashed_uniform`), so that a
user stays in one for ever. Nothing of the test half is read before the last step.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from precision_marketing.common.hashing import hashed_uniform
from precision_marketing.common.settings import Settings, Var
from precision_marketing.common.threads import use_one_thread
from precision_marketing.uplift.learners import CONSTANT, LEARNERS, RESPONSE, Recipe, cross_fitted, design, fit_learners
from precision_marketing.uplift.metrics import Trial, resample, uplift_metrics

RANDOM = "random"
# What the chosen learner of each training set would have done.
CHOSEN = "chosen"
# Whether two folds agree counts twice, once each way round, which a bootstrap of ranked
# rows cannot see: without an effect the cross-validated Qini spread 1.4 times as wide
# as it said (150 trials of 1,000 users simulated per kind of outcome, 2026-11-24).
FOLDS_WIDEN = 2**0.5
CHOICE_COLUMNS = ["validation_qini", "validation_low", "validation_high", "is_chosen"]


@dataclass(frozen=True)
class UpliftSettings(Settings):
    """Parameters of uplift; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed : int
        Seed of every random draw.
    draws : int
        Bootstrap draws behind each interval.
    folds : int
        Parts that users are cut into, to cross-fit and to choose.
    min_arm_users : int
        Fewest rows in the smaller arm to learn from, and to judge on.
    logistic : dict
        Hyperparameters of the outcome models of 0/1, in scikit-learn's words.
    penalties : tuple of float
        Of ridge, of which the least leave-one-out error chooses.
    """

    seed: Annotated[int, Var("random_seed")]
    draws: Annotated[int, Var("bootstrap_draws")]
    folds: Annotated[int, Var("uplift_folds")]
    min_arm_users: Annotated[int, Var("uplift_min_arm_users")]
    logistic: Annotated[dict, Var("uplift_logistic_regression")]
    penalties: Annotated[tuple[float, ...], Var("uplift_ridge_penalties")]

    def recipe(self, outcome: np.ndarray) -> Recipe:
        """Fit 0/1 outcomes as chances, others as amounts."""
        is_binary = bool(np.isin(outcome, (0.0, 1.0)).all())
        return Recipe(is_binary, self.folds, self.seed, self.logistic, self.penalties)

    def are_enough(self, trial: Trial) -> bool:
        """Whether the smaller arm has enough rows."""
        treated = int(trial.treated.sum())
        return min(treated, len(trial.treated) - treated) >= self.min_arm_users


def choose_learner(rows: np.ndarray, trial: Trial, settings: UpliftSettings) -> pd.DataFrame:
    """Choose among the learners inside the training half, by cross-validated Qini.

    Parameters
    ----------
    rows : numpy.ndarray of float, shape (rows, features)
        Training rows, as `learners.design` makes them.
    trial : Trial
        The same rows.
    settings : UpliftSettings
        Folds, draws, seed.

    Returns
    -------
    pandas.DataFrame
        Indexed by learner: ``validation_qini`` with its 95 % interval
        (``validation_low``, ``validation_high``) and ``is_chosen``. The learner with
        the highest Qini is chosen if its interval lies above zero. Otherwise nothing
        shows that users differ, and one effect for all is expected
        (`learners.CONSTANT`). The interval is the noise of the choice, `FOLDS_WIDEN`
        times as wide as a bootstrap of the ranked rows: learners whose Qinis differ by
        less are not told apart, and the highest of four is somewhat too high.
    """
    recipe = settings.recipe(trial.outcome)
    counts = resample(trial.users, settings.draws, settings.seed)
    found = {
        name: uplift_metrics(places, trial, counts).iloc[0, 1:].to_numpy(float)
        for name, places in cross_fitted(LEARNERS, rows, trial, recipe).items()
    }
    table = pd.DataFrame.from_dict(found, orient="index", columns=CHOICE_COLUMNS[:3])
    value = table["validation_qini"]
    for end in ("validation_low", "validation_high"):
        table[end] = value + FOLDS_WIDEN * (table[end] - value)
    best = value.idxmax()
    chosen = best if table.loc[best, "validation_low"] > 0 else CONSTANT
    table = table.reindex([*LEARNERS, CONSTANT, RESPONSE])
    return table.assign(is_chosen=table.index == chosen)


def estimate_effects(
    features: pd.DataFrame, trial: Trial, new_features: pd.DataFrame, settings: UpliftSettings
) -> pd.DataFrame:
    """Choose on the training rows, fit every learner on all of them, estimate new rows.

    Parameters
    ----------
    features : pandas.DataFrame, shape (rows, features)
        Training rows: numbers, and text without gaps.
    trial : Trial
        The same rows.
    new_features : pandas.DataFrame, shape (new rows, features)
        Rows to estimate.
    settings : UpliftSettings
        Folds, draws, seed.

    Returns
    -------
    pandas.DataFrame
        Per learner (`LEARNERS`, `CONSTANT`, `RESPONSE`) and new row, the row's label in
        the index of `new_features`: ``learner``, ``estimate`` and `CHOICE_COLUMNS`.
    """
    use_one_thread()
    encoder = design(features)
    rows, new_rows = encoder.fit_transform(features), encoder.transform(new_features)
    choice = choose_learner(rows, trial, settings)
    recipe = settings.recipe(trial.outcome)
    fitted = fit_learners(tuple(choice.index), rows, trial, recipe)
    parts = []
    for name, row in choice.iterrows():
        estimate = fitted[name](new_rows)
        part = pd.DataFrame({"learner": name, "estimate": estimate}, new_features.index)
        parts.append(part.assign(**row.to_dict()))
    return pd.concat(parts)


def random_scores(names: np.ndarray, settings: UpliftSettings) -> np.ndarray:
    """Score rows by chance alone: the control that every figure is read beside."""
    return hashed_uniform(names, f"random score {settings.seed}")


def judge_trial(features: pd.DataFrame, trial: Trial, is_test: np.ndarray, settings: UpliftSettings) -> pd.DataFrame:
    """Learn on one part of a trial, judge on the other.

    Parameters
    ----------
    features : pandas.DataFrame, shape (rows, features)
        What was known before the trial: numbers, and text without gaps.
    trial : Trial
        The same rows.
    is_test : numpy.ndarray of bool, shape (rows,)
        Rows judged; the same for all rows of a user.
    settings : UpliftSettings
        Folds, draws, seed.

    Returns
    -------
    pandas.DataFrame
        One row per learner, response score or random score and metric of
        `metrics.METRICS`: ``learner``, ``metric``, ``metric_value``,
        ``interval_low``, ``interval_high`` and `CHOICE_COLUMNS` (null for random).

    Raises
    ------
    ValueError
        If the training rows lack an arm.
    """
    # an order of their own, so that no last digit hangs on that of the rows
    order = np.argsort(trial.users, kind="stable")
    features, trial = features.iloc[order].reset_index(drop=True), trial.where(order)
    is_test = is_test[order]
    judged = trial.where(is_test)
    estimates = estimate_effects(features[~is_test], trial.where(~is_test), features[is_test], settings)
    scores = {
        name: (group["estimate"].to_numpy(), group.iloc[0][CHOICE_COLUMNS].to_dict())
        for name, group in estimates.groupby("learner", sort=False)
    }
    scores[RANDOM] = (random_scores(judged.users, settings), {})
    counts = resample(judged.users, settings.draws, settings.seed)
    parts = [
        uplift_metrics(score, judged, counts).assign(learner=name, **choice) for name, (score, choice) in scores.items()
    ]
    columns = ["learner", *parts[-1].columns[:4], *CHOICE_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns]

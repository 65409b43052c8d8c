"""Fitting the families of a task on rows whose label windows had closed."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from precision_marketing.common.frames import Panel
from precision_marketing.common.settings import Settings, Var
from precision_marketing.common.threads import use_one_thread, workers
from precision_marketing.estimators.families import (
    AVERAGE,
    CALIBRATION_FOLDS,
    AverageAmount,
    CalibratedAverage,
    family_pipeline,
)
from precision_marketing.estimators.tasks import TASKS_FILE, Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LearningSettings(Settings):
    """Parameters of learning; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed : int
        Seed of every random draw.
    learning_users_max : dict of str to int
        Per grain, the most users learnt from, as the labels draw them; rows about categories
        follow ``user``.
    max_training_rows : int
        Most rows that one fit learns from; of more, so many are drawn.
    importance_rows : int
        Most rows of a test origin that the importance of features is judged on.
    calibration_prior_weight : float
        How strongly the slopes of calibration maps are held at 1.
    calibration_shift_kept : float
        Share of a season's surprise that calibration maps pass on.
    bootstrap_draws : int
        Resamples of the users behind each interval.
    versions_kept : int
        Former live versions per task that the registry keeps.
    backtest_grid : str
        ``live``: what choosing the champions needs is judged; ``full``: all
        families and all earlier dates.
    threads : int
        Fits that run side by side, each on one thread; 0 for one per core.
    classifiers, regressors : dict of str to dict
        Hyperparameters by family, in scikit-learn's words.
    """

    seed: Annotated[int, Var("random_seed")]
    learning_users_max: Annotated[dict[str, int], Var("learning_users_max")]
    max_training_rows: Annotated[int, Var("max_training_rows")]
    importance_rows: Annotated[int, Var("importance_rows")]
    calibration_prior_weight: Annotated[float, Var("calibration_prior_weight")]
    calibration_shift_kept: Annotated[float, Var("calibration_shift_kept")]
    bootstrap_draws: Annotated[int, Var("bootstrap_draws")]
    versions_kept: Annotated[int, Var("registry_versions_kept")]
    backtest_grid: Annotated[Literal["live", "full"], Var("backtest_grid")]
    threads: Annotated[int, Var("fit_threads")]
    classifiers: Annotated[dict[str, dict], Var("classifiers")]
    regressors: Annotated[dict[str, dict], Var("regressors")]

    @property
    def every_family(self) -> bool:
        """Whether all families and earlier dates are judged, for `make backtest`."""
        return self.backtest_grid == "full"

    def side_by_side(self, call: Callable, arguments: Iterable) -> list[Any]:
        """Call a function on each argument in threads; results in their order."""
        # the limit of OpenMP holds for the thread that sets it
        with ThreadPoolExecutor(workers(self.threads), initializer=use_one_thread) as pool:
            return list(pool.map(call, arguments))


@dataclass(frozen=True)
class TaskRows:
    """The rows of a panel that one task is about, aligned.

    Parameters
    ----------
    task : Task
        What is predicted.
    panel : Panel
        Keys, split and dates of the rows, sorted, and all features of their grain.
    feature_names : list of str
        Those that the task may learn from.
    labels, outcomes : numpy.ndarray of float, shape (rows,)
        NaN where unknown.
    label_ends : numpy.ndarray of datetime64, shape (rows,)
        Day after the last of each row's label window.
    """

    task: Task
    panel: Panel
    feature_names: list[str]
    labels: np.ndarray
    outcomes: np.ndarray
    label_ends: np.ndarray

    @classmethod
    def named(cls, name: str, tasks: pd.DataFrame, panels: dict[str, Panel]) -> "TaskRows":
        """Take the rows of a task of the seed ``learning_tasks``.

        Raises
        ------
        ValueError
            If the seed has no such task, its row makes no sense, or it has a grain
            that no panel has.
        """
        task = Task.from_seed(tasks, name)
        if task.grain not in panels:
            raise ValueError(f"{TASKS_FILE}, task {name}: there is no grain {task.grain!r}, only {', '.join(panels)}.")
        return cls.of(task, panels[task.grain])

    @classmethod
    def of(cls, task: Task, panel: Panel) -> "TaskRows":
        """Take a task's rows out of the panel of its grain."""
        rows = task.population(panel)
        return cls(
            task=task,
            panel=rows,
            feature_names=task.feature_names(rows),
            labels=task.labels(rows).to_numpy(),
            outcomes=task.outcomes(rows).to_numpy(),
            label_ends=task.label_ends(rows).to_numpy(),
        )

    def where(self, mask: np.ndarray) -> "TaskRows":
        """Keep the rows at which ``mask`` is true, with a fresh index."""
        return TaskRows(
            self.task,
            self.panel.where(mask),
            self.feature_names,
            self.labels[mask],
            self.outcomes[mask],
            self.label_ends[mask],
        )

    @property
    def features(self) -> pd.DataFrame:
        """The features that the task may learn from, shape (rows, features), copied out."""
        return self.panel.columns(self.feature_names)

    def column(self, name: str) -> pd.Series:
        """Return a feature of numbers of the grain, one of the task or not."""
        return self.panel.columns([name])[name]

    def closed_by(self, until: pd.Timestamp) -> "TaskRows":
        """Keep the rows whose label window had closed by the start of a day."""
        mask = (pd.Series(self.label_ends) <= until).to_numpy() & ~np.isnan(self.labels)
        # panels that are too large to learn from all of them say which rows may be
        if "is_learnt_from" in self.panel.rows:
            mask &= self.panel.rows["is_learnt_from"].to_numpy(bool)
        return self.where(mask)

    def judged(self, splits: Iterable[str]) -> "TaskRows":
        """Keep the rows of some splits on which something was seen."""
        in_split = self.panel.rows["split_name"].isin(list(splits)).to_numpy()
        return self.where(in_split & ~np.isnan(self.outcomes))

    def drawn(self, most: int, seed: int) -> "TaskRows":
        """Draw at most so many rows, the same for the same seed; order stays."""
        if len(self.labels) <= most:
            return self
        chosen = np.random.default_rng(seed).permutation(len(self.labels))[:most]
        mask = np.zeros(len(self.labels), dtype=bool)
        mask[chosen] = True
        return self.where(mask)

    @property
    def can_be_learnt(self) -> bool:
        """Whether every family can be fitted: each fold needs a row of each class."""
        if self.task.is_amount:
            return int((self.labels > 0).sum()) >= CALIBRATION_FOLDS
        positives = int(self.labels.sum())
        rarer = min(positives, len(self.labels) - positives)
        return rarer >= CALIBRATION_FOLDS


def members_of(name: str, task: Task) -> tuple[str, ...]:
    """Families that a candidate is made of: itself, or all others of an average."""
    if name != AVERAGE:
        return (name,)
    return tuple(family for family in task.families if family != AVERAGE)


def fit_families(rows: TaskRows, settings: LearningSettings, names: Iterable[str]) -> dict[str, Pipeline]:
    """Fit some families on rows whose labels are known.

    Parameters
    ----------
    rows : TaskRows
        At least `CALIBRATION_FOLDS` rows of each class.
    settings : LearningSettings
        Seed, and how many rows are learnt from at most.
    names : iterable of str
        Families, no averages.

    Returns
    -------
    dict of str to sklearn.pipeline.Pipeline
        One fitted pipeline per family.
    """
    drawn = rows.drawn(settings.max_training_rows, settings.seed)
    features = drawn.features
    return {name: _fit_family(drawn, features, settings, name) for name in names}


def _fit_family(rows: TaskRows, features: pd.DataFrame, settings: LearningSettings, name: str) -> Pipeline:
    logger.info("fits %s for %s", name.replace("_", " "), rows.task.name)
    is_amount = rows.task.is_amount
    given = settings.regressors if is_amount else settings.classifiers
    pipeline = family_pipeline(name, features, settings.seed, given=given[name], is_amount=is_amount)
    # Small shops: neighbours and landmarks cannot outnumber the rows.
    for _, step in pipeline.steps:
        for name in ("n_neighbors", "n_components"):
            if hasattr(step, name):
                most = min(getattr(step, name), len(rows.labels))
                step.set_params(**{name: most})
    # money sent back may outweigh a window's sales; a Poisson loss starts at 0
    labels = np.maximum(rows.labels, 0) if is_amount else rows.labels.astype(int)
    return pipeline.fit(features, labels)


def combined(
    members: list[Pipeline], maps: list[tuple[float, float]], *, is_amount: bool
) -> CalibratedAverage | AverageAmount:
    """Make the estimator that fitted members give together.

    Parameters
    ----------
    members : list of sklearn.pipeline.Pipeline
        Fitted.
    maps : list of tuple of float
        Slope and intercept per member; amounts have no map.
    is_amount : bool
        Whether the members predict an amount.
    """
    if is_amount:
        return AverageAmount(members)
    slopes, intercepts = zip(*maps, strict=True)
    return CalibratedAverage(members, list(slopes), list(intercepts))

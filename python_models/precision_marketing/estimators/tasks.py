"""Prediction targets, and the columns of a panel that may predict them."""

from dataclasses import dataclass
from fnmatch import fnmatch

import pandas as pd

from precision_marketing.common.frames import Panel
from precision_marketing.estimators.families import AVERAGE, CLASSIFIERS, REGRESSORS

TASKS_FILE, BASELINES_FILE = "seeds/learning_tasks.csv", "seeds/baselines.csv"
FAMILIES = {"binary": CLASSIFIERS, "amount": REGRESSORS}
# What names a row of any panel; a panel of one grain lacks the others' columns.
KEY_COLUMNS = ("user_id", "offer_id", "campaign_id", "category_name", "product_id", "as_of_date")
# Rows sorted by it stand in the same order whatever the users are called.
ORDER_COLUMNS = ("as_of_date", "campaign_id", "category_name", "first_order_id", "product_id")


@dataclass(frozen=True)
class Task:
    """One thing predicted: a row of the seed ``learning_tasks``.

    Parameters
    ----------
    name : str
        Name of the task.
    grain : str
        Its rows stand in the panel of this grain.
    is_amount : bool
        Whether an amount is predicted (regression), not a class of two.
    label_column : str
        Column of the labels table to learn: null while its window is open.
    outcome_column : str
        Column of the labels table with what was seen so far: never null.
    population_column : str or None
        Boolean column of the labels table: whom the task is about; None for all rows.
    horizon_days : int or None
        Length of the label window; None where ``label_end_date`` gives its end.
    families : tuple of str
        Candidates that may go live.
    feature_patterns : tuple of str
        Features that it may learn from, as names with ``*`` for any letters.
    """

    name: str
    grain: str
    is_amount: bool
    label_column: str
    outcome_column: str
    population_column: str | None
    horizon_days: int | None
    families: tuple[str, ...]
    feature_patterns: tuple[str, ...]

    @classmethod
    def from_seed(cls, tasks: pd.DataFrame, name: str) -> "Task":
        """Find a task in the seed ``learning_tasks``.

        Raises
        ------
        ValueError
            If the seed has no such task, or its row makes no sense.
        """
        rows = tasks[tasks["task"] == name]
        if rows.empty:
            raise ValueError(f"{TASKS_FILE} has no task {name!r}.")
        row = rows.iloc[0]
        if row["label_kind"] not in FAMILIES:
            raise ValueError(
                f"{TASKS_FILE}, task {name}: label_kind is {row['label_kind']!r}, neither {' nor '.join(FAMILIES)}."
            )
        families = row["families"].split()
        known = [*FAMILIES[row["label_kind"]], AVERAGE]
        if strange := [each for each in families if each not in known]:
            raise ValueError(
                f"{TASKS_FILE}, task {name}: there is no family {strange[0]!r} of "
                f"label_kind {row['label_kind']}, only {', '.join(known)}."
            )
        if set(families) <= {AVERAGE}:
            raise ValueError(f"{TASKS_FILE}, task {name}: families has no family that {AVERAGE} can combine.")
        return cls(
            name=name,
            grain=row["grain"],
            is_amount=row["label_kind"] == "amount",
            label_column=row["label_column"],
            outcome_column=row["outcome_column"],
            population_column=None if pd.isna(row["population_column"]) else row["population_column"],
            horizon_days=None if pd.isna(row["horizon_days"]) else int(row["horizon_days"]),
            families=tuple(families),
            feature_patterns=tuple(row["feature_patterns"].split()),
        )

    def population(self, panel: Panel) -> Panel:
        """Keep the rows of a panel that the task is about, with a fresh index."""
        if self.population_column is None:
            return panel
        return panel.where((self._column(panel, self.population_column) == 1).to_numpy())

    def feature_names(self, panel: Panel) -> list[str]:
        """Name the features that the task may learn from.

        Raises
        ------
        ValueError
            If there is none.
        """
        patterns = self.feature_patterns
        named = [name for name in panel.feature_names if any(fnmatch(name, each) for each in patterns)]
        if not named:
            raise ValueError(
                f"{TASKS_FILE}, task {self.name}: no feature of grain {self.grain} "
                f"matches feature_patterns {' '.join(patterns)!r}."
            )
        return named

    def label_ends(self, panel: Panel) -> pd.Series:
        """Return the day after the last of each row's label window."""
        if self.horizon_days is None:
            return panel.rows["label_end_date"]
        return panel.rows["as_of_date"] + pd.Timedelta(days=self.horizon_days)

    def baselines(self, baselines: pd.DataFrame, panel: Panel) -> pd.DataFrame:
        """Return the task's rows of the seed ``baselines``.

        Raises
        ------
        ValueError
            If there is none, two have one name, or one names a column that is no feature
            of its grain or that is not numeric.
        """
        own = baselines[baselines["task"] == self.name]
        if own.empty:
            raise ValueError(
                f"{BASELINES_FILE} has no row for task {self.name} of {TASKS_FILE}: "
                "every task needs at least one baseline."
            )
        for baseline in own.itertuples():
            row = f"{BASELINES_FILE}, task {self.name}, baseline {baseline.baseline_name}"
            if baseline.column_name not in panel.feature_names:
                raise ValueError(f"{row}: there is no feature {baseline.column_name!r} of grain {self.grain}.")
            if not pd.api.types.is_numeric_dtype(panel.stored[baseline.column_name]):
                raise ValueError(f"{row}: the feature {baseline.column_name!r} is not numeric.")
            if baseline.direction not in (-1, 1):
                raise ValueError(f"{row}: direction is {baseline.direction}, neither 1 nor -1.")
            if (own["baseline_name"] == baseline.baseline_name).sum() > 1:
                raise ValueError(f"{row}: another row of the task has this name.")
        return own

    def labels(self, panel: Panel) -> pd.Series:
        """Return 0.0 or 1.0, or the amount, or NaN (unknown) per row of the panel."""
        return self._column(panel, self.label_column)

    def outcomes(self, panel: Panel) -> pd.Series:
        """Return what was seen so far, as labels (NaN where nothing can be said)."""
        return self._column(panel, self.outcome_column)

    def _column(self, panel: Panel, name: str) -> pd.Series:
        if name not in panel.rows:
            raise ValueError(
                f"{TASKS_FILE}, task {self.name}: the labels of grain {self.grain} have no column {name!r}."
            )
        return panel.rows[name].astype("Float64").astype(float)

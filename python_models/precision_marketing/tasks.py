"""What is predicted, and which columns of a panel may predict it."""

from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
import pandas as pd

# What names a row of any panel; a panel of one grain lacks the others' columns.
KEY_COLUMNS = ("user_id", "campaign_id", "category_name", "as_of_date")
# Rows sorted by it stand in the same order whatever the users are called.
ORDER_COLUMNS = ("as_of_date", "campaign_id", "category_name", "first_order_id")
# Columns of a panel that name, split or label a row: never features. Whether a user
# was contacted, or redeemed this campaign before, never varies at its start. The name
# of a category is the one key that is a feature too.
FRAME_COLUMNS = (
    "user_id",
    "campaign_id",
    "as_of_date",
    "first_order_id",
    "category_level",
    "label_end_date",
    "split_name",
    "train_until_date",
    "is_contacted",
    "has_redeemed_before",
    "is_learnt_from",
    # what tasks predict, and whom they are about: no feature of another task either,
    # whether the seed has a row for it or not
    "is_lapsed_28d",
    "is_buying_7d",
    "is_spending_more_28d",
    "net_amount_ahead_28d",
    "is_bought_28d",
    "is_category",
    "is_department",
    "is_redeemed",
    "is_redeemed_so_far",
    "is_responding_14d",
)


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
        Column of the panel to learn: null while its window is open.
    outcome_column : str
        Column of the panel with what was seen so far: never null.
    population_column : str or None
        Boolean column of the panel: whom the task is about; None for all rows.
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
            If the seed has no such task.
        """
        rows = tasks[tasks["task"] == name]
        if rows.empty:
            raise ValueError(f"Seed learning_tasks has no task {name!r}.")
        row = rows.iloc[0]
        return cls(
            name=name,
            grain=row["grain"],
            is_amount=row["label_kind"] == "amount",
            label_column=row["label_column"],
            outcome_column=row["outcome_column"],
            population_column=None
            if pd.isna(row["population_column"])
            else row["population_column"],
            horizon_days=None
            if pd.isna(row["horizon_days"])
            else int(row["horizon_days"]),
            families=tuple(row["families"].split()),
            feature_patterns=tuple(row["feature_patterns"].split()),
        )

    def population(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of a panel that the task is about, with a fresh index."""
        if self.population_column is None:
            return panel
        kept = self._column(panel, self.population_column) == 1
        return panel[kept.to_numpy()].reset_index(drop=True)

    def features(self, panel: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that the task may learn from; see `feature_frame`."""
        patterns = self.feature_patterns
        named = [
            name for name in panel if any(fnmatch(name, each) for each in patterns)
        ]
        return feature_frame(panel[named], tasks)

    def label_ends(self, panel: pd.DataFrame) -> pd.Series:
        """Return the day after the last of each row's label window."""
        if self.horizon_days is None:
            return panel["label_end_date"]
        return panel["as_of_date"] + pd.Timedelta(days=self.horizon_days)

    def rules(self, rules: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
        """Return the task's rows of the seed ``plain_rules``.

        Raises
        ------
        ValueError
            If a rule names a column that the panel lacks or that holds no numbers.
        """
        own = rules[rules["task"] == self.name]
        for rule in own.itertuples():
            if rule.column_name not in panel.columns:
                raise ValueError(
                    f"Seed plain_rules, task {self.name}, rule {rule.rule_name}: the "
                    f"panel has no column {rule.column_name!r}."
                )
            if not pd.api.types.is_numeric_dtype(panel[rule.column_name]):
                raise ValueError(
                    f"Seed plain_rules, task {self.name}, rule {rule.rule_name}: the "
                    f"column {rule.column_name!r} holds no numbers."
                )
        return own

    def labels(self, panel: pd.DataFrame) -> pd.Series:
        """Return 0.0 or 1.0, or the amount, or NaN (unknown) per row of the panel."""
        return self._column(panel, self.label_column)

    def outcomes(self, panel: pd.DataFrame) -> pd.Series:
        """Return what was seen so far, as labels (NaN where nothing can be said)."""
        return self._column(panel, self.outcome_column)

    def _column(self, panel: pd.DataFrame, name: str) -> pd.Series:
        if name not in panel.columns:
            raise ValueError(
                f"Seed learning_tasks, task {self.name}: the panel has no column "
                f"{name!r}."
            )
        return panel[name].astype("Float64").astype(float)


def feature_frame(panel: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns of a panel that a task may learn from.

    Parameters
    ----------
    panel : pandas.DataFrame
        A feature panel, one row per key.
    tasks : pandas.DataFrame
        The seed ``learning_tasks``: the columns that name labels, outcomes and
        populations of *any* task are left out.

    Returns
    -------
    pandas.DataFrame
        Numbers as ``float64`` (gaps NaN), text as ``object`` (gaps ``"missing"``).
    """
    seeded = ["label_column", "outcome_column", "population_column"]
    left_out = {*FRAME_COLUMNS, *tasks[seeded].stack().dropna()}
    features = {}
    for column in panel.columns:
        if column in left_out:
            continue
        values = panel[column]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            features[column] = values.astype("Float64").astype(float)
        else:
            known = values.notna().to_numpy()
            features[column] = np.where(known, values.astype(object), "missing")
    return pd.DataFrame(features, index=panel.index)

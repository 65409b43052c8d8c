"""What is predicted, and which columns of a panel may predict it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Columns of a panel that name, split or label a row: never features. Whether a user
# was contacted, or redeemed this campaign before, never varies at its start.
KEY_COLUMNS = ("user_id", "campaign_id", "as_of_date")
FRAME_COLUMNS = (
    "first_order_id",
    "label_end_date",
    "split_name",
    "train_until_date",
    "is_contacted",
    "has_redeemed_before",
)


@dataclass(frozen=True)
class Task:
    """One thing predicted.

    Parameters
    ----------
    name : str
        Name of the task, as in the seed ``learning_tasks``.
    label_column : str
        Column of the panel to learn: null while its window is open.
    outcome_column : str
        Column of the panel with what was seen so far: never null.
    """

    name: str
    label_column: str
    outcome_column: str

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
        return cls(name, row["label_column"], row["outcome_column"])

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
        """Return 0.0, 1.0 or NaN (unknown) per row of the panel."""
        return self._column(panel, self.label_column)

    def outcomes(self, panel: pd.DataFrame) -> pd.Series:
        """Show what was seen so far as 0.0 or 1.0 (NaN where nothing can be said)."""
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
        The seed ``learning_tasks``: the label columns of *all* tasks are left out.

    Returns
    -------
    pandas.DataFrame
        Numbers as ``float64`` (gaps NaN), text as ``object`` (gaps ``"missing"``).
    """
    labels = set(tasks["label_column"]) | set(tasks["outcome_column"])
    left_out = {*KEY_COLUMNS, *FRAME_COLUMNS, *labels}
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

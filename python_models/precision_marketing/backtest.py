"""Out-of-time predictions of every candidate and every plain rule."""

import pandas as pd

from precision_marketing.estimators import CANDIDATES
from precision_marketing.learning import Settings, fit_candidates, training_rows
from precision_marketing.tasks import KEY_COLUMNS, Task, feature_frame

PREDICTION_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "is_plain_rule": "bool",
    "split_name": "string",
    "campaign_id": "string",
    "user_id": "string",
    "first_order_id": "string",
    "outcome": "int64",
    "is_outcome_final": "bool",
    "prediction": "float64",
    "train_until_date": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}


def backtest(
    panel: pd.DataFrame,
    tasks: pd.DataFrame,
    rules: pd.DataFrame,
    task_name: str,
    settings: Settings,
) -> pd.DataFrame:
    """Predict the validation and test rows of a panel from earlier rows only.

    Rows that share ``train_until_date`` share a fit on the rows whose label window
    had closed by that date.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per key, with ``split_name`` and ``train_until_date``.
    tasks, rules : pandas.DataFrame
        The seeds ``learning_tasks`` and ``plain_rules``.
    task_name : str
        Task to judge.
    settings : Settings
        Seed and calibration.

    Returns
    -------
    pandas.DataFrame
        One row per candidate or rule and judged row; columns `PREDICTION_COLUMNS`.
        A rule's ``prediction`` orders rows and is no probability. Empty where no
        judged row has enough earlier rows of both classes to learn from.
    """
    task = Task.from_seed(tasks, task_name)
    features = feature_frame(panel, tasks)
    labels = task.labels(panel)
    outcomes = task.outcomes(panel)
    own_rules = task.rules(rules, panel)
    judged = panel[panel["split_name"].isin(["validation", "test"]) & outcomes.notna()]
    parts = []
    for until, rows in judged.groupby("train_until_date"):
        training = training_rows(panel, features, labels, until)
        if not training.can_be_learnt:
            continue
        shown = features.loc[rows.index]
        for name, estimator in fit_candidates(training, settings, CANDIDATES).items():
            predicted = pd.Series(estimator.predict_proba(shown)[:, 1], rows.index)
            parts.append(_predictions(task, name, False, rows, predicted, panel))
        for rule in own_rules.itertuples():
            ordered = shown[rule.column_name].fillna(0.0) * rule.direction
            parts.append(_predictions(task, rule.rule_name, True, rows, ordered, panel))
    if not parts:
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in PREDICTION_COLUMNS.items()}
        )
    keys = ["estimator_name", "split_name", "as_of_date", "campaign_id"]
    return pd.concat(parts, ignore_index=True).sort_values(
        [*keys, "first_order_id"], ignore_index=True
    )


def _predictions(
    task: Task,
    name: str,
    is_plain_rule: bool,
    rows: pd.DataFrame,
    predicted: pd.Series,
    panel: pd.DataFrame,
) -> pd.DataFrame:
    keys = rows.reindex(columns=list(KEY_COLUMNS))
    frame = pd.DataFrame(
        {
            "task": task.name,
            "estimator_name": name,
            "is_plain_rule": is_plain_rule,
            "split_name": rows["split_name"],
            "campaign_id": keys["campaign_id"],
            "user_id": keys["user_id"],
            "first_order_id": rows["first_order_id"],
            "outcome": task.outcomes(panel).loc[rows.index],
            "is_outcome_final": task.labels(panel).loc[rows.index].notna(),
            "prediction": predicted,
            "train_until_date": rows["train_until_date"],
            "as_of_date": rows["as_of_date"],
        }
    )
    return frame.astype(PREDICTION_COLUMNS)

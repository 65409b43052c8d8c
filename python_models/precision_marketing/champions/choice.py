"""Which candidate of a task may go live, by the inner validation alone."""

import pandas as pd

from precision_marketing.common.bootstrap import interval
from precision_marketing.estimators.families import BASELINE
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.estimators.tasks import Task
from precision_marketing.evaluation.intervals import best_baseline, gain, measure

CHOICE_COLUMNS = (
    "estimator_name",
    "status",
    "status_reason",
    "best_baseline_name",
    "validation_loss",
    "validation_auc",
    "validation_average_precision",
    "validation_gain",
    "validation_gain_low",
)


def judge_candidates(
    task: Task, predictions: pd.DataFrame, incumbent: str | None, settings: LearningSettings
) -> pd.DataFrame:
    """Judge the candidates of a task by their predictions of the validation rows.

    The gate: a candidate is refused unless it beats the best baseline, that is, the
    whole 95 % interval of its gain (paired draws of users) lies above zero: in average
    precision, as a campaign reaches the head of the list only; for amounts, in squared
    error. The choice: least log loss (squared error), since scores are spent as
    probabilities (amounts). Whoever is not worse than that one beyond chance ties with
    it; of several that tie, the incumbent stays, else the greatest average precision
    wins.

    Parameters
    ----------
    task : Task
        What is predicted.
    predictions : pandas.DataFrame
        Output of `precision_marketing.evaluation.backtest.validate`, this task's rows.
    incumbent : str or None
        Candidate that is live so far.
    settings : LearningSettings
        Seed and draws of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns `CHOICE_COLUMNS`, one row per candidate; ``status`` is ``champion``,
        ``challenger`` or ``refused``. When none may go live, the row `BASELINE` does.
    """
    rows = predictions[(predictions["split_name"] == "validation") & predictions["is_outcome_final"]]
    if rows.empty:
        return _only_a_baseline("nothing was validated: too few rows before the test", None)
    measured, is_baseline = measure(rows, settings.bootstrap_draws, settings.seed, is_amount=task.is_amount)
    gate = "mean_squared_error" if task.is_amount else "average_precision"
    loss = "mean_squared_error" if task.is_amount else "log_loss"
    baseline = best_baseline(measured, is_baseline, gate)
    records = []
    for name in task.families:
        found = measured.get(name)
        if found is None:
            continue
        record = {
            "estimator_name": name,
            "best_baseline_name": baseline,
            "validation_loss": found[loss][0],
            "validation_auc": _plain(found, "auc"),
            "validation_average_precision": _plain(found, "average_precision"),
        }
        if baseline is not None:
            gained = gain(found[gate], measured[baseline][gate], gate)
            record["validation_gain"] = gained[0]
            record["validation_gain_low"] = interval(gained[1:])[0]
        records.append(record)
    judged = pd.DataFrame(records).reindex(columns=list(CHOICE_COLUMNS))
    passed = judged["validation_gain_low"] > 0
    judged["status"] = passed.map({True: "challenger", False: "refused"})
    judged["status_reason"] = passed.map(
        {
            True: "worse than the champion on the inner validation",
            False: "does not beat the best baseline on the inner validation",
        }
    )
    if not passed.any():
        reason = "no estimator beat the best baseline on the inner validation"
        return pd.concat([judged, _only_a_baseline(reason, baseline)], ignore_index=True)

    able = judged[passed].sort_values("validation_loss", kind="stable")
    least = able["estimator_name"].iloc[0]
    ties = [
        name
        for name in able["estimator_name"]
        if interval(gain(measured[least][loss], measured[name][loss], loss)[1:])[0] <= 0
    ]
    judged.loc[judged["estimator_name"].isin(ties), "status_reason"] = "ties with the champion on the inner validation"
    if incumbent in ties:
        chosen, reason = incumbent, "the incumbent, and none is better beyond chance"
    elif len(ties) > 1 and not task.is_amount:
        tied = able[able["estimator_name"].isin(ties)]
        chosen = tied.loc[tied["validation_average_precision"].idxmax()]["estimator_name"]
        reason = "greatest average precision of those that tie for the least log loss"
    else:
        chosen, reason = least, "least loss on the inner validation"
    judged.loc[judged["estimator_name"] == chosen, ["status", "status_reason"]] = ["champion", reason]
    return judged


def _plain(found: dict, metric: str) -> float:
    return found[metric][0] if metric in found else float("nan")


def _only_a_baseline(reason: str, baseline: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        [{"estimator_name": BASELINE, "status": "champion", "status_reason": reason, "best_baseline_name": baseline}]
    ).reindex(columns=list(CHOICE_COLUMNS))

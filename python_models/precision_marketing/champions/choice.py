"""Which candidate of a task may go live, by the inner validation alone."""

import pandas as pd

from precision_marketing.common.bootstrap import interval
from precision_marketing.estimators.families import PLAIN_RULE
from precision_marketing.estimators.fitting import LearningSettings
from precision_marketing.estimators.tasks import Task
from precision_marketing.evaluation.intervals import best_rule, gain, measure

CHOICE_COLUMNS = (
    "estimator_name",
    "status",
    "status_reason",
    "best_rule_name",
    "validation_loss",
    "validation_auc",
    "validation_average_precision",
    "validation_gain",
    "validation_gain_low",
)


def judge_candidates(
    task: Task,
    predictions: pd.DataFrame,
    incumbent: str | None,
    settings: LearningSettings,
) -> pd.DataFrame:
    """Judge the candidates of a task by their predictions of the validation rows.

    The gate: a candidate is refused unless it beats the best plain rule, that is, the
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
        Columns `CHOICE_COLUMNS`, one row per candidate; ``status`` is ``live``,
        ``candidate`` or ``refused``. When none may go live, the row `PLAIN_RULE` does.
    """
    rows = predictions[
        (predictions["split_name"] == "validation") & predictions["is_outcome_final"]
    ]
    if rows.empty:
        return _only_a_rule("nothing was validated: too few rows before the test", None)
    measured, is_rule = measure(
        rows, settings.bootstrap_draws, settings.seed, is_amount=task.is_amount
    )
    gate = "mean_squared_error" if task.is_amount else "average_precision"
    loss = "mean_squared_error" if task.is_amount else "log_loss"
    rule = best_rule(measured, is_rule, gate)
    records = []
    for name in task.families:
        found = measured.get(name)
        if found is None:
            continue
        record = {
            "estimator_name": name,
            "best_rule_name": rule,
            "validation_loss": found[loss][0],
            "validation_auc": _plain(found, "auc"),
            "validation_average_precision": _plain(found, "average_precision"),
        }
        if rule is not None:
            gained = gain(found[gate], measured[rule][gate], gate)
            record["validation_gain"] = gained[0]
            record["validation_gain_low"] = interval(gained[1:])[0]
        records.append(record)
    judged = pd.DataFrame(records).reindex(columns=list(CHOICE_COLUMNS))
    passed = judged["validation_gain_low"] > 0
    judged["status"] = passed.map({True: "candidate", False: "refused"})
    judged["status_reason"] = passed.map(
        {
            True: "worse than the live one on the inner validation",
            False: "does not beat the best plain rule on the inner validation",
        }
    )
    if not passed.any():
        reason = "no estimator beat the best plain rule on the inner validation"
        return pd.concat([judged, _only_a_rule(reason, rule)], ignore_index=True)

    able = judged[passed].sort_values("validation_loss", kind="stable")
    least = able["estimator_name"].iloc[0]
    ties = [
        name
        for name in able["estimator_name"]
        if interval(gain(measured[least][loss], measured[name][loss], loss)[1:])[0] <= 0
    ]
    judged.loc[judged["estimator_name"].isin(ties), "status_reason"] = (
        "ties with the live one on the inner validation"
    )
    if incumbent in ties:
        chosen, reason = incumbent, "the incumbent, and none is better beyond chance"
    elif len(ties) > 1 and not task.is_amount:
        tied = able[able["estimator_name"].isin(ties)]
        chosen = tied.loc[tied["validation_average_precision"].idxmax()][
            "estimator_name"
        ]
        reason = "greatest average precision of those that tie for the least log loss"
    else:
        chosen, reason = least, "least loss on the inner validation"
    judged.loc[judged["estimator_name"] == chosen, ["status", "status_reason"]] = [
        "live",
        reason,
    ]
    return judged


def _plain(found: dict, metric: str) -> float:
    return found[metric][0] if metric in found else float("nan")


def _only_a_rule(reason: str, rule: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "estimator_name": PLAIN_RULE,
                "status": "live",
                "status_reason": reason,
                "best_rule_name": rule,
            }
        ]
    ).reindex(columns=list(CHOICE_COLUMNS))

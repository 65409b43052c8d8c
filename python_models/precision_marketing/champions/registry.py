"""The registry: per task what is live, why, and its fitted bytes."""

import hashlib
import json
from importlib.metadata import version

import numpy as np
import pandas as pd

from precision_marketing.champions.choice import judge_candidates
from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.calibration import LEAVE_AS_IT_IS, NO_MAP, Calibration, choose_calibration
from precision_marketing.estimators.families import BASELINE, fit_baseline
from precision_marketing.estimators.fitting import LearningSettings, TaskRows, combined, fit_families, members_of
from precision_marketing.estimators.score_sql import score_expression
from precision_marketing.estimators.stored import dump_estimator
from precision_marketing.evaluation.backtest import test_origins

LIBRARIES = ("numpy", "pandas", "scikit-learn", "skops")

REGISTRY_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "estimator_version": "string",
    "status": "string",
    "status_reason": "string",
    "best_baseline_name": "string",
    "feature_names": "string",
    "parameters": "string",
    "library_versions": "string",
    "data_fingerprint": "string",
    "random_seed": "int64",
    "training_row_count": "int64",
    "validation_loss": "float64",
    "validation_auc": "float64",
    "validation_average_precision": "float64",
    "validation_gain": "float64",
    "validation_gain_low": "float64",
    "first_as_of_date": "datetime64[us]",
    "last_as_of_date": "datetime64[us]",
    "train_until_date": "datetime64[us]",
    "score_sql": "string",
    "estimator_bytes": "object",
}
# What is read of the registry as it stood before; counts may be missing there.
FORMER_COLUMNS = {**REGISTRY_COLUMNS, "random_seed": "Int64", "training_row_count": "Int64"}


def register(
    panels: dict[str, Panel],
    tasks: pd.DataFrame,
    baselines: pd.DataFrame,
    pins: pd.DataFrame,
    validation: pd.DataFrame,
    former: pd.DataFrame,
    settings: LearningSettings,
) -> pd.DataFrame:
    """Choose, fit and store the champion of every task.

    The live one is fitted on every row whose label window has closed by the scoring
    date; the same recipe, fitted on what was known at each test date, is stored beside
    it as ``judged``: what it is worth is measured on that one.

    Parameters
    ----------
    panels : dict of str to Panel
        Panel by grain, as named in the column ``grain`` of ``tasks``.
    tasks, baselines, pins : pandas.DataFrame
        The seeds ``learning_tasks``, ``baselines`` and ``estimator_pins``.
    validation : pandas.DataFrame
        Output of `precision_marketing.evaluation.backtest.validate`.
    former : pandas.DataFrame
        The registry as it stood before; empty at first.
    settings : LearningSettings
        Of learning.

    Returns
    -------
    pandas.DataFrame
        Columns `REGISTRY_COLUMNS`. Per task one row per candidate (``champion``,
        ``challenger`` or ``refused``), one ``judged`` row per date that the tests learn
        until, and the last versions that were live before (``retired``). A task with
        too little data to learn anything has no live row.

    Raises
    ------
    ValueError
        If a pinned version is neither the new one nor kept.
    """

    def register_task(name: str) -> pd.DataFrame:
        rows = TaskRows.named(name, tasks, panels)
        own_baselines = rows.task.baselines(baselines, rows.panel)
        predictions = validation[validation["task"] == name]
        former_rows = former[former["task"] == name]
        found = _register_task(rows, own_baselines, predictions, incumbent_of(former_rows), settings)
        found = found.assign(task=name).reindex(columns=list(REGISTRY_COLUMNS))
        kept = _retired(former_rows, found, settings.versions_kept)
        found = pd.concat([found, kept], ignore_index=True)
        return _pinned(found, pins[pins["task"] == name], name)

    return typed(settings.side_by_side(register_task, tasks["task"]), REGISTRY_COLUMNS)


def incumbent_of(former: pd.DataFrame) -> str | None:
    """Name the candidate that was live so far; None where none was."""
    names = former.loc[former["status"] == "champion", "estimator_name"]
    return None if names.empty else names.iloc[0]


def _register_task(
    rows: TaskRows,
    baselines: pd.DataFrame,
    predictions: pd.DataFrame,
    incumbent: str | None,
    settings: LearningSettings,
) -> pd.DataFrame:
    """Rows of one task: its candidates, and the fits of the champion."""
    judged = judge_candidates(rows.task, predictions, incumbent, settings)
    until = rows.panel.rows["train_until_date"].max()
    training = rows.closed_by(until)
    judged["random_seed"] = settings.seed
    judged["training_row_count"] = len(training.labels)
    live = judged.index[judged["status"] == "champion"][0]
    if not training.can_be_learnt:
        judged.loc[live, ["status", "status_reason"]] = ["refused", "too few rows of a class to learn from"]
        return judged
    chosen = judged.loc[live].to_dict()
    origins = [(date, learnt) for date, learnt, _ in test_origins(rows)]
    calibration = Calibration(NO_MAP, [LEAVE_AS_IT_IS], {}, 0)
    if not rows.task.is_amount and chosen["estimator_name"] != BASELINE:
        calibration = choose_calibration(chosen["estimator_name"], rows, predictions, settings)
    fits = [
        _fit(chosen, learnt, baselines, calibration, settings) | {"train_until_date": date}
        for date, learnt in [*origins, (until, training)]
    ]
    described = pd.DataFrame([chosen | fit for fit in fits])
    described["status"] = ["judged"] * len(origins) + ["champion"]
    described.loc[described["status"] == "judged", "status_reason"] = (
        "the champion, fitted on what was known before the test"
    )
    return pd.concat([judged.drop(index=live), described], ignore_index=True)


def _fit(
    chosen: dict, training: TaskRows, baselines: pd.DataFrame, calibration: Calibration, settings: LearningSettings
) -> dict:
    """Fit the chosen candidate, calibrated as the inner dates say."""
    task, name = training.task, chosen["estimator_name"]
    if name == BASELINE:
        known = baselines[baselines["baseline_name"] == chosen["best_baseline_name"]]
        column = (known if len(known) else baselines).iloc[0]["column_name"]
        names = [column]
        members = [fit_baseline(training.panel.columns(names), training.labels, is_amount=task.is_amount)]
    else:
        families = members_of(name, task)
        names = training.feature_names
        members = list(fit_families(training, settings, families).values())
    maps = [LEAVE_AS_IT_IS] * len(members) if task.is_amount else calibration.maps
    estimator = combined(members, maps, is_amount=task.is_amount)
    recipe = {
        "members": [repr(member.steps[-1][1]) for member in members],
        "calibration_map": calibration.name,
        "calibration_date_count": calibration.date_count,
        "calibration_gains": {
            kind: [None if np.isnan(each) else round(each, 9) for each in gained]
            for kind, gained in calibration.gains.items()
        },
        "calibration_slopes": [slope for slope, _ in maps],
        "calibration_intercepts": [intercept for _, intercept in maps],
        "max_training_rows": settings.max_training_rows,
    }
    # what was drawn is no part of the recipe: the fingerprint of the rows says it
    drawn = {
        "learning_users_max": settings.learning_users_max.get(task.grain, settings.learning_users_max["user"]),
        "training_user_count": int(training.panel.rows["first_order_id"].nunique()),
    }
    fingerprint = _fingerprint(names, training)
    libraries = json.dumps({library: version(library) for library in LIBRARIES})
    identity = [name, json.dumps(recipe), fingerprint, libraries, str(settings.seed)]
    return {
        "estimator_version": hashlib.sha256("\n".join(identity).encode()).hexdigest()[:12],
        "feature_names": json.dumps(names),
        "parameters": json.dumps(recipe | drawn),
        "library_versions": libraries,
        "data_fingerprint": fingerprint,
        "training_row_count": len(training.labels),
        "first_as_of_date": training.panel.rows["as_of_date"].min(),
        "last_as_of_date": training.panel.rows["as_of_date"].max(),
        "score_sql": None if task.is_amount else score_expression(estimator, names),
        "estimator_bytes": dump_estimator(estimator),
    }


def _fingerprint(names: list[str], training: TaskRows) -> str:
    """Hash of what was learnt from; row order does not count."""
    hashes, start = [np.empty(0, np.uint64)], 0
    for features in training.panel.pieces(names):
        labels = training.labels[start : start + len(features)]
        hashes.append(pd.util.hash_pandas_object(features.assign(label=labels), index=False).to_numpy())
        start += len(features)
    return hashlib.sha256(np.sort(np.concatenate(hashes)).tobytes()).hexdigest()[:16]


def _retired(former: pd.DataFrame, found: pd.DataFrame, count: int) -> pd.DataFrame:
    """Rows of the last versions that were live before and are not now, newest first."""
    was_live = former[former["status"].isin(["champion", "retired"])]
    gone = was_live[~was_live["estimator_version"].isin(found["estimator_version"])]
    # the one live last stands first; retired ones keep their order
    ordered = gone.sort_values("status", key=lambda status: status != "champion")
    kept = ordered.head(count).copy()
    kept["status"], kept["status_reason"] = "retired", "was live before"
    return kept


def _pinned(found: pd.DataFrame, pins: pd.DataFrame, task: str) -> pd.DataFrame:
    """Make the version that the seed pins the champion."""
    if pins.empty:
        return found
    wanted = pins["estimator_version"].iloc[0]
    usable = found[found["status"].isin(["champion", "retired"])]
    if wanted not in set(usable["estimator_version"]):
        known = ", ".join(usable["estimator_version"].dropna()) or "none"
        raise ValueError(
            f"Seed estimator_pins, task {task}: version {wanted!r} is not in the registry. Versions kept: {known}."
        )
    is_wanted = found["estimator_version"].eq(wanted) & found["status"].isin(["champion", "retired"])
    was_live = found["status"].eq("champion") & ~is_wanted
    found.loc[was_live, ["status", "status_reason"]] = [
        "retired",
        "chosen by the inner validation, but another version is pinned",
    ]
    found.loc[is_wanted, ["status", "status_reason"]] = ["champion", "pinned by seed estimator_pins"]
    return found

"""Which estimator is live per task, fitted on all that is known, kept as bytes."""

import hashlib
import json
import zipfile
from importlib.metadata import version

import pandas as pd
import skops.io

from precision_marketing.estimators import (
    CANDIDATES,
    PLAIN_RULE,
    CalibratedAverage,
    rule_estimator,
)
from precision_marketing.learning import (
    Settings,
    TrainingRows,
    fit_candidates,
    training_rows,
)
from precision_marketing.tasks import Task, feature_frame

# What a registry blob may hold beside the types that skops trusts by itself. Anything
# else in a blob is refused before it is loaded.
ALLOWED_TYPES = (
    "numpy.dtype",
    "precision_marketing.estimators.CalibratedAverage",
    "precision_marketing.estimators.signed_log",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
LIBRARIES = ("numpy", "pandas", "scikit-learn", "skops")

REGISTRY_COLUMNS = {
    "task": "string",
    "estimator_name": "string",
    "estimator_version": "string",
    "status": "string",
    "status_reason": "string",
    "best_rule_name": "string",
    "feature_names": "string",
    "parameters": "string",
    "library_versions": "string",
    "data_fingerprint": "string",
    "random_seed": "int64",
    "training_row_count": "int64",
    "validation_log_loss": "float64",
    "validation_auc": "float64",
    "validation_average_precision": "float64",
    "validation_gain": "float64",
    "validation_gain_low": "float64",
    "first_as_of_date": "datetime64[us]",
    "last_as_of_date": "datetime64[us]",
    "train_until_date": "datetime64[us]",
    "estimator_bytes": "object",
}


def dump_estimator(estimator: CalibratedAverage) -> bytes:
    """Turn a fitted estimator into bytes (skops, never pickle)."""
    return skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)


def load_estimator(blob: bytes) -> CalibratedAverage:
    """Read an estimator back.

    Raises
    ------
    ValueError
        If the bytes are no whole skops archive, hold a type outside `ALLOWED_TYPES` or
        are another estimator.
    """
    foreign, estimator = [], None
    try:
        found = skops.io.get_untrusted_types(data=blob)
        foreign = sorted(set(found) - set(ALLOWED_TYPES))
        if not foreign:
            estimator = skops.io.loads(blob, trusted=list(ALLOWED_TYPES))
    except Exception as error:
        raise ValueError(
            "The registry's bytes are no skops archive, or a damaged one."
        ) from error
    if foreign:
        raise ValueError(f"The registry's bytes hold types not allowed: {foreign}.")
    if not isinstance(estimator, CalibratedAverage):
        held = type(estimator).__name__
        raise ValueError(f"The registry's bytes hold {held}, not CalibratedAverage.")
    return estimator


def judge_candidates(intervals: pd.DataFrame, task: str) -> pd.DataFrame:
    """Rank the candidates of a task by what they did on the inner validation.

    The gate asks whether a candidate finds more of the right users than the best plain
    rule among those a campaign would reach: its gain in average precision must have
    its whole 95 % interval above zero. Of those that pass, the one with the least log
    loss goes live, since scores are spent as probabilities.

    Parameters
    ----------
    intervals : pandas.DataFrame
        Output of `precision_marketing.intervals.estimator_intervals`.
    task : str
        Name of the task.

    Returns
    -------
    pandas.DataFrame
        One row per candidate: ``estimator_name``, ``status`` (``live``,
        ``candidate`` or ``refused``), ``status_reason``, ``best_rule_name`` and the
        validation figures. When none may go live, the row `PLAIN_RULE` does.
    """
    pooled = intervals[
        (intervals["task"] == task)
        & (intervals["split_name"] == "validation")
        & (intervals["row_set"] == "final")
        & (intervals["period"] == "pooled")
        & ~intervals["is_plain_rule"]
    ].set_index("estimator_name")
    by_metric = dict(iter(pooled.groupby("metric")))
    nothing = pooled.iloc[:0]
    gate = by_metric.get("average_precision", nothing)
    judged = pd.DataFrame(
        {
            "best_rule_name": gate["best_rule_name"],
            "validation_log_loss": by_metric.get("log_loss", nothing)["metric_value"],
            "validation_auc": by_metric.get("auc", nothing)["metric_value"],
            "validation_average_precision": gate["metric_value"],
            "validation_gain": gate["gain_over_rule"],
            "validation_gain_low": gate["gain_low"],
        }
    )
    passed = judged["validation_gain_low"] > 0
    judged["status"] = passed.map({True: "candidate", False: "refused"}).astype(object)
    judged["status_reason"] = passed.map(
        {
            True: "greater log loss on the inner validation",
            False: "does not beat the best plain rule on the inner validation",
        }
    ).astype(object)
    able = judged[passed].sort_values("validation_log_loss", kind="stable")
    if len(able):
        judged.loc[able.index[0], ["status", "status_reason"]] = [
            "live",
            "least log loss on the inner validation",
        ]
    else:
        best_rule = judged["best_rule_name"].dropna().min() if len(judged) else None
        reason = (
            "no estimator beat the best plain rule on the inner validation"
            if len(judged)
            else "nothing was validated: too few rows before the test dates"
        )
        judged.loc[PLAIN_RULE, ["status", "status_reason", "best_rule_name"]] = [
            "live",
            reason,
            best_rule,
        ]
    return judged.rename_axis("estimator_name").reset_index()


def register(
    panels: dict[str, pd.DataFrame],
    tasks: pd.DataFrame,
    rules: pd.DataFrame,
    intervals: pd.DataFrame,
    settings: Settings,
) -> pd.DataFrame:
    """Choose, fit and store the live estimator of every task.

    The live one is fitted on every row whose label window has closed by the scoring
    date (the last judged date, where there is nothing to score); what it is worth was
    measured on earlier fits of the same recipe.

    Parameters
    ----------
    panels : dict of str to pandas.DataFrame
        Panel by grain, as named in the column ``grain`` of ``tasks``.
    tasks, rules : pandas.DataFrame
        The seeds ``learning_tasks`` and ``plain_rules``.
    intervals : pandas.DataFrame
        Output of `precision_marketing.intervals.estimator_intervals`.
    settings : Settings
        Seed and calibration.

    Returns
    -------
    pandas.DataFrame
        Columns `REGISTRY_COLUMNS`, one row per task and candidate; only the live row
        has ``estimator_bytes``. A task with too little data to learn anything has no
        live row.
    """
    parts = []
    for row in tasks.itertuples():
        task = Task.from_seed(tasks, row.task)
        judged = judge_candidates(intervals, task.name)
        judged["task"] = task.name
        judged["random_seed"] = settings.seed
        panel = panels[row.grain]
        until = panel["train_until_date"].max()
        features = feature_frame(panel, tasks)
        training = training_rows(panel, features, task.labels(panel), until)
        live = judged.index[judged["status"] == "live"][0]
        if not training.can_be_learnt:
            judged.loc[live, ["status", "status_reason"]] = [
                "refused",
                "too few rows of a class to learn from",
            ]
        else:
            own_rules = task.rules(rules, panel)
            details = _fit_live(judged.loc[live], training, own_rules, settings)
            for column, value in details.items():
                judged.loc[live, column] = value
            judged.loc[live, "train_until_date"] = until
        judged["training_row_count"] = len(training.labels)
        parts.append(judged)
    found = pd.concat(parts, ignore_index=True).reindex(columns=list(REGISTRY_COLUMNS))
    return found.astype(REGISTRY_COLUMNS)


def _fit_live(
    row: pd.Series, training: TrainingRows, rules: pd.DataFrame, settings: Settings
) -> dict:
    name = row["estimator_name"]
    if name in CANDIDATES:
        features = training.features
        estimator = fit_candidates(training, settings, (name,))[name]
    else:
        known = rules[rules["rule_name"] == row["best_rule_name"]]
        column = (known if len(known) else rules).iloc[0]["column_name"]
        features = training.features[[column]]
        fitted = rule_estimator(column).fit(features, training.labels.astype(int))
        estimator = CalibratedAverage([fitted], [1.0], [0.0])
    parameters = json.dumps(
        {
            "members": [repr(member.steps[-1][1]) for member in estimator.members],
            "calibration_slopes": estimator.slopes,
            "calibration_intercepts": estimator.intercepts,
        }
    )
    fingerprint = _fingerprint(features, training)
    libraries = json.dumps({library: version(library) for library in LIBRARIES})
    identity = [name, parameters, fingerprint, libraries, str(settings.seed)]
    return {
        "estimator_version": hashlib.sha256("\n".join(identity).encode()).hexdigest()[
            :12
        ],
        "feature_names": json.dumps(list(features.columns)),
        "parameters": parameters,
        "library_versions": libraries,
        "data_fingerprint": fingerprint,
        "first_as_of_date": training.as_of_dates.min(),
        "last_as_of_date": training.as_of_dates.max(),
        "estimator_bytes": dump_estimator(estimator),
    }


def _fingerprint(features: pd.DataFrame, training: TrainingRows) -> str:
    """Hash of what was learnt from; row order does not count."""
    hashes = pd.util.hash_pandas_object(
        features.assign(label=training.labels), index=False
    )
    return hashlib.sha256(hashes.sort_values().to_numpy().tobytes()).hexdigest()[:16]

"""The strongest reasons of each score, in words that a marketer reads."""

import json
import re
from string import Formatter

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage
from precision_marketing.estimators.stored import load_estimator
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task
from precision_marketing.explanations.contributions import explain_batches

# A category's score is one of many that its user has.
PAIR_COLUMNS = ["user_id", "category_name"]
RAISES, LOWERS = "raises", "lowers"
REASON_COLUMNS = {
    "task": "string",
    "user_id": "string",
    "offer_id": "string",
    "campaign_id": "string",
    "category_name": "string",
    "reason_group": "string",
    "feature_name": "string",
    "reason_text": "string",
    "direction": "string",
    "reason_rank": "int64",
    "contribution": "float64",
    "rest": "float64",
    "baseline": "float64",
    "as_of_date": "datetime64[us]",
}
# Digits that decide which reason is stronger: beyond them sums differ by their order.
RANKED_DIGITS = 9
# Said of one: 1 day, not 1 days.
SINGULAR = re.compile(
    r"(?<![\d.,])1 (campaign|coupon|day|line|order|product|purchase|store|time)s\b"
)


def panel_reasons(
    panel: Panel,
    registry: pd.DataFrame,
    tasks: pd.DataFrame,
    texts: pd.DataFrame,
    departments: pd.DataFrame,
    grain: str,
    count: int,
    explained: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Explain the scores of a panel's rows to score, for every task of a grain.

    Parameters
    ----------
    panel : Panel
        Rows of the grain and their features; those of split ``score`` are explained.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    tasks, texts : pandas.DataFrame
        The seeds ``learning_tasks`` and ``reason_texts``.
    departments : pandas.DataFrame
        ``ftr_departments``: what each slot of the department shares stands for.
    grain : str
        Tasks of this grain are explained.
    count : int
        Most reasons per score.
    explained : pandas.DataFrame or None
        Output of `best_categories`: only these scores are explained. None for all.

    Returns
    -------
    pandas.DataFrame
        Columns `REASON_COLUMNS`: one row per task, key and rank of the reason.
        ``contribution``, ``rest`` and ``baseline`` are log-odds of a probability, and
        money of an amount.

    Raises
    ------
    ValueError
        If the panel lacks a feature that the live estimator was fitted on, or a text
        of the seed cannot be read.
    """
    to_score = panel.of_split("score")
    labels = {
        f"department_share_{row.department_slot}": row.department
        for row in departments.itertuples()
    }
    parts = []
    for task in tasks[tasks["grain"] == grain]["task"]:
        rows = Task.from_seed(tasks, task).population(to_score)
        if explained is not None:
            own = explained.loc[explained["task"] == task, PAIR_COLUMNS]
            pairs = pd.MultiIndex.from_frame(rows.rows[PAIR_COLUMNS])
            rows = rows.where(pairs.isin(pd.MultiIndex.from_frame(own)))
        features = rows.features
        keys = rows.rows.reindex(columns=list(KEY_COLUMNS))
        live = registry[(registry["task"] == task) & (registry["status"] == "live")]
        if live.empty or rows.rows.empty:
            continue
        names = json.loads(live.iloc[0]["feature_names"])
        missing = sorted(set(names) - set(features.columns))
        if missing:
            raise ValueError(
                f"The live estimator of {task} needs features that the {grain} panel "
                f"lacks: {', '.join(missing)}. Build again with training included."
            )
        estimator = load_estimator(bytes(live.iloc[0]["estimator_bytes"]))
        found = strongest_reasons(estimator, features[names], texts, labels, count)
        found[list(KEY_COLUMNS)] = keys.iloc[found["row"]].to_numpy()
        parts.append(found.assign(task=task)[list(REASON_COLUMNS)])
    return typed(parts, REASON_COLUMNS)


def best_categories(scores: pd.DataFrame, per_user: int) -> pd.DataFrame:
    """Find the categories of each task and user with the highest scores.

    Parameters
    ----------
    scores : pandas.DataFrame
        Output of `estimators.scoring.score_panel` for ``user_category``.
    per_user : int
        Most categories per task and user.

    Returns
    -------
    pandas.DataFrame
        Columns ``task``, ``user_id``, ``category_name``. Of equal scores the category
        first in the alphabet is kept, as in ``category_scores``.
    """
    best_first = scores.sort_values(
        ["score", "category_name"], ascending=[False, True], kind="stable"
    )
    best = best_first.groupby(["task", "user_id"], sort=False).head(per_user)
    return best[["task", *PAIR_COLUMNS]].reset_index(drop=True)


def strongest_reasons(
    estimator: CalibratedAverage | AverageAmount,
    features: pd.DataFrame,
    texts: pd.DataFrame,
    labels: dict[str, str],
    count: int,
) -> pd.DataFrame:
    """Find what moved each score most, and say it.

    Contributions of features that say the same thing are summed into their group
    first, so that the reasons of a score are different things. The words are those of
    the feature that moved its group most.

    Parameters
    ----------
    estimator : CalibratedAverage or AverageAmount
        Fitted.
    features : pandas.DataFrame
        Shape (rows, features): the columns that the estimator was fitted on.
    texts : pandas.DataFrame
        The seed ``reason_texts``.
    labels : dict of str to str
        Per feature, a label in place of the seed's.
    count : int
        Most reasons per row; groups that add nothing are no reason.

    Returns
    -------
    pandas.DataFrame
        One row per row and rank: ``row`` (its position, from 0), ``reason_rank`` (from
        1), ``reason_group``, ``feature_name``, ``reason_text``, ``direction``,
        ``contribution``, ``rest`` (of all groups that are no reason) and ``baseline``.
        Baseline, rest and contributions of a row add up to the log-odds of its
        probability, or to its amount.
    """
    words = reason_words(texts, list(features.columns), labels)
    groups = sorted(words["reason_group"].unique())
    places = [np.flatnonzero(words["reason_group"] == group) for group in groups]
    parts, start = [], 0
    by_feature = words["reason_group"].to_dict()
    for baseline, values in explain_batches(estimator, features, by_feature):
        values = values.to_numpy()
        sums = np.column_stack([values[:, own].sum(axis=1) for own in places])
        leading = np.column_stack(
            [
                own[np.argmax(values[:, own] * np.sign(sums[:, [number]]), axis=1)]
                for number, own in enumerate(places)
            ]
        )
        strength = np.round(np.abs(sums), RANKED_DIGITS)
        order = np.argsort(-strength, axis=1, kind="stable")[:, :count]
        is_reason = np.take_along_axis(strength, order, axis=1) > 0
        added = np.where(is_reason, np.take_along_axis(sums, order, axis=1), 0.0)
        leader = np.take_along_axis(leading, order, axis=1)
        rows, ranks = np.nonzero(is_reason)
        parts.append(
            pd.DataFrame(
                {
                    "row": rows + start,
                    "reason_rank": ranks + 1,
                    "reason_group": np.array(groups, dtype=object)[order[rows, ranks]],
                    "feature_name": features.columns[leader[rows, ranks]],
                    "contribution": added[rows, ranks],
                    "rest": (sums.sum(axis=1) - added.sum(axis=1))[rows],
                    "baseline": baseline,
                }
            )
        )
        start += len(values)
    if not parts:
        return pd.DataFrame(columns=["row", *REASON_COLUMNS])
    found = pd.concat(parts, ignore_index=True)
    raised = found["contribution"] > 0
    found["direction"] = np.where(raised, RAISES, LOWERS)
    found["reason_text"] = ""
    for name, own in found.groupby("feature_name"):
        said = _say(words.loc[name], features, own["row"].to_numpy())
        found.loc[own.index, "reason_text"] = own["direction"] + ": " + said
    return found


def reason_words(
    texts: pd.DataFrame, names: list[str], labels: dict[str, str]
) -> pd.DataFrame:
    """Find the group and the words of each feature.

    Parameters
    ----------
    texts : pandas.DataFrame
        The seed ``reason_texts``. A ``feature_name`` that ends in ``*`` stands for all
        features that start so; the longest that fits is taken.
    names : list of str
        Features.
    labels : dict of str to str
        Per feature, a label in place of the seed's.

    Returns
    -------
    pandas.DataFrame
        Per feature (index): ``reason_group``, ``reason_label``, ``reason_text``,
        ``missing_text``. A feature that the seed does not know is called by its name
        without the window, underscores as spaces.
    """
    found = {}
    for name in names:
        fitting = [
            row
            for row in texts.itertuples()
            if name == row.feature_name
            or (
                row.feature_name.endswith("*")
                and name.startswith(row.feature_name[:-1])
            )
        ]
        readable = re.sub(r"_(\d+d?|week_\d+)$", "", name).replace("_", " ")
        entry = {
            "reason_group": readable,
            "reason_label": name.replace("_", " "),
            "reason_text": "",
            "missing_text": "",
        }
        if fitting:
            best = max(fitting, key=lambda row: len(row.feature_name.rstrip("*")))
            given = {column: getattr(best, column) for column in entry}
            entry |= {key: str(text) for key, text in given.items() if pd.notna(text)}
        found[name] = entry | ({"reason_label": labels[name]} if name in labels else {})
    return pd.DataFrame.from_dict(found, orient="index")


def _say(words: pd.Series, features: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Put the values of rows, given by position, into the text of a feature."""
    name, label = words.name, words["reason_label"]
    window = re.search(r"(\d+)d$", name)
    given = {"label": label, "days": window.group(1) if window else ""}
    is_number = pd.api.types.is_numeric_dtype(features[name])
    said = np.full(len(rows), f"{label}: not known", dtype=object)
    texts = ["{label}: {value:g}" if is_number else "{label}: {value}"]
    try:
        own_fields = _fields(words["reason_text"])
        if words["reason_text"] and own_fields <= {*given, "value", *features.columns}:
            texts += [words["missing_text"], words["reason_text"]]
        for text in filter(None, texts):
            fields = sorted(_fields(text) - given.keys())
            columns = [
                features[name if field == "value" else field].to_numpy()[rows]
                for field in fields
            ]
            known = np.ones(len(rows), dtype=bool)
            for column in columns:
                known &= ~(pd.isna(column) | (column == "missing"))
            for place in np.flatnonzero(known):
                values = [column[place] for column in columns]
                said[place] = text.format(
                    **given, **dict(zip(fields, values, strict=True))
                )
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(
            f"Seed reason_texts: the texts of feature {name} cannot be read ({error})."
        ) from error
    return np.array([SINGULAR.sub(r"1 \1", text) for text in said], dtype=object)


def _fields(text: str) -> set[str]:
    """Name what stands in braces in a text."""
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}

"""The strongest reasons of each score, in words that a marketer reads."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, read_panel, to_pandas, typed
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage
from precision_marketing.estimators.stored import champion_of
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task
from precision_marketing.explanations.contributions import explain_batches
from precision_marketing.explanations.sentences import LANGUAGES, Seen, reason_words, say, spoken_of
from precision_marketing.explanations.typical import COMPARED_WITHIN, Typical, typical_values

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
    "reason_text_zh": "string",
    "direction": "string",
    "reason_rank": "int64",
    "raising_group_count": "int64",
    "contribution": "float64",
    "rest": "float64",
    "baseline": "float64",
    "as_of_date": "datetime64[us]",
}
# Digits that decide which reason is stronger: beyond them sums differ by their order.
RANKED_DIGITS = 9
# A contact rests on a high score of its offer.
RAISES_FIRST = {"user_offer"}


def tell_reasons(
    grain: str,
    labels: Any,
    features: list[Any],
    explained: Any,
    registry: pd.DataFrame,
    tasks: pd.DataFrame,
    texts: pd.DataFrame,
    shop: pd.DataFrame,
    count: int,
    departments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Explain some scores of a grain: no other row is read into a frame.

    Parameters
    ----------
    grain : str
        Tasks of this grain are explained.
    labels : DuckDB relation
        All rows to score.
    features : list of DuckDB relations
        As `common.frames.read_panel` joins them.
    explained : DuckDB relation
        ``grain``, ``task`` and keys of the scores to explain.
    registry, tasks, texts, shop, count, departments
        As of `panel_reasons`.
    """
    explained = explained.filter(f"grain = '{grain}'")
    rows = labels.join(explained, ", ".join(keys_of(grain)), how="semi")
    features = [_of_dates(each, labels) for each in features]
    return panel_reasons(
        read_panel(rows, *features),
        to_pandas(explained),
        typical_values(grain, labels, *features),
        registry,
        tasks,
        texts,
        shop,
        grain,
        count,
        departments,
    )


def _of_dates(features: Any, labels: Any) -> Any:
    """Keep the features of the dates of the rows to score: a view then computes no other."""
    dates = labels.project("as_of_date").distinct().fetchall()
    return features.filter(" or ".join(f"as_of_date = '{date}'" for (date,) in dates) or "false")


def panel_reasons(
    panel: Panel,
    explained: pd.DataFrame,
    typical: Typical,
    registry: pd.DataFrame,
    tasks: pd.DataFrame,
    texts: pd.DataFrame,
    shop: pd.DataFrame,
    grain: str,
    count: int,
    departments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Explain scores of a panel's rows, for every task of a grain.

    Parameters
    ----------
    panel : Panel
        The rows to explain and their features.
    explained : pandas.DataFrame
        ``task`` and keys: which rows of the panel are explained for which task.
    typical : Typical
        What finds the medians of features over all rows scored: a typical customer's.
    registry : pandas.DataFrame
        Output of `precision_marketing.champions.registry.register`.
    tasks, texts : pandas.DataFrame
        The seeds ``learning_tasks`` and ``reason_texts``.
    shop : pandas.DataFrame
        ``ftr_shop``: the currency that amounts are said in.
    grain : str
        Tasks of this grain are explained.
    count : int
        Most reasons per score.
    departments : pandas.DataFrame or None
        ``ftr_departments``: what each slot of the department shares stands for; None
        where the panel has no such features.

    Returns
    -------
    pandas.DataFrame
        Columns `REASON_COLUMNS`: one row per task, key and rank of the reason.
        ``contribution``, ``rest`` and ``baseline`` are log-odds of a probability, and
        money of an amount. ``raising_group_count`` counts all groups that raise the
        score, with a row or without.

    Raises
    ------
    ValueError
        If the panel lacks a feature that the champion was fitted on, or a text
        of the seed cannot be read.
    """
    slots = () if departments is None else departments.itertuples()
    labels = {f"department_share_{row.department_slot}": row.department for row in slots}
    words = reason_words(texts, panel.feature_names, labels)
    keys = keys_of(grain)
    parts = []
    for name in tasks[tasks["grain"] == grain]["task"]:
        task = Task.from_seed(tasks, name)
        rows = task.population(panel)
        own = pd.MultiIndex.from_frame(explained.loc[explained["task"] == name, keys])
        rows = rows.where(pd.MultiIndex.from_frame(rows.rows[keys]).isin(own))
        live = champion_of(registry, name)
        if live is None or rows.rows.empty:
            continue
        features = live.features(rows)
        found = strongest_reasons(
            live.estimator,
            features,
            words.loc[list(features), "reason_group"].to_dict(),
            count,
            raises_first=grain in RAISES_FIRST,
        )
        found = in_words(found, words, rows, partial(typical, task), grain, shop["currency"].iloc[0])
        found[list(KEY_COLUMNS)] = rows.rows.reindex(columns=list(KEY_COLUMNS)).iloc[found["row"]].to_numpy()
        parts.append(found.assign(task=name)[list(REASON_COLUMNS)])
    return typed(parts, REASON_COLUMNS)


def keys_of(grain: str) -> list[str]:
    """Name the columns that tell the rows to score of a grain apart."""
    return [key for key in ("user_id", COMPARED_WITHIN.get(grain)) if key]


def strongest_reasons(
    estimator: CalibratedAverage | AverageAmount,
    features: pd.DataFrame,
    groups: dict[str, str],
    count: int,
    *,
    raises_first: bool,
) -> pd.DataFrame:
    """Find what moved each score most, what speaks for it first.

    Contributions of features that say the same thing are summed into their group
    first, so that the reasons of a score are different things. A reason goes by the
    feature that moved its group most. Of the strongest groups, the last gives way where
    no other raises the score, to the strongest that does; and so for lowering where
    what lowers comes first.

    Parameters
    ----------
    estimator : CalibratedAverage or AverageAmount
        Fitted.
    features : pandas.DataFrame
        Shape (rows, features): the columns that the estimator was fitted on.
    groups : dict of str to str
        Per feature, its group.
    count : int
        Most reasons per row; groups that add nothing are no reason.
    raises_first : bool
        Rank what raises a score first, whatever the score. Else what raises comes first
        where the score is above its baseline, and what lowers where it is below.

    Returns
    -------
    pandas.DataFrame
        One row per row and rank: ``row`` (its position, from 0), ``reason_rank`` (from
        1), ``reason_group``, ``feature_name``, ``direction``, ``raising_group_count``,
        ``contribution``, ``rest`` (of all groups that are no reason) and ``baseline``.
        Baseline, rest and contributions of a row add up to the log-odds of its
        probability, or to its amount.
    """
    names = sorted({groups[feature] for feature in features.columns})
    of_group = np.array([groups[feature] for feature in features.columns])
    places = [np.flatnonzero(of_group == name) for name in names]
    parts, start = [], 0
    for baseline, values in explain_batches(estimator, features, groups):
        values = values.to_numpy()
        sums = np.column_stack([values[:, own].sum(axis=1) for own in places])
        leading = np.column_stack(
            [own[np.argmax(values[:, own] * np.sign(sums[:, [number]]), axis=1)] for number, own in enumerate(places)]
        )
        order = _ranked(np.round(sums, RANKED_DIGITS), count, raises_first)
        ranked = np.take_along_axis(sums, order, axis=1)
        is_reason = np.round(np.abs(ranked), RANKED_DIGITS) > 0
        added = np.where(is_reason, ranked, 0.0)
        leader = np.take_along_axis(leading, order, axis=1)
        rows, ranks = np.nonzero(is_reason)
        parts.append(
            pd.DataFrame(
                {
                    "row": rows + start,
                    "reason_rank": ranks + 1,
                    "reason_group": np.array(names, dtype=object)[order[rows, ranks]],
                    "feature_name": features.columns[leader[rows, ranks]],
                    "raising_group_count": (np.round(sums, RANKED_DIGITS) > 0).sum(axis=1)[rows],
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
    found["direction"] = np.where(found["contribution"] > 0, RAISES, LOWERS)
    return found


def _ranked(sums: np.ndarray, count: int, raises_first: bool) -> np.ndarray:
    """Choose the groups of each row: the favoured direction first, then by strength."""
    is_high = raises_first | (sums.sum(axis=1, keepdims=True) >= 0)
    strength = np.abs(sums)
    beyond = strength.max(initial=0) + 1
    highest = (sums > 0) & (sums == sums.max(axis=1, keepdims=True))
    lowest = (sums < 0) & (sums == sums.min(axis=1, keepdims=True)) & ~is_high
    claim = strength + beyond * highest + 2 * beyond * lowest
    chosen = np.argsort(-claim, axis=1, kind="stable")[:, :count]
    picked = np.take_along_axis(sums, chosen, axis=1)
    is_favoured = np.sign(picked) == np.where(is_high, 1, -1)
    order = np.lexsort((-np.abs(picked), ~is_favoured))
    return np.take_along_axis(chosen, order, axis=1)


def in_words(
    found: pd.DataFrame,
    words: pd.DataFrame,
    explained: Panel,
    typical: Callable[[list[str]], pd.DataFrame],
    grain: str,
    currency: str,
) -> pd.DataFrame:
    """Say each reason as a sentence of each language.

    Parameters
    ----------
    found : pandas.DataFrame
        Output of `strongest_reasons`.
    words : pandas.DataFrame
        Output of `sentences.reason_words`.
    explained : Panel
        Rows that ``found`` is about.
    typical : Callable
        What finds the medians of features over all rows scored, of offers and categories
        each by itself.
    grain : str
        Grain of the panel.
    currency : str
        Code of the shop's currency.
    """
    named = [name for name in spoken_of(words.loc[found["feature_name"].unique()]) if name in explained.stored]
    numbers = [name for name in named if pd.api.types.is_numeric_dtype(explained.stored[name])]
    compared = COMPARED_WITHIN.get(grain)
    keys = np.asarray(explained.rows[compared] if compared else np.zeros(len(explained.rows)))
    seen = Seen(explained.features, typical(numbers), keys, currency)
    texts = {"reason_text" + language.suffix: pd.Series("", found.index, dtype=object) for language in LANGUAGES}
    for name, own in found.groupby("feature_name"):
        for language in LANGUAGES:
            said = say(words.loc[name], seen, own["row"].to_numpy(), language)
            texts["reason_text" + language.suffix].loc[own.index] = said
    return found.assign(**texts)

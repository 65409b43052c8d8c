"""The strongest reasons of each score, in words that a marketer reads."""

import numpy as np
import pandas as pd

from precision_marketing.common.frames import Panel, typed
from precision_marketing.estimators.families import AverageAmount, CalibratedAverage
from precision_marketing.estimators.stored import champion_of
from precision_marketing.estimators.tasks import KEY_COLUMNS, Task
from precision_marketing.explanations.contributions import explain_batches
from precision_marketing.explanations.sentences import LANGUAGES, Seen, reason_words, say

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
# What rows share that are compared with one another, per grain.
COMPARED_WITHIN = {"user_offer": "offer_id", "user_category": "category_name"}
# A contact rests on a high score of its offer.
RAISES_FIRST = {"user_offer"}


def panel_reasons(
    panel: Panel,
    registry: pd.DataFrame,
    tasks: pd.DataFrame,
    texts: pd.DataFrame,
    shop: pd.DataFrame,
    grain: str,
    count: int,
    departments: pd.DataFrame | None = None,
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
    shop : pandas.DataFrame
        ``ftr_shop``: the currency that amounts are said in.
    grain : str
        Tasks of this grain are explained.
    count : int
        Most reasons per score.
    departments : pandas.DataFrame or None
        ``ftr_departments``: what each slot of the department shares stands for; None
        where the panel has no such features.
    explained : pandas.DataFrame or None
        Output of `best_categories`: only these scores are explained. None for all.

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
    to_score = panel.of_split("score")
    slots = () if departments is None else departments.itertuples()
    labels = {f"department_share_{row.department_slot}": row.department for row in slots}
    words = reason_words(texts, list(to_score.features.columns), labels)
    parts = []
    for task in tasks[tasks["grain"] == grain]["task"]:
        scored = Task.from_seed(tasks, task).population(to_score)
        rows = scored
        if explained is not None:
            own = explained.loc[explained["task"] == task, PAIR_COLUMNS]
            pairs = pd.MultiIndex.from_frame(rows.rows[PAIR_COLUMNS])
            rows = rows.where(pairs.isin(pd.MultiIndex.from_frame(own)))
        live = champion_of(registry, task)
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
        found = in_words(found, words, rows, scored, grain, shop["currency"].iloc[0])
        keys = rows.rows.reindex(columns=list(KEY_COLUMNS))
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
    best_first = scores.sort_values(["score", "category_name"], ascending=[False, True], kind="stable")
    best = best_first.groupby(["task", "user_id"], sort=False).head(per_user)
    return best[["task", *PAIR_COLUMNS]].reset_index(drop=True)


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
    found: pd.DataFrame, words: pd.DataFrame, explained: Panel, scored: Panel, grain: str, currency: str
) -> pd.DataFrame:
    """Say each reason as a sentence of each language.

    Parameters
    ----------
    found : pandas.DataFrame
        Output of `strongest_reasons`.
    words : pandas.DataFrame
        Output of `sentences.reason_words`.
    explained, scored : Panel
        Rows that ``found`` is about, and all rows scored: the median of a feature over
        these is a typical customer's, of offers and categories each by itself.
    grain : str
        Grain of the panels.
    currency : str
        Code of the shop's currency.
    """
    compared = COMPARED_WITHIN.get(grain)
    keys = scored.rows[compared] if compared else np.zeros(len(scored.rows))
    medians = scored.features.groupby(np.asarray(keys)).median(numeric_only=True)
    of_rows = explained.rows[compared] if compared else np.zeros(len(explained.rows))
    seen = Seen(explained.features, medians, np.asarray(of_rows), currency)
    texts = {"reason_text" + language.suffix: pd.Series("", found.index, dtype=object) for language in LANGUAGES}
    for name, own in found.groupby("feature_name"):
        for language in LANGUAGES:
            said = say(words.loc[name], seen, own["row"].to_numpy(), language)
            texts["reason_text" + language.suffix].loc[own.index] = said
    return found.assign(**texts)

"""What a review speaks of, clause by clause: words of a dictionary, and the mood of the clause."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from precision_marketing.reviews.grams import MARK, NEGATED, english_words
from precision_marketing.reviews.sentiment import Sentiment
from precision_marketing.reviews.texts import clauses

ASPECTS = ("delivery", "quality", "price", "size", "service", "packaging", "freshness")
# What a word that is good or bad by itself adds to the log odds of its clause.
LEANINGS = {"good": 4.0, "bad": -4.0}
LEAST_CHANCE = 1e-6


class AspectWords:
    """The dictionary of one language.

    Parameters
    ----------
    words : pandas.DataFrame
        Rows of the seed ``review_aspect_words``.
    language : str
        Of which rows are taken.
    """

    def __init__(self, words: pd.DataFrame, language: str) -> None:
        own = words[words["language"] == language]
        leanings = own["leaning"].map(LEANINGS).fillna(0.0)
        self._known = dict(zip(own["word"], zip(own["aspect"], leanings, strict=True), strict=True))
        longest_first = sorted(self._known, key=lambda word: (-len(word), word))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._is_chinese = language == "zh"

    def find(self, clause: str) -> dict[str, float]:
        """Return what its words lean to, by each aspect that a clause names; behind a negation the opposite."""
        found: dict[str, float] = {}
        for word, is_negated in self._chinese(clause) if self._is_chinese else self._english(clause):
            aspect, leaning = self._known[word]
            found[aspect] = found.get(aspect, 0.0) + (-leaning if is_negated else leaning)
        return found

    def _chinese(self, clause: str) -> list[tuple[str, bool]]:
        spans = [found.span(1) for found in NEGATED.finditer(clause)]
        return [
            (found.group(), any(start <= found.start() < end for start, end in spans))
            for found in self._pattern.finditer(clause)
        ]

    def _english(self, clause: str) -> list[tuple[str, bool]]:
        if not self._pattern.search(clause):
            return []
        words = [(word.lstrip(MARK), word.startswith(MARK)) for word in english_words(clause)]
        return [(word, is_negated) for word, is_negated in words if word in self._known]


def aspect_chances(texts: Sequence[str], words: AspectWords, sentiment: Sentiment) -> np.ndarray:
    """Judge what texts of one language say of each aspect.

    Parameters
    ----------
    texts : sequence of str
        Output of `precision_marketing.reviews.texts.plain_text`.
    words : AspectWords
        The dictionary of the language.
    sentiment : Sentiment
        Its estimator, which judges each clause that names an aspect.

    Returns
    -------
    numpy.ndarray of float, shape (n_texts, n_aspects)
        Chance that what is said of an aspect is positive, in the order of `ASPECTS`; of several clauses the mean of
        their log odds. NaN where a text does not name it.
    """
    judged: list[str] = []
    named: list[tuple[int, int, float]] = []
    for row, text in enumerate(texts):
        for clause in clauses(text):
            if found := words.find(clause):
                named += [(row, len(judged), leaning, ASPECTS.index(aspect)) for aspect, leaning in found.items()]
                judged.append(clause)
    sums, counts = np.zeros((2, len(texts), len(ASPECTS)))
    if named:
        rows, places, leanings, aspects = map(np.array, zip(*named, strict=True))
        chances = np.clip(sentiment.judge(judged).probabilities, LEAST_CHANCE, 1 - LEAST_CHANCE)
        np.add.at(sums, (rows, aspects), logit(chances)[places] + leanings)
        np.add.at(counts, (rows, aspects), 1)
    return expit(np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0))

"""The chance that a text is positive, by an estimator kept beside this module as a list of words.

A file holds one line per gram: the gram, its inverse document frequency, its weight and its valence in a lexicon of
moods, where it has one. So a change of the estimator can be read, and no bytes are loaded that could run.
`make fit-sentiment` writes the files.
"""

import gzip
import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit

from precision_marketing.reviews.grams import GRAMS, MARK

# What a negation leaves of a valence.
NEGATED_VALENCE = -0.74
# The sum of valences at which a mood is half as strong as it can be, squared and times three.
VALENCE_SCALE = 15.0
# Digits that a file keeps of frequencies and weights, as whole numbers.
FREQUENCY_UNIT, WEIGHT_UNIT, VALENCE_UNIT = 10, 100, 10


@dataclass(frozen=True)
class Judged:
    """What an estimator makes of some texts.

    Parameters
    ----------
    probabilities : numpy.ndarray of float, shape (n_texts,)
        Chance that a text is positive.
    known_counts : numpy.ndarray of int, shape (n_texts,)
        Distinct grams of a text that the estimator knows.
    contributions : scipy.sparse.csr_matrix, shape (n_texts, n_grams)
        What each gram adds to the log odds, valences aside.
    """

    probabilities: np.ndarray
    known_counts: np.ndarray
    contributions: csr_matrix


@dataclass(frozen=True)
class Sentiment:
    """A fitted estimator of one language.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.
    grams : list of str
        What it knows.
    frequencies, weights, valences : numpy.ndarray of float, shape (n_grams,)
        Per gram the inverse document frequency, the weight in log odds, and the valence from -4 to 4.
    intercept, valence_weight : float
        Log odds of a text without known grams, and of the strongest mood.
    """

    language: str
    grams: list[str]
    frequencies: np.ndarray
    weights: np.ndarray
    valences: np.ndarray
    intercept: float
    valence_weight: float

    def __post_init__(self) -> None:
        """Give each gram a number."""
        # from 1: 0 is what a filter drops as it drops what is not found
        object.__setattr__(self, "_numbers", {gram: number for number, gram in enumerate(self.grams, 1)})

    def judge(self, texts: Sequence[str]) -> Judged:
        """Judge plain texts of the estimator's language.

        Parameters
        ----------
        texts : sequence of str
            Output of `precision_marketing.reviews.texts.plain_text`.
        """
        split, find = GRAMS[self.language], self._numbers.get  # type: ignore[attr-defined]
        numbers, ends = array("i"), [0]
        for text in texts:
            numbers.extend(filter(None, map(find, split(text))))
            ends.append(len(numbers))
        places = np.array(numbers, dtype=np.int32) - 1
        counts = csr_matrix((np.ones(len(places)), places, np.array(ends)), (len(texts), len(self.grams)))
        counts.sum_duplicates()
        mood = counts @ self.valences
        scaled = tf_idf(counts, self.frequencies)
        scaled.data *= self.weights[scaled.indices]
        log_odds = np.asarray(scaled.sum(axis=1)).ravel() + self.intercept + self.valence_weight * squashed(mood)
        return Judged(expit(log_odds), np.diff(counts.indptr), scaled)

    def phrases(self, judged: Judged, text: int, most: int) -> list[str]:
        """Name the grams of two signs or more that decided about a text, the strongest first."""
        starts = judged.contributions.indptr
        row = slice(starts[text], starts[text + 1])
        added = judged.contributions.data[row] * np.sign(judged.probabilities[text] - 0.5)
        places = judged.contributions.indices[row]
        chosen: list[str] = []
        for place in np.argsort(-added, kind="stable"):
            if added[place] <= 0 or len(chosen) == most:
                break
            bare = self.grams[places[place]].replace(MARK, "")
            if len(bare) > 1 and not any(bare in other or other in bare for other in chosen):
                chosen.append(bare)
        return chosen


def squashed(mood: np.ndarray) -> np.ndarray:
    """Bring sums of valences between -1 and 1."""
    return mood / np.sqrt(mood * mood + VALENCE_SCALE)


def tf_idf(counts: csr_matrix, frequencies: np.ndarray) -> csr_matrix:
    """Return counts of grams, damped and weighed, with rows of length 1."""
    scaled = counts.astype(float)
    scaled.data = (1 + np.log(scaled.data)) * frequencies[scaled.indices]
    lengths = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    # a text of words that a lexicon alone knows has no length
    scaled.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(scaled.indptr))
    return scaled


def file_of(language: str) -> Path:
    """Return where the estimator of a language is kept."""
    return Path(__file__).with_name(f"sentiment_{language}.tsv.gz")


@cache
def read_sentiment(language: str) -> Sentiment:
    """Read the estimator of a language.

    Raises
    ------
    ValueError
        If the file is cut off or a line of it is no gram with its numbers.
    """
    file = file_of(language)
    try:
        head, *lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    except (EOFError, OSError) as error:
        raise ValueError(f"{file.name} cannot be unpacked: run make fit-sentiment.") from error
    known = json.loads(head.removeprefix("# "))
    if len(lines) != known["grams"]:
        raise ValueError(f"{file.name} has {len(lines)} lines of {known['grams']}: run make fit-sentiment.")
    try:
        rows = [line.split("\t") for line in lines]
        grams = [gram for gram, *_ in rows]
        numbers = np.array([[int(number or 0) for number in row] for _, *row in rows]).reshape(-1, 3)
    except ValueError as error:
        raise ValueError(f"{file.name} holds a line that is no gram with three whole numbers.") from error
    frequencies, weights, valences = (numbers / (FREQUENCY_UNIT, WEIGHT_UNIT, VALENCE_UNIT)).T
    places = set(grams)
    negated = [place for place in np.flatnonzero(valences) if MARK + grams[place] not in places]
    return Sentiment(
        language,
        [*grams, *(MARK + grams[place] for place in negated)],
        np.concatenate([frequencies, np.zeros(len(negated))]),
        np.concatenate([weights, np.zeros(len(negated))]),
        np.concatenate([valences, NEGATED_VALENCE * valences[negated]]),
        known["intercept"],
        known["valence_weight"],
    )


def write_sentiment(fitted: Sentiment, about: dict[str, float]) -> None:
    """Keep an estimator, lines in the order of grams; ``about`` says how good it was."""
    lines = []
    for gram, *numbers in sorted(zip(fitted.grams, fitted.frequencies, fitted.weights, fitted.valences, strict=True)):
        units = (FREQUENCY_UNIT, WEIGHT_UNIT, VALENCE_UNIT)
        whole = [round(number * unit) for number, unit in zip(numbers, units, strict=True)]
        if any(whole[1:]):
            lines.append("\t".join([gram, *(str(number or "") for number in whole)]))
    head = {
        "language": fitted.language,
        "grams": len(lines),
        "intercept": round(fitted.intercept, 4),
        "valence_weight": round(fitted.valence_weight, 4),
        **about,
    }
    text = "\n".join([f"# {json.dumps(head)}", *lines])
    file_of(fitted.language).write_bytes(gzip.compress(f"{text}\n".encode(), mtime=0))

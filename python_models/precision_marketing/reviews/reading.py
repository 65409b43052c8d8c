"""Reviews read in a stream: language, chance of being positive, phrases, and what is said of each aspect."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa

from precision_marketing.common.settings import Settings, Var
from precision_marketing.reviews.aspects import ASPECTS, AspectWords, aspect_chances
from precision_marketing.reviews.sentiment import read_sentiment
from precision_marketing.reviews.texts import language_of, plain_text

LANGUAGES = ("zh", "en")
SCHEMA = pa.schema(
    {
        "review_id": pa.string(),
        "user_id": pa.string(),
        "language": pa.string(),
        "reading": pa.string(),
        "deciding_phrases": pa.string(),
        **{f"{aspect}_probability": pa.float64() for aspect in ASPECTS},
        "positive_probability": pa.float64(),
        "is_low_confidence": pa.bool_(),
    }
)
JOINED_BY = " | "


@dataclass(frozen=True)
class ReadingSettings(Settings):
    """When a reading is doubtful, and how many phrases are named.

    Parameters
    ----------
    unsure_from, unsure_until : float
        Chances between these say little.
    least_known : int
        Distinct grams that the estimator must know of a text.
    phrases : int
        Most phrases that are named.
    """

    unsure_from: Annotated[float, Var("review_reading", "unsure_from")]
    unsure_until: Annotated[float, Var("review_reading", "unsure_until")]
    least_known: Annotated[int, Var("review_reading", "least_known")]
    phrases: Annotated[int, Var("review_reading", "phrases")]


def read_reviews(
    frames: Iterable[pd.DataFrame], words: pd.DataFrame, settings: ReadingSettings
) -> pa.RecordBatchReader:
    """Read reviews, of which one piece at a time is in memory.

    Parameters
    ----------
    frames : iterable of pandas.DataFrame
        Columns ``review_id``, ``user_id`` and ``review_text``, which may be missing.
    words : pandas.DataFrame
        The seed ``review_aspect_words``.
    settings : ReadingSettings
        Of the project.

    Returns
    -------
    pyarrow.RecordBatchReader
        A row per review, columns `SCHEMA`: ``reading`` is ``read``, ``no_text`` or ``language_not_read``; all that is
        judged is null where a review is not read.
    """
    dictionaries = {language: AspectWords(words, language) for language in LANGUAGES}
    return pa.RecordBatchReader.from_batches(SCHEMA, _batches(frames, dictionaries, settings))


def _batches(
    frames: Iterable[pd.DataFrame], dictionaries: dict[str, AspectWords], settings: ReadingSettings
) -> Iterator[pa.RecordBatch]:
    for frame in frames:
        table = pa.Table.from_pandas(_read(frame, dictionaries, settings), SCHEMA, preserve_index=False)
        yield from table.combine_chunks().to_batches()


def _read(frame: pd.DataFrame, dictionaries: dict[str, AspectWords], settings: ReadingSettings) -> pd.DataFrame:
    texts = [plain_text(text) if isinstance(text, str) else "" for text in frame["review_text"]]
    told = [language_of(text) for text in texts]
    languages = np.array([language for language, _ in told], dtype=object)
    is_mixed = np.array([mixed for _, mixed in told], dtype=bool)
    result = pd.DataFrame({"review_id": frame["review_id"], "user_id": frame["user_id"], "language": languages})
    result["reading"] = np.where(pd.isna(languages), "no_text", "language_not_read")
    for column, kind in {"deciding_phrases": object, "is_low_confidence": object}.items():
        result[column] = pd.Series([None] * len(result), dtype=kind)
    for column in ("positive_probability", *(f"{aspect}_probability" for aspect in ASPECTS)):
        result[column] = np.nan
    for language, words in dictionaries.items():
        rows = np.flatnonzero(languages == language)
        if not rows.size:
            continue
        estimator, own = read_sentiment(language), [texts[row] for row in rows]
        judged = estimator.judge(own)
        chances = judged.probabilities
        is_doubtful = (chances > settings.unsure_from) & (chances < settings.unsure_until)
        phrases = [JOINED_BY.join(estimator.phrases(judged, row, settings.phrases)) for row in range(len(rows))]
        places = [result.columns.get_loc(f"{aspect}_probability") for aspect in ASPECTS]
        result.iloc[rows, places] = aspect_chances(own, words, estimator)
        result.iloc[rows, result.columns.get_loc("reading")] = "read"
        result.iloc[rows, result.columns.get_loc("positive_probability")] = chances
        result.iloc[rows, result.columns.get_loc("deciding_phrases")] = phrases
        result.iloc[rows, result.columns.get_loc("is_low_confidence")] = (
            is_doubtful | is_mixed[rows] | (judged.known_counts < settings.least_known)
        )
    return result[SCHEMA.names]

"""One row per review: its language, the chance that it is positive, and what it says of each aspect."""

from precision_marketing.common.frames import read_frames, to_pandas
from precision_marketing.reviews.reading import ReadingSettings, read_reviews


def model(dbt, session):
    texts = dbt.ref("rev_texts")
    words = dbt.ref("review_aspect_words")
    settings = ReadingSettings.from_meta(dbt.config.meta_get("settings"))
    return read_reviews(read_frames(texts), to_pandas(words), settings)

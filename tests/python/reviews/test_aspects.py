"""Aspects that a review names are found clause by clause, with the mood of the clause."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from precision_marketing.reviews.aspects import ASPECTS, AspectWords, aspect_chances
from precision_marketing.reviews.reading import ReadingSettings, read_reviews
from precision_marketing.reviews.sentiment import read_sentiment
from precision_marketing.reviews.texts import plain_text
from support.builds import PROJECT_FOLDER

from operations.places import PROJECT

WORDS = pd.read_csv(PROJECT_FOLDER / "seeds" / "review_aspect_words.csv", keep_default_na=False)
SETTINGS = ReadingSettings.from_meta(PROJECT["vars"])
# What the synthetic shop's reviews are made of, and by whom it was read: aspect and mood of each part.
PARTS = {
    "zh": {
        "complaint": {
            "quality": ["质量差", "和描述不符", "用了两天就坏了", "味道难闻"],
            "packaging": ["包装破损"],
            "delivery": ["物流太慢", "等了几天才到"],
            "service": ["客服也不理人"],
            "price": ["浪费钱"],
        },
        "praise": {
            "quality": ["质量很棒", "味道很好"],
            "packaging": ["包装精美"],
            "delivery": ["物流很快"],
            "price": ["性价比高", "物超所值", "价格还可以"],
            "service": ["谢谢店家"],
        },
        "unclear": {"packaging": ["包装普通"]},
    },
    "en": {
        "complaint": {
            "quality": ["it broke after two days", "it is not as described", "it smells bad", "poor quality"],
            "packaging": ["the box came damaged"],
            "delivery": ["delivery took forever"],
            "service": ["support was useless"],
            "price": ["a waste of money"],
        },
        "praise": {
            "quality": ["works perfectly", "tastes wonderful"],
            "packaging": ["beautifully packed"],
            "delivery": ["fast delivery"],
            "price": ["the price is fair", "great value", "worth every cent"],
        },
        "unclear": {"packaging": ["plain packaging"], "delivery": ["delivery took some days"]},
    },
}
# Clauses of other trades, which say what the shop's do not: size, freshness, denied faults.
OTHER = {
    "zh": {
        "尺码偏小": ("size", 0),
        "不新鲜": ("freshness", 0),
        "很新鲜": ("freshness", 1),
        "没有破损": ("packaging", 1),
    },
    "en": {
        "it runs too small": ("size", 0),
        "fits well": ("size", 1),
        "the fruit was rotten": ("freshness", 0),
        "not expensive at all": ("price", 1),
    },
}


def opinions(texts: list[str], language: str) -> list[dict[str, str]]:
    """Return what each text says of each aspect that it names."""
    plain = [plain_text(text) for text in texts]
    chances = aspect_chances(plain, AspectWords(WORDS, language), read_sentiment(language))
    bounds = [SETTINGS.unsure_from, SETTINGS.unsure_until]
    kinds = np.array(["complaint", "unclear", "praise"])[np.digitize(np.nan_to_num(chances), bounds)]
    return [
        {name: kind for name, kind, chance in zip(ASPECTS, row, values, strict=True) if not np.isnan(chance)}
        for row, values in zip(kinds, chances, strict=True)
    ]


def test_aspects_of_the_synthetic_shop_are_found() -> None:
    right, found, true = Counter(), Counter(), Counter()
    for language, moods in PARTS.items():
        rows = [(part, aspect, mood) for mood, by in moods.items() for aspect, parts in by.items() for part in parts]
        for (_, aspect, mood), said in zip(rows, opinions([part for part, *_ in rows], language), strict=True):
            for name, kind in said.items():
                found[name, kind] += kind != "unclear"
            if mood != "unclear":
                true[aspect, mood] += 1
                right[aspect, mood] += said.get(aspect) == mood
    f1 = {cell: 2 * right[cell] / (true[cell] + found[cell]) for cell in true}
    assert np.mean(list(f1.values())) >= 0.8, f1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_aspects_of_other_trades_are_found(language: str) -> None:
    chances = aspect_chances(list(OTHER[language]), AspectWords(WORDS, language), read_sentiment(language))
    for row, (clause, (aspect, is_good)) in zip(chances, OTHER[language].items(), strict=True):
        assert (row[ASPECTS.index(aspect)] > 0.5) == is_good, clause


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        # readers of aspects elsewhere took the mood of the whole sentence for each of its parts
        ("包装很差，但是质量非常好。", "zh", {"packaging": "complaint", "quality": "praise"}),
        ("客服态度很差，不过物流很快", "zh", {"service": "complaint", "delivery": "praise"}),
        ("Great value but the box was crushed.", "en", {"price": "praise", "packaging": "complaint"}),
        ("Delivery took forever, the taste is wonderful", "en", {"delivery": "complaint", "quality": "praise"}),
        ("質量很差，但是物流很快", "zh", {"quality": "complaint", "delivery": "praise"}),
        ("随便写写", "zh", {}),
    ],
)
def test_each_clause_has_its_own_mood(text: str, language: str, said: dict[str, str]) -> None:
    assert opinions([text], language) == [said]


def test_every_review_has_a_row_whatever_it_says() -> None:
    texts = [None, float("nan"), "", "📦", "很好", "Great", "とても良い", "好" * 10_000, "a" * 10_000, "<br>" * 2000]
    frame = pd.DataFrame({"review_id": [f"r{place}" for place in range(len(texts))], "user_id": None})
    frame["review_text"] = texts
    table = read_reviews([frame, frame.iloc[:0]], WORDS, SETTINGS).read_all().to_pandas().set_index("review_id")
    assert list(table.index) == list(frame["review_id"])
    assert table["reading"].value_counts().to_dict() == {"read": 5, "no_text": 4, "language_not_read": 1}
    is_read = table["reading"] == "read"
    assert (table["positive_probability"].notna() == is_read).all()
    assert (table["is_low_confidence"].notna() == is_read).all()
    # a text of one letter, and a pictogram alone, say little
    assert table.loc[["r3", "r8"], "is_low_confidence"].all()
    assert not table.loc[["r4", "r5"], "is_low_confidence"].any()


def test_pieces_of_a_stream_do_not_matter() -> None:
    texts = [part for by in PARTS["zh"]["complaint"].values() for part in by] + ["Great value", "Sehr gut und schön"]
    frame = pd.DataFrame({"review_id": texts, "user_id": None, "review_text": texts})
    whole = read_reviews([frame], WORDS, SETTINGS).read_all()
    pieces = read_reviews([frame.iloc[[row]] for row in range(len(frame))], WORDS, SETTINGS).read_all()
    assert whole.equals(pieces.combine_chunks())

"""Texts are read in their language, and the estimators kept as files say how likely they are positive."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from precision_marketing.reviews import fitting, sentiment
from precision_marketing.reviews.sentiment import file_of, read_sentiment
from precision_marketing.reviews.texts import language_of, plain_text

# Kinds of texts that readers of moods elsewhere took for the opposite, by their public threads: denied feelings, denied
# troubles, praise that begins with a negation, short practical complaints, pictograms by misleading names, shouts,
# traditional characters.
BAD = {
    "zh": [
        *("今天收到货很不高兴", "客服态度太差，不会再来了", "用了两天就坏了", "不新鲜，要求退货", "信号真的差"),
        *("質量很差", "什么东西👎", "不喜歡"),
    ],
    "en": [
        *("This is not good at all.", "I want a refund", "It broke after two days", "I don't like the smell of it"),
        *("👎👎👎", "😡😡", "💔"),
    ],
}
GOOD = {
    "zh": [
        *("物流很快，包装也很仔细", "性价比高，还会再买", "质量很棒，家人都喜欢", "質量很好", "包装没有破损"),
        *("不会失望", "太好了", "好评!!!", "东西很好!!!", "好吃 😋"),
    ],
    "en": [
        *("No problems ever", "Without a doubt an excellent idea", "Works perfectly, no complaints", "Great 😍"),
        *("👍👍👍", "❤️", "Thanks 💓💓💓💓💓", "Not bad at all", "I can't recommend it enough", "Couldn't be happier"),
    ],
}


def chances(language: str, texts: list[str]) -> np.ndarray:
    return read_sentiment(language).judge([plain_text(text) for text in texts]).probabilities


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plain_complaints_and_praise_are_told_apart(language: str) -> None:
    bad, good = chances(language, BAD[language]), chances(language, GOOD[language])
    # one may be doubtful, none the opposite
    assert bad.max() < 0.6
    assert good.min() > 0.5
    assert np.median(bad) < 0.3 < 0.7 < np.median(good)


@pytest.mark.parametrize(
    ("language", "least"), [("zh", {"auc": 0.93, "accuracy": 0.86}), ("en", {"auc": 0.865, "correlation": 0.74})]
)
def test_a_file_says_how_good_its_estimator_was_on_lines_left_out(language: str, least: dict[str, float]) -> None:
    head = gzip.decompress(file_of(language).read_bytes()).decode().partition("\n")[0]
    about = json.loads(head.removeprefix("# "))
    assert {name: about[name] for name in least if about[name] < least[name]} == {}
    assert file_of(language).stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("质量很好", "zh"),
        ("<p>质量&nbsp;很好</p>", "zh"),
        ("<span class='wonderful great'>质量很好</span>", "zh"),
        ("Good value", "en"),
        ("No problems", "en"),
        ("👍👍", "en"),
        ("とても良い商品です", "ja"),
        ("좋아요", "ko"),
        ("Очень хорошо", "ru"),
        ("Sehr gut, aber zu klein", "de"),
        ("El producto es muy bueno", "es"),
        ("12345 !!!", None),
        ("此用户没有填写评价。", None),
        ("评价方未及时做出评价,系统默认好评!", None),
        ("[text]", None),
        ("[name] ist sehr gut und nett", "de"),
        ("", None),
    ],
)
def test_a_language_is_told(text: str, language: str | None) -> None:
    assert language_of(plain_text(text))[0] == language


def test_a_text_of_two_languages_is_mixed() -> None:
    assert language_of("great product 很好吃")[1]
    assert not language_of("这个 app 真的很好用，物流也快")[1]


def test_any_text_has_a_chance() -> None:
    odd = [
        "",
        " ",
        "😀" * 3000,
        "好" * 10_000,
        "x" * 10_000,
        "<" * 500 + ">",
        "\x00\ud800",
        "a\u0301\u202e",
        "&#x1F600;",
    ]
    for language in ("zh", "en"):
        found = chances(language, odd)
        assert ((found > 0) & (found < 1)).all()


def test_near_copies_are_of_one_group() -> None:
    line = "这个酒店的房间很大早餐也不错服务员态度非常好下次还会再来住"
    bare = [line, line + "真的推荐", "完全是另外一句话说的是别的东西而且也很长没有什么相同", line[3:]]
    groups = fitting.near_copies(bare)
    # the first names the group, so that folds and files are the same in every run
    assert groups.tolist() == [0, 0, 2, 0]


def test_no_row_is_predicted_by_its_own_group() -> None:
    groups = np.array([0, 0, 1, 2, 2, 3, 4, 5, -1, -1])

    def predictor(rows: np.ndarray):
        assert {8, 9} <= set(rows)
        known = set(groups[rows])
        return lambda others: np.array([groups[other] in known for other in others])

    predicted = fitting.cross_fitted(groups, 3, predictor)
    assert not predicted[:8].any()
    assert np.isnan(predicted[8:]).all()


def test_a_fitted_estimator_is_kept_and_read_back(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentiment, "file_of", lambda language: tmp_path / f"{language}.tsv.gz")
    fitted = sentiment.Sentiment(
        "en", ["fine", "good", "very ~good"], *np.array([[2.0, 1.5, 3.1], [1.25, 0, -2.5], [0, 1.9, 0]]), -0.5, 1.5
    )
    sentiment.write_sentiment(fitted, {"auc": 0.9})
    read_sentiment.cache_clear()
    read = read_sentiment("en")
    texts = ["fine", "good", "not good", "other"]
    assert np.allclose(read.judge(texts).probabilities[[0, 1, 3]], fitted.judge(texts).probabilities[[0, 1, 3]])
    # a valence is turned round behind a negation
    assert read.judge(texts).probabilities[2] < read.judge(["other"]).probabilities[0]
    packed = (tmp_path / "en.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).splitlines()
    for cut_off, fault in (
        (gzip.compress(b"\n".join(lines[:-1])), r"en\.tsv\.gz has 2 lines of 3"),
        (packed[:-12], r"en\.tsv\.gz cannot be unpacked"),
    ):
        (tmp_path / "en.tsv.gz").write_bytes(cut_off)
        read_sentiment.cache_clear()
        with pytest.raises(ValueError, match=fault):
            read_sentiment("en")
    read_sentiment.cache_clear()

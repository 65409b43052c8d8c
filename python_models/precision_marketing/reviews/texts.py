"""Texts of reviews as they are read: plain, in which language, and cut into clauses."""

import html
import re
import unicodedata
from collections import Counter

TAG = re.compile(r"<[^<>]{1,300}>")
# What intake writes in place of what names somebody, or of a whole text.
REDACTED = re.compile(r"\[(?:e-mail|phone|card|bank account|identity number|name|text)\]")
REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
# Words that hardly a text of a language lacks, and that are none in English. Text in Latin letters is read as English
# unless such words outnumber the English ones.
ENGLISH = frozenset(
    re.findall(r"\w+", "the and is it this was of to for in not with my very i you are but have good great no")
)
OTHER_WORDS = {
    word: code
    for code, words in {
        "de": "der das und ist nicht ich ein eine sehr mit für auf aber auch schlecht zu den gut",
        "es": "el los las muy que para una por pero está lo del producto bueno calidad y",
        "fr": "le les est et pas je très avec pour mais du des ce cette produit vraiment bien",
        "id": "yang dan tidak ini sangat bagus barang produk dengan",
        "it": "il che è non molto della prodotto ho sono bene buono di",
        "nl": "het een zeer voor maar dit ik heel goed niet",
        "pl": "nie jest bardzo i się dobry polecam produkt że",
        "pt": "o os não muito com uma mas da produto bom ótimo",
        "tr": "çok bir ve bu güzel ürün için değil ama",
        "vi": "không rất và là sản phẩm tốt hàng đẹp",
    }.items()
    for word in re.findall(r"\w+", words)
    if word not in ENGLISH
}
LATIN_WORD = re.compile(r"[a-z\u00e0-\u024f\u1e00-\u1eff]+")
CHINESE = re.compile(r"[\u3400-\u9fff]+")
# Letters of further scripts, of which a text may hold some.
FURTHER = re.compile(r"[^\W\d_a-z\u00e0-\u024f\u1e00-\u1eff\u3400-\u9fff]")
# What other scripts are written in, by the first words of a letter's Unicode name.
SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
}
# A Chinese character says about as much as so many Latin letters.
LETTERS_PER_CHARACTER = 3
# Above this share of kana, characters that Chinese has, too, are Japanese.
KANA_SHARE = 0.1
# Above this share of another script a text is read by its larger part, and said to be mixed.
MIXED_SHARE = 0.25
CLAUSE_END = re.compile(
    r"[。、!?;~,|\n]+|\.(?!\d)|(?=但|不过|可是|就是|只是|然而|可惜|虽然)"
    r"|\b(?:but|however|although|though|yet|except|while)\b"
)


def plain_text(text: str) -> str:
    """Return a text without HTML and marks of redaction, lower case, half-width, no letter thrice in a row.

    Parameters
    ----------
    text : str
        As it was written.
    """
    if "<" in text or "&" in text:
        text = TAG.sub(" ", html.unescape(TAG.sub(" ", text)))
    if "[" in text:
        text = REDACTED.sub(" ", text)
    text = " ".join(unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").split())
    return REPEATED.sub(r"\1\1", text)


def language_of(text: str) -> tuple[str | None, bool]:
    """Tell which language a plain text is in.

    Parameters
    ----------
    text : str
        Output of `plain_text`.

    Returns
    -------
    language : str or None
        ISO 639-1 code; ``en`` for pictograms alone, whose names are English; None without a letter or pictogram.
    is_mixed : bool
        Whether a good part of it is in another script.
    """
    weights = {
        "latin": sum(map(len, LATIN_WORD.findall(text))),
        "zh": 0 if text.isascii() else LETTERS_PER_CHARACTER * sum(map(len, CHINESE.findall(text))),
    }
    for letter in () if text.isascii() else FURTHER.findall(text):
        code = SCRIPTS.get(unicodedata.name(letter, "OTHER").split()[0], "und")
        weights[code] = weights.get(code, 0) + (LETTERS_PER_CHARACTER if code == "ja" else 1)
    if not any(weights.values()):
        return ("en", False) if any(unicodedata.category(each) == "So" for each in text) else (None, False)
    if weights.get("ja", 0) > KANA_SHARE * (weights.get("ja", 0) + weights["zh"]):
        weights["ja"] += weights.pop("zh")
    script = max(weights, key=lambda each: (weights[each], each))
    is_mixed = weights[script] < (1 - MIXED_SHARE) * sum(weights.values())
    return (_latin_language(text) if script == "latin" else script), is_mixed


def _latin_language(text: str) -> str:
    words = LATIN_WORD.findall(text)
    counts = Counter(OTHER_WORDS[word] for word in words if word in OTHER_WORDS)
    if not counts:
        return "en"
    code, count = max(counts.items(), key=lambda each: (each[1], each[0]))
    return code if count > sum(word in ENGLISH for word in words) else "en"


def clauses(text: str) -> list[str]:
    """Cut a plain text where a thought may turn: at signs, and before words such as *but*."""
    return [part for each in CLAUSE_END.split(text) if (part := each.strip(" \"'()[]:："))]

"""What an estimator of sentiment counts in a text: pieces of Chinese, words of English."""

import re
import unicodedata
from itertools import pairwise

# Chinese: pieces of one to so many characters, and those that stand so far behind a negation.
LONGEST_PIECE = 4
NEGATED = re.compile(r"(?:没有|不|没|无|别|未)([^\W_]{1,6})")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|[!?]|[:;=]-?[()dp]|<3")
# Phrases that mean another thing than their words, and what they mean: labelled lines of either language bear it out.
PHRASES = {
    "zh": (
        (re.compile(r"(?:没有?|未|不会?)(?:让[我人你]?)?失望"), "满意"),
        (re.compile(r"不[差赖]|没得说"), "不错"),
        (re.compile(r"太好了|^(?:[五5]星)?好评(?=\W*$)"), "很好"),
        (re.compile(r"(?:没有?|无)(?:任何|什么)?(?:破损|损坏|异味|色差|瑕疵|毛病)"), "完好"),
        # much ado is about the bad, in the lines alone
        (re.compile(r"!+"), "!"),
    ),
    "en": (
        (re.compile(r"\bnot (?:too |so |that |at all )?bad\b(?: at all)?"), "fine"),
        (re.compile(r"\bnothing to complain\b"), "no complaints"),
        (re.compile(r"\bwithout a doubt\b"), "surely"),
        (re.compile(r"\b(?:can't|cannot|can not|couldn't|could not) be (?=happier|better|more)"), "am "),
        (re.compile(r"\b(?:can't|cannot|can not|couldn't|could not) (?:fault|go wrong with)\b"), "love"),
        (re.compile(r"\b(?:can't|cannot|can not) (?=recommend .{0,20}enough)"), "highly "),
    ),
}
# Pictograms whose names mislead, such as a heavy black heart, and what they say; Chinese knows no names.
_MOODS = {
    "👍👌👏💯🙌💪🎉⭐🌟": (" great ", "很好"),
    "❤♥💓💕💖💗💙💚💛💜🧡💞💘😍🥰😘🤩": (" love ", "喜欢"),
    "😊🙂😀😃😄😁😆😉☺😋🤗😎": (" happy ", "满意"),
    "👎💔😞😟😒🙁☹😔😣😖": (" bad ", "很差"),
    "😡😠🤬🤮🤢💩": (" awful ", "垃圾"),
}
PICTOGRAMS = {
    language: str.maketrans({sign: said[place] for signs, said in _MOODS.items() for sign in signs})
    for place, language in enumerate(("en", "zh"))
}
# English: a negation reaches so many words, up to the end of the clause.
NEGATION_REACH = 3
NEGATIONS = frozenset(
    (
        *("not", "no", "never", "none", "nor", "neither", "nothing", "without", "hardly", "barely", "cannot", "cant"),
        *("dont", "doesnt", "didnt", "wont", "wouldnt", "isnt", "wasnt", "arent", "werent", "couldnt", "shouldnt"),
        *("hasnt", "havent", "hadnt", "aint"),
    )
)
CLAUSE_WORDS = frozenset(("but", "however", "though", "although", "!", "?"))
# What is marked so stands behind a negation.
MARK = "~"
DIGITS = re.compile(r"\d+")


def chinese_grams(text: str) -> list[str]:
    """Return the pieces of a plain Chinese text, those behind a negation once more with `MARK`."""
    text = DIGITS.sub("0", _meant(text, "zh"))
    size = len(text)
    grams = [
        text[start : start + length] for length in range(1, LONGEST_PIECE + 1) for start in range(size - length + 1)
    ]
    for found in NEGATED.finditer(text):
        behind = found.group(1)
        grams += [MARK + each for each in behind]
        grams += [MARK + behind[start : start + 2] for start in range(len(behind) - 1)]
    return grams


def english_words(text: str) -> list[str]:
    """Return the words of a plain English text; behind a negation they carry `MARK`, pictograms give their names."""
    if not text.isascii():
        text = "".join(_named(each) for each in text)
    words: list[str] = []
    for clause in re.split(r"[.,;]+(?!\d)", text):
        reach = 0
        for word in WORD.findall(clause):
            if word in CLAUSE_WORDS:
                reach = 0
            if word.replace("'", "") in NEGATIONS or word.endswith("n't"):
                words.append("not")
                reach = NEGATION_REACH
            elif reach and word[0].isalpha():
                words.append(MARK + word)
                reach -= 1
            else:
                words.append(word)
    return words


def english_grams(text: str) -> list[str]:
    """Return the words of a plain English text, and every two that follow each other."""
    words = english_words(_meant(text, "en"))
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def _meant(text: str, language: str) -> str:
    """Return a text with phrases and pictograms in words that say what they mean."""
    for phrase, meaning in PHRASES[language]:
        text = phrase.sub(meaning, text)
    return text if text.isascii() else text.translate(PICTOGRAMS[language])


def _named(character: str) -> str:
    if unicodedata.category(character) != "So":
        return character
    return f" {unicodedata.name(character, '').lower()} "


GRAMS = {"zh": chinese_grams, "en": english_grams}

"""What a column of the contract is made of: words of mapping.yml, compiled to SQL.

A value is the heading of a column, or one word with what it takes, such as
``{times: [Lineitem price, Lineitem quantity]}``; values nest. Cells are text. Where a word
calculates, a cell is read as a number: empty is no number, unreadable is NaN, which no sum
hides, so that the row is judged as unreadable later on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from operations.files import sql_text
from operations.shop_files import FILE, ROW

# What says so of a value that was calculated of an unreadable number.
UNREADABLE = "unreadable"
# Words that may stand beside another, with a value of their own.
OPTIONS = {"words", "otherwise", "over", "by", "with", "then"}
CURRENCY_SIGNS = {"€": "EUR", "£": "GBP", "\uffe5": "CNY", "元": "CNY", "₹": "INR", "₽": "RUB", "R$": "BRL", "$": "USD"}
# By their digits: seconds, thousandths and millionths since 1970, and how many of the last they are.
SINCE_1970 = {10: 1_000_000, 13: 1000, 16: 1}
# Of a condition, in the place of words of the column.
FILLED, EMPTY = "(filled)", "(empty)"
# Full-width digits and signs, and other signs for minus, with those that they are read as.
PLAIN = "0123456789.,-+()--"
FULL_WIDTH = "".join(chr(ord(each) + 0xFEE0) for each in PLAIN[:-2]) + "\u2212\ufe63"
# What stands before groups of three digits beside points and commas.
GROUPS = r" ''\x{2019}\x{A0}\x{202F}"
_SIGN = r"(?:\p{Sc}|[A-Za-z]{1,3}\p{Sc}?|元|円)"
_DIGITS = rf"^\s*[-+(]?\s*{_SIGN}?\s*-?\s*([0-9][0-9.,{GROUPS}]*)\s*-?\s*{_SIGN}?\s*-?\)?\s*$"


class MappingError(Exception):
    """What is wrong with mapping.yml, as the rest of a sentence that names the place."""


@dataclass
class Scope:
    """The columns that a value may name, those that were named, and steps of a calculation.

    A step is a column of its own, made once however often it is named; what looks over the
    lines of an order may do so with what another step found.

    Parameters
    ----------
    headings : dict of str to str
        Of the files: by heading in lower case, as it is written there.
    comma : bool
        Whether the decimal sign of the files is a comma.
    within : tuple of str
        What tells orders apart beside their number: the file, as exports overlap; nothing where files are one table.
    """

    headings: dict[str, str]
    comma: bool = False
    within: tuple[str, ...] = (FILE,)
    named: set[str] = field(default_factory=set)
    steps: dict[str, tuple[str, tuple[int, int]]] = field(default_factory=dict)

    def column(self, name: Any) -> str:
        """Return SQL of a column's text.

        Raises
        ------
        MappingError
            Where the files have no such column.
        """
        heading = self._found(name)
        self.named.add(heading)
        return quoted(heading)

    def number(self, name: Any) -> str:
        """Return SQL of a column's number."""
        return self.step(read_number(self.column(name), self.comma))

    def step(self, sql: str) -> str:
        """Return the column that is made by SQL over columns and earlier steps."""
        if sql not in self.steps:
            stages = dict(self.steps.values())
            below = [stages[name] for name in re.findall(r'"\(step [0-9]+\)"', sql)]
            windows, others = max(below, default=(0, 0))
            # what looks over lines does so together, as each time they are sorted
            stage = (1 + max((each[0] for each in below), default=0), 0) if " over (" in sql else (windows, others + 1)
            self.steps[sql] = (f'"(step {len(self.steps) + 1})"', stage)
        return self.steps[sql][0]

    def with_steps(self, relation: str) -> str:
        """Return SQL of a relation with a column for each step."""
        for stage in sorted({stage for _, stage in self.steps.values()}):
            made = ", ".join(f"{sql} as {name}" for sql, (name, its) in self.steps.items() if its == stage)
            relation = f"(select *, {made} from {relation})"
        return relation

    def named_in(self, sql: str) -> str:
        """Note the columns that SQL names, in double quotes or without; return it."""
        for in_quotes, bare in re.findall(r'"((?:[^"]|"")+)"|([^\W\d]\w*)', sql):
            if found := self.headings.get((in_quotes.replace('""', '"') or bare).lower()):
                self.named.add(found)
        return sql

    def _found(self, name: Any) -> str:
        if not isinstance(name, str):
            raise MappingError(f"expected the name of a column, found {shown(name)}.")
        found = self.headings.get(name.strip().lower())
        if found is None:
            raise MappingError(f"expected a column of its files, found '{name}', which they lack.")
        return found


def text_of(value: Any, scope: Scope) -> str:
    """Return SQL of the text that a value stands for.

    Raises
    ------
    MappingError
        Where it is no value, or names a column that the files lack.
    """
    if not isinstance(value, dict):
        return scope.column(value)
    word, taken, options = _taken_apart(value)
    if word in NUMBERS:
        return as_text(scope.step(NUMBERS[word](taken, options, scope)), scope)
    return TEXTS[word](taken, options, scope)


def number_from(value: Any, scope: Scope) -> str:
    """Return SQL of the number that a value stands for, a double; errors as of `text_of`."""
    if not isinstance(value, dict):
        return scope.number(value)
    word, taken, options = _taken_apart(value)
    if word in NUMBERS:
        return scope.step(NUMBERS[word](taken, options, scope))
    return scope.step(read_number(scope.step(TEXTS[word](taken, options, scope)), scope.comma))


def condition_of(where: Any, scope: Scope) -> str:
    """Return SQL of whether a row is one of those: every column named has one of its words; errors as of `text_of`."""
    if not isinstance(where, dict) or not where:
        raise MappingError(f"expected columns with their words, such as {{Status: paid}}, found {shown(where)}.")
    return "(" + " and ".join(_one_condition(name, words, scope) for name, words in where.items()) + ")"


def _one_condition(name: Any, words: Any, scope: Scope) -> str:
    if name == "sql":
        return f"coalesce({scope.named_in(_sql(words))}, false)"
    column = scope.column(name)
    if words == FILLED:
        return f"{column} is not null"
    if words == EMPTY:
        return f"{column} is null"
    listed = ", ".join(sql_text(str(word).lower()) for word in _listed(words))
    return f"coalesce(lower({column}) in ({listed}), false)"


def read_number(text: str, comma: bool) -> str:
    """Return SQL of the number that a text shows, as money is written; NaN where it shows none."""
    point, group = (",", f"[.{GROUPS}]") if comma else ("[.]", f"[,{GROUPS}]")
    plain = f"translate({text}, '{FULL_WIDTH}', '{PLAIN}')"
    digits = f"regexp_extract({plain}, '{_DIGITS}', 1)"
    bare = f"regexp_replace(rtrim({digits}), '{group}', '', 'g')"
    return (
        f"case when {text} is null then null"
        f" when regexp_full_match({text}, '-?[0-9]+{'' if comma else '([.][0-9]+)?'}') then cast({text} as double)"
        f" when regexp_full_match(rtrim({digits}),"
        f" '([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)({point}[0-9]*)?')"
        f" then cast(replace({bare}, ',', '.') as double)"
        f" * case when regexp_matches({plain}, '^[^0-9]*[-(]|-[^0-9]*$') then -1 else 1 end"
        " else cast('nan' as double) end"
    )


def as_text(number: str, scope: Scope) -> str:
    """Return SQL of a number as the files write theirs, to four decimals."""
    text = f"cast(try_cast({number} as decimal(18, 4)) as varchar)"
    if scope.comma:
        text = f"replace({text}, '.', ',')"
    return f"case when {number} is not null then coalesce({text}, '{UNREADABLE}') end"


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def shown(value: Any) -> str:
    """Return a value as a message may show it: as YAML has it, short."""
    if value is None:
        return "nothing"
    return f"'{value}'" if isinstance(value, str) else str(value)[:80]


def _taken_apart(value: dict) -> tuple[str, Any, dict]:
    """Return the one word of a value, what it takes, and its options."""
    words = [word for word in value if word not in OPTIONS]
    known = TEXTS.keys() | NUMBERS.keys()
    if len(words) != 1 or words[0] not in known:
        found = ", ".join(map(str, words)) or "none"
        raise MappingError(f"expected one of the words {', '.join(sorted(known))}, found {found}.")
    options = {word: taken for word, taken in value.items() if word in OPTIONS}
    if wrong := options.keys() - ALLOWED.get(words[0], set()):
        raise MappingError(f"expected no '{min(wrong)}' beside '{words[0]}'.")
    return words[0], value[words[0]], options


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _several(value: Any, least: int = 1) -> list:
    if not isinstance(value, list) or len(value) < least:
        raise MappingError(f"expected a list of {least} or more values, found {shown(value)}.")
    return value


def _sql(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise MappingError(f"expected an expression of SQL, found {shown(text)}.")
    return f"({text})"


def _column(name: Any, options: dict, scope: Scope) -> str:
    column = scope.column(name) if not isinstance(name, dict) else text_of(name, scope)
    words, otherwise = options.get("words"), options.get("otherwise", "keep")
    if words is None:
        return column
    if not isinstance(words, dict):
        raise MappingError(f"expected words, each with what it means, found {shown(words)}.")
    cases = " ".join(f"when {sql_text(str(word).lower())} then {_word(meaning)}" for word, meaning in words.items())
    rest = {"keep": column, "empty": "null"}.get(otherwise) or _word(otherwise)
    return f"case lower({column}) {cases} else {rest} end"


def _word(meaning: Any) -> str:
    return "null" if meaning is None or meaning == "" else sql_text(str(meaning))


def _constant(value: Any, options: dict, scope: Scope) -> str:
    if isinstance(value, (dict, list)) or value is None:
        raise MappingError(f"expected one constant, found {shown(value)}.")
    return sql_text(str(value))


def _first_of(values: Any, options: dict, scope: Scope) -> str:
    return "coalesce(" + ", ".join(text_of(each, scope) for each in _several(values)) + ")"


def _joined(values: Any, options: dict, scope: Scope) -> str:
    between = f" || {sql_text(str(options.get('with', '')))} || "
    return "(" + between.join(text_of(each, scope) for each in _several(values, 2)) + ")"


def _lower(value: Any, options: dict, scope: Scope) -> str:
    return f"lower({text_of(value, scope)})"


def _number_within(columns: Any, options: dict, scope: Scope) -> str:
    number = scope.step(f"row_number() over ({_within(columns, scope)} order by {FILE}, {ROW})")
    return f"cast({number} as varchar)"


def _within(columns: Any, scope: Scope) -> str:
    return f"partition by {', '.join([*scope.within, *(scope.column(each) for each in _listed(columns))])}"


def _when(cases: Any, options: dict, scope: Scope) -> str:
    parts = []
    for case in _several(cases):
        if not isinstance(case, dict) or case.keys() != {"if", "then"}:
            raise MappingError(f"expected {{if: ..., then: ...}}, found {shown(case)}.")
        parts.append(f"when {condition_of(case['if'], scope)} then {text_of(case['then'], scope)}")
    rest = text_of(options["otherwise"], scope) if "otherwise" in options else "null"
    return f"case {' '.join(parts)} else {rest} end"


def _currency_of(value: Any, options: dict, scope: Scope) -> str:
    text = text_of(value, scope)
    signs = " ".join(f"when contains({text}, '{sign}') then '{code}'" for sign, code in CURRENCY_SIGNS.items())
    return f"case when regexp_matches({text}, '[A-Z]{{3}}') then regexp_extract({text}, '[A-Z]{{3}}') {signs} end"


def _utc(value: Any, options: dict, scope: Scope) -> str:
    text = scope.step(text_of(value, scope))
    moment = f"strftime(make_timestamp(try_cast({text} as bigint) * {{}}), '%Y-%m-%d %H:%M:%S.%f+00:00')"
    matches = f"when regexp_full_match({text}, '[0-9]{{{{{{}}}}}}') then {moment}"
    since = " ".join(matches.format(digits, factor) for digits, factor in SINCE_1970.items())
    return f"case {since} when regexp_full_match({text}, '[0-9-]+[ T][0-9:.]+') then {text} || '+00:00' else {text} end"


def _own_sql(text: Any, options: dict, scope: Scope) -> str:
    return f"cast({scope.named_in(_sql(text))} as varchar)"


def _added(sign: str) -> Callable[[Any, dict, Scope], str]:
    def compiled(values: Any, options: dict, scope: Scope) -> str:
        first, *others = [number_from(each, scope) for each in _several(values, 2)]
        return f"({first}" + "".join(f" {sign} coalesce({each}, 0)" for each in others) + ")"

    return compiled


def _times(values: Any, options: dict, scope: Scope) -> str:
    return "(" + " * ".join(number_from(each, scope) for each in _several(values, 2)) + ")"


def _ratio(values: Any, options: dict, scope: Scope) -> str:
    above, below = (number_from(each, scope) for each in _several(values, 2)[:2])
    return f"({above} / nullif({below}, 0))"


def _least(values: Any, options: dict, scope: Scope) -> str:
    numbers = [number_from(each, scope) for each in _several(values, 2)]
    # a NaN is the greatest of all, and would be lost
    return f"(least({', '.join(numbers)}) + 0 * ({' + '.join(f'coalesce({each}, 0)' for each in numbers)}))"


def _amount(value: Any, options: dict, scope: Scope) -> str:
    return number_from(value, scope)


def _cents(value: Any, options: dict, scope: Scope) -> str:
    return f"({number_from(value, scope)} / 100)"


def _negative(value: Any, options: dict, scope: Scope) -> str:
    return f"(-abs({number_from(value, scope)}))"


def _spread(value: Any, options: dict, scope: Scope) -> str:
    """Share out an amount of an order over its lines, to the cent: running sums are rounded, not the shares."""
    if options.keys() != {"over", "by"}:
        raise MappingError("expected 'over', the columns that name an order, and 'by', what a line weighs.")
    within = _within(options["over"], scope)
    # on one line of the order, or on each
    amount = scope.step(number_from(value, scope))
    total = scope.step(f"first_value({amount} ignore nulls) over ({within} order by {FILE}, {ROW} {WHOLE})")
    number = number_from(options["by"], scope)
    # exact, so that a line begins where the one before ends
    weight = scope.step(f"greatest(coalesce(try_cast({number} as decimal(18, 4)), 0), 0)")
    all_of_it = scope.step(f"sum({weight}) over ({within})")
    until = scope.step(f"sum({weight}) over ({within} order by {FILE}, {ROW} {UNTIL})")
    place = scope.step(f"row_number() over ({within} order by {FILE}, {ROW})")
    count = scope.step(f"count(*) over ({within})")
    # two amounts are of two orders
    is_several = f"min({amount}) over ({within}) <> max({amount}) over ({within})"
    unreadable = scope.step(f"(bool_or(isnan({number})) over ({within}) or {is_several})")

    def part(weight_until: str, place_until: str) -> str:
        # where no line weighs anything, all weigh the same
        share = f"case when {all_of_it} > 0 then {weight_until} / {all_of_it} else {place_until} / {count} end"
        return f"round({total} * ({share}), 2)"

    # 35.1 - 23.4 is 11.700000000000003
    shared = f"round({part(until, place)} - {part(f'({until} - {weight})', f'({place} - 1)')}, 2)"
    return f"(case when {unreadable} then cast('nan' as double) else {shared} end)"


def _total(value: Any, options: dict, scope: Scope) -> str:
    if options.keys() != {"over"}:
        raise MappingError("expected 'over', the columns that name an order.")
    return f"sum({number_from(value, scope)}) over ({_within(options['over'], scope)})"


WHOLE = "rows between unbounded preceding and unbounded following"
UNTIL = "rows between unbounded preceding and current row"

TEXTS: dict[str, Callable[[Any, dict, Scope], str]] = {
    "column": _column,
    "constant": _constant,
    "currency_of": _currency_of,
    "first_of": _first_of,
    "lower": _lower,
    "number_within": _number_within,
    "sql": _own_sql,
    "text": _joined,
    "utc": _utc,
    "when": _when,
}
NUMBERS: dict[str, Callable[[Any, dict, Scope], str]] = {
    "amount": _amount,
    "cents": _cents,
    "least": _least,
    "minus": _added("-"),
    "negative": _negative,
    "plus": _added("+"),
    "ratio": _ratio,
    "spread": _spread,
    "times": _times,
    "total": _total,
}
ALLOWED = {
    "column": {"words", "otherwise"},
    "when": {"otherwise"},
    "text": {"with"},
    "spread": {"over", "by"},
    "total": {"over"},
}

"""Proposes a mapping for files of an unknown layout, from their headings and from what stands below.

Contents decide only whether a heading can mean what it says, how files are joined, and
what a total is the total of. No cell is repeated in the proposal.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from operations.mapping.contract import Column, contract
from operations.mapping.reading import read_yaml
from operations.mapping.tables import clean, reader
from operations.mapping.values import quoted, read_number
from operations.shop_files import ROW, layout_of, relation

SYNONYMS = Path(__file__).parent / "synonyms.yml"
ROWS_READ = 20_000
# Of filled cells: at least this share is of the type.
TYPE_SHARE = 0.9
DATE = (
    r"^\D?(\d{4}[-./年]\d{1,2}[-./月]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{8}"
    r"|\d{1,2} [A-Za-z]{3,9}\.? \d{4})"
)
KINDS = {"decimal": "number", "int": "number", "double": "number", "timestamp": "date", "date": "date"}
# How sure, by the score of a heading.
SURE, LIKELY = "sure", "likely"


@dataclass(frozen=True)
class Profile:
    """What stands below a heading, as shares of the cells that are filled, 0 to 1."""

    filled: int
    distinct: int
    number: float
    date: float
    email: float
    comma: int = 0


@dataclass
class Kind:
    """Files with the same headings, and what is known of their first rows."""

    name: str
    files: list[str]
    relation: str
    rows: int = 0
    columns: dict[str, Profile] = field(default_factory=dict)

    def is_key(self, heading: str) -> bool:
        """Return whether a column tells rows apart."""
        return self.rows > 0 and self.columns[heading].distinct == self.rows


@dataclass(frozen=True)
class Proposed:
    """A value for a column of the contract: how sure, and why."""

    value: Any
    confidence: str
    reason: str


def proposal(folder: str, headings: dict[str, list[str]], encoding: str) -> tuple[dict[str, Any], list[str]]:
    """Return a mapping for files of an unknown layout, and what it lacks.

    Parameters
    ----------
    folder : str
        Of the shop.
    headings : dict of str to list of str
        By file in it.
    encoding : str
        Of var csv_encoding.

    Returns
    -------
    tuple of dict and list of str
        As mapping.yml has it, with `Proposed` in the place of values; sentences.
    """
    kinds = _kinds(folder, headings, encoding)
    with reader().cursor() as connection:
        for kind in kinds:
            _look_at(connection, kind)
        base = max(kinds, key=lambda kind: len(_matches("transactions", kind).keys() & LINE_COLUMNS), default=None)
        if base is None or "order_id" not in (found := _matches("transactions", base)):
            return {}, ["expected a file of order lines, found none with a heading for the order's number."]
        content: dict[str, Any] = {"files": {base.name: {"named": base.files}}, "tables": {}}
        if filled := _filled_once(connection, base, found["order_id"].value):
            content["files"][base.name]["fill_down"] = {"within": [found["order_id"].value], "columns": filled}
        joined = _join(connection, base, found, kinds, content)
        columns = found | joined
        if _has_commas(kinds):
            content["decimal_sign"] = "comma"
        _complete(connection, base, columns, comma="decimal_sign" in content)
    content["tables"]["transactions"] = {"from": base.name, "columns": columns}
    for table in contract():
        if table != "transactions" and (part := _other_table(table, base, kinds, columns, content)):
            content["tables"][table] = part
    told = [
        f"transactions, net_amount: {kind.name}.{each.value} is of whole orders and not used."
        " Where it is less than the lines cost, spread it over them."
        for kind in kinds
        if kind.name in content["files"][base.name].get("join", {})
        and (each := _matches("transactions", kind).get("net_amount"))
    ]
    if len(base.files) > 1 and isinstance(columns["transaction_id"].value, dict):
        per = f"add last_file_per: [{columns['order_id'].value}] to {base.name}"
        told.append(f"transactions, transaction_id: numbered file by file. Where a later export repeats orders, {per}.")
    return content, [*told, *_missing(content)]


def writes_commas(folder: str, headings: dict[str, list[str]], encoding: str) -> bool:
    """Return whether a column of plain numbers has decimal commas; `headings` by file in the folder."""
    with reader().cursor() as connection:
        for kind in _kinds(folder, headings, encoding):
            has_commas = " or ".join(
                f"count(*) filter (regexp_full_match({cell}, '-?[0-9.]*[0-9],[0-9]{{1,2}}')) > 0 and count(*) filter"
                f" (regexp_full_match({cell}, '-?[0-9.,]+')) >= {TYPE_SHARE} * count(nullif({cell}, ''))"
                for cell in (f"cast({quoted(name)} as varchar)" for name in kind.columns)
            )
            if connection.execute(
                f"select {has_commas} from (select * from {kind.relation} limit {ROWS_READ})"
            ).fetchall()[0][0]:
                return True
    return False


def _has_commas(kinds: list[Kind]) -> bool:
    """Return whether a column of numbers has a decimal comma; one of names may, too: Tea 0,5 l."""
    columns = [profile for kind in kinds for profile in kind.columns.values()]
    return any(profile.comma and profile.number >= TYPE_SHARE for profile in columns)


LINE_COLUMNS = {"order_id", "product_id", "product_name", "quantity", "unit_price", "net_amount"}


@cache
def synonyms() -> dict[str, list[str]]:
    """Return the words for each column of the contract, normalised, the surest first."""
    told = read_yaml(SYNONYMS.read_text(encoding="utf-8"))
    return {column: [normalised(column), *map(normalised, words.split(","))] for column, words in told.items()}


def normalised(heading: str) -> str:
    """Return a heading without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", heading.replace("ß", "ss")).lower()
    return re.sub(r"[\W_]+", "", "".join(each for each in plain if not unicodedata.combining(each)))


def _kinds(folder: str, headings: dict[str, list[str]], encoding: str) -> list[Kind]:
    by_headings: dict[tuple[str, ...], list[str]] = {}
    for file, names in headings.items():
        by_headings.setdefault(tuple(names), []).append(file)
    kinds: list[Kind] = []
    for files in by_headings.values():
        name = re.sub(r"\W+", "_", re.sub(r"[\d\W_]+$", "", files[0].split(".")[0])).strip("_") or "files"
        name = name if name not in {kind.name for kind in kinds} else f"{name}_{len(kinds) + 1}"
        paths = [f"{folder}/{file}" for file in files]
        kinds.append(Kind(name, files, relation(paths[:1], layout_of(paths[0], encoding))))
        kinds[-1].columns = {each: Profile(0, 0, 0, 0, 0) for each in headings[files[0]]}
    return kinds


def _look_at(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Count what stands below each heading, in the first rows of the first file."""
    names = list(kind.columns)
    cells = ", ".join(f"{clean(f'cast({quoted(name)} as varchar)')} as {quoted(name)}" for name in names)
    connection.execute(
        f"create or replace temp table {quoted(kind.name)} as"
        f" select {ROW}, {cells} from {kind.relation} limit {ROWS_READ}"
    )
    counts = ["count(*)"]
    for name in names:
        cell = quoted(name)
        counts += [
            f"count({cell})",
            f"count(distinct {cell})",
            f"count(*) filter (not isnan({read_number(cell, False)}) or not isnan({read_number(cell, True)}))",
            f"count(*) filter (regexp_matches({cell}, '{DATE}'))",
            f"count(*) filter (regexp_matches({cell}, '^[^@ ]+@[^@ ]+[.][^@ ]+$'))",
            f"count(*) filter (regexp_matches({cell}, '^[^0-9]*[0-9.]*[0-9],[0-9]{{1,2}}[^0-9]*$'))",
        ]
    kind.rows, *found = connection.execute(f"select {', '.join(counts)} from {quoted(kind.name)}").fetchall()[0]
    for place, name in enumerate(names):
        filled, distinct, number, date, email, comma = found[6 * place :][:6]
        of = max(filled, 1)
        kind.columns[name] = Profile(filled, distinct, number / of, date / of, email / of, comma)


def _matches(table: str, kind: Kind) -> dict[str, Proposed]:
    """Return the columns of a table that files have, by heading, where the contents can be that."""
    scored = []
    for column in contract()[table].values():
        for heading, profile in kind.columns.items():
            score, reason = _score(column, heading, profile)
            if score:
                scored.append((-score, len(scored), column.name, heading, reason))
    found: dict[str, Proposed] = {}
    taken: set[str] = set()
    for score, _, name, heading, reason in sorted(scored):
        if name not in found and heading not in taken:
            taken.add(heading)
            found[name] = Proposed(heading, SURE if -score >= 2 else LIKELY, reason)
    return {name: found[name] for name in contract()[table] if name in found}


def _score(column: Column, heading: str, profile: Profile) -> tuple[float, str]:
    words, name = synonyms().get(column.name, [normalised(column.name)]), normalised(heading)
    wanted = KINDS.get(re.sub(r"\W.*", "", column.data_type))
    fits = profile.filled == 0 or not wanted or getattr(profile, wanted) >= TYPE_SHARE
    if column.name == "email" and profile.filled and profile.email < TYPE_SHARE:
        fits = False
    if not fits:
        return 0, ""
    kind = {"number": "numbers below", "date": "dates below"}.get(wanted or "", "")
    if name in words:
        # of two headings that both mean it, the more usual one
        return 3 - words.index(name) / (2 * len(words)), ", ".join(filter(None, ["the heading says so", kind]))
    longest = max((word for word in words if len(word) >= 4 and word in name), key=len, default="")
    if longest and len(longest) >= 0.5 * len(name):
        return len(longest) / len(name), ", ".join(filter(None, [f"the heading holds '{longest}'", kind]))
    if column.name == "email" and profile.filled and profile.email >= TYPE_SHARE:
        return 1, "addresses below"
    return 0, ""


def _filled_once(connection: duckdb.DuckDBPyConnection, base: Kind, order: str) -> list[str]:
    """Return the columns that are filled on the first line of each order and empty on others."""
    found = []
    for name, profile in base.columns.items():
        if name == order or profile.filled in (0, base.rows):
            continue
        first, later, of_later = connection.execute(
            f"with lines as (select *, row_number() over (partition by {quoted(order)} order by {ROW}) as line"
            f" from {quoted(base.name)})"
            f" select count({quoted(name)}) filter (line = 1) / nullif(count(*) filter (line = 1), 0),"
            f" count({quoted(name)}) filter (line > 1), count(*) filter (line > 1) from lines"
        ).fetchall()[0]
        if of_later and not later and (first or 0) > 0:
            found.append(name)
    return found


def _join(
    connection: duckdb.DuckDBPyConnection,
    base: Kind,
    found: dict[str, Proposed],
    kinds: list[Kind],
    content: dict[str, Any],
) -> dict[str, Proposed]:
    """Join files with one row per order, for what the lines lack; return those columns."""
    order = found["order_id"].value
    for kind in kinds:
        theirs = _matches("transactions", kind)
        key = theirs.get("order_id")
        if kind is base or not key or not kind.is_key(key.value):
            continue
        (known,) = connection.execute(
            f"select count(*) filter ({quoted(order)} in"
            f" (select {quoted(key.value)} from {quoted(kind.name)})) / count(*)"
            f" from {quoted(base.name)}"
        ).fetchall()[0]
        added = {name: each for name, each in theirs.items() if name not in found and name not in NOT_OF_ORDERS}
        if known < TYPE_SHARE / 2 or not added:
            continue
        content["files"][kind.name] = {"named": kind.files}
        content["files"][base.name]["join"] = {kind.name: {order: key.value}}
        return {
            name: Proposed(f"{kind.name}.{each.value}", each.confidence, f"{each.reason}, joined by {order}")
            for name, each in added.items()
        }
    return {}


# What a file of orders may hold, and is not of a line.
NOT_OF_ORDERS = {"transaction_id", "product_id", "quantity", "unit_price", "net_amount", "discount_amount"}


def _complete(connection: duckdb.DuckDBPyConnection, base: Kind, columns: dict[str, Proposed], *, comma: bool) -> None:
    """Make what the lines lack of what they have: ids, amounts; see what a total is of."""
    order = columns["order_id"].value
    if (line := columns.get("transaction_id")) is None or not base.is_key(line.value):
        columns["transaction_id"] = Proposed(
            {"text": [order, {"number_within": order}], "with": "-"}, LIKELY, "no column tells lines apart: numbered"
        )
    if "product_id" not in columns and (name := next(iter(_named(base, "product_name")), None)):
        columns["product_id"] = Proposed(name, LIKELY, "no id of a product: its name")
    if "user_id" not in columns and (email := next(iter(_named(base, "email")), None)):
        columns["user_id"] = Proposed({"lower": email}, LIKELY, "no id of a customer: the e-mail address")
    price, quantity, net = (columns.get(name) for name in ("unit_price", "quantity", "net_amount"))
    if not price or not quantity:
        return
    times = {"times": [price.value, quantity.value]}
    if not net:
        columns["net_amount"] = Proposed(times, LIKELY, "no amount of a line: price times quantity, without reductions")
    elif _is_of_orders(connection, base, order, net.value, price.value, quantity.value, comma=comma):
        columns["net_amount"] = Proposed(
            {"spread": net.value, "over": order, "by": times}, LIKELY, "the total of the order, spread over its lines"
        )


def _is_of_orders(
    connection: duckdb.DuckDBPyConnection, base: Kind, order: str, net: str, price: str, quantity: str, *, comma: bool
) -> bool:
    """Return whether an amount is closer to the sum of an order's lines than to the line."""
    line = f"{read_number(quoted(price), comma)} * {read_number(quoted(quantity), comma)}"
    of_line, of_order = connection.execute(
        f"with lines as (select {quoted(order)} as o, {line} as line, max({read_number(quoted(net), comma)})"
        f" over (partition by {quoted(order)}) as net from {quoted(base.name)}), sums as (select sum(line) as total,"
        " max(line) as line, max(net) as net from lines group by o having count(*) > 1)"
        " select sum(abs(net - line)), sum(abs(net - total)) from sums"
    ).fetchall()[0]
    return of_line is not None and of_order is not None and of_order < of_line


def _named(kind: Kind, column: str) -> list[str]:
    words = synonyms()[column]
    return sorted(
        (name for name in kind.columns if normalised(name) in words), key=lambda each: words.index(normalised(each))
    )


def _other_table(
    table: str, base: Kind, kinds: list[Kind], lines: dict[str, Proposed], content: dict[str, Any]
) -> dict[str, Any] | None:
    """Return a table of another file, or of the lines; None where no file has what it requires."""
    key = {"users": "user_id", "products": "product_id"}.get(table)
    required = {column.name for column in contract()[table].values() if column.is_required}
    for kind in kinds:
        found = _matches(table, kind)
        is_its = kind is not base and required <= found.keys() and len(found) > len(required)
        if is_its and (not key or kind.is_key(found[key].value)):
            content["files"].setdefault(kind.name, {"named": kind.files})
            return {"from": kind.name, "columns": found}
    if not key or key not in lines:
        return None
    found = {name: each for name, each in _matches(table, base).items() if name not in ("updated_at", key)}
    if not found:
        return None
    return {"from": base.name, "last_per": key, "columns": {key: lines[key], **found}}


def _missing(content: dict[str, Any]) -> list[str]:
    """Return what the proposal lacks, a sentence each."""
    lines = content["tables"]["transactions"]["columns"]
    told = [
        f"transactions, {column.name}: required, and no column was found for it. Add a line."
        for column in contract()["transactions"].values()
        if column.is_required and column.name not in lines
    ]
    wanted = {
        "user_id": "all orders are of guests",
        "order_status": "cancelled orders count as sold",
        "currency": "all amounts are in the shop's currency",
        "unit_price": "prices are not known",
    }
    told += [
        f"transactions, {name}: no column was found for it; {so}." for name, so in wanted.items() if name not in lines
    ]
    others = [table for table in contract() if table not in content["tables"]]
    return [*told, f"No files were found for {', '.join(others)}."]

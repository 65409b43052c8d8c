"""Reads mapped tables in full and says, a sentence each, what is wrong with them."""

from __future__ import annotations

import json

import duckdb

from operations.mapping.reading import Mapping, MappingFaultsError, Part, sentence
from operations.mapping.tables import Files, compiled, part_relation, reader, usable
from operations.mapping.values import quoted
from operations.shop_files import FILE


def tried_mapping(folder: str, table: str, encoding: str) -> str:
    """Read a mapped table in full, in a database of its own, where an error is an answer.

    Returns
    -------
    str
        JSON: `rows`; `faults`, sentences that name table and column; `notes`, sentences on what counts for nothing.
    """
    mapping = usable(folder)
    assert mapping, "asked of mapped tables only"
    rows, faults, notes, seen = 0, [], [], set()
    with reader().cursor() as connection:
        for part in mapping.parts(table):
            try:
                columns = compiled(mapping, table, part, encoding)
                faults += _joins_that_repeat(connection, mapping, table, part, encoding, seen)
                query = f"select count(*), count(columns(*)) from {part_relation(mapping, table, part, encoding)}"
                rows += connection.execute(query).fetchall()[0][0]
                notes += _orders_without_lines(connection, mapping, part, encoding) if table == "transactions" else []
            except MappingFaultsError as error:
                faults += error.faults
            except duckdb.Error as error:
                faults += _failing(connection, mapping, table, part, encoding, list(columns)) or [
                    sentence(folder, f"table {table}", f"expected rows, found {_kind(error)}")
                ]
    return json.dumps({"rows": rows, "faults": list(dict.fromkeys(faults)), "notes": list(dict.fromkeys(notes))})


def _orders_without_lines(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, part: Part, encoding: str
) -> list[str]:
    """Return sentences about rows that are joined to no line: orders of which another export has the items."""
    files, notes = Files(mapping, encoding), []
    for name in mapping.sources_below(part.source):
        for other, on in mapping.sources[name].join.items():
            # what is joined by another key, such as a customer, is no order
            if part.columns.get("order_id") not in list(on):
                continue
            ours, theirs = (files.headings(each) for each in (name, other))
            lines = [ours[each.lower()] for each in on]
            keys = [theirs[each.lower()] for each in on.values()]
            own, known = (", ".join(map(quoted, each)) for each in (lines, keys))
            (count,) = connection.execute(
                f"select count(*) from (select {known} from {files.rows(other, keys)}"
                f" except select {own} from {files.rows(name, lines)})"
            ).fetchall()[0]
            if count:
                notes.append(f"{count:,} of {other} have no row of {name} ({', '.join(on)}): they count for nothing.")
    return notes


def _joins_that_repeat(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, table: str, part: Part, encoding: str, seen: set
) -> list[str]:
    """Return sentences about joins whose keys have several rows in one file that differ: so that none is meant.

    Joins that were `seen` with another part are looked at once.
    """
    files, faults = Files(mapping, encoding), []
    for name in mapping.sources_below(part.source):
        for other, on in mapping.sources[name].join.items():
            if (name, other) in seen:
                continue
            seen.add((name, other))
            headings = files.headings(other)
            keys = [quoted(headings[each.lower()]) for each in on.values()]
            own = [
                heading
                for heading in headings.values()
                if not any(heading.startswith(f"{each}.") for each in mapping.sources[other].join)
            ]
            rows = files.rows(other, own)
            values = f"count(distinct hash({', '.join(map(quoted, own))}))"
            known = " and ".join(f"{key} is not null" for key in keys)
            by = ", ".join([FILE, *keys])
            (count,) = connection.execute(
                f"select count(*) from (select 1 from {rows} where {known} group by {by} having {values} > 1)"
            ).fetchall()[0]
            if count:
                where = f"table {table}, files {name}, join {other}"
                told = f"expected one row per {', '.join(on.values())} in a file, found {count} that have several"
                faults.append(sentence(mapping.folder, where, told))
    return faults


def _failing(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, table: str, part: Part, encoding: str, names: list[str]
) -> list[str]:
    """Return sentences about the columns whose values fail; what the rows hold is not repeated."""
    faults = []
    for name in names:
        alone = Part(part.source, {name: part.columns[name]})
        try:
            connection.execute(f"select count(columns(*)) from {part_relation(mapping, table, alone, encoding)}")
            connection.fetchall()
        except duckdb.Error as error:
            place = f"table {table}, column {name}"
            faults.append(
                sentence(mapping.folder, place, f"expected an expression over its files, found {_kind(error)}")
            )
    return faults


def _kind(error: duckdb.Error) -> str:
    """Return what DuckDB says; of what it says while it reads rows, the kind alone."""
    if isinstance(error, (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)):
        return str(error).splitlines()[0][:200]
    return f"one that fails on a row ({type(error).__name__})"

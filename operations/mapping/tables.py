"""Rows of a mapped table, as SQL: for the build, which sees the contract's names, and for whoever checks.

Nothing is written: the files' rows pass through fills, joins and sums within one query.
Each row keeps the file and number that it has there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import duckdb

from operations import shop_files
from operations.encodings import know_encodings
from operations.files import LANDING, sql_text, why_unreadable
from operations.mapping.cells import clean
from operations.mapping.reading import NAME, Mapping, MappingFaultsError, Part, mapping_in, sentence
from operations.mapping.values import MappingError, Scope, condition_of, quoted, text_of
from operations.privacy.encryption import connect
from operations.shop_files import FILE, ROW

KEEP = '"(keep)"'


def mapping_faults(folder: str) -> str:
    """Return what is wrong with the mapping itself, as JSON; nothing where there is none."""
    try:
        mapping_in(folder)
    except MappingFaultsError as error:
        return json.dumps(error.faults)
    return "[]"


def mapping_settings(folder: str) -> str:
    """Return what the mapping settles for all of its files, as JSON: `timestamps`."""
    mapping = usable(folder)
    return json.dumps({"timestamps": mapping.timestamps if mapping else None})


def files_of_table(folder: str, table: str) -> str:
    """List the files of one table, mapped or named as it; see `operations.shop_files`.

    Returns
    -------
    str
        JSON: `files`; `faults`; `is_mapped`.
    """
    mapping = usable(folder)
    if not mapping or not mapping.parts(table):
        return json.dumps({**json.loads(shop_files.files_of_table(folder, table)), "is_mapped": False})
    files, faults = [], []
    for name in _sources(mapping, table):
        found = mapping.files_of_source(name)
        if not found and not mapping.sources[name].is_optional:
            patterns = ", ".join(mapping.sources[name].patterns)
            faults.append(sentence(folder, f"table {table}, files {name}", f"expected a file {patterns}, found none"))
        for file in found:
            if instead := why_unreadable(file):
                faults.append(f"File {file}: expected a file, found {instead}.")
            elif file not in files:
                files.append(file)
    return json.dumps({"files": shop_files.different(files), "faults": faults, "is_mapped": True})


def files_not_read(folder: str, tables: list[str]) -> str:
    """List the files of the shop's folder that no table reads, neither by name nor by mapping."""
    mapping = usable(folder)
    mapped = [table for table in tables if mapping and mapping.parts(table)]
    read = {f"{folder}/{name}" for name in (LANDING, *([NAME] if mapping else []))}
    for table in mapped:
        read.update(file for name in _sources(mapping, table) for file in mapping.files_of_source(name))
    by_name = [table for table in tables if table not in mapped]
    others = json.loads(shop_files.files_not_read(folder, by_name))
    return json.dumps([other for other in others if other not in read])


def groups_of_table(folder: str, table: str, files: list[str], encoding: str) -> str:
    """Put the files of a table together, as `operations.shop_files.grouped_files`.

    Those of a mapped table are one group, whose relation has the contract's columns.
    """
    mapping = usable(folder)
    if not mapping or not mapping.parts(table):
        return shop_files.grouped_files(files, encoding)
    names: Iterable[str] = dict.fromkeys(name for part in mapping.parts(table) for name in part.columns)
    try:
        found: dict[str, Any] = {"fault": None, "relation": relation_of(mapping, table, encoding)}
    except MappingFaultsError as error:
        found = {"fault": error.faults[0], "relation": None}
    kind = {"files": files, "names": list(names), "types": [], "encoding": "", "delimiter": ","}
    return json.dumps([{**kind, **found}])


@cache
def reader() -> duckdb.DuckDBPyConnection:
    """Return a database to look at files in: to load what encrypts takes longer than most of them."""
    return know_encodings(connect(threads=2, memory_limit="1GB"))


def relation_of(mapping: Mapping, table: str, encoding: str) -> str:
    """Return SQL of the rows of a mapped table, each with the file and number that it has.

    Raises
    ------
    MappingFaultsError
        Where a value cannot be had of the files.
    """
    parts = [f"select * from {part_relation(mapping, table, part, encoding)}" for part in mapping.parts(table)]
    return f"({' union all by name '.join(parts)})"


def part_relation(mapping: Mapping, table: str, part: Part, encoding: str, *, places: bool = False) -> str:
    """Return SQL of one part of a table, with the `places_of` joined rows; errors as of `relation_of`."""
    columns, keep, base = _compiled(mapping, table, part, encoding, places=places)
    if places:
        columns |= {name[1:-1]: name for pair in places_of(mapping, part.source) for name in pair}
    selected = ", ".join(f"{sql} as {quoted(name)}" for name, sql in columns.items())
    kept = ", ".join(map(quoted, columns))
    order = " desc" if part.is_last else ""
    only = (
        f" qualify row_number() over (partition by {quoted(part.per)}"
        f" order by {place_of_file(mapping, part.source)} desc, {ROW}{order}) = 1"
        if part.per
        else ""
    )
    return (
        f"(select {FILE}, {ROW}, {kept} from (select {FILE}, {ROW}, {keep} as {KEEP}, {selected} from {base})"
        f" where {KEEP}{only})"
    )


def compiled(mapping: Mapping, table: str, part: Part, encoding: str) -> dict[str, str]:
    """Return SQL of the columns of a part, over its files; errors as of `relation_of`."""
    return _compiled(mapping, table, part, encoding)[0]


def place_of_file(mapping: Mapping, name: str) -> str:
    """Return SQL of the place of a row's file among those of its kind, from 1."""
    return f"coalesce(list_position([{', '.join(map(sql_text, mapping.files_of_source(name)))}], {FILE}), 0)"


def places_of(mapping: Mapping, name: str) -> list[tuple[str, str]]:
    """Return the columns with file and number of somebody's rows that are joined to those of a kind of files."""
    found = []
    for other in mapping.sources[name].join:
        if mapping.sources[other].is_shared:
            continue
        found.append((f'"{other}.(file)"', f'"{other}.(row)"'))
        found += [(f'"{other}.{file[1:]}', f'"{other}.{row[1:]}') for file, row in places_of(mapping, other)]
    return found


def _compiled(
    mapping: Mapping, table: str, part: Part, encoding: str, *, places: bool = False
) -> tuple[dict[str, str], str, str]:
    """Return SQL of the columns of a part, of which rows count, and of its files' rows."""
    files = Files(mapping, encoding)
    scope = Scope(files.headings(part.source), mapping.comma, () if mapping.sources[part.source].key else (FILE,))
    faults, columns, keep = [], {}, "true"
    for name, value in part.columns.items():
        try:
            columns[name] = text_of(value, scope)
        except MappingError as error:
            faults.append(sentence(mapping.folder, f"table {table}, column {name}", str(error)))
    try:
        keep = "true" if part.where is None else condition_of(part.where, scope)
    except MappingError as error:
        faults.append(sentence(mapping.folder, f"table {table}, where", str(error)))
    if faults:
        raise MappingFaultsError(faults)
    try:
        return columns, keep, scope.with_steps(files.rows(part.source, scope.named, places=places))
    except MappingError as error:
        raise MappingFaultsError([sentence(mapping.folder, f"table {table}", str(error))]) from None


class Files:
    """SQL of the rows of the files, under their own headings.

    Parameters
    ----------
    mapping : Mapping
        Of the shop.
    encoding : str
        Of var csv_encoding.
    """

    def __init__(self, mapping: Mapping, encoding: str) -> None:
        self.mapping, self.encoding = mapping, encoding

    def groups(self, name: str) -> list[dict[str, Any]]:
        """Return the layouts of files of one kind."""
        files = [file for file in self.mapping.files_of_source(name) if not why_unreadable(file)]
        groups = json.loads(shop_files.grouped_files(shop_files.different(files), self.encoding))
        return [group for group in groups if not group["fault"]]

    def headings(self, name: str) -> dict[str, str]:
        """Return the headings of files of one kind and of those joined to them, by their lower case."""
        source = self.mapping.sources[name]
        own = [heading for group in self.groups(name) for heading in group["names"]] + source.may_lack
        found: dict[str, str] = {}
        for heading in own:
            found.setdefault(heading.lower(), heading)
        for other in source.join:
            for lowered, heading in self.headings(other).items():
                found[f"{other}.{lowered}".lower()] = f"{other}.{heading}"
        return found

    def rows(self, name: str, needed: Iterable[str], *, places: bool = False) -> str:
        """Return SQL of the rows: those columns that are needed, as text.

        `places` adds file and number of joined rows, as `places_of` calls them.
        """
        source, headings = self.mapping.sources[name], self.headings(name)
        filled = [self._found(each, headings, f"files {name}, fill_down") for each in source.fill_columns]
        within = [self._found(each, headings, f"files {name}, fill_down") for each in source.fill_within]
        keys = [self._found(own, headings, f"files {name}, join") for on in source.join.values() for own in on]
        per = [self._found(each, headings, f"files {name}, last_file_per") for each in source.last_file_per]
        keyed = [self._found(each, headings, f"files {name}, key") for each in source.key]
        wanted = dict.fromkeys([*sorted(needed), *within, *per, *keys, *keyed])
        own = [each for each in wanted if not any(each.startswith(f"{other}.") for other in source.join)]
        sql = self._own_rows(name, own)
        if filling := [each for each in filled if each in own]:
            by = ", ".join([FILE, *map(quoted, within)])
            over = f"over (partition by {by} order by {ROW} rows between"

            def shared(cell: str) -> str:
                above = f"last_value({cell} ignore nulls) {over} unbounded preceding and current row)"
                # lines of an order that were sorted anew may stand above what they share
                below = f"first_value({cell} ignore nulls) {over} current row and unbounded following)"
                return f"coalesce({above}, {below}) as {cell}" if within else f"{above} as {cell}"

            replaced = [shared(quoted(each)) for each in filling]
            sql = f"(select * replace ({', '.join(replaced)}) from {sql})"
        # of a user, former deliveries count as well
        place = place_of_file(self.mapping, name)
        if per and not places:
            by = ", ".join(map(quoted, per))
            sql = f"(select * from {sql} qualify {place} = max({place}) over (partition by {by}))"
        if keyed and not places:
            last = f"row_number() over (partition by {', '.join(map(quoted, keyed))} order by {place} desc, {ROW} desc)"
            sql = f"(select * from {sql} qualify {last} = 1 or {quoted(keyed[0])} is null)"
        for other, on in source.join.items():
            sql = self._joined(sql, name, other, on, [each for each in wanted if each.startswith(f"{other}.")], places)
        return sql

    def _own_rows(self, name: str, wanted: list[str]) -> str:
        selects, there = [], set()
        may_lack = {heading.lower() for heading in self.mapping.sources[name].may_lack}
        for group in self.groups(name):
            has = {heading.lower() for heading in group["names"]}
            there |= has
            if lacked := [each for each in wanted if each.lower() not in has | may_lack]:
                file = group["files"][0].removeprefix(f"{self.mapping.folder}/")
                raise MappingError(f"files {name}: expected the column '{lacked[0]}', which {file} lacks")
            taken = [f"cast({quoted(each)} as varchar) as {quoted(each)}" for each in wanted if each.lower() in has]
            selects.append(f"select {', '.join([FILE, ROW, *taken])} from {group['relation']}")
        none = f"select cast(null as varchar) as {FILE}, cast(null as bigint) as {ROW} where false"
        cells = [
            f"{clean(quoted(each)) if each.lower() in there else 'cast(null as varchar)'} as {quoted(each)}"
            for each in wanted
        ]
        return f"(select {', '.join([FILE, ROW, *cells])} from ({' union all by name '.join(selects) or none}))"

    def _joined(self, sql: str, name: str, other: str, on: dict[str, str], wanted: list[str], places: bool) -> str:
        """Return SQL of rows, each with the last of the other files' rows that has its keys."""
        headings, others = self.headings(name), self.headings(other)
        places = places and not self.mapping.sources[other].is_shared
        theirs = [self._found(each, others, f"files {name}, join {other}") for each in on.values()]
        own = [self._found(each, headings, f"files {name}, join {other}") for each in on]
        needed = [each.removeprefix(f"{other}.") for each in wanted]
        below = [column[1:-1] for pair in places_of(self.mapping, other) for column in pair]
        taken = ["(file)", "(row)", *below] if places else []
        selected = [f"there.{quoted(each)} as {quoted(f'{other}.{each}')}" for each in [*needed, *taken]]
        rows = self.rows(other, [*needed, *theirs], places=places)
        by = ", ".join(map(quoted, theirs))
        order = f"{place_of_file(self.mapping, other)} desc, {ROW} desc"
        last = "" if places else f" qualify row_number() over (partition by {by} order by {order}) = 1"
        equal = " and ".join(
            f"here.{quoted(ours)} = there.{quoted(their)}" for ours, their in zip(own, theirs, strict=True)
        )
        joined = f"left join (select * from {rows}{last}) as there on {equal}"
        return f"(select {', '.join(['here.*', *selected])} from {sql} as here {joined})"

    @staticmethod
    def _found(name: str, headings: dict[str, str], place: str) -> str:
        if name.lower() not in headings:
            raise MappingError(f"{place}: expected a column of its files, found '{name}', which they lack")
        return headings[name.lower()]


def usable(folder: str) -> Mapping | None:
    """Return the mapping; None where it has faults, which `mapping_faults` tells."""
    try:
        return mapping_in(folder)
    except MappingFaultsError:
        return None


def _sources(mapping: Mapping, table: str) -> list[str]:
    return list(dict.fromkeys(name for part in mapping.parts(table) for name in mapping.sources_below(part.source)))

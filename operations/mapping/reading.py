"""Reads mapping.yml of a shop's folder and says what is wrong with it, a sentence each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import available_timezones

import yaml

from operations.mapping.contract import contract
from operations.mapping.values import MappingError, shown
from operations.shop_files import ENDINGS

NAME = "mapping.yml"
KEYS = {"layout", "timestamps", "decimal_sign", "files", "tables"}
KEYS_OF_FILES = {"named", "key", "join", "fill_down", "last_file_per", "may_lack", "optional", "shared"}
KEYS_OF_TABLE = {"from", "where", "first_per", "last_per", "columns"}


class MappingFaultsError(Exception):
    """Sentences about a mapping that cannot be used."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Source:
    """Files of one kind.

    Parameters
    ----------
    name : str
        What the mapping calls them.
    patterns : list of str
        Names of the files in the shop's folder, or patterns.
    join : dict of str to dict of str to str
        By other kind of files: its columns by those of these files that they equal.
    fill_within, fill_columns : list of str
        Columns whose empty cells take the value above, and those within which they do.
    last_file_per : list of str
        Columns whose values count with the rows of the last file alone that has them.
    may_lack : list of str
        Columns that are empty where no file has them.
    is_optional : bool
        Whether there may be no such file.
    is_shared : bool
        Whether its rows are nobody's, such as those of articles.
    key : list of str
        What names a row, where the files are parts of one table: of rows that come again the last counts.
    """

    name: str
    patterns: list[str]
    join: dict[str, dict[str, str]] = field(default_factory=dict)
    fill_within: list[str] = field(default_factory=list)
    fill_columns: list[str] = field(default_factory=list)
    last_file_per: list[str] = field(default_factory=list)
    may_lack: list[str] = field(default_factory=list)
    is_optional: bool = False
    is_shared: bool = False
    key: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Rows of a table of the contract that come from one kind of files.

    Parameters
    ----------
    source : str
        The kind of files.
    columns : dict of str to object
        By column of the contract: its value.
    where : object or None
        Which rows count.
    per : str or None
        Column of the contract that has one row per value: of the last file that has one.
    is_last : bool
        Whether that is the last row of the file, not the first.
    """

    source: str
    columns: dict[str, Any]
    where: Any = None
    per: str | None = None
    is_last: bool = False


@dataclass(frozen=True)
class Mapping:
    """How a folder of files becomes the contract's tables.

    Parameters
    ----------
    folder : str
        Of the shop.
    sources : dict of str to Source
        The kinds of files, by name.
    tables : dict of str to list of Part
        By table of the contract.
    layout : str
        The ready layout that it was made from; empty where none.
    timestamps : str or None
        What times without an offset mean: utc, local, or the name of a zone.
    comma : bool
        Whether the decimal sign of amounts is a comma.
    """

    folder: str
    sources: dict[str, Source]
    tables: dict[str, list[Part]]
    layout: str = ""
    timestamps: str | None = None
    comma: bool = False

    @property
    def file(self) -> str:
        """Return its path."""
        return f"{self.folder}/{NAME}"

    def files_of_source(self, name: str) -> list[str]:
        """Return the files of one kind, the last by name last."""
        return [
            f"{self.folder}/{file}"
            for file in files_in(self.folder)
            if any(file == pattern or fnmatchcase(file, pattern) for pattern in self.sources[name].patterns)
        ]

    def sources_below(self, name: str) -> list[str]:
        """Return a kind of files and all that are joined to it."""
        return list(
            dict.fromkeys([name, *(each for other in self.sources[name].join for each in self.sources_below(other))])
        )

    def parts(self, table: str) -> list[Part]:
        """Return the parts of a table whose files are there, or must be."""
        return [
            part
            for part in self.tables.get(table, [])
            if self.files_of_source(part.source) or not self.sources[part.source].is_optional
        ]


def files_in(folder: str) -> list[str]:
    """Return the files of a folder and the folders in it that can be read, by their path in it.

    Numbers in a path count as such, and ``a (1).csv``, which a browser writes beside ``a.csv``, comes after it.
    """
    root = Path(folder)
    places = [*root.glob("*"), *root.glob("*/*")]
    names = [place.relative_to(root).as_posix() for place in places if place.name.endswith(ENDINGS)]
    return sorted((name for name in names if not any(part[0] in ".~" for part in name.split("/"))), key=_place)


def _place(name: str) -> tuple[list[str | int], str]:
    bare = next(name.removesuffix(ending) for ending in sorted(ENDINGS, key=len, reverse=True) if name.endswith(ending))
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", bare)], name


def mapping_in(folder: str) -> Mapping | None:
    """Return the mapping of a shop's folder, None where it has none.

    Raises
    ------
    MappingFaultsError
        Where it cannot be used.
    """
    file = Path(folder) / NAME
    try:
        state = file.stat()
    except OSError:
        return None
    return _mapping(folder, (state.st_size, state.st_mtime_ns, state.st_ino))


@cache
def _mapping(folder: str, state: tuple) -> Mapping:
    try:
        text = (Path(folder) / NAME).read_text(encoding="utf-8-sig")
        content = read_yaml(text)
    except (OSError, UnicodeError) as error:
        raise MappingFaultsError([f"File {folder}/{NAME}: expected text in UTF-8 ({error})."]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise MappingFaultsError(
            [f"File {folder}/{NAME}{where}: expected YAML, found an error: {error.problem}."]
        ) from None
    except yaml.YAMLError:
        raise MappingFaultsError([f"File {folder}/{NAME}: expected YAML, found characters that it has not."]) from None
    return mapping_of(folder, content)


def read_yaml(text: str) -> Any:
    """Return what YAML says, each scalar as it is written: no, 007 and 2026-03-01 are words."""
    return yaml.load(text, _Loader)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which scalars are text, and no key stands twice: the first would be lost in silence."""

    yaml_implicit_resolvers: ClassVar = {
        first: [each for each in resolvers if each[0] in ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:null")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return a mapping; a key that comes again is an error."""
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' stands twice", key_node.start_mark)
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep)


def mapping_of(folder: str, content: Any) -> Mapping:
    """Return the mapping that YAML says; errors as of `mapping_in`."""
    check = _Check(folder)
    if not isinstance(content, dict):
        raise MappingFaultsError([f"File {folder}/{NAME}: expected 'files' and 'tables', found {shown(content)}."])
    check.keys("", content, KEYS)
    sources = {
        str(name): source
        for name, told in check.mapping("", content, "files").items()
        if (source := check.source(str(name), told))
    }
    for source in sources.values():
        check.joins(source, sources)
    tables = {}
    for name, told in check.mapping("", content, "tables").items():
        if name not in contract():
            check.add("", f"expected tables of the contract ({', '.join(contract())}), found '{name}'")
            continue
        parts = told if isinstance(told, list) else [told]
        tables[name] = [part for each in parts if (part := check.part(name, each, sources))]
    timestamps = content.get("timestamps")
    if timestamps not in (None, "utc", "local") and timestamps not in available_timezones():
        check.add("", f"timestamps: expected utc, local or a zone such as Asia/Shanghai, found {shown(timestamps)}")
    sign = content.get("decimal_sign", "point")
    if sign not in ("point", "comma"):
        check.add("", f"decimal_sign: expected point or comma, found {shown(sign)}")
    if check.faults:
        raise MappingFaultsError(check.faults)
    return Mapping(folder, sources, tables, str(content.get("layout", "")), timestamps, sign == "comma")


class _Check:
    """Collects what is wrong, each with its place."""

    def __init__(self, folder: str) -> None:
        self.folder, self.faults = folder, []

    def add(self, place: str, fault: str) -> None:
        self.faults.append(sentence(self.folder, place, fault))

    def keys(self, place: str, told: dict, known: set[str]) -> None:
        for key in told:
            if key not in known:
                self.add(place, f"expected {', '.join(sorted(known))}, found {shown(key)}")

    def mapping(self, place: str, told: dict, key: str) -> dict:
        found = told.get(key)
        if isinstance(found, dict) and found:
            return found
        self.add(place, f"{key}: expected names, each with what it is, found {shown(found)}")
        return {}

    def source(self, name: str, told: Any) -> Source | None:
        place = f"files {name}"
        told = {"named": told} if isinstance(told, (str, list)) else told
        if not isinstance(told, dict) or not told.get("named"):
            self.add(place, f"expected 'named' with the name of a file, found {shown(told)}")
            return None
        self.keys(place, told, KEYS_OF_FILES)
        fill, join = told.get("fill_down") or {}, told.get("join") or {}
        fill = {"columns": fill} if isinstance(fill, list) else fill
        if not isinstance(fill, dict) or fill.keys() - {"within", "columns"}:
            self.add(place, f"fill_down: expected columns, and within which they are, found {shown(fill)}")
            fill = {}
        if not isinstance(join, dict) or not all(isinstance(on, dict) and on for on in join.values()):
            self.add(place, f"join: expected other files with equal columns, found {shown(join)}")
            join = {}
        return Source(
            name,
            _texts(told["named"]),
            {str(other): {str(own): str(theirs) for own, theirs in on.items()} for other, on in join.items()},
            _texts(fill.get("within")),
            _texts(fill.get("columns")),
            _texts(told.get("last_file_per")),
            _texts(told.get("may_lack")),
            told.get("optional") == "true",
            told.get("shared") == "true",
            _texts(told.get("key")),
        )

    def joins(self, source: Source, sources: dict[str, Source]) -> None:
        for other in source.join:
            if other not in sources:
                self.add(f"files {source.name}", f"join: expected one of {', '.join(sources)}, found '{other}'")
        waiting, seen = [*source.join], set()
        while waiting:
            name = waiting.pop()
            if name == source.name:
                self.add(f"files {source.name}", "join: expected no circle")
                # nothing below may be walked
                source.join.clear()
                return
            if name in sources and name not in seen:
                seen.add(name)
                waiting += sources[name].join

    def part(self, table: str, told: Any, sources: dict[str, Source]) -> Part | None:
        place = f"table {table}"
        if not isinstance(told, dict):
            self.add(place, f"expected 'from' and 'columns', found {shown(told)}")
            return None
        self.keys(place, told, KEYS_OF_TABLE)
        source, columns, known = str(told.get("from")), told.get("columns"), contract()[table]
        if source not in sources:
            self.add(place, f"from: expected one of {', '.join(sources) or 'the files'}, found '{source}'")
        if not isinstance(columns, dict) or not columns:
            self.add(place, f"expected 'columns', each with its value, found {shown(columns)}")
            return None
        for name in columns:
            if name not in known:
                self.add(f"{place}, column {name}", f"expected a column of the contract ({', '.join(known)})")
        for column in known.values():
            if column.is_required and column.name not in columns:
                self.add(f"{place}, column {column.name}", "expected a value, as the contract requires it, found none")
        first, last = told.get("first_per"), told.get("last_per")
        if (first and last) or ((per := first or last) and per not in columns):
            self.add(place, f"expected first_per or last_per with one of its columns, found {shown(first or last)}")
        if source not in sources:
            return None
        return Part(source, columns, told.get("where"), first or last, bool(last))


def sentence(folder: str, place: str, fault: str) -> str:
    """Return a sentence about a place of the mapping."""
    return f"File {folder}/{NAME}{', ' if place else ''}{place}: {fault.rstrip('.')}."


def _texts(told: Any) -> list[str]:
    return [str(each) for each in (told if isinstance(told, list) else [] if told is None else [told])]


__all__ = ["Mapping", "MappingError", "MappingFaultsError", "Part", "Source", "mapping_in", "mapping_of", "sentence"]

"""Ready layouts: mappings of common exports, found by the headings of a folder's files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from operations.files import why_unreadable
from operations.mapping.reading import files_in, read_yaml
from operations.shop_files import layout_of

LAYOUTS = Path(__file__).parent / "layouts"
# Said by layouts that go beside another: they have no orders, or not the shop's own.
BESIDE = "beside_others"


@dataclass(frozen=True)
class Recognised:
    """A layout that a folder's files have.

    Parameters
    ----------
    name : str
        Of the layout.
    files : dict of str to list of str
        By kind of files: those that have its headings.
    headings : set of str
        Of all of them, in lower case.
    """

    name: str
    files: dict[str, list[str]]
    headings: set[str]


@cache
def layouts() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, by name of a layout, its text and what that says."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted(LAYOUTS.glob("*.yml"))}
    return {name: (text, read_yaml(text)) for name, text in texts.items()}


def headings_of(folder: str, encoding: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the headings of a folder's files, by path in it, and why others have none, a sentence each."""
    found: dict[str, list[str]] = {}
    faults = []
    for name in files_in(folder):
        file = f"{folder}/{name}"
        if instead := why_unreadable(file):
            faults.append(f"File {file}: expected a file, found {instead}.")
        elif fault := (layout := layout_of(file, encoding)).fault:
            faults.append(f"File {file}: {fault}")
        elif len({each.lower() for each in layout.names}) < len(layout.names):
            faults.append(f"File {file}, first line: expected a name of its own for each column, found one twice.")
        else:
            found[name] = list(layout.names)
    return found, faults


def recognised(headings: dict[str, list[str]]) -> list[Recognised]:
    """Return the layouts that files have, that with most headings first; none where they have none."""
    found = []
    lowered = {file: {name.lower() for name in names} for file, names in headings.items()}
    for name, (_, told) in layouts().items():
        files: dict[str, list[str]] = {}
        for source, about in told["files"].items():
            known_by = {each.lower() for each in about["known_by"]}
            files[source] = [file for file, names in lowered.items() if known_by <= names]
        if not all(files[source] for source, about in told["files"].items() if not about.get("optional")):
            continue
        matched = sum(len(about["known_by"]) for source, about in told["files"].items() if files[source])
        every = {heading for those in files.values() for file in those for heading in lowered[file]}
        found.append((matched, Recognised(name, {source: those for source, those in files.items() if those}, every)))
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def together(found: list[Recognised]) -> list[Recognised]:
    """Return those of the layouts that make one mapping: one that has orders, then all that go beside others."""
    beside = [each for each in found if BESIDE in layouts()[each.name][1]]
    return [each for each in found if each not in beside][:1] + beside


def written(found: list[Recognised], named: set[str], *, comma: bool = False) -> str:
    """Return one mapping of layouts, for the files that have them.

    A table is of the first layout that has it. Layouts that go beside others leave out those that files of the
    contract's own names have.

    Parameters
    ----------
    found : list of Recognised
        As of `together`.
    named : set of str
        Tables that the folder has under their own names.
    comma : bool
        Whether their decimal sign is a comma.
    """
    head, files, tables, taken = "", "", "", set()
    for each in found:
        told = layouts()[each.name][1]
        above, sources, rows = re.split(r"^(?:files|tables):\n", _written(each, comma=comma), flags=re.MULTILINE)
        for table in told["tables"]:
            if table in taken or (BESIDE in told and table in named):
                rows = re.sub(
                    rf"^  {table}:\n(    .*\n)*", f"  # {table}: others have them\n", rows, flags=re.MULTILINE
                )
        beside = f"  # beside: {each.name}\n" if head else ""
        head, files, tables = head or above, files + beside + sources, tables + beside + rows
        taken |= told["tables"].keys()
    return f"{head}files:\n{files}tables:\n{tables}"


def _written(found: Recognised, *, comma: bool) -> str:
    """Return the mapping of one layout, for the files that have it."""
    text, told = layouts()[found.name]
    if comma:
        text = text.replace("\nfiles:\n", "\ndecimal_sign: comma\nfiles:\n")
    # how the layout is known is of no use once it is
    text = re.sub(rf"^    known_by: .*\n|^{BESIDE}: .*\n", "", text, flags=re.MULTILINE)
    for source, files in found.files.items():
        named = told["files"][source]["named"]
        patterns = named if isinstance(named, list) else [named]
        if not all(any(file == pattern or fnmatchcase(file, pattern) for pattern in patterns) for file in files):
            line = (
                f"    named: {yaml.safe_dump(files, default_flow_style=True, allow_unicode=True, width=10_000).strip()}"
            )
            text = re.sub(rf"(^  {source}:\n)    named: .*$", lambda at: at[1] + line, text, flags=re.MULTILINE)  # noqa: B023
    return text


def lacking(found: Recognised) -> list[str]:
    """Return the columns of a layout that none of the files has."""
    _, told = layouts()[found.name]
    listed = [name for source in found.files for name in told["files"][source].get("may_lack", [])]
    return [name for name in dict.fromkeys(listed) if name.lower() not in found.headings]

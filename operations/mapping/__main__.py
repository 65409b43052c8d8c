"""Looks at a shop's folder and writes its mapping.yml: a ready layout, or a proposal."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from operations.mapping.contract import contract
from operations.mapping.layouts import headings_of, lacking, layouts, recognised, together, written
from operations.mapping.proposal import Proposed, proposal, writes_commas
from operations.mapping.reading import NAME, MappingFaultsError, files_in, mapping_in
from operations.mapping.trials import tried_mapping
from operations.places import PROJECT, PROJECT_FOLDER, SHOP
from operations.shop_files import files_of_table

STAMP = "# as written by make map: "


def propose(folder: str, encoding: str) -> str:
    """Return the mapping for the files of a folder: the text of mapping.yml.

    Raises
    ------
    SystemExit
        Where no file can be read, or none has order lines.
    """
    headings, faults = headings_of(folder, encoding)
    if not headings:
        none = f"Folder {folder}: expected files that can be read as CSV, Excel or Parquet, found none."
        raise SystemExit("\n".join([none, *faults]))
    if found := together(recognised(headings)):
        read = {file for each in found for those in each.files.values() for file in those}
        ours = {f"{folder}/{name}" for name in read}
        named = {table for table in contract() if set(json.loads(files_of_table(folder, table))["files"]) - ours}
        comma = writes_commas(folder, {file: headings[file] for file in sorted(read)}, encoding)
        names = ", ".join(each.name for each in found)
        lines = [
            f"# Layout {names}, sure: known by the headings of {', '.join(sorted(read))}.",
            written(found, named, comma=comma).rstrip(),
            "",
        ]
        missing = [f"no column {name}" for each in found for name in lacking(each)]
        if (
            not any("transactions" in layouts()[each.name][1]["tables"] for each in found)
            and "transactions" not in named
        ):
            missing.insert(0, "no file of orders, which a build needs")
    else:
        content, missing = proposal(folder, headings, encoding)
        if not content:
            raise SystemExit(f"Folder {folder}: {missing[0]} Write {NAME} by hand: docs/mapping.md says how.")
        lines = ["# A proposal, from headings and contents: read each line.", *_lines(content)]
        read = {file for each in content.get("files", {}).values() for file in each["named"]}
    lines += ["# Missing:", *(f"# - {each}" for each in missing or ["nothing"])]
    if others := [file for file in files_in(folder) if file not in read]:
        lines.append(f"# Not read: {', '.join(others)}")
    text = "\n".join(["# docs/mapping.md describes this file.", *lines, ""])
    return f"{text}{STAMP}{_digest(text)}\n"


def _lines(content: dict[str, Any]) -> list[str]:
    """Write a proposal as YAML, a comment per column."""
    lines = [f"decimal_sign: {content['decimal_sign']}"] if "decimal_sign" in content else []
    lines.append("files:")
    for name, about in content["files"].items():
        lines += [f"  {name}:", *(f"    {word}: {_flow(told)}" for word, told in about.items())]
    lines.append("tables:")
    for table, part in content["tables"].items():
        lines += [
            f"  {table}:",
            *(f"    {word}: {_flow(part[word])}" for word in part if word != "columns"),
            "    columns:",
        ]
        columns: dict[str, Proposed] = part["columns"]
        for name, each in columns.items():
            lines.append(f"      {name}: {_flow(each.value)}  # {each.confidence}: {each.reason}")
    return lines


def _flow(value: Any) -> str:
    """Write a value on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=100_000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_edited(text: str) -> bool:
    """Return whether a mapping is no longer as it was proposed."""
    before, stamp, digest = text.rpartition(STAMP)
    return not stamp or _digest(before) != digest.strip()


def main(folder: str, encoding: str, *, is_forced: bool) -> None:
    """Write mapping.yml and say what it makes of the files.

    Raises
    ------
    SystemExit
        Where somebody edited the file, or nothing can be proposed.
    """
    file = Path(folder) / NAME
    text = propose(folder, encoding)
    if file.exists() and is_edited(former := file.read_text(encoding="utf-8-sig")):
        if not is_forced:
            raise SystemExit(f"{file} was edited, so nothing was changed. FORCE=1 writes it anew and keeps it beside.")
        kept = file.with_name(f"{NAME}.before")
        kept.write_text(former, encoding="utf-8")
        sys.stdout.write(f"{kept} keeps what was there.\n")
    file.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{file} is written. {text.splitlines()[1].lstrip('# ')}\n")
    try:
        mapping = mapping_in(folder)
    except MappingFaultsError as error:
        raise SystemExit("\n".join(error.faults)) from None
    for table in mapping.tables if mapping else []:
        tried = json.loads(tried_mapping(folder, table, encoding))
        sys.stdout.write(
            f"  {table}: {tried['rows']:,} rows\n" + "".join(f"  {each}\n" for each in tried["faults"] + tried["notes"])
        )
    missing = re.findall(r"^# - (.*)$", text, re.MULTILINE)
    sys.stdout.write("Missing: " + "; ".join(missing).rstrip(".") + ".\nNext: make check-data\n")


if __name__ == "__main__":
    shop = PROJECT["vars"]["shops"].get(SHOP, {})
    if shop.get("staging") != "shop_files":
        raise SystemExit(f"Shop {SHOP}: its files are read by models of its own, which no mapping concerns.")
    place = os.environ.get("SHOP_DIR") or shop["folder"]
    if not Path(PROJECT_FOLDER, place).is_dir():
        raise SystemExit(f"Shop {SHOP}: expected a folder of files, found none. Name it: make map SHOP_DIR=folder")
    setting = PROJECT["vars"]["csv_encoding"]
    main(
        place.rstrip("/"),
        setting if isinstance(setting, str) else json.dumps(setting),
        is_forced=bool(os.environ.get("FORCE")),
    )

"""What tables and columns a shop may deliver: read from the sources that the build declares."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import yaml

from operations.places import PROJECT_FOLDER

SOURCES = PROJECT_FOLDER / "models" / "staging" / "shop_files" / "_shop_files__sources.yml"


class Column(NamedTuple):
    """A column of the contract: its name and type, and whether a file must have it."""

    name: str
    data_type: str
    is_required: bool


@cache
def contract() -> dict[str, dict[str, Column]]:
    """Return the contract's tables, each with its columns by name."""
    (source,) = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]
    return {
        table["name"]: {
            column["name"]: Column(
                column["name"],
                column["data_type"],
                bool(column.get("config", {}).get("meta", {}).get("required", False)),
            )
            for column in table["columns"]
        }
        for table in source["tables"]
    }

"""Files read without dbt: what reading knows of ids of users, and mapped folders."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb
import jinja2
from support.cache import PROJECT_FOLDER

from operations.encodings import know_encodings
from operations.mapping.__main__ import main
from operations.mapping.reading import mapping_in
from operations.mapping.tables import mapping_faults, relation_of
from operations.mapping.trials import tried_mapping
from operations.personal_data.user_files import Reading

EXPORTS = PROJECT_FOLDER / "tests" / "exports"
LAYOUTS = sorted(folder.name for folder in EXPORTS.iterdir())


def reading(encoding: str = "utf-8", *, has_decimals: bool = False) -> Reading:
    """Return the encoding, and the SQL of the macro that reads ids of users."""
    text = (PROJECT_FOLDER / "macros" / "reading" / "read_values.sql").read_text()
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).module
    return Reading(encoding, macros.read_user_id("{column}", has_decimals))


def proposed(folder: Path, layout: str = "") -> Path:
    """Return a folder with a copy of a layout's sample, or of its own files, and what `make map` writes for it."""
    if layout:
        shutil.copytree(EXPORTS / layout, folder, dirs_exist_ok=True)
        (folder / "mapping.yml").write_text(_mapping(layout), encoding="utf-8")
        return folder
    main(str(folder), "auto", is_forced=False)
    return folder


@cache
def _mapping(layout: str) -> str:
    """Return what `make map` writes for a sample, wherever it lies."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXPORTS / layout, folder, dirs_exist_ok=True)
        main(folder, "auto", is_forced=False)
        return (Path(folder) / "mapping.yml").read_text(encoding="utf-8")


def mapped_rows(folder: Path, table: str, columns: str = "*") -> list[tuple]:
    """Return the rows of a mapped table sorted, as the build gets them."""
    mapping = mapping_in(str(folder))
    assert mapping
    with know_encodings(duckdb.connect()) as connection:
        rows = relation_of(mapping, table, "auto")
        return connection.execute(f"select {columns} from {rows} order by all").fetchall()


def faults_of(folder: Path, mapping: str, table: str = "transactions") -> list[str]:
    """Return what is wrong with a folder under a mapping, the folder's name left out."""
    (folder / "mapping.yml").write_text(mapping, encoding="utf-8")
    faults = json.loads(mapping_faults(str(folder))) or json.loads(tried_mapping(str(folder), table, "auto"))["faults"]
    return [fault.replace(f"{folder}/", "") for fault in faults]

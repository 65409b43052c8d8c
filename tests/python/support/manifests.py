"""Parses the project once for all runs of dbt that see it alike.

Parsing takes ten times as long as a short run. What dbt parses depends on the project's
files, on the shop, on some of `--vars` and on the database's name; neither on where the
database lies nor on where the raw tables do, which is filled in later.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from support.cache import CACHE_FOLDER, PARSED, PROJECT_FOLDER, content_hash, locked, short_hash
from support.variables import VARS

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

RAW_FOLDER = "/raw folder of the run"


def parsed(
    variables: tuple[str, ...], source: str, database: str, parse: Callable[[Path, list[str], dict[str, str]], None]
) -> Path | None:
    """Return the file of a manifest, or None where dbt cannot parse.

    Parameters
    ----------
    variables : tuple of str
        `--vars`, as far as it matters.
    source : str
        The shop.
    database : str
        What SQL calls the database.
    parse : callable
        Runs dbt in a process of its own: given a file, what to run and its environment,
        writes the manifest it ends with into the file.
    """
    # one folder for each: of what has changed in it since, dbt parses nothing else
    folder = CACHE_FOLDER / "parsed" / short_hash(variables, source, database)
    manifest = folder / f"{content_hash(PARSED)[:16]}.pickle"
    with locked(folder / "lock"):
        if not manifest.exists():
            for old in folder.glob("*.pickle"):
                old.unlink()
            places = [f"--target-path={folder / 'target'}", f"--log-path={folder}/logs"]
            environment = {
                "COMPLETE_JOURNEY_DIR": RAW_FOLDER,
                "SOURCE": source,
                "WAREHOUSE": str(folder / f"{database}.duckdb"),
            }
            parse(manifest, ["parse", *variables, *places], environment)
    return manifest if manifest.exists() else None


def write_manifest(file: Path, manifest: Manifest) -> None:
    """Keep a manifest, but for what dbt looks up in it, which it makes anew."""
    making = file.with_suffix(".new")
    names = [each.name for each in fields(manifest) if not each.name.startswith("_")]
    making.write_bytes(pickle.dumps({name: getattr(manifest, name) for name in names}))
    making.rename(file)


def read_manifest(file: Path, raw_folder: str) -> Manifest:
    """Return a manifest whose sources lie in a folder."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest(**pickle.loads(file.read_bytes()))

    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        return value.replace(RAW_FOLDER, raw_folder) if isinstance(value, str) else value

    for source in manifest.sources.values():
        source.meta = filled(source.meta)
        source.source_meta = filled(source.source_meta)
        source.config.meta = filled(source.config.meta)
        source.relation_name = filled(source.relation_name)
    manifest.build_flat_graph()
    return manifest


def variables_parsed(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return `--vars` of a command line, less those that no configuration reads."""
    words = iter(arguments)
    given = [
        next(words) if word == "--vars" else word.removeprefix("--vars=")
        for word in words
        if re.match("--vars(=|$)", word)
    ]
    read = {
        name: value for text in given for name, value in yaml.safe_load(text).items() if name in configured_variables()
    }
    # of a shop's settings, YAML reads the country alone
    if "shops" in read and _countries(read["shops"]) == _countries(VARS["shops"]):
        del read["shops"]
    return (f"--vars={json.dumps(read)}",) if read else ()


def _countries(shops: dict[str, dict]) -> dict[str, str]:
    """Return the country of each shop."""
    return {name: shop["country"] for name, shop in shops.items()}


@cache
def configured_variables() -> set[str]:
    """Return the vars that YAML reads: those of SQL are filled in when it runs."""
    files = [file for place in PARSED for file in (PROJECT_FOLDER / place).rglob("*.yml")]
    text = " ".join(file.read_text() for file in files)
    return set(re.findall(r"\bvar\(\s*['\"](\w+)", text))

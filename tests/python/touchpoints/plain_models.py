"""Renders models without dbt, and makes their tables in plain DuckDB: milliseconds, where a build takes seconds."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import Any

import duckdb
import jinja2
from support.builds import PROJECT_FOLDER

MACROS = (
    "dates.sql",
    "decayed_sum.sql",
    "demand/normal_law.sql",
    "privacy/small_cells.sql",
    "sum_within.sql",
    "touchpoints/attribution.sql",
)


class _Adapter:
    """What `adapter` is to a macro: its dispatch takes the default."""

    def __init__(self, macros: dict[str, Any]) -> None:
        self.macros = macros

    def dispatch(self, name: str) -> Any:
        """Return the default of a macro."""
        return self.macros[f"default__{name}"]


class _Dbt:
    """What `dbt` is to a macro: the functions that differ between engines, as DuckDB has them."""

    @staticmethod
    def datediff(first: str, last: str, part: str) -> str:
        """Return so many parts between two times."""
        return f"date_diff('{part}', {first}, {last})"

    @staticmethod
    def dateadd(part: str, count: object, start: str) -> str:
        """Return a time so many parts after another."""
        return f"{start} + interval ({count}) {part}"


@cache
def _environment(settings: str) -> jinja2.Environment:
    """Return what models call: our macros, under these vars."""
    text = "\n".join((PROJECT_FOLDER / "macros" / name).read_text() for name in MACROS)
    # plain Jinja has no macro that returns a list
    returned = r"\{% macro (\w+)\(\) -%\}\s*\{\{ return\((\[[^}]*\])\) \}\}\s*\{%- endmacro %\}"
    lists = {name: ast.literal_eval(found) for name, found in re.findall(returned, text)}
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
    environment.globals.update(
        {name: (lambda found=found: found) for name, found in lists.items()},
        var=json.loads(settings).__getitem__,
        shop={"timezone": "UTC"}.__getitem__,
        active_source=lambda: "your_shop",
        ref=lambda name: name,
        dbt=_Dbt,
        adapter=_Adapter(environment.globals),
    )
    environment.globals["return"] = lambda value: value
    environment.globals.update(vars(environment.from_string(re.sub(returned, "", text)).module))
    return environment


@cache
def _rendered(text: str, settings: str) -> str:
    return _environment(settings).from_string(text).render().strip()


def rendered(text: str, settings: dict[str, Any]) -> str:
    """Return the SQL of a text in dbt's Jinja, whose `ref`s are tables of the same name.

    Parameters
    ----------
    text : str
        A model, or any SQL that calls macros of ours.
    settings : dict
        The vars that it reads.
    """
    return _rendered(text, json.dumps(settings))


def make_tables(connection: duckdb.DuckDBPyConnection, folder: str, names: list[str], settings: dict[str, Any]) -> None:
    """Make the tables of models of a folder, in this order, from tables of the names of their inputs."""
    for name in names:
        text = (PROJECT_FOLDER / "models" / folder / f"{name}.sql").read_text()
        connection.execute(f"create or replace table {name} as {rendered(text, settings)}")

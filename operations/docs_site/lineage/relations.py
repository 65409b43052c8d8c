"""Which relations there are, and their columns: from the manifest and the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

READ_TYPES = ("model", "seed", "source")


class LineageError(Exception):
    """Some column cannot be followed: one sentence that names model and column."""


@dataclass(frozen=True)
class Relation:
    """A model, seed or source, and its columns in order.

    `name_in_sql` is how compiled SQL calls it, lower case: parts of a name, or the
    pattern of a file; `aliases` maps what files call a column to the column.
    """

    unique_id: str
    name: str
    kind: str
    columns: tuple[str, ...]
    name_in_sql: str
    aliases: dict[str, str] = field(default_factory=dict)


def read_relations(manifest: dict, catalog: dict) -> dict[str, Relation]:
    """List relations by unique id.

    Notes
    -----
    The catalog knows what was built. A model that only `make backtest` builds, and a
    source that is read from a shop's files, have the columns that YAML describes; a
    source at an `external_location` has those of its file.
    """
    return {
        unique_id: Relation(
            unique_id,
            node["name"],
            node["resource_type"],
            tuple(_columns(node, catalog)),
            _name_in_sql(node["relation_name"]),
            dict(_aliases(node)),
        )
        for unique_id, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in READ_TYPES
    }


def _columns(node: dict, catalog: dict) -> list[str]:
    """Return the names of a node's columns, in order."""
    if "external_location" in node.get("meta", {}):
        try:
            with duckdb.connect() as connection:
                return connection.sql(f"from {node['relation_name']}").columns
        except duckdb.Error as error:
            raise LineageError(
                f"The columns of source {node['name']} cannot be read: {str(error).splitlines()[0]}"
            ) from error
    built = catalog["nodes"].get(node["unique_id"])
    if built is None:
        return list(node["columns"])
    found = sorted(built["columns"].values(), key=lambda column: column["index"])
    return [column["name"] for column in found]


def _name_in_sql(relation_name: str) -> str:
    """Return how a relation is called in SQL, without quotes."""
    return relation_name.replace('"', "").strip("'").lower()


def _aliases(node: dict) -> Iterable[tuple[str, str]]:
    """Yield what files call a column, lower case, and what it is called here."""
    for name, column in node["columns"].items():
        for called in column.get("meta", {}).get("in_files", [name]):
            yield called.lower(), name

"""The published tables: marts with a contract, and their descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Mart:
    """A table to publish.

    Parameters
    ----------
    unique_id, schema, name : str
        Its id in the manifest, and where it stands.
    columns : dict of str to str
        Description of each column, in order.
    description : str
        What the table holds.
    primary_key : tuple of str
        Columns that a data test `unique_key` holds; empty where it tests expressions.
    is_optional : bool
        Whether a build may leave it out.
    is_aggregate : bool
        Whether it holds figures over users, and no row of one.
    """

    unique_id: str
    schema: str
    name: str
    columns: dict[str, str]
    description: str = ""
    primary_key: tuple[str, ...] = ()
    is_optional: bool = False
    is_aggregate: bool = False

    @property
    def place(self) -> str:
        """Return schema and name as one text."""
        return f"{self.schema}.{self.name}"

    @property
    def in_sql(self) -> str:
        """Return schema and name, as SQL has them."""
        return f"{quoted([self.schema])}.{quoted([self.name])}"


def quoted(names: Iterable[str]) -> str:
    """Write names for SQL: one may be a keyword, or hold a quote."""
    return ", ".join('"{}"'.format(name.replace('"', '""')) for name in names)


def literal(text: str) -> str:
    """Write a text for SQL, on one line."""
    return "'{}'".format(" ".join(text.split()).replace("'", "''"))


def published_marts(manifest: dict) -> list[Mart]:
    """List the models with a contract, less the vault's and those marked otherwise."""
    keys = _unique_keys(manifest)
    return sorted(
        (
            Mart(
                unique_id,
                node["schema"],
                node["alias"],
                {name: column["description"] for name, column in node["columns"].items()},
                node["description"],
                keys.get(unique_id, ()),
                # `make backtest` alone builds it
                is_optional="full_grid" in node["tags"],
                is_aggregate=node["config"]["meta"].get("pii") == "aggregate" and "user_id" not in node["columns"],
            )
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] == "model"
            and node["config"]["materialized"] != "view"
            and node["config"]["contract"]["enforced"]
            and node["database"] != "vault"
            and node["config"]["meta"].get("published", True)
        ),
        key=lambda mart: mart.place,
    )


def _unique_keys(manifest: dict) -> dict[str, tuple[str, ...]]:
    """Return the first key of each model that a test holds on all rows.

    Where that test is of expressions, such as one in place of null, the key is none.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for test in manifest["nodes"].values():
        if (test.get("test_metadata") or {}).get("name") != "unique_key":
            continue
        model = test["attached_node"]
        if model in keys or test["config"].get("where"):
            continue
        columns = test["test_metadata"]["kwargs"]["columns"]
        known = manifest["nodes"].get(model, {}).get("columns", {})
        keys[model] = tuple(columns) if set(columns) <= set(known) else ()
    return keys

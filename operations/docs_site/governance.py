"""Descriptions, tests and owners of published tables and columns, and the missing ones."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from operations.docs_site.lineage import column_id
from operations.publish.marts import published_marts

VOCABULARY = Path(__file__).resolve().parents[2] / "docs" / "governance.yml"
# Classes that a column of a table about single users cannot have by default alone.
IMPERSONAL = ("none", "aggregate")


@dataclass(frozen=True)
class Column:
    """A published column."""

    name: str
    type: str
    description: str
    pii: str | None
    tests: tuple[str, ...]
    untested: str | None
    # raw and seed columns that it comes from
    ends: tuple[str, ...]
    # empty columns of intake in their place: the shop that was read lacks them
    absent: tuple[str, ...]
    # columns on the way that the lineage has nothing about
    lost: tuple[str, ...]
    is_made: bool


@dataclass(frozen=True)
class Table:
    """A published table."""

    unique_id: str
    schema: str
    name: str
    description: str
    grain: str
    owner: str | None
    refresh: str | None
    version: int
    tests: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def place(self) -> str:
        """Return schema and name, as SQL has them."""
        return f"{self.schema}.{self.name}"


def vocabulary() -> dict:
    """Return the classes of personal data and the reasons for no test."""
    return yaml.safe_load(VOCABULARY.read_text())


def published_nodes(manifest: dict) -> list[dict]:
    """Return the nodes of the manifest that are published, by schema and name."""
    places = {mart.place for mart in published_marts(manifest)}
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and f"{node['schema']}.{node['alias']}" in places
    ]
    return sorted(nodes, key=lambda node: (node["schema"], node["alias"]))


def published_tables(manifest: dict, lineage: dict) -> list[Table]:
    """Gather what manifest and lineage say of the published tables."""
    tests = tests_by_column(manifest)
    return [_table(node, tests, lineage) for node in published_nodes(manifest)]


def tests_by_column(manifest: dict) -> dict[str, list[str]]:
    """Return the tests and constraints of each column of each model, by column id.

    A test speaks of a column that its arguments, its SQL or the rows that it expects
    name; under the id of a model stand the tests of the model.
    """
    tests: dict[str, list[str]] = {}
    for model, label, words in _tests(manifest):
        node = manifest["nodes"].get(model)
        if node is None:
            continue
        tests.setdefault(model, []).append(label)
        for name in node["columns"]:
            if name in words:
                tests.setdefault(column_id(model, name), []).append(label)
    for unique_id, node in manifest["nodes"].items():
        for name, column in node.get("columns", {}).items():
            for constraint in column.get("constraints", []):
                label = f"constraint {constraint['type'].replace('_', ' ')}"
                tests.setdefault(column_id(unique_id, name), []).append(label)
    return tests


def faults(tables: list[Table]) -> list[str]:
    """Return a sentence for everything that is missing, naming table and column."""
    words = vocabulary()
    found = []
    for table in tables:
        for key in ("owner", "refresh", "description"):
            if not getattr(table, key):
                found.append(f"Table {table.place} has no {key}.")
        is_about_users = any(column.name == "user_id" for column in table.columns)
        for column in table.columns:
            found += [
                f"Column {table.place}.{column.name} {fault}."
                for fault in _column_faults(column, is_about_users, words)
            ]
    return found


def _column_faults(column: Column, is_about_users: bool, words: dict) -> list[str]:
    """Return what is missing of one column."""
    found = []
    if not column.description:
        found.append("has no description")
    if column.pii is None:
        found.append("has no PII class")
    elif column.pii not in words["pii_classes"]:
        found.append(f"has PII class {column.pii}, which docs/governance.yml lacks")
    elif is_about_users and column.name == "user_id" and column.pii in IMPERSONAL:
        found.append(f"stands for one user but has PII class {column.pii}")
    if not column.tests and column.untested is None:
        found.append("has neither a test nor a stated reason for none")
    elif column.untested is not None and column.untested not in words["untested_reasons"]:
        found.append(f"has reason {column.untested}, which docs/governance.yml lacks")
    elif column.tests and column.untested is not None:
        found.append("has a test, and a reason for none")
    if column.lost:
        found.append(f"is not followed beyond {column.lost[0]}")
    elif not (column.ends or column.absent or column.is_made):
        found.append("comes from no raw column and no seed")
    return found


def _table(node: dict, tests: dict[str, list[str]], lineage: dict) -> Table:
    """Gather what is said of one table."""
    unique_id, meta = node["unique_id"], node["config"]["meta"]
    reasons = {name: reason for reason, names in meta.get("untested", {}).items() for name in names}
    # a reason for a column that is gone would hide the next one of that name
    if strange := set(reasons) - set(node["columns"]):
        raise ValueError(
            f"Model {node['name']} states why {', '.join(sorted(strange))} has no test, but has no such column."
        )
    grain = node["raw_code"].splitlines()[0].removeprefix("-- ")
    return Table(
        unique_id=unique_id,
        schema=node["schema"],
        name=node["alias"],
        description=node["description"].strip(),
        grain=grain,
        owner=meta.get("owner"),
        refresh=meta.get("refresh"),
        version=int(node.get("version") or 1),
        tests=tuple(tests.get(unique_id, [])),
        columns=tuple(
            _column(column, node, tests, lineage, reasons.get(name)) for name, column in node["columns"].items()
        ),
    )


def _column(column: dict, node: dict, tests: dict, lineage: dict, untested: str | None) -> Column:
    """Gather what is said of one column."""
    name, meta = column["name"], node["config"]["meta"]
    own = {**column["meta"], **column["config"]["meta"]}.get("pii")
    identity = column_id(node["unique_id"], name)
    ends, absent, lost = _ends(lineage, identity)
    return Column(
        name=name,
        type=column["data_type"],
        description=column["description"].strip(),
        pii=own or meta.get("pii_by_name", {}).get(name) or meta.get("pii"),
        tests=tuple(_tests_on_the_way(identity, tests, lineage)),
        untested=untested,
        ends=ends,
        absent=absent,
        lost=lost,
        is_made=name in meta.get("made", []),
    )


def _tests_on_the_way(identity: str, tests: dict, lineage: dict) -> list[str]:
    """Return the tests of a column, or of the column that it repeats unchanged.

    Unchanged is what comes from one column alone, of the same name.
    """
    name, label = identity.rsplit(".", 1)[1], ""
    while identity not in tests:
        edges = lineage["columns"].get(identity, {"from": []})["from"]
        values = [edge["column"] for edge in edges if edge["kind"] != "filter"]
        if len(values) != 1 or values[0].rsplit(".", 1)[1] != name:
            return []
        identity = values[0]
        label = f" on {'.'.join(identity.split('.')[2:-1])}, repeated here"
    return [test + label for test in tests[identity]]


def _ends(lineage: dict, identity: str) -> tuple[tuple[str, ...], ...]:
    """Return where the ways from a column end: raw or seed, absent, lost.

    Absent is a constant of intake or staging; lost is what the lineage lacks.
    """
    columns, ends, absent, lost = lineage["columns"], set(), set(), set()
    seen, ahead = {identity}, [identity]
    while ahead:
        at = ahead.pop()
        if at not in columns:
            lost.add(at)
            continue
        if columns[at]["how"] in ("raw", "seed"):
            ends.add(at)
        elif columns[at]["how"] == "constant" and at.split(".")[2].startswith(("intake_", "stg_")):
            absent.add(at)
        nearer = {edge["column"] for edge in columns[at]["from"] if edge["kind"] != "filter"}
        ahead += nearer - seen
        seen |= nearer
    return tuple(sorted(ends)), tuple(sorted(absent)), tuple(sorted(lost))


def _tests(manifest: dict) -> list[tuple[str, str, set[str]]]:
    """Return model, label and words of each test, once per model that it reads."""
    found = []
    for test in manifest["nodes"].values():
        if test["resource_type"] != "test":
            continue
        if metadata := test.get("test_metadata"):
            arguments = {name: value for name, value in metadata["kwargs"].items() if name != "model"}
            label = f"{metadata['name']} {_told(arguments)}".strip()
            words = set(re.findall(r"\w+", json.dumps(arguments)))
            found.append((test["attached_node"], label, words))
        else:
            words = set(re.findall(r"\w+", test["raw_code"]))
            label = f"never: {test['name'].replace('_', ' ')}"
            found += [(each, label, words) for each in test["depends_on"]["nodes"]]
    for test in manifest["unit_tests"].values():
        rows = test["expect"]["rows"] or []
        label = f"unit test: {test['name'].replace('_', ' ')}"
        words = {name for row in rows for name in row} if _are_dicts(rows) else set()
        found += [(each, label, words) for each in test["depends_on"]["nodes"]]
    return found


def _are_dicts(rows: object) -> bool:
    """Return whether the rows that a unit test expects are written as dicts."""
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _told(arguments: dict) -> str:
    """Write the arguments of a test for people to read."""
    if set(arguments) == {"expression"}:
        return arguments["expression"]
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in arguments.items()
        if name != "column_name"
    )

"""The page of the lineage: one file that asks for nothing outside itself."""

from __future__ import annotations

import json
from pathlib import Path

TEMPLATE = Path(__file__).with_name("page.html")
SCRIPT = Path(__file__).with_name("page.js")
KINDS = ("value", "rows", "filter")


def lineage_page(lineage: dict, manifest: dict) -> str:
    """Return the page as HTML, its data inside.

    Parameters
    ----------
    lineage : dict
        Output of `graph.project_lineage`.
    manifest : dict
        What it was made from: descriptions and declarations.
    """
    nodes = {**manifest["nodes"], **manifest["sources"]}
    places = {name: place for place, name in enumerate(lineage["columns"])}
    tables: dict[str, int] = {}
    columns = []
    for name, found in lineage["columns"].items():
        unique_id, _, column = name.rpartition(".")
        place = tables.setdefault(unique_id, len(tables))
        node = nodes[unique_id]
        columns.append(
            {
                "table": place,
                "column": column,
                "how": found["how"],
                "text": node["columns"].get(column, {}).get("description", "").strip(),
                "declared": _declaration(node, column),
                "from": [[places[edge["column"]], KINDS.index(edge["kind"])] for edge in found["from"]],
            }
        )
    data = {"tables": [_described(nodes[unique_id]) for unique_id in tables], "columns": columns}
    # a text cannot end the script that it stands in
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    page = TEMPLATE.read_text().replace("{{ script }}", SCRIPT.read_text())
    return page.replace("{{ data }}", text.replace("<", "\\u003c"))


def _described(node: dict) -> dict:
    """Return how a table is called, in its schema or source, and what it is."""
    if node["resource_type"] == "source":
        name = f"{node['source_name']}.{node['name']}"
        return {"name": name, "kind": f"Raw table of {node['source_name']}"}
    is_python = node.get("language") == "python"
    return {
        "name": f"{node['schema']}.{node['alias']}",
        "kind": "Python model" if is_python else node["resource_type"].capitalize(),
    }


def _declaration(node: dict, column: str) -> str:
    """Return what a Python model's YAML declares for a column, as it stands there."""
    if node.get("language") != "python":
        return ""
    return "\n".join(
        f"{read}: {patterns.strip()}"
        for outputs, inputs in node["config"]["meta"]["lineage"].items()
        if column in outputs.split()
        for read, patterns in inputs.items()
    )

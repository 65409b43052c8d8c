"""Nodes of dbt's manifest, as the rules of tests read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.builds import PROJECT_FOLDER

from operations.layers import read_layers

Node = dict[str, Any]
LAYERS = read_layers()


def own_nodes(manifest: Node, *resource_types: str) -> list[Node]:
    """Nodes of the given types that this project defines."""
    nodes = [
        node
        for kind in ("nodes", "sources", "exposures")
        for node in manifest[kind].values()
        if node["resource_type"] in resource_types and node["package_name"] == "precision_marketing"
    ]
    assert nodes, f"no node of types {resource_types}"
    return nodes


def layer(node: Node) -> str:
    """Top folder of a model, such as staging or core."""
    return Path(node["original_file_path"]).parts[1]


def is_mart(node: Node) -> bool:
    """Whether people query the model: it is called by a plain noun, or a report."""
    steps = {entry.prefix for entry in LAYERS} - {"", "rpt_"} | {"ml_"}
    return not node["name"].startswith(tuple(steps))


def parents(manifest: Node, node: Node, kind: str) -> list[str]:
    """Names of the parents of one type."""
    return [name.split(".")[-1] for name in manifest["parent_map"][node["unique_id"]] if name.startswith(f"{kind}.")]


def source_text(node: Node) -> str:
    """Return the text of the file that a node stands in."""
    return (PROJECT_FOLDER / node["original_file_path"]).read_text()

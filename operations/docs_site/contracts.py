"""What readers of the published tables may rely on, and what would break for them.

    python -m operations.docs_site.contracts            # `make contracts`
    python -m operations.docs_site.contracts --check    # part of `make build`

docs/contracts.json records it. Additions are recorded; a breaking change is refused
unless the model has a new version.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from operations.docs_site.governance import published_nodes
from operations.places import PROJECT_FOLDER, TARGET

NOT_NULL = " not null"
RECORD = Path(os.environ.get("CONTRACTS", PROJECT_FOLDER / "docs" / "contracts.json"))


def contracts(manifest: dict) -> dict:
    """Return version and columns of each published table, by its place.

    Of a column its type, with ``not null`` where null is refused.
    """
    return {
        f"{node['schema']}.{node['alias']}": {
            "version": int(node["version"] or 1),
            "columns": {
                name: column["data_type"].lower() + NOT_NULL * _refuses_null(column)
                for name, column in node["columns"].items()
            },
        }
        for node in published_nodes(manifest)
    }


def as_text(recorded: dict) -> str:
    """Write contracts as JSON, sorted, a line per table: `git diff --word-diff` shows a column."""
    lines = [f"{json.dumps(place)}: {json.dumps(recorded[place], sort_keys=True)}" for place in sorted(recorded)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def breaking_changes(recorded: dict, manifest: dict) -> list[str]:
    """Return a sentence for each change that breaks a query, naming table and column.

    A table of which the manifest has a newer version may change.
    """
    now, newest = contracts(manifest), _newest_versions(manifest)
    found = []
    for place, contract in recorded.items():
        version = contract["version"]
        if newest.get(_base(place, version), 0) > version:
            continue
        if place not in now:
            found.append(f"Table {place} is gone")
            continue
        for name, column in contract["columns"].items():
            changed = _change(column, now[place]["columns"].get(name))
            if changed:
                found.append(f"Column {place}.{name} {changed}")
    return [
        f"{each}, which breaks who reads it: keep it, or declare a new version of the model (versions: in its YAML)."
        for each in found
    ]


def unrecorded(recorded: dict, manifest: dict) -> list[str]:
    """Return a sentence for each table whose contract is not as recorded."""
    now = contracts(manifest)
    return [
        f"The contract of {place} is not as recorded in docs/contracts.json: run make "
        "contracts and look at the difference."
        for place in sorted(now.keys() | recorded.keys())
        if now.get(place) != recorded.get(place)
    ]


def _change(before: str, after: str | None) -> str | None:
    """Tell what of a column would break a query."""
    if after is None:
        return "is gone"
    old, new = before.removesuffix(NOT_NULL), after.removesuffix(NOT_NULL)
    if new != old:
        return f"was {old} and is {new}"
    if before.endswith(NOT_NULL) and not after.endswith(NOT_NULL):
        return "was never null and now may be"
    return None


def _refuses_null(column: dict) -> bool:
    """Return whether a constraint refuses null."""
    return any(each["type"] in ("not_null", "primary_key") for each in column["constraints"])


def _newest_versions(manifest: dict) -> dict[str, int]:
    """Return the newest version of each model, by schema and name without version."""
    newest: dict[str, int] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            place = f"{node['schema']}.{node['name']}"
            newest[place] = max(newest.get(place, 0), int(node["version"] or 1))
    return newest


def _base(place: str, version: int) -> str:
    """Return schema and name of a table without the version that dbt appends."""
    return place.removesuffix(f"_v{version}")


def main() -> str | None:
    """Record or check; return a sentence per fault."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
    except FileNotFoundError as error:
        return f"No contracts: no {error.filename}. Run make build first."
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    faults = breaking_changes(recorded, manifest)
    if "--check" in sys.argv:
        faults = faults or unrecorded(recorded, manifest)
    if faults:
        return "\n".join(faults)
    if "--check" not in sys.argv:
        RECORD.write_text(as_text(contracts(manifest)))
    return None


if __name__ == "__main__":
    sys.exit(main())

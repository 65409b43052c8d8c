"""Where dbt's own docs lie, and whether they are of this shop: run as a module, it exits with 0 if they are."""

from __future__ import annotations

import json
import sys

from operations.places import TARGET, WAREHOUSE

# What `make docs` keeps of dbt's manifest: other commands of dbt leave SQL out.
MANIFEST = TARGET / "manifest_of_docs.json"
CATALOG = TARGET / "catalog.json"


def is_made() -> bool:
    """Return whether dbt has described this shop's database: a launch changes its rows, none of its tables."""
    if not (MANIFEST.exists() and CATALOG.exists()):
        return False
    return WAREHOUSE.stem in {node["database"] for node in json.loads(MANIFEST.read_text())["nodes"].values()}


if __name__ == "__main__":
    sys.exit(not is_made())

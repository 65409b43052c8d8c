"""Write target/site: a page per published table, an index, the entity diagram.

    python -m operations.docs_site      # part of `make docs`, after lineage

Stops with a sentence per fault when something is not said of a published column.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb

from operations.docs_site.diagram import entity_diagram
from operations.docs_site.governance import faults, published_tables
from operations.docs_site.pages import write_pages
from operations.places import PUBLISHED_FILE, SITE, TARGET


def publication(file: Path) -> dict | None:
    """Return when and from what the tables were published, with their row counts."""
    if not file.exists():
        return None
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select published_at, git_commit, source, table_name, row_count"
            " from publication.published_tables"
        ).fetchall()
    return {
        "published_at": f"{rows[0][0]:%Y-%m-%d %H:%M}",
        "git_commit": rows[0][1],
        "source": rows[0][2],
        "row_counts": {row[3]: row[4] for row in rows},
    }


def main() -> str | None:
    """Write; return the faults when there are any."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
        lineage = json.loads((TARGET / "column_lineage.json").read_text())
    except FileNotFoundError as error:
        return f"No site was written: no {error.filename}. Run make docs."
    tables = published_tables(manifest, lineage)
    if found := faults(tables):
        return "\n".join(["No site was written.", *found])
    SITE.mkdir(parents=True, exist_ok=True)
    if (TARGET / "static_index.html").exists():
        shutil.copyfile(TARGET / "static_index.html", SITE / "dbt.html")
    diagram = entity_diagram(tables, str(TARGET))
    published = publication(PUBLISHED_FILE)
    write_pages(SITE, manifest, tables, diagram, published)
    return None


if __name__ == "__main__":
    sys.exit(main())

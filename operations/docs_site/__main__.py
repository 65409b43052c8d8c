"""Write a shop's site: lineage, a page per published table, entities, model cards.

    python -m operations.docs_site      # part of `make docs`, after dbt's own

Reads manifest and catalog of `dbt docs generate --select '*'`, writes
column_lineage.json beside them and the pages into target/site/<shop>. Stops with a
sentence per fault when something is not said of a published column.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb

from operations.docs_site.cards import cards
from operations.docs_site.diagram import entity_diagram
from operations.docs_site.governance import faults, published_tables
from operations.docs_site.lineage import LineageError, project_lineage
from operations.docs_site.lineage.page import lineage_page
from operations.docs_site.made import CATALOG, MANIFEST
from operations.docs_site.pages import write_pages, write_shops
from operations.places import PUBLISHED_FILE, SITE, SITES, TARGET, WAREHOUSE, shown


def publication(file: Path) -> dict | None:
    """Return when and from what the tables were published, with their row counts."""
    if not file.exists():
        return None
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select published_at, git_commit, source, table_name, row_count from publication.published_tables"
        ).fetchall()
    return {
        "published_at": f"{rows[0][0]:%Y-%m-%d %H:%M}",
        "git_commit": rows[0][1],
        "source": rows[0][2],
        "row_counts": {row[3]: row[4] for row in rows},
    }


def main() -> str | None:
    """Write; return what keeps the site from being written."""
    if not WAREHOUSE.exists():
        return f"No site was written: no database at {WAREHOUSE}. Run make build first."
    try:
        manifest = json.loads(MANIFEST.read_text())
        catalog = json.loads(CATALOG.read_text())
        lineage = project_lineage(manifest, catalog)
    except FileNotFoundError as error:
        return f"No site was written: no {error.filename}. Run make docs."
    except LineageError as error:
        return f"No site was written. {error}"
    tables = published_tables(manifest, lineage)
    if found := faults(tables):
        return "\n".join(["No site was written.", *found])
    (TARGET / "column_lineage.json").write_text(json.dumps(lineage))
    SITE.mkdir(parents=True, exist_ok=True)
    (SITE / "lineage.html").write_text(lineage_page(lineage, manifest))
    if (TARGET / "static_index.html").exists():
        shutil.copyfile(TARGET / "static_index.html", SITE / "dbt.html")
    write_pages(
        SITE, manifest, tables, entity_diagram(tables, str(TARGET)), cards(WAREHOUSE), publication(PUBLISHED_FILE)
    )
    write_shops(SITES)
    sys.stdout.write(f"Pages    {shown(SITE / 'index.html')} (opens from the file)\n")
    return None


if __name__ == "__main__":
    sys.exit(main())

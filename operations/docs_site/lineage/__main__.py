"""Write the lineage of every column, as JSON and as one page.

    python -m operations.docs_site.lineage      # part of `make docs`, after dbt's own

Reads manifest and catalog of `dbt docs generate --select '*'`, writes
column_lineage.json beside them, and site/lineage.html.
"""

from __future__ import annotations

import json
import sys

from operations.docs_site.lineage import LineageError, project_lineage
from operations.docs_site.lineage.page import lineage_page
from operations.places import TARGET


def main() -> str | None:
    """Write both; return a sentence when a column cannot be followed."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
        catalog = json.loads((TARGET / "catalog.json").read_text())
        lineage = project_lineage(manifest, catalog)
    except FileNotFoundError as error:
        return f"No lineage was written: no {error.filename}. Run make docs."
    except LineageError as error:
        return f"No lineage was written. {error}"
    (TARGET / "column_lineage.json").write_text(json.dumps(lineage))
    (TARGET / "site").mkdir(exist_ok=True)
    (TARGET / "site" / "lineage.html").write_text(lineage_page(lineage, manifest))
    columns = lineage["columns"]
    followed = sum(column["how"] != "constant" for column in columns.values())
    sys.stdout.write(
        f"Lineage  {TARGET / 'site' / 'lineage.html'}: {len(columns):,} "
        f"columns, {followed:,} of them no constants\n"
    )
    return None


if __name__ == "__main__":
    sys.exit(main())

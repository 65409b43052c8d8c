"""What the published file says of its tables and columns, as comments."""

from __future__ import annotations

import duckdb

from operations.publish import relations
from operations.publish.marts import literal, quoted

# Tables of the schema publication, which no model describes: what each is, and its columns.
PUBLICATION = {
    "published_tables": (
        "One row per published table: when it was published, from which state of the project.",
        {
            "published_at": "Instant of the publication, UTC.",
            "git_commit": "Commit of the project; ends in -dirty where files differ from it.",
            "source": "Shop that was read.",
            "series_id": "Names a series of publications, whose numbers only rise; after a rotation of "
            "pseudonyms another begins.",
            "sequence_number": "Number of the publication, and name of its folder.",
            "figures_number": "Number of the publication whose figures the table shows: an earlier one while "
            "fewer than var minimum_cell_users users have changed since.",
            "table_name": "Schema and name of the table.",
            "primary_key": "Columns that tell its rows apart, separated by a comma and a blank; "
            "null where some of them may be null.",
            "row_count": "Rows of the table.",
        },
    ),
    "relations": (relations.DESCRIPTION, relations.COLUMNS),
}


def comment(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, description: str, columns: dict[str, str]
) -> None:
    """Comment a table of the published file and its columns."""
    place = f"public.{quoted([schema])}.{quoted([table])}"
    connection.execute(f"comment on table {place} is {literal(description)}")
    for name, text in columns.items():
        connection.execute(f"comment on column {place}.{quoted([name])} is {literal(text)}")

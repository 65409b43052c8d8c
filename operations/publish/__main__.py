"""Publish the contracted marts: a DuckDB file and Parquet that readers may keep open.

    python -m operations.publish        # `make publish`, and the end of `make build`

dbt builds a private database, which one process at a time can open. What others read is
a copy: written under another name, then renamed into place, so that a reader keeps the
snapshot it has opened and a build waits for nobody. Published is every model with a
contract outside the vault, less those that dbt_project.yml marks `published: false`,
and less the rows of users who asked to be forgotten. Of a build that is not whole nothing is. The file
explains itself: a comment on every table and column, keys, and publication.relations.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from operations import machine
from operations.build.wholeness import why_not_whole
from operations.files import sql_text
from operations.places import PUBLISHED, PUBLISHED_FILE, SOURCE, TARGET, WAREHOUSE, git_commit
from operations.privacy.encryption import connect
from operations.publish import relations
from operations.publish.comments import PUBLICATION, comment
from operations.publish.marts import Mart, published_marts, quoted

# What DuckDB 1.1 and all later ones read (1.0 knows no such primary keys): a BI tool need
# not be as new as we are.
STORAGE_VERSION = "v1.0.0"
# Versions of the Parquet folders that stay beside the newest, for who still reads them.
VERSIONS_KEPT = 3


def copy_marts(connection: duckdb.DuckDBPyConnection, marts: list[Mart]) -> dict[Mart, int]:
    """Copy marts from the database `private` to `public`; return their row counts."""
    counts = {}
    for schema in sorted({mart.schema for mart in marts}):
        connection.execute(f"create schema public.{quoted([schema])}")
    for mart in marts:
        kept = f"select {quoted(mart.columns)} from private.{mart.in_sql}"
        if "user_id" in mart.columns:
            kept += """
                where user_id is null or user_id not in (
                    select user_id from private.seeds.suppressions
                    where suppression_kind = 'erasure' and user_id is not null
                )
            """
        connection.execute(f"create table public.{mart.in_sql} as {kept}")
        [(counts[mart],)] = connection.execute(f"select count(*) from public.{mart.in_sql}").fetchall()
    return counts


def explain(connection: duckdb.DuckDBPyConnection, manifest: dict, counts: dict[Mart, int], commit: str) -> None:
    """Write the schema publication; describe every table, and declare its key."""
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute("create schema public.publication")
    connection.execute(
        """
        create table public.publication.published_tables as
        select $1 as published_at, $2 as git_commit, $3 as source,
            cast(null as text) as table_name, cast(null as text) as primary_key,
            cast(null as bigint) as row_count
        where false
        """,
        [now, commit, SOURCE],
    )
    connection.executemany(
        "insert into public.publication.published_tables values ($1, $2, $3, $4, $5, $6)",
        [
            (now, commit, SOURCE, mart.place, ", ".join(mart.primary_key) or None, count)
            for mart, count in counts.items()
        ],
    )
    found = relations.relations(connection, manifest, list(counts))
    relations.write_relations(connection, found)
    # one transaction, or each of a thousand comments would be written to disk by itself
    connection.begin()
    for name, (description, columns) in PUBLICATION.items():
        comment(connection, "publication", name, description, columns)
    for mart in counts:
        comment(connection, mart.schema, mart.name, mart.description, mart.columns)
    connection.commit()
    for mart, count in counts.items():
        relations.declare_key(connection, mart, count)


def publish_parquet(connection: duckdb.DuckDBPyConnection, marts: list[Mart], folder: Path) -> Path:
    """Write a new version of the Parquet folder and point `current` at it."""
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    writing = folder / f".{version}"
    for mart in marts:
        (writing / mart.schema).mkdir(parents=True, exist_ok=True)
        connection.table(f"public.{mart.place}").write_parquet(
            str(writing / mart.schema / f"{mart.name}.parquet"), compression="zstd"
        )
    (folder / version).parent.mkdir(parents=True, exist_ok=True)
    writing.rename(folder / version)
    pointer = folder / f".current-{os.getpid()}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(version)
    pointer.replace(folder / "current")
    versions = sorted(each for each in folder.iterdir() if each.name[0] != "." and each.is_dir())
    for old in [each for each in versions if each.name != "current"][:-VERSIONS_KEPT]:
        shutil.rmtree(old)
    return folder / version


def main() -> str | None:
    """Publish; return a sentence when nothing can be."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
    except FileNotFoundError as error:
        return f"Nothing was published: no {error.filename}. Run make build first."
    try:
        PUBLISHED.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"Nothing was published: cannot write into {PUBLISHED}. {error.strerror}"
    writing = PUBLISHED / f".{SOURCE}.{os.getpid()}.duckdb"
    writing.unlink(missing_ok=True)
    marts = published_marts(manifest)
    with connect(threads=machine.threads(), memory_limit=machine.memory_limit()) as connection:
        try:
            connection.execute(f"attach {sql_text(WAREHOUSE)} as private (read_only)")
        except duckdb.IOException as error:
            cause = str(error).split(" See also ")[0].removeprefix("IO Error: ")
            return f"Nothing was published: cannot open {WAREHOUSE}. {cause}"
        if reason := why_not_whole(connection, "private"):
            return f"Nothing was published: {reason}"
        try:
            connection.execute(f"attach {sql_text(writing)} as public (storage_version '{STORAGE_VERSION}')")
            built = {
                row[:2]
                for row in connection.execute(
                    "select schema_name, table_name from duckdb_tables() where database_name = 'private'"
                ).fetchall()
            }
            marts = [mart for mart in marts if not mart.is_optional or (mart.schema, mart.name) in built]
            counts = copy_marts(connection, marts)
            explain(connection, manifest, counts, git_commit())
            version = publish_parquet(connection, marts, PUBLISHED / SOURCE)
            connection.execute("detach public")
        except (duckdb.Error, OSError) as error:
            writing.unlink(missing_ok=True)
            return f"Nothing was published: {str(error).splitlines()[0]}"
    writing.replace(PUBLISHED_FILE)
    rows = sum(counts.values())
    sys.stdout.write(
        f"Published {len(counts)} tables, {rows:,} rows: {PUBLISHED_FILE.name} and "
        f"{SOURCE}/{version.name} in {PUBLISHED}\n"
    )
    return None


if __name__ == "__main__":
    sys.exit(main())

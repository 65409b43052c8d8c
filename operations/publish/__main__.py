"""Publish the contracted marts: a DuckDB file and Parquet that readers may keep open.

    python -m operations.publish        # `make publish`, and the end of `make build`

dbt builds a private database, which one process at a time can open. What others read is
a copy, a version of its own (operations/publish/versions.py): a reader keeps the version
it has opened, and a build waits for nobody. Published is every model with a contract
outside the vault, less those that dbt_project.yml marks `published: false`, and less the
rows of users who asked to be forgotten. Of a build that is not whole nothing is; a figure of
the report that failed is left out alone. The file explains itself: a comment on every table
and column, keys, and publication.relations.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb

from operations import machine
from operations.build.wholeness import kept_back, why_not_whole
from operations.files import sql_text
from operations.places import PUBLISHED, PUBLISHED_FILE, SOURCE, TARGET, WAREHOUSE, git_commit
from operations.privacy.encryption import connect
from operations.publish import clock, figures, relations, versions
from operations.publish.comments import PUBLICATION, comment
from operations.publish.marts import Mart, published_marts, quoted
from operations.publish.versions import NotPublishedError

# What DuckDB 1.1 and all later ones read (1.0 knows no such primary keys): a BI tool need
# not be as new as we are.
STORAGE_VERSION = "v1.0.0"


@dataclass(frozen=True)
class Publication:
    """What one run publishes.

    Parameters
    ----------
    number : int
        One more than that of any version before.
    series_id : str
        Names a row of numbers: one that begins anew, as after a rotation, has another.
    published_at : datetime
        Instant in UTC.
    git_commit : str
        Commit of the project.
    """

    number: int
    series_id: str
    published_at: datetime
    git_commit: str


def copy_marts(connection: duckdb.DuckDBPyConnection, marts: list[Mart], database: str) -> dict[Mart, int]:
    """Copy marts from an attached database to `public`; return their row counts."""
    counts = {}
    for mart in marts:
        connection.execute(f"create schema if not exists public.{quoted([mart.schema])}")
        kept = f"select {quoted(mart.columns)} from {database}.{mart.in_sql}"
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


def explain(
    connection: duckdb.DuckDBPyConnection,
    manifest: dict,
    counts: dict[Mart, int],
    publication: Publication,
    kept: dict[Mart, int],
) -> None:
    """Write the schema publication; describe every table, and declare its key."""
    connection.execute("create schema public.publication")
    connection.execute(
        """
        create table public.publication.published_tables (
            published_at timestamp, git_commit text, source text, series_id text,
            sequence_number bigint, figures_number bigint, table_name text, primary_key text, row_count bigint
        )
        """
    )
    told = [publication.published_at, publication.git_commit, SOURCE, publication.series_id, publication.number]
    connection.executemany(
        f"insert into public.publication.published_tables values ({', '.join('?' * 9)})",
        [
            [*told, kept.get(mart, publication.number), mart.place, ", ".join(mart.primary_key) or None, count]
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


def next_publication() -> Publication:
    """Return the number of what is published now; raise where the clock is behind the last publication."""
    number = 1 + max(map(versions.number_of, versions.versions_of(PUBLISHED_FILE)), default=0)
    series_id = uuid4().hex
    try:
        with duckdb.connect(str(PUBLISHED_FILE), read_only=True) as connection:
            series_id, published_at = connection.execute(
                "select series_id, published_at from publication.published_tables limit 1"
            ).fetchone()
    except (duckdb.Error, TypeError):
        # there is none, or one that an earlier release wrote
        pass
    else:
        clock.refuse_later("the last publication", published_at)
    return Publication(number, series_id, clock.now(), git_commit())


def copy_all(
    connection: duckdb.DuckDBPyConnection, marts: list[Mart], writing: Path
) -> tuple[dict[Mart, int], dict[Mart, int]]:
    """Copy all marts; return their row counts, and of figures that stay the publication they are of."""
    counts = copy_marts(connection, [mart for mart in marts if not mart.is_aggregate], "private")
    try:
        connection.execute(f"attach {sql_text(PUBLISHED_FILE.resolve())} as former (read_only)")
        numbers = dict(
            connection.execute("select table_name, figures_number from former.publication.published_tables").fetchall()
        )
    except duckdb.Error:
        # there is none, or one that an earlier release wrote
        numbers = {}
    former = PUBLISHED_FILE.resolve().parent
    staying = figures.keep_figures(connection, marts, former, writing)
    kept = {mart: numbers[mart.place] for mart in staying if mart.place in numbers}
    counts |= copy_marts(connection, list(kept), "former")
    counts |= copy_marts(connection, [mart for mart in marts if mart not in counts], "private")
    return {mart: counts[mart] for mart in marts}, kept


def write_version(writing: Path, manifest: dict, publication: Publication) -> tuple[dict[Mart, int], dict[Mart, int]]:
    """Write the marts into a folder, as a DuckDB file and as Parquet; return what `copy_all` does."""
    marts = published_marts(manifest)
    with connect(
        threads=machine.threads(), memory_limit=machine.memory_limit(), temp_directory=str(writing / "spill")
    ) as connection:
        try:
            connection.execute(f"attach {sql_text(WAREHOUSE)} as private (read_only)")
        except duckdb.IOException as error:
            cause = str(error).split(" See also ")[0].removeprefix("IO Error: ")
            raise NotPublishedError(f"cannot open {WAREHOUSE}. {cause}") from None
        if reason := why_not_whole(connection, "private"):
            raise NotPublishedError(reason)
        clock.refuse_later_builds(connection, "private")
        connection.execute(
            f"attach {sql_text(writing / PUBLISHED_FILE.name)} as public (storage_version '{STORAGE_VERSION}')"
        )
        built = {
            row[:2]
            for row in connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'private'"
            ).fetchall()
        }
        marts = [mart for mart in marts if not mart.is_optional or (mart.schema, mart.name) in built]
        failed = kept_back(connection, "private", manifest)
        marts = [mart for mart in marts if mart.unique_id not in failed]
        counts, kept = copy_all(connection, marts, writing)
        explain(connection, manifest, counts, publication, kept)
        for mart in marts:
            (writing / mart.schema).mkdir(exist_ok=True)
            connection.table(f"public.{mart.in_sql}").write_parquet(
                str(writing / mart.schema / f"{mart.name}.parquet"), compression="zstd"
            )
        connection.execute("detach public")
    versions.remove(writing / "spill")
    return counts, kept


def publish(manifest: dict) -> str:
    """Publish a version, or leave everything as it was; return what was done."""
    folder = PUBLISHED_FILE.with_suffix("")
    with versions.locked(PUBLISHED):
        publication = next_publication()
        writing = folder / f".{publication.number:06}"
        try:
            for left in versions.leftovers(PUBLISHED_FILE):
                versions.remove(left)
            versions.adopt(PUBLISHED_FILE)
            writing.mkdir(parents=True)
            counts, kept = write_version(writing, manifest, publication)
            version = versions.put_into_service(writing, publication.number, PUBLISHED_FILE)
        except BaseException:
            for left in versions.leftovers(PUBLISHED_FILE):
                versions.remove(left)
            raise
        versions.drop_old(PUBLISHED_FILE)
    stay = (
        f"{len(kept)} of them, with figures over users, stay as in publication {max(kept.values())}: "
        f"fewer than {figures.LEAST_USERS} users have changed since.\n"
        if kept
        else ""
    )
    return (
        f"Published {len(counts)} tables, {sum(counts.values()):,} rows: {PUBLISHED_FILE.name} and "
        f"{SOURCE}/{version.name} in {PUBLISHED}\n{stay}"
    )


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
    try:
        sys.stdout.write(publish(manifest))
    except (NotPublishedError, duckdb.Error, OSError) as error:
        return f"Nothing was published: {str(error).splitlines()[0]}"
    return None


if __name__ == "__main__":
    sys.exit(main())

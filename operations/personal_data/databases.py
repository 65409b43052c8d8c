"""Takes users out of databases.

DuckDB keeps the bytes of deleted rows in free blocks, so databases are copied, table by
table, less the rows of the users.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from operations.files import sql_text
from operations.personal_data.persons import Person, is_users, note_names

LEDGER = "decision_ledger"
# What a publication says of its tables.
PUBLISHED_TABLES = ("publication", "published_tables")
# How the macro `is_erased` knows whom a launched decision names no more.
ERASED = "erased-"
# Expected of one user; their sums stay.
ROUNDED = (
    "contacted_probability",
    "baseline_probability",
    "increment_low",
    "increment_high",
    "margin_low",
    "margin_high",
)


@dataclass(frozen=True)
class Rewritten:
    """A file that waits to be renamed into place."""

    writing: Path
    file: Path
    counts: dict[str, int]


def tables_of(cursor: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the columns and types of each table of a database."""
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in cursor.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " semi join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = $1 order by schema_name, table_name, column_index",
        [database],
    ).fetchall():
        tables.setdefault((schema, table), {})[column] = kind
    return tables


def erase_from_database(
    cursor: duckdb.DuckDBPyConnection,
    persons: list[Person],
    database: str,
    file: Path,
    storage: str = "latest",
    attach: Callable[[Path, str], None] | None = None,
    *,
    keeps_decisions: bool = True,
) -> Rewritten:
    """Write an attached database anew, less the rows of users.

    Decisions that were launched stay as a count, see `anonymous_ledger`; not in a
    publication, whose Parquet files lose them.
    """
    writing = file.with_name(f"{file.name}.new")
    writing.unlink(missing_ok=True)
    if attach:
        attach(writing, "rewritten")
    else:
        cursor.execute(f"attach {sql_text(writing)} as rewritten (storage_version '{storage}')")
    note_names(cursor, persons)
    tables = tables_of(cursor, database)
    note_lines(cursor, database, tables)
    cursor.execute(f'copy from database "{database}" to rewritten (schema)')
    counts = {}
    for (schema, table), columns in tables.items():
        old = f'"{database}"."{schema}"."{table}"'
        theirs = is_users(columns)
        rows = f"from {old} where not ({theirs})"
        if table == LEDGER and keeps_decisions:
            rows = anonymous_ledger(old, theirs, columns)
        cursor.execute(f'insert into rewritten."{schema}"."{table}" by name {rows}')
        count = cursor.execute(f"select count(*) from {old} where {theirs}").fetchall()
        if count[0][0]:
            counts[f"{schema}.{table}"] = count[0][0]
    if PUBLISHED_TABLES in tables:
        for name, count in counts.items():
            cursor.execute(
                f"update rewritten.{'.'.join(PUBLISHED_TABLES)} set row_count = row_count - $1 where table_name = $2",
                [count, name],
            )
    cursor.execute("detach rewritten")
    return Rewritten(writing, file, counts)


def note_lines(cursor: duckdb.DuckDBPyConnection, database: str, tables: dict[tuple[str, str], dict]) -> None:
    """Make the order lines of the users known, for tables that name nothing else."""
    cursor.execute("create or replace temp table lines (transaction_id varchar, order_id varchar)")
    if ("core", "transactions") in tables:
        cursor.execute(
            f'insert into lines select transaction_id, order_id from "{database}".core.'
            "transactions where user_id in (from forgotten)"
        )


def anonymous_ledger(old: str, theirs: str, columns: dict[str, str]) -> str:
    """Return the query of launched decisions in which the users have no name.

    What a campaign decided, by offer and channel, stays countable; what says anything
    of the user goes. New ids are random, the same for the revisions of one decision.
    """
    emptied = {
        "segment_name": "null",
        "reasons": "'erased'",
        "reasons_zh": "'已删除'",
        "estimator_version": "null",
        "is_global_control": "null",
        "score": "null",
        "response_probability": "round(response_probability, 2)",
        **{name: f"round({name}, 2)" for name in ROUNDED},
        "expected_margin": "case when expected_margin > 0 then"
        " greatest(round(expected_margin, 2), 0.01) else round(expected_margin, 2) end",
    }
    replaced = ", ".join(
        f"case when theirs then {value} else {name} end as {name}" for name, value in emptied.items() if name in columns
    )
    return f"""
        with judged as (select *, {theirs} as theirs from {old}),
        named as (
            select campaign_id, user_id,
                '{ERASED}' || replace(cast(uuid() as varchar), '-', '') as name
            from (select distinct campaign_id, user_id from judged where theirs)
        )
        select judged.* exclude (theirs) replace (
            {replaced},
            coalesce(named.name, judged.user_id) as user_id,
            case when theirs then md5(named.name || '/' || revision_number)
                else decision_id end as decision_id,
            case when theirs and corrects_decision_id is not null
                then md5(named.name || '/' || (revision_number - 1))
                else corrects_decision_id end as corrects_decision_id
        )
        from judged
        left join named on judged.campaign_id = named.campaign_id
            and judged.user_id = named.user_id and theirs
    """

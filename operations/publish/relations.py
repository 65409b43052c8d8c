"""How published tables are joined: their primary keys, and what refers to them.

Keys that stay small are declared in the file. Foreign keys are not: DuckDB takes them
when a table is made only, so tables would have to be copied in the order in which they
refer, and it looks every row up in the index of the key. They are rows of
`publication.relations` instead.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import duckdb

from operations.publish.marts import Mart, quoted

# DuckDB holds the whole index of a key in memory to make it, some 100 bytes a row, and
# writes it: over the 1.5 million order lines 3 s and 90 MB (2026-11-28).
MOST_KEYED_ROWS = 200_000
DESCRIPTION = (
    "One row per relation between two published tables: equal values in from_columns and "
    "to_columns name the same thing."
)
COLUMNS = {
    "from_schema": "Schema of the table that refers.",
    "from_table": "Table that refers.",
    "from_columns": "Its columns to join by, separated by a comma and a blank.",
    "to_schema": "Schema of the table referred to.",
    "to_table": "Table referred to.",
    "to_columns": "Its columns to join by, in the same order.",
    "kind": "many to one, one to one or many to many: only many to many makes more rows in a join.",
    "condition": "Rows of from_table that the relation is for, as SQL; null for all.",
    "is_tested": "true: a data test relationships holds it in every build. false: the columns are "
    "called like a key, and in this publication every value of theirs is found there.",
}


@dataclass(frozen=True)
class Relation:
    """A row of publication.relations."""

    from_schema: str
    from_table: str
    from_columns: str
    to_schema: str
    to_table: str
    to_columns: str
    kind: str
    condition: str | None
    is_tested: bool


def declare_key(connection: duckdb.DuckDBPyConnection, mart: Mart, row_count: int) -> None:
    """Declare the primary key of a published table, unless its index would be large."""
    if not mart.primary_key or row_count > MOST_KEYED_ROWS:
        return
    try:
        connection.execute(f"alter table public.{mart.in_sql} add primary key ({quoted(mart.primary_key)})")
    except duckdb.ConstraintException as error:
        raise duckdb.ConstraintException(
            f"in {mart.place}, key {', '.join(mart.primary_key)} comes twice or is null. Run dbt "
            "build, whose test unique_key finds the rows."
        ) from error


def relations(connection: duckdb.DuckDBPyConnection, manifest: dict, marts: list[Mart]) -> list[Relation]:
    """List the relations that tests hold, and those by name that hold in the file."""
    tested = _tested(manifest, marts)
    targets = {(to, keys) for _, _, to, keys in tested if keys == to.primary_key}
    # a column called like a key that a test looks it up in, or columns like a longer key;
    # rows of reports stand for several where there are too few users
    targets |= {(mart, mart.primary_key) for mart in marts if len(mart.primary_key) > 1 and mart.schema != "reports"}
    named = {
        (mart, keys, to, keys)
        for to, keys in targets
        for mart in marts
        if mart != to and set(keys) <= set(mart.columns)
    }
    return sorted(
        (
            *(_relation(*each, condition, is_tested=True) for each, condition in tested.items()),
            *(_relation(*each, None, is_tested=False) for each in named - tested.keys() if _holds(connection, *each)),
        ),
        key=lambda each: (each.from_schema, each.from_table, each.from_columns, each.to_table),
    )


def write_relations(connection: duckdb.DuckDBPyConnection, found: list[Relation]) -> None:
    """Write publication.relations."""
    columns = ", ".join(f"{name} {'boolean' if name == 'is_tested' else 'text'}" for name in COLUMNS)
    connection.execute(f"create table public.publication.relations ({columns})")
    if found:
        connection.executemany(
            f"insert into public.publication.relations values ({', '.join('?' * len(COLUMNS))})",
            [astuple(each) for each in found],
        )


def _tested(manifest: dict, marts: list[Mart]) -> dict[tuple, str | None]:
    """Return who refers by which columns to whom, by the tests `relationships`.

    Each with the condition on the rows that the test looks at.
    """
    published = {mart.unique_id: mart for mart in marts}
    found = {}
    for test in manifest["nodes"].values():
        if (test.get("test_metadata") or {}).get("name") != "relationships":
            continue
        model, arguments = test["attached_node"], test["test_metadata"]["kwargs"]
        # a test of a table against itself depends on that one alone
        others = [node for node in test["depends_on"]["nodes"] if node != model] or [model]
        if model in published and others[0] in published:
            columns, keys = (arguments["column_name"],), (arguments["field"],)
            each = (published[model], columns, published[others[0]], keys)
            found[each] = test["config"].get("where")
    return found


def _relation(
    mart: Mart, columns: tuple[str, ...], to: Mart, keys: tuple[str, ...], condition: str | None, *, is_tested: bool
) -> Relation:
    """Write a relation for people to read."""
    one, another = (
        "one" if table.primary_key and set(table.primary_key) <= set(each) else "many"
        for table, each in ((mart, columns), (to, keys))
    )
    return Relation(
        *(mart.schema, mart.name, ", ".join(columns)),
        *(to.schema, to.name, ", ".join(keys)),
        f"{one} to {another}",
        condition,
        is_tested,
    )


def _holds(
    connection: duckdb.DuckDBPyConnection, mart: Mart, columns: tuple[str, ...], to: Mart, keys: tuple[str, ...]
) -> bool:
    """Tell whether there are values and all of them are found."""
    known = " and ".join(f"{quoted([column])} is not null" for column in columns)
    [(values, strange)] = connection.execute(
        f"""
        with used as (
            select distinct {quoted(columns)} from public.{mart.in_sql} where {known}
        )
        select
            (select count(*) from used),
            (select count(*) from (from used except select {quoted(keys)} from public.{to.in_sql}))
        """
    ).fetchall()
    return values > 0 and strange == 0

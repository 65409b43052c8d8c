"""Who counts the rows of a shop's file pays for no column that is not asked for."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import jinja2
import pytest
from support.cache import PROJECT_FOLDER

FILE_COLUMNS = "raw_column_0 text, source_file text, source_row bigint, zone text, sign_column_0 text"
KINDS = ("string", "decimal(18, 2)", "int", "double", "boolean", "timestamp", "date")


def read_rows(kinds: tuple[str, ...], *, is_required: bool) -> str:
    """Return the SQL by which a table of text becomes one of values, a column per kind."""
    text = "".join(
        (PROJECT_FOLDER / "macros" / "reading" / name).read_text() for name in ("read_values.sql", "reading_notes.sql")
    )
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    macros = environment.from_string(text, globals={"var": lambda _: "refuse", "return": lambda found: found}).module
    columns = [
        SimpleNamespace(
            name=f"column_{number}",
            data_type=kind,
            meta=SimpleNamespace(required=is_required, read_as=None, get=lambda _, other=None: other),
        )
        for number, kind in enumerate(kinds)
    ]
    return f"with {macros.read_rows(columns)}"


@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_count_reads_no_value(kind: str, is_required: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table file_rows ({FILE_COLUMNS})")
        plan = connection.execute(
            f"explain select count(*) from ({read_rows((kind,), is_required=is_required)})"
        ).fetchall()[0][1]
    assert "raw_column_0" not in plan
    assert "JOIN" not in plan


@pytest.mark.parametrize("text", ["null", " NA", "n/a ", "NaN", "None", "NaT", "-", "", " ", "NULL", "\\N"])
def test_a_word_for_nothing_is_no_fault(text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table file_rows as"
            " select $1 as raw_column_0, 'f' as source_file, 1 as source_row, null::text as zone",
            [text],
        )
        assert connection.execute(
            f"select column_0, read_fault, read_repairs from ({read_rows(('int',), is_required=True)})"
        ).fetchall() == [(None, None, None)]


@pytest.mark.parametrize("text", ["nulls", "x", "n a", "--", "nan1"])
def test_another_word_is_a_fault(text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table file_rows as"
            " select $1 as raw_column_0, 'f' as source_file, 1 as source_row, null::text as zone",
            [text],
        )
        required, optional = (
            connection.execute(
                f"select read_fault, read_repairs from ({read_rows(('int',), is_required=is_required)})"
            ).fetchall()
            for is_required in (True, False)
        )
    assert required == [("column_0 is unreadable", None)]
    assert optional == [(None, "column_0 is unreadable, emptied")]

"""The generic data tests catch the rows they must catch, and pass the others."""

from __future__ import annotations

import re

import duckdb
import jinja2
import pytest
from support.builds import PROJECT_FOLDER


def found_rows(test: str, arguments: dict[str, object], tables: dict[str, str]) -> list[tuple]:
    """Run a generic test over tables, each given as the rows of a `values` list."""
    text = (PROJECT_FOLDER / "tests" / "generic" / f"{test}.sql").read_text()
    # dbt's own block: to Jinja a macro of the same arguments
    text = re.sub(r"{% test ", "{% macro ", text)
    text = re.sub(r"{% endtest %}", "{% endmacro %}", text)
    template = jinja2.Environment(autoescape=False).from_string(text)
    sql = getattr(template.module, test)(model="checked", **arguments)
    with duckdb.connect() as connection:
        for name, rows in tables.items():
            connection.execute(f"create table {name} as from (values {rows})")
            for number, column in enumerate(("id", "part", "amount")):
                connection.execute(f"alter table {name} rename col{number} to {column}")
        return connection.execute(sql).fetchall()


UNIQUE = "(1, 'a', 1.0), (1, 'b', 1.0), (2, 'a', 1.0)"


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        pytest.param(["id", "part"], UNIQUE, [], id="two columns together"),
        pytest.param(["id"], UNIQUE, [(1, 2)], id="one column comes again"),
        pytest.param(["id", "part"], UNIQUE + ", (2, 'a', 9.0), (2, 'a', 9.0)", [(2, "a", 3)], id="both come again"),
        pytest.param(["id", "part"], UNIQUE + ", (3, null, 1.0)", [(3, None, 1)], id="a null in the last column"),
        pytest.param(["id", "part"], UNIQUE + ", (null, 'a', 1.0)", [(None, "a", 1)], id="a null in the first column"),
    ],
)
def test_unique_key_finds_keys_that_name_no_row(columns: list[str], rows: str, expected: list[tuple]) -> None:
    assert found_rows("unique_key", {"columns": columns}, {"checked": rows}) == expected


@pytest.mark.parametrize(
    ("rows", "expected_ids"),
    [
        pytest.param("(1, 'a', 1.0), (2, 'b', 0.0)", [], id="true of all"),
        pytest.param("(1, 'a', 1.0), (2, 'b', -0.01)", [2], id="false of one"),
        pytest.param("(1, 'a', 1.0), (2, 'b', null)", [2], id="unknown of one"),
    ],
)
def test_holds_finds_rows_of_which_it_is_not_true(rows: str, expected_ids: list[int]) -> None:
    found = found_rows("holds", {"expression": "amount >= 0"}, {"checked": rows})
    assert [row[0] for row in found] == expected_ids


def test_holds_negates_the_whole_expression() -> None:
    found = found_rows(
        "holds",
        {"expression": "amount > 0 or part = 'b'"},
        {"checked": "(1, 'a', 1.0), (2, 'b', -1.0), (3, 'c', -1.0)"},
    )
    assert [row[0] for row in found] == [3]


@pytest.mark.parametrize(
    ("here", "there", "to_where", "is_found"),
    [
        pytest.param("(1, 'a', 3.00)", "(1, 'a', 1.50), (2, 'b', 1.50)", None, False, id="split otherwise"),
        pytest.param("(1, 'a', 3.00)", "(1, 'a', 3.01)", None, True, id="a cent off"),
        pytest.param("(1, 'a', 3.00)", "(1, 'a', 3.00), (2, 'b', 4.00)", "id = 1", False, id="equal where compared"),
        pytest.param("(1, 'a', 3.00)", "(1, 'a', 3.00), (2, 'b', 4.00)", "id = 2", True, id="other where compared"),
        pytest.param("(1, 'a', 3.00)", "(1, 'a', 3.00)", "id = 2", True, id="nothing there"),
        pytest.param("(1, 'a', 0.00)", "(1, 'a', 3.00)", "id = 2", False, id="zero here and nothing there"),
    ],
)
def test_same_total_finds_totals_that_differ(here: str, there: str, to_where: str | None, is_found: bool) -> None:
    found = found_rows(
        "same_total",
        {"column_name": "amount", "to": "other", "field": "amount", "to_where": to_where},
        {"checked": here, "other": there},
    )
    assert len(found) == is_found


WHOLE = {"whole": "part = 'all'", "within": "id", "kind": "part"}


@pytest.mark.parametrize(
    ("arguments", "rows", "expected"),
    [
        pytest.param({}, "(1, 'a', 10), (2, 'a', 0)", [], id="enough, or nobody"),
        pytest.param({}, "(1, 'a', 9)", [("amount", 9)], id="one too few"),
        pytest.param({}, "(1, 'a', 1)", [("amount", 1)], id="one user"),
        pytest.param(WHOLE, "(1, 'all', 30), (1, 'b', 10), (1, 'b', 20)", [], id="parts add up"),
        pytest.param(WHOLE, "(1, 'all', 30), (1, 'b', 10), (2, 'b', 19)", [], id="ten are left"),
        pytest.param(
            WHOLE,
            "(1, 'all', 30), (1, 'b', 10), (1, 'b', 11), (1, 'c', 30)",
            [("amount less its parts", 9)],
            id="nine are left of one kind",
        ),
        pytest.param(WHOLE, "(1, 'all', 30)", [], id="no part is shown"),
    ],
)
def test_no_small_cells_finds_cells_and_differences(
    arguments: dict[str, str], rows: str, expected: list[tuple]
) -> None:
    found = found_rows("no_small_cells", {"users": ["amount"], "least": "10", **arguments}, {"checked": rows})
    assert sorted(found) == expected

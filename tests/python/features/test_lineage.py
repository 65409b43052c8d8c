"""Column lineage: what SQL selects, what Python declares, and the page of both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.builds import PROJECT_FOLDER

from operations.docs_site.lineage import LineageError, end_columns, raw_columns
from operations.docs_site.lineage.declared import declared_lineage
from operations.docs_site.lineage.page import lineage_page
from operations.docs_site.lineage.relations import Relation
from operations.docs_site.lineage.sql import sql_lineage

TARGET = PROJECT_FOLDER / "target"
MARGIN = "model.precision_marketing.campaign_audience.expected_margin"
SALES = "source.precision_marketing.complete_journey.transactions.sales_value"
ORDERS = Relation("orders_id", "orders", "model", ("id", "user_id", "amount"), "s.orders")
USERS = Relation("users_id", "users", "model", ("user_id", "city", "bonus"), "s.users")
KNOWN = {each.name_in_sql: each for each in (ORDERS, USERS)}


def letters(columns: frozenset[tuple[str, str]]) -> set[str]:
    """Return columns as words."""
    return {f"{name.removesuffix('_id')}.{column}" for name, column in columns}


@pytest.mark.parametrize(
    ("query", "value", "rows"),
    [
        ("select * from s.orders", {"orders.amount"}, set()),
        # a step called as its table
        ("with orders as (select * from s.orders) select amount from orders",
         {"orders.amount"}, set()),
        # the table's column wins over a name given in the same select
        ("select id as user_id, user_id || 'x' as amount from s.orders",
         {"orders.user_id"}, set()),
        ("select id as y, y || 'x' as amount from s.orders", {"orders.id"}, set()),
        ("select bonus as amount, 1 as z from s.users union all by name"
         " select 2 as z, amount from s.orders", {"users.bonus", "orders.amount"},
         set()),
        ("select count(*) as amount from s.orders group by user_id",
         set(), {"orders.user_id"}),
        ("select n.flag as amount from s.orders left join (select user_id, true as flag"
         " from s.users) as n on orders.user_id = n.user_id",
         set(), {"users.user_id", "users.city", "users.bonus"}),
        ("select case when city = 'x' then 1 end as amount from s.users",
         {"users.city"}, set()),
        ("select each as amount from s.orders, unnest([amount, id]) as t (each)",
         {"orders.amount", "orders.id"}, set()),
        ("select v as amount from s.orders unpivot (v for n in (id, user_id))",
         {"orders.id", "orders.user_id"}, set()),
        ("select (select max(bonus) from s.users where users.user_id = orders.user_id)"
         " as amount from s.orders",
         {"users.bonus"}, {"users.user_id", "orders.user_id"}),
        ("select list_transform([amount], lambda x: x + 1) as amount from s.orders",
         {"orders.amount"}, set()),
        ("select sum(amount) over (partition by user_id order by id) as amount"
         " from s.orders", {"orders.amount", "orders.user_id", "orders.id"}, set()),
        ("select generate_series as amount from generate_series(1, 3)", set(), set()),
    ],
)  # fmt: skip
def test_a_column_comes_from_what_its_expression_reads(query: str, value: set[str], rows: set[str]) -> None:
    columns, _ = sql_lineage("m", query, KNOWN)
    assert letters(columns["amount"].value) == value
    assert letters(columns["amount"].rows) == rows


def test_joins_and_conditions_are_filters_and_no_values() -> None:
    columns, filters = sql_lineage(
        "m", "select amount from s.orders inner join s.users on orders.user_id = users.user_id where city = 'x'", KNOWN
    )
    assert letters(columns["amount"].value) == {"orders.amount"}
    assert letters(filters) == {"orders.user_id", "users.user_id", "users.city"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select nothing from s.orders", "nothing"),
        ("select a from s.unknown", "'a'"),
        ("select amount frm s.orders", "cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_an_error_that_names_the_model(query: str, words: str) -> None:
    with pytest.raises(LineageError, match=f"my_model.*{words}|{words}.*my_model"):
        sql_lineage("my_model", query, KNOWN)


PYTHON_INPUTS = {"orders": ORDERS, "this": USERS}


def test_patterns_of_a_declaration_take_and_leave_columns() -> None:
    found, rows = declared_lineage(
        "m", {"a b": {"orders": "* !user_*"}, "b": {}, "rows": {"this": "city"}}, ("a", "b"), PYTHON_INPUTS
    )
    assert rows == {("users_id", "city")}
    assert found["a"] == found["b"] == {("orders_id", "id"), ("orders_id", "amount")}


def test_a_declaration_names_the_column_called_like_its_output() -> None:
    columns = ("id", "amount")
    declared = {"id amount": {"orders": "= user_id"}}
    found, _ = declared_lineage("m", declared, columns, PYTHON_INPUTS)
    assert [letters(found[each]) for each in columns] == [
        {"orders.id", "orders.user_id"},
        {"orders.amount", "orders.user_id"},
    ]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"a": {"orders": "id"}}, "Column b of the Python model m is missing"),
        ({"a b": {"orders": "price"}}, "orders.price"),
        ({"a b": {"users": "city"}}, "users, which it does not read"),
        ({"a b c": {}}, "declares c"),
    ],
)
def test_a_declaration_that_cannot_hold_is_an_error(declared: dict, words: str) -> None:
    with pytest.raises(LineageError, match=words):
        declared_lineage("m", declared, ("a", "b"), PYTHON_INPUTS)


@pytest.fixture(scope="module")
def manifest() -> dict:
    """Return the manifest of the last docs."""
    path = TARGET / "column_lineage.json"
    if not path.exists():
        pytest.fail(f"No {path}: run make build first.", pytrace=False)
    return json.loads((TARGET / "manifest.json").read_text())


@pytest.fixture(scope="module")
def lineage(manifest: dict) -> dict:
    """Return the lineage that the docs of the project made."""
    assert manifest
    return json.loads((TARGET / "column_lineage.json").read_text())


def test_every_column_ends_at_raw_columns_seeds_or_constants(lineage: dict) -> None:
    columns = lineage["columns"]
    assert {end["column"] for each in columns.values() for end in each["from"]} <= set(columns)
    endless = [
        name
        for name in columns
        if not {columns[end]["how"] for end in end_columns(lineage, name)} <= {"raw", "seed", "constant"}
    ]
    assert not endless


def test_an_expected_margin_reaches_raw_columns_through_python(lineage: dict) -> None:
    assert SALES in raw_columns(lineage, MARGIN)
    probability = MARGIN.replace("expected_margin", "response_probability")
    assert SALES in raw_columns(lineage, probability)


def test_the_page_leads_from_a_margin_to_a_raw_column(
    lineage: dict, manifest: dict, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "lineage.html"
    file.write_text(lineage_page(lineage, manifest))
    assert file.stat().st_size < 3_000_000
    outside, errors = [], []
    page = browser.new_page()
    page.on("request", lambda request: outside.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    margin = "campaigns.campaign_audience.expected_margin"
    for typed in (margin, "campaign_audience.Expected_Margin"):
        page.goto(f"{file.as_uri()}#{typed}")
        page.reload()
        assert page.text_content("#name") == margin
    # the chosen column left of all, raw tables right of all models
    edges = page.locator("#up svg rect").evaluate_all(
        "boxes => boxes.map(box => [box.className.baseVal, box.x.baseVal.value])"
    )
    ends = [x for how, x in edges if how in ("raw", "seed")]
    assert max(x for how, x in edges if how == "sql") < min(ends)
    assert edges[0][1] == min(x for _, x in edges)
    assert page.locator("#up svg path").count() > 20
    assert page.locator("#down").text_content() == "Nothing."
    page.select_option("#steps", "99")
    assert page.locator("#up svg rect").count() > len(edges)
    raw = "complete_journey.transactions.sales_value"
    page.click(f"#ends a:text-is('{raw}')")
    assert page.text_content("#name") == raw
    page.select_option("#steps", "1")
    name = "staging.stg_complete_journey__transactions.net_amount"
    page.click(f"#down svg a[href='#{name}']")
    assert page.text_content("#name") == name
    # a part of a name offers a list
    page.fill("#search", "expected_marg")
    offered = page.locator("#found a").all_text_contents()
    assert margin in offered
    assert 3 < len(offered) < 41
    page.fill("#search", "no such column")
    assert page.text_content("#count") == "No column is called no such column."
    # by keyboard: search, take the first
    page.focus("#search")
    page.fill("#search", "")
    page.keyboard.type("ml_user__scores.score")
    page.keyboard.press("Enter")
    name = "learning.ml_user__scores.score"
    page.wait_for_function(f"document.getElementById('name').textContent === '{name}'")
    assert "ml_estimator_registry" in page.text_content("#declared")
    assert not errors
    assert [url for url in outside if not url.startswith(("file:", "data:"))] == []

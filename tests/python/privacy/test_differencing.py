"""Whoever subtracts one publication from the next learns nothing about a few users."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.publishable import node, publish, write_build, write_manifest

from operations.publish import versions
from operations.publish.figures import LEAST_USERS

ORDERS = {f"u{number}": 10.0 + number for number in range(40)}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the folder of a shop that publishes users, orders and figures over them."""
    (tmp_path / "target").mkdir()
    write_manifest(
        tmp_path,
        [
            node("core", "users", ["user_id"]),
            node("core", "orders", ["user_id", "net_amount"]),
            node("reports", "rpt_cells", ["cell", "user_count", "net_amount"], meta={"pii": "aggregate"}),
        ],
    )
    return tmp_path


def build(folder: Path, orders: dict[str, float]) -> None:
    """Build the shop of users with one order each, in two cells."""
    with duckdb.connect(str(folder / "private.duckdb")) as connection:
        for schema in ("core", "reports", "seeds"):
            connection.execute(f"create schema if not exists {schema}")
        connection.execute("create or replace table core.orders (user_id text, net_amount double)")
        connection.executemany("insert into core.orders values (?, ?)", [*orders.items()])
        connection.execute(
            """
            create or replace table core.users as select user_id from core.orders;
            create or replace table seeds.suppressions (user_id text, suppression_kind text);
            create or replace table reports.rpt_cells as
            select ltrim(user_id, 'u')::int % 2 as cell, count(*) as user_count, sum(net_amount) as net_amount
            from core.orders group by cell
            """
        )
    write_build(folder)


def published(folder: Path, orders: dict[str, float]) -> dict[int, tuple]:
    """Publish a build; return the cells that everybody can read, equal in both formats."""
    build(folder, orders)
    result = publish(folder)
    assert result.returncode == 0, result.stderr
    parquet = folder / "published" / "small" / "current" / "reports" / "rpt_cells.parquet"
    with duckdb.connect(str(folder / "published" / "small.duckdb"), read_only=True) as connection:
        cells, same = (
            connection.sql(f"select * from {rows} order by cell").fetchall()
            for rows in ("reports.rpt_cells", f"'{parquet}'")
        )
        users = connection.sql("select count(*) from core.users").fetchone()
    assert users == (len(orders),)
    assert cells == same
    return {cell: figures for cell, *figures in cells}


def learned(before: dict[int, tuple], after: dict[int, tuple]) -> list[float]:
    """Return the attacker's findings: what cells changed by whose users are too few."""
    return [
        after[cell][1] - before[cell][1]
        for cell in before
        if abs(after[cell][0] - before[cell][0]) < LEAST_USERS and after[cell] != before[cell]
    ]


def test_five_publications_reveal_nobody_who_came_went_or_bought(shop: Path) -> None:
    orders = dict(ORDERS)
    shown = [published(shop, orders)]
    # somebody comes, goes, buys, comes and goes
    for change in ({"u40": 99.0}, {"u3": None}, {"u5": 1234.0}, {"u42": 7.0, "u7": None}):
        orders = {user: amount for user, amount in (orders | change).items() if amount is not None}
        shown.append(published(shop, orders))
        assert learned(shown[-2], shown[-1]) == []
        assert learned(shown[0], shown[-1]) == []
    assert shown == [shown[0]] * 5
    with duckdb.connect(str(shop / "published" / "small.duckdb"), read_only=True) as connection:
        assert connection.sql(
            "select table_name, sequence_number, figures_number from publication.published_tables order by 1"
        ).fetchall() == [("core.orders", 5, 5), ("core.users", 5, 5), ("reports.rpt_cells", 5, 1)]
    # six have changed since; with ten the figures move, all at once
    orders |= {f"u{number}": 1.0 for number in range(50, 60, 2)}
    now = published(shop, orders)
    assert now[0] == [
        len([user for user in orders if int(user[1:]) % 2 == 0]),
        pytest.approx(sum(amount for user, amount in orders.items() if int(user[1:]) % 2 == 0)),
    ]


def test_what_nobody_changed_is_shown_as_it_is(shop: Path) -> None:
    first = published(shop, ORDERS)
    assert published(shop, dict(reversed(ORDERS.items()))) == first
    with duckdb.connect(str(shop / "published" / "small.duckdb"), read_only=True) as connection:
        assert connection.sql("select distinct figures_number from publication.published_tables").fetchall() == [(2,)]


def test_who_was_erased_is_not_the_difference_of_two_publications(shop: Path) -> None:
    first = published(shop, ORDERS)
    # as erasure leaves it: without the user's rows, but with figures over all
    for version in versions.versions_of(shop / "published" / "small.duckdb"):
        for file in version.rglob("*.parquet"):
            rows = duckdb.read_parquet(str(file))
            if "user_id" in rows.columns:
                rows.filter("user_id <> 'u9'").write_parquet(str(file.with_suffix(".new")))
                file.with_suffix(".new").replace(file)
    assert published(shop, {user: amount for user, amount in ORDERS.items() if user != "u9"}) == first


def test_figures_whose_columns_changed_are_new(shop: Path) -> None:
    published(shop, ORDERS)
    write_manifest(
        shop,
        [
            node("core", "users", ["user_id"]),
            node("core", "orders", ["user_id", "net_amount"]),
            node("reports", "rpt_cells", ["cell", "user_count"], meta={"pii": "aggregate"}),
        ],
    )
    assert published(shop, ORDERS | {"u41": 1.0})[1] == [21]

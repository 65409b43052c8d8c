"""Who has no row that is kept leaves the vault and the users."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtRuns, attach_vault
from support.erasable_shop import Shop
from support.shops import write_shop

TODAY = datetime.datetime.now(datetime.UTC).date()
ENTITIES = (
    "transactions",
    "events",
    "reviews",
    "campaign_contacts",
    "contact_events",
    "coupon_redemptions",
    "point_movements",
    "order_tokens",
    "order_disputes",
)
BUILT = ("+people", "+users", "+rows_left_out", "+rejected_rows")
EVERYBODY = {
    "buyer", "spaced", "past_buyer", "signed_up", "undated", "reviewer", "contacted", "once_contacted", "changed",
    "no_profile", "past_no_profile",
}  # fmt: skip


def day(days: int) -> str:
    """Return the day that was so many days ago."""
    return str(TODAY - datetime.timedelta(days=days))


TEXTS = {
    # the last order of a user, in days
    "transactions.csv": "transaction_id,order_id,user_id,product_id,quantity,net_amount,ordered_at\n"
    + "".join(
        f"t{user},o{user},{user},p1,1,2.50,{day(days)} 10:00:00\n"
        for user, days in {
            "buyer": 5, " spaced ": 29, "past_buyer": 400, "reviewer": 400, "changed": 400, "no_profile": 2,
            "past_no_profile": 31,
        }.items()
    )
    + "".join(f"t{name},o{name},buyer,p1,1,{amount},{when}\n" for name, amount, when in (
        ("undated", "77.01", "soon"), ("dated", "much", f"{day(2)} 10:00:00")
    )),
    "users.csv": "user_id,email,signup_at,updated_at\n"
    + "".join(
        f"{user},{user}@example.com,{signed_up},{changed}\n"
        for user, signed_up, changed in (
            ("buyer", day(900), ""),
            ("spaced", "", ""),
            ("past_buyer", day(500), day(500)),
            ("signed_up", day(3), ""),
            ("undated", "", ""),
            ("reviewer", day(900), ""),
            ("contacted", day(900), ""),
            ("once_contacted", day(900), ""),
            ("changed", day(900), day(2)),
        )
    ),
    "products.csv": "product_id,product_name,list_price\np1,Tea,2.50\n",
    "reviews.csv": f"review_id,user_id,product_id,rating,reviewed_at\nr1,reviewer,p1,5,{day(3)} 10:00:00\n",
    "campaigns.csv": "campaign_id,starts_on,ends_on\n"
    f"new,{day(40)},{day(20)}\nold,{day(330)},{day(300)}\n",
    # three without a date of their own, one of a campaign that nobody knows
    "campaign_contacts.csv": "campaign_id,user_id,arm,sent_at\nnew,contacted,treatment,\n"
    f"old,once_contacted,treatment,\nunknown,once_contacted,treatment,\nold,buyer,treatment,{day(1)} 10:00:00\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(shop_dbt: DbtRuns) -> Shop:
    shop = Shop(shop_dbt, shop_dbt.folder / "kept_shop")
    shop.dbt = shop_dbt
    shop_dbt.begin()
    write_shop(shop.folder / "raw", TEXTS)
    return shop


def who_stays(warehouse: Path) -> set[str]:
    """Return the source's ids of whom the vault knows, who are the users too."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        attach_vault(connection, warehouse)
        people = connection.sql("select user_id, source_user_id from vault.people").fetchall()
        users = connection.sql("select user_id from core.users").fetchall()
        tables = connection.sql("select table_name from duckdb_tables() where database_name = 'vault'").fetchall()
        emails = connection.sql("select email from vault.people where email is not null").fetchall()
    assert sorted(user for user, _ in people) == sorted(user for (user,) in users)
    assert tables == [("people",)]
    staying = {user for _, user in people}
    assert {email.split("@")[0] for (email,) in emails} <= staying
    return staying


def left_out(warehouse: Path) -> dict[str, int]:
    """Return how many rows of each entity are kept no longer."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return dict(
            connection.sql(
                "select entity, row_count from core.rows_left_out where reason = 'expired' and row_count > 0"
            ).fetchall()
        )


def rejected(warehouse: Path) -> dict[str, str]:
    """Return the rejected rows of transactions by id."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return dict(
            connection.sql("select row_key, raw_row from core.rejected_rows where entity = 'transactions'").fetchall()
        )


def test_who_has_no_row_that_is_kept_leaves(shop: Shop) -> None:
    retention = "{" + ", ".join(f"{entity}: 30" for entity in ENTITIES) + "}"
    built = (*BUILT, "+campaign_contacts")
    shop.build(*built, retention=retention, tested=built)
    gone = {"past_buyer", "undated", "once_contacted", "past_no_profile"}
    assert who_stays(shop.warehouse) == EVERYBODY - gone
    # a contact without a date is as old as its campaign's end, or leaves
    assert left_out(shop.warehouse) == {"transactions": 4, "campaign_contacts": 2, "users": 3}


def test_where_other_rows_are_kept_for_ever_only_who_had_some_leave(shop: Shop) -> None:
    shop.build(*BUILT, retention="{transactions: 30}")
    assert who_stays(shop.warehouse) == EVERYBODY - {"past_buyer", "past_no_profile"}
    assert left_out(shop.warehouse) == {"transactions": 4, "users": 1}
    # what has no date would stay for ever
    found = rejected(shop.warehouse)
    assert found["tundated"] == "{}"
    assert "odated" in found["tdated"]


def test_without_a_period_everybody_stays(shop: Shop) -> None:
    shop.build(*BUILT, retention="{stock_levels: 1}")
    assert who_stays(shop.warehouse) == EVERYBODY
    assert left_out(shop.warehouse) == {}
    assert "77.01" in rejected(shop.warehouse)["tundated"]

"""Features of events: what happened later moves none, nothing is counted twice, and traps of public threads."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta

import duckdb
import pandas as pd
import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, NO_DATA_TESTS, built_shop, query_shop, run_on_shop, write_shop
from touchpoints.plain_models import make_tables

# The cut-off, and a date before and after it.
DATES = (date(2026, 3, 1), date(2026, 3, 15), date(2026, 3, 29))
SETTINGS = {"feature_windows": {"visit": [7, 28, 91]}, "cart_days": 28}
MODELS = {
    "features/user": ["ftr_user__visit_days", "ftr_user__visits"],
    "features/user_product": ["ftr_user_product__visit_days", "ftr_user_product__visits"],
    "features/user_category": ["ftr_user_category__visit_days", "ftr_user_category__visits"],
}
FEATURES = ("ftr_user__visits", "ftr_user_product__visits", "ftr_user_category__visits")
KINDS = ("view", "view", "view", "search", "add_to_cart", "remove_from_cart", "checkout", "purchase", "wishlist")
USERS, PRODUCTS = tuple(f"u{number}" for number in range(30)), tuple(f"p{number}" for number in range(12))


def drawn_events(draw: random.Random, count: int, first: date, days: int, prefix: str) -> pd.DataFrame:
    """Draw events of some days: a third of nobody, many of a bot, and some that name no product."""

    def event(number: int) -> tuple:
        day = first + timedelta(days=draw.randrange(days))
        at = datetime.combine(day, time(draw.randrange(24), draw.randrange(60)))
        user = draw.choice([draw.choice(USERS), USERS[0], None])
        product = draw.choice([*PRODUCTS, None])
        return f"{prefix}{number}", user, product, draw.choice(KINDS), draw.choice(["web", "app", None]), day, at

    columns = ["event_id", "user_id", "product_id", "event_type", "channel", "occurred_on", "occurred_at"]
    return pd.DataFrame([event(number) for number in range(count)], columns=columns)


def drawn_days(draw: random.Random, count: int, first: date, days: int) -> pd.DataFrame:
    """Draw days on which users bought something."""
    rows = {
        (draw.choice(USERS), draw.choice(PRODUCTS), first + timedelta(days=draw.randrange(days))) for _ in range(count)
    }
    return pd.DataFrame(sorted(rows), columns=["user_id", "product_id", "activity_date"])


def features(events: pd.DataFrame, bought: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Make the features of events and purchases, in plain DuckDB."""
    connection = duckdb.connect(config={"threads": 1})
    days = bought[["user_id", "activity_date"]].drop_duplicates()
    ranked = pd.DataFrame([(user, True, day) for user in USERS for day in DATES], columns=["user_id", "is_ranked", "d"])
    products = pd.DataFrame(
        [(name, f"c{place % 3}", f"d{place % 2}", "goods") for place, name in enumerate(PRODUCTS)],
        columns=["product_id", "category", "department", "product_kind"],
    )
    levels = [("category", f"c{place}") for place in range(3)] + [("department", f"d{place}") for place in range(2)]
    frames = {
        "events": events,
        "ftr_user__days": days,
        "ftr_user_product__days": bought,
        "ftr_user_product__users": ranked.rename(columns={"d": "as_of_date"}),
        "as_of_dates": pd.DataFrame({"as_of_date": DATES, "is_window_apart": True}),
        "products": products,
        "ftr_categories": pd.DataFrame(levels, columns=["category_level", "category_name"]),
    }
    for name, frame in frames.items():
        connection.register("frame", frame)
        dates = ", ".join(
            f"{column}::date as {column}"
            for column in ("activity_date", "as_of_date", "occurred_on")
            if column in frame
        )
        given = f"* replace ({dates})" if dates else "*"
        connection.execute(f"create table {name} as select {given} from frame")
    for folder, names in MODELS.items():
        make_tables(connection, folder, names, SETTINGS)
    return connection


@pytest.mark.parametrize("seed", range(3))
def test_later_events_and_orders_move_no_feature(seed: int) -> None:
    draw = random.Random(seed)
    first, cutoff = date(2025, 11, 1), DATES[1]
    known = (cutoff - first).days
    events, bought = drawn_events(draw, 1500, first, known, "e"), drawn_days(draw, 200, first, known)
    later = drawn_events(draw, 600, cutoff, 20, "later"), drawn_days(draw, 100, cutoff, 20)
    alone, beside = features(events, bought), features(pd.concat([events, later[0]]), pd.concat([bought, later[1]]))
    for name in FEATURES:
        query = f"from {name} where as_of_date <= date '{cutoff}' order by all"
        rows = alone.sql(query).fetchall()
        assert len(rows) > 30
        assert beside.sql(query).fetchall() == rows
        # and they are there to be seen
        later_rows = f"from {name} where as_of_date > date '{cutoff}' order by all"
        assert beside.sql(later_rows).fetchall() != alone.sql(later_rows).fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_events_of_known_users_add_up(seed: int) -> None:
    draw = random.Random(100 + seed)
    events = drawn_events(draw, 2000, date(2025, 11, 1), 160, "e")
    shop = features(events, drawn_days(draw, 200, date(2025, 11, 1), 160))
    for days in SETTINGS["feature_windows"]["visit"]:
        for kind, name in (("view", "view"), ("search", "search"), ("add_to_cart", "cart")):
            counted = f"""
                select as_of_date, count(*) from events inner join as_of_dates
                    on occurred_on < as_of_date and occurred_on >= as_of_date - {days}
                where user_id is not null and event_type = '{kind}' %s
                group by all order by all
            """
            summed = "select as_of_date, sum(%s)::bigint from %s %s group by all order by all"
            expected = shop.sql(counted % "").fetchall()
            assert len(expected) == len(DATES)
            assert shop.sql(summed % (f"{name}_count_{days}d", "ftr_user__visits", "")).fetchall() == expected
            if kind == "search":
                continue
            expected = shop.sql(counted % "and product_id is not null").fetchall()
            column = f"product_{name}_count_{days}d"
            assert shop.sql(summed % (column, "ftr_user_product__visits", "")).fetchall() == expected
            # each product is of one category and of one department
            for level in ("category", "department"):
                given = (
                    f"category_{name}_count_{days}d",
                    "ftr_user_category__visits",
                    f"where category_level = '{level}'",
                )
                assert shop.sql(summed % given).fetchall() == expected


# What broke elsewhere, one user each: https://github.com/ and the thread.
# User: events (id, product, type, when, updated when).
TRAPS = {
    # matomo-org/matomo#20315: an emptied cart is not abandoned
    "emptied": [
        ("m1", "p1", "add_to_cart", "2026-03-08 10:00:00", ""),
        ("m2", "p1", "remove_from_cart", "2026-03-08 10:05:00", ""),
    ],
    # matomo-org/matomo#6974: what is bought days later was not left in the cart
    "late": [("l1", "p1", "add_to_cart", "2026-03-05 10:00:00", "")],
    "waiting": [("w1", "p1", "add_to_cart", "2026-03-05 10:00:00", "")],
    # segmentio/analytics.js#459: an event sent twice is one event
    "twice": [("d1", "p1", "view", "2026-03-08 10:00:00", "")] * 2,
    # arp242/goatcounter#852: the day turns at the shop's midnight, not at the writer's
    "midnight": [
        ("n1", "p1", "view", "2026-03-11 00:30:00+08:00", ""),
        ("n2", "p1", "search", "2026-03-10 23:30:00-05:00", ""),
    ],
    # a view of a page without a product counts, one of a product that there is not does not
    "lost": [("p1", "", "view", "2026-03-08 10:00:00", ""), ("p2", "ghost", "view", "2026-03-08 10:00:00", "")],
    # Automattic/wp-calypso#27398: a machine's views are one day of one visitor
    "robot": [(f"r{number}", "p1", "view", "2026-03-08 10:00:00", "") for number in range(10_000)],
}
# Written first without its user, then again once who it was had signed in: an older row loses.
JOINED = [
    ("j1", "", "2026-03-08 10:00:00", "2026-03-08 10:00:00"),
    ("j1", "j", "2026-03-08 10:00:00", "2026-03-08 11:00:00"),
]


@pytest.fixture(scope="module")
def visits(shop_dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Features at the scoring date of a shop of all traps, by user."""
    orders = dict.fromkeys((*TRAPS, "j"), "2026-01-15 12:00:00") | {"late": "2026-03-07 12:00:00"}
    lines = [f"t-{name},o-{name},{name},p1,1,2.50,{at}" for name, at in orders.items()]
    lines.append("t-last,o-last,last,p1,1,2.50,2026-03-10 12:00:00")
    rows = [
        (key, user, product, kind, at, updated)
        for user, each in TRAPS.items()
        for key, product, kind, at, updated in each
    ]
    rows += [(key, user, "p1", "view", at, updated) for key, user, at, updated in JOINED]
    files = {
        "transactions.csv": "\n".join([LINE_COLUMNS, *lines, ""]),
        "products.csv": "product_id,category\np1,tea\n",
        "events.csv": "\n".join(
            ["event_id,user_id,product_id,event_type,occurred_at,updated_at", *(",".join(row) for row in rows), ""]
        ),
    }
    folder = write_shop(tmp_path_factory.mktemp("traps"), files)
    result = run_on_shop(shop_dbt, folder, "build", "--select=+ftr_user__visits", "+core.orders", *NO_DATA_TESTS[2:])
    assert result.exit_code == 0, result.output
    found = query_shop(
        built_shop(shop_dbt),
        """
        select split_part(any_value(orders.order_id), '-', 2), to_json(any_value(visits))::text
        from features.ftr_user__visits as visits inner join core.orders using (user_id)
        inner join core.as_of_dates using (as_of_date)
        where is_scoring_date
        group by visits.user_id
        """,
    )
    return {name: json.loads(text) for name, text in found}


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("emptied", {"cart_count_7d": 1, "open_cart_count": 0}),
        ("late", {"cart_count_7d": 1, "open_cart_count": 0}),
        ("waiting", {"cart_count_7d": 1, "open_cart_count": 1}),
        ("twice", {"view_count_7d": 1, "looking_day_count_7d": 1}),
        # the tenth was the last day: one is of it, one of the day after
        ("midnight", {"view_count_7d": 1, "days_since_last_view": 1, "search_count_7d": 0}),
        ("lost", {"view_count_7d": 1, "days_since_last_view": 3}),
        ("robot", {"view_count_7d": 10_000, "looking_day_count_7d": 1, "open_cart_count": 0}),
        ("j", {"view_count_7d": 1}),
    ],
)
def test_traps_of_public_threads(visits: dict[str, dict], user: str, expected: dict[str, int]) -> None:
    assert {name: visits[user][name] for name in expected} == expected

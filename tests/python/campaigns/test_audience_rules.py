"""Who meets an audience rule is counted again, line by line, over drawn rules of two shops."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from support.builds import DbtRuns
from support.campaigns import VARS, copied

MODELS = {
    "plan_audience_conditions": "models/plan",
    "dec_attribute_values": "models/campaigns/eligibility",
    "dec_activity_values": "models/campaigns/eligibility",
    "dec_audiences": "models/campaigns/eligibility",
}
ACTIVITIES = {
    "bought": ("times", "units", "amount", "days_since"),
    "viewed": ("times", "days_since"),
    "in_cart": ("times", "days_since"),
    "complained": ("times", "days_since"),
    "contacted": ("times", "days_since"),
}
# Attributes of users that rules are drawn of: the table, and numbers to compare with.
FEATURES = {"rfm_score": range(3, 15), "days_since_last_order": range(1, 120), "order_count_91d": range(30)}
# The same of members, in a table of theirs.
OF_MEMBERS = {"available_points": (50, 200, 500), "days_until_points_lapse": (7, 30, 60)}
NUMBERS = FEATURES | OF_MEMBERS | {"days_until_anniversary": (7, 90, 200)}
WORDS = {"segment_name": "champions;at risk", "tier": "gold;silver"}
OPINIONS = ("complaint", "praise", "unclear", None)
SHOP = "complete_journey"
RULES = 40


@pytest.fixture(scope="module")
def queries(dbt: DbtRuns, raw_folder: Path, campaigns: Path) -> dict[str, str]:
    """Per model of the audiences, the table that it makes and what it runs."""
    result = dbt.run("compile", "--select", *MODELS, VARS, warehouse=copied(dbt, campaigns), raw_folder=raw_folder)
    assert result.exit_code == 0, result.output
    folder = dbt.folder / "target" / "compiled" / "precision_marketing"
    return {
        f"{'plan' if name.startswith('plan') else 'campaigns'}.{name}": (folder / path / f"{name}.sql").read_text()
        for name, path in MODELS.items()
    }


def bookshop(folder: Path, queries: dict[str, str], draw: random.Random) -> duckdb.DuckDBPyConnection:
    """Make a shop of books and games: users, lines, views, reviews and contacts, and what features say of users."""
    connection = duckdb.connect(str(folder / "building.duckdb"))
    today = date(2026, 3, 2)
    users = [f"u{number}" for number in range(60)]
    products = [f"p{number:03d}" for number in range(30)]

    def day() -> date:
        # the day of the decision and later ones are there, and must not be looked at
        return today - timedelta(days=draw.choice([-5, 0, 1, 7, 8, 28, 29, 90, 91, 92, draw.randrange(400)]))

    frames = {
        "core.as_of_dates": pd.DataFrame({"as_of_date": [today], "is_scoring_date": [True]}),
        "core.users": pd.DataFrame(
            [
                (user, draw.choice(["Bern", "O'Fallon", "北京", None]), None, None, None, draw.randrange(1950, 2005))
                for user in users
            ],
            columns=["user_id", "city", "gender", "region", "acquisition_channel", "birth_year"],
        ),
        "core.products": pd.DataFrame(
            [
                (
                    product,
                    draw.choice(["goods", "goods", "goods", "service"]),
                    draw.choice(["Books", "Games"]),
                    draw.choice(["Novels", "Chess", "Books", None]),
                    draw.choice(["Crime", "Novels", None]),
                    draw.choice(["Penguin", "Own", None]),
                )
                for product in products
            ],
            columns=["product_id", "product_kind", "department", "category", "subcategory", "brand"],
        ),
        "core.transactions": pd.DataFrame(
            [
                (
                    draw.choice([*users[:50], None]),
                    draw.choice(products),
                    f"o{draw.randrange(600)}",
                    draw.choice([1, 2, 0.5]),
                    draw.randrange(2000) / 100,
                    draw.random() < 0.9,
                    draw.random() < 0.1,
                    day(),
                )
                for _ in range(1500)
            ],
            columns=[
                "user_id",
                "product_id",
                "order_id",
                "quantity",
                "net_amount",
                "is_basket_line",
                "is_cancelled",
                "order_date",
            ],
        ),
        "core.events": pd.DataFrame(
            [
                (
                    draw.choice([*users[20:], None]),
                    draw.choice([*products, None]),
                    f"e{number}",
                    draw.choice(["view", "add_to_cart", "search"]),
                    day(),
                )
                for number in range(900)
            ],
            columns=["user_id", "product_id", "event_id", "event_type", "occurred_on"],
        ),
        "reviews.review_sentiment": pd.DataFrame(
            [
                (draw.choice([*users[:40], None]), draw.choice(products), f"r{number}", draw.choice(OPINIONS), day())
                for number in range(600)
            ],
            columns=["user_id", "product_id", "review_id", "opinion", "reviewed_on"],
        ),
        "campaigns.dec_contacts": pd.DataFrame(
            [(user, f"c{number}", day()) for user in users[::2] for number in range(3)],
            columns=["user_id", "campaign_id", "contact_date"],
        ),
        "plan.plan_campaigns": pd.DataFrame({"campaign_id": ["none"], "audience_rule": ["nobody's"]}),
    }
    attributes = re.findall(r"cast\((\w+) as (double|string)\) as \w+_value", queries["campaigns.dec_attribute_values"])
    others = {"null", *frames["core.users"]}
    drawn: dict[str, list] = {
        name: [None if kind == "string" else 0.0] * 50 for name, kind in attributes if name not in others
    }
    drawn |= {name: [draw.choice([*values, None]) for _ in range(50)] for name, values in FEATURES.items()}
    drawn["segment_name"] = [draw.choice(["champions", "at risk", "risk"]) for _ in range(50)]
    frames["features.ftr_user__snapshot"] = pd.DataFrame({"user_id": users[:50], **drawn, "as_of_date": today})
    frames["scores.user_value"] = pd.DataFrame(
        [(user, days, 1.0, 2.0) for user in users for days in (28, 91, 365)],
        columns=["user_id", "horizon_days", "expected_orders", "expected_margin"],
    )
    of_members = {name: [draw.choice([*values, None]) for _ in range(40)] for name, values in NUMBERS.items()}
    frames["members.mbr_current_members"] = pd.DataFrame(
        {
            **{"user_id": users[10:50], "tier": [draw.choice(["gold", "silver", "club", None]) for _ in range(40)]},
            **dict.fromkeys(("days_in_tier", "days_until_tier_ends", "next_lapsing_points"), 0),
            **{name: of_members[name] for name in (*OF_MEMBERS, "days_until_anniversary")},
        }
    )
    frames["campaigns.dec_offer_interests"] = pd.DataFrame({"campaign_id": ["none"], "user_id": ["u0"]})
    frames["seeds.audience_rules"] = pd.DataFrame(
        columns=[
            "shop",
            "audience_rule",
            "attribute",
            "category",
            "brand",
            "product_id",
            "window_days",
            "operator",
            "value",
        ],
        dtype=str,
    )
    for name, frame in frames.items():  # noqa: B007
        connection.execute(f"create schema if not exists {name.split('.')[0]}")
        connection.execute(f"create table {name} as from frame")
    return connection


@pytest.fixture(params=["books and games", "Complete Journey"])
def shop(
    request: pytest.FixtureRequest, queries: dict[str, str], campaigns: Path, tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a shop that a test may change."""
    if request.param == "books and games":
        connection = bookshop(tmp_path, queries, random.Random(7))
    else:
        connection = duckdb.connect(str(tmp_path / "building.duckdb"))
        connection.execute(f"attach '{campaigns}' as whole (read_only)")
        for table in (
            *("core.as_of_dates", "core.users", "core.products", "core.transactions", "core.events"),
            *("features.ftr_user__snapshot", "scores.user_value", "campaigns.dec_contacts"),
            "reviews.review_sentiment",
            *(
                "members.mbr_current_members",
                "campaigns.dec_offer_interests",
                "plan.plan_campaigns",
                "seeds.audience_rules",
            ),
        ):
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} as from whole.{table}")
    with connection:
        yield connection


def drawn_rules(shop: duckdb.DuckDBPyConnection, draw: random.Random) -> pd.DataFrame:
    """Draw rules of one to three conditions, of goods that the shop has."""

    def words(expression: str) -> list:
        goods = "core.products where product_kind = 'goods'"
        found = shop.execute(f"select distinct {expression} from {goods} order by all").fetchall()
        return [word for (word,) in found if word]

    named = {
        "category": [*words("department"), *words("category"), *words("subcategory")],
        "brand": words("brand"),
        "product_id": words("product_id"),
    }
    rows = []
    for rule in (f"rule {number}" for number in range(RULES)):
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            row = dict.fromkeys(("category", "brand", "product_id", "window_days"))
            kind = draw.choice([*ACTIVITIES, "bought", "bought", "number", "number", "number", "text"])
            if kind in ACTIVITIES:
                measure = draw.choice(ACTIVITIES[kind])
                row["attribute"] = f"{measure}_{kind}"
                row["operator"] = draw.choice(["at_least", "at_most", "equals"])
                row["window_days"] = draw.choice([None, "1", "7", "28", "91", "364"])
                row["value"] = draw.choice(["0", "1", "2", "3", "7", "28.5"])
                if kind != "contacted":
                    for column in draw.choice([(), ("category",), ("category",), ("brand",), ("category", "brand")]):
                        row[column] = draw.choice(named[column])
                    if draw.random() < 0.1:
                        row["product_id"] = draw.choice(named["product_id"])
            elif kind == "number":
                row["attribute"] = draw.choice([*NUMBERS])
                row["operator"] = draw.choice(["at_least", "at_least", "at_most", "at_most", "equals"])
                row["value"] = str(draw.choice(NUMBERS[row["attribute"]]))
            else:
                row["attribute"] = draw.choice([*WORDS])
                row |= {"operator": "one_of", "value": WORDS[row["attribute"]]}
            rows.append({"shop": SHOP, "audience_rule": rule, **row})
    return pd.DataFrame(rows)


def meets(row: dict, user: str, tables: dict[str, Any], today: pd.Timestamp) -> bool:
    """Say whether a user meets a condition, from the lines themselves."""
    attribute, value = row["attribute"], row["value"]
    if attribute in WORDS:
        found = tables["features"].loc[[user] if user in tables["features"].index else [], attribute]
        return any(word in value.split(";") for word in found)
    if attribute in NUMBERS:
        numbers = tables["features"].loc[[user] if user in tables["features"].index else [], attribute].dropna()
        return any(compared(float(number), row["operator"], float(value)) for number in numbers)
    measure, activity = re.fullmatch(r"(times|units|amount|days_since)_(\w+)", attribute).groups()
    if user not in tables[activity].groups:
        return measure != "days_since" and compared(0, row["operator"], float(value))
    lines = tables[activity].get_group(user)
    lines = lines[lines["day"] < today]
    if row["window_days"]:
        lines = lines[lines["day"] >= today - pd.Timedelta(days=int(row["window_days"]))]
    if row["category"]:
        levels = lines[["department", "category", "subcategory"]]
        lines = lines[(levels == row["category"]).any(axis=1)]
    for column in ("brand", "product_id"):
        if row[column]:
            lines = lines[lines[column] == row[column]]
    if any(row[column] for column in ("category", "brand", "product_id")):
        lines = lines[lines["product_kind"] == "goods"]
    if measure == "days_since":
        return len(lines) > 0 and compared((today - lines["day"].max()).days, row["operator"], float(value))
    found = lines["occasion"].nunique() if measure == "times" else lines[measure].sum()
    return compared(float(found), row["operator"], float(value))


def compared(number: float, operator: str, bound: float) -> bool:
    """Compare as a rule says."""
    return {"at_least": number >= bound, "at_most": number <= bound, "equals": number == bound}[operator]


def lines_of(shop: duckdb.DuckDBPyConnection) -> tuple[dict[str, Any], pd.Timestamp]:
    """Read all lines, views, complaints and contacts, and the features of the scoring date."""
    today = shop.execute("select as_of_date from core.as_of_dates where is_scoring_date").fetchone()[0]
    products = shop.execute("from core.products").df()
    bought = shop.execute("from core.transactions").df()
    bought = bought[bought["is_basket_line"] & ~bought["is_cancelled"]]
    bought = bought.rename(columns={"order_id": "occasion", "order_date": "day", "quantity": "units"})
    bought["amount"] = bought["net_amount"].astype(float)
    events = shop.execute("from core.events").df().rename(columns={"event_id": "occasion", "occurred_on": "day"})
    complaints = shop.execute("from reviews.review_sentiment where opinion = 'complaint'").df()
    complaints = complaints.rename(columns={"review_id": "occasion", "reviewed_on": "day"})
    contacts = shop.execute("from campaigns.dec_contacts").df()
    contacts = contacts.rename(columns={"campaign_id": "occasion", "contact_date": "day"})
    features = shop.execute("from features.ftr_user__snapshot where as_of_date = $1", [today]).df()
    members = shop.execute("from members.mbr_current_members").df().set_index("user_id")
    features = features.set_index("user_id")[["segment_name", *FEATURES]].join(members, how="outer")
    tables = {
        "bought": bought.merge(products, on="product_id"),
        "viewed": events[events["event_type"] == "view"].merge(products, on="product_id", how="left"),
        "in_cart": events[events["event_type"] == "add_to_cart"].merge(products, on="product_id", how="left"),
        "complained": complaints.merge(products, on="product_id", how="left"),
        "contacted": contacts.assign(department=None, category=None, subcategory=None, brand=None, product_id=None),
    }
    for table in tables.values():
        table["day"] = pd.to_datetime(table["day"])
    by_user = {name: table.groupby("user_id") for name, table in tables.items()}
    return {**by_user, "features": features}, pd.Timestamp(today)


def test_an_audience_is_who_meets_every_condition_counted_line_by_line(
    shop: duckdb.DuckDBPyConnection, queries: dict[str, str]
) -> None:
    draw = random.Random(11)
    rules = drawn_rules(shop, draw)
    shop.execute("insert into seeds.audience_rules by name from rules")
    shop.execute(
        "insert into plan.plan_campaigns by name select distinct audience_rule as campaign_id, audience_rule from rules"
    )
    for table, query in queries.items():
        shop.execute(f"create or replace table {table} as {query}")
    decided = shop.execute("select campaign_id, user_id from campaigns.dec_audiences").fetchall()
    assert len(decided) == len({*decided})

    tables, today = lines_of(shop)
    users = [user for (user,) in shop.execute("select user_id from core.users order by all").fetchall()]
    users = draw.sample(users, min(len(users), 40))
    expected = {
        (rule, user)
        for rule, conditions in rules.groupby("audience_rule")
        for user in users
        if all(
            meets(row, user, tables, today)
            for row in conditions.astype(object).where(conditions.notna(), None).to_dict("records")
        )
    }
    found = {pair for pair in decided if pair[0] in {*rules["audience_rule"]} and pair[1] in {*users}}
    assert found == expected
    # neither everybody nor nobody: most rules tell users apart
    sizes = pd.Series([rule for rule, _ in expected]).value_counts()
    assert (sizes < len(users)).sum() > RULES / 4

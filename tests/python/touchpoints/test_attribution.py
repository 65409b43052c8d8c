"""Paths to orders, and what each method credits, against plain Python and by hand."""

from __future__ import annotations

import datetime
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from math import factorial

import duckdb
import numpy as np
import pandas as pd
import pytest
from touchpoints.plain_models import make_tables

from operations.places import PROJECT

SETTINGS = PROJECT["vars"]["attribution"]
METHODS = ("first_touch", "last_touch", "linear", "time_decay", "position", "markov", "shapley")
MODELS = ["user_touchpoints", "tch_steps", "tch_removal_effects", "tch_shapley_values", "attribution"]
START = datetime.datetime(2026, 1, 1)
# Well after all paths, so that none is open.
SCORED_ON = datetime.date(2027, 1, 1)
EMPTY = """
    create table campaign_contacts (campaign_id text, user_id text, arm text, channel text, sent_at timestamp);
    create table campaign_calendar (campaign_id text, channel text, starts_on date);
    create table contact_events (
        user_id text, campaign_id text, channel text, event_type text, occurred_at timestamp);
    create table events (
        user_id text, session_id text, event_type text, channel text, occurred_on date, occurred_at timestamp);
    create table orders (
        order_id text, user_id text, sales_channel text, net_amount decimal(18, 2), returned_amount decimal(18, 2),
        is_cancelled boolean, order_date date, ordered_at timestamp);
    create table as_of_dates (as_of_date date, is_scoring_date boolean)
"""


@dataclass(frozen=True)
class Order:
    """An order: hours after the start, what it brought and what went back, in cents."""

    hour: float
    cents: int
    back: int = 0
    sales_channel: str = "web"
    is_cancelled: bool = False


# A visit is a channel and the hours after the start at which it was.
Path = list[tuple[str | None, float] | Order]


def at(hour: float) -> datetime.datetime:
    """Return a time so many hours after the start."""
    return START + datetime.timedelta(hours=hour)


def attributed(paths: dict[str, Path], more: str = "", **settings: object) -> duckdb.DuckDBPyConnection:
    """Return a database in which the rows of each user are attributed; `more` is SQL that adds other rows."""
    connection = duckdb.connect()
    connection.execute(EMPTY)
    connection.execute("insert into as_of_dates values (?, true)", [SCORED_ON])
    visits, orders = [], []
    for user, path in paths.items():
        for place, row in enumerate(path):
            if isinstance(row, Order):
                money = (row.cents / 100, row.back / 100, row.is_cancelled)
                orders.append((f"{user}-{place}", user, row.sales_channel, *money, at(row.hour).date(), at(row.hour)))
            else:
                channel, hour = row
                visits.append((user, f"{user}-{place}", "view", channel, at(hour).date(), at(hour)))
    for table, rows in (("events", visits), ("orders", orders)):
        if rows:
            frame = pd.DataFrame(rows, columns=connection.table(table).columns)  # noqa: F841 - read by name
            connection.execute(f"insert into {table} select * from frame")
    connection.execute(more)
    make_tables(connection, "touchpoints", MODELS, {"attribution": {**SETTINGS, **settings}})
    return connection


def shares(connection: duckdb.DuckDBPyConnection, order_id: str, method: str) -> dict[str, float]:
    """Return what channels are credited with of an order, in units of money, where that is anything."""
    query = f"select channel, {method}_amount from attribution where order_id = ? and {method}_amount <> 0"
    return {channel: float(amount) for channel, amount in connection.execute(query, [order_id]).fetchall()}


def drawn_path(draw: random.Random, channels: list[str], orders: int) -> Path:
    """Draw visits and orders, whose amounts may be nothing, odd or less than nothing."""
    rows: Path = [(draw.choice(channels), draw.uniform(0, 2000)) for _ in range(draw.randint(0, 9))]
    for _ in range(draw.randint(0, orders)):
        cents = draw.choice((0, 1, 2, 99, 100, 1001, draw.randint(1, 10**7)))
        rows.append(Order(draw.uniform(0, 2000), cents, draw.choice((0, 0, cents, cents // 3, cents + 7))))
    return rows


def test_methods_share_out_every_order_of_a_thousand_path_sets_to_the_cent() -> None:
    draw = random.Random(1)
    paths = {
        f"{number}-{user}": drawn_path(draw, list("abcdefghijk")[: draw.randint(1, 11)], 3)
        for number in range(1000)
        for user in range(draw.randint(1, 6))
    }
    connection = attributed(paths)
    sums = ", ".join(f"sum({method}_amount)" for method in METHODS)
    orders = connection.execute(
        f"select any_value(net_amount - returned_amount), {sums} from orders left join attribution using (order_id)"
        " group by order_id"
    ).fetchall()
    assert len(orders) > 3000
    assert any(row[0] < 0 for row in orders)
    assert all(len(set(row)) == 1 for row in orders)
    # more channels than can be told apart are seven and the rest
    assert connection.sql("select count(distinct channel) from tch_steps").fetchone() == (8,)


def plain_paths(paths: dict[str, Path]) -> list[tuple[str | None, list[str]]]:
    """Cut what users did into paths in plain Python: the order, or None, and channels without repeats in a row."""
    found = []
    lookback = SETTINGS["lookback_days"] * 24
    for user, path in paths.items():
        times = sorted(
            (row.hour, 1, place) if isinstance(row, Order) else (row[1], 0, place) for place, row in enumerate(path)
        )
        for is_late in (True, False):
            waiting: list[tuple[float, str]] = []
            for hour, is_order, place in [*times, (np.inf, 1, -1)]:
                if not is_order:
                    waiting.append((hour, path[place][0]))
                    continue
                kept = [channel for then, channel in waiting if (hour - then > lookback) == is_late]
                if kept:
                    runs = [channel for channel, _ in itertools.groupby(kept)]
                    found.append((None if is_late else f"{user}-{place}", runs))
                waiting = []
    return found


def shapley_by_definition(found: list[tuple[str | None, list[str]]], members: frozenset[str]) -> dict[str, float]:
    """Return the mean, over all orders in which channels may join, of what each adds to the worth of a set."""
    counts: dict[frozenset[str], list[int]] = defaultdict(lambda: [0, 0])
    for order, channels in found:
        counts[frozenset(channels)][0] += 1
        counts[frozenset(channels)][1] += order is not None
    mean = sum(orders for _, orders in counts.values()) / sum(all_paths for all_paths, _ in counts.values())
    prior = SETTINGS["prior_paths"]
    rates = {part: (orders + prior * mean) / (count + prior) for part, (count, orders) in counts.items()}

    def worth(part: frozenset[str]) -> float:
        return max((rate for other, rate in rates.items() if other <= part), default=0)

    values = dict.fromkeys(members, 0.0)
    for joining in itertools.permutations(members):
        for place, channel in enumerate(joining):
            before = frozenset(joining[:place])
            values[channel] += (worth(before | {channel}) - worth(before)) / factorial(len(members))
    return values


def order_chance(found: list[tuple[str | None, list[str]]], removed: str | None) -> float:
    """Return the chance of an order in the chain of channels, with linear algebra, if one leads nobody on."""
    names = ["start", *sorted({channel for _, channels in found for channel in channels}), "order", "nothing"]
    place = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for order, channels in found:
        walk = ["start", *channels, "nothing" if order is None else "order"]
        for here, there in itertools.pairwise(walk):
            counts[place[here], place[there]] += 1
    chances = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if removed:
        chances[:, place["nothing"]] += chances[:, place[removed]]
        chances[:, place[removed]] = 0
    inner = len(names) - 2
    reached = np.linalg.solve(np.eye(inner) - chances[:inner, :inner], chances[:inner, place["order"]])
    return float(reached[0])


@pytest.mark.parametrize("seed", range(4))
def test_shapley_and_removal_effects_are_those_of_their_definitions(seed: int) -> None:
    draw = random.Random(seed)
    channels = list("abcdef")[: draw.randint(2, 6)]
    paths = {f"u{user}": drawn_path(draw, channels, 2) for user in range(60)}
    connection = attributed(paths)
    found = plain_paths(paths)
    names = dict(connection.sql("select distinct channel_number, channel from tch_steps").fetchall())

    whole = order_chance(found, None)
    effects = dict(connection.sql("from tch_removal_effects").fetchall())
    expected_effects = {name: 1 - order_chance(found, name) / whole for name in names.values()}
    assert {names[number]: effects[number] for number in names} == pytest.approx(expected_effects, abs=1e-9)

    values = defaultdict(dict)
    for members, number, value in connection.sql("from tch_shapley_values").fetchall():
        values[members][names[number]] = value
    sets = {frozenset(walk) for order, walk in found if order is not None}
    assert {frozenset(of_set) for of_set in values.values()} == sets
    for of_set in values.values():
        assert of_set == pytest.approx(shapley_by_definition(found, frozenset(of_set)), abs=1e-6)

    for order, walk in found:
        cents = order and next(
            iter(
                connection.execute(
                    "select 100 * (net_amount - returned_amount) from orders where order_id = ?", [order]
                ).fetchone()
            )
        )
        if cents:
            for method, weights in (
                ("markov", {name: expected_effects[name] for name in set(walk)}),
                ("shapley", shapley_by_definition(found, frozenset(walk))),
            ):
                expected = {
                    name: float(cents) / 100 * weight / sum(weights.values()) for name, weight in weights.items()
                }
                credited = shares(connection, order, method)
                assert {name: credited.get(name, 0) for name in expected} == pytest.approx(
                    expected, abs=0.011 * len(expected)
                )


def test_a_walk_in_the_chain_leads_to_orders_as_often_as_it_is_said_to() -> None:
    """Removal effects by what walkers do, twenty thousand of them."""
    draw = random.Random(7)
    paths = {f"u{user}": drawn_path(draw, ["a", "b", "c"], 1) for user in range(200)}
    connection = attributed(paths)
    found = plain_paths(paths)
    leading: dict[str, list[str]] = defaultdict(list)
    for order, channels in found:
        for here, there in itertools.pairwise(["start", *channels, "nothing" if order is None else "order"]):
            leading[here].append(there)
    random_state = np.random.default_rng(7)

    def simulated(removed: str | None) -> float:
        waiting, orders = {"start": 20_000}, 0
        while waiting:
            here, count = waiting.popitem()
            names, copies = np.unique(leading[here], return_counts=True)
            for there, walkers in zip(names, random_state.multinomial(count, copies / copies.sum()), strict=True):
                orders += walkers if there == "order" else 0
                if walkers and there not in ("order", "nothing", removed):
                    waiting[there] = waiting.get(there, 0) + walkers
        return orders / 20_000

    names = dict(connection.sql("select distinct channel, channel_number from tch_steps").fetchall())
    effects = dict(connection.sql("from tch_removal_effects").fetchall())
    for name, number in names.items():
        assert effects[number] == pytest.approx(1 - simulated(name) / simulated(None), abs=0.02)


DAY = 24
# What broke elsewhere, one user each: https://github.com/ and the thread. User: what happened, then for an order and a
# method what its channels get.
CASES: dict[str, tuple[Path, list[tuple[int, str, dict[str, float]]]]] = {
    # DP6/Marketing-Attribution-Models 41, ianchute/shapley-attribution 1: a channel again and again in a row
    "repeats": (
        [("email", 0), ("email", 1), ("email", 2), ("web", 3), Order(4, 1000)],
        [(4, "linear", {"email": 5, "web": 5}), (4, "position", {"email": 5, "web": 5})],
    ),
    # ianchute/shapley-attribution 1: one that comes back is two steps
    "returning": (
        [("email", 0), ("web", 1), ("email", 2), ("sms", 3), Order(4, 1000)],
        [(4, "linear", {"email": 5, "web": 2.5, "sms": 2.5}), (4, "position", {"email": 5, "web": 1, "sms": 4})],
    ),
    # matomo-org/matomo 22347: nothing touched it
    "untouched": ([Order(0, 1000)], [(0, "shapley", {"none": 10}), (0, "last_touch", {"none": 10})]),
    # TasmanAnalytics/tasman-dbt-mta 58: a second order soon after looks as if it lacked its click, and is right: the
    # path of each order begins after the last, so that no touch is paid for twice
    "second order": (
        [("ads", 0), Order(1, 1000), Order(2, 500), ("web", 3), Order(4, 300)],
        [(1, "linear", {"ads": 10}), (2, "linear", {"none": 5}), (4, "linear", {"web": 3})],
    ),
    # Inikoo-Ltd/aiku 2540: revenue that is older than the touch
    "touched after": ([Order(0, 1000), ("ads", 1)], [(0, "first_touch", {"none": 10})]),
    # snowplow/dbt-snowplow-attribution 2: a touch before the lookback led to nothing, and is no first touch
    "touched long ago": ([("ads", 0), ("web", 40 * DAY), Order(41 * DAY, 1000)], [(2, "first_touch", {"web": 10})]),
    "lookback ends": (
        [("ads", 0), Order(30 * DAY, 1000), ("ads", 31 * DAY), Order(61 * DAY + 0.01, 500)],
        [(1, "linear", {"ads": 10}), (3, "linear", {"none": 5})],
    ),
    # of one instant: the touch comes first, and of two touches the names decide, the same in each build
    "one instant": (
        [Order(5, 1000), ("web", 5), ("ads", 5)],
        [(0, "first_touch", {"ads": 10}), (0, "last_touch", {"web": 10})],
    ),
    # DP6/Marketing-Attribution-Models 69, superformlabs/ga4dataform-community 9: words that tools keep for themselves
    "names": (
        [(None, 0), ("", 1), ("none", 2), ("(null)", 3), ("conversion", 4), Order(5, 900)],
        [(5, "linear", {"unknown": 3, "(null)": 3, "conversion": 3})],
    ),
    # one checkout, split by seller into orders of one instant
    "one checkout": (
        [("ads", 0), Order(1, 1000), Order(1, 9000)],
        [(1, "linear", {"ads": 10}), (2, "last_touch", {"ads": 90})],
    ),
    # refunds: all went back, or more than was paid
    "refunded": ([("ads", 0), ("web", 1), Order(2, 1000, 1000)], [(2, "linear", {}), (2, "markov", {})]),
    "below nothing": ([("ads", 0), ("web", 1), Order(2, 100, 201)], [(2, "linear", {"ads": -0.51, "web": -0.5})]),
    # cancelled: it is credited, as all orders are, and ends no path
    "cancelled": (
        [("ads", 0), Order(1, 1000, 1000, is_cancelled=True), Order(2, 700)],
        [(1, "linear", {}), (2, "linear", {"ads": 7})],
    ),
    # a cent is not shared, and thirds add up: what is left goes to the last touch
    "cents": (
        [("ads", 0), ("web", 1), ("sms", 2), Order(3, 100), ("ads", 4), ("sms", 5), Order(6, 1)],
        [(3, "linear", {"ads": 0.33, "web": 0.33, "sms": 0.34}), (6, "linear", {"sms": 0.01})],
    ),
    # a shop's till and its site: one person, one path
    "two places": (
        [("web", 0), Order(1, 1000, sales_channel="store"), ("email", 2), Order(3, 500, sales_channel="web")],
        [(1, "linear", {"web": 10}), (3, "linear", {"email": 5})],
    ),
    # snowplow/dbt-snowplow-fractribution 30: a path longer than a database's text
    "long": (
        [*((("web", "ads")[hour % 2], hour / 10) for hour in range(3000)), Order(300, 3000)],
        [(3000, "linear", {"web": 15, "ads": 15}), (3000, "position", {"web": 15, "ads": 15})],
    ),
    # a week before counts half as much as the moment of the order, to which a step is as near as its last touch
    "decaying": (
        [("ads", 0), ("web", DAY), ("web", 7 * DAY), Order(7 * DAY, 300)],
        [(3, "time_decay", {"ads": 1, "web": 2})],
    ),
}


@pytest.fixture(scope="module")
def cases() -> duckdb.DuckDBPyConnection:
    """Return all cases attributed at once, beside an order of a guest."""
    guest = "insert into orders values ('guest', null, 'store', 4.56, 0, false, '2026-01-02', '2026-01-02')"
    return attributed({name: path for name, (path, _) in CASES.items()}, guest, channels=8)


@pytest.mark.parametrize("name", CASES)
def test_what_broke_elsewhere(cases: duckdb.DuckDBPyConnection, name: str) -> None:
    for place, method, expected in CASES[name][1]:
        assert shares(cases, f"{name}-{place}", method) == pytest.approx(expected)


def test_each_method_credits_the_revenue_of_the_shop(cases: duckdb.DuckDBPyConnection) -> None:
    whole = cases.sql("select sum(net_amount - returned_amount) from orders").fetchone()
    for method in METHODS:
        assert cases.sql(f"select sum({method}_amount) from attribution").fetchone() == whole
    assert shares(cases, "guest", "markov") == {"none": 4.56}


def test_contacts_responses_and_visits_are_one_path() -> None:
    connection = attributed(
        {"u": [("web", 60), Order(61, 400)]},
        """
        insert into campaign_calendar values ('k', 'email', '2026-01-02'), ('s', 'email', '2026-01-03');
        insert into campaign_contacts values
            ('k', 'u', 'treatment', null, null), ('s', 'u', 'treatment', 'sms', '2026-01-03 07:00:00'),
            ('k', 'u', 'control', 'push', '2026-01-03 06:00:00');
        insert into contact_events values
            ('u', 'k', null, 'opened', '2026-01-02 05:00:00'), ('u', 'k', null, 'delivered', '2026-01-02 04:00:00'),
            ('u', 's', null, 'clicked', '2026-01-03 08:00:00'), ('u', null, 'ads', 'clicked', '2026-01-03 09:00:00');
        insert into events values
            ('u', 'u-0', 'add_to_cart', null, '2026-01-03', '2026-01-03 11:00:00'),
            ('u', 'u-0', 'purchase', 'app', '2026-01-03', '2026-01-03 13:00:00'),
            (null, 'x', 'view', 'web', '2026-01-03', '2026-01-03 13:00:00')
        """,
    )
    rows = connection.sql("select touch_kind, channel from user_touchpoints order by touchpoint_number").fetchall()
    assert rows == [
        ("contact", "email"),
        ("opened", "email"),
        ("contact", "sms"),
        # whatever the campaign is planned for, it came by sms
        ("clicked", "sms"),
        ("clicked", "ads"),
        ("visit", "web"),
        ("order", None),
    ]
    assert shares(connection, "u-1", "linear") == dict.fromkeys(("email", "sms", "ads", "web"), 1)


def test_nothing_is_attributed_in_an_empty_shop() -> None:
    connection = attributed({})
    assert connection.sql("select count(*) from attribution").fetchone() == (0,)


def test_what_is_not_over_led_to_nothing_only_later() -> None:
    long_before = (datetime.datetime.combine(SCORED_ON, datetime.time()) - START).total_seconds() / 3600
    connection = attributed({"u": [("ads", 0), ("web", long_before - DAY)]})
    assert connection.sql("select channel, path_end from tch_steps order by 1").fetchall() == [
        ("ads", "none"),
        ("web", "open"),
    ]

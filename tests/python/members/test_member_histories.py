"""Points and tiers of members, against what plain Python keeps of them day by day."""

from __future__ import annotations

import datetime
import random
import shutil
from collections import defaultdict, deque
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER, DbtRuns, package_folder
from support.shops import LINE_COLUMNS, built_shop, query_shop, write_shop

MEMBERS = 10_000
GRANTS = ("granted", "given_back")
FIRST_DAY = datetime.date(2024, 1, 1)
LAST_DAY = FIRST_DAY + datetime.timedelta(days=500)
# First day, points per unit of money, days pending, days that they last: a later rule lets points lapse sooner.
RULES = (
    (FIRST_DAY, Decimal(1), 14, 200),
    (FIRST_DAY + datetime.timedelta(days=150), Decimal("2.5"), 30, 60),
    (FIRST_DAY + datetime.timedelta(days=300), Decimal("0.1"), 0, 90),
)
# Name, first day, least amount, and days: pending, counting, from review to review, of grace.
TIERS = (("club", 0, 0, 0, 50, 30, 0), ("silver", 0, 120, 0, 120, 60, 10), ("gold", 100, 300, 14, 180, 91, 90))
# A day has to be gone through for each: so many will do.
MEMBERS_OF_TIERS = 1_000


@dataclass
class History:
    """What one member bought, sent back, spent and was granted: days from the first, and money."""

    orders: dict[str, tuple[int, list[Decimal]]] = field(default_factory=dict)
    refunds: list[tuple[int, str, int]] = field(default_factory=list)
    movements: list[tuple[int, str, int]] = field(default_factory=list)


def drawn_history(draw: random.Random, name: str) -> History:
    """Draw orders of one to three lines, of which some go back, and points that move whether there are any or not."""
    history = History()
    for number in range(draw.choice((1, 2, 5, 12))):
        day = draw.randint(0, 480)
        prices = [Decimal(draw.randint(0, 9_000)) / 100 for _ in range(draw.randint(1, 3))]
        history.orders[f"{name}-{number}"] = (day, prices)
        for line in range(len(prices)):
            if draw.random() < 0.25:
                # on the day itself, while pending, after, or long after they lapsed
                back = day + draw.choice((0, 5, 14, 15, 29, 30, 31, 100, 300))
                if back <= 499:
                    history.refunds.append((back, f"{name}-{number}", line))
    kinds = ("spent", "spent", "spent", "withdrawn", "granted", "given_back")
    history.movements = [
        (draw.randint(0, 499), draw.choice(kinds), draw.choice((1, 20, 150, 1_000)))
        for _ in range(draw.choice((0, 1, 4, 9)))
    ]
    return history


def rule_of(day: int) -> tuple[datetime.date, Decimal, int, int]:
    """Return the last rule that has begun."""
    return max(rule for rule in RULES if rule[0] <= FIRST_DAY + datetime.timedelta(days=day))


def points_of(amount: Decimal, day: int) -> int:
    """Return the points that an amount earns on a day."""
    return int((amount * rule_of(day)[1]).to_integral_value(ROUND_FLOOR))


def balances_of(name: str, history: History) -> dict[int, tuple[int, int]]:
    """Keep points in a queue, day by day: pending and available points at the end of each day until the last."""
    # confirmed on, given on, kind and name, lapsing on
    lots = []
    for order, (day, prices) in history.orders.items():
        _, _, pending_days, lasting_days = rule_of(day)
        if points_of(sum(prices), day) > 0:
            lots.append((day + pending_days, day, "order", order, day + pending_days + lasting_days))
    for number, (day, kind, _) in enumerate(history.movements):
        if kind in GRANTS:
            lots.append((day, day, "grant", f"{name}-{number}", day + rule_of(day)[3]))
    lapsing, latest = {}, 0
    for *_, lot, lapses_on in sorted(lots):
        latest = max(latest, lapses_on)
        lapsing[lot] = latest
    confirming = {lot: confirmed_on for confirmed_on, _, _, lot, _ in lots}
    place_of = {lot: place for place, (*_, lot, _) in enumerate(sorted(lots))}
    back: dict[str, Decimal] = defaultdict(Decimal)
    pending: dict[str, int] = {}
    queue: deque[list] = deque()
    found = {}

    def take(points: int) -> None:
        while points and queue:
            taken = min(points, queue[0][1])
            queue[0][1] -= taken
            points -= taken
            if not queue[0][1]:
                queue.popleft()

    for today in range(501):
        for order, (day, prices) in history.orders.items():
            if day == today and order in lapsing:
                pending[order] = points_of(sum(prices), day)
        late = []
        for day, order, line in history.refunds:
            if day == today and order in lapsing:
                ordered_on, prices = history.orders[order]
                before = points_of(max(sum(prices) - back[order], Decimal(0)), ordered_on)
                back[order] += prices[line]
                after = points_of(max(sum(prices) - back[order], Decimal(0)), ordered_on)
                if today <= confirming[order]:
                    pending[order] -= before - after
                elif today <= lapsing[order]:
                    late.append(before - after)
        coming = {order: pending.pop(order) for order in [each for each in pending if confirming[each] == today]}
        for number, (day, kind, points) in enumerate(history.movements):
            if day == today and kind in GRANTS:
                coming[f"{name}-{number}"] = points
        queue.extend([lot, coming[lot]] for lot in sorted(coming, key=place_of.get))
        for day, kind, points in history.movements:
            if day == today and kind not in GRANTS:
                take(points)
        for points in late:
            take(points)
        while queue and (lapsing[queue[0][0]] <= today or not queue[0][1]):
            queue.popleft()
        found[today] = (sum(pending.values()), sum(points for _, points in queue))
    return found


def days_held(history: History, tier: tuple[str, int, int, int, int, int, int], until: int = 501) -> set[int]:
    """Go through the days: a tier is held once reached, until a review and the days of grace after it fail."""
    _, begun, least, pending_days, window_days, review_days, grace_days = tier
    held, is_held, is_reached_again, decided_on = set(), False, False, None
    for today in range(begun, until):
        counted = [
            sum(prices) - sum(prices[line] for back, name, line in history.refunds if name == order and back <= today)
            for order, (day, prices) in history.orders.items()
            if sum(prices) and day + pending_days <= today < day + pending_days + window_days
        ]
        # what asks for nothing is reached by the first order, and for good
        is_known = any(sum(prices) and day + pending_days <= today for day, prices in history.orders.values())
        is_reached = is_known and sum(counted) >= least
        is_held |= is_reached
        if is_held and not is_reached and (today - begun) % review_days == 0:
            decided_on, is_reached_again = today + grace_days, False
        is_reached_again |= is_reached
        if decided_on == today:
            is_held, decided_on = is_reached_again, None
        if is_held:
            held.add(today)
    return held


def lines_of(histories: dict[str, History]) -> list[str]:
    """Write sales, and goods that went back as lines below zero; products tell lines apart."""
    lines = []
    for name, history in histories.items():
        product = {
            (order, line): number
            for number, (order, line) in enumerate(
                (order, line) for order, (_, prices) in history.orders.items() for line in range(len(prices))
            )
        }

        def written(
            key: str, order: str, place: tuple[str, int], sign: int, day: int, name=name, product=product
        ) -> str:
            price = histories[name].orders[place[0]][1][place[1]]
            return (
                f"{key},{order},{name},p{product[place]},{sign},{sign * price},"
                f"{FIRST_DAY + datetime.timedelta(days=day)} 12:00:00"
            )

        for order, (day, prices) in history.orders.items():
            lines += [written(f"t{order}-{line}", order, (order, line), 1, day) for line in range(len(prices))]
        lines += [
            written(f"r{order}-{line}", f"r{order}-{line}", (order, line), -1, day)
            for day, order, line in history.refunds
        ]
    return lines


@pytest.fixture(scope="module")
def histories() -> dict[str, History]:
    draw = random.Random(20261129)
    return {f"u{number}": drawn_history(draw, f"o{number}") for number in range(MEMBERS)}


@pytest.fixture(scope="module")
def warehouse(histories: dict[str, History], shop_dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the ledger from files of which every tenth row was delivered twice."""
    folder = tmp_path_factory.mktemp("members")
    lines = lines_of(histories)
    movements = [
        f"{name}-{number},{name},{kind},{points},{FIRST_DAY + datetime.timedelta(days=day)} 12:00:00"
        for name, history in histories.items()
        for number, (day, kind, points) in enumerate(history.movements)
    ]
    header = "movement_id,user_id,movement_type,points,moved_at"
    last = f"t-last,o-last,nobody,p0,1,0,{LAST_DAY} 12:00:00"
    shop = write_shop(
        folder / "files",
        {
            "transactions/1.csv": "\n".join([LINE_COLUMNS, *lines, last, ""]),
            "transactions/2.csv": "\n".join([LINE_COLUMNS, *lines[::10], ""]),
            "point_movements/1.csv": "\n".join([header, *movements, ""]),
            "point_movements/2.csv": "\n".join([header, *movements[::10], ""]),
        },
    )
    plan = shutil.copytree(PROJECT_FOLDER / "seeds" / "campaigns", folder / "plan")
    rules = [
        f"your_shop,rule {number},{day},{points},0.01,{pending},{lasting}"
        for number, (day, points, pending, lasting) in enumerate(RULES)
    ]
    header = (plan / "point_rules.csv").read_text().splitlines()[0]
    (plan / "point_rules.csv").write_text("\n".join([header, *rules, ""]))
    rules = [
        f"your_shop,{name},{FIRST_DAY + datetime.timedelta(days=begun)},{','.join(map(str, others))}"
        for name, begun, *others in TIERS
    ]
    header = (plan / "tier_rules.csv").read_text().splitlines()[0]
    (plan / "tier_rules.csv").write_text("\n".join([header, *rules, ""]))
    result = shop_dbt.run(
        *("--quiet", "build", "--exclude-resource-type=unit_test", "--select"),
        *("+point_ledger", "+member_tiers", "+ftr_user_tier__amounts"),
        warehouse=shop_dbt.begin(),
        raw_folder=package_folder(),
        source="your_shop",
        environment={"SHOP_DIR": str(shop), "PLAN_FOLDER": str(plan)},
    )
    assert result.exit_code == 0, result.output
    return built_shop(shop_dbt)


@pytest.fixture(scope="module")
def names(warehouse: Path) -> dict[str, str]:
    """Return what the members are called in their histories, by pseudonym."""
    orders = query_shop(
        warehouse,
        "select user_id, min(order_id) from core.orders"
        " where order_id like 'o%-%' and order_id <> 'o-last' group by user_id",
    )
    return {user: f"u{order[1:].split('-')[0]}" for user, order in orders}


def test_every_balance_is_that_of_a_queue_of_points(
    histories: dict[str, History], warehouse: Path, names: dict[str, str]
) -> None:
    found: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for user, day, pending, available in query_shop(
        warehouse,
        "select user_id, occurred_on, pending_points, available_points from members.point_ledger"
        " qualify row_number() over (partition by user_id, occurred_on order by entry_number desc) = 1"
        " order by user_id, occurred_on",
    ):
        if user in names:
            found[names[user]][(day - FIRST_DAY).days] = (pending, available)
    wrong = 0
    for name, history in histories.items():
        so_far = (0, 0)
        for day, balance in balances_of(name, history).items():
            so_far = found[name].get(day, so_far)
            wrong += so_far != balance
    assert wrong == 0
    assert sum(len(days) for days in found.values()) > 3 * MEMBERS


def test_the_ledger_explains_every_balance(warehouse: Path) -> None:
    """Whole shop: changes add up to balances, and points asked for are taken or not covered."""
    [(rows, users, wrong)] = query_shop(
        warehouse,
        """
        with summed as (
            select *,
                sum(available_change) over past as available, sum(pending_change) over past as pending
            from members.point_ledger
            window past as (partition by user_id order by entry_number)
        )
        select count(*), count(distinct user_id),
            count(*) filter (where available <> available_points or pending <> pending_points)
        from summed
        """,
    )
    assert wrong == 0
    assert users > 0.9 * MEMBERS
    assert rows > 3 * users
    [(asked, taken)] = query_shop(
        warehouse,
        """
        select
            (select sum(points) from core.point_movements where movement_type in ('spent', 'withdrawn')),
            (select sum(uncovered_points - available_change) from members.point_ledger
                where entry_kind in ('spent', 'withdrawn'))
        """,
    )
    assert asked == taken


def test_tiers_of_every_day_are_those_of_who_goes_through_the_days(
    histories: dict[str, History], warehouse: Path, names: dict[str, str]
) -> None:
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for user, tier, first, end in query_shop(
        warehouse, "select user_id, tier, first_date, coalesce(next_date, date '9999-01-01') from members.member_tiers"
    ):
        for day in range((first - FIRST_DAY).days, min((end - FIRST_DAY).days, 501)):
            assert day not in found[names.get(user, "nobody")]
            found[names.get(user, "nobody")][day] = tier
    expected = {}
    for name in list(histories)[:MEMBERS_OF_TIERS]:
        expected[name] = {}
        for tier in TIERS:
            # of several the highest, which comes last
            expected[name] |= dict.fromkeys(days_held(histories[name], tier), tier[0])
    assert {name for name, days in expected.items() if found[name] != days} == set()
    assert {tier for days in expected.values() for tier in days.values()} == {"club", "silver", "gold"}


def test_a_tier_begins_and_ends_as_its_change_says(warehouse: Path) -> None:
    """Whole shop: who joins held none the day before; who is upgraded held a lower one, who is downgraded a higher."""
    [(rows, wrong)] = query_shop(
        warehouse,
        """
        with before as (
            select *, lag(tier_rank) over past as former_rank, lag(next_date) over past as former_until
            from members.member_tiers
            window past as (partition by user_id order by first_date)
        )
        select count(*), count(*) filter (where change_kind <> case
            when former_until is null or former_until < first_date then 'joined'
            when former_rank < tier_rank then 'upgraded' else 'downgraded' end)
        from before
        """,
    )
    assert wrong == 0
    assert rows > MEMBERS


def test_what_is_missing_reaches_or_keeps_the_tier(
    histories: dict[str, History], warehouse: Path, names: dict[str, str]
) -> None:
    """An order of what is missing does it, and one of a cent less does not, if it counts at once."""
    tiers = {tier[0]: tier for tier in TIERS}
    some, asked, wrong = {*list(histories)[:MEMBERS_OF_TIERS]}, defaultdict(int), set()
    for user, name, as_of, end, is_next, missing in query_shop(
        warehouse,
        "select user_id, tier, as_of_date, window_end_date, is_next, missing_amount"
        " from features.ftr_user_tier__amounts"
        " where as_of_date = (select as_of_date from core.as_of_dates where is_scoring_date)",
    ):
        member = names.get(user, "nobody")
        if member not in some:
            continue
        day, last = (as_of - FIRST_DAY).days, (end - FIRST_DAY).days
        pending_days = tiers[name][3]
        judged = range(day, day + pending_days + 1) if is_next else range(last, last + 1)

        def does(amount: Decimal, member=member, name=name, day=day, judged=judged, last=last) -> bool:
            history = histories[member]
            orders = history.orders | ({"now": (day, [amount])} if amount > 0 else {})
            held = days_held(History(orders, history.refunds), tiers[name], max(last, judged[-1]) + 1)
            return not held.isdisjoint(judged)

        asked[name, is_next, missing > 0] += 1
        if not does(missing) or (missing > 0 and not pending_days and does(missing - Decimal("0.01"))):
            wrong.add((member, name, is_next))
    assert wrong == set()
    assert {(each, True, True) for each in ("silver", "gold")} <= asked.keys()
    assert {(each, False, lacks) for each in ("silver", "gold") for lacks in (True, False)} <= asked.keys()

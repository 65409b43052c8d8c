"""Order ids, line ids and words for nobody as tills and other systems count them: no sale and no person is lost."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from support.builds import DbtRuns, pseudonym
from support.shops import CHECK_DATA, LINES_CHECKED, built_shop, query_shop, run_on_shop, write_shop

COLUMNS = "transaction_id,order_id,user_id,product_id,location_id,quantity,net_amount,ordered_at"
FIRST_DAY = datetime.date(2024, 1, 1)


@dataclass(frozen=True)
class Receipt:
    """What one person bought at a till, as the till counts it."""

    order_id: str
    user: str
    store: str
    day: datetime.date
    cents: tuple[int, ...]

    def lines(self, time: str) -> list[str]:
        """Return its lines; their ids count from 1 in each receipt."""
        return [
            f"{self.order_id}-{number},{self.order_id},{self.user},p{cents % 7},{self.store},1,{Decimal(cents) / 100},"
            f"{self.day}T{time}"
            for number, cents in enumerate(self.cents, 1)
        ]


def receipts_of(seed: int) -> list[Receipt]:
    """Return two years of two stores, each of which counts its receipts anew every January."""
    draw = random.Random(seed)
    receipts, counters = [], Counter()
    for day in range(0, 730, 3):
        date = FIRST_DAY + datetime.timedelta(days=day)
        for store in draw.sample(["north", "south"], draw.choice([1, 2])):
            counters[store, date.year] += 1
            user = draw.choice([f"u{number}" for number in range(12)] + ["", "Guest", "NULL"])
            cents = tuple(draw.randrange(100, 9_000) for _ in range(draw.choice([1, 1, 2, 3])))
            receipts.append(Receipt(str(counters[store, date.year]), user, store, date, cents))
    return receipts


def test_tills_and_years_that_count_anew_lose_no_sale_and_no_person(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    receipts = receipts_of(seed=3)
    # a year that somebody typed wrongly
    receipts.append(Receipt("9999", "u1", "north", datetime.date(2026, 10, 30), (1_234,)))
    lines = [line for each in receipts for line in each.lines("12:00:00")]
    random.Random(4).shuffle(lines)
    shop = write_shop(tmp_path, {"transactions.csv": "\n".join([COLUMNS, *lines, ""])})
    result = run_on_shop(shop_dbt, shop, "build", "--select=+orders +as_of_dates", "--exclude-resource-type=unit_test")
    assert result.exit_code == 0, result.output
    paid: dict[str | None, Decimal] = {}
    for each in receipts:
        user = pseudonym(each.user) if each.user.startswith("u") else None
        paid[user] = paid.get(user, Decimal(0)) + Decimal(sum(each.cents)) / 100
    warehouse = built_shop(shop_dbt)
    assert dict(query_shop(warehouse, "select user_id, sum(net_amount) from core.orders group by 1")) == paid
    assert query_shop(warehouse, "select count(*), count(distinct order_id) from core.orders")[0] == (
        len(receipts),
        len(receipts),
    )
    lines_read = query_shop(warehouse, "select count(*), count(distinct transaction_id) from core.transactions")[0]
    assert lines_read == (len(lines), len(lines))
    (scoring_date,) = query_shop(warehouse, "select distinct scoring_date from core.as_of_dates")[0]
    assert scoring_date == max(each.day for each in receipts[:-1]) + datetime.timedelta(days=1)


# Per case its lines: id, order, user, place, units, day and time, time of change; and what becomes of each:
# its id, order and user, or nothing where a version is left out.
CASES = {
    "a guest, and a user a year later": [
        ("a1", "a", "", "north", 1, "2025-02-01 10:00", "", ("a1", "a", "")),
        ("a2", "a", "u1", "north", 1, "2026-02-01 10:00", "", ("a2", "a#2", "u1")),
    ],
    "a user in the morning, a guest in the evening": [
        ("b1", "b", "u1", "north", 1, "2025-02-01 00:30", "", ("b1", "b", "u1")),
        ("b2", "b", "", "north", 1, "2025-02-01 23:30", "", ("b2", "b#2", "")),
    ],
    "a guest sends back what a guest bought": [
        ("c1", "c", "u1", "north", 1, "2025-02-01 10:00", "", ("c1", "c", "u1")),
        ("c2", "c", "", "south", 1, "2025-02-01 10:30", "", ("c2", "c#2", "")),
        ("c3", "c", "", "south", -1, "2025-02-05 10:00", "", ("c3", "c#2", "")),
    ],
    "a user sends back elsewhere, without a name": [
        ("d1", "d", "u1", "north", 1, "2025-02-01 10:00", "", ("d1", "d", "u1")),
        ("d2", "d", "", "south", -1, "2025-02-20 10:00", "", ("d2", "d", "u1")),
    ],
    "paid, then shipped from another depot": [
        ("e1", "e", "", "north", 1, "2025-02-01 10:00", "2025-02-01", None),
        ("e1", "e", "", "south", 1, "2025-02-01 10:00", "2025-02-02", ("e1", "e", "")),
    ],
    "an account is known later": [
        ("f1", "f", "u1", "south", 1, "2025-02-01 10:00", "2025-02-02", ("f1", "f", "u1")),
        ("f1", "f", "", "north", 1, "2025-02-01 10:00", "2025-02-01", None),
    ],
    "a day is corrected, a year off": [
        ("g1", "g", "u1", "north", 1, "2025-02-01 10:00", "2025-02-01", None),
        ("g1", "g", "u1", "north", 1, "2026-02-01 10:00", "2025-02-02", ("g1", "g", "u1")),
    ],
    "a receipt comes again weekly, its lines are numbers": [
        ("1", "h", "u1", "north", 1, "2025-02-01 10:00", "", ("1 of h", "h", "u1")),
        ("2", "h", "u1", "north", 1, "2025-02-01 10:00", "", ("2 of h", "h", "u1")),
        ("1", "h", "u1", "north", 2, "2025-02-08 10:00", "", ("1 of h#2", "h#2", "u1")),
        ("1", "i", "u2", "north", 1, "2025-02-08 10:00", "", ("1 of i", "i", "u2")),
        ("1", "i", "u2", "north", -1, "2025-02-18 10:00", "", ("1 of i returned", "i", "u2")),
        ("2", "i", "u3", "north", 1, "2025-02-08 17:00", "", ("2 of i#2", "i#2", "u3")),
    ],
    "two depots, one order": [
        ("j1", "j", "u1", "north", 1, "2025-02-01 10:00", "", ("j1", "j", "u1")),
        ("j2", "j", "u1", "south", 1, "2025-02-01 10:00", "", ("j2", "j", "u1")),
    ],
}


def test_each_line_belongs_to_whom_it_is_of(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    rows = [row for case in CASES.values() for row in case]
    lines = [
        f"{line},{order},{user},p1,{place},{units},{5 * units}.00,{time},{changed}"
        for line, order, user, place, units, time, changed, _ in rows
    ]
    shop = write_shop(tmp_path, {"transactions.csv": "\n".join([f"{COLUMNS},updated_at", *lines, ""])})
    result = run_on_shop(shop_dbt, shop, *LINES_CHECKED)
    assert result.exit_code == 0, result.output
    kept = query_shop(
        built_shop(shop_dbt),
        "select transaction_id, order_id, user_id from cleaning.int_transactions_checked"
        " where row_status = 'kept' order by source_row",
    )
    expected = [
        (line, order, pseudonym(user) if user else None) for *_, right in rows if right for line, order, user in [right]
    ]
    assert kept == expected


def test_a_shop_that_cannot_be_so_stops(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = {
        # ids of 5 digits lost their zeros; 40 orders of nobody
        "1": [f"t{n},o{n},{n if n > 40 else 0},p1,s1,1,5.00,2026-03-14" for n in range(80)],
        # one row in two is told anew, as something else; one in four under another id
        "2": [
            *(f"t{n},o{n},{n if n > 40 else 0},p1,s1,1,6.00,2026-03-14" for n in range(40)),
            *(f"u{n},u{n},{n},p1,s1,1,5.00,2026-03-14" for n in range(50, 70)),
        ],
    }
    files = {f"transactions/{name}.csv": "\n".join([COLUMNS, *rows, ""]) for name, rows in lines.items()}
    files["users.csv"] = "user_id\n" + "".join(f"{number:05d}\n" for number in range(80))
    result = run_on_shop(shop_dbt, write_shop(tmp_path, files), *CHECK_DATA)
    assert result.exit_code == 1
    for sentence in (
        "hardly a user_id of the lines is in users",
        "one user_id has far more orders than any other",
        "a later version has other goods or another amount",
        "another file has the same line under another id",
    ):
        assert sentence in result.output

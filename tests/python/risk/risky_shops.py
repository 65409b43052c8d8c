"""Orders, tokens and disputes of two small trades, of which it is known who cheats, as tables of core."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

FIRST = datetime(2026, 1, 1, 9)
SCORING = "2026-07-01"
# Tables of core that models/risk reads, with the columns that it reads and their types.
TABLES = {
    "orders": "order_id varchar, user_id varchar, net_amount decimal(18,2), order_date date, ordered_at timestamp",
    "transactions": (
        "order_id varchar, user_id varchar, product_id varchar, coupon_id varchar, line_kind varchar,"
        " quantity decimal(18,3), discount_amount decimal(18,2), coupon_amount decimal(18,2),"
        " net_amount decimal(18,2), is_basket_line boolean, ordered_at timestamp"
    ),
    "users": "user_id varchar, signup_at timestamp",
    "order_tokens": "order_id varchar, user_id varchar, token_kind varchar, token varchar, seen_at timestamp",
    "order_disputes": (
        "order_id varchar, user_id varchar, dispute_kind varchar, reported_at timestamp, resolved_at timestamp,"
        " is_upheld boolean"
    ),
    "returns": (
        "user_id varchar, returned_amount decimal(18,2), is_matched boolean, return_kind varchar, returned_at timestamp"
    ),
    "reviews": ("review_id varchar, user_id varchar, product_id varchar, reviewed_on date, reviewed_at timestamp"),
    "coupon_redemptions": (
        "redemption_id varchar, user_id varchar, coupon_id varchar, redeemed_on date, redeemed_at timestamp"
    ),
    "as_of_dates": "as_of_date date, is_scoring_date boolean",
}


@dataclass
class RiskyShop:
    """Rows of core as a shop's days go by; times are hours since the first morning."""

    rows: dict[str, list[dict]] = field(default_factory=lambda: {name: [] for name in TABLES})
    known: set[str] = field(default_factory=set)

    def at(self, hours: float) -> datetime:
        """Return an instant."""
        return FIRST + timedelta(hours=hours)

    def account(self, user: str, hours: float) -> None:
        """Open an account, once."""
        if user not in self.known:
            self.known.add(user)
            self.rows["users"].append({"user_id": user, "signup_at": self.at(hours)})

    def token(self, order: str, user: str | None, kind: str, token: str, hours: float) -> None:
        """See a token with an order or an attempt."""
        self.rows["order_tokens"].append(
            {
                "order_id": order,
                "user_id": user,
                "token_kind": kind,
                "token": f"{kind} {token}",
                "seen_at": self.at(hours),
            }
        )

    def order(
        self,
        order: str,
        user: str | None,
        hours: float,
        amount: float = 40,
        *,
        device: str | None = None,
        address: str | None = None,
        payment: str | None = None,
        product: str = "p",
        units: float = 1,
        discount: float = 0,
        coupon: str | None = None,
    ) -> None:
        """Place an order of one line."""
        if user:
            self.account(user, hours - 1)
        when = self.at(hours)
        shared = {"order_id": order, "user_id": user, "net_amount": amount, "ordered_at": when}
        self.rows["orders"].append({**shared, "order_date": when.date()})
        self.rows["transactions"].append(
            {
                **shared,
                "product_id": product,
                "coupon_id": coupon,
                "line_kind": "sale",
                "quantity": units,
                "discount_amount": discount,
                "coupon_amount": 5 if coupon else 0,
                "is_basket_line": True,
            }
        )
        for kind, token in (("device", device), ("address", address), ("payment", payment)):
            if token:
                self.token(order, user, kind, token, hours)

    def dispute(
        self, order: str, user: str | None, hours: float, kind: str, *, resolved: float | None, is_upheld: bool | None
    ) -> None:
        """Dispute an order."""
        self.rows["order_disputes"].append(
            {
                "order_id": order,
                "user_id": user,
                "dispute_kind": kind,
                "reported_at": self.at(hours),
                "resolved_at": None if resolved is None else self.at(resolved),
                "is_upheld": is_upheld,
            }
        )

    def send_back(self, user: str, hours: float, amount: float, kind: str = "returned") -> None:
        """Return goods."""
        sent = {"user_id": user, "returned_amount": amount, "is_matched": True, "return_kind": kind}
        self.rows["returns"].append(sent | {"returned_at": self.at(hours)})

    def review(self, user: str, product: str, hours: float) -> None:
        """Write a review."""
        self.account(user, hours - 1)
        when = self.at(hours)
        self.rows["reviews"].append(
            {
                "review_id": f"{user}-{product}-{hours}",
                "user_id": user,
                "product_id": product,
                "reviewed_on": when.date(),
                "reviewed_at": when,
            }
        )

    def add(self, other: RiskyShop) -> RiskyShop:
        """Take in the rows of another shop, of other people; return this one."""
        for name, rows in other.rows.items():
            self.rows[name] += rows
        return self

    def write(self, database: Path, until: str = "2100-01-01") -> None:
        """Put the rows of before an instant into core of a database that was built."""
        times = {
            "orders": "ordered_at", "transactions": "ordered_at", "order_tokens": "seen_at",
            "order_disputes": "reported_at", "returns": "returned_at", "reviews": "reviewed_at",
            "coupon_redemptions": "redeemed_at",
        }  # fmt: skip
        with duckdb.connect(str(database)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for name, columns in TABLES.items():
                names = [column.split()[0] for column in columns.split(", ")]
                frame = pd.DataFrame(self.rows[name], columns=names)
                connection.register("given", frame)
                connection.execute(f"create or replace table core.{name} ({columns})")
                if name == "as_of_dates":
                    connection.execute(f"insert into core.as_of_dates values (date '{SCORING}', true)")
                elif len(frame):
                    when = f" where {times[name]} < timestamp '{until}'" if name in times else ""
                    connection.execute(f"insert into core.{name} by name select * from given{when}")
                connection.unregister("given")
            # nor was it known how a dispute would end
            connection.execute(
                "update core.order_disputes set resolved_at = null, is_upheld = null"
                f" where resolved_at >= timestamp '{until}'"
            )


def electronics_shop(seed: int = 0) -> RiskyShop:
    """Return half a year of an electronics shop in which seven kinds of cheats are at work.

    Ids of orders begin with their kind; honest ones with ok.
    """
    shop, draw = RiskyShop(), random.Random(seed)
    day = 24.0
    for user in range(120):
        tokens = {"device": f"d{user}", "address": f"a{user}", "payment": f"c{user}"}
        for number in range(draw.randint(1, 6)):
            when = draw.uniform(0, 170) * day
            shop.order(f"ok-{user}-{number}", f"u{user}", when, draw.choice([20, 60, 90, 250, 700]), **tokens)
    # a student hall: one device of the library and one address, many accounts, each with a card
    for user in range(60):
        when = (20 + 2 * user) * day
        shop.order(f"ok-hall-{user}", f"h{user}", when, 60, device="hall", address="hall", payment=f"hc{user}")
    # a card is declined, another one is taken: as anybody does
    for user in range(8):
        shop.token(f"ok-try-{user}", f"u{user}", "payment", f"old{user}", 100 * day)
        shop.order(f"ok-try-{user}", f"u{user}", 100 * day + 0.1, 60, device=f"d{user}", payment=f"c{user}")
    for ring in range(4):
        start = (40 + 25 * ring) * day
        # cards are tested by guests, on one device, until some are taken
        for number in range(9):
            name, when = f"testing-{ring}-{number}", start + number / 20
            if number >= 5:
                shop.order(name, None, when, 5, device=f"bot{ring}", payment=f"stolen{ring}-{number}")
                shop.dispute(name, None, when + 20 * day, "card_testing", resolved=when + 40 * day, is_upheld=True)
            else:
                shop.token(name, None, "device", f"bot{ring}", when)
                shop.token(name, None, "payment", f"stolen{ring}-{number}", when)
        # one person, six accounts, one welcome coupon, cards of their own
        for number in range(6):
            name, user, when = f"farm-{ring}-{number}", f"farm{ring}-{number}", start + 3 * number
            shop.order(
                name, user, when, 35, device=f"farm{ring}", address=f"farm{ring}", payment=f"v{ring}-{number}",
                coupon=f"welcome{ring % 2}",
            )  # fmt: skip
            if number >= 2:
                shop.dispute(name, user, when + 5 * day, "coupon_farming", resolved=when + 9 * day, is_upheld=True)
        # what was bought goes back, again and again
        for number in range(10):
            name, user, when = f"refund-{ring}-{number}", f"r{ring}", start + 3 * number * day
            shop.order(name, user, when, 200, device=f"r{ring}", payment=f"r{ring}")
            shop.send_back(user, when + 2 * day, 190)
            if number >= 5:
                shop.dispute(name, user, when + 9 * day, "refund_abuse", resolved=when + 20 * day, is_upheld=True)
        # a new account takes all of a reduced product
        name, user = f"reseller-{ring}", f"s{ring}"
        shop.order(name, user, start, 3000, device=f"s{ring}", payment=f"s{ring}", units=30, discount=1500)
        shop.dispute(name, user, start + 5 * day, "reseller", resolved=start + 9 * day, is_upheld=True)
        # reviews of what was never bought, and an order that they were paid with
        for number in range(6):
            shop.review(f"w{ring}", f"p{number}", start + number / 10)
        shop.order(f"fake-{ring}", f"w{ring}", start + day, 30, device=f"w{ring}", payment=f"w{ring}")
        shop.dispute(
            f"fake-{ring}", f"w{ring}", start + 9 * day, "fake_review", resolved=start + 12 * day, is_upheld=True
        )
        # goods came, the card is charged back; and so it goes on
        for number in range(3):
            name, user, when = f"friendly-{ring}-{number}", f"f{ring}", start + 25 * number * day
            shop.order(name, user, when, 150, device=f"f{ring}", payment=f"f{ring}")
            shop.dispute(name, user, when + 5 * day, "friendly_fraud", resolved=when + 15 * day, is_upheld=True)
        # an account is taken over: the taker's device was on another disputed order
        for number in range(2):
            name, user, when = f"takeover-{ring}-{number}", f"u{2 * ring + number}", start + 40 * number * day
            shop.order(name, user, when, 600, device=f"thief{ring}", payment=f"c{2 * ring + number}")
            shop.dispute(name, user, when + 5 * day, "takeover", resolved=when + 12 * day, is_upheld=True)
    return shop


def flower_shop(seed: int = 0) -> RiskyShop:
    """Return half a year of a flower shop in which everybody is honest, and many look as if they were not."""
    shop, draw = RiskyShop(), random.Random(seed)
    day = 24.0
    # families: two to four accounts on one tablet at one address, each with a card of its own
    for home in range(25):
        for member in range(draw.randint(2, 4)):
            opened = draw.uniform(0, 120) * day
            for number in range(3):
                shop.order(
                    f"home-{home}-{member}-{number}", f"m{home}-{member}", opened + 15 * number * day, 30,
                    device=f"tablet{home}", address=f"home{home}", payment=f"mc{home}-{member}", coupon="spring",
                )  # fmt: skip
    # a company sends flowers to all its people, at a company's price now and then
    for week in range(24):
        reduced = 60 if week % 4 == 3 else 0
        shop.order(
            f"company-{week}", "company", (7 * week + 1) * day, 240 - reduced, device="office", address="office",
            payment="company", product="bouquet", units=24, discount=reduced,
        )  # fmt: skip
    # gifts: one giver, ever other addresses; on Mother's Day several in an hour, and by two cards
    for giver in range(30):
        for number in range(4):
            when = draw.choice([43, 129]) * day + draw.uniform(0, 6)
            shop.order(
                f"gift-{giver}-{number}", f"g{giver}", when, 45, device=f"g{giver}",
                address=f"of-{giver}-{number}", payment=f"gc{giver}-{number % 2}",
            )  # fmt: skip
    # all collect at one kiosk, and pay there by the kiosk's own terminal
    for user in range(80):
        shop.order(f"kiosk-{user}", f"k{user}", (2 * user + 3) * day, 25, address="kiosk", payment=f"kc{user}")
    # a charge that the customer did not know was reversed
    shop.order("reversed-0", "g0", 50 * day, 45, device="g0", payment="gc0-0")
    shop.dispute("reversed-0", "g0", 55 * day, "chargeback", resolved=70 * day, is_upheld=False)
    shop.order("reversed-1", "g0", 60 * day, 45, device="g0", payment="gc0-0")
    shop.order("reversed-2", "g0", 80 * day, 45, device="g0", payment="gc0-0")
    return shop

"""Makes the small shop of docs/first-campaign.md, and plays its customers and its mail tool.

    python -m demo_shop.cheese_shop shop your_shop
    python -m demo_shop.cheese_shop week your_shop exports/.../2026-07-cheese.email_service.csv week.json

`shop` writes three files, up to LAST_DAY. `week` sends the file as a mail tool would, and
writes the orders of the next week and the events that Amazon SES would publish.
"""

from __future__ import annotations

import csv
import datetime
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

LAST_DAY = datetime.date(2026, 6, 30)
DAYS, WEEK_DAYS = 400, 7
# Category: products, price of the first, share of customers who like it.
GOODS = {
    "Cheese": (("Gouda", "Brie", "Feta", "Comté"), 4.5, 1.0),
    "Bread": (("Baguette", "Rye", "Rolls", "Focaccia"), 2.5, 0.8),
    "Wine": (("Riesling", "Merlot", "Rosé", "Port"), 8.0, 0.4),
    "Olives": (("Green olives", "Black olives", "Tapenade", "Olive oil"), 3.0, 0.3),
}
FIRST_NAMES = ("Ann", "Ben", "Chloé", "Dan", "Eva", "Finn", "Gül", "Hugo", "Inês", "Jürg", "Kim", "Léa")
LAST_NAMES = ("Adams", "Baker", "Costa", "Müller", "Keller", "O'Brien", "Roy", "Silva", "Tremblay", "Weber")
PERSONAL = (
    *("email", "phone", "first_name", "last_name", "language"),
    *("street_address", "postal_code", "city", "country", "push_token"),
)
USER_COLUMNS = ("user_id", *PERSONAL, "consent_email", "consent_sms", "consent_push", "consent_ads")
PRODUCT_COLUMNS = ("product_id", "product_name", "department", "category", "list_price", "unit_cost")
LINE_COLUMNS = (
    *("transaction_id", "order_id", "user_id", "product_id", "currency"),
    *("quantity", "unit_price", "net_amount", "ordered_at"),
)
# Of sent messages: those that come back for good, are opened, and are clicked.
BOUNCED, OPENED, CLICKED = 0.03, 0.45, 0.15
# Of those who open: order cheese because of it, and never want another.
PERSUADED, UNSUBSCRIBED = 0.9, 0.05


def users(count: int) -> list[tuple]:
    """Return customers with all that a message needs; one in ten wants no e-mail."""
    rows = []
    for number in range(count):
        first, last = FIRST_NAMES[number % 12], LAST_NAMES[number % 10]
        person = (f"customer{number}@example.com", f"+1 212 555 {number:04}", first, last, ("en", "zh")[number % 2])
        home = (
            f"{number + 1} Market Street",
            f"{10001 + number % 90}",
            "New York",
            "US",
            f"token-of-customer-{number}",
        )
        rows.append((f"c{number}", *person, *home, number % 10 > 0, number % 3 == 0, number % 4 == 0, number % 5 == 0))
    return rows


def products() -> list[tuple]:
    """Return four products of each category, each dearer than the one before."""
    return [
        (f"{category}-{rank}", name, "Delicatessen", category, price + rank, round(0.6 * (price + rank), 2))
        for category, (names, price, _) in GOODS.items()
        for rank, name in enumerate(names)
    ]


def lines(user: str, day: datetime.date, categories: list[str], draw: random.Random, number: int = 0) -> list[tuple]:
    """Return an order of one product per category."""
    order = f"{user}-{day}-{number}"
    at = f"{day} {draw.randrange(9, 19):02}:{draw.randrange(60):02}:00"
    rows = []
    for category in categories:
        rank = draw.randrange(4)
        price = GOODS[category][1] + rank
        rows.append((f"{order}-{category}", order, user, f"{category}-{rank}", "USD", 1, price, price, at))
    return rows


def orders(count: int) -> Iterator[tuple[datetime.date, list[tuple]]]:
    """Return who orders what on which day, to the end of the week that follows."""
    for number in range(count):
        draw = random.Random(f"customer {number}")
        liked = [name for name, (_, _, share) in GOODS.items() if draw.random() < share] or ["Bread"]
        gap = draw.randrange(5, 25)
        # the first customer orders on the last day, so that all customers do not end the data
        for day in range(draw.randrange(DAYS // 2), DAYS + WEEK_DAYS):
            if draw.random() < 1 / gap or (number == 0 and day in (DAYS - 1, DAYS + WEEK_DAYS - 1)):
                date = LAST_DAY + datetime.timedelta(days=day - DAYS + 1)
                bought = [name for name in liked if draw.random() < 0.7] or liked[:1]
                yield date, lines(f"c{number}", date, bought, draw)


def write_shop(folder: Path, count: int) -> None:
    """Write the three files of the shop."""
    folder.mkdir(parents=True, exist_ok=True)
    sold = [line for date, order in orders(count) if date <= LAST_DAY for line in order]
    _write(folder / "users.csv", USER_COLUMNS, users(count))
    _write(folder / "products.csv", PRODUCT_COLUMNS, products())
    _write(folder / "transactions.csv", LINE_COLUMNS, sold)


def live_a_week(folder: Path, sent: Path, events: Path) -> None:
    """Write the week's orders, more of those who opened what was sent, and the events."""
    count = len((folder / "users.csv").read_text(encoding="utf-8").splitlines()) - 1
    sold = [line for date, order in orders(count) if date > LAST_DAY for line in order]
    users_of = {row[1]: row[0] for row in users(count)}
    records: list[dict] = []
    with sent.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            kinds, is_persuaded = _react(random.Random(row["email"]))
            start = datetime.datetime.fromisoformat(row["send_from"])
            records += [_record(row, kind, start + datetime.timedelta(hours=hour)) for hour, kind in enumerate(kinds)]
            if is_persuaded:
                draw = random.Random(f"extra {row['email']}")
                day = start.date() + datetime.timedelta(days=draw.randrange(5))
                sold += lines(users_of[row["email"]], day, ["Cheese"], draw, 1)
    (folder / "transactions").mkdir(exist_ok=True)
    _write(folder / "transactions" / f"{LAST_DAY + datetime.timedelta(days=WEEK_DAYS)}.csv", LINE_COLUMNS, sold)
    events.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _react(draw: random.Random) -> tuple[list[str], bool]:
    """Return what becomes of a message, hour by hour, and whether it brings an order."""
    if draw.random() < BOUNCED:
        return ["Send", "Bounce"], False
    if draw.random() > OPENED:
        return ["Send", "Delivery"], False
    kinds = ["Send", "Delivery", "Open"]
    kinds += ["Click"] * (draw.random() < CLICKED / OPENED) + ["Subscription"] * (draw.random() < UNSUBSCRIBED)
    return kinds, draw.random() < PERSUADED


def _record(row: dict[str, str], kind: str, at: datetime.datetime) -> dict:
    """Return an event as SES publishes it."""
    address, timestamp = row["email"], at.astimezone(datetime.UTC).isoformat()
    told: dict = {"timestamp": timestamp}
    if kind == "Bounce":
        told |= {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]}
    if kind == "Subscription":
        told |= {"newTopicPreferences": {"unsubscribeAll": True}}
    tags = {name: [row[name]] for name in ("campaign_id", "contact_id")}
    mail = {"timestamp": timestamp, "messageId": row["contact_id"], "destination": [address], "tags": tags}
    return {"eventType": kind, "mail": mail, kind.lower(): told}


def _write(file: Path, columns: tuple[str, ...], rows: list[tuple]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main(arguments: list[str]) -> str | None:
    """Run a command; return a sentence where it cannot be."""
    match arguments:
        case ["shop", folder, *customers] if all(each.isdecimal() for each in customers):
            write_shop(Path(folder), int(customers[0]) if customers else 300)
        case ["week", folder, sent, events] if Path(sent).is_file() and (Path(folder) / "users.csv").is_file():
            live_a_week(Path(folder), Path(sent), Path(events))
        case _:
            return (__doc__ or "").split("\n\n", 1)[1].strip()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

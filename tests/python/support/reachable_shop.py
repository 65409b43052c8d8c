"""A whole small shop, made in memory: accounts with all kinds of addresses, some chosen."""

from __future__ import annotations

import datetime
import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from operations.audience_export.__main__ import export
from operations.audience_export.addressed_files import prepare, write_files
from operations.audience_export.contacts import judge_contacts
from operations.places import PROJECT

TODAY = datetime.date(2026, 3, 2)
TABLES = """
    attach ':memory:' as vault;
    create table vault.people (user_id text, source_user_id text, email text, phone text, full_name text,
        first_name text, last_name text, language text, street_address text, postal_code text, country text,
        push_token text);
    create table users (user_id text, city text, region text, consent_email boolean, consent_sms boolean,
        consent_push boolean, consent_ads boolean);
    create table suppressions (shop text, user_id text, suppression_kind text, channel text, first_date text,
        last_date text, reason text);
    create table dec_event_suppressions (user_id text, suppression_kind text, channel text, first_date date);
    create table dec_campaign_deliveries (campaign_id text, is_stopped boolean);
    create table dec_contacts (campaign_id text, user_id text, channel text, contact_date date);
    create table decision_ledger (decision_id text, campaign_id text, user_id text);
    create table as_of_dates as select date '2026-03-02' as as_of_date, true as is_scoring_date;
    create table transactions as select 'EUR' as currency;
    create table plan_offers (offer_id text, campaign_id text, discount_kind text, eligible_category text,
        discount_value double, minimum_basket_amount double);
    create table campaign_audience (decision_id text, campaign_id text, user_id text, channel text, offer_id text,
        audience_rank bigint, send_from_hour bigint, send_until_hour bigint, send_on date, ends_on date,
        decided_on date);
    create table message_products (decision_id text, product_rank bigint, product_id text, product_name text);
    create table channels as
    select 'your_shop' as shop, * from (values
        ('email', 'email', null), ('sms', 'sms', '1'), ('push', 'push', null), ('ads', 'ads', null),
        ('mail', 'none', null)
    ) as channels (channel, consent, most_contacts_per_user_week);
"""


@dataclass
class Account:
    """An account of a customer, and what a marketer may know of them."""

    name: str
    email: str | None = None
    phone: str | None = None
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None
    street_address: str | None = None
    postal_code: str | None = None
    country: str | None = None
    push_token: str | None = None
    city: str | None = None
    region: str | None = None
    consents: dict[str, bool | None] = field(
        default_factory=lambda: dict.fromkeys(("email", "sms", "push", "ads"), True)
    )

    @property
    def user_id(self) -> str:
        """Return a pseudonym."""
        return hashlib.md5(self.name.encode()).hexdigest()


class ReachableShop:
    """Accounts, suppressions and launched contacts of one shop, and its exports.

    Parameters
    ----------
    folder : Path
        Where exports and coupon codes go.
    country : str
        Of the shop.
    """

    def __init__(self, folder: Path, country: str = "DE") -> None:
        self.folder = folder
        self.exports = folder / "exports" / "your_shop"
        self.warehouse, self.pool = folder / "warehouse" / "shop.duckdb", folder / "pool.csv"
        self.settings = {**PROJECT["vars"]["shops"]["your_shop"], "country": country, "timezone": "Europe/Berlin"}
        self.settings["offer_link"] = "https://shop.example/?c={campaign_id}&code={coupon_code}"
        self.connection = duckdb.connect()
        self.connection.execute(TABLES)
        self.accounts: dict[str, Account] = {}

    def add(self, *accounts: Account) -> None:
        """Let customers have accounts."""
        for each in accounts:
            self.accounts[each.name] = each
            self.connection.execute(
                "insert into vault.people values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    each.user_id,
                    each.name,
                    each.email,
                    each.phone,
                    each.full_name,
                    each.first_name,
                    each.last_name,
                    each.language,
                    each.street_address,
                    each.postal_code,
                    each.country,
                    each.push_token,
                ],
            )
            self.connection.execute(
                "insert into users values (?, ?, ?, ?, ?, ?, ?)",
                [each.user_id, each.city, each.region, *each.consents.values()],
            )

    def suppress(self, name: str, kind: str = "opt_out", channel: str | None = None) -> None:
        """Suppress an account."""
        self.connection.execute(
            "insert into suppressions values ('your_shop', ?, ?, ?, '2026-01-01', null, 'asked')",
            [self.accounts[name].user_id, kind, channel],
        )

    def launch(self, campaign: str, channel: str, *names: str, discount: tuple[str, float] = ("share", 0.1)) -> None:
        """Launch a campaign that chose these accounts, the best first."""
        self.connection.execute(
            "insert into plan_offers values (?, ?, ?, 'Tea', ?, 20)", [f"{campaign}-offer", campaign, *discount]
        )
        for rank, name in enumerate(names, 1):
            contact = hashlib.md5(f"{campaign}/{name}".encode()).hexdigest()
            self.connection.execute(
                "insert into campaign_audience values (?, ?, ?, ?, ?, ?, 8, 24, ?, ?, ?)",
                [
                    contact,
                    campaign,
                    self.accounts[name].user_id,
                    channel,
                    f"{campaign}-offer",
                    rank,
                    TODAY,
                    TODAY + datetime.timedelta(28),
                    TODAY,
                ],
            )
            if rank == 1:
                self.connection.execute(
                    "insert into message_products values (?, 2, 'p-2', '=Black tea'), (?, 1, 'p-1', 'Green tea'),"
                    " (?, 3, 'p-3', 'Green tea')",
                    [contact, contact, contact],
                )

    def export(self, wanted: dict[str, list[str]], *, days: int = 14, with_own_ids: bool = False) -> list[tuple]:
        """Export as the command does; return what it counts of files with addresses."""
        judge_contacts(self.connection, "your_shop", wanted, self.settings["country"])
        prepare(self.connection, self.settings, self.warehouse, self.pool)
        export(self.connection, self.exports)
        return write_files(self.connection, self.exports, wanted, days=days, with_own_ids=with_own_ids)

    def left_out(self) -> dict[str, str | None]:
        """Return, per account that was chosen, why it is left out."""
        names = {each.user_id: each.name for each in self.accounts.values()}
        found = self.connection.execute("select user_id, left_out from contacts").fetchall()
        return {names[user]: reason for user, reason in found}

    def file(self, channel: str, campaign: str, layout: str) -> Path:
        """Return where a file with addresses lies."""
        return self.exports / channel / "addressed" / f"{campaign}.{layout}.csv"


def drawn_accounts(seed: int, count: int, country_code: str) -> list[Account]:
    """Draw accounts: shared, misspelt, missing and refused addresses among them."""
    draw = random.Random(seed)
    accounts = []
    for number in range(count):
        box = draw.randrange(count)
        emails = [
            f"person{box}@example.com",
            f"Person{box}@Example.com",
            f"per.son{box}@gmail.com",
            f"person{box}+shop@googlemail.com",
            f"=cmd|{box}@example.com",
            f"person{box}example.com",
            None,
        ]
        digits = f"17{box:08d}"
        phones = [
            f"+{country_code}{digits}",
            f"00{country_code} {digits[:3]} {digits[3:]}",
            f"0{digits}",
            f"+{country_code} (0){digits}",
            "unknown",
            "12",
            None,
        ]
        consents = {
            kind: draw.choice([True, True, True, True, False, None]) for kind in ("email", "sms", "push", "ads")
        }
        accounts.append(
            Account(
                f"u{number}",
                draw.choice(emails),
                draw.choice(phones),
                f"Anna Person{box}",
                language="de",
                street_address=draw.choice([f"Weg {box}", None]),
                postal_code=f"{box:05d}",
                city="Berlin",
                push_token=draw.choice([f"token:{number:08d}", None]),
                consents=consents,
            )
        )
    return accounts

"""Read what became of contacts from exports of mail tools, into the shop's files.

    python -m operations.read_events ses events.json ...    # make read-events TOOL=ses FILES="..."

Tools: ses (event publishing, as SNS or Firehose write it), mailgun (events API or
webhooks), listmonk (bounces of its API), csv (columns address or contact_id, campaign_id,
channel, event_type, bounce_kind, occurred_at). Addresses are looked up in the vault here,
so that no file of the shop holds one: `<folder>/contact_events/<tool>-<hash>.csv` has the
shop's own user ids. A file read again is written again, to the byte.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.contacts import find_addresses, open_vault
from operations.files import sql_text
from operations.places import PROJECT, SHOP, WAREHOUSE, shown
from operations.privacy.encryption import connect

TYPES = {"sent", "delivered", "opened", "clicked", "bounced", "unsubscribed", "complained"}
COLUMNS = ("event_id", "user_id", "campaign_id", "channel", "event_type", "bounce_kind", "occurred_at")
SES_TYPES = {
    "Send": "sent",
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Subscription": "unsubscribed",
}
MAILGUN_TYPES = {"accepted": "sent", **{each: each for each in TYPES - {"sent", "bounced"}}, "failed": "bounced"}
# Of what Mailgun calls a permanent failure: a retry limit or a block says nothing of the address.
MAILGUN_REASONS = {"bounce": "hard", "suppress-bounce": "hard", "generic": "hard"}
MAILGUN_SUPPRESSED = {"suppress-unsubscribe": "unsubscribed", "suppress-complaint": "complained"}


class EventsError(Exception):
    """Nothing was written; one sentence says why, and repeats no address."""


class ContactEvent(NamedTuple):
    """An event as a tool has it: of an address, or of a contact of ours."""

    event_id: str
    address: str
    contact_id: str | None
    campaign_id: str | None
    channel: str | None
    event_type: str
    bounce_kind: str | None
    occurred_at: str


def ses_events(record: dict[str, Any]) -> Iterator[ContactEvent]:
    """Read a record that SES publishes; one of SNS holds it as text."""
    if "Message" in record:
        # SNS also sends words: that a topic was subscribed to, or validated
        record = json.loads(record["Message"]) if record["Message"].startswith("{") else {}
    kind = record.get("eventType") or record.get("notificationType")
    if kind not in SES_TYPES:
        return
    mail = record["mail"]
    told = record.get("deliveryDelay" if kind == "DeliveryDelay" else kind.lower(), {})
    if kind == "Subscription" and not told.get("newTopicPreferences", {}).get("unsubscribeAll"):
        return
    named = [each["emailAddress"] for each in told.get("bouncedRecipients") or told.get("complainedRecipients") or []]
    tags = mail.get("tags", {})
    for address in named or told.get("recipients") or mail["destination"]:
        occurred_at = told.get("timestamp") or mail["timestamp"]
        yield ContactEvent(
            f"{mail['messageId']} {kind} {occurred_at} {address}",
            address,
            *(next(iter(tags.get(name, [])), None) for name in ("contact_id", "campaign_id")),
            "email",
            SES_TYPES[kind],
            None if kind != "Bounce" else "hard" if told.get("bounceType") == "Permanent" else "soft",
            occurred_at,
        )


def mailgun_events(record: dict[str, Any]) -> Iterator[ContactEvent]:
    """Read an event of Mailgun; a webhook holds it as event-data, a page of the API as items."""
    for each in record.get("items", [record.get("event-data", record)]):
        kind = MAILGUN_TYPES.get(each["event"])
        if kind is None:
            continue
        reason = each.get("reason")
        is_permanent = each.get("severity") == "permanent"
        variables = each.get("user-variables") or {}
        yield ContactEvent(
            f"{each['id']} {each['timestamp']}",
            each["recipient"],
            variables.get("contact_id"),
            variables.get("campaign_id"),
            "email",
            MAILGUN_SUPPRESSED.get(reason, kind) if kind == "bounced" else kind,
            None
            if kind != "bounced" or reason in MAILGUN_SUPPRESSED
            else MAILGUN_REASONS.get(reason, "soft")
            if is_permanent
            else "soft",
            datetime.datetime.fromtimestamp(float(each["timestamp"]), datetime.UTC).isoformat(),
        )


def listmonk_events(record: dict[str, Any]) -> Iterator[ContactEvent]:
    """Read bounces as listmonk's API lists them; a complaint is one of their types."""
    for each in record.get("data", {}).get("results", []):
        is_complaint = each["type"] == "complaint"
        yield ContactEvent(
            f"{each['id']}",
            each["email"],
            None,
            (each.get("campaign") or {}).get("name"),
            "email",
            "complained" if is_complaint else "bounced",
            None if is_complaint else each["type"],
            each["created_at"],
        )


def csv_events(row: dict[str, str]) -> Iterator[ContactEvent]:
    """Read a row of a table of events."""
    values = {name: (row.get(name) or "").strip() or None for name in ("address", *ContactEvent._fields)}
    names = ("contact_id", "campaign_id", "channel", "event_type", "bounce_kind", "occurred_at")
    event_id = values["event_id"] or " ".join(str(value) for value in values.values())
    yield ContactEvent(event_id, values["address"] or "", *(values[name] for name in names))


TOOLS: dict[str, Callable[[dict], Iterator[ContactEvent]]] = {
    "ses": ses_events,
    "mailgun": mailgun_events,
    "listmonk": listmonk_events,
    "csv": csv_events,
}


def read_events(tool: str, file: Path) -> list[ContactEvent]:
    """Return the events of a file.

    Raises
    ------
    EventsError
        Naming the file and the record at fault.
    """
    events, number = [], 1
    try:
        for record in _records(tool, file.read_text(encoding="utf-8-sig")):
            for event in TOOLS[tool](record):
                moment = datetime.datetime.fromisoformat(event.occurred_at)
                moment = moment.astimezone(datetime.UTC) if moment.tzinfo else moment
                if event.event_type not in TYPES:
                    raise ValueError
                written = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
                address = parseaddr(event.address)[1] if "@" in event.address else event.address
                events.append(event._replace(address=address, occurred_at=written))
            number += 1
    except (OSError, UnicodeError) as error:
        raise EventsError(f"cannot read {file}: {type(error).__name__}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise EventsError(f"{file}, record {number}: expected an event as {tool} writes it.") from None
    return events


def _records(tool: str, text: str) -> Iterator[dict]:
    """Return records: rows of a table, or JSON, one after the other or in a list."""
    if tool == "csv":
        yield from csv.DictReader(text.splitlines())
        return
    decoder, place = json.JSONDecoder(), 0
    while (place := place + len(text[place:]) - len(text[place:].lstrip(" \t\r\n,"))) < len(text):
        found, place = decoder.raw_decode(text, place)
        yield from found if isinstance(found, list) else [found]


def of_users(connection: duckdb.DuckDBPyConnection, tool: str, events: list[ContactEvent]) -> tuple[list[tuple], int]:
    """Return rows of the shop's users, and how many events are of nobody who is known.

    A contact of ours names its user and campaign. A refusal holds for all accounts of its
    address; any other event is of the account that the campaign contacted, or the first.
    """
    connection.execute(
        "create or replace temp table read_events (number int, contact text, campaign text, address text)"
    )
    told = [(number, each.contact_id, each.campaign_id, each.address.lower()) for number, each in enumerate(events)]
    if told:
        connection.executemany("insert into read_events values ($1, $2, $3, $4)", told)
    found = connection.execute("""
        with

        contacts as (select distinct decision_id, campaign_id, user_id from decision_ledger),

        written_to as (
            select distinct address_of.user_id, spelt.address
            from addresses as spelt
            inner join addresses as address_of using (kind, address_key)
        ),

        named as (
            select
                read_events.number,
                coalesce(contacts.user_id, written_to.user_id) as user_id,
                coalesce(contacts.campaign_id, read_events.campaign) as campaign_id,
                contacts.user_id is not null as is_contact
            from read_events
            left join contacts on read_events.contact = contacts.decision_id
            left join written_to on read_events.address = written_to.address
            where coalesce(contacts.user_id, written_to.user_id) is not null
            union
            -- the other accounts of the address of a contact of ours
            select read_events.number, others.user_id, contacts.campaign_id, false
            from read_events
            inner join contacts on read_events.contact = contacts.decision_id
            inner join addresses on contacts.user_id = addresses.user_id and addresses.kind = 'email'
            inner join addresses as others using (kind, address_key)
            where others.user_id <> contacts.user_id
        )

        select
            named.number,
            people.source_user_id,
            named.campaign_id,
            row_number() over (
                partition by named.number
                order by
                    named.is_contact desc,
                    decided.user_id is not null desc,
                    people.source_user_id
            )
        from named
        inner join vault.people as people on named.user_id = people.user_id
        left join (select distinct campaign_id, user_id from contacts) as decided
            on named.campaign_id = decided.campaign_id and named.user_id = decided.user_id
        qualify row_number() over (partition by named.number, people.source_user_id order by named.campaign_id) = 1
        order by all
    """).fetchall()
    rows, known = set(), set()
    for number, user, campaign, rank in found:
        event = events[number]
        known.add(number)
        is_refusal = event.event_type in ("unsubscribed", "complained") or event.bounce_kind == "hard"
        if rank == 1 or is_refusal:
            event_id = hashlib.sha256(f"{tool} {event.event_id} {user}".encode()).hexdigest()[:24]
            rows.add((event_id, user, campaign, event.channel, event.event_type, event.bounce_kind, event.occurred_at))
    return sorted(rows, key=str), len(events) - len(known)


def write_events(folder: Path, tool: str, content: bytes, rows: list[tuple]) -> Path:
    """Write rows as a file of the shop, named by what it was read from."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{tool}-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    writing = folder / f".{file.name}.new"
    with writing.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    writing.replace(file)
    return file


def main(arguments: list[str]) -> str | None:
    """Read files of a tool; return a sentence when nothing can be."""
    folder = os.environ.get("SHOP_DIR") or PROJECT["vars"]["shops"][SHOP].get("folder")
    tool, *files = arguments or [""]
    if tool not in TOOLS or not files:
        return f"Nothing was read: name a tool ({', '.join(TOOLS)}) and its files."
    if not folder or not WAREHOUSE.exists():
        return f"Nothing was read: {SHOP} has no folder of files, or no {shown(WAREHOUSE)} yet. Run make build first."
    try:
        read = {Path(file): read_events(tool, Path(file)) for file in files}
        with connect() as connection:
            connection.execute(f"attach {sql_text(WAREHOUSE)} as warehouse (read_only)")
            connection.execute("set search_path = 'warehouse.campaigns,warehouse.core'")
            if not open_vault(connection):
                return "Nothing was read: the vault, or its key, is missing, and only it knows addresses."
            find_addresses(connection, PROJECT["vars"]["shops"][SHOP]["country"])
            for file, events in read.items():
                rows, unknown = of_users(connection, tool, events)
                written = write_events(Path(folder) / "contact_events", tool, file.read_bytes(), rows)
                sys.stdout.write(f"Read {len(events):,} events, {unknown:,} of nobody who is known: {shown(written)}\n")
    except (EventsError, DbtRuntimeError, duckdb.Error, OSError) as error:
        return f"Nothing was read: {str(error).strip().splitlines()[-1].strip()}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

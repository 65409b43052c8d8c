"""Readers of what mail tools export, each into events of contacts."""

from __future__ import annotations

import csv
import datetime
import json
import re
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

BETWEEN = re.compile(r"[ \t\r\n,]*")
TYPES = {"sent", "delivered", "opened", "clicked", "bounced", "unsubscribed", "complained"}
SES_TYPES = {
    "Send": "sent",
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Subscription": "unsubscribed",
}
# Of statuses of mail (RFC 3463) those of an address or domain that there is not: SES calls some transient.
NO_SUCH_ADDRESS = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.4.4"}
# All that Apple's Mail Privacy Protection says of itself when it fetches a message that nobody may have read.
SES_MACHINE = "Mozilla/5.0"
MAILGUN_TYPES = {"accepted": "sent", **{each: each for each in TYPES - {"sent", "bounced"}}, "failed": "bounced"}
# Of what Mailgun calls a permanent failure: a retry limit or a block says nothing of the address.
MAILGUN_REASONS = {"bounce": "hard", "suppress-bounce": "hard", "generic": "hard"}
# Programs that open and click by themselves; Gmail fetches what a person opens.
MAILGUN_MACHINES = {"apple", "generic"}
MAILGUN_SUPPRESSED = {"suppress-unsubscribe": "unsubscribed", "suppress-complaint": "complained"}
# Klaviyo's metrics; what is not named here says nothing of a message.
KLAVIYO_TYPES = {
    **{f"Received {name}": "delivered" for name in ("Email", "SMS", "Push")},
    **{f"Opened {name}": "opened" for name in ("Email", "Push")},
    **{f"Clicked {name}": "clicked" for name in ("Email", "SMS")},
    **dict.fromkeys(("Bounced Email", "Dropped Email", "Failed to Deliver SMS", "Bounced Push"), "bounced"),
    "Marked Email as Spam": "complained",
    "Unsubscribed": "unsubscribed",
    **{f"Unsubscribed from {name}": "unsubscribed" for name in ("List", "Email Marketing", "SMS Marketing")},
}
KLAVIYO_MACHINES = ("Apple Privacy Open", "machine_open", "Bot Click")


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
    told = record.get(kind.lower(), {})
    if kind == "Subscription" and not told.get("newTopicPreferences", {}).get("unsubscribeAll"):
        return
    event_type = SES_TYPES[kind]
    if kind == "Open" and told.get("userAgent") == SES_MACHINE:
        event_type = "delivered"
    statuses = {each["emailAddress"]: each.get("status") for each in told.get("bouncedRecipients") or []}
    named = [*statuses] or [each["emailAddress"] for each in told.get("complainedRecipients") or []]
    tags = mail.get("tags", {})
    for address in named or told.get("recipients") or mail["destination"]:
        occurred_at = told.get("timestamp") or mail["timestamp"]
        is_hard = told.get("bounceType") == "Permanent" or statuses.get(address) in NO_SUCH_ADDRESS
        yield ContactEvent(
            f"{mail['messageId']} {kind} {occurred_at} {address}",
            address,
            *(next(iter(tags.get(name, [])), None) for name in ("contact_id", "campaign_id")),
            "email",
            event_type,
            None if kind != "Bounce" else "hard" if is_hard else "soft",
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
        if kind in ("opened", "clicked") and (each.get("client-info") or {}).get("bot") in MAILGUN_MACHINES:
            kind = "delivered"
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


def klaviyo_events(record: dict[str, Any]) -> Iterator[ContactEvent]:
    """Read a page of Klaviyo's events API that includes metric and profile."""
    included = {(each["type"], each["id"]): each["attributes"] for each in record.get("included", [])}
    for each in record["data"]:
        metric, profile = (included[name, each["relationships"][name]["data"]["id"]] for name in ("metric", "profile"))
        kind = KLAVIYO_TYPES.get(metric["name"])
        if kind is None:
            continue
        words = metric["name"].split()
        channel = "sms" if "SMS" in words else "push" if "Push" in words else "email"
        told = each["attributes"].get("event_properties") or {}
        if kind in ("opened", "clicked") and any(str(told.get(name)).lower() == "true" for name in KLAVIYO_MACHINES):
            kind = "delivered"
        yield ContactEvent(
            each["id"],
            (profile.get("phone_number") if channel == "sms" else None) or profile.get("email") or "",
            None,
            told.get("Campaign Name"),
            channel,
            kind,
            None if kind != "bounced" else "hard" if str(told.get("Bounce Type")).lower() == "hard" else "soft",
            each["attributes"]["datetime"],
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
    "klaviyo": klaviyo_events,
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
        lines = text.splitlines()
        # as spreadsheets of another country write it, too
        yield from csv.DictReader(lines, delimiter=max(",;\t", key="".join(lines[:1]).count))
        return
    decoder, place = json.JSONDecoder(), 0
    while (place := BETWEEN.match(text, place).end()) < len(text):
        found, place = decoder.raw_decode(text, place)
        yield from found if isinstance(found, list) else [found]

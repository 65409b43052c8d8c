"""Read what became of contacts from exports of mail tools, into the shop's files.

    python -m operations.read_events ses events.json ...    # make read-events TOOL=ses FILES="..."

Tools: ses (event publishing, as SNS or Firehose write it), mailgun (events API or
webhooks), listmonk (bounces of its API), klaviyo (pages of its events API with metric and
profile), csv (columns address or contact_id, campaign_id, channel, event_type, bounce_kind,
occurred_at). Opens and clicks that a tool knows to be a machine's count as delivered.
Addresses are looked up in the vault here, so that no file of the shop holds one:
`<folder>/contact_events/<tool>-<hash>.csv` has the shop's own user ids. A file read again
is written again, to the byte.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.contacts import find_addresses, open_vault
from operations.files import sql_text
from operations.places import PROJECT, SHOP, WAREHOUSE, shown
from operations.privacy.encryption import connect
from operations.read_events.tools import TOOLS, ContactEvent, EventsError, read_events

COLUMNS = ("event_id", "user_id", "campaign_id", "channel", "event_type", "bounce_kind", "occurred_at")


def of_users(connection: duckdb.DuckDBPyConnection, tool: str, events: list[ContactEvent]) -> tuple[list[tuple], int]:
    """Return rows of the shop's users, and how many events are of nobody who is known.

    A contact of ours names its user and campaign. A refusal holds for all accounts of its
    address; any other event is of the account that the campaign contacted, or the first.
    """
    told = [(number, each.contact_id, each.campaign_id, each.address.lower()) for number, each in enumerate(events)]
    # as lists: row by row takes a minute for what a campaign of thousands sends back
    connection.execute(
        "create or replace temp table read_events as select unnest($1::int[]) as number, unnest($2::text[]) as contact,"
        " unnest($3::text[]) as campaign, unnest($4::text[]) as address",
        [list(column) for column in zip(*told, strict=True)] or [[]] * 4,
    )
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
                -- a contact that is not ours was another shop's, and so was its campaign
                case
                    when contacts.user_id is not null then contacts.campaign_id
                    when read_events.contact is null then read_events.campaign
                end as campaign_id,
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

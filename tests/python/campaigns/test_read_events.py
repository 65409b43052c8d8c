"""What came back: events as each tool writes them become rows of the shop's users, without an address."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from support.reachable_shop import Account, ReachableShop, drawn_accounts

from operations.audience_export.contacts import find_addresses
from operations.read_events.__main__ import COLUMNS, of_users, write_events
from operations.read_events.tools import EventsError, read_events

SES = {
    "eventType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": "Anna <ANNA@example.com>"}],
        "timestamp": "2026-03-02T09:41:02.669Z",
    },
    "mail": {
        "timestamp": "2026-03-02T08:40:02.012Z",
        "messageId": "m1",
        "destination": ["anna@example.com"],
        "tags": {"campaign_id": ["k"]},
    },
}
LI = Account("id-li").user_id
MAILGUN = {
    "event": "failed",
    "severity": "permanent",
    "reason": "bounce",
    "timestamp": 1772445662.5,
    "id": "e1",
    "recipient": "anna@example.com",
    "user-variables": {"campaign_id": "k"},
}


@pytest.fixture
def shop(tmp_path: Path) -> ReachableShop:
    """Two accounts of one address, the second contacted, and another customer."""
    shop = ReachableShop(tmp_path)
    shop.add(
        Account("id-first", "anna@example.com", "0171 2345678"),
        Account("id-second", "Anna@Example.com"),
        Account("id-li", "li@example.com"),
    )
    shop.launch("k", "email", "id-second", "id-li")
    shop.connection.execute(
        "insert into decision_ledger select decision_id, campaign_id, user_id from campaign_audience"
    )
    find_addresses(shop.connection, "DE")
    return shop


def read(shop: ReachableShop, tool: str, *records: object) -> list[dict[str, str]]:
    """Write records as a tool exports them; return the rows that the shop gets."""
    file = shop.folder / "export"
    text = records[0] if tool == "csv" else "\n".join(map(json.dumps, records))
    file.write_text(str(text))
    rows, _ = of_users(shop.connection, tool, read_events(tool, file))
    written = write_events(shop.folder / "contact_events", tool, file.read_bytes(), rows)
    content = written.read_text()
    assert "@" not in content
    assert content.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(content.splitlines()))


def test_a_hard_bounce_is_of_all_accounts_of_the_address(shop: ReachableShop) -> None:
    rows = read(shop, "ses", SES)
    assert [(row["user_id"], row["campaign_id"], row["event_type"], row["bounce_kind"]) for row in rows] == [
        (name, "k", "bounced", "hard") for name in sorted(row["user_id"] for row in rows)
    ]
    assert {row["user_id"] for row in rows} == {"id-first", "id-second"}
    assert {row["occurred_at"] for row in rows} == {"2026-03-02 09:41:02.669000"}
    # SNS wraps the record as text, Firehose writes one after the other: the same events
    assert read(shop, "ses", {"Type": "Notification", "Message": json.dumps(SES)}, SES) == rows


def test_an_open_is_of_the_account_that_was_contacted(shop: ReachableShop) -> None:
    opened = {**SES, "eventType": "Open", "open": {"timestamp": "2026-03-02T10:00:00Z"}}
    assert [row["user_id"] for row in read(shop, "ses", opened)] == ["id-second"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({**SES, "bounce": {**SES["bounce"], "bounceType": "Transient"}}, [("bounced", "soft")]),
        ({**SES, "eventType": "DeliveryDelay"}, []),
        ({"Type": "Notification", "Message": "Successfully validated SNS topic for Amazon SES event publishing."}, []),
        (
            {
                **SES,
                "eventType": "Subscription",
                "subscription": {"newTopicPreferences": {"unsubscribeAll": True}, "timestamp": "2026-03-02T10:00:00Z"},
            },
            [("unsubscribed", "")],
        ),
        (
            {
                **SES,
                "eventType": "Complaint",
                "complaint": {
                    "complainedRecipients": [{"emailAddress": "li@example.com"}],
                    "timestamp": "2026-03-02T10:00:00Z",
                },
            },
            [("complained", "")],
        ),
        (
            {
                **SES,
                "eventType": "Delivery",
                "delivery": {"recipients": ["li@example.com"], "timestamp": "2026-03-02T10:00:00Z"},
            },
            [("delivered", "")],
        ),
    ],
)
def test_ses_says_what_became_of_a_message(shop: ReachableShop, record: dict, expected: list) -> None:
    assert sorted({(row["event_type"], row["bounce_kind"]) for row in read(shop, "ses", record)}) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("bounced", "hard")),
        ({"severity": "temporary"}, ("bounced", "soft")),
        # permanent, but not the address: it reached its retry limit, or was refused before
        ({"reason": "old"}, ("bounced", "soft")),
        ({"reason": "espblock"}, ("bounced", "soft")),
        ({"reason": "suppress-unsubscribe"}, ("unsubscribed", "")),
        ({"reason": "suppress-complaint"}, ("complained", "")),
        ({"event": "accepted"}, ("sent", "")),
        ({"event": "clicked"}, ("clicked", "")),
    ],
)
def test_mailgun_says_what_became_of_a_message(shop: ReachableShop, changed: dict, expected: tuple) -> None:
    rows = read(shop, "mailgun", {"items": [{**MAILGUN, **changed}]})
    assert {(row["event_type"], row["bounce_kind"]) for row in rows} == {expected}
    assert {row["occurred_at"] for row in rows} == {"2026-03-02 10:01:02.500000"}
    assert read(shop, "mailgun", {"signature": {}, "event-data": {**MAILGUN, **changed}}) == rows


def test_listmonk_lists_bounces_and_complaints(shop: ReachableShop) -> None:
    results = [
        {
            "id": number,
            "type": kind,
            "email": "li@example.com",
            "campaign": {"id": 3, "name": "k"},
            "created_at": "2026-03-02T10:00:00+01:00",
        }
        for number, kind in enumerate(("hard", "soft", "complaint"))
    ]
    rows = read(shop, "listmonk", {"data": {"results": results}})
    assert sorted((row["event_type"], row["bounce_kind"]) for row in rows) == [
        ("bounced", "hard"),
        ("bounced", "soft"),
        ("complained", ""),
    ]
    assert {(row["user_id"], row["campaign_id"], row["occurred_at"]) for row in rows} == {
        ("id-li", "k", "2026-03-02 09:00:00.000000")
    }


def klaviyo(metric: str, **properties: object) -> dict:
    """Return a page of Klaviyo's events API with one event of Li's."""
    profile = {"email": "li@example.com", "phone_number": "+4915112345678"}
    return {
        "data": [
            {
                "type": "event",
                "id": "e1",
                "attributes": {
                    "timestamp": 1772445662,
                    "event_properties": {"Campaign Name": "k", **properties},
                    "datetime": "2026-03-02T11:01:02+01:00",
                },
                "relationships": {
                    "profile": {"data": {"type": "profile", "id": "p"}},
                    "metric": {"data": {"type": "metric", "id": "m"}},
                },
            }
        ],
        "included": [
            {"type": "profile", "id": "p", "attributes": profile},
            {"type": "metric", "id": "m", "attributes": {"name": metric}},
        ],
        "links": {"next": None},
    }


@pytest.mark.parametrize(
    ("metric", "properties", "expected"),
    [
        ("Received Email", {}, ("email", "delivered", "")),
        ("Opened Email", {"Apple Privacy Open": False, "machine_open": False}, ("email", "opened", "")),
        ("Opened Email", {"Apple Privacy Open": True}, ("email", "delivered", "")),
        ("Opened Email", {"machine_open": True}, ("email", "delivered", "")),
        ("Clicked Email", {}, ("email", "clicked", "")),
        ("Clicked Email", {"Bot Click": "True"}, ("email", "delivered", "")),
        ("Bounced Email", {"Bounce Type": "Hard"}, ("email", "bounced", "hard")),
        ("Bounced Email", {"Bounce Type": "Soft"}, ("email", "bounced", "soft")),
        ("Dropped Email", {}, ("email", "bounced", "soft")),
        ("Marked Email as Spam", {}, ("email", "complained", "")),
        ("Unsubscribed from Email Marketing", {}, ("email", "unsubscribed", "")),
        ("Unsubscribed from SMS Marketing", {}, ("sms", "unsubscribed", "")),
        ("Placed Order", {}, None),
    ],
)
def test_klaviyo_says_what_became_of_a_message(
    shop: ReachableShop, metric: str, properties: dict, expected: tuple | None
) -> None:
    shop.connection.execute("insert into addresses values ($1, 'phone', '+4915112345678', '+4915112345678')", [LI])
    rows = read(shop, "klaviyo", klaviyo(metric, **properties))
    assert [(row["channel"], row["event_type"], row["bounce_kind"]) for row in rows] == ([expected] if expected else [])
    assert {(row["user_id"], row["campaign_id"], row["occurred_at"]) for row in rows} == (
        {("id-li", "k", "2026-03-02 10:01:02.000000")} if expected else set()
    )


@pytest.mark.parametrize(
    ("tool", "record", "expected"),
    [
        # fetched by Apple's proxy, whether or not anybody reads it
        ("ses", {**SES, "eventType": "Open", "open": {"userAgent": "Mozilla/5.0"}}, "delivered"),
        ("ses", {**SES, "eventType": "Open", "open": {"userAgent": "Mozilla/5.0 (iPhone)"}}, "opened"),
        ("mailgun", {**MAILGUN, "event": "opened", "client-info": {"bot": "apple"}}, "delivered"),
        ("mailgun", {**MAILGUN, "event": "clicked", "client-info": {"bot": "generic"}}, "delivered"),
        ("mailgun", {**MAILGUN, "event": "opened", "client-info": {"bot": "gmail"}}, "opened"),
        ("mailgun", {**MAILGUN, "event": "opened", "client-info": {"bot": ""}}, "opened"),
    ],
)
def test_what_machines_open_is_delivered(shop: ReachableShop, tool: str, record: dict, expected: str) -> None:
    assert {row["event_type"] for row in read(shop, tool, record)} == {expected}


def test_a_domain_that_there_is_not_is_hard_although_ses_calls_it_transient(shop: ReachableShop) -> None:
    """SES so reports the status 5.4.4, invalid domain, and a full mailbox, 5.2.2, alike."""
    for status, expected in (("5.4.4", "hard"), ("5.1.1", "hard"), ("5.2.2", "soft")):
        recipient = {"emailAddress": "li@example.com", "action": "failed", "status": status}
        bounce = {"bounceType": "Transient", "bouncedRecipients": [recipient], "timestamp": "2026-03-02T09:41:02Z"}
        assert [row["bounce_kind"] for row in read(shop, "ses", {**SES, "bounce": bounce})] == [expected]


def test_an_event_told_many_times_is_one(shop: ReachableShop) -> None:
    """SNS delivers at least once: up to eight times, within a file and across files."""
    wrapped = [{"Type": "Notification", "MessageId": str(n), "Message": json.dumps(SES)} for n in range(8)]
    first, again = read(shop, "ses", *wrapped), read(shop, "ses", SES)
    assert first == again
    assert len(first) == len({row["event_id"] for row in first}) == 2
    assert len(list((shop.folder / "contact_events").iterdir())) == 2


def test_a_contact_of_another_shop_counts_to_no_campaign(shop: ReachableShop) -> None:
    """Of a person whom we know, too, a refusal holds; nobody else's campaign is ours."""
    table = "address,contact_id,campaign_id,event_type,occurred_at\n{},another-shops,k,{},2026-03-02 10:00:00\n"
    for kind in ("opened", "unsubscribed"):
        rows = read(shop, "csv", table.format("li@example.com", kind))
        assert [(row["user_id"], row["campaign_id"], row["event_type"]) for row in rows] == [("id-li", "", kind)]
    assert read(shop, "csv", table.format("stranger@example.com", "opened")) == []


def test_a_contact_of_ours_names_user_and_campaign(shop: ReachableShop) -> None:
    [[contact]] = shop.connection.execute(
        "select decision_id from decision_ledger order by user_id = $1 desc limit 1",
        [shop.accounts["id-second"].user_id],
    ).fetchall()
    table = f"contact_id,event_type,occurred_at\n{contact},clicked,2026-03-02 10:00:00\n"
    assert [(row["user_id"], row["campaign_id"]) for row in read(shop, "csv", table)] == [("id-second", "k")]
    # whose refusal holds for the address
    rows = read(shop, "csv", table.replace("clicked", "unsubscribed"))
    assert {row["user_id"] for row in rows} == {"id-first", "id-second"}


def test_an_sms_gateway_names_numbers(shop: ReachableShop) -> None:
    table = "address,channel,event_type,occurred_at\n+491712345678,sms,unsubscribed,2026-03-02 10:00:00\n"
    assert [(row["user_id"], row["channel"]) for row in read(shop, "csv", table)] == [("id-first", "sms")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_as_spreadsheets_write_it(shop: ReachableShop, delimiter: str) -> None:
    table = "\ufeffaddress,event_type,occurred_at\r\nli@example.com,opened,2026-03-02T11:00:00+01:00\r\n"
    rows = read(shop, "csv", table.replace(",", delimiter))
    assert [(row["user_id"], row["occurred_at"]) for row in rows] == [("id-li", "2026-03-02 10:00:00.000000")]
    assert read(shop, "csv", "") == []


def test_who_is_not_known_is_counted_and_not_written(shop: ReachableShop) -> None:
    file = shop.folder / "export"
    file.write_text(json.dumps([{**MAILGUN, "recipient": "gone@example.com"}]))
    assert of_users(shop.connection, "mailgun", read_events("mailgun", file)) == ([], 1)


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("ses", '{"eventType": "Open"}'),
        ("ses", "not json anna@example.com"),
        ("mailgun", '{"event": "opened", "recipient": "anna@example.com", "timestamp": "soon", "id": "x"}'),
        ("csv", "address,event_type,occurred_at\nanna@example.com,printed,2026-03-02\n"),
        ("csv", "address,event_type,occurred_at\nanna@example.com,opened,yesterday\n"),
        ("listmonk", '{"data": {"results": [{"id": 1}]}}'),
        # a page without metric and profile
        ("klaviyo", json.dumps({**klaviyo("Opened Email"), "included": []})),
    ],
)
def test_a_file_at_fault_is_named_and_nobody_of_it(shop: ReachableShop, tool: str, text: str) -> None:
    file = shop.folder / "export"
    file.write_text(text)
    with pytest.raises(EventsError, match=r"export, record 1: expected an event as \w+ writes it\.") as raised:
        read_events(tool, file)
    assert "anna" not in str(raised.value)


def test_what_came_back_keeps_contacts_back(shop: ReachableShop) -> None:
    """A refusal that a tool reports holds for the address; too many stop the campaign."""
    shop.connection.execute(
        "insert into dec_event_suppressions values ($1, 'bounce', 'email', '2026-03-01')",
        [shop.accounts["id-first"].user_id],
    )
    shop.export({"email": ["email_service"]})
    assert shop.left_out() == {"id-second": "refused at this address", "id-li": None}
    shop.connection.execute("insert into dec_campaign_deliveries values ('k', true)")
    shop.export({"email": ["email_service"]})
    assert shop.left_out()["id-li"] == "campaign stopped"
    assert not (shop.exports / "email" / "addressed").exists()


@pytest.mark.parametrize("seed", range(5))
def test_whoever_refused_is_in_no_later_file(tmp_path: Path, seed: int) -> None:
    """Of a whole shop, each event of a kind drawn: no address that left or came back for good is written to again."""
    draw, shop = random.Random(seed), ReachableShop(tmp_path)
    shop.add(*drawn_accounts(seed, 60, "49"))
    for campaign in ("k", "l"):
        shop.launch(campaign, "email", *shop.accounts)
    shop.connection.execute(
        "insert into decision_ledger select decision_id, campaign_id, user_id from campaign_audience"
    )
    shop.export({"email": ["email_service"]})

    def sent() -> list[dict[str, str]]:
        files = sorted((shop.exports / "email").glob("addressed/*.csv"))
        return [row for file in files for row in csv.DictReader(file.read_text().splitlines())]

    before, lines, refusing = sent(), ["contact_id,event_type,bounce_kind,occurred_at"], set()
    for row in before:
        kind = draw.choice(["opened", "clicked", "bounced,hard", "bounced,soft", "unsubscribed", "complained", "sent"])
        lines.append(f"{row['contact_id']},{kind if ',' in kind else kind + ','},2026-03-02 10:00:00")
        if kind in ("bounced,hard", "unsubscribed", "complained"):
            refusing.add(row["email"])
    assert 0 < len(refusing) < len({row["email"] for row in before})
    for row in read(shop, "csv", "\n".join(lines)):
        if row["event_type"] in ("unsubscribed", "complained") or row["bounce_kind"] == "hard":
            shop.connection.execute(
                "insert into dec_event_suppressions values ($1, 'opt_out', 'email', '2026-03-02')",
                [shop.accounts[row["user_id"]].user_id],
            )
    shop.export({"email": ["email_service"]})
    keys = dict(shop.connection.execute("select address, address_key from addresses where kind = 'email'").fetchall())
    after = {keys[row["email"]] for row in sent()}
    assert after == {keys[row["email"]] for row in before} - {keys[address] for address in refusing}

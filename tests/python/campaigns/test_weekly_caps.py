"""What an address gets in a week, over all campaigns and accounts."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import pytest
from support.reachable_shop import TODAY, Account, ReachableShop

from operations.places import PROJECT


@pytest.fixture
def shop(tmp_path: Path) -> ReachableShop:
    """A shop of nobody."""
    return ReachableShop(tmp_path)


def test_an_address_gets_no_more_in_a_week_than_a_user_may(shop: ReachableShop) -> None:
    """Over all campaigns: accounts of one person are users of their own to those who choose."""
    shop.add(
        *(Account(f"id-{name}", f"{name}@example.com", "0171 2345678") for name in ("ann", "ANN", "Ann", "li")),
        *(Account(f"id-{name}", f"{name}@example.com") for name in ("bo", "BO", "Bo")),
    )
    for campaign, name in zip("abc", ("id-ann", "id-ANN", "id-Ann"), strict=True):
        shop.launch(campaign, "email", name)
    shop.connection.execute("update campaign_audience set audience_rank = ascii(campaign_id)")
    # six days before, and seven
    sent = [("before", "id-bo", 6), ("long before", "id-BO", 7)]
    shop.connection.executemany(
        "insert into dec_contacts values (?, ?, 'email', ?)",
        [[campaign, shop.accounts[name].user_id, TODAY - datetime.timedelta(days)] for campaign, name, days in sent],
    )
    shop.launch("d", "email", "id-bo")
    shop.launch("e", "email", "id-Bo")
    # the channel's own cap is 1
    shop.launch("f", "sms", "id-ann")
    shop.launch("g", "sms", "id-li")
    shop.export({"email": ["email_service"], "sms": ["sms_gateway"]})
    found = dict(shop.connection.execute("select campaign_id, left_out from contacts").fetchall())
    assert found == {**dict.fromkeys("abdf"), **dict.fromkeys("ceg", "weekly cap")}


@pytest.mark.parametrize("seed", range(5))
def test_what_was_launched_first_stays(tmp_path: Path, seed: int) -> None:
    """No week of an address is above the cap, nobody is left out for less, no later launch takes a contact back."""
    draw, shop, cap = random.Random(seed), ReachableShop(tmp_path), PROJECT["vars"]["most_contacts_per_user_week"]
    shop.add(*(Account(f"u{number}", f"box{number % 7}@example.com") for number in range(30)))
    kept: dict[str, None] = {}
    for number, day in enumerate(draw.choices(range(20), k=6)):
        shop.launch(f"k{number}", "email", *draw.sample(sorted(shop.accounts), 12))
        shop.connection.execute(
            "update campaign_audience set send_on = $1, decided_on = $2 where campaign_id = $3",
            [TODAY + datetime.timedelta(day), TODAY + datetime.timedelta(number), f"k{number}"],
        )
        shop.export({"email": ["email_service"]})
        rows = shop.connection.execute("select decision_id, address_key, send_on, left_out from contacts").fetchall()
        assert kept.items() <= {contact: reason for contact, *_, reason in rows}.items()
        kept = {contact: reason for contact, *_, reason in rows if reason is None}
    sent = [(key, send_on) for _, key, send_on, reason in rows if reason is None]

    def in_week(key: str, first: datetime.date) -> int:
        return sum(other == key and 0 <= (each - first).days < 7 for other, each in sent)

    assert max(in_week(*each) for each in sent) <= cap
    capped = [(key, day) for _, key, day, reason in rows if reason == "weekly cap"]
    assert capped
    for key, day in capped:
        assert sum(other == key and abs((each - day).days) < 7 for other, each in sent) >= cap

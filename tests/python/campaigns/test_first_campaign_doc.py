"""docs/first-campaign.md, walked by a shop of 60 customers and three files: planned, launched, exported, measured."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER, PSEUDONYM_KEY, VAULT_KEY, pseudonym
from support.shops import query_shop

from operations.report.words import read_texts

PAGE = (PROJECT_FOLDER / "docs" / "first-campaign.md").read_text()
CUSTOMERS = 60
# What else is tested elsewhere is left out, for speed: the checks, the site, reports and publications but the last,
# tests of the data before the launch, and fits after it.
BUILD = "python -m operations.build --exclude-resource-type unit_test"
AGAIN = f"{BUILD} --exclude tag:training tag:full_grid && make VENV= publish report"
BUILDS = [f"{BUILD} test", AGAIN]
LAUNCH = "python -m operations.launch launch"
SENT = "exports/your_shop/email/addressed/2026-07-cheese.email_service.csv"
TESTED_ELSEWHERE = ("make check-data", "make check-plan")


class Walk:
    """A copy of the project in which the page is followed.

    Parameters
    ----------
    folder : Path
        Empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-zco", "--exclude-standard"], cwd=PROJECT_FOLDER, capture_output=True, check=True
        )
        for name in listed.stdout.decode().split("\0"):
            if name and (PROJECT_FOLDER / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT_FOLDER / name, folder / name)
        given = {name: value for name, value in os.environ.items() if name not in ("WAREHOUSE", "SHOP_DIR", "SOURCE")}
        self.environment = {
            **given,
            "PATH": f"{Path(sys.executable).parent}:{given['PATH']}",
            "DBT_PROFILES_DIR": "profiles",
            "THREADS": "1",
            "SOURCE": "your_shop",
            "PSEUDONYM_KEY": PSEUDONYM_KEY,
            "VAULT_KEY": VAULT_KEY,
        }
        self.told = ""

    def follow(self) -> None:
        """Run the commands of the page and add its lines to the plan, in their order."""
        builds = iter(BUILDS)
        for before, kind, text in re.findall(r"(.*?)```(sh|csv)\n(.*?)```", PAGE, re.DOTALL):
            if kind == "csv":
                (seed,) = re.findall(r"`(seeds/\S+\.csv)`", before)
                with (self.folder / seed).open("a", encoding="utf-8") as opened:
                    opened.write(text)
                continue
            for line in TESTED_ELSEWHERE:
                text = text.replace(f"{line}\n", "")
            text = re.sub(r"^make build$", lambda _: next(builds), text, flags=re.MULTILINE)
            text = re.sub(r"^make launch$", LAUNCH, text, flags=re.MULTILINE)
            text = text.replace("cheese_shop shop your_shop", f"cheese_shop shop your_shop {CUSTOMERS}")
            self.run(re.sub(r"^make (?!VENV)", "make VENV= ", text, flags=re.MULTILINE).replace(".venv/bin/", ""))
        assert next(builds, None) is None

    def run(self, commands: str) -> None:
        """Run commands; keep what they print."""
        done = subprocess.run(
            ["bash", "-ec", commands],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        self.told += done.stdout

    def query(self, sql: str) -> list[tuple]:
        """Return rows of the warehouse."""
        return query_shop(self.folder / "warehouse" / "your_shop.duckdb", sql)

    def rows(self, *names: str) -> list[dict[str, str]]:
        """Return the rows of files of the shop or of what it exported."""
        found = []
        for name in names:
            with (self.folder / name).open(encoding="utf-8", newline="") as opened:
                found += csv.DictReader(opened)
        return found


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Return the folder in which the page was followed to its end."""
    found = Walk(tmp_path_factory.mktemp("walk"))
    found.follow()
    return found


def test_contacts_are_drawn_within_the_budget(walk: Walk) -> None:
    ((contacts, controls, cost),) = walk.query("""
        select count_if(decision = 'contact'), count_if(decision = 'control'),
            sum(expected_cost) filter (decision = 'contact')
        from campaigns.decision_ledger
        where choice_basis = 'exploratory' and propensity < 1 and decision in ('contact', 'control')
    """)
    assert f"Launched 2026-07-cheese with {contacts} contacts." in walk.told
    assert min(contacts, controls) >= 10
    assert 0 < cost <= 100
    assert walk.query("select count(*) from campaigns.decision_ledger where decision in ('contact', 'control')") == [
        (contacts + controls,)
    ]


def test_the_file_for_the_mail_tool_has_all_who_were_chosen(walk: Walk) -> None:
    sent = walk.rows(SENT)
    assert (walk.folder / SENT).stat().st_mode & 0o777 == 0o600
    wanting = {row["email"] for row in walk.rows("your_shop/users.csv") if row["consent_email"] == "True"}
    assert {row["email"] for row in sent} <= wanting
    assert sorted(row["contact_id"] for row in sent) == sorted(
        contact
        for (contact,) in walk.query("select decision_id from campaigns.decision_ledger where decision = 'contact'")
    )
    assert len({row["coupon_code"] for row in sent}) == len(sent)
    assert {(row["offer_text"], row["language"]) for row in sent} == {
        ("2 USD off Cheese", "en"),
        ("Cheese立减2 USD", "zh"),
    }


def test_results_come_from_the_ledger_and_the_orders_alone(walk: Walk) -> None:
    """The shop delivered neither campaigns nor contacts."""
    assert walk.query(
        "select count(*) from core.campaign_calendar union all select count(*) from core.campaign_contacts"
    )
    lines = walk.rows("your_shop/transactions.csv", "your_shop/transactions/2026-07-07.csv")
    names = {pseudonym(row["user_id"]): row["user_id"] for row in walk.rows("your_shop/users.csv")}
    week = [line for line in lines if "2026-07-02" <= line["ordered_at"][:10] <= "2026-07-07"]
    amounts: dict[str, float] = defaultdict(float)
    for line in week:
        amounts[line["user_id"]] += float(line["net_amount"])
    arms = {"contact": "treatment", "control": "control"}
    decided = walk.query(f"select user_id, decision from campaigns.decision_ledger where decision in {(*arms,)}")
    expected = {names[user]: (arms[decision], round(amounts[names[user]], 2)) for user, decision in decided}
    found = walk.query("select user_id, arm, amount, is_buying, measurement from campaigns.dec_arm_outcomes")
    assert {names[user]: (arm, float(amount)) for user, arm, amount, *_ in found} == expected
    assert all(is_buying == (amount > 0) for _, _, amount, is_buying, _ in found)
    assert {measurement for *_, measurement in found} == {"randomised"}
    # in arms of 29 and 11 no effect is stated, nor who redeemed a coupon that no order names
    assert walk.query("""
        select count(*), count(lift), count(claim), count(redeemed_count), max(treated_count + control_count)
        from campaigns.campaign_results
        where slice_kind = 'all'
    """) == [(5, 0, 0, 0, len(expected))]


def test_every_message_that_was_sent_has_one_outcome(walk: Walk) -> None:
    sent = len(walk.rows(SENT))
    assert ", 0 of nobody who is known" in walk.told
    ((total, delivered, bounced, unknown, refusing),) = walk.query("""
        select sent_count, delivered_count, bounced_count, unknown_count, refusing_count
        from campaigns.dec_campaign_deliveries
    """)
    assert total == sent == delivered + bounced + unknown
    assert delivered > sent / 2
    # whoever left or bounced gets no more
    assert walk.query("select count(distinct user_id) from campaigns.dec_event_suppressions") == [(refusing + bounced,)]


def test_the_programme_says_that_this_shop_cannot_measure_it(walk: Walk) -> None:
    assert {row[0] for row in walk.query("select claim from campaigns.programme_summary")} == {"too few users"}
    assert "too few users" in walk.told
    report = (walk.folder / "target/site/your_shop/report.html").read_text()
    for language in ("en", "zh"):
        assert read_texts()["hidden"]["campaign_lift"][language] in report

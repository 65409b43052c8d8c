"""Launch, export and undo: each happens whole or not at all, whenever it is killed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.operations import PowerCut

from operations.build.ledger import keep_ledger, ledger_of, restore_ledger
from operations.launch import __main__ as steps
from operations.launch import database_copy
from operations.launch.exported import exported_campaigns, held, note_exported
from operations.launch.lines import limit_sentence, measure_sentence
from operations.launch.preview import Campaign, Preview
from operations.personal_data.leftovers import remove_leftovers

KEY = "aaaaaaaaaaaa"
USERS = ("u0", "u1", "u2")
KILLED = 9
SCHEMA = """
    create schema builds; create schema campaigns; create schema core;
    create table builds.runs (build_id text, started_at timestamp, ended_at timestamp, whole_at timestamp);
    create table builds.nodes (node_id text, trouble text);
    create table core.campaign_contacts (campaign_id text);
    create table campaigns.decision_ledger (
        decision_id text, campaign_id text, user_id text, decision text, revision_number bigint, build_id text
    );
    insert into builds.runs values ('first', now(), now(), now())
"""
STANDING = """
    select campaign_id, list(decision order by user_id)
    from (
        from campaigns.decision_ledger
        qualify row_number() over (partition by campaign_id, user_id order by revision_number desc) = 1
    )
    group by campaign_id
"""


def campaign(**changed: object) -> Campaign:
    """Return a campaign that would launch."""
    whole = {
        "campaign_id": "c",
        "campaign_name": "C",
        "channel": "mail",
        "plan_status": "approved",
        "is_due": True,
        "is_launching": True,
        "budget_amount": 20.0,
        "starts_on": date(2026, 1, 2),
        "ends_on": date(2026, 1, 20),
        "is_exploratory": False,
        "base": 100,
        "eligible": 60,
        "control": 10,
        "contacts": 30,
        "cost": 5.0,
        "margin": 9.0,
    }
    return Campaign(**{**whole, **changed})


def preview_of(*campaigns: Campaign, spent: float = 0) -> Preview:
    """Return what would be launched."""
    return Preview(date(2026, 1, 1), spent, "USD", 500, 40.0, 0.05, [*campaigns])


class Decided:
    """In place of dbt: decides that a campaign contacts all users."""

    due = "c"

    def __init__(self, copy: Path):
        self.copy = copy

    def change(self, build: str, statement: str) -> list[str]:
        """Change a copy as a build does, and keep its ledger."""
        with duckdb.connect(str(self.copy)) as connection:
            connection.execute("insert into builds.runs values ($1, now(), now(), now())", [build])
            connection.execute(statement)
            keep_ledger(connection, self.copy, KEY)
        return []

    def launch(self, empty: list[str]) -> list[str]:
        """Launch the campaign that is due."""
        rows = ", ".join(
            f"('{self.due}/{user}/1', '{self.due}', '{user}', 'contact', 1, 'launch {self.due}')" for user in USERS
        )
        return self.change(f"launch {self.due}", f"insert into campaigns.decision_ledger values {rows}")

    def undo(self, campaign: str) -> list[str]:
        """Take all contacts of a campaign back."""
        return self.change(
            f"undo {campaign}",
            "insert into campaigns.decision_ledger select replace(decision_id, '/1', '/2'), campaign_id, user_id,"
            f" 'withdrawn', 2, 'undo {campaign}' from campaigns.decision_ledger where campaign_id = '{campaign}'",
        )


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a shop whose last build is whole, and whose campaigns contact three users each."""
    warehouse = tmp_path / "a shop's data" / "shop.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(SCHEMA)
    monkeypatch.setattr(steps, "WAREHOUSE", warehouse)
    monkeypatch.setattr(steps, "Rebuild", Decided)

    def previewed(connection: duckdb.DuckDBPyConnection) -> Preview:
        launched = connection.execute("from campaigns.decision_ledger where campaign_id = $1", [Decided.due]).fetchall()
        return preview_of(campaign(campaign_id=Decided.due, contacts=len(launched)))

    monkeypatch.setattr(steps, "preview", previewed)
    return warehouse


def standing(warehouse: Path) -> dict[str, list[str]]:
    """Return what stands of each campaign, in a database that is opened as dbt does."""
    with duckdb.connect(str(warehouse)) as connection:
        # still the database that was built, not one that only its ledger's files are left of
        assert ("first",) in connection.execute("select build_id from builds.runs").fetchall()
        restore_ledger(connection, warehouse, KEY)
        keep_ledger(connection, warehouse, KEY)
        [[doubled]] = connection.execute(
            "select count(*) - count(distinct decision_id) from campaigns.decision_ledger"
        ).fetchall()
        assert doubled == 0
        return dict(connection.execute(f"{STANDING} order by campaign_id").fetchall())


def export(warehouse: Path) -> None:
    """Write a list of contacts, as an export does."""
    with held(warehouse):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = dict(connection.execute(STANDING).fetchall())
        campaigns = sorted(name for name, decisions in found.items() if "contact" in decisions)
        note_exported(warehouse, campaigns)
        file = warehouse.with_name(".contacts.new")
        file.write_text("\n".join(campaigns))
        file.replace(warehouse.with_name("contacts"))


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run an action in a process that dies at its n-th change of a file; return whether it did."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == KILLED
    cut = PowerCut(step, lambda: os._exit(KILLED))
    for module, name in ((shutil, "copy"), (shutil, "copytree"), (shutil, "rmtree"), (os, "fsync")):
        setattr(module, name, cut(getattr(module, name)))
    for name in ("replace", "unlink", "mkdir"):
        setattr(Path, name, cut(getattr(Path, name)))
    action()
    os._exit(0)


# Every change of a file that a launch or undoing makes, and those of an export.
POINTS = [(action, step) for action in ("launch", "undo") for step in range(1, 14)]
POINTS += [("export", step) for step in range(1, 5)]


def test_no_kill_loses_doubles_or_half_undoes_a_launch(warehouse: Path, capfd) -> None:
    """A kill at every step, in random order, each seen through by a second call."""
    random.Random(1).shuffle(POINTS)
    kills = 0
    for turn, (action, step) in enumerate(POINTS):
        Decided.due = name = f"c{turn}"
        # a campaign to undo or to export
        if action != "launch":
            assert steps.main(["launch"]) == 0
        before = standing(warehouse)
        calls = {
            "launch": lambda: steps.main(["launch"]),
            "undo": lambda name=name: steps.main(["undo", name]),
            "export": lambda: export(warehouse),
        }
        kills += killed_at(step, calls[action])
        found = standing(warehouse)
        assert {known: before[known] for known in before if known != name}.items() <= found.items()
        # whole or not at all
        assert found.get(name, []) in ([], ["contact"] * 3, ["withdrawn"] * 3)
        if (action == "launch" and name not in found) or (action == "undo" and found[name][0] == "contact"):
            assert calls[action]() == 0
        elif action == "export":
            # what may have been sent stays, even if no file of the export did
            was_noted = name in exported_campaigns(warehouse)
            assert steps.main(["undo", name]) == int(was_noted)
        sent = warehouse.with_name("contacts")
        after = standing(warehouse)
        assert {"launch": "contact", "undo": "withdrawn"}.get(action, after[name][0]) == after[name][0]
        assert all(after[known][0] == "contact" for known in (sent.read_text().split() if sent.exists() else []))
    assert kills >= 25
    capfd.readouterr()


REFUSED = {
    "unknown": (["undo", "x"], "", "Nothing was undone: no campaign x is launched."),
    "undone before": (["undo", "c"], "undo", "Nothing was undone: the launch of c was undone before."),
    "sent by the shop": (["undo", "c"], "sent", "rows of c, so that it was sent."),
    "a build that failed": (["launch"], "failed", "Nothing was launched: 1 step failed and did not pass since"),
    "nobody to contact": (["launch"], "nobody", "c would contact nobody: no user is eligible"),
    "nobody, but another is named": (["launch", "d"], "nobody", "EMPTY names d, which is no campaign"),
    "no database": (["check"], "gone", "Run make build first."),
}


@pytest.mark.parametrize(("arguments", "state", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_changes_nothing(
    warehouse: Path, arguments: list[str], state: str, sentence: str, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    Decided.due = "c"
    assert steps.main(["launch"]) == 0
    changes = {
        "sent": "insert into core.campaign_contacts values ('c')",
        "failed": "insert into builds.nodes values ('model.precision_marketing.orders', 'failed')",
    }
    if state == "undo":
        assert steps.main(["undo", "c"]) == 0
    elif state == "gone":
        warehouse.unlink()
        shutil.rmtree(ledger_of(warehouse))
    elif state == "nobody":
        monkeypatch.setattr(steps, "preview", lambda _: preview_of(campaign(contacts=0, eligible=0, control=0)))
    elif state:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute(changes[state])
    before = warehouse.read_bytes() if warehouse.exists() else b""
    capsys.readouterr()
    assert steps.main(arguments) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert before == (warehouse.read_bytes() if warehouse.exists() else b"")
    assert not database_copy.copy_of(warehouse).exists()
    assert ledger_of(warehouse).exists() == (state != "gone")


def test_contacts_that_were_exported_stay_launched(warehouse: Path, capsys) -> None:
    Decided.due = "c"
    assert steps.main(["launch"]) == 0
    export(warehouse)
    assert steps.main(["undo", "c"]) == 1
    assert "contacts of c were first exported on 20" in capsys.readouterr().err
    # the record outlives the next build, which sweeps the ledger's folder
    Decided.due = "d"
    assert steps.main(["launch"]) == 0
    assert [*standing(warehouse)] == ["c", "d"]
    assert [*exported_campaigns(warehouse)] == ["c"]
    assert steps.main(["undo", "d"]) == 0


def test_two_at_once_are_one(warehouse: Path, capsys) -> None:
    with held(warehouse):
        assert steps.main(["check"]) == 1
    assert "another check, launch or export of this shop is at work" in capsys.readouterr().err


def test_a_copy_that_a_kill_left_is_removed_by_erasure(warehouse: Path, tmp_path: Path) -> None:
    Decided.due = "c"
    copies = (step for step in range(1, 9) if killed_at(step, lambda: steps.main(["launch"])))
    assert any(database_copy.copy_of(warehouse).exists() for _ in copies)
    assert killed_at(4, lambda: steps.main(["launch"]))
    remove_leftovers([], [], tmp_path / "published" / "shop.duckdb", [warehouse])
    assert not database_copy.copy_of(warehouse).exists()


LIMITS = {
    # the case of a late launch: .04 of the week's budget was left, and nothing said why
    "budget of the week": (
        campaign(contacts=0, cost=0.0, limits={"by_week": 57, "outbid": 57, "cheapest": 0.05}),
        39.96,
        "the week's budget (57 users) keeps out users who would earn more than they cost, 0.04 of 40.00 is left of the"
        " week's budget, their cheapest contact costs 0.05.",
    ),
    "stock and channel": (
        campaign(limits={"by_stock": 2, "by_channel": 5, "cheapest": 1.0}),
        0,
        "the channel's contacts of the week (5 users), the stock of its offers (2 users) keep out users who would earn"
        " more than they cost.",
    ),
    "control": (campaign(contacts=0, control=3), 0, "all users who would be contacted are in a control group."),
    "too dear": (
        campaign(contacts=0, control=0, reasons={"not chosen": [("Would cost more than the expected margin", 60)]}),
        0,
        "no eligible user is chosen, most often: Would cost more than the expected margin.",
    ),
    "nobody eligible": (
        campaign(contacts=0, control=0, eligible=0, reasons={"excluded": [("Was contacted too recently", 99)]}),
        0,
        "no user is eligible, most often: Was contacted too recently.",
    ),
    "a first campaign's budget": (
        campaign(is_exploratory=True, limits={"by_campaign": 20, "outbid": 20, "cheapest": 16.0}),
        0,
        "the campaign's budget (20 users) keeps out users who could be drawn, 15.00 of 20.00 is left of the campaign's,"
        " their cheapest contact costs 16.00.",
    ),
    "a first campaign large enough": (
        campaign(is_exploratory=True, limits={"outbid": 20, "cheapest": 0.1}),
        0,
        "its size, no more users are drawn at random than it takes to show a response rate higher by 5.0%.",
    ),
    "a first campaign for all": (
        campaign(is_exploratory=True),
        0,
        "none, all eligible users are drawn at random, into contacts and control.",
    ),
    "none": (campaign(), 0, "none, all eligible users who would earn more than they cost are chosen or in control."),
}


@pytest.mark.parametrize(("planned", "spent", "sentence"), LIMITS.values(), ids=LIMITS.keys())
def test_the_limit_that_binds_is_named(planned: Campaign, spent: float, sentence: str) -> None:
    assert limit_sentence(planned, preview_of(planned, spent=spent)) == sentence


MEASURED = {
    "large": ({"users": 400, "smaller_arm": 80, "expected": 2.0, "smallest": 1.0}, "yes, "),
    "half the effect": (
        {"users": 100, "smaller_arm": 20, "expected": 1.0, "smallest": 2.0},
        "400 users in both arms in",
    ),
    "more than there are": (
        {"users": 100, "smaller_arm": 20, "expected": 1.0, "smallest": 4.0},
        "1,600 users in both arms would be needed, the shop has 500, or 16 such campaigns one after the other.",
    ),
    "no effect": ({"users": 100, "smaller_arm": 20, "expected": 0.0, "smallest": 4.0}, "; no size could."),
    "an empty arm": (
        {"users": 20, "smaller_arm": 0, "expected": 1.0, "smallest": None},
        "no, one of its arms is empty.",
    ),
    "one user": ({"users": 20, "smaller_arm": 1, "expected": 1.0, "smallest": None}, "fewer than two users."),
}


@pytest.mark.parametrize(("checked", "words"), MEASURED.values(), ids=MEASURED.keys())
def test_what_cannot_be_measured_is_told_with_the_size_that_could(checked: dict, words: str) -> None:
    planned = campaign(check=checked)
    assert words in measure_sentence(planned, preview_of(planned))


FIRST = {
    "enough": ({"users": 3000, "rise": 0.051}, "yes, a rise of the response rate from 30.0% to 35.1% shows."),
    "too small": (
        {"users": 100, "rise": 0.2},
        "no, it is too small: only a rise of the response rate from 30.0% to 50.0% shows. One by 5.0% takes about 1,600"
        " users in both arms in place of 100, or 16 such campaigns one after the other.",
    ),
    "far too small": ({"users": 5, "rise": float("nan")}, "no, it is too small: from a response rate of 30.0% no rise"),
    "one user": ({"users": 20, "rise": None, "smaller_arm": 1}, "no, an arm has fewer than two users."),
}


@pytest.mark.parametrize(("checked", "words"), FIRST.values(), ids=FIRST.keys())
def test_a_first_campaign_is_told_by_the_rise_that_shows(checked: dict, words: str) -> None:
    checked = {"smaller_arm": 9, "rate": 0.3, "expected": 0.0, "smallest": None, **checked}
    planned = campaign(is_exploratory=True, check={**checked, "smallest_rise": checked["rise"]})
    assert words in measure_sentence(planned, preview_of(planned))

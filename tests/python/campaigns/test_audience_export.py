"""What channels get: what they need to send, of whoever may still be contacted."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.campaigns import change, copied, rows
from support.operations import run_operation

COLUMNS = ["user_id", "campaign_id", "offer_id", "send_on", "send_from_hour", "send_until_hour", "decision_id"]
# What may have changed since the launch, for a user each.
CHANGES = """
    update seeds.channels set consent = 'email';
    update core.users set consent_email = user_id <> $refused;
    update core.users set consent_email = null where user_id = $unasked;
    insert into seeds.suppressions values
    ('complete_journey', $opted_out, 'opt_out', 'mail', '2018-01-01', null, 'asked'),
    ('complete_journey', $erased, 'erasure', null, '2018-01-01', null, 'asked'),
    ('complete_journey', $elsewhere, 'opt_out', 'sms', '2018-01-01', null, 'asked'),
    ('complete_journey', $once, 'opt_out', 'mail', '2017-01-01', '2017-12-31', 'asked'),
    ('another_shop', $elsewhere, 'opt_out', 'mail', '2018-01-01', null, 'asked');
    delete from core.users where user_id = $gone
"""


class Export:
    """Exports to a folder of its own."""

    def __init__(self, warehouse: Path, folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder
        self.channel = folder / "complete_journey" / "mail"

    def start(self) -> subprocess.CompletedProcess:
        """Run the operation."""
        return run_operation(
            "audience_export", SOURCE="complete_journey", WAREHOUSE=str(self.warehouse), EXPORTS_DIR=str(self.folder)
        )

    def run(self) -> dict[str, bytes]:
        """Run the operation; return all files by their path."""
        result = self.start()
        assert result.returncode == 0, result.stderr
        return self.files()

    def files(self) -> dict[str, bytes]:
        """Return all files by their path."""
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in sorted(self.folder.rglob("*"))
            if file.is_file()
        }

    def manifest(self) -> dict:
        """Return the manifest of the version to send."""
        return json.loads((self.channel / "current.json").read_text())

    def contacts(self) -> list[dict[str, str]]:
        """Return the contacts of the version to send."""
        file = self.channel / self.manifest()["version"] / "contacts.csv"
        with file.open(newline="") as lines:
            return list(csv.DictReader(lines))


@pytest.fixture
def export(dbt: DbtRuns, campaigns: Path, tmp_path: Path) -> Export:
    return Export(copied(dbt, campaigns), tmp_path / "out")


def test_the_same_decisions_are_the_same_bytes(export: Export, campaigns: Path) -> None:
    first = export.run()
    manifest, contacts = export.manifest(), export.contacts()
    version = manifest["version"]
    assert set(first) == {
        "complete_journey/mail/current.json",
        f"complete_journey/mail/{version}/contacts.csv",
        f"complete_journey/mail/{version}/manifest.json",
    }
    launched = rows(campaigns, "select decision_id from campaigns.decision_ledger where decision = 'contact'")
    assert {contact["decision_id"] for contact in contacts} == {row[0] for row in launched}
    assert list(contacts[0]) == COLUMNS == manifest["columns"]
    content = first[f"complete_journey/mail/{version}/contacts.csv"]
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["rows"] == len(contacts) == len(launched)
    assert sum(campaign["rows"] for campaign in manifest["campaigns"]) == len(launched)
    assert {campaign["decided_on"] for campaign in manifest["campaigns"]} == {"2018-01-01"}
    assert len(version) == 12
    # a version that was killed half written is written again, to the byte; what else was left goes
    folder = export.channel / version
    (folder / "manifest.json").unlink()
    (folder / "contacts.csv").write_bytes(content[:100])
    for name in (f".{version}.new", "0123456789ab"):
        (export.channel / name).mkdir()
        (export.channel / name / "contacts.csv").write_bytes(content[:100])
    assert export.run() == first
    assert sorted(each.name for each in export.channel.iterdir()) == sorted([version, "current.json"])


def test_whoever_may_not_be_contacted_any_more_is_left_out(export: Export) -> None:
    first = export.run()
    users = sorted({contact["user_id"] for contact in export.contacts()})
    names = ("refused", "unasked", "opted_out", "erased", "elsewhere", "once", "gone")
    changed = dict(zip(names, users, strict=False))
    building = export.warehouse
    change(building, CHANGES, **changed)
    second = export.run()
    # a version beside the old one, which stays as it is
    old = {path: text for path, text in first.items() if "current" not in path}
    assert old.items() <= second.items()
    assert len(second) == len(first) + 2
    out = {changed[name] for name in names if name not in ("elsewhere", "once")}
    left = {contact["user_id"] for contact in export.contacts()}
    assert left == set(users) - out
    manifest = export.manifest()
    assert manifest["rows"] == len(users) - 5
    assert manifest["left_out"] == 5
    counts = [campaign["left_out"] for campaign in manifest["campaigns"]]
    assert {kind: sum(count[kind] for count in counts) for kind in counts[0]} == {
        "without consent": 2,
        "suppressed": 1,
        "erased": 2,
        "campaign stopped": 0,
        "refused at this address": 0,
        "same address": 0,
        "weekly cap": 0,
    }

    # a campaign that is over is no longer exported; its channel is told so
    change(building, "update campaigns.campaign_audience set ends_on = '2017-12-31'")
    third = export.run()
    assert second.keys() < third.keys()
    assert export.contacts() == []
    assert export.manifest()["campaigns"] == []
    assert export.manifest()["rows"] == 0


def test_a_clock_behind_the_last_build_exports_nothing(export: Export) -> None:
    change(export.warehouse, "update builds.runs set ended_at = '2999-01-01'")
    result = export.start()
    assert result.returncode == 1
    assert "Nothing was exported: the clock says" in result.stderr
    assert "the last build is of 2999-01-01 00:00. Set the clock." in result.stderr
    assert export.files() == {}


def test_a_spreadsheet_runs_no_cell(export: Export) -> None:
    names = ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx", "a=1", "'=1"]
    for name in names:
        change(
            export.warehouse, "update campaigns.campaign_audience set campaign_id = $name, offer_id = $name", name=name
        )
        export.run()
        contacts = export.contacts()
        expected = name if name in ("a=1", "'=1") else f"'{name}"
        assert {(each["campaign_id"], each["offer_id"]) for each in contacts} == {(expected, expected)}
        # numbers, dates and what the erasure looks for stay as they are
        assert {each["send_from_hour"].isdigit() for each in contacts} == {True}
        assert all(len(each["user_id"]) == len(each["decision_id"]) == 32 for each in contacts)
        assert [each["campaign_id"] for each in export.manifest()["campaigns"]] == [name]

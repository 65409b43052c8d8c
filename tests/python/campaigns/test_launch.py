"""What make check-plan shows is what make launch launches, and it tells every fault."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.builds import PROJECT_FOLDER, PSEUDONYM_KEY, VAULT_KEY

FOLDER = PROJECT_FOLDER / "target" / "launches"
# One that Excel might have written: a campaign ends with the week's budget, one has .04 to spend.
PLANS, SEED = 1, 57
# What the benchmark may count; all else is a preview that is not what was launched.
HARMLESS = {"plans", "campaigns launched", "contacts", "campaigns refused, as they contact nobody"}


@pytest.fixture(scope="module")
def environment(raw_folder: Path, campaigns: Path) -> dict[str, str]:
    """Return the variables of a shop with campaigns that are launched, and users left."""
    return {
        **os.environ,
        "COMPLETE_JOURNEY_DIR": str(raw_folder),
        "PSEUDONYM_KEY": PSEUDONYM_KEY,
        "VAULT_KEY": VAULT_KEY,
        "WAREHOUSE": str(campaigns),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


@pytest.fixture(scope="module")
def played(environment: dict[str, str]) -> dict[str, int]:
    """Launch random plans in a copy of the shop; return what was counted."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_launches"],
        cwd=PROJECT_FOLDER,
        env={**environment, "PLANS": str(PLANS), "SEED": str(SEED)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ast.literal_eval(re.findall(r"plans: (\{.*\})", done.stdout)[-1])


def test_what_is_previewed_is_launched_and_can_be_undone(played: dict[str, int]) -> None:
    assert played["plans"] == PLANS
    assert played["campaigns launched"] > 0
    assert {*played} <= HARMLESS, played


def test_every_fault_is_told_and_nothing_is_written(environment: dict[str, str], played: dict[str, int]) -> None:
    assert played
    seeds = FOLDER / "seeds" / "campaigns"
    plan = (seeds / "campaign_plan.csv").read_text(encoding="utf-8-sig")
    (seeds / "campaign_plan.csv").write_text(re.sub("everybody", "friends", plan))
    (seeds / "channels.csv").write_text((seeds / "channels.csv").read_text("utf-8-sig").replace("none", "fax"))
    warehouse = FOLDER / "warehouse" / Path(environment["WAREHOUSE"]).name
    before = hashlib.sha256(warehouse.read_bytes()).digest()

    def checked() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "operations.launch", "check"],
            cwd=FOLDER,
            env={**environment, "WAREHOUSE": str(warehouse)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()

    first, *sentences = checked()
    assert re.fullmatch(r"Nothing would be launched: the plan of complete_journey has \d+ faults\.", first)
    # every row that is wrong, not only the first
    assert len([each for each in sentences if "column audience_rule" in each]) == plan.count("everybody") > 1
    assert len([each for each in sentences if "column consent" in each]) == 1
    # a file that cannot be read stands beside others
    (seeds / "offers.csv").write_bytes(b"PK\x03\x04\xff")
    (seeds / "suppressions.csv").write_text("shop,user_id\n")
    _, *sentences = checked()
    assert "File seeds/campaigns/offers.csv: expected CSV, found a workbook. Save it as CSV." in sentences
    assert len([each for each in sentences if each.startswith("File seeds/campaigns/suppressions.csv, row 1")]) == 5
    assert hashlib.sha256(warehouse.read_bytes()).digest() == before
    assert not warehouse.with_suffix(".copy").exists()

"""What make check-plan shows is what make launch launches, and it tells every fault."""

from __future__ import annotations

import ast
import hashlib
import json
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
        "THREADS": "1",
        "PYTHONPATH": f"{PROJECT_FOLDER}:{PROJECT_FOLDER / 'tests' / 'python'}",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def play() -> None:
    """Launch random plans in a copy of the shop, then check two plans with faults; write what was told."""
    from tests.benchmarks import bench_launches

    bench_launches.main()
    seeds = Path("seeds/campaigns")
    plan = (seeds / "campaign_plan.csv").read_text(encoding="utf-8-sig")
    (seeds / "campaign_plan.csv").write_text(re.sub("everybody", "friends", plan))
    (seeds / "channels.csv").write_text((seeds / "channels.csv").read_text("utf-8-sig").replace("none", "fax"))
    warehouse = Path(os.environ["WAREHOUSE"])
    before = hashlib.sha256(warehouse.read_bytes()).digest()
    told = [bench_launches.run("check")]
    # a file that cannot be read stands beside others
    (seeds / "offers.csv").write_bytes(b"PK\x03\x04\xff")
    (seeds / "suppressions.csv").write_text("shop,user_id\n")
    told += [bench_launches.run("check")]
    is_as_before = hashlib.sha256(warehouse.read_bytes()).digest() == before
    rows = plan.count("everybody")
    found = {"told": told, "rows": rows, "written": not is_as_before or warehouse.with_suffix(".copy").exists()}
    Path("told.json").write_text(json.dumps(found))


@pytest.fixture(scope="module")
def played(environment: dict[str, str]) -> dict[str, int]:
    """Run `play`, in a process of its own; return what was counted."""
    done = subprocess.run(
        [sys.executable, __file__],
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


@pytest.mark.usefixtures("played")
def test_every_fault_is_told_and_nothing_is_written() -> None:
    found = json.loads((FOLDER / "told.json").read_text())
    assert [code for code, _ in found["told"]] == [1, 1]
    assert not any("Traceback" in text for _, text in found["told"])
    (first, *of_rows), (_, *of_files) = (text.splitlines() for _, text in found["told"])
    assert re.fullmatch(r"Nothing would be launched: the plan of complete_journey has \d+ faults\.", first)
    # every row that is wrong, not only the first
    assert len([each for each in of_rows if "column audience_rule" in each]) == found["rows"] > 1
    assert len([each for each in of_rows if "column consent" in each]) == 1
    assert "File seeds/campaigns/offers.csv: expected CSV, found a workbook. Save it as CSV." in of_files
    assert len([each for each in of_files if each.startswith("File seeds/campaigns/suppressions.csv, row 1")]) == 5
    assert not found["written"]


if __name__ == "__main__":
    play()

"""What is launched stands: through rebuilds, other plans and scores, and power cuts."""

from __future__ import annotations

import random
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.builds import DbtRuns, RunningDbt
from support.campaigns import SPARE_CAMPAIGNS, VARS, change, copied, decide, rows

# A launch counts once its build is whole.
LEDGER = """
    from campaigns.decision_ledger
    where build_id is null or build_id in (select build_id from builds.runs where whole_at is not null)
    order by decision_id
"""
# Steps at which a build is killed, soon after they start: before the launch, amid it (the most often), after it;
# then as the build is recorded as whole and the ledger is written beside the database.
DECIDED = ("dec_launched_decisions+,+campaign_decisions",)
LAUNCHED = ("decision_ledger", "campaign_decisions", "campaign_audience")
STEPS = (
    *((" campaigns.dec_launched_decisions ", DECIDED), (" campaigns.dec_decisions ", DECIDED)),
    # what is decided stands by then: the launch begins anew
    *(*3 * ((" campaigns.decision_ledger ", LAUNCHED),), (" campaigns.campaign_decisions ", LAUNCHED)),
)
LAST_STEPS = (("on-run-end.1 ", LAUNCHED), ("on-run-end.2 ", LAUNCHED))
# Models that read what these builds make are not built again: it is the failure that counts.
PARTIAL = VARS.replace("}", ", launches_need_a_whole_build: false}")
# From what earlier builds launched to what people read.
ALL = ("dec_launched_decisions+",)
# A build that has not come to a step by then hangs.
LONGEST_WAIT = 300
# Seconds that a step takes about.
LONGEST_STEP = 0.3
APPROVE = """
    update seeds.campaign_plan set plan_status = 'approved'
    where campaign_id = $campaign;
    update plan.plan_campaigns set plan_status = 'approved', is_launching = is_due
    where campaign_id = $campaign
"""
# Every seed of the plan, the scores, and who wrote them: nothing is as it was.
ALL_CHANGED = """
    update seeds.campaign_plan set budget_amount = '30', priority = '2',
    control_share = '0.7', campaign_name = 'renamed' where campaign_id like '2018-01-%';
    update seeds.offers set discount_value = '0.10' where discount_kind <> 'none';
    update seeds.channels set cost_per_contact = '0.01';
    insert into seeds.suppressions
    select 'complete_journey', user_id, 'opt_out', null, '2018-01-01', null, null
    from core.users;
    update scores.offer_scores set score = 1 - score, estimator_version = 'another';
    delete from seeds.campaign_plan where campaign_id = $gone;
    delete from seeds.offers where campaign_id = $gone
"""
GONE, CORRECTED = "2018-01-fresh", "2018-01-basket"
AUDIENCE = """
    select campaign_id, user_id, campaign_type, audience_rank, send_from_hour, send_on, starts_on, ends_on
    from campaigns.campaign_audience order by all
"""


def ledger(warehouse: Path) -> list[tuple]:
    """Return all that is frozen."""
    return rows(warehouse, LEDGER)


def users(warehouse: Path) -> int:
    """Count the users that there are to decide about."""
    return rows(warehouse, "select count(*) from core.users")[0][0]


def start(dbt: DbtRuns, raw_folder: Path, selection: tuple[str, ...]) -> RunningDbt:
    """Start a build of two models side by side, so that a kill may meet several."""
    return replace(dbt, threads=2).start(
        *("build", "--select", *selection, "--exclude-resource-type=test", "--exclude-resource-type=unit_test"),
        PARTIAL,
        warehouse=dbt.folder / "building.duckdb",
        raw_folder=raw_folder,
    )


def wait_for(running: RunningDbt, step: str) -> bool:
    """Wait until a step starts; return whether the build got there."""
    latest = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < latest and running.process.is_alive():
        if running.output_file.exists() and f"{step}." in running.output_file.read_text():
            return True
        time.sleep(0.02)
    return False


def test_no_kill_and_no_failure_loses_changes_or_doubles_a_decision(
    dbt: DbtRuns, raw_folder: Path, campaigns: Path
) -> None:
    warehouse = copied(dbt, campaigns)
    draws = random.Random(20180101)
    everybody = users(warehouse)
    frozen = ledger(warehouse)
    assert frozen
    campaign = SPARE_CAMPAIGNS[0]
    change(warehouse, APPROVE, campaign=campaign)
    kills = 0

    def kill_at(step: str, selection: tuple[str, ...]) -> None:
        nonlocal frozen, kills
        running = start(dbt, raw_folder, selection)
        assert wait_for(running, step), running.kill().output
        time.sleep(draws.uniform(0, LONGEST_STEP))
        # the last may be done before they are killed, which proves nothing
        kills += running.kill().exit_code == -signal.SIGKILL
        found = ledger(warehouse)
        # a campaign is launched whole or not at all
        assert len(found) in (len(frozen), len(frozen) + everybody)
        assert set(frozen) <= set(found)
        frozen = found

    for step in STEPS:
        kill_at(*step)

    # a test of the ledger fails, once it is written
    change(warehouse, "insert into campaigns.decision_ledger from campaigns.decision_ledger limit 1; checkpoint")
    failed = decide(dbt, raw_folder, PARTIAL, select=("decision_ledger",))
    assert failed.exit_code != 0
    assert f"Took back {everybody} decisions of 1 campaigns" in failed.output
    all_rows = rows(warehouse, "select distinct * from campaigns.decision_ledger order by decision_id")
    assert all_rows == frozen
    change(
        warehouse,
        "create or replace temp table kept as select distinct * from campaigns.decision_ledger;"
        " delete from campaigns.decision_ledger; insert into campaigns.decision_ledger from kept",
    )

    for step in LAST_STEPS:
        kill_at(*step)
    assert kills >= len(STEPS + LAST_STEPS) - 2
    result = decide(dbt, raw_folder, select=ALL)
    assert result.exit_code == 0, result.output
    assert set(frozen) <= set(ledger(warehouse))
    assert rows(
        warehouse,
        "select count(*), count(distinct user_id), count(distinct decision_id)"
        f" from campaigns.decision_ledger where campaign_id = '{campaign}'",
    ) == [(everybody, everybody, everybody)]


@pytest.fixture(scope="module")
def corrected(dbt: DbtRuns, raw_folder: Path, campaigns: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decide on a ledger in the words of before, in which one decision is corrected; return the database."""
    warehouse = copied(dbt, campaigns)
    change(
        warehouse,
        "update campaigns.decision_ledger set decision = 'holdout', arm = 'holdout' where decision = 'control';"
        " alter table campaigns.decision_ledger drop column reasons_zh;"
        " alter table campaigns.decision_ledger drop column control_draw;"
        " alter table campaigns.decision_ledger drop column is_global_control;"
        " alter table campaigns.decision_ledger drop column ends_on;"
        " insert into seeds.decision_corrections select 'complete_journey', campaign_id, user_id, 'withdrawn',"
        " '2018-01-03', 'asked on the phone' from campaigns.campaign_audience"
        # without the last, the others keep their ranks
        " where campaign_id = $campaign order by audience_rank desc limit 1",
        campaign=CORRECTED,
    )
    assert rows(warehouse, "select count(*) from campaigns.decision_ledger where arm = 'holdout'") != [(0,)]
    # a correction is made once
    for left_out in ("exposure", "test"):
        result = decide(
            *(dbt, raw_folder, f"--exclude-resource-type={left_out}", PARTIAL),
            select=("plan_faults", *DECIDED, *LAUNCHED),
        )
        assert result.exit_code == 0, result.output
    return Path(shutil.copy(warehouse, tmp_path_factory.mktemp("corrected")))


def test_a_ledger_in_the_words_of_before_is_brought_up_to_date(campaigns: Path, corrected: Path) -> None:
    names = rows(campaigns, "select column_name from information_schema.columns where table_name = 'decision_ledger'")
    columns = ", ".join(name for (name,) in names if name not in ("reasons_zh", "ends_on"))
    query = f"select {columns} from campaigns.decision_ledger where revision_number = 1 order by decision_id"
    assert rows(corrected, query) == rows(campaigns, query)
    # what the ledger did not keep yet, the plan still has
    ((user, *_),) = rows(corrected, "select user_id from campaigns.decision_ledger where revision_number = 2")
    others = [row for row in rows(campaigns, AUDIENCE) if row[:2] != (CORRECTED, user)]
    assert rows(corrected, AUDIENCE) == others
    assert rows(
        corrected, "select count(*) from campaigns.decision_ledger where reasons_zh is distinct from reasons"
    ) == [(0,)]


def test_a_correction_is_a_new_row_that_points_to_the_old(campaigns: Path, corrected: Path) -> None:
    old = rows(
        campaigns,
        "select user_id, decision_id from campaigns.campaign_audience"
        f" where campaign_id = '{CORRECTED}' order by audience_rank desc limit 1",
    )
    assert len(ledger(corrected)) == len(ledger(campaigns)) + 1
    assert rows(
        corrected,
        "select user_id, corrects_decision_id, decision, campaign_id, reasons, send_on,"
        " cast(decided_on as varchar) from campaigns.decision_ledger where revision_number = 2",
    ) == [(*old[0], "withdrawn", CORRECTED, "asked on the phone", None, "2018-01-03")]
    assert (CORRECTED, old[0][0]) not in [row[:2] for row in rows(corrected, AUDIENCE)]


def test_nothing_that_changes_later_changes_what_is_launched(dbt: DbtRuns, raw_folder: Path, campaigns: Path) -> None:
    warehouse = copied(dbt, campaigns)
    frozen = ledger(warehouse)
    audience = rows(warehouse, AUDIENCE)
    assert {row[0] for row in audience} >= {CORRECTED, GONE}
    change(warehouse, ALL_CHANGED, gone=GONE)
    result = decide(dbt, raw_folder, "--full-refresh")
    assert result.exit_code == 0, result.output
    assert ledger(warehouse) == frozen
    # the list for the channels lives from the ledger: a campaign may leave the plan, its contacts stay
    assert rows(warehouse, AUDIENCE) == audience
    # nor is it told otherwise: what was launched is what is published
    columns = "decision_id, user_id, decision, offer_id, reasons, score, expected_margin"
    launched = rows(
        warehouse, f"select {columns} from campaigns.campaign_decisions where is_frozen order by decision_id"
    )
    assert launched == rows(warehouse, f"select {columns} from campaigns.decision_ledger order by decision_id")
    # what was not launched yet is decided anew: nobody is left to contact
    assert rows(
        warehouse, "select count(*) from campaigns.campaign_decisions where not is_frozen and decision = 'contact'"
    ) == [(0,)]

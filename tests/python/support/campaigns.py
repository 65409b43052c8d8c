"""A small database with campaigns decided and launched, and ways to change its plan."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
from support.builds import DbtResult, DbtRuns

# Fewer fits and budgets: the same code, a third of the time.
VARS = (
    "--vars={as_of_count: 12, campaign_test_weeks: 4, campaign_validation_weeks: 6, bootstrap_draws: 50,"
    " budget_curve_shares: [0.5, 1], launch: with_build}"
)
# Drafts that tests approve, one after the other; each can pay about twenty contacts.
SPARE_CAMPAIGNS = tuple(f"spare-{number}" for number in range(1, 7))
# From the plan's seeds to the list of contacts, scores as they stand.
DECIDING = (
    "plan_faults",
    "plan_drafts",
    "plan_campaigns",
    "plan_offers",
    "plan_offer_products",
    "plan_send_dates+",
    "dec_launched_decisions+",
)
TIERS = (
    ("complete_journey", "silver", "2017-01-01", "200", "0", "91", "28", "7"),
    ("complete_journey", "gold", "2017-01-01", "600", "0", "91", "28", "7"),
)
# Launched campaigns must leave users for those that come later.
PLAN = f"""
    update seeds.campaign_plan set budget_amount = '3'
    where campaign_id in ('2018-01-basket', '2018-01-fresh');
    insert into seeds.point_rules values ('complete_journey', 'points', '2017-01-01', '1', '0.01', '14', '60');
    insert into seeds.tier_rules values {", ".join(map(str, TIERS))};
    insert into seeds.campaign_plan by name
    select
        campaign_plan.* replace (
            spare as campaign_id,
            case when spare = 'spare-6' then 'member_activity' else campaign_type end as campaign_type,
            'draft' as plan_status,
            '1' as budget_amount,
            '2018-01-05' as starts_on,
            '2018-01-20' as ends_on
        )
    from seeds.campaign_plan, unnest($spares) as spares (spare)
    where campaign_id = '2018-01-basket';
    insert into seeds.offers by name
    select offers.* replace (spare || '-offer' as offer_id, spare as campaign_id)
    from seeds.offers, unnest($spares) as spares (spare)
    where offer_id = '2018-01-drinks';
"""


def build_campaigns(dbt: DbtRuns, raw_folder: Path, warehouse: Path) -> Path:
    """Build everything; then what is planned is decided and launched, too."""
    building = dbt.begin()
    seeded = dbt.run("seed", VARS, warehouse=building, raw_folder=raw_folder)
    assert seeded.exit_code == 0, seeded.output
    change(building, PLAN, spares=list(SPARE_CAMPAIGNS))
    return dbt.build("--exclude-resource-type=seed", VARS, warehouse=warehouse, raw_folder=raw_folder, begun=building)


def change(warehouse: Path, statements: str, **parameters: object) -> None:
    """Run statements; each gets the parameters that it names."""
    with duckdb.connect(str(warehouse)) as connection:
        for statement in statements.split(";"):
            named = {name: value for name, value in parameters.items() if f"${name}" in statement}
            if statement.strip():
                connection.execute(statement, named)


def rows(warehouse: Path, query: str) -> list[tuple]:
    """Return the rows of a query."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def copied(dbt: DbtRuns, campaigns: Path) -> Path:
    """Copy a database to where dbt parses once; return the copy."""
    return Path(shutil.copy(campaigns, dbt.begin()))


def decide(dbt: DbtRuns, raw_folder: Path, *arguments: str, select: tuple[str, ...] = DECIDING) -> DbtResult:
    """Decide again, on the plan and the scores that the copy holds."""
    return dbt.run(
        "build",
        "--select",
        *select,
        "--exclude-resource-type=unit_test",
        VARS,
        *arguments,
        warehouse=dbt.folder / "building.duckdb",
        raw_folder=raw_folder,
    )

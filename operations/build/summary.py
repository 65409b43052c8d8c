"""Say what the database holds now: rows, champions, campaigns, and where to look.

python -m operations.build.summary      # the end of `make build`
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from operations.places import EXPORTS, PUBLISHED_FILE, SHOP, SITES, WAREHOUSE, shown
from operations.report.words import Words

WORDS = Words("en")
METRICS = {"auc": "AUC", "r_squared": "R squared"}
ROWS = """
    select entity, rows_in, rows_out, rows_repaired, rows_deduplicated, rows_rejected,
        rows_inferred
    from core.row_reconciliation
    where rows_in > 0 or rows_out > 0
    order by entity
"""
CHAMPIONS = """
    select task, estimator_name, metric, metric_value, interval_low, interval_high,
        best_baseline_name, baseline_value
    from evaluation.estimator_comparison
    where metric in ('auc', 'r_squared')
    order by metric, task
"""
CURRENCY = """
    select coalesce(string_agg(distinct currency, ', ' order by currency), '')
    from core.transactions
"""
CONVERTED = """
    select currency, any_value(shop_currency), count(distinct order_id),
        cast(min(exchange_rate) as double), cast(max(exchange_rate) as double)
    from cleaning.int_transactions_checked
    where row_status = 'kept' and exchange_rate <> 1
        and order_id in (select order_id from core.orders where not is_cancelled)
    group by currency
    order by count(distinct order_id) desc, currency
"""
CAMPAIGNS = """
    select
        coalesce(any_value(plan.campaign_name), decisions.campaign_id),
        min(decisions.decision_status),
        count(*) filter (decisions.decision = 'contact'),
        count(*) filter (decisions.decision = 'control'),
        coalesce(sum(decisions.expected_cost) filter (decision = 'contact'), 0),
        coalesce(sum(decisions.expected_margin) filter (decision = 'contact'), 0)
    from campaigns.campaign_decisions as decisions
    left join plan.plan_campaigns as plan using (campaign_id)
    group by decisions.campaign_id
    order by min(decisions.decision_status) desc, decisions.campaign_id
"""
POLICIES = """
    select policy, sum(contact_count), sum(expected_cost), sum(expected_margin),
        max(budget_price)
    from campaigns.campaign_policies
    where
        allocation_name = 'week'
        and decided_on = (select max(decided_on) from campaigns.campaign_policies)
    group by policy
    order by sum(expected_margin) desc, policy
"""


def row_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Write what became of the rows of each entity."""
    found = connection.execute(ROWS).fetchall()
    names = ("in", "out", "repaired", "deduplicated", "rejected", "inferred")
    heads = "".join(f"{name:>12}" for name in names)
    return [f"{'Rows':<26}{heads}"] + [
        f"  {WORDS.value(entity):<24}" + "".join(f"{count:>12,}" for count in counts) for entity, *counts in found
    ]


def currency_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Write how many orders were converted from which currency, and at which rates."""
    found = connection.execute(CONVERTED).fetchall()
    return ["Orders converted at the rate of their day"] + [
        f"  {f'{currency} into {into}':<26}{orders:>10,}   at {low:g}" + (f" to {high:g}" if high != low else "")
        for currency, into, orders, low, high in found
    ]


def champion_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Write each champion's metric on the test period beside the best baseline's."""
    lines = ["Champions on the test period, 95 % interval, beside the best baseline"]
    for task, family, metric, *values, beaten, beaten_value in connection.execute(CHAMPIONS).fetchall():
        value, low, high = values
        beside = f"{_named(beaten)} {beaten_value:.3f}" if beaten else "no baseline"
        lines.append(
            f"  {WORDS.value(task):<29}{_named(family):<22}{METRICS[metric]:<10}"
            f"{value:.3f} [{low:.3f}, {high:.3f}]  {beside}"
        )
    return lines


def campaign_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Write what each campaign does, and what policies would earn in the week."""
    [[currency]] = connection.execute(CURRENCY).fetchall()
    lines = [f"Campaigns decided; cost and margin after cost in {currency}"]
    campaigns = connection.execute(CAMPAIGNS).fetchall()
    for name, status, contacts, in_control, cost, margin in campaigns:
        lines.append(
            f"  {name:<38}{status:<10}{contacts:>7,} contacts {in_control:>6,} in control"
            f"   cost {cost:>9,.2f}   margin {margin:>9,.2f}"
        )
    if any(status == "planned" for _, status, *_ in campaigns):
        lines.append("  planned is approved and not launched: make check-plan, then make launch")
    policies = connection.execute(POLICIES).fetchall()
    if policies:
        lines += ["", f"Policies for the coming week under the same limits, {currency}"]
    for policy, contacts, cost, margin, price in policies:
        more = f"; one more unit of budget earns {price:.2f}" if price else ""
        lines.append(
            f"  {_named(policy):<48}{contacts:>7,} contacts{'':>18}   cost {cost:>9,.2f}   margin {margin:>9,.2f}{more}"
        )
    return lines


def place_lines() -> list[str]:
    """Write where to look: what is there of pages, files and the database."""
    places = {
        "pages of each shop": SITES / "index.html",
        "for BI tools": PUBLISHED_FILE,
        "for the channels": EXPORTS,
        "the whole database": WAREHOUSE,
    }
    return ["Where to look"] + [f"  {what:<24}{shown(place)}" for what, place in places.items() if place.exists()]


def _named(name: str) -> str:
    return "mean of families" if name == "average" else name.replace("_", " ")


def summary(warehouse: Path) -> str:
    """Write all parts whose tables are built."""
    parts = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for part in (row_lines, currency_lines, champion_lines, campaign_lines):
            try:
                lines = part(connection)
            except duckdb.CatalogException:
                continue
            if len(lines) > 1:
                parts.append("\n".join(lines))
    return "\n\n".join([*parts, "\n".join(place_lines())])


def main() -> str | None:
    """Write the summary; return a sentence when there is nothing to sum up."""
    if not WAREHOUSE.exists():
        return f"No summary: no {WAREHOUSE}. Run make build first."
    try:
        sys.stdout.write(f"\n{SHOP}\n\n{summary(WAREHOUSE)}\n")
    except duckdb.IOException as error:
        return f"No summary: cannot open {WAREHOUSE}. {str(error).splitlines()[0]}"
    return None


if __name__ == "__main__":
    sys.exit(main())

"""Building the same input twice gives the same tables, learning included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
from support.builds import DbtRuns
from support.campaigns import build_campaigns

# skops numbers the objects of an archive by their addresses in memory; what the
# archive means is compared through the scores
LEFT_OUT = {
    "ml_estimator_registry": ["estimator_bytes"],
    "ml_customer_value__estimator": ["estimator_bytes"],
    "decision_ledger": ["build_id"],
}
# the source has none of these, the plan no fault, and nothing was decided before
EMPTY = {
    "account_links",
    "attribution_vs_control",
    "available_to_promise",
    "campaign_deliveries",
    "contact_events",
    "coupon_abuse",
    "dec_activity_values",
    "dec_campaign_deliveries",
    "dec_event_suppressions",
    "dec_launched_decisions",
    "dec_offer_interests",
    "dec_policy_picks",
    "dec_risk_suppressions",
    "dem_reorder_needs",
    "dem_similar_weeks",
    "dem_stock",
    "dem_stock_demand",
    "dem_supply_faults",
    "events",
    "ftr_user__messages",
    "ftr_user__returns",
    "ftr_user__visit_days",
    "ftr_user__visits",
    "ftr_user_category__visit_days",
    "ftr_user_category__visits",
    "ftr_user_offer__trials",
    "ftr_user_offer__uplift",
    "ftr_user_product__visit_days",
    "ftr_user_product__visits",
    "int_contact_events_checked",
    "int_currency_rates_checked",
    "int_events_checked",
    "int_order_disputes_checked",
    "int_order_tokens_checked",
    "int_point_movements_checked",
    "int_refunds_matched",
    "int_returns_allotted",
    "int_returns_matched",
    "int_returns_paired",
    "int_reviews_checked",
    "int_stock_levels_checked",
    "intake_contact_events",
    "intake_currency_rates",
    "intake_events",
    "intake_order_disputes",
    "intake_order_tokens",
    "intake_point_movements",
    "intake_reviews",
    "intake_stock_levels",
    "lbl_user_offer__arms",
    "mbr_point_reversals",
    "mbr_refunds",
    "ml_campaign_results",
    "ml_review__readings",
    "ml_uplift_intervals",
    "ml_user_offer__uplift",
    "order_disputes",
    "order_tokens",
    "plan_faults",
    "point_movements",
    "product_voice",
    "reorder_plan",
    "returns",
    "review_aspects",
    "review_sentiment",
    "reviews",
    "risk_results",
    "rpt_complaints",
    "rpt_policy_outcomes",
    "rpt_qini_curve",
    "rpt_reorder",
    "rsk_account_pairs",
    "rsk_faults",
    "rsk_order_coupons",
    "rsk_order_disputes",
    "rsk_token_accounts",
    "stock_levels",
    "uplift_curve",
}


def sorted_hashes(warehouse: Path) -> dict[str, str]:
    """Return, per table, a hash of its rows that their order does not move."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            """
            select
                table_schema,
                table_name
            from information_schema.tables
            where table_type = 'BASE TABLE' and table_schema not in ('seeds', 'builds')
            """
        ).fetchall()
        return {
            table: connection.execute(
                f"""
                select md5(string_agg(row_hash, ',' order by row_hash)) from (
                    select cast(hash(kept) as varchar) as row_hash from (
                        select columns(name -> name not in $1) from {schema}.{table}
                    ) as kept
                )
                """,
                [LEFT_OUT.get(table, [])],
            ).fetchone()[0]
            for schema, table in tables
        }


def test_two_builds_give_equal_tables(dbt: DbtRuns, raw_folder: Path, campaigns: Path, tmp_path: Path) -> None:
    # whatever runs side by side
    again = build_campaigns(replace(dbt, threads=2), raw_folder, tmp_path / "again.duckdb")
    first, second = map(sorted_hashes, (campaigns, again))
    assert {"transactions", "user_scores", "ml_test"} <= set(first)
    empty = {table for table, table_hash in first.items() if table_hash is None}
    assert empty == EMPTY, "an empty table proves nothing"
    assert {table for table in first | second if first.get(table) != second.get(table)} == set()

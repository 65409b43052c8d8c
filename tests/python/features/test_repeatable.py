"""Building the same input twice gives the same tables, learning included."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.builds import DbtRuns

BUILD = (
    "--select",
    "+campaign_audience",
    "+campaign_policies",
    "+campaign_results",
    "+campaign_checks",
    "+user_scores",
    "+estimator_results",
    "+row_reconciliation",
    "+rejected_rows",
    "+category_scores",
    "+user_amounts",
    "+user_score_reasons",
    "+user_amount_reasons",
    "+offer_score_reasons",
    "+category_score_reasons",
    "+user_clusters",
    "+cluster_profiles",
    "+user_value",
    "+customer_value_results",
    "+score_drift",
    # fewer fits: the same code, a third of the time
    "--vars={as_of_count: 12, campaign_test_weeks: 4, campaign_validation_weeks: 6,"
    " bootstrap_draws: 50}",
)
SCHEMAS = [
    "vault",
    "core",
    "plan",
    "features",
    "labels",
    "learning",
    "scores",
    "campaigns",
    "evaluation",
]
# skops numbers the objects of an archive by their addresses in memory; what the
# archive means is compared through the scores
LEFT_OUT = {
    "ml_estimator_registry": ["estimator_bytes"],
    "ml_customer_value__estimator": ["estimator_bytes"],
}
# the source has none of these, the plan no fault, and nothing was decided before
EMPTY = {
    "dec_launched_decisions",
    "events",
    "ftr_user__returns",
    "ftr_user_offer__uplift",
    "ftr_user_offer__trials",
    "lbl_user_offer__arms",
    "ml_campaign_results",
    "ml_user_offer__uplift",
    "plan_faults",
    "returns",
    "reviews",
    "stock_levels",
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
            where table_schema in $1
            """,
            [SCHEMAS],
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


@pytest.fixture(scope="module")
def two_builds(
    dbt: DbtRuns, raw_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Databases of two builds."""
    folder = tmp_path_factory.mktemp("repeatable")
    return [
        dbt.build(*BUILD, warehouse=folder / f"{name}.duckdb", raw_folder=raw_folder)
        for name in ("first", "second")
    ]


def test_two_builds_give_equal_tables(two_builds: list[Path]) -> None:
    first, second = map(sorted_hashes, two_builds)
    assert {"transactions", "user_scores", "estimator_predictions"} <= set(first)
    empty = {table for table, table_hash in first.items() if table_hash is None}
    assert empty == EMPTY, "an empty table proves nothing"
    assert {
        table for table in first | second if first.get(table) != second.get(table)
    } == set()

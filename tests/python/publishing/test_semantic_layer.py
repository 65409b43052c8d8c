"""Each metric of the semantic layer, against SQL written by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER

TABLES = (
    "core.orders",
    "core.transactions",
    "core.users",
    "core.products",
    "core.campaign_calendar",
    "core.market_calendar",
    "campaigns.campaign_decisions",
    "campaigns.campaign_results",
    "demand.demand_forecast",
    "demand.forecast_results",
    "demand.reorder_plan",
    "members.member_points",
    "members.member_tiers",
    "members.point_liability",
)
# Complete Journey has no randomised campaign: some are made to look as one would. It has neither
# members nor stock: rows as a shop that has would have them.
ALTERED = """
    update campaigns.campaign_results set
        lift = case metric when 'buying_rate' then 0.03 else 1.7 end,
        incremental_total = treated_count * 0.5,
        -- the arms of one do not fit their chances: it can tell nothing
        is_trustworthy = campaign_id <> '13'
    where campaign_id in ('13', '18') and metric in ('buying_rate', 'margin_per_user');
    update campaigns.campaign_results set treated_count = 0, redeemed_count = 0
    where campaign_id = '8';
    update core.orders set returned_amount = 1 where hash(order_id) % 10 = 0;
    update core.users set region = case hash(user_id) % 2 when 0 then 'north' end;
    insert into members.member_points by name
    select
        user_id, 3 as pending_points, cast(hash(user_id) % 50 as int) as available_points,
        date '2018-01-01' as as_of_date
    from core.users;
    insert into members.member_tiers by name
    select
        user_id, case hash(user_id) % 2 when 0 then 'silver' else 'gold' end as tier,
        hash(user_id) % 3 > 0 as is_current, date '2018-01-01' as as_of_date
    from core.users;
    insert into members.point_liability by name
    select 7.5 * day as expected_cost, date '2017-12-31' + cast(day as int) as as_of_date
    from range(1, 3) as days (day);
    insert into demand.reorder_plan by name
    select
        product_id, hash(product_id) % 9 as order_units,
        case when hash(product_id) % 7 > 0 then hash(product_id) % 90 / 10 end as order_cost,
        hash(product_id) % 5 = 0 as is_overstocked, date '2018-01-01' as as_of_date
    from core.products
"""
SERVED = "split_name = 'test' and period <> 'pooled' and method_name = 'in_service'"
LINE = "line_kind = 'sale'"
ONE_ROW = "slice_kind = 'all' and metric = 'redemption_rate'"
# where nearly all or nearly none redeemed, how many did is not stated
JUDGED = f"{ONE_ROW} and redeemed_count is not null"
SOUND = "slice_kind = 'all' and coalesce(is_trustworthy, true)"
BUYERS = f"{SOUND} and metric = 'buying_rate'"
# Per set of metrics: group by, table, column of the group, and each metric in SQL.
CASES = {
    "by month": (
        "metric_time__month",
        "core.orders",
        "date_trunc('month', order_date)",
        {
            "orders": "count(*)",
            "customers": "count(distinct user_id)",
            "revenue": "sum(net_amount)",
            "returned_revenue": "sum(returned_amount)",
            "revenue_after_returns": "sum(net_amount - returned_amount)",
            "average_order_value": "sum(net_amount) / count(*)",
            "revenue_per_customer": "sum(net_amount) / count(distinct user_id)",
            "coupon_orders": "count_if(has_coupon)",
            "coupon_order_share": "count_if(has_coupon) / count(*)",
        },
    ),
    "by week": (
        "metric_time__week",
        "core.orders",
        "date_trunc('week', order_date)",
        {"orders": "count(*)", "customers": "count(distinct user_id)"},
    ),
    "by region": (
        "user__region",
        "core.orders left join core.users using (user_id)",
        "region",
        {"orders": "count(*)", "revenue": "sum(net_amount)"},
    ),
    "by department": (
        "product__department",
        "core.transactions left join core.products using (product_id)",
        "department",
        {
            "units_sold": f"sum(quantity) filter ({LINE} and is_quantity_plausible)",
            "sales": f"sum(net_amount) filter ({LINE})",
        },
    ),
    "by segment": (
        "decision_id__segment_name",
        "campaigns.campaign_decisions",
        "segment_name",
        {
            "decisions": "count(*)",
            "contacts": "count_if(decision = 'contact')",
            "control_users": "count_if(decision = 'control')",
            "contact_rate": "count_if(decision = 'contact') / count(*)",
            "control_share": "count_if(decision = 'control') / nullif(count_if(decision in ('contact', 'control')), 0)",
            "expected_cost": "sum(expected_cost) filter (decision = 'contact')",
            "expected_margin": "sum(expected_margin) filter (decision = 'contact')",
        },
    ),
    "by campaign": (
        "campaign",
        "campaigns.campaign_results",
        "campaign_id",
        {
            "contacted_users": f"sum(treated_count) filter ({ONE_ROW})",
            "redeeming_users": f"sum(redeemed_count) filter ({ONE_ROW})",
            "judged_users": f"sum(treated_count) filter ({JUDGED})",
            "redemption_rate": f"sum(redeemed_count) filter ({ONE_ROW})"
            f" / nullif(sum(treated_count) filter ({JUDGED}), 0)",
            "campaign_cost": f"sum(cost_amount) filter ({ONE_ROW})",
            "incremental_margin": f"sum(incremental_total) filter ({SOUND} and metric = 'margin_per_user')",
            "incremental_buyers": f"sum(incremental_total) filter ({BUYERS})",
            "measured_users": f"sum(treated_count) filter ({BUYERS} and lift is not null)",
            "lift": f"sum(incremental_total) filter ({BUYERS})"
            f" / nullif(sum(treated_count) filter ({BUYERS} and lift is not null), 0)",
        },
    ),
    "of points by region": (
        "user__region",
        "members.member_points left join core.users using (user_id)",
        "region",
        {"points_outstanding": "sum(pending_points + available_points)", "points_pending": "sum(pending_points)"},
    ),
    "of points by day": (
        "metric_time__day",
        "members.point_liability",
        "as_of_date",
        {"point_liability": "sum(expected_cost)"},
    ),
    "by tier": ("membership__tier", "members.member_tiers", "tier", {"tier_members": "count_if(is_current)"}),
    "by week to come": (
        "metric_time__week",
        "demand.demand_forecast",
        "date_trunc('week', week_start_date)",
        {
            "forecast_units": "sum(expected_units) filter (forecast_level = 'category')",
            "forecast_campaign_units": "sum(campaign_units) filter (forecast_level = 'category')",
        },
    ),
    "of products to come": (
        "product__department",
        "demand.demand_forecast left join core.products using (product_id)",
        "department",
        {"forecast_product_units": "sum(expected_units) filter (forecast_level = 'product')"},
    ),
    "by level": (
        "forecast_result__forecast_level",
        "demand.forecast_results",
        "forecast_level",
        {
            "forecast_error_units": f"sum(wape * unit_count) filter ({SERVED})",
            "judged_forecast_units": f"sum(unit_count) filter ({SERVED})",
            "forecast_wape": f"sum(wape * unit_count) filter ({SERVED}) / sum(unit_count) filter ({SERVED})",
        },
    ),
    "of orders by department": (
        "product__department",
        "demand.reorder_plan left join core.products using (product_id)",
        "department",
        {
            "units_to_order": "sum(order_units)",
            "order_value": "sum(order_cost)",
            "overstocked_products": "count_if(is_overstocked)",
        },
    ),
}
# Asks MetricFlow all questions in one process: one takes seconds to start.
ASK = """
import json, sys
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
cases, folder = json.loads(sys.argv[1]), sys.argv[2]
mf = CLIConfiguration()
mf.setup(configure_file_logging=False)
for name, (group, metrics) in cases.items():
    request = MetricFlowQueryRequest.create(
        metric_names=metrics, group_by_names=[group]
    )
    table = mf.mf.query(request).result_df
    rows = [[str(v) if i == 0 and v is not None else None if v is None else float(v)
             for i, v in enumerate(row)] for row in table.rows]
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump({"columns": list(table.column_names), "rows": rows}, file)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a database that holds the marts asked about."""
    if not BUILT_WAREHOUSE.exists():
        pytest.fail(f"No database at {BUILT_WAREHOUSE}: run make build first.")
    warehouse = tmp_path_factory.mktemp("metrics") / "precision_marketing.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"attach '{BUILT_WAREHOUSE}' as built (read_only)")
        for table in TABLES:
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} as from built.{table}")
        connection.execute(ALTERED)
    kept = {name: value for name, value in os.environ.items() if name != "SOURCE"}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DBT_PROFILES_DIR": "profiles",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PSEUDONYM_KEY": "p" * 32,
        "VAULT_KEY": "v" * 32,
        # what is parsed of the built one is of this, too
        "DATABASE_COPY": str(warehouse),
    }
    # MetricFlow reads target/semantic_manifest.json, as the last parse left it
    subprocess.run(["dbt", "--quiet", "parse"], cwd=PROJECT_FOLDER, env=environment, check=True)
    return environment


@pytest.fixture(scope="module")
def answers(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Return MetricFlow's answers, by case."""
    folder = tmp_path_factory.mktemp("answers")
    questions = {name: (case[0], list(case[3])) for name, case in CASES.items()}
    asked = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(questions), str(folder)],
        cwd=PROJECT_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    found = {}
    for name in CASES:
        answer = json.loads((folder / f"{name}.json").read_text())
        found[name] = pd.DataFrame(answer["rows"], columns=answer["columns"])
    return found


@pytest.mark.parametrize("name", CASES)
def test_metrics_are_what_sql_says(environment: dict[str, str], answers: dict[str, pd.DataFrame], name: str) -> None:
    group, table, column, metrics = CASES[name]
    selected = ", ".join(f"{sql} as {metric}" for metric, sql in metrics.items())
    with duckdb.connect(environment["DATABASE_COPY"], read_only=True) as connection:
        expected = connection.sql(
            f"select cast({column} as varchar) as {group}, {selected} from {table} group by all"
        ).df()
    found = answers[name]
    if group.startswith("metric_time"):
        found[group] = found[group].str[:10]
        expected[group] = expected[group].str[:10]
    order = expected[group].fillna("")
    expected = expected.set_index(order).sort_index().drop(columns=group)
    found = found.set_index(found[group].fillna("")).sort_index()[expected.columns]
    assert list(found.index) == list(expected.index)
    assert len(expected) > 1
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected.to_numpy(dtype=float), rtol=1e-9)


def test_a_rate_of_nothing_is_null(answers: dict[str, pd.DataFrame]) -> None:
    results = answers["by campaign"].set_index("campaign")
    assert results.loc["8", "contacted_users"] == 0
    assert pd.isna(results.loc["8", "redemption_rate"])
    assert pd.isna(results.loc["1", "lift"])
    assert pd.isna(results.loc["13", "lift"])
    assert results.loc["18", "lift"] == pytest.approx(0.5)


def test_contacts_and_redemptions_are_those_of_the_shop(
    environment: dict[str, str], answers: dict[str, pd.DataFrame]
) -> None:
    with duckdb.connect(str(BUILT_WAREHOUSE), read_only=True) as connection:
        expected = connection.sql("""
            select
                contacts.campaign_id as campaign,
                count(*) as contacted_users,
                count(redemptions.user_id) as redeeming_users
            from core.campaign_contacts as contacts
            left join (
                select distinct campaign_id, user_id from core.coupon_redemptions
            ) as redemptions using (campaign_id, user_id)
            -- changed above, or not shown
            where campaign_id <> '8' and campaign_id in (
                select campaign_id from campaigns.campaign_results
                where slice_kind = 'all' and redeemed_count is not null
            )
            group by all order by 1
        """).df()
    found = answers["by campaign"]
    found = found[found["campaign"].isin(expected["campaign"])].sort_values("campaign")
    assert len(expected) > 20
    for column in ("contacted_users", "redeeming_users"):
        assert found[column].tolist() == expected[column].tolist()


def declared(environment: dict[str, str]) -> dict:
    """Return the semantic manifest."""
    file = PROJECT_FOLDER / "target" / "semantic_manifest.json"
    assert environment
    return json.loads(file.read_text())


def test_every_metric_is_asked_for_and_everything_is_described(environment: dict[str, str]) -> None:
    manifest = declared(environment)
    metrics = {metric["name"]: metric["description"] for metric in manifest["metrics"]}
    asked = {metric for case in CASES.values() for metric in case[3]}
    assert asked == set(metrics)
    described = [*metrics.items()]
    for model in manifest["semantic_models"]:
        described.append((model["name"], model["description"]))
        for part in (*model["measures"], *model["dimensions"]):
            described.append((f"{model['name']}.{part['name']}", part["description"]))
    assert [name for name, text in described if not text] == []


def test_the_doc_lists_every_metric_as_declared(environment: dict[str, str]) -> None:
    doc = (PROJECT_FOLDER / "docs" / "metrics.md").read_text()
    for metric in declared(environment)["metrics"]:
        text = " ".join(metric["description"].split())
        assert f"| `{metric['name']}` | {text} |" in doc


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        pytest.param(["validate-configs", "--skip-dw"], 0, "Successfully", id="declarations"),
        pytest.param(["query", "--metrics", "nonsense"], 1, "any known metrics", id="no metric"),
        pytest.param(["query", "--saved-query", "campaigns_compared"], 0, "redemption_rate", id="saved query"),
    ],
)
def test_the_command_answers_and_asks_nobody_outside(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    guard = tmp_path / "sitecustomize.py"
    guard.write_text(
        "import socket\n"
        "def refuse(self, address):\n"
        "    open(__file__ + '.called', 'a').write(f'{address}\\n')\n"
        "    raise OSError('refused')\n"
        "socket.socket.connect = refuse\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "operations.metrics", *arguments],
        cwd=PROJECT_FOLDER,
        env={**environment, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout + result.stderr
    assert expected in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not Path(f"{guard}.called").exists()

"""A figure of the report whose check fails is kept back, and nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import duckdb
from support.builds import DbtRuns, package_folder, vault_of
from support.operations import run_operation
from support.reports import write_report
from support.shops import one_order_shop

from operations.build.outcome import failures
from operations.report.sections import SECTIONS


def test_a_figure_that_fails_keeps_back_itself_alone(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    shop, warehouse = one_order_shop(shop_dbt), shop_dbt.begin()
    shutil.copyfile(shop, warehouse)
    shutil.copyfile(vault_of(shop), vault_of(warehouse))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into reports.rpt_data_quality from reports.rpt_data_quality limit 1")
        all_reports = {
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'reports'"
            ).fetchall()
        }
    tested = shop_dbt.run(
        *("test", "--select", "rpt_data_quality", "rpt_totals", "--write-json", "--exclude-resource-type=unit_test"),
        warehouse=warehouse,
        raw_folder=package_folder(),
        source="your_shop",
        environment={"SHOP_DIR": str(shop.parent / "files")},
    )
    assert tested.exit_code == 1, tested.output
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        [(test, trouble)] = connection.execute("from builds.nodes").fetchall()
    assert "rpt_data_quality" in test
    assert trouble == "kept back"
    # make build goes on, for it is all that failed
    failed = [SimpleNamespace(node=SimpleNamespace(unique_id=each), status="fail") for each in (test, "test.x.other.1")]
    others, of_figures = failures(SimpleNamespace(results=failed), warehouse)
    assert (others, of_figures) == ([failed[1]], [failed[0]])

    places = {"SOURCE": "shop", "PUBLISHED_DIR": str(tmp_path), "DBT_TARGET_PATH": str(shop_dbt.folder / "target")}
    published = run_operation("publish", WAREHOUSE=str(warehouse), **places)
    assert published.returncode == 0, published.stderr
    with duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('reports', 'core')"
        ).fetchall()
    assert {name for schema, name in rows if schema == "reports"} == all_reports - {"rpt_data_quality"}
    assert ("core", "orders") in rows
    written = write_report(tmp_path, tmp_path / "target")
    assert written.returncode == 0, written.stderr
    page = (tmp_path / "target" / "site" / "shop" / "report.html").read_text()
    of_table = sum("rpt_data_quality" in section.query for section in SECTIONS)
    assert of_table
    for sentence in (
        'data-en="Kept back: a check of this figure failed',
        'data-zh="暂不展示：此项数据未通过构建时的检查',
    ):
        assert page.count(sentence) == of_table

"""The pages written from the marts say what the marts say."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.builds import BUILT_WAREHOUSE, PROJECT_FOLDER
from support.operations import run_operation

from operations.docs_site.cards import cards


@pytest.mark.parametrize("name", ["docs_site", "results"])
def test_without_a_database_a_script_says_so(name: str, tmp_path: Path) -> None:
    result = run_operation(name, WAREHOUSE=str(tmp_path / "none.duckdb"))
    assert result.returncode != 0
    assert result.stderr.endswith("un make build first.\n")
    assert "Traceback" not in result.stderr


def test_every_live_estimator_has_a_card(built: duckdb.DuckDBPyConnection) -> None:
    page = cards(BUILT_WAREHOUSE)
    live = built.execute(
        "select task, estimator_version from evaluation.estimator_registry where status = 'champion'"
    ).fetchall()
    assert len(live) > 5
    for task, version in live:
        assert f"<h2>{task}</h2>" in page
        assert version in page


def test_the_published_table_holds_what_the_build_reached(built: duckdb.DuckDBPyConnection) -> None:
    text = (PROJECT_FOLDER / "docs" / "results.md").read_text()
    rows = built.execute(
        "select task, metric_value from evaluation.estimator_comparison where metric = 'auc'"
    ).fetchall()
    table = text[text.index("## AUC") : text.index("## Average precision")]
    written = {
        cells[1].strip(): float(cells[5].split()[-1])
        for cells in (line.split("|") for line in table.splitlines())
        if len(cells) > 6 and cells[5].split()[-1].startswith("0.")
    }
    # a tie's width: other machines sum in other orders
    assert written == pytest.approx(dict(rows), abs=0.003)

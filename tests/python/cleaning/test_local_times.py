"""Times without an offset are UTC, or those of the shop's clock where it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, built_shop, query_shop, run_on_shop, write_shop
from support.variables import VARS

TIMES = [
    "2026-03-14 23:30:00",
    "2026-03-14T23:30:00+02:00",
    "2026-03-14 23:30:00 UTC",
    "2026-03-14",
    "14.03.2026 23:30",
]


@pytest.mark.parametrize(
    ("setting", "hours"),
    [
        ("utc", ["14 23:30", "14 21:30", "14 23:30", "14 00:00", "14 23:30"]),
        ("local", ["14 15:30", "14 21:30", "14 23:30", "13 16:00", "14 15:30"]),
        ({"default": "utc", "transactions": "local"}, ["14 15:30", "14 21:30", "14 23:30", "13 16:00", "14 15:30"]),
        ({"transactions.csv": "local"}, ["14 23:30", "14 21:30", "14 23:30", "14 00:00", "14 23:30"]),
    ],
)
def test_times_are_read_by_the_clock_of_the_shop(
    shop_dbt: DbtRuns, tmp_path: Path, setting: str | dict[str, str], hours: list[str]
) -> None:
    lines = [f"t{number},o{number},u1,p1,1,5.00,{time}" for number, time in enumerate(TIMES)]
    shop = write_shop(tmp_path, {"transactions/2026.csv": "\n".join([LINE_COLUMNS, *lines, ""])})
    shops = VARS["shops"] | {
        "your_shop": VARS["shops"]["your_shop"] | {"timezone": "Asia/Shanghai", "timestamps": setting}
    }
    variables = f"--vars={json.dumps({'shops': shops})}"
    result = run_on_shop(shop_dbt, shop, "run", "--select=stg_shop_files__transactions", variables)
    assert result.exit_code == 0, result.output
    query = "select strftime(ordered_at, '%d %H:%M') from staging.stg_shop_files__transactions order by source_row"
    assert [time for (time,) in query_shop(built_shop(shop_dbt), query)] == hours

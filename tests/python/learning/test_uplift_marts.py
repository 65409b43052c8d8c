"""Marts of uplift: numbers where a lot was drawn, a reason elsewhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.common.hashing import hashed_uniform
from precision_marketing.uplift.metrics import Trial, qini_curve
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, built_shop, query_shop, run_on_shop, write_shop


def shop_of_five_campaigns() -> dict[str, str]:
    """Return 400 users, and campaigns randomised (k1 to k3), not (k4) and open (k5)."""
    random = np.random.default_rng(3)
    first_day = pd.Timestamp("2025-01-01")
    starts = {"k1": "2025-06-02", "k2": "2025-08-04", "k3": "2025-09-08", "k4": "2025-10-06"}
    # unlike shares, which the pool must weigh
    held_out = {"k1": 0.4, "k2": 0.4, "k3": 0.7, "k4": 0.0}
    lines = [LINE_COLUMNS]
    contacts = ["campaign_id,user_id,arm"]
    for user in range(400):
        days = np.flatnonzero(random.random(365) < 0.01 + 0.05 * random.random())
        ordered_on = [first_day, *(first_day + pd.to_timedelta(days, "D"))]
        for campaign in starts:
            is_control = random.random() < held_out[campaign]
            contacts.append(f"{campaign},u{user},{'control' if is_control else 'treatment'}")
            if not is_control and random.random() < 0.4:
                ordered_on.append(pd.Timestamp(starts[campaign]) + pd.Timedelta(days=3))
        lines += [
            f"t{user}-{number},o{user}-{number},u{user},p1,1,{number % 7}.5,{day:%F}"
            for number, day in enumerate(ordered_on)
        ]
    calendar = [
        "campaign_id,channel,is_randomised,starts_on,ends_on",
        "k1,email,true,2025-06-02,2025-06-29",
        "k2,email,true,2025-08-04,2025-08-31",
        "k3,push,true,2025-09-08,2025-10-05",
        "k4,sms,false,2025-10-06,2025-11-02",
        "k5,email,false,2025-12-15,2026-01-31",
    ]
    return {
        "transactions.csv": "\n".join([*lines, ""]),
        "campaigns.csv": "\n".join([*calendar, ""]),
        "campaign_contacts.csv": "\n".join([*contacts, ""]),
    }


def test_marts_say_what_can_be_known_of_each_campaign(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    result = run_on_shop(
        shop_dbt,
        write_shop(tmp_path, shop_of_five_campaigns()),
        "build",
        "--exclude-resource-type=unit_test",
        "--exclude-resource-type=test",
        "--select=+uplift_results +uplift_curve +user_uplift",
    )

    assert result.exit_code == 0, result.output
    assert query_shop(
        built_shop(shop_dbt),
        "select distinct campaign_id, measurement, metric_value is null"
        " from evaluation.uplift_results order by campaign_id",
    ) == [
        ("k1", "too few users", True),
        ("k2", "measured", False),
        ("k3", "measured", False),
        ("k4", "not identifiable", True),
        ("k5", "not identifiable", True),
        ("pooled", "measured", False),
    ]
    # an open campaign is scored from randomised ones, whether or not it is one itself
    assert query_shop(
        built_shop(shop_dbt),
        "select campaign_id, uplift_status, count(*), count(buying_uplift)"
        " from scores.user_uplift group by campaign_id, uplift_status",
    ) == [("k5", "estimated", 400, 400)]
    # SQL and Python draw the same halves and the same curve
    columns = "first_order_id, split_name"
    halves = query_shop(
        built_shop(shop_dbt), f"select {columns} from labels.lbl_user_offer__arms where arm is not null"
    )
    names = np.array([name for name, _ in halves], dtype=object)
    in_test = hashed_uniform(names, "uplift half 1") < 0.5
    assert [split == "test" for _, split in halves] == in_test.tolist()
    with duckdb.connect(str(built_shop(shop_dbt)), read_only=True) as shop:
        rows = shop.sql("select * from learning.ml_user_offer__uplift where split_name = 'test'").df()
        curve = shop.sql(
            "select * from evaluation.uplift_curve where campaign_id = 'pooled'"
            " and learner <> 'chosen' order by contacted_share"
        ).df()
        drawn = shop.sql(
            "select distinct campaign_id, outcome_name, learner"
            " from evaluation.uplift_curve where campaign_id <> 'pooled'"
            " and learner <> 'chosen' order by all"
        ).fetchall()
    assert len(curve) == 3 * 7 * 21
    # ten or more rows between two points
    sizes = rows.groupby(["campaign_id", "outcome_name", "learner"]).size()
    assert drawn == sorted(sizes[sizes >= 200].index)
    assert len(drawn) < len(sizes)
    for (outcome, learner), points in curve.groupby(["outcome_name", "learner"]):
        scored = rows[(rows["outcome_name"] == outcome) & (rows["learner"] == learner)]
        trial = Trial(
            scored["first_order_id"].to_numpy(),
            (scored["arm"] == "treatment").to_numpy(),
            scored["outcome"].to_numpy(float),
            scored["treated_share"].to_numpy(float),
        )
        depths = points["contacted_share"].to_numpy()
        assert points["gain_per_user"].to_numpy() == pytest.approx(
            qini_curve(scored["estimate"].to_numpy(), trial, depths), abs=1e-9
        )

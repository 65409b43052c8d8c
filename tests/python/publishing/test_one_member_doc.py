"""docs/one-member.md: its queries run, and each figure follows from those before it."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER, DbtRuns
from support.shops import build_and_publish, kept_publication

PAGE = (PROJECT_FOLDER / "docs" / "one-member.md").read_text()
# In a shop so small this holds for sums of a few quantities with decimals.
NEARLY = {"abs": 1e-6}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[dict]]]:
    """Return, per heading of the page, the rows of its queries."""
    file = kept_publication(lambda: build_and_publish(DbtRuns(tmp_path_factory.mktemp("one_member"))))
    return run_queries(file)


def run_queries(file: Path) -> dict[str, list[list[dict]]]:
    """Run the queries of the page in their order."""
    rows: dict[str, list[list[dict]]] = {}
    with duckdb.connect(str(file), read_only=True) as connection:
        for heading, text in re.findall(r"^## ([\w ]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL):
            rows[heading] = []
            for query in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
                result = connection.execute(query)
                names = [column[0] for column in result.description]
                rows[heading].append([dict(zip(names, row, strict=True)) for row in result.fetchall()])
    return rows


def test_stock_is_ordered_for_what_is_expected(answers: dict[str, list[list[dict]]]) -> None:
    [weeks], [[plan]] = answers["Forecast"], answers["Stock"]
    assert [week["weeks_ahead"] for week in weeks] == [*range(1, 9)]
    covered = weeks[int(plan["cover_days"] / 7) - 1]
    assert plan["expected_units"] == pytest.approx(covered["units_so_far"], **NEARLY)
    assert plan["target_units"] >= plan["expected_units"]
    missing = plan["target_units"] - plan["on_hand_units"] - plan["on_order_units"]
    packs = math.ceil(max(missing, plan["minimum_order"]) / plan["pack_size"])
    assert missing > 0
    assert plan["order_units"] == plan["units_of_whole_packs"] == packs * plan["pack_size"]


def test_the_member_is_recommended_and_decided_about(answers: dict[str, list[list[dict]]]) -> None:
    [listed] = answers["Recommendation"]
    assert [row["is_followed"] for row in listed].count(True) == 1
    scores = [row["score"] for row in listed]
    assert scores == sorted(scores, reverse=True)
    promised, decided = answers["Offer"]
    # one decision per campaign of the plan
    offers = {row["campaign_id"]: (row["offer_id"], row["decision"]) for row in decided}
    assert len(offers) == len(decided) > 1
    [followed] = [row for row in listed if row["is_followed"]]
    for row in promised:
        left = row["on_hand_units"] + row["incoming_units"] - row["sold_before_units"]
        assert 0 <= row["available_units"] <= max(left, 0)
        assert row["fitting_offer_id"] is None or row["score"] == followed["score"]
        assert (row["decided_offer_id"], row["decision"]) == offers[row["campaign_id"]]


def test_the_order_earns_its_points(answers: dict[str, list[list[dict]]]) -> None:
    [lines], [entries] = answers["Order"], answers["Points"]
    assert any(row["is_followed"] and row["coupon_amount"] > 0 for row in lines)
    assert all(abs(float(row["net_amount"]) - float(row["price_less_discounts"])) < 0.011 for row in lines)
    assert entries[0]["entry_kind"] == "earned"
    # a point per unit of money, rounded down
    assert entries[0]["pending_change"] == math.floor(Decimal(str(lines[0]["basket_amount"])))
    assert all(row["summed_points"] == row["pending_points"] + row["available_points"] for row in entries)


def test_the_result_is_of_the_campaign(answers: dict[str, list[list[dict]]]) -> None:
    [metrics] = answers["Result"]
    # groups of fewer than ten customers are not told
    assert all(row["treated_count"] >= 10 for row in metrics)
    for row in metrics:
        if row["lift"] is not None:
            assert row["lift_low"] <= row["lift"] <= row["lift_high"]

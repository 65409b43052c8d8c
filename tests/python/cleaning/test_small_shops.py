"""A shop may be small or lack most tables: it builds, and empty marts are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import built_shop, furniture_shop, one_order_shop, query_shop, run_on_shop, table_counts, write_shop

OPTIONAL_MARTS = {
    "campaign_calendar",
    "campaign_contacts",
    "contact_events",
    "coupon_products",
    "coupon_redemptions",
    "events",
    "reviews",
    "stock_levels",
}


@pytest.mark.parametrize("name", ["one order", "no campaigns"])
def test_a_small_shop_builds(shop_dbt: DbtRuns, tmp_path: Path, name: str) -> None:
    if name == "one order":
        shop, users, lines = one_order_shop(shop_dbt), 1, 1
    else:
        files = furniture_shop(80)
        del files["campaigns.csv"], files["campaign_contacts.csv"]
        result = run_on_shop(shop_dbt, write_shop(tmp_path, files), "build", "--exclude-resource-type=unit_test")
        assert result.exit_code == 0, result.output
        shop, users = built_shop(shop_dbt), 80
        lines = files["transactions.csv"].count("\n") - 1

    counts = table_counts(shop, "core")
    assert counts["users"] == users
    assert counts["transactions"] == lines
    assert {name for name in OPTIONAL_MARTS if counts[name]} == set()
    # attributes of users wait for a campaign; nothing that people read holds a row
    marts = {name: count for name, count in table_counts(shop, "campaigns").items() if not name.startswith("dec_")}
    assert set(marts.values()) == {0}, marts
    assert table_counts(shop, "scores")["offer_scores"] == 0
    # empty, yet of the types that a full shop has
    assert query_shop(
        shop,
        "select data_type from information_schema.columns where table_schema = 'core'"
        " and table_name = 'reviews' and column_name in ('rating', 'reviewed_at')"
        " order by column_name",
    ) == [("INTEGER",), ("TIMESTAMP",)]

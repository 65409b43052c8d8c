"""A shop may be small or lack most tables: it builds, and empty marts are typed."""

from __future__ import annotations

from pathlib import Path

from support.builds import DbtRuns, package_folder
from support.campaigns import change
from support.shops import built_shop, furniture_shop, one_order_shop, query_shop, table_counts, write_shop

OPTIONAL_MARTS = {
    "campaign_calendar",
    "campaign_contacts",
    "contact_events",
    "coupon_products",
    "coupon_redemptions",
    "events",
    "order_disputes",
    "order_tokens",
    "point_movements",
    "reviews",
    "stock_levels",
}


# Of a shop without any history of contacts.
FIRST_CAMPAIGNS = """
    insert into seeds.campaign_plan by name
    select
        'your_shop' as shop, campaign_id, campaign_id as campaign_name, 'push_ad' as campaign_type,
        'first' as campaign_class, objective_task, 'email' as channel, 'everybody' as audience_rule,
        'approved' as plan_status, priority, '20' as budget_amount, '0.3' as control_share,
        '2026-01-01' as starts_on, '2026-01-14' as ends_on
    from (values ('news', 'buy_7d', '1'), ('coupon', 'redeem', '2'))
        as campaigns (campaign_id, objective_task, priority);
    insert into seeds.offers by name
    select
        'your_shop' as shop, campaign_id || '-lamps' as offer_id, campaign_id, discount_kind, discount_value,
        '0' as cost_per_redemption, '0' as funded_share, 'Lamps' as eligible_category
    from (values ('news', 'none', null), ('coupon', 'amount', '1'))
        as offers (campaign_id, discount_kind, discount_value)
"""


def test_a_shop_of_one_order_builds(shop_dbt: DbtRuns) -> None:
    shop = one_order_shop(shop_dbt)
    assert_core(shop, users=1, lines=1)
    # attributes of users wait for a campaign; nothing that people read holds a row
    marts = {name: count for name, count in table_counts(shop, "campaigns").items() if not name.startswith("dec_")}
    # a row per measure says that the programme has not begun
    assert marts.pop("programme_summary") == 3
    assert set(marts.values()) == {0}, marts
    assert table_counts(shop, "scores")["offer_scores"] == 0
    # empty, yet of the types that a full shop has
    assert query_shop(
        shop,
        "select data_type from information_schema.columns where table_schema = 'core'"
        " and table_name = 'reviews' and column_name in ('rating', 'reviewed_at')"
        " order by column_name",
    ) == [("INTEGER",), ("TIMESTAMP",)]


def test_a_shop_of_three_files_launches_a_first_campaign(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    files = furniture_shop(60)
    del files["campaigns.csv"], files["campaign_contacts.csv"]
    files["users.csv"] = "user_id,consent_email\n" + "".join(f"u{user},{user != 7}\n" for user in range(60))
    settings = {
        "warehouse": shop_dbt.begin(),
        "raw_folder": package_folder(),
        "source": "your_shop",
        "environment": {"SHOP_DIR": str(write_shop(tmp_path, files))},
    }
    launching = "--vars={launch: with_build, launches_need_a_whole_build: false}"
    seeded = shop_dbt.run("seed", launching, **settings)
    assert seeded.exit_code == 0, seeded.output
    change(built_shop(shop_dbt), FIRST_CAMPAIGNS)
    select = (
        "--select",
        "+campaign_audience",
        "+path:models/core",
        "--exclude-resource-type",
        "unit_test",
        "test",
        "seed",
    )
    result = shop_dbt.run("build", launching, *select, **settings)
    assert result.exit_code == 0, result.output

    shop = built_shop(shop_dbt)
    assert_core(shop, users=60, lines=files["transactions.csv"].count("\n") - 1)
    decisions = """
        select campaign_id, decision, choice_basis, value_basis, count(*), bool_and(propensity < 1),
            bool_and(expected_cost > 0), bool_or(score is not null)
        from campaigns.campaign_decisions
        where decision in ('contact', 'control') and is_frozen
        group by all
        order by all
    """
    rows = query_shop(shop, decisions)
    # everybody with consent but one, who has just bought a lamp, is drawn for the first: the budget allows it
    assert [(row[:4], row[5:]) for row in rows] == [
        (("news", decision, "exploratory", "unknown"), (True, True, True)) for decision in ("contact", "control")
    ]
    assert sum(row[4] for row in rows) == 58
    assert all(row[4] > 5 for row in rows)
    assert query_shop(shop, "select count(*) from campaigns.campaign_audience")[0][0] == rows[0][4]
    # the second finds nobody left, and says why
    told = query_shop(
        shop,
        "select count(*), count_if(ends_with(reasons, 'Is chosen for campaign news instead.'))"
        " from campaigns.campaign_decisions where campaign_id = 'coupon' and decision = 'not chosen'",
    )
    assert told == [(58, 58)]


def assert_core(shop: Path, users: int, lines: int) -> None:
    """Assert that all users and lines came through, and optional marts are empty."""
    counts = table_counts(shop, "core")
    assert counts["users"] == users
    assert counts["transactions"] == lines
    assert {name for name in OPTIONAL_MARTS if counts[name]} == set()

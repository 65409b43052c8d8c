"""A campaign of the plan raises the order, and what is in stock caps its offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.campaigns import VARS, change, copied, rows

OFFER = "spare-1-offer"
ON_HAND = 2
CONTACTS = f"select count(*) from campaigns.campaign_decisions where decision = 'contact' and offer_id = '{OFFER}'"
# The offer is of one product, counted at a place that never sells it: only the campaign needs it there.
COUNTED = """
    update seeds.offers set eligible_category = null, eligible_products = $product where offer_id = $offer;
    update seeds.campaign_plan set budget_amount = '100' where campaign_id = 'spare-1';
    insert into core.stock_levels by name
    select
        $product as product_id, 'nowhere' as location_id, $on_hand as on_hand, 0 as on_order, 3 as lead_time_days,
        false as is_out_of_stock, date '2017-12-31' as counted_on, timestamp '2017-12-31 12:00' as counted_at
"""
APPROVED = "update seeds.campaign_plan set plan_status = 'approved' where campaign_id = 'spare-1'"
DECIDED = ("plan_campaigns", "plan_offers", "plan_offer_products", "plan_send_dates+,+campaign_decisions")
ORDERED = ("dem_campaign_units", "dem_stock+,+reorder_plan")


def decided(dbt: DbtRuns, raw_folder: Path) -> tuple[int, dict[str, object]]:
    """Decide and order anew, on forecasts and scores as they stand; return contacts and the order."""
    warehouse = dbt.folder / "building.duckdb"
    result = dbt.run(
        "run",
        "--select",
        *DECIDED,
        *ORDERED,
        VARS.replace("with_build", "by_command"),
        warehouse=warehouse,
        raw_folder=raw_folder,
    )
    assert result.exit_code == 0, result.output
    [(contacts,)] = rows(warehouse, CONTACTS)
    [order] = rows(
        warehouse,
        """
        select plan.campaign_units, plan.order_units, plan.reason, promised.available_units
        from demand.reorder_plan as plan
        inner join demand.available_to_promise as promised
            on plan.product_id = promised.product_id and promised.campaign_id = 'spare-1'
        """,
    )
    return contacts, dict(zip(("campaign_units", "order_units", "reason", "available_units"), order, strict=True))


@pytest.fixture
def counted(dbt: DbtRuns, campaigns: Path) -> None:
    """Count a product of a drafted offer, in a copy of the shop."""
    warehouse = copied(dbt, campaigns)
    [(product,)] = rows(
        warehouse,
        f"""
        select products.product_id from plan.plan_offer_products as products
        inner join demand.dem_place_sales as sales on products.product_id = sales.product_id
        where products.offer_id = '{OFFER}' and sales.week_number >= -26
        group by 1 order by sum(sales.units) desc, 1 limit 1
        """,
    )
    # whose stock nobody counts may be promised to more
    assert rows(warehouse, CONTACTS)[0][0] > ON_HAND
    change(warehouse, COUNTED, product=product, offer=OFFER, on_hand=ON_HAND)


def test_the_plan_raises_the_order_and_the_stock_caps_the_plan(dbt: DbtRuns, raw_folder: Path, counted: None) -> None:
    contacts, order = decided(dbt, raw_folder)
    # a draft sells nothing yet, another campaign a little; it may go to no more users than there are units
    assert order["campaign_units"] < ON_HAND
    assert order["order_units"] == 0
    assert 0 < contacts <= order["available_units"] == ON_HAND
    change(dbt.folder / "building.duckdb", APPROVED)
    contacts, order = decided(dbt, raw_folder)
    assert order["order_units"] >= order["campaign_units"] - ON_HAND > 0
    assert "by campaigns" in order["reason"]
    assert contacts <= order["available_units"] == ON_HAND

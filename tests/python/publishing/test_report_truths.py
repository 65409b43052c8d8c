"""The report of a small shop states only what is so, whatever may not be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.builds import DbtRuns
from support.reports import opened, publish_reports, write_report
from support.shops import furniture_shop, kept_shop, one_order_shop, query_shop

from operations.report.words import read_texts

LEAST = 10
SHOPS = ("furniture", "guests", "one order")
# Per sentence that says there is none, what it says there is none of.
DENIED = {
    "weekly_money": """
        from (select min(order_date) as first, max(order_date) as last from core.orders)
        where last >= first + interval 14 days
    """,
    "campaign_funnel": "from plan.plan_campaigns",
    "policies": "from plan.plan_campaigns",
    "plan_forecasts": """
        from (
            select campaign_id from campaigns.campaign_decisions where decision = 'contact'
            group by campaign_id having count(*) >= 10
        )
    """,
    "policy_outcomes": "from campaigns.dec_launched_decisions",
    "segment_value": "from core.orders",
    "segment_migration": "from core.orders where order_date < (select max(order_date) from core.orders) - 30",
    "next_week": "from campaigns.campaign_decisions where decision = 'contact'",
    "budget_curve": "from plan.plan_campaigns",
    "budget_price": "from plan.plan_campaigns",
    "rfm_map": "from core.orders",
    "segments": "from core.orders",
    "retention": "from core.orders where date_trunc('month', order_date)"
    " < (select date_trunc('month', max(order_date)) from core.orders)",
    "campaign_rates": "from core.campaign_contacts where arm = 'treatment'",
    "campaign_lift": "from core.campaign_contacts where arm = 'control'",
    "qini_curve": "from core.campaign_contacts where arm = 'control'",
    **dict.fromkeys(
        ("gain_curve", "calibration", "amounts", "importance", "drift"),
        "from evaluation.estimator_registry where status = 'champion'",
    ),
    "recommended": "from recommendations.product_recommendations",
    "recommendation_quality": "from recommendations.recommendation_results"
    " where period = 'pooled' and user_group = 'all'",
    "demand_weeks": "from demand.dem_place_sales",
    "reorder": "from demand.reorder_plan where order_units > 0 or is_overstocked or is_expiring",
    "channels": "from touchpoints.channel_budget where channel <> 'none'",
    "complaints": "from reviews.product_voice where complaint_share is not null",
    "point_months": "from members.point_ledger",
    "tier_moves": "from members.member_tiers",
    "data_quality": "from core.row_reconciliation where rows_repaired + rows_deduplicated + rows_rejected > 0",
}
WORDS = read_texts()
CUSTOMERS = "select count(distinct user_id) from core.orders where not is_cancelled"
# Users who ordered in the month after their first, of those who could have.
RETURNED = """
    with months as (
        select distinct user_id, date_trunc('month', order_date) as month from core.orders
    ),
    firsts as (select user_id, min(month) as month from months group by user_id)
    select count(*), count(again.user_id)
    from firsts
    left join months as again
        on firsts.user_id = again.user_id and again.month = firsts.month + interval 1 month
    where firsts.month < (select max(month) from months)
"""


@pytest.fixture(scope="module")
def shops(shop_dbt: DbtRuns) -> dict[str, Path]:
    """Return databases of small shops."""
    return {
        "furniture": kept_shop(shop_dbt, "furniture_shop", furniture_shop()),
        "guests": kept_shop(shop_dbt, "guests_shop", furniture_shop(12, is_of_guests=True)),
        "one order": one_order_shop(shop_dbt),
    }


@pytest.fixture(scope="module", params=SHOPS)
def shop(request: pytest.FixtureRequest, shops: dict[str, Path]) -> Path:
    """Return the database of one of them."""
    return shops[request.param]


@pytest.fixture(scope="module")
def report(shop: Path, tmp_path_factory) -> Path:
    """Return its report."""
    folder = tmp_path_factory.mktemp("report")
    publish_reports(shop, folder)
    result = write_report(folder, folder / "target")
    assert result.returncode == 0, result.stderr
    return folder / "target" / "site" / "shop" / "report.html"


@pytest.fixture(scope="module", params=["en", "zh"])
def page(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Page:
    """Return it in a language, all tables open."""
    page, wrong = opened(browser, report, locale={"en": "en-GB", "zh": "zh-CN"}[request.param])
    assert wrong == []
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


def text(page: Page, kind: str, key: str, **totals: object) -> str:
    """Return a text of the report in the language of the page."""
    language = page.locator("html").get_attribute("lang")[:2]
    return WORDS[kind][key][language].format(minimum_cell_users=LEAST, **totals)


def numbers(page: Page, section: str, column: int) -> list[float | None]:
    """Return a column of a section's table; None where no number is shown."""
    shown = page.evaluate(
        "name => [...document.querySelectorAll(`#${name} tbody tr`)]"
        ".map(row => [...row.cells].map(cell => cell.dataset.number ?? null))",
        section,
    )
    return [None if row[column] is None else float(row[column]) for row in shown]


def test_totals_are_those_of_the_whole_shop(page: Page, shop: Path) -> None:
    ((customers,),) = query_shop(shop, CUSTOMERS)
    tile = page.locator("#tile_user_count")
    if 1 <= customers < LEAST:
        assert tile.inner_text() == text(page, "hidden", "all")
        return
    assert tile.get_attribute("data-number") == str(float(customers))
    for section, column in {"segments": 1, "rfm_map": 3}.items():
        assert sum(numbers(page, section, column)) == customers, section


def test_what_is_said_not_to_be_is_not(page: Page, shop: Path) -> None:
    denied = 0
    for name, rows in DENIED.items():
        said = page.locator(f"#{name} .empty").all_inner_texts()
        if said == [text(page, "empty", name)]:
            assert query_shop(shop, f"select count(*) {rows}") == [(0,)], name
            denied += 1
    assert denied > 0


def test_what_is_kept_back_is_called_so(page: Page, shop: Path) -> None:
    ((customers, orders),) = query_shop(
        shop, "select count(distinct user_id), count(*) from core.orders where not is_cancelled"
    )
    for section in ("segments", "rfm_map", "retention"):
        said = page.locator(f"#{section}").inner_text()
        if not customers:
            guests = text(page, "hidden", "guests", only_guest_order_count=f"{orders:,}")
            assert guests in said, section
        elif customers < LEAST:
            assert section == "retention" or text(page, "hidden", "all") in said, section
        else:
            assert text(page, "hidden", "part") in said, section
            assert section == "retention" or text(page, "values", "not shown") in said, section


def test_retention_is_of_all_who_could_come_back(page: Page, shop: Path) -> None:
    ((customers, returned),) = query_shop(shop, RETURNED)
    if customers < LEAST:
        return
    assert LEAST <= returned <= customers - LEAST
    share = f"{returned / customers:.0%}"
    assert share in page.locator("#retention figcaption").inner_text()
    assert numbers(page, "retention", 3)[-1] == returned
    # the only whole is the month of the first order itself
    shares = zip(numbers(page, "retention", 1), numbers(page, "retention", 4), strict=True)
    assert {month for month, each in shares if each == 1} <= {0.0}


def test_weeks_add_up_to_all_money(page: Page, shop: Path) -> None:
    # guests too, and what came back taken off
    ((received, returned, dates),) = query_shop(
        shop,
        """
        select
            (select sum(net_amount) from core.transactions where line_kind = 'sale'),
            (select coalesce(sum(returned_amount), 0) from core.returns),
            (select count(distinct date_trunc('week', order_date)) from core.orders)
        """,
    )
    ((shown, hidden),) = query_shop(
        shop, "select sum(revenue_amount), count(*) - count(revenue_amount) from reports.rpt_weekly_money"
    )
    if not hidden:
        assert shown == received - returned
    assert dates > 0
    # the page shows whole weeks only, each as the table has it
    weeks = query_shop(
        shop,
        "select revenue_amount from reports.rpt_weekly_money where is_whole_week order by week_starts_on desc limit 52",
    )
    assert numbers(page, "weekly_money", 2) == [None if each is None else float(each) for (each,) in weeks]


def test_a_part_of_the_programme_is_stated_only_where_it_is_measured(page: Page, shop: Path) -> None:
    said = page.locator("#weekly_money").inner_text()
    found = query_shop(
        shop,
        """
        select programme_part, measurability from reports.rpt_weekly_money
        where is_whole_week and user_count is not null order by week_starts_on desc limit 1
        """,
    )
    for part, measurability in found:
        assert text(page, "findings", part) in said
        if measurability in {"now", "later"}:
            ((day,),) = query_shop(shop, "select min(measurable_on) from reports.rpt_weekly_money")
            assert str(day) in said


def test_the_funnel_adds_up_to_all_customers(page: Page, shop: Path) -> None:
    ((users,),) = query_shop(shop, "select count(*) from core.users")
    shown = [each for each in numbers(page, "campaign_funnel", 3) if each is not None]
    assert all(each == 0 or each >= LEAST for each in shown)
    for base, eligible, out in query_shop(
        shop,
        """
        select
            max(case when step = 'base' then user_count end),
            max(case when step = 'eligible' then user_count end),
            max(case when step = 'not eligible' then user_count end)
        from reports.rpt_campaign_funnel group by campaign_id
        """,
    ):
        assert base in (users, None)
        assert base is None or eligible is None or out is None or base == eligible + out

"""The report opens in a browser, draws what the marts hold, and can be read by all."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from support.builds import PROJECT_FOLDER, DbtRuns
from support.reports import opened, publish_reports, write_report
from support.shops import one_order_shop

from operations.report.sections import SECTIONS
from operations.report.words import LANGUAGES, Words, read_texts

# The fixture has campaigns nobody was held out of, and few in the global control group:
# no effect to draw. Nobody counts its stock, nobody writes reviews.
NEVER_MEASURED = {"campaign_lift", "complaints", "policy_outcomes", "programme", "qini_curve", "reorder"}
PHONE = 360
# What a marketer may call a campaign, and what a page must not take for its own.
MARKUP = """<!--<script>x</script>&"'{{ 7 * 7 }}{0}${x}<img src=x onerror="window.run = 1">"""
OPEN_TABLES = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def published(campaigns: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published file of the sample with campaigns."""
    return publish_reports(campaigns, tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def report(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report on that file."""
    target = tmp_path_factory.mktemp("target")
    result = write_report(published.parent, target)
    assert result.returncode == 0, result.stderr
    return target / "site" / "shop" / "report.html"


@pytest.fixture(scope="module")
def page_of(browser: Browser, report: Path) -> Callable[..., tuple[Page, list]]:
    """Return the opened report in a scheme and a language, and what went wrong; opened once for all that look only."""
    return cache(lambda scheme, locale: opened(browser, report, color_scheme=scheme, locale=locale))


def marks(page: Page) -> dict[str, list[int]]:
    """Count the marks of each drawing, by chart."""
    return page.evaluate("""
        Object.fromEntries([...document.querySelectorAll('[data-chart]')].map(chart => [
            chart.dataset.chart,
            [...chart.querySelectorAll('.view')].map(view => view.querySelectorAll(
                '.role-mark path:not([d=""]), .role-mark text, .role-mark line'
            ).length),
        ]))
    """)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_chart_is_drawn(page_of: Callable, scheme: str, locale: str) -> None:
    page, wrong = page_of(scheme, locale)
    assert wrong == []
    drawn = marks(page)
    assert set(drawn) == {each.name for each in SECTIONS} - NEVER_MEASURED
    assert [name for name, counts in drawn.items() if not counts or min(counts) < 2] == []
    assert page.locator("html").get_attribute("lang") == {"en-GB": "en"}.get(locale, locale)
    assert page.locator("html").get_attribute("data-theme") == scheme
    has_chinese = re.search(r"[一-鿿]", page.locator("main").inner_text())
    assert bool(has_chinese) == (locale == "zh-CN")


def test_measured_campaigns_are_drawn(browser: Browser, published: Path, tmp_path: Path) -> None:
    # the sample held nobody out; figures as a shop that does would have them
    shutil.copy(published, tmp_path)
    with duckdb.connect(str(tmp_path / published.name)) as connection:
        connection.execute("""
            update reports.rpt_campaign_results
            set lift = 0.02, lift_low = -0.01, lift_high = 0.05, control_count = 100
        """)
        connection.execute("""
            update reports.rpt_programme
            set user_count = 600, control_count = 40, needed_control_count = 90, lift = week_number,
                lift_low = -2, lift_high = 3 * week_number
        """)
        connection.execute("""
            insert into reports.rpt_policy_outcomes
            select policy, 600, 2, 300, 90, 0.9, 80, 1.5, -0.5, 3.5
            from (values ('optimal'), ('everybody')) as policies (policy)
        """)
        connection.execute("""
            insert into reports.rpt_qini_curve
            select 'buying', 500, 900, step / 20, sqrt(step) / 100, step / 1000
            from range(21) as steps (step)
        """)
        connection.execute("""
            insert into reports.rpt_reorder by name
            select
                list_name, 1 as list_rank, 'p' as product_id, 'L1' as location_id, 3 as on_hand_units,
                5 as order_units, 7 as excess_cost, 'Why.' as reason, '因为。' as reason_zh, 1 as stocked_count,
                1 as ordered_count, 9 as ordered_cost, 9 as budget_amount, 0 as unpaid_count,
                1 as overstocked_count, 7 as overstock_cost, 1 as expiring_count, date '2026-03-02' as as_of_date
            from (values ('to order'), ('too much'), ('will expire')) as lists (list_name)
        """)
        connection.execute("""
            insert into reports.rpt_complaints by name
            select
                1 as list_rank, 'p' as product_id, 'freshness' as aspect, 12 as user_count, 14 as review_count,
                0.5 as complaint_share, 0.3 as complaint_share_low, 0.7 as complaint_share_high,
                0.1 as shop_complaint_share, true as is_rising, true as is_complaint_alert,
                2 as voiced_count, 1 as alert_count
        """)
    result = write_report(tmp_path, tmp_path / "target")
    assert result.returncode == 0, result.stderr
    page, wrong = opened(browser, tmp_path / "target" / "site" / "shop" / "report.html")
    assert wrong == []
    drawn = marks(page)
    assert set(drawn) == {each.name for each in SECTIONS}
    assert all(min(drawn[name]) >= 2 for name in NEVER_MEASURED)


def test_names_of_markup_are_names_on_every_chart(
    browser: Browser, published: Path, page_of: Callable, tmp_path: Path
) -> None:
    shutil.copy(published, tmp_path)
    with duckdb.connect(str(tmp_path / published.name)) as connection:
        for table, columns in {
            "rpt_campaign_funnel": ["campaign_id", "campaign_name"],
            "rpt_campaign_reasons": ["campaign_id", "campaign_name", "reason", "reason_zh"],
            "rpt_campaign_results": ["campaign_id", "campaign_name"],
            "rpt_forecast_accuracy": ["campaign_id", "campaign_name"],
            "rpt_next_week": ["campaign_id", "campaign_name", "offer_id", "offer_name", "channel"],
            "rpt_plan_forecasts": ["campaign_id", "campaign_name"],
            "rpt_policies": ["campaign_id", "campaign_name"],
            "rpt_budget_curve": ["allocation_name", "campaign_name"],
            "rpt_segments": ["segment_name"],
            "rpt_rfm_map": ["segment_name"],
            "rpt_demand_weeks": ["category_name"],
            "rpt_tier_moves": ["former_tier", "tier"],
        }.items():
            for column in columns:
                connection.execute(f"update reports.{table} set {column} = {column} || $1", [MARKUP])
        connection.execute("update publication.published_tables set source = $1", [MARKUP])
    result = write_report(tmp_path, tmp_path / "target")
    assert result.returncode == 0, result.stderr
    page, wrong = opened(browser, tmp_path / "target" / "site" / "shop" / "report.html")
    assert wrong == []
    assert page.evaluate("window.run") is None
    plain, _ = page_of("light", "en-GB")
    assert {name: len(views) for name, views in marks(page).items()} == {
        name: len(views) for name, views in marks(plain).items()
    }
    assert all(min(views) >= 2 for views in marks(page).values())
    page.evaluate(OPEN_TABLES)
    assert MARKUP in page.locator("#next_week").inner_text()


def test_tables_show_the_marts(page_of: Callable, published: Path) -> None:
    page, _ = page_of("light", "en-GB")
    with duckdb.connect(str(published), read_only=True) as connection:
        for section in SECTIONS:
            if section.name in NEVER_MEASURED:
                continue
            columns = ", ".join(section.columns.split())
            expected = connection.sql(f"select {columns} {section.query}").fetchall()
            shown = page.evaluate(
                """name => [...document.querySelectorAll(`#${name} tbody tr`)].map(
                    row => [...row.cells].map(cell => cell.dataset.number ?? null)
                )""",
                section.name,
            )
            assert len(shown) == len(expected) > 0, section.name
            for seen, row in zip(shown, expected, strict=True):
                numbers = {
                    place: float(value)
                    for place, value in enumerate(row)
                    if not (value is None or isinstance(value, str | date))
                }
                assert {place: float(each) for place, each in enumerate(seen) if each is not None} == pytest.approx(
                    numbers, rel=1e-12
                ), section.name


def test_a_chart_holds_the_numbers_of_its_table(page_of: Callable, published: Path) -> None:
    page, _ = page_of("light", "en-GB")
    with duckdb.connect(str(published), read_only=True) as connection:
        expected = connection.sql(
            "select user_count from reports.rpt_rfm_map where recency_score > 0 order by 1"
        ).fetchall()
    labels = page.locator("[data-chart=rfm_map] .role-mark text").all_text_contents()
    assert sorted(int(each.replace(",", "")) for each in labels) == [count for (count,) in expected]


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_the_page_can_be_read_without_eyes_or_mouse(page_of: Callable, scheme: str, rules: dict) -> None:
    """Of the schemes only the colours differ."""
    page, _ = page_of(scheme, "en-GB")
    page.evaluate(OPEN_TABLES)
    found = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
    grave = [each["id"] for each in found if each["impact"] in {"serious", "critical"}]
    assert grave == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for name, label in page.evaluate(
        "[...document.querySelectorAll('[data-chart]')].map("
        "chart => [chart.dataset.chart, chart.getAttribute('aria-label')])"
    ):
        assert len(label) > 40, name


def test_a_series_keeps_its_colour_in_both_languages(report: Path) -> None:
    specs = json.loads(re.search(r'id="specs">(.*?)</script>', report.read_text(), re.DOTALL)[1])

    def scales(part: object) -> Iterator[dict]:
        if isinstance(part, dict):
            if isinstance(part.get("color"), dict) and part["color"].get("type") == "nominal":
                yield part["color"]
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                yield from scales(each)

    series, texts = 0, read_texts()
    for name, drawn in specs.items():
        english, chinese = (Words(each) for each in LANGUAGES)
        for here, there in zip(*(scales(drawn[each]) for each in LANGUAGES), strict=True):
            # in the order of the series, not of their names in a language
            names, names_zh = here["scale"]["domain"], there["scale"]["domain"]
            assert len(names) == len(names_zh), name
            known = {english.column(key): chinese.column(key) for key in texts["columns"]}
            known |= {text["en"]: text["zh"] for text in texts["values"].values()}
            plain, plain_zh = ([each.partition(" (")[0] for each in found] for found in (names, names_zh))
            assert [known.get(each, chinese.value(each, "campaign_name")) for each in plain] == plain_zh, name
            series += len(names)
    assert series > 10


def test_the_toggles_change_words_and_colours(browser: Browser, report: Path) -> None:
    page, wrong = opened(browser, report, color_scheme="light")
    english = page.locator("[data-chart=segments]").inner_text()
    page.locator("#language").click()
    page.locator("#theme").click()
    page.wait_for_function("document.documentElement.dataset.drawn === 'zh dark'")
    assert page.title() == read_texts()["page"]["title"]["zh"]
    chinese = page.locator("[data-chart=segments]").inner_text()
    assert read_texts()["columns"]["user_share"]["zh"] in chinese
    assert read_texts()["columns"]["user_share"]["en"] in english
    assert wrong == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_scrolls_down_only(browser: Browser, report: Path, locale: str) -> None:
    page, _ = opened(browser, report, viewport={"width": PHONE, "height": 800}, locale=locale)
    page.evaluate(OPEN_TABLES)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    wide = page.evaluate(f"""
        [...document.querySelectorAll('.view svg')]
            .filter(svg => svg.getBoundingClientRect().right > {PHONE})
            .map(svg => svg.closest('[data-chart]').dataset.chart)
    """)
    assert wide == []


def test_a_draft_names_its_festival_in_each_language() -> None:
    chinese = Words("zh")
    with (PROJECT_FOLDER / "seeds" / "shopping_festivals.csv").open() as festivals:
        names = {row["festival_name"] for row in csv.DictReader(festivals)}
    assert names <= set(read_texts()["festivals"])
    for name, told in {
        "Draft for Dragon Boat Festival": "端午节活动草案",
        "Draft for Christmas Day (observed)": "圣诞节活动草案",
        "Draft for Diwali": "Diwali活动草案",
    }.items():
        assert chinese.value(name, "campaign_name") == told
        assert Words("en").value(name, "campaign_name") == name


def test_every_text_stands_in_every_language() -> None:
    lacking = [
        f"{kind}.{key}"
        for kind, texts in read_texts().items()
        for key, text in texts.items()
        if set(text) != set(LANGUAGES) or not all(text.values())
    ]
    assert lacking == []
    texts = read_texts()
    for section in SECTIONS:
        for kind in ("titles", "findings", "empty"):
            assert section.name in texts[kind], (kind, section.name)
        assert set(section.columns.split()) <= set(texts["columns"]), section.name
    fields = {
        key: [sorted(re.findall(r"{\w+}", text[each])) for each in LANGUAGES] for key, text in texts["findings"].items()
    }
    differing = [key for key, (first, *rest) in fields.items() if rest != [first]]
    assert differing == []


def test_without_a_published_file_the_last_report_stays(tmp_path: Path) -> None:
    written = tmp_path / "site" / "shop" / "report.html"
    written.parent.mkdir(parents=True)
    written.write_text("last")
    result = write_report(tmp_path, tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("No report was written: no ")
    assert len(result.stderr.splitlines()) == 1
    # an older publication without the tables of the report
    duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    result = write_report(tmp_path, tmp_path)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert written.read_text() == "last"
    assert [each.name for each in written.parent.iterdir()] == ["report.html"]


def test_a_shop_of_one_order_has_sentences_for_charts(browser: Browser, shop_dbt: DbtRuns, tmp_path: Path) -> None:
    publish_reports(one_order_shop(shop_dbt), tmp_path)
    result = write_report(tmp_path, tmp_path / "target")
    assert result.returncode == 0, result.stderr
    page, wrong = opened(browser, tmp_path / "target" / "site" / "shop" / "report.html")
    assert wrong == []
    texts = read_texts()["empty"]
    shown = page.locator(".empty").all_inner_texts()
    assert {texts["next_week"]["en"], texts["campaign_rates"]["en"]} <= set(shown)
    assert all(min(counts) > 0 for counts in marks(page).values())

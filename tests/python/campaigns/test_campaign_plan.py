"""A plan that makes no sense is told in sentences, and nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtResult, DbtRuns, table_hashes
from support.campaigns import change, copied, decide, rows
from support.shops import DOC

GUARDED = ("plan", "campaigns")
OF_BASKET = "where campaign_id = '2018-01-basket'"
OF_DRINKS = "where offer_id = '2018-01-drinks'"
SHOP = "complete_journey"
RULE = "shop, audience_rule, attribute, operator, value"
COUNTED = f"{RULE}, category, brand, product_id, window_days"
USER = "(select min(user_id) from core.users)"

# Per fault: how the seeds get it, and the one sentence about it.
FAULTS = {
    "unknown task": (
        f"update seeds.campaign_plan set objective_task = 'win_back' {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column objective_task:"
        " expected a task of learning_tasks, found win_back.",
    ),
    "end before start": (
        f"update seeds.campaign_plan set ends_on = '2018-01-01' {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column ends_on:"
        " expected a date that is not before starts_on, found 2018-01-01.",
    ),
    "negative budget": (
        f"update seeds.campaign_plan set budget_amount = '-1' {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column budget_amount:"
        " expected an amount of 0 or more, found -1.",
    ),
    "no control group": (
        f"update seeds.campaign_plan set control_share = '0' {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column control_share:"
        " expected a share above 0 and below 1, found 0.",
    ),
    "nothing but control": (
        f"update seeds.campaign_plan set control_share = '1' {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column control_share:"
        " expected a share above 0 and below 1, found 1.",
    ),
    "overlapping ids": (
        f"insert into seeds.campaign_plan from seeds.campaign_plan {OF_BASKET}",
        "Seed campaign_plan, campaign_id 2018-01-basket, column campaign_id:"
        " expected once, found 2018-01-basket 2 times.",
    ),
    "two rules of points from one day": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', '2017-03-01', '1', '0.01', '14', '365'),"
        f" ('{SHOP}', 'silver', '2017-03-01', '2', '0.01', '14', '365')",
        "Seed point_rules, first_date 2017-03-01, column first_date: expected once, found 2017-03-01 2 times.",
    ),
    "a tier twice": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '500', '0', '182', '91', '14'),"
        f" ('{SHOP}', 'platinum', '2017-01-01', '900', '0', '182', '91', '14')",
        "Seed tier_rules, tier platinum, column tier: expected once, found platinum 2 times.",
    ),
    "product that is none": (
        f"update seeds.offers set eligible_products = 'p-0' {OF_DRINKS}",
        "Seed offers, offer_id 2018-01-drinks, column eligible_products: expected products of the shop, found p-0.",
    ),
}
# Per fault: how the seeds get it, and the seed, row, column and value that are named.
OTHER_FAULTS = {
    "share in percent": (
        f"update seeds.campaign_plan set control_share = '20%' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "control_share", "20%"),
    ),
    "day that does not exist": (
        f"update seeds.campaign_plan set starts_on = '2018-02-30' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "starts_on", "2018-02-30"),
    ),
    "endless budget": (
        f"update seeds.campaign_plan set budget_amount = 'inf' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "budget_amount", "inf"),
    ),
    "unknown status": (
        f"update seeds.campaign_plan set plan_status = 'live' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "plan_status", "live"),
    ),
    "unknown channel": (
        f"update seeds.campaign_plan set channel = 'fax' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "channel", "fax"),
    ),
    "unknown audience": (
        f"update seeds.campaign_plan set audience_rule = 'friends' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "audience_rule", "friends"),
    ),
    "half a priority": (
        f"update seeds.campaign_plan set priority = '1.5' {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "priority", "1.5"),
    ),
    "campaign without an id": (
        f"update seeds.campaign_plan set campaign_id = null {OF_BASKET};"
        "delete from seeds.offers where campaign_id = '2018-01-basket'",
        ("campaign_plan", "(none)", "campaign_id", "nothing"),
    ),
    "campaign without an offer": (
        "delete from seeds.offers where campaign_id = '2018-01-fresh'",
        ("campaign_plan", "2018-01-fresh", "campaign_id", "2018-01-fresh"),
    ),
    "id of a campaign of the shop": (
        "update seeds.campaign_plan set campaign_id = '13' "
        + OF_BASKET
        + f"; update seeds.offers set campaign_id = '13' {OF_BASKET}",
        ("campaign_plan", "13", "campaign_id", "that of a campaign of the shop from 2017-08-08"),
    ),
    "shop that is none": (
        f"update seeds.campaign_plan set shop = 'corner shop' {OF_BASKET};delete from seeds.offers {OF_BASKET}",
        ("campaign_plan", "2018-01-basket", "shop", "corner shop"),
    ),
    "offer twice": (
        f"insert into seeds.offers from seeds.offers {OF_DRINKS}",
        ("offers", "2018-01-drinks", "offer_id", "2018-01-drinks 2 times"),
    ),
    "offer of no campaign": (
        f"update seeds.offers set campaign_id = null {OF_DRINKS}",
        ("offers", "2018-01-drinks", "campaign_id", "nothing"),
    ),
    "more than the price off": (
        f"update seeds.offers set discount_kind = 'share', discount_value = '1.5' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "discount_value", "1.5"),
    ),
    "discount that is no number": (
        f"update seeds.offers set discount_value = 'nan' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "discount_value", "nan"),
    ),
    "supplier who pays twice": (
        f"update seeds.offers set funded_share = '2' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "funded_share", "2"),
    ),
    "category that is none": (
        f"update seeds.offers set eligible_category = 'CARS' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "eligible_category", "CARS"),
    ),
    "negative stock": (
        f"update seeds.offers set stock_cap = '-5' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "stock_cap", "-5"),
    ),
    "offer of nothing": (
        f"update seeds.offers set eligible_category = null {OF_DRINKS}",
        ("offers", "2018-01-drinks", "eligible_products", "nothing"),
    ),
    "channel twice": (
        f"insert into seeds.channels from seeds.channels where shop = '{SHOP}'",
        ("channels", "mail", "channel", "mail 2 times"),
    ),
    "free of charge below zero": (
        f"update seeds.channels set cost_per_contact = '-0.1' where shop = '{SHOP}'",
        ("channels", "mail", "cost_per_contact", "-0.1"),
    ),
    "consent by fax": (
        f"update seeds.channels set consent = 'fax' where shop = '{SHOP}'",
        ("channels", "mail", "consent", "fax"),
    ),
    "hours backwards": (
        f"update seeds.channels set send_until_hour = '7' where shop = '{SHOP}'",
        ("channels", "mail", "send_until_hour", "7"),
    ),
    "hour that is none": (
        f"update seeds.channels set send_from_hour = 'early' where shop = '{SHOP}'",
        ("channels", "mail", "send_from_hour", "early"),
    ),
    "blackout without a start": (
        f"update seeds.blackout_dates set first_date = null where shop = '{SHOP}'",
        ("blackout_dates", "New Year's Day", "first_date", "nothing"),
    ),
    "blackout of no channel": (
        f"update seeds.blackout_dates set channel = 'fax' where shop = '{SHOP}'",
        ("blackout_dates", "New Year's Day", "channel", "fax"),
    ),
    "points rule without a day": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', null, '1', '0.01', '14', '365')",
        ("point_rules", "(none)", "first_date", "nothing"),
    ),
    "points below none": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', '2017-03-01', '-1', '0.01', '14', '365')",
        ("point_rules", "2017-03-01", "points_per_amount", "-1"),
    ),
    "points that are worth less than nothing": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', '2017-03-01', '1', '-0.01', '14', '365')",
        ("point_rules", "2017-03-01", "amount_per_point", "-0.01"),
    ),
    "points offered where there are none": (
        "delete from seeds.point_rules;"
        f" update seeds.offers set discount_kind = 'points', discount_value = '1' {OF_DRINKS}",
        ("offers", "2018-01-drinks", "discount_kind", "points"),
    ),
    "points that are pending half a day": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', '2017-03-01', '1', '0.01', '0.5', '365')",
        ("point_rules", "2017-03-01", "pending_days", "0.5"),
    ),
    "points that last no day": (
        f"insert into seeds.point_rules values ('{SHOP}', 'gold', '2017-03-01', '1', '0.01', '14', '0')",
        ("point_rules", "2017-03-01", "lasting_days", "0"),
    ),
    "tier without a name": (
        f"insert into seeds.tier_rules values ('{SHOP}', null, '2017-01-01', '500', '0', '182', '91', '14')",
        ("tier_rules", "(none)", "tier", "nothing"),
    ),
    "tier without a day": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', 'May', '500', '0', '182', '91', '14')",
        ("tier_rules", "platinum", "first_date", "May"),
    ),
    "tier below none": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '-500', '0', '182', '91', '14')",
        ("tier_rules", "platinum", "least_amount", "-500"),
    ),
    "tier that counts before the order": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '500', '-1', '182', '91', '14')",
        ("tier_rules", "platinum", "pending_days", "-1"),
    ),
    "tier that counts no day": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '500', '0', '0', '91', '14')",
        ("tier_rules", "platinum", "window_days", "0"),
    ),
    "tier reviewed all the time": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '500', '0', '182', '0', '0')",
        ("tier_rules", "platinum", "review_days", "0"),
    ),
    "tier whose grace lasts until the next review": (
        f"insert into seeds.tier_rules values ('{SHOP}', 'platinum', '2017-01-01', '500', '0', '182', '91', '91')",
        ("tier_rules", "platinum", "grace_days", "91"),
    ),
    "suppression of nobody": (
        f"insert into seeds.suppressions values ('{SHOP}', null, 'opt_out', null, '2018-01-01', null, null)",
        ("suppressions", "(none)", "user_id", "nothing"),
    ),
    "an address in place of a pseudonym": (
        f"insert into seeds.suppressions values ('{SHOP}', 'e@x.com', 'opt_out', null, '2018-01-01', null, null)",
        ("suppressions", "(an address that is not shown)", "user_id", "(an address that is not shown)"),
    ),
    "suppression of a kind that is none": (
        f"insert into seeds.suppressions values ('{SHOP}', 'u1', 'dislike', null, '2018-01-01', null, null)",
        ("suppressions", "u1", "suppression_kind", "dislike"),
    ),
    "suppression until one day": (
        f"insert into seeds.suppressions values ('{SHOP}', 'u1', 'risk', null, '2018-01-01', 'soon', null)",
        ("suppressions", "u1", "last_date", "soon"),
    ),
    "suppression of no channel": (
        f"insert into seeds.suppressions values ('{SHOP}', 'u1', 'risk', 'fax', '2018-01-01', null, null)",
        ("suppressions", "u1", "channel", "fax"),
    ),
    "unknown attribute": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'tall', 'height', 'at_least', '180')",
        ("audience_rules", "tall", "attribute", "height"),
    ),
    "unknown operator": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'recent', 'rfm_score', 'above', '3')",
        ("audience_rules", "recent", "operator", "above"),
    ),
    "text compared by size": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'old', 'age_band', 'at_least', '65')",
        ("audience_rules", "old", "operator", "at_least"),
    ),
    "number that is none": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'recent', 'rfm_score', 'at_least', 'high')",
        ("audience_rules", "recent", "value", "high"),
    ),
    "text in place of a number": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'recent', 'rfm_score', 'equals', 'high')",
        ("audience_rules", "recent", "value", "high"),
    ),
    "no number at all": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'recent', 'rfm_score', 'at_least', 'nan')",
        ("audience_rules", "recent", "value", "nan"),
    ),
    "several numbers": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'recent', 'times_bought', 'one_of', '1;2')",
        ("audience_rules", "recent", "operator", "one_of"),
    ),
    "segment that is none": (
        f"insert into seeds.audience_rules ({RULE})"
        f" values ('{SHOP}', 'best', 'segment_name', 'one_of', 'loyal;golden')",
        ("audience_rules", "best", "value", "loyal;golden"),
    ),
    "cheese by another name": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'times_bought', 'at_least', '3', 'FROMAGE', null, null, '91')",
        ("audience_rules", "fans", "category", "FROMAGE"),
    ),
    "brand that is none": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'times_bought', 'at_least', '3', null, 'Emmental', null, '91')",
        ("audience_rules", "fans", "brand", "Emmental"),
    ),
    "product of another shop": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'times_viewed', 'at_least', '3', null, null, 'p-0', '91')",
        ("audience_rules", "fans", "product_id", "p-0"),
    ),
    "segment of cheese": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'segment_name', 'equals', 'loyal', 'CHEESE', null, null, null)",
        ("audience_rules", "fans", "category", "CHEESE"),
    ),
    "window of a score": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'rfm_score', 'at_least', '3', null, null, null, '91')",
        ("audience_rules", "fans", "window_days", "91"),
    ),
    "window of no day": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'times_bought', 'at_least', '3', 'CHEESE', null, null, '0')",
        ("audience_rules", "fans", "window_days", "0"),
    ),
    "window of three months": (
        f"insert into seeds.audience_rules ({COUNTED})"
        f" values ('{SHOP}', 'fans', 'times_bought', 'at_least', '3', 'CHEESE', null, null, '3 months')",
        ("audience_rules", "fans", "window_days", "3 months"),
    ),
    "rule for those interested": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'interested', 'rfm_score', 'at_least', '3')",
        ("audience_rules", "interested", "audience_rule", "interested"),
    ),
    "rule for everybody": (
        f"insert into seeds.audience_rules ({RULE}) values ('{SHOP}', 'everybody', 'rfm_score', 'at_least', '3')",
        ("audience_rules", "everybody", "audience_rule", "everybody"),
    ),
    "draft that starts in a week or so": (
        "update seeds.draft_templates set days_before = 'a week' where template_id = 'barbecue'",
        ("draft_templates", "barbecue", "days_before", "a week"),
    ),
    "draft for a festival that is none": (
        "update seeds.draft_templates set festival_name = 'Labour Day' where template_id = 'barbecue'",
        ("draft_templates", "barbecue", "festival_name", "Labour Day"),
    ),
    "draft of no value": (
        "update seeds.draft_templates set discount_value = null where template_id = 'barbecue'",
        ("draft_templates", "barbecue", "discount_value", "nothing"),
    ),
    "correction to another decision": (
        f"insert into seeds.decision_corrections select '{SHOP}', '2018-01-basket',"
        f" {USER}, 'contact', '2018-01-02', 'wanted'",
        ("decision_corrections", "2018-01-basket", "decision", "contact"),
    ),
    "correction of no campaign": (
        f"insert into seeds.decision_corrections select '{SHOP}', '2018-01-baskets',"
        f" {USER}, 'withdrawn', '2018-01-02', 'asked'",
        ("decision_corrections", "2018-01-baskets", "campaign_id", "2018-01-baskets"),
    ),
    "correction of nobody": (
        f"insert into seeds.decision_corrections select '{SHOP}', '2018-01-basket',"
        " 'somebody', 'withdrawn', '2018-01-02', 'asked'",
        ("decision_corrections", "2018-01-basket", "user_id", "somebody"),
    ),
    "correction on no day": (
        f"insert into seeds.decision_corrections select '{SHOP}', '2018-01-basket',"
        f" {USER}, 'withdrawn', 'today', 'asked'",
        ("decision_corrections", "2018-01-basket", "corrected_on", "today"),
    ),
}
CORRECTION_TWICE = (
    f"insert into seeds.decision_corrections select '{SHOP}', '2018-01-basket', {USER},"
    " 'withdrawn', '2018-01-02', reason from (values ('a'), ('b')) as reasons (reason)"
)


def written(warehouse: Path) -> dict[str, dict[str, tuple[int, int]]]:
    """Hashes of all that a fault must leave alone."""
    hashes = {schema: table_hashes(warehouse, schema) for schema in GUARDED}
    del hashes["plan"]["plan_faults"]
    return hashes


def sentences(result: DbtResult) -> list[str]:
    """Return the sentences about seeds that dbt printed."""
    return re.findall(r"(Seed \w+, .*)", result.output)


@pytest.fixture
def warehouse(dbt: DbtRuns, campaigns: Path) -> Iterator[Path]:
    """Copy the built database; check that it holds what it held."""
    copy = copied(dbt, campaigns)
    before = written(copy)
    assert before["campaigns"]["decision_ledger"][0] > 0
    yield copy
    assert written(copy) == before


@pytest.mark.parametrize("name", ["unknown task", "product that is none"])
def test_a_fault_is_one_sentence_and_nothing_is_written(
    dbt: DbtRuns, raw_folder: Path, warehouse: Path, name: str
) -> None:
    fault, sentence = FAULTS[name]
    change(warehouse, fault)
    result = decide(dbt, raw_folder)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert sentences(result) == [sentence], result.output


def test_several_faults_are_several_sentences(dbt: DbtRuns, raw_folder: Path, warehouse: Path) -> None:
    statements = [fault for name, (fault, _) in FAULTS.items() if name != "no control group"]
    # a copied row has the faults of the first, if it is copied last
    change(warehouse, ";".join(sorted(statements, reverse=True)))
    result = decide(dbt, raw_folder)
    assert result.exit_code != 0
    expected = {sentence for name, (_, sentence) in FAULTS.items() if name != "no control group"}
    assert len(sentences(result)) == len(expected)
    assert set(sentences(result)) == expected


@pytest.fixture(scope="module")
def faults_query(dbt: DbtRuns, raw_folder: Path, campaigns: Path) -> str:
    """What plan_faults runs."""
    copied(dbt, campaigns)
    assert decide(dbt, raw_folder, select=("plan_faults",)).exit_code == 0
    folder = dbt.folder / "target" / "compiled" / "precision_marketing"
    return (folder / "models/plan/plan_faults.sql").read_text()


@pytest.fixture(scope="module")
def seeds(campaigns: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a copy of the built database, to change and change back."""
    place = tmp_path_factory.mktemp("seeds") / "building.duckdb"
    place.write_bytes(campaigns.read_bytes())
    with duckdb.connect(str(place)) as connection:
        yield connection


def faults_after(seeds: duckdb.DuckDBPyConnection, faults_query: str, statements: str) -> list[str]:
    """Return the sentences of a changed plan, which is then changed back."""
    seeds.execute("begin")
    try:
        seeds.execute(statements)
        return [sentence for (sentence,) in seeds.execute(faults_query).fetchall()]
    finally:
        seeds.execute("rollback")


def test_the_plan_that_ships_has_no_fault(seeds: duckdb.DuckDBPyConnection, faults_query: str) -> None:
    assert faults_after(seeds, faults_query, "select 1") == []


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_has_one_sentence(
    seeds: duckdb.DuckDBPyConnection, faults_query: str, fault: str, sentence: str
) -> None:
    # what dbt prints is what plan_faults holds: no need for dbt around each
    assert faults_after(seeds, faults_query, fault) == [sentence]


@pytest.mark.parametrize(("fault", "named"), OTHER_FAULTS.values(), ids=OTHER_FAULTS.keys())
def test_a_fault_names_seed_row_and_column(
    seeds: duckdb.DuckDBPyConnection, faults_query: str, fault: str, named: tuple[str, str, str, str]
) -> None:
    seed, key, column, found = named
    (sentence,) = faults_after(seeds, faults_query, fault)
    assert re.fullmatch(
        rf"Seed {seed}, \w+ {re.escape(key)}, column {column}: expected .+,"
        rf" found {re.escape(found)}\.",
        sentence,
    ), sentence


def test_rules_as_the_doc_writes_them_have_no_fault(seeds: duckdb.DuckDBPyConnection, faults_query: str) -> None:
    table = re.search(r"^\| audience_rule \| attribute .*\n.*\n((?:\|.*\n)+)", DOC, re.MULTILINE)[1]
    rules = [[cell.strip() or None for cell in line.split("|")[1:9]] for line in table.splitlines()]
    assert len(rules) >= 6
    columns = "audience_rule, attribute, category, brand, product_id, window_days, operator, value"
    values = [", ".join("null" if cell is None else f"'{cell}'" for cell in rule) for rule in rules]
    inserted = [f"insert into seeds.audience_rules (shop, {columns}) values ('{SHOP}', {each})" for each in values]
    assert faults_after(seeds, faults_query, "; ".join(inserted)) == []


def test_one_decision_is_corrected_once(seeds: duckdb.DuckDBPyConnection, faults_query: str) -> None:
    (sentence,) = faults_after(seeds, faults_query, CORRECTION_TWICE)
    assert sentence.startswith("Seed decision_corrections, campaign_id 2018-01-basket")
    assert sentence.endswith("2 times.")


def test_faults_stop_a_plan_without_a_row(dbt: DbtRuns, raw_folder: Path, warehouse: Path) -> None:
    # nothing to plan must not mean that nothing is evaluated
    change(
        warehouse,
        f"delete from seeds.campaign_plan where shop = '{SHOP}';"
        f"delete from seeds.offers where shop = '{SHOP}';"
        f"delete from seeds.draft_templates where shop = '{SHOP}';"
        f"update seeds.channels set consent = 'fax' where shop = '{SHOP}'",
    )
    result = decide(dbt, raw_folder)
    assert result.exit_code != 0
    assert len(sentences(result)) == 1
    assert rows(warehouse, "select count(*) from plan.plan_faults") == [(1,)]

"""Launch random plans and compare with their previews: `make bench-launches PLANS=100 SEED=1`.

A copy of the shop's database gets a random plan, written as Excel might: checked, launched,
compared with the ledger; of every third plan a campaign is undone, of the others campaigns
that contact nobody are refused first. The next plan gets a new copy. Prints counts; asserts nothing.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import os
import random
import re
import shutil
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import duckdb

from operations.build.ledger import LEDGER, ledger_of
from operations.privacy.vault import vault_of

FOLDER = Path("target/launches")
# In the copy of the project these are its own; all else is linked.
OWN = ("seeds", "target", "logs", "warehouse")
FUNNEL = re.compile(
    r"^(\S+): .* would launch\n  base .* control ([\d,]+) -> chosen ([\d,]+)\n(?:.*\n)*?  cost ([\d,.]+)", re.M
)
FIGURES = f"""
    select campaign_id, count(*) filter (decision = 'control'), count(*) filter (decision = 'contact'),
        round(coalesce(sum(expected_cost) filter (decision = 'contact'), 0), 2)
    from {LEDGER} where revision_number = 1 group by campaign_id
"""
OPEN = f"""
    select campaign_id, sum(case when decision in ('contact', 'control') then 1 else 0 end)
    from (from {LEDGER} qualify row_number() over (partition by campaign_id, user_id order by revision_number desc) = 1)
    group by campaign_id
"""

# What launched contacts cost, in the ledger and where the week's budget is counted.
SPENT = f"""
    select round(coalesce((
        select sum(expected_cost) from (
            from {LEDGER}
            qualify row_number() over (partition by campaign_id, user_id order by revision_number desc) = 1
        ) where decision = 'contact'
    ), 0), 6) = round(coalesce((
        select sum(expected_cost) from campaigns.dec_launched_decisions where decision = 'contact'
    ), 0), 6)
"""

# The commonest goods, offered by turns.
CATEGORIES = """
    select products.category from core.transactions inner join core.products using (product_id)
    where products.product_kind = 'goods' group by all order by count(*) desc, products.category limit 5
"""


def make_project(warehouse: Path) -> Path:
    """Link the project into a folder, with seeds and a database of its own; go there."""
    project, folder = Path.cwd(), FOLDER.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "warehouse").mkdir(parents=True)
    for path in project.iterdir():
        if path.name not in OWN:
            (folder / path.name).symlink_to(path)
    shutil.copytree("seeds", folder / "seeds")
    if (extensions := warehouse.parent / "extensions").exists():
        (folder / "warehouse" / "extensions").symlink_to(extensions.resolve())
    os.chdir(folder)
    return folder / "warehouse" / warehouse.name


def copy_shop(warehouse: Path, copy: Path) -> None:
    """Copy database, vault and ledger, in place of a copy that was."""
    shutil.rmtree(ledger_of(copy), ignore_errors=True)
    for file in (warehouse, vault_of(warehouse)):
        shutil.copy(file, copy.with_name(file.name))
    if ledger_of(warehouse).exists():
        shutil.copytree(ledger_of(warehouse), ledger_of(copy))


def write_plan(draw: random.Random, number: int, shop: str, first_day: date, categories: list[str]) -> None:
    """Write one to three campaigns with one to three offers each, and the cap of the first channel."""
    campaigns, offers = [], []
    is_excel = draw.random() < 0.5
    with (Path("../..") / "seeds/campaigns/channels.csv").open(newline="") as reading:
        channel, *channels = [each for each in csv.DictReader(reading) if each["shop"] == shop]
    for place in range(draw.randint(1, 3)):
        name = f"plan-{number}-{place}"
        starts_on = first_day + timedelta(draw.randint(0, 6))
        ends_on = starts_on + timedelta(draw.randint(5, 40))
        share = draw.choice([5, 20, 50])
        task = draw.choice(["redeem", "respond_14d", "lapse_28d"])
        campaigns.append(
            {
                "campaign_id": name,
                "campaign_name": f"Plan {number}",
                "campaign_type": draw.choice(["coupon", "push_ad"]),
                "campaign_class": "Type B",
                "objective_task": task,
                "channel": channel["channel"],
                "audience_rule": draw.choice(["everybody", "everybody", "fading", "members"]),
                "plan_status": draw.choice(["approved", "approved", "draft"]),
                "priority": draw.randint(1, 3),
                "budget_amount": f"${draw.choice([0, 0.04, 2, 20, 500]):.2f}"
                if is_excel
                else draw.choice([0, 0.04, 5, 500]),
                "control_share": f"{share}%" if is_excel else share / 100,
                "starts_on": f"{starts_on:%d.%m.%Y}" if is_excel else starts_on,
                "ends_on": f"{ends_on:%Y%m%d}" if is_excel else ends_on,
            }
        )
        for offer, category in enumerate(draw.sample(categories, draw.randint(1, 3))):
            offers.append(
                {
                    "offer_id": f"{name}-{offer}",
                    "campaign_id": name,
                    "discount_kind": draw.choice(["amount", "none"]),
                    "discount_value": draw.choice([0, 0.5, 1]),
                    "cost_per_redemption": draw.choice([0, 0.05]),
                    "funded_share": "50%" if is_excel else 0.5,
                    "eligible_category": category,
                    "stock_cap": draw.choice(["", "", 0, 3, 40]),
                }
            )
    channel |= {"cost_per_contact": draw.choice([0, 0.05, 0.5]), "most_contacts_per_week": draw.choice(["", 2000, 10])}
    for seed, rows in (("campaign_plan", campaigns), ("offers", offers), ("channels", [channel, *channels])):
        file = Path("seeds/campaigns") / f"{seed}.csv"
        # campaigns that are launched stay in the plan
        with (Path("../..") / file).open(newline="") as reading:
            kept = csv.DictReader(reading)
            header = [*kept.fieldnames]
            rows = [each for each in kept if each["shop"] == shop and seed != "channels"] + rows
        with file.open("w", newline="", encoding="utf-8-sig" if is_excel else "utf-8") as writing:
            table = csv.DictWriter(writing, header, delimiter=";" if is_excel else ",", lineterminator="\r\n")
            table.writeheader()
            table.writerows({**row, "shop": shop} for row in rows)
            if is_excel:
                writing.write(";" * (len(header) - 1) + "\r\n")


def run(*arguments: str) -> tuple[int, str]:
    """Run a command of operations.launch here; return its exit code and what it prints."""
    from operations.launch.__main__ import main

    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = main([*arguments])
    return code, told.getvalue()


def rows(warehouse: Path, query: str) -> list[tuple]:
    """Return the rows of a query on the database."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def play(warehouse: Path, draw: random.Random, number: int, shop: str) -> Counter:
    """Check, launch and undo one plan; count what is not as the preview said."""
    [[first_day]] = rows(warehouse, "select as_of_date from core.as_of_dates where is_scoring_date")
    categories = [category for (category,) in rows(warehouse, CATEGORIES)]
    write_plan(draw, number, shop, first_day, categories)
    before, found = rows(warehouse, f"from {LEDGER} order by decision_id"), Counter(plans=1)
    code, checked = run("check")
    if code:
        raise SystemExit(f"plan {number} cannot be checked:\n{checked}")
    previewed = {name: values for name, *values in FUNNEL.findall(checked)}
    nobody = [name for name, (_, contacts, _) in previewed.items() if contacts == "0"]
    found["checks that wrote"] += rows(warehouse, f"from {LEDGER} order by decision_id") != before
    found["refusals not foretold"] += bool(nobody) != ("make launch will refuse" in checked)
    if nobody and number % 3:
        code, told = run("launch")
        found["campaigns refused, as they contact nobody"] += len(nobody)
        found["refusals that wrote"] += rows(warehouse, f"from {LEDGER} order by decision_id") != before
        found["launched, although nobody is contacted"] += code == 0 or "would contact nobody" not in told
    code, launched = run("launch", ",".join(nobody))
    if code:
        raise SystemExit(f"plan {number} is not launched:\n{launched}")
    differing = [
        line
        for line in difflib.unified_diff(
            *(text.rpartition("\n\n")[0].splitlines() for text in (checked, launched)), n=0
        )
        if not line.startswith(("---", "+++"))
    ]
    sys.stdout.writelines(f"     {line}\n" for line in differing)
    found["previews that differ"] += bool(differing)
    known = {row[1] for row in before}
    figures = {
        name: [f"{control:,}", f"{contacts:,}", f"{cost:,.2f}"]
        for name, control, contacts, cost in rows(warehouse, FIGURES)
        if name not in known
    }
    found["launches that differ"] += figures != previewed
    found["campaigns launched"] += len(figures)
    found["contacts"] += sum(int(contacts.replace(",", "")) for _, contacts, _ in figures.values())
    for name in sorted(figures)[: number % 3 == 0]:
        still_open = dict(rows(warehouse, OPEN))[name]
        code, told = run("undo", name)
        found["not undone"] += code != 0 and still_open > 0
        found["undone, though nothing was launched"] += code == 0 and not still_open
        found["undone twice"] += run("undo", name)[0] == 0
        shown = rows(warehouse, "select campaign_id from campaigns.campaign_policies")
        found["undone campaigns among the policies"] += code == 0 and (name,) in shown
        found["left open"] += dict(rows(warehouse, OPEN))[name] > 0
        found["budget not given back"] += not rows(warehouse, SPENT)[0][0]
    found["lost or altered"] += not {*before} <= {*rows(warehouse, f"from {LEDGER}")}
    return found


def main() -> None:
    """Play as many plans as asked."""
    plans, draw = int(os.environ.get("PLANS") or "100"), random.Random(int(os.environ.get("SEED") or "1"))
    from operations.places import SHOP, WAREHOUSE

    os.environ["WAREHOUSE"] = str(FOLDER.resolve() / "warehouse" / WAREHOUSE.name)
    warehouse = make_project(WAREHOUSE)
    from operations.launch import __main__ as steps

    steps.WAREHOUSE = warehouse
    counts: Counter = Counter()
    for number in range(plans):
        copy_shop(WAREHOUSE, warehouse)
        counts += play(warehouse, draw, number, SHOP)
        sys.stdout.write(f"{number + 1:>4} plans: {dict(counts)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""A workbook of the plan gives back what it was given, and odd cells are told in a sentence each."""

from __future__ import annotations

import datetime
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from operations import plan_workbook
from operations.launch.database_copy import RefusedError
from operations.plan_files import PlanFileError
from operations.plan_sheets import LISTS, PREVIEW, WorkbookError, fingerprint, read_workbook, write_workbook
from operations.plan_tables import SEEDS, kept_texts, read_seed

SHOP = plan_workbook.SHOP
CHOICES = {
    "category": ["CHEESE", "+1 for dogs", "=cmd"],
    "audience_rule": ["everybody", "interested"],
    "campaign_type": ["push_ad", "coupon"],
}
# Values that spreadsheets are known to change, by column of a seed.
ODD = {
    "audience_rule": "=1+1",
    "attribute": "@here",
    "category": "007",
    "brand": "1e5",
    "product_id": "12345678901234567890",
    "window_days": "091",
    "operator": "-x",
    "value": "007",
}
ODD_OFFER = {
    "offer_id": "00123",
    "campaign_id": "2018-01",
    "discount_kind": "share",
    "discount_value": "0.1",
    "cost_per_redemption": "1.00",
    "funded_share": "10%",
    "eligible_category": 'O\'Hara, "best"\nof 北京 🧀',
    "eligible_products": "00017 1095275",
    "minimum_basket_amount": "$1,234.50",
    "stock_cap": "-0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the seeds, with rows that spreadsheets are known to change."""
    folder = Path(shutil.copytree(plan_workbook.FOLDER, tmp_path / "seeds" / "campaigns"))
    for seed, row in {"audience_rules": ODD, "offers": ODD_OFFER}.items():
        table = read_seed(folder, seed)
        (folder / f"{seed}.csv").write_text(table.text_with(SHOP, [*table.of(SHOP), row]), encoding="utf-8")
    return folder


@pytest.fixture
def book(folder: Path, tmp_path: Path) -> Path:
    """Write the plan of the shop as a workbook."""
    return written(tmp_path / "plan.xlsx", folder)


def written(file: Path, folder: Path) -> Path:
    """Write the plan of a folder to a file."""
    plan = {seed: read_seed(folder, seed).of(SHOP) for seed in SEEDS}
    write_workbook(file, SHOP, plan, CHOICES, ["Plan of the shop", "=1+1"])
    return file


def test_a_round_trip_changes_no_byte(folder: Path, book: Path) -> None:
    rows, seen = read_workbook(book, SHOP)
    for seed in SEEDS:
        table = read_seed(folder, seed)
        kept = kept_texts(seed, table.of(SHOP), rows[seed])
        assert kept == table.of(SHOP)
        assert unquoted(table.text_with(SHOP, kept)) == unquoted((folder / f"{seed}.csv").read_text("utf-8"))
    assert seen == fingerprint(rows)


def unquoted(text: str) -> list[str]:
    """Return the lines of a file, without quotes that need not be."""
    return text.replace('"', "").splitlines()


def test_cells_are_of_the_kind_that_excel_keeps(book: Path) -> None:
    sheets = load_workbook(book)
    plan = sheets["campaign_plan"]
    names = [cell.value for cell in plan[1]]
    first = dict(zip(names, plan[2], strict=True))
    assert first["starts_on"].value == datetime.datetime(2018, 1, 2)
    assert first["starts_on"].number_format == "yyyy-mm-dd"
    assert (first["control_share"].value, first["control_share"].number_format) == (0.2, "0.0%")
    assert first["campaign_id"].number_format == "@"
    # what may be a name is none of Excel's numbers
    rules = sheets["audience_rules"]
    last = dict(zip([cell.value for cell in rules[1]], rules[rules.max_row], strict=True))
    assert {column: last[column].value for column in ODD} == ODD
    # what is chosen of is there to choose, and the preview is the last that one sees
    offered = {str(each.sqref): each.formula1 for each in plan.data_validations.dataValidation}
    assert offered["F2:F1000"] == "=channels!$A$2:$A$1000"
    lists = sheets[LISTS]
    column = offered["C2:C1000"].split("$")[1]
    assert offered["C2:C1000"] == f"=lists!${column}$3:${column}$4"
    assert [lists[f"{column}{number}"].value for number in range(2, 5)] == ["campaign_type", "push_ad", "coupon"]
    assert sheets.sheetnames[-1] == PREVIEW
    assert sheets[LISTS].sheet_state == "hidden"
    assert sheets[PREVIEW]["A1"].value == "Plan of the shop"


def test_no_cell_is_run(book: Path) -> None:
    found = [cell for sheet in load_workbook(book) for row in sheet.iter_rows() for cell in row if cell.value]
    assert not [cell.coordinate for cell in found if cell.data_type == "f"]
    begins = [cell for cell in found if str(cell.value).startswith(("=", "+", "-", "@"))]
    assert len(begins) >= 5
    assert all(cell.quotePrefix for cell in begins)
    with zipfile.ZipFile(book) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "worksheets" in name)


def test_what_is_changed_in_excel_alone_changes(folder: Path, book: Path) -> None:
    sheets = load_workbook(book)
    plan = sheets["campaign_plan"]
    place = [cell.value for cell in plan[1]].index("budget_amount") + 1
    plan.cell(2, place).value = 100.10000000000001
    plan.insert_rows(3)
    plan.append(["new", "New", "coupon", None, "redeem", "mail", "cheese buyers", "draft", 1, 100, 0.2])
    for column, day in (("starts_on", datetime.date(2018, 1, 3)), ("ends_on", datetime.datetime(2018, 1, 30))):
        plan.cell(plan.max_row, [cell.value for cell in plan[1]].index(column) + 1).value = day
    sheets.save(book)
    rows, _ = read_workbook(book, SHOP)
    table = read_seed(folder, "campaign_plan")
    text = table.text_with(SHOP, kept_texts("campaign_plan", table.of(SHOP), rows["campaign_plan"]))
    before = (folder / "campaign_plan.csv").read_text().splitlines()
    after = text.splitlines()
    assert after[1] == before[1].replace(",approved,1,20,", ",approved,1,100.1,")
    assert after[4] == f"{SHOP},new,New,coupon,,redeem,mail,cheese buyers,draft,1,100,0.2,2018-01-03,2018-01-30"
    assert [*after[2:4], *after[5:]] == before[2:]


def cell_of(sheet: str, column: str, value: object, number_format: str | None = None) -> Callable[[Workbook], None]:
    """Return a change of the first row of a sheet."""

    def change(book: Workbook) -> None:
        names = [cell.value for cell in book[sheet][1]]
        cell = book[sheet].cell(2, names.index(column) + 1)
        cell.value = value
        cell.number_format = number_format or cell.number_format

    return change


# What people see in a cell and what a file holds of it differ; per change, what the seed gets.
SEEN = {
    "a number that is shown with zeros": (cell_of("audience_rules", "product_id", 123, "0000000"), "0000123"),
    "a number for an id": (cell_of("audience_rules", "product_id", 1095275.0), "1095275"),
    "blanks around": (cell_of("audience_rules", "product_id", " 1095275\xa0"), "1095275"),
    "nothing but blanks": (cell_of("audience_rules", "product_id", "  "), None),
    "percent": (cell_of("audience_rules", "value", 0.1, "0%"), "0.1"),
    "a sum of tenths": (cell_of("audience_rules", "value", 0.1 + 0.2), "0.3"),
    "percent as text": (cell_of("audience_rules", "value", "10%"), "10%"),
}


@pytest.mark.parametrize(("change", "text"), SEEN.values(), ids=SEEN.keys())
def test_a_cell_is_read_as_people_see_it(book: Path, change: Callable[[Workbook], None], text: str | None) -> None:
    sheets = load_workbook(book)
    change(sheets)
    sheets.save(book)
    rows, _ = read_workbook(book, SHOP)
    _, first = rows["audience_rules"][0]
    assert text in (first["product_id"], first["value"])


# Per fault: what is done to the workbook, and the one sentence about it.
FAULTS = {
    "formula": (
        cell_of("campaign_plan", "budget_amount", "=10*10"),
        "Sheet campaign_plan, column budget_amount, row 2: expected a value, found a formula. Paste it as a value.",
    ),
    "formula that keeps zeros": (
        cell_of("offers", "offer_id", '="020101"'),
        "Sheet offers, column offer_id, row 2: expected a value, found a formula. Paste it as a value.",
    ),
    "error": (
        cell_of("offers", "stock_cap", "#REF!"),
        "Sheet offers, column stock_cap, row 2: expected a number, found #REF!.",
    ),
    "id that became a date": (
        cell_of("offers", "offer_id", datetime.datetime(2018, 1, 1)),
        "Sheet offers, column offer_id, row 2: expected text, found a date. Format the cell as text.",
    ),
    "id that lost its digits": (
        cell_of("audience_rules", "product_id", 1234567890123456789),
        "Sheet audience_rules, column product_id, row 2: expected text, found a number of more than 15 digits,"
        " which Excel has rounded. Format the cell as text.",
    ),
    "truth for a name": (
        cell_of("campaign_plan", "campaign_name", True),
        "Sheet campaign_plan, column campaign_name, row 2: expected text, found TRUE.",
    ),
    "days of Excel": (
        cell_of("campaign_plan", "starts_on", 43102, "General"),
        "Sheet campaign_plan, column starts_on, row 2: expected a date, found 43102.",
    ),
    "hour of a day": (
        cell_of("campaign_plan", "starts_on", datetime.datetime(2018, 1, 2, 13, 30)),
        "Sheet campaign_plan, column starts_on, row 2: expected a date, found 2018-01-02 13:30.",
    ),
    "half an hour for a number": (
        cell_of("channels", "send_from_hour", datetime.time(8, 30)),
        "Sheet channels, column send_from_hour, row 2: expected a value, found 08:30:00.",
    ),
    "column that is gone": (
        lambda book: book["offers"].delete_cols(1),
        "Sheet offers, column offer_id, row 1: expected this column once, found none.",
    ),
    "column of one's own": (
        lambda book: book["channels"].cell(1, 12, "notes"),
        "Sheet channels, column notes, row 1: expected columns of the plan, found notes.",
    ),
    "note beside": (
        lambda book: book["channels"].cell(2, 12, "ask Ann"),
        "Sheet channels, column L, row 2: expected nothing beside the columns, found ask Ann.",
    ),
    "sheet that is gone": (
        lambda book: book.remove(book["offers"]),
        "Sheet offers: expected rows of the plan, found no such sheet.",
    ),
    "workbook of one's own": (
        lambda book: book.remove(book[LISTS]),
        "plan.xlsx: expected a workbook of make plan-workbook, found one without sheet lists.",
    ),
    "plan of another shop": (
        lambda book: book[LISTS].cell(1, 2, "bookshop"),
        f"plan.xlsx: expected the plan of {SHOP}, found that of bookshop.",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_sentence_with_sheet_column_and_row(
    book: Path, change: Callable[[Workbook], None], sentence: str
) -> None:
    sheets = load_workbook(book)
    change(sheets)
    sheets.save(book)
    with pytest.raises(WorkbookError) as told:
        read_workbook(book, SHOP)
    assert str(told.value) == sentence


@pytest.mark.parametrize("content", [b"", b"shop,campaign_id\n", b"PK\x03\x04\xff", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_workbook_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.xlsx").write_bytes(content)
    with pytest.raises(WorkbookError, match=r"^plan.xlsx: expected a workbook \(.xlsx\), found something else.$"):
        read_workbook(tmp_path / "plan.xlsx", SHOP)


def test_more_than_a_cell_holds_is_not_cut_off(folder: Path, tmp_path: Path) -> None:
    table = read_seed(folder, "offers")
    first, *others = table.of(SHOP)
    first["eligible_products"] = " ".join(f"{number:07d}" for number in range(5000))
    (folder / "offers.csv").write_text(table.text_with(SHOP, [first, *others]), encoding="utf-8")
    with pytest.raises(WorkbookError, match=r"column eligible_products: expected .* found 39,999 characters\.$"):
        written(tmp_path / "plan.xlsx", folder)
    assert not (tmp_path / "plan.xlsx").exists()


@pytest.fixture
def project(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the copied seeds, and a check of the plan that looks for one word."""

    def told(seeds: Path) -> tuple[list[str], list[str]]:
        rows = read_seed(seeds, "campaign_plan").of(SHOP)
        faults = [
            f"Seed campaign_plan, campaign_id {row['campaign_id']}, column channel: expected a channel of channels,"
            f" found {row['channel']}."
            for row in rows
            if row["channel"] == "fax"
        ]
        return faults or ["The plan has no fault."], faults

    def put(file: Path, plan: dict, lines: list[str]) -> None:
        write_workbook(file, SHOP, plan, CHOICES, lines)

    for name, value in {"FOLDER": folder, "DEFAULT": tmp_path / "plan.xlsx", "_told": told, "_put": put}.items():
        monkeypatch.setattr(plan_workbook, name, value)
    return folder


def changed(file: Path, column: str, value: object) -> None:
    """Change a cell of the first campaign."""
    book = load_workbook(file)
    cell_of("campaign_plan", column, value)(book)
    book.save(file)


def test_a_workbook_is_written_read_and_read_again(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.xlsx"
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    plan_workbook.write(file)
    assert plan_workbook.read(file).endswith("changes nothing.\n")
    assert {path.name: path.read_bytes() for path in project.iterdir()} == before
    for budget in (100, 50):
        changed(file, "budget_amount", budget)
        assert plan_workbook.read(file).startswith("Wrote seeds campaign_plan from")
        assert f",approved,1,{budget},0.2," in (project / "campaign_plan.csv").read_text()
    assert {path.name for path in project.iterdir() if path.read_bytes() != before[path.name]} == {"campaign_plan.csv"}
    assert load_workbook(file)[PREVIEW]["A1"].value == "The plan has no fault."


def test_a_faulty_plan_changes_no_seed(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.xlsx"
    plan_workbook.write(file)
    changed(file, "channel", "fax")
    before = {path.name: path.read_bytes() for path in [*project.iterdir(), file]}
    with pytest.raises(RefusedError) as told:
        plan_workbook.read(file)
    assert str(told.value) == "Sheet campaign_plan, column channel, row 2: expected a channel of channels, found fax."
    assert {path.name: path.read_bytes() for path in [*project.iterdir(), file]} == before


def test_where_one_seed_cannot_be_written_none_is(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.xlsx"
    plan_workbook.write(file)
    book = load_workbook(file)
    cell_of("campaign_plan", "budget_amount", 100)(book)
    cell_of("offers", "cost_per_redemption", 2)(book)
    book.save(file)
    before = {path.name: path.read_bytes() for path in [*project.iterdir(), file]}
    real = {"replace": Path.replace, "write_text": Path.write_text}
    for step, name in (("replace", "offers.csv"), ("write_text", ".offers.csv.new")):

        def fail(self: Path, given: object, *, step: str = step, name: str = name, **others: str) -> object:
            is_writing = not str(self.name).endswith(".former")
            if is_writing and name in (self.name, getattr(given, "name", "")):
                raise OSError(28, "No space left on device")
            return real[step](self, given, **others)

        with monkeypatch.context() as patch:
            patch.setattr(Path, step, fail)
            with pytest.raises(OSError, match="No space left"):
                plan_workbook.read(file)
        assert {path.name: path.read_bytes() for path in [*project.iterdir(), file]} == before
    assert plan_workbook.read(file).startswith("Wrote seeds campaign_plan, offers from")


def test_nobodys_changes_are_lost(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.xlsx"
    plan_workbook.write(file)
    # of the workbook, by writing it anew
    changed(file, "budget_amount", 100)
    with pytest.raises(RefusedError, match="has changes that the seeds lack"):
        plan_workbook.write(file)
    # of the seeds, by reading an older workbook
    plan = project / "campaign_plan.csv"
    plan.write_text(plan.read_text().replace("We miss you", "Come back"))
    with pytest.raises(RefusedError, match="the seeds have changed since"):
        plan_workbook.read(file)
    assert "Come back" in plan.read_text()
    # seeds that cannot be read are no reason to write anything
    plan.write_text("shop\n")
    with pytest.raises(PlanFileError):
        plan_workbook.read(file)

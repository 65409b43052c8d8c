"""The plan's files are read as Excel writes them, or told in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations.plan_files import plan_file_faults, plan_file_rows

COLUMNS = ["shop", "campaign_id", "budget_amount"]
EXPECTED = [["here", "月饼", "20"], ["here", "b", None]]
PLAIN = "shop,campaign_id,budget_amount\nhere,月饼,20\nhere,b,\n"
SEMICOLONS = PLAIN.replace(",", ";")
# Ways in which Excel, and people who use it, write the same two rows.
WRITTEN = {
    "plain": PLAIN.encode(),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "semicolons and carriage returns": SEMICOLONS.replace("\n", "\r\n").encode("utf-8-sig"),
    "old Macintosh": PLAIN.replace("\n", "\r").encode(),
    "Unicode text, which is tabs in UTF-16": PLAIN.replace(",", "\t").encode("utf-16"),
    "GB18030": PLAIN.encode("gb18030"),
    "GB18030 with semicolons": SEMICOLONS.encode("gb18030"),
    "a line for Excel": ("sep=;\r\n" + SEMICOLONS).encode("utf-8"),
    "blank rows": PLAIN.replace("here,b", "\n,,\n  ,,\nhere,b").encode() + b"\n,,\n\n",
    "empty columns": PLAIN.replace("\n", ",,\n").encode(),
    "blanks around": PLAIN.replace("here", " here\xa0").encode(),
    "quotes": PLAIN.replace("here", '"here"').encode(),
    "another order": "Budget_Amount,Shop,Campaign_ID\n20,here,月饼\n,here,b\n".encode(),
}
# What cannot be read, and what is told after the name of the file.
FAULTS = {
    "no byte": (b"", "row 1: expected the names of the columns, found nothing."),
    "blank rows alone": (b"\n\n,,\n", "row 1: expected the names of the columns, found nothing."),
    "no such column": (b"shop,campaign_id\n", "row 1: expected column budget_amount, found none."),
    "a column twice": (b"shop,campaign_id,budget_amount,shop\n", "row 1: expected column shop once, found 2 times."),
    "a column too many": (
        b"shop,campaign_id,budget_amount,budget\n",
        "row 1: expected columns of seed campaign_plan, found budget.",
    ),
    "a cell too many": (PLAIN.encode() + b"here,c,1,5\n", "row 4: expected 3 cells, found 4."),
    "a cell too few": (PLAIN.encode() + b"here,c\n", "row 4: expected 3 cells, found 2."),
    "an open quote": (PLAIN.encode() + b'here,"c,1\n', "row 4: expected cells, found unexpected end of data."),
    "a workbook": (b"PK\x03\x04\x00\xff\xff", ": expected CSV, found a workbook. Save it as CSV."),
    "no text": (b"shop\0,campaign_id\n", ": expected text in utf-8 or gb18030, found something else."),
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_excel_writes_is_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "seeds" / "campaigns" / "campaign_plan.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert plan_file_faults(str(file), COLUMNS, "CN") == ""
    assert json.loads(plan_file_rows(str(file), COLUMNS, "CN")) == EXPECTED


@pytest.mark.parametrize(("content", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_a_sentence_with_file_and_row(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "seeds" / "campaigns" / "campaign_plan.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    separator = "" if sentence.startswith(":") else ", "
    assert plan_file_faults(str(file), COLUMNS, "CN") == f"File seeds/campaigns/campaign_plan.csv{separator}{sentence}"


def test_several_faults_are_several_sentences(tmp_path: Path) -> None:
    file = tmp_path / "campaign_plan.csv"
    file.write_text("shop,campaign_id\nhere\nhere,a,b\n")
    assert len(plan_file_faults(str(file), COLUMNS, "CN").splitlines()) == 3


def test_a_western_code_page_is_not_taken_for_chinese(tmp_path: Path) -> None:
    file = tmp_path / "campaign_plan.csv"
    file.write_bytes("shop;campaign_id;budget_amount\nhere;Für Gäste;1\n".encode("cp1252"))
    assert json.loads(plan_file_rows(str(file), COLUMNS, "DE")) == [["here", "Für Gäste", "1"]]

"""A packed file and a workbook are read as the CSV file that they are made of."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest

from operations.encodings import know_encodings
from operations.personal_data.persons import Person, UnreadableError
from operations.personal_data.user_files import (
    Reading,
    RowsInFile,
    copy_without,
    files_below,
    refuse_workbooks,
    relation_of_users,
    rows_of_users,
)
from operations.shop_files import files_not_read, files_of_table, grouped_files, tried_files

# As Excel holds it, and as CSV has it.
DAY, TIME = datetime.datetime(2026, 3, 14), datetime.datetime(2026, 3, 14, 18, 30, 59, 999_998)
CELLS = [
    (["order id", "user_id", "sold\nat", "amount", "paid"], ["order id", "user_id", "sold at", "amount", "paid"]),
    ([17850, "007", DAY, 0.1 + 0.2, True], ["17850", "007", "2026-03-14", "0.3", "true"]),
    ([17851.0, "O'Neil", TIME, 12.5, False], ["17851", "O'Neil", "2026-03-14 18:31:00", "12.5", "false"]),
    ([None, None, None, None, None], ["", "", "", "", ""]),
    (["ord 3", '茶, "green"\nsecond line', None, -3, None], ["ord 3", '茶, "green"\nsecond line', "", "-3", ""]),
]


def written_workbook(file: Path, *sheets: list[list]) -> Path:
    """Write a workbook; after the last row stand some that were once filled."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"sheet {number}")
        for row in rows:
            sheet.append(row)
        if rows:
            sheet.cell(len(rows) + 3, 8).value = ""
    book.save(file)
    return file


def as_csv(rows: list[list[str]]) -> str:
    """Write rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read(file: Path) -> list[tuple]:
    """Read a file as a build does, with its name and the number of each row."""
    (group,) = json.loads(grouped_files([str(file)], "auto"))
    assert group["fault"] is None, group["fault"]
    with know_encodings(duckdb.connect()) as connection:
        rows = connection.execute(f"from {group['relation']}").fetchall()
    assert json.loads(tried_files([str(file)], "auto", "count(columns(*))")) == {"rows": len(rows), "faults": []}
    assert {row[-2:] for row in rows} == {(str(file), number) for number in range(1, len(rows) + 1)}
    return [tuple(cell or "" for cell in row[:-2]) for row in rows]


def test_a_workbook_is_read_as_its_cells_are_seen(tmp_path: Path) -> None:
    file = written_workbook(tmp_path / "a [1] 茶.xlsx", [[], *(held for held, _ in CELLS)], [])
    assert read(file) == [tuple(cells) for _, cells in CELLS[1:]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "gb18030", "utf-16"])
def test_a_packed_file_is_read_as_the_file_in_it(tmp_path: Path, encoding: str) -> None:
    word = "Süßigkeit für Käthe" if encoding == "cp1252" else "绿茶 红茶"
    rows = [["product_id", "product_name"], *([f"p{number}", word] for number in range(50_000))]
    plain, packed = tmp_path / "products.csv", tmp_path / "products.csv.gz"
    plain.write_bytes(as_csv(rows).encode(encoding))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed) == read(plain) == [tuple(row) for row in rows[1:]]


def test_files_are_found_by_their_ending(tmp_path: Path) -> None:
    for name in ("users.csv.gz", "transactions/2026-03.xlsx", "transactions/~$2026-03.xlsx", "Users.xlsx", "users.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = {name: json.loads(files_of_table(str(tmp_path), name))["files"] for name in ("users", "transactions")}
    assert found == {"users": [f"{tmp_path}/users.csv.gz"], "transactions": [f"{tmp_path}/transactions/2026-03.xlsx"]}
    others = json.loads(files_not_read(str(tmp_path), ["users", "transactions"]))
    assert {Path(each).name for each in others} == {"~$2026-03.xlsx", "Users.xlsx", "users.gz"}


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    rows = [["user_id"], ["u1"]]
    two = written_workbook(tmp_path / "two.xlsx", rows, rows)
    none = written_workbook(tmp_path / "none.xlsx", [])
    text = tmp_path / "text.xlsx"
    text.write_text("user_id\nu1\n")
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("a.txt", "a")
    expected = {
        two: "expected one sheet with rows, found 2 (sheet 1, sheet 2). Save each as a file of its own.",
        none: "expected a sheet with rows, found none.",
        text: "expected a workbook of Excel, found what cannot be read as one (",
        other: "expected a workbook of Excel, found what cannot be read as one (",
    }
    for file, sentence in expected.items():
        assert json.loads(grouped_files([str(file)], "auto"))[0]["fault"].startswith(sentence)
    # a file that was cut off while it was copied, and one that is not packed
    whole = gzip.compress(as_csv([["user_id"], *([f"u{number}"] for number in range(9999))]).encode())
    for content in (whole[:-500], b"user_id\nu1\n"):
        cut = tmp_path / f"cut {len(content)}.csv.gz"
        cut.write_bytes(content)
        [group] = json.loads(grouped_files([str(cut)], "auto"))
        assert group["fault"] == "expected a packed file, found none or the beginning of one."


def test_a_user_is_found_in_them_and_taken_out_of_packed_ones(tmp_path: Path) -> None:
    rows = [["user_id", "city"], ["u1", "Köln"], ["u2", "Bonn"], ["u1", "Trier"]]
    packed = tmp_path / "users.csv.gz"
    packed.write_bytes(gzip.compress(as_csv(rows).encode("cp1252")))
    book = written_workbook(tmp_path / "users.xlsx", [[], [], *rows])
    written_workbook(tmp_path / "plan.xlsx", rows, rows)
    assert files_below(tmp_path) == [packed, book]
    reading, person = Reading("auto", "{column}"), Person("u1", "0" * 32)
    found = rows_of_users(packed, [person], reading)
    assert found.ids == {1: "u1", 3: "u1"}
    copy = copy_without(packed, found, reading)
    assert gzip.decompress(copy.read_bytes()).decode("cp1252") == "user_id,city\nu2,Bonn\n"
    # what is held of them is told; it is taken out by whoever has Excel
    in_book = rows_of_users(book, [person], reading)
    assert in_book.ids == {1: "u1", 3: "u1"}
    with pytest.raises(UnreadableError, match=r"below the names of columns, of .*users\.xlsx rows 1, 3\."):
        refuse_workbooks([RowsInFile("shop_files", book, Path(book.name), in_book, reading)])
    with duckdb.connect() as connection:
        theirs = relation_of_users(connection, book, [person], reading)
        assert connection.execute(f"from {theirs} order by all").fetchall() == [("u1", "Köln"), ("u1", "Trier")]

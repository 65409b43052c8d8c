"""Users are found in files however these are written, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from operations.personal_data.access_export import held_in_files
from operations.personal_data.erasing import (
    Person,
    UnreadableError,
    erase_from_parquet,
    erase_from_text,
    refuse_unreadable,
)

ANNA, ZOE, SEVEN = (Person("a" * 32, "id-anna"), Person("b" * 32, "id Zoë"), Person("c" * 32, "7"))
SCRAMBLED = "id Zoë".encode().decode("cp1252")


@pytest.mark.parametrize(
    ("person", "header", "theirs", "encoding"),
    [
        pytest.param(ANNA, "user_id,x", "id-anna,1", "utf-8-sig", id="mark before"),
        pytest.param(ANNA, '"User_ID",x', '"id-anna",1', "utf-8-sig", id="and quoted"),
        pytest.param(ANNA, "user_id,x", "id-anna,1", "utf-16", id="UTF-16"),
        pytest.param(ANNA, "user_id,x", " id-anna\xa0\t,1", "utf-8", id="blanks"),
        pytest.param(ZOE, "user_id,x", "id  Zoë,1", "utf-8", id="blanks inside"),
        pytest.param(ZOE, "user_id,x", "id Zoë,1", "latin-1", id="Latin-1"),
        pytest.param(ZOE, "user_id,x", f"{SCRAMBLED},1", "utf-8", id="scrambled"),
        pytest.param(ANNA, "user_id,x", f"id-anna,{'y' * 200_000}", "utf-8", id="long"),
        pytest.param(SEVEN, "Customer ID,x", "7.0,7", "utf-8", id="with a point"),
    ],
)
def test_a_row_of_csv_goes_and_all_else_stays(
    tmp_path: Path, person: Person, header: str, theirs: str, encoding: str
) -> None:
    file = tmp_path / "table.csv"
    others = ["id-annabel,7", "77,7", "Zoë,7"]

    def written(*lines: str) -> bytes:
        return "".join(f"{line}\r\n" for line in lines).encode(encoding)

    file.write_bytes(written(header, others[0], theirs, *others[1:]))
    held = held_in_files(person, duckdb.connect().cursor(), tmp_path)
    assert len(held["table.csv"]) == 1
    assert erase_from_text([person], tmp_path) == {"table.csv": 1}
    assert file.read_bytes() == written(header, *others)


def test_an_id_that_looks_alike_is_another_users(tmp_path: Path) -> None:
    lines = ["user_id,x", "A7.0,1", "A7 B,1", "a7,1", "A70,1", ""]
    (tmp_path / "table.csv").write_text("\n".join([*lines[:2], "A7,1", *lines[2:]]))
    assert erase_from_text([Person("d" * 32, "A7")], tmp_path) == {"table.csv": 1}
    assert (tmp_path / "table.csv").read_text() == "\n".join(lines)


@pytest.mark.parametrize(
    "odd",
    ['"id-bea,1', 'id-bea,"1"x', "id-bea,1,2", "id-bea"],
    ids=["stray quote", "text after a quote", "a field too many", "a field too few"],
)
def test_a_file_of_odd_lines_is_refused_where_it_names_the_user(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "table.csv"
    text = f"user_id,x\nid-carl,1\n{odd}\nid-dan,1\nid-anna,1\nid-eve,1\n"
    file.write_text(text)
    with pytest.raises(UnreadableError, match=r"table[.]csv, line 3: .*Mend the file first"):
        refuse_unreadable([ANNA], tmp_path)
    with pytest.raises(UnreadableError, match=r"table[.]csv, line 3: "):
        held_in_files(ANNA, duckdb.connect().cursor(), tmp_path)
    # of somebody else the file tells nothing
    refuse_unreadable([ZOE], tmp_path)
    assert erase_from_text([ZOE], tmp_path) == {}
    assert file.read_text() == text


def test_a_row_of_parquet_goes_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "it's [1].parquet"
    ids = {
        "text": ["id-anna", " id-anna\xa0", SCRAMBLED, "id  Zoë", "id-annabel", None],
        "number": [7.0, 77.0],
        "bytes": ["id Zoë".encode(), "Zoë".encode(), b"\xff"],
    }
    cursor = duckdb.connect().cursor()
    left = {}
    for kind, values in ids.items():
        cursor.execute("create or replace table ids as select unnest($1) i", [values])
        cursor.sql('select i as "User_ID" from ids').write_parquet(str(file))
        persons = [ANNA, ZOE, SEVEN]
        held = [held_in_files(person, cursor, tmp_path) for person in persons]
        count = sum(len(each.get(file.name, [])) for each in held)
        assert erase_from_parquet(cursor, persons, tmp_path) == {file.name: count}
        content = file.rename(tmp_path / "read")
        left[kind] = [row[0] for row in duckdb.read_parquet(str(content)).fetchall()]
    assert left == {"text": ["id-annabel", None], "number": [77.0], "bytes": ["Zoë".encode(), b"\xff"]}


def test_an_export_tells_of_nobody_else(tmp_path: Path) -> None:
    # the user's id is another's quantity
    (tmp_path / "lines.csv").write_text("line,user_id,quantity\n1,7,1\n2,8,7\n7,9,7\n")
    held = held_in_files(SEVEN, duckdb.connect().cursor(), tmp_path)
    assert held == {"lines.csv": [{"line": "1", "user_id": "7", "quantity": "1"}]}

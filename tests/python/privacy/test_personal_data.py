"""Users are found in files as intake reads them, and nobody else is."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from dbt_common.exceptions import DbtRuntimeError
from support.builds import PROJECT_FOLDER
from support.operations import run_operation
from support.readings import reading

from operations.personal_data.access_export import held_in_files
from operations.personal_data.leftovers import refuse_unfinished, remove_leftovers
from operations.personal_data.persons import Person, UnreadableError
from operations.personal_data.receipts import Receipt, settle
from operations.personal_data.requests import RefusedError, Request, read_list
from operations.personal_data.user_files import Reading, RowsInFile, copy_without, files_below, rows_of_users
from operations.privacy.keys import read_key
from operations.shop_files import ROW, layout_of, relation

ANNA, ZOE, SEVEN = (Person("a" * 32, "id-anna"), Person("b" * 32, "id Zoë"), Person("c" * 32, "7"))
SCRAMBLED = "id Zoë".encode().decode("cp1252")


def erase(persons: list[Person], folder: Path, how: Reading | None = None) -> dict[str, int]:
    """Take users out of the files of a folder; return the rows per file."""
    how = how or reading()
    counts: dict[str, int] = {}
    for file in files_below(folder):
        if found := rows_of_users(file, persons, how):
            removal = RowsInFile("raw_files", file, file.relative_to(folder), found, how).copied()
            counts |= removal.counts
            for copy, place in removal.copies:
                copy.replace(place)
    return counts


@pytest.mark.parametrize(
    ("person", "header", "theirs", "encoding"),
    [
        pytest.param(ANNA, "user_id,x", "id-anna,1", "utf-8-sig", id="mark before"),
        pytest.param(ANNA, '"User_ID",x', '"id-anna",1', "utf-8-sig", id="and quoted"),
        pytest.param(ANNA, "user_id,x", "id-anna,1", "utf-16", id="UTF-16"),
        pytest.param(ANNA, "user_id,x", "id-anna,1", "utf-16-be", id="UTF-16 without a mark"),
        pytest.param(ANNA, "user_id,x", " id-anna\xa0\t,1", "utf-8", id="blanks"),
        pytest.param(ZOE, "user_id,x", "id Zoë,1", "latin-1", id="Latin-1"),
        pytest.param(ZOE, "user_id,x", '"id Zoë","say ""a"",\r\nb"', "utf-8", id="quotes and lines"),
        pytest.param(ANNA, "user_id,x", f"id-anna,{'y' * 200_000}", "utf-8", id="long"),
        pytest.param(SEVEN, "Customer ID,x", "7.0 ,7", "utf-8", id="with a point"),
    ],
)
def test_a_row_of_csv_goes_and_all_else_stays(
    tmp_path: Path, person: Person, header: str, theirs: str, encoding: str
) -> None:
    file = tmp_path / "table.csv"
    others = ["id-annabel,7", "77,7", 'Zoë,"7\r\n"', "Zoë,7"]

    def written(*lines: str) -> bytes:
        return "".join(f"{line}\r\n" for line in lines).encode(encoding)

    how = reading(encoding.removesuffix("-sig"), has_decimals="Customer" in header)
    file.write_bytes(written(header, others[0], theirs, *others[1:]))
    assert len(held_in_files([person], tmp_path, how)["table.csv"]) == 1
    assert erase([person], tmp_path, how) == {"table.csv": 1}
    assert file.read_bytes() == written(header, *others)
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("person", "has_decimals", "kept", "gone"),
    [
        (Person("d" * 32, "A7"), False, ["A7.0", "A7 B", "a7", "A70", "07"], ["A7", " A7 "]),
        (SEVEN, False, ["7.0", "07", "7e0", "+7"], ["7", "7 "]),
        (SEVEN, True, ["7.5", "07", "7.01"], ["7.0", "7.00 ", "7"]),
        (ZOE, False, ["id  Zoë", SCRAMBLED, "ID Zoë"], ["id Zoë"]),
    ],
)
def test_ids_are_compared_as_intake_reads_them(
    tmp_path: Path, person: Person, has_decimals: bool, kept: list[str], gone: list[str]
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["user_id,x", *(f"{each},1" for each in [*kept, *gone]), ""]))
    with duckdb.connect() as connection:
        read = reading(has_decimals=has_decimals).id_as_read.replace("{column}", "user_id")
        ids = connection.execute(f"select {read} from read_csv($1, all_varchar = true)", [str(file)]).fetchall()
    assert [id_ == person.source_user_id for (id_,) in ids] == [False] * len(kept) + [True] * len(gone)
    assert erase([person], tmp_path, reading(has_decimals=has_decimals)) == {"table.csv": len(gone)}
    assert file.read_text() == "\n".join(["user_id,x", *(f"{each},1" for each in kept), ""])


@pytest.mark.parametrize(
    "odd",
    ['"id-bea,1', 'id-bea,"1"x', "id-bea,1,2", "id-bea", "id-bea,\udcff"],
    ids=["stray quote", "text after a quote", "a field too many", "a field too few", "no UTF-8"],
)
def test_a_file_that_intake_refuses_is_refused(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "table.csv"
    text = f"user_id,x\nid-carl,1\n{odd}\nid-dan,1\nid-anna,1\nid-eve,1\n".encode(errors="surrogateescape")
    file.write_bytes(text)
    for person in (ANNA, ZOE):
        with pytest.raises(UnreadableError, match=r"table[.]csv, line 3: .*Mend the file first") as refused:
            rows_of_users(file, [person], reading())
        # nothing of a row is repeated
        assert "id-" not in str(refused.value).replace(str(file), "")
    with pytest.raises(UnreadableError, match=r"table[.]csv, line 3: "):
        held_in_files([ANNA], tmp_path, reading())
    assert file.read_bytes() == text


ACCIDENTS = [b'"', b",", b";", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"'", b"\\", b" ", b"", b"\n\n", b'""', b'"a"']
TABLES = [
    b"user_id\na\nb\nc\n\na\n",
    b'x,user_id,t\n1,a,"p ""q"" r"\n2,c,\n3,"a",x\n4,b,"u\nv"\n5,d,"a"\n',
    b'user_id;x\r\na;1\r\nc;"2\r\n3"\r\n b ;4\r\n',
]


@pytest.mark.parametrize("seed", range(3))
def test_of_any_file_that_intake_reads_the_other_rows_stay(tmp_path: Path, seed: int) -> None:
    draws = random.Random(seed)
    persons = [Person("p", "a"), Person("q", "b")]
    changed = 0
    for number in range(60):
        content = draws.choice(TABLES)
        for _ in range(draws.randint(0, 3)):
            start = draws.randrange(len(content) + 1)
            end = min(len(content), start + draws.choice([0, 0, 1, 5]))
            content = content[:start] + draws.choice(ACCIDENTS) + content[end:]
        file = tmp_path / f"{number}.csv"
        file.write_bytes(content)
        try:
            found = rows_of_users(file, persons, reading())
        except UnreadableError:
            continue
        if found:
            kept = [row for number, row in enumerate(rows_of(file), 1) if number not in found.ids]
            try:
                copy_without(file, found, reading()).replace(file)
            except OSError:
                # DuckDB takes an empty line that ends in another way for two
                assert file.read_bytes() == content
                continue
            # a file of which nothing is left has no row to read
            assert (rows_of(file) if kept else kept) == kept, content
            changed += 1
    assert changed > 10


def rows_of(file: Path) -> list[tuple]:
    """Return the rows of a file as intake reads them."""
    rows = relation([str(file)], layout_of(str(file), "utf-8"))
    return duckdb.sql(f'select * exclude ("(file)", {ROW}) from {rows} order by {ROW}').fetchall()


def test_a_row_of_parquet_goes_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "it's [1].parquet"
    ids = {
        "text": ["id-anna", " id-anna\xa0", "id Zoë", "id  Zoë", "id-annabel", None],
        "number": [7, 77],
        "bytes": ["id Zoë".encode(), "Zoë".encode()],
    }
    left = {}
    for kind, values in ids.items():
        with duckdb.connect() as connection:
            connection.execute("create table ids as select unnest($1) i", [values])
            connection.sql('select i as "User_ID" from ids').write_parquet(str(file))
        persons = [ANNA, ZOE, SEVEN]
        held = [held_in_files([person], tmp_path, reading()) for person in persons]
        count = sum(len(each.get(file.name, [])) for each in held)
        assert erase(persons, tmp_path) == {file.name: count}
        content = file.rename(tmp_path / "read")
        left[kind] = [row[0] for row in duckdb.read_parquet(str(content)).fetchall()]
    assert left == {"text": ["id  Zoë", "id-annabel", None], "number": [77], "bytes": ["Zoë".encode()]}


def test_an_export_tells_of_nobody_else(tmp_path: Path) -> None:
    # the user's id is another's quantity
    (tmp_path / "lines.csv").write_text("line,user_id,quantity\n1,7,1\n2,8,7\n7,9,7\n")
    held = held_in_files([SEVEN], tmp_path, reading())
    assert held == {"lines.csv": [{"line": "1", "user_id": "7", "quantity": "1"}]}


def test_what_is_no_file_is_named_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(UnreadableError, match=r"a[.]csv: expected a file, found a named pipe"):
        files_below(tmp_path)
    (tmp_path / "a.csv").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "b.parquet"))
        with pytest.raises(UnreadableError, match=r"b[.]parquet: expected a file, found a socket"):
            files_below(tmp_path)


@pytest.mark.parametrize("kind", ["a named pipe", "a folder", "a link to nothing"])
def test_what_stands_in_the_place_of_a_key_or_a_list_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VAULT_KEY", raising=False)
    for place in (".secrets/vault.key", "privacy/forgotten.csv", "requests.csv", "seeds/plan.csv"):
        file = Path(place)
        file.parent.mkdir(exist_ok=True)
        if kind == "a named pipe":
            os.mkfifo(file)
        elif kind == "a folder":
            file.mkdir()
        else:
            file.symlink_to("nothing here")
    expected = f"expected a file, found {kind}"
    with pytest.raises(DbtRuntimeError, match=expected):
        read_key("vault", "the vault")
    with pytest.raises(OSError, match=expected):
        read_list(Path("privacy/forgotten.csv"))
    request = Request([], "requests.csv", *["your_shop"] * 6, "utf-8", "{column}")
    with pytest.raises(RefusedError, match=expected):
        request.names()
    built = run_operation("build", cwd=tmp_path)
    assert (built.returncode, built.stderr) == (2, f"Nothing was built: seeds/plan.csv: {expected}.\n")


def test_an_unfinished_delivery_that_names_the_user_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "transactions").mkdir()
    unfinished = tmp_path / "transactions" / "2.csv.tmp"
    # the name lies across two reads
    unfinished.write_bytes(b"x" * ((1 << 20) - 3 - 1) + b",id-anna,")
    with pytest.raises(UnreadableError, match=r"2[.]csv[.]tmp: a user is named in what looks unfinished"):
        refuse_unfinished(tmp_path, [ANNA])
    refuse_unfinished(tmp_path, [ZOE, Person("d" * 32, "id-ann")])


def erased_by_call(folder: Path, receipts: Path) -> None:
    """Take Anna out of the files of a folder, as one call does."""
    settle(receipts)
    remove_leftovers([folder], [], folder / "none.duckdb", [])
    receipt = Receipt.begin(receipts)
    for file in files_below(folder):
        if found := rows_of_users(file, [ANNA], reading()):
            receipt.replace(RowsInFile("raw_files", file, file.relative_to(folder), found, reading()).copied())
    receipt.finish()


@pytest.mark.parametrize("steps", range(1, 16))
def test_receipts_of_killed_calls_tell_of_each_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    folder, receipts = tmp_path / "raw", tmp_path / "receipts"
    folder.mkdir()
    for number in range(1, 6):
        (folder / f"{number}.csv").write_text("user_id,x\nid-bea,1\n" + f"id-anna,{number}\n" * number)
    left, replace = steps, Path.replace

    def killed(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        try:
            erased_by_call(folder, receipts)
        except KeyboardInterrupt:
            assert left == 0
    erased_by_call(folder, receipts)
    told = Counter()
    for receipt in map(json.loads, map(Path.read_text, receipts.glob("*.json"))):
        assert "pending" not in receipt
        told.update(receipt.get("raw_files", {}))
    assert told == {f"{number}.csv": number for number in range(1, 6)}
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        f"{number}.csv": "user_id,x\nid-bea,1\n" for number in range(1, 6)
    }


ERASING = """
import re, sys
from pathlib import Path
from operations.personal_data.persons import Person
from operations.personal_data.receipts import Receipt, settle
from operations.personal_data.user_files import Reading, copy_without, rows_of_users
file, how = Path(sys.argv[1]), Reading("utf-8", sys.argv[2])
found = rows_of_users(file, [Person("p", "u7")], how)
copy_without(file, found, how).replace(file)
# of this program alone: ru_maxrss would be that of the process that started it, if greater
print(len(found.ids), int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    # both larger than what the reader buffers: 190, 219, 219 and 220 MB for .5, 1, 2 and 4 million lines
    for million_lines in (1, 4):
        file = tmp_path / "transactions.csv"
        duckdb.sql(
            "select 't' || i as transaction_id, 'u' || i % 1000 as user_id, repeat('x', 50) as note,"
            f" if(i % 10 = 0, 'a \"b\"', 'c') as quoted from range({int(million_lines * 1e6)}) as r (i)"
        ).write_csv(str(file))
        size = file.stat().st_size
        started = time.monotonic()
        told = subprocess.run(
            [sys.executable, "-c", ERASING, str(file), reading().id_as_read],
            cwd=PROJECT_FOLDER,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert int(told[0]) == million_lines * 1000
        assert file.stat().st_size < size
        peaks.append(int(told[1]))
        assert time.monotonic() - started < 120
    assert peaks[1] < 300, peaks
    assert peaks[1] - peaks[0] < 60, peaks

"""What is no file is named at once, many files take no longer than one, and leftovers are left alone."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, NO_DATA_TESTS, ONE_LINE, built_shop, query_shop, run_on_shop, write_shop

from operations.files import why_unreadable
from operations.shop_files import files_of_table, grouped_files, tried_files

LEFTOVERS = {
    ".DS_Store": "x",
    "Thumbs.db": "x",
    "products/._tea.csv": "x",
    "products/~$tea.csv": "x",
    "products/tea.csv.tmp": "product_id\np",
    "products (1).csv": "product_id\np1\n",
    "Products.csv": "product_id\np1\n",
}


@pytest.fixture(scope="module")
def shop_dbt(shop_dbt: DbtRuns) -> DbtRuns:
    """Read files in several threads, as users do."""
    return replace(shop_dbt, threads=2)


def test_what_is_no_file_is_named_at_once(shop_dbt: DbtRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_shop(tmp_path, {"transactions.csv": ONE_LINE, **LEFTOVERS})
    products = folder / "products"
    os.mkfifo(products / "pipe.csv")
    os.mkfifo(folder / "users.csv")
    (products / "folder.parquet").mkdir()
    (products / "zero.csv").symlink_to("/dev/zero")
    (products / "nowhere.csv").symlink_to("nothing here")
    (products / "circle.csv").symlink_to("circle.csv")
    monkeypatch.chdir(products)
    with socket.socket(socket.AF_UNIX) as listener:
        # a socket's path has few characters
        listener.bind("socket.csv")
        started = time.monotonic()
        result = run_on_shop(shop_dbt, folder, *NO_DATA_TESTS)
    assert time.monotonic() - started < 240
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    for name, kind in {
        "users.csv": "a named pipe",
        "products/pipe.csv": "a named pipe",
        "products/folder.parquet": "a folder",
        "products/zero.csv": "a device",
        "products/nowhere.csv": "a link to nothing",
        "products/circle.csv": "what cannot be read (Too many levels of symbolic links)",
        "products/socket.csv": "a socket",
    }.items():
        assert f"File {folder}/{name}: expected a file, found {kind}." in result.output
    (others,) = [line for line in result.output.splitlines() if "Not read, because" in line]
    assert all(name in others or "and 1 more" in others for name in list(LEFTOVERS)[2:])
    assert "DS_Store" not in others
    assert "Thumbs.db" not in others


def test_a_file_or_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = write_shop(tmp_path, {"shop/users.csv": "user_id\n"}) / "shop" / "users.csv"
    file.chmod(0)
    tmp_path.chmod(0o755)
    child = os.fork()
    if not child:
        # root may read anything
        os.chdir(tmp_path)
        os.setresuid(65534, 65534, 65534)
        os._exit(why_unreadable("shop/users.csv") != "one that may not be read (mode 000)")
    assert os.waitpid(child, 0)[1] == 0


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    assert json.loads(files_of_table(f"{tmp_path}/shop", "users")) == {
        "files": [],
        "faults": [f"Folder {tmp_path}/shop: expected a folder, found a file."],
    }


def test_many_files_are_read_as_each_alone(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    lines = [f"t{n},o{n // 3},u{n % 90},p{n % 20},1,2.50,2026-03-{1 + n % 28:02} 09:26:53" for n in range(2400)]
    many = {
        f"transactions/it's {number:03}.csv": "\n".join([LINE_COLUMNS, *lines[number::800], ""])
        for number in range(800)
    }
    one = {"transactions/all.csv": "\n".join([LINE_COLUMNS, *lines, ""])}
    # an older layout, and one with another order of columns
    many["transactions/2025.csv"] = f"{LINE_COLUMNS.upper()}\nx1,x1,u1,p1,1,1.00,2026-03-01\n"
    one["transactions/2025.csv"] = many["transactions/2025.csv"]
    read, seconds = {}, {}
    for name, files in (("many", many), ("one", one)):
        folder = write_shop(tmp_path / name, files)
        started = time.monotonic()
        result = run_on_shop(shop_dbt, folder, *NO_DATA_TESTS)
        seconds[name] = time.monotonic() - started
        assert result.exit_code == 0, result.output
        read[name] = query_shop(
            built_shop(shop_dbt),
            "select transaction_id, source_file, source_row, net_amount, ordered_at"
            " from cleaning.int_transactions_checked order by 1",
        )
    # by `make check-data` it is 1.0 to 1.3 times the time
    assert seconds["many"] < 3 * seconds["one"], seconds
    assert [row[:1] + row[3:] for row in read["many"]] == [row[:1] + row[3:] for row in read["one"]]
    where = {row[0]: row[1:3] for row in read["many"]}
    for number, line in enumerate(lines):
        place = (f"transactions/it's {number % 800:03}.csv", number // 800 + 1)
        assert where[line.split(",")[0]] == place


def test_a_quote_that_is_never_closed_is_found_among_many_files(tmp_path: Path) -> None:
    header = "product_id,product_name,list_price\n"
    texts = ["1,Tea,1\n", '2,Tea,1\n3,"Tea, ""gre\r,3\n4,,\n', "5,Tea,1\n"]
    folder = write_shop(tmp_path, {f"products/{number}.csv": header + text for number, text in enumerate(texts)})
    files = json.loads(files_of_table(str(folder), "products"))["files"]
    (group,) = json.loads(grouped_files(files, "utf-8"))
    assert group["files"] == files
    tried = json.loads(tried_files(files, "utf-8", "count(columns(*))"))
    assert [fault.partition(": ")[0] for fault in tried["faults"]] == [f"File {files[1]}, line 3"]

"""The encoding of a file is found in its bytes, or doubted, and its text comes out whole."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from support.builds import DbtRuns
from support.shops import NO_DATA_TESTS, built_shop, query_shop, run_on_shop, write_shop

from operations.encodings import CHUNK, encoding_of, know_encodings
from operations.shop_files import grouped_files, tried_files

HEADER = "product_id,product_name,list_price\n"
CHINESE = HEADER + 'p1,龙井茶 100克\uff08特级\uff09,12.50\np2,"绿茶,茉莉花茶",\uffe53\n'
# a few characters that are in GB 18030 alone: four bytes each
RARE = HEADER + "p1,龙井茶 一级 绿茶 红茶,1\np2,㐂㐄 茶叶 普洱茶,2\n"
FRENCH = HEADER + "p1,Crème brûlée \u2013 „Maison“,12.50 €\np2,Père Noël,3\n"
GERMAN = HEADER + "p1,Käse aus Österreich,1\np2,Süßigkeit,2\n"
ENGLISH = HEADER + "p1,Tea,1\n"
# What a file holds, in what it is written, and how it is read.
FOUND = {
    "chinese": (CHINESE, "gb18030", "gb18030"),
    "chinese of everyday use": (CHINESE, "gbk", "gb18030"),
    "rare characters": (RARE, "gb18030", "gb18030"),
    "chinese in UTF-8": (CHINESE, "utf-8", "utf-8"),
    "with a mark": (CHINESE, "utf-8-sig", "utf-8"),
    "UTF-16": (CHINESE, "utf-16", "utf-16"),
    "UTF-16, the other way round": ("\ufeff" + CHINESE, "utf-16-be", "utf-16-be"),
    "UTF-16 without a mark": (CHINESE, "utf-16-le", "utf-16-le"),
    "UTF-16 without a mark, the other way round": (GERMAN, "utf-16-be", "utf-16-be"),
    "french": (FRENCH, "cp1252", "cp1252"),
    "french in UTF-8": (FRENCH, "utf-8", "utf-8"),
    "german": (GERMAN, "latin-1", "cp1252"),
    "english": (ENGLISH, "ascii", "utf-8"),
    # accents before letters, which GB 18030 could take for characters
    "accents alone": (HEADER + "p1,Près de l'été déjà là,1\n", "cp1252", "cp1252"),
}


def read(files: list[str], setting: str) -> list[tuple[str, ...]]:
    """Read files of one layout as a build does; what trying them counts is what was read."""
    (group,) = json.loads(grouped_files(files, setting))
    assert group["fault"] is None
    with know_encodings(duckdb.connect()) as connection:
        rows = connection.execute(f"from {group['relation']}").fetchall()
    assert json.loads(tried_files(files, setting, "count(columns(*))")) == {"rows": len(rows), "faults": []}
    return rows


@pytest.mark.parametrize("name", FOUND)
def test_the_encoding_is_found_and_the_text_is_whole(tmp_path: Path, name: str) -> None:
    text, written, expected = FOUND[name]
    file = tmp_path / "a [1] 茶.csv"
    file.write_bytes(text.encode(written))
    assert encoding_of(str(file), "auto") == expected
    rows = read([str(file)], "auto")
    with duckdb.connect() as connection:
        (tmp_path / "plain.csv").write_text(text.removeprefix("\ufeff"))
        plain = connection.execute(
            "from read_csv($1, header = true, all_varchar = true)", [str(tmp_path / "plain.csv")]
        ).fetchall()
    assert rows == [(*row, str(file), number) for number, row in enumerate(plain, start=1)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param((CHINESE + "p3,绿茶").encode() + b"\xff,1\n", id="a wrong byte in UTF-8"),
        pytest.param((HEADER + "p1,Чай зелёный,1\n").encode("cp1251"), id="cyrillic"),
        pytest.param((HEADER + "p1,緑茶とほうじ茶,1\n").encode("shift-jis"), id="japanese"),
        pytest.param(HEADER.encode() + b"p1,Te\xff\xfe,1\n", id="no text"),
    ],
)
def test_a_file_in_doubt_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(content)
    (fault,) = json.loads(tried_files([str(file)], "auto", "count(columns(*))"))["faults"]
    assert fault.startswith(f"File {file}, line ")
    assert "not utf-8" in fault


def test_the_setting_of_a_file_counts_before_that_of_its_folder_and_all(tmp_path: Path) -> None:
    setting = json.dumps({"default": "utf-16", "products": "latin-1", "products/cyrillic.csv": "gbk"})
    for name, expected in {
        "users.csv": "utf-16",
        "products/may.csv": "latin-1",
        "products/cyrillic.csv": "gb18030",
        "old_products/may.csv": "utf-16",
    }.items():
        assert encoding_of(str(tmp_path / name), setting) == expected


def test_what_an_encoding_lacks_is_named(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(ENGLISH.encode() + b"p2,Te\x81,1\n")
    (group,) = json.loads(grouped_files([str(file)], "windows-1252"))
    assert "line 3: expected text in cp1252, found the byte 81" in group["fault"]


def test_a_long_file_is_decoded_in_pieces(tmp_path: Path) -> None:
    # characters and lines lie across the pieces
    lines = [f"p{number},绿茶{'茶' * (number % 7)},1\n" for number in range(CHUNK // 8)]
    file = tmp_path / "products.csv"
    file.write_bytes((HEADER + "".join(lines)).encode("gb18030"))
    assert file.stat().st_size > 2 * CHUNK
    rows = read([str(file)], "auto")
    assert [f"{product_id},{name},{price}\n" for product_id, name, price, _, _ in rows] == lines
    assert [row[-1] for row in rows] == [*range(1, len(lines) + 1)]


def test_files_of_one_shop_may_differ_and_check_data_says_so(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    names = {"a": ("绿茶 龙井", "gb18030"), "b": ("Crème", "cp1252"), "c": ("茶", "utf-8")}
    folder = write_shop(
        tmp_path,
        {
            **{
                f"products/{name}.csv": f"product_id,product_name\n{name},{text}\n".encode(encoding)
                for name, (text, encoding) in names.items()
            },
            "transactions.csv": "transaction_id,order_id,user_id,product_id,quantity,net_amount,ordered_at\n"
            "t1,o1,用户1,a,1,2.50,2026-03-14\n",
        },
    )
    result = run_on_shop(shop_dbt, folder, *NO_DATA_TESTS)
    assert result.exit_code == 0, result.output
    assert f"File {folder}/products/a.csv: read as gb18030 (found in its bytes)." in result.output
    assert f"File {folder}/products/b.csv: read as windows-1252 (found in its bytes)." in result.output
    assert "c.csv: read as" not in result.output
    found = query_shop(
        built_shop(shop_dbt),
        "select source_file, product_id, product_name from cleaning.int_products_checked order by 1",
    )
    assert found == [(f"products/{name}.csv", name, text) for name, (text, _) in names.items()]

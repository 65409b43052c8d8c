"""Files and texts drawn at random: what is accepted is read in full, nothing ends in an error."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.builds import DbtRuns, attach_vault, vault_of
from support.shops import (
    CHECK_DATA,
    NO_DATA_TESTS,
    ONE_LINE,
    TWO_PRODUCTS,
    built_shop,
    documented_shop,
    query_shop,
    run_on_shop,
    write_shop,
)

READ = ("build", "--select=+int_products_checked", *NO_DATA_TESTS[2:])


@pytest.fixture(scope="module")
def shop_dbt(shop_dbt: DbtRuns) -> DbtRuns:
    """Read files in several threads, as users do."""
    return replace(shop_dbt, threads=2)


def mutated(content: bytes, draws: random.Random) -> bytes:
    """Return a CSV file with up to three small accidents."""
    accidents = [b'"', b",", b";", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf"]
    accidents += [b"'", b"\\", b" ", b"", "é".encode(), b"product_id", b"\n\n", b'""']
    for _ in range(draws.randint(0, 3)):
        start = draws.randrange(len(content) + 1)
        end = min(len(content), start + draws.choice([0, 0, 1, 5]))
        content = content[:start] + draws.choice(accidents) + content[end:]
    return content


def test_what_the_checker_accepts_is_read_in_full(shop_dbt: DbtRuns, tmp_path: Path) -> None:
    draws = random.Random(20260314)
    content = TWO_PRODUCTS + b'@3,"Tea, ""green""",3\n@4,,\n'
    folder = write_shop(
        tmp_path,
        {
            f"products/{number:03}.csv": mutated(content.replace(b"@", f"{number}-".encode()), draws)
            for number in range(150)
        }
        | {"transactions.csv": ONE_LINE},
    )

    refused = run_on_shop(shop_dbt, folder, *READ)
    assert "Traceback" not in refused.output
    faulty = set(re.findall(r"^  File (\S+?\.csv)\b", refused.output, re.MULTILINE))
    assert 20 < len(faulty) < 130
    for file in faulty:
        Path(file).unlink()

    accepted = run_on_shop(shop_dbt, folder, *READ)
    assert accepted.exit_code == 0, accepted.output
    rows_read = dict(
        query_shop(
            built_shop(shop_dbt), "select source_file, count(*) from cleaning.int_products_checked group by source_file"
        )
    )
    for file in sorted(folder.glob("products/*.csv")):
        # a second opinion on how many rows there are
        text = file.read_bytes().decode("utf-8-sig")
        delimiter = max(",;\t|", key=text.partition("\n")[0].count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
        assert rows_read.get(f"products/{file.name}", 0) == len(rows) - 1, text


@dataclass(frozen=True)
class CompiledChecks:
    """The SQL that dbt runs to judge the rows of a shop, and the shop's files.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        What was built, to be built again.
    folder : Path
        The files, read anew at each run.
    columns : dict
        Per table, the columns of its file.
    models, tests : list of (str, str)
        Relation or name, and SQL, in an order that runs.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    columns: dict[str, list[str]]
    models: list[tuple[str, str]]
    tests: list[tuple[str, str]]

    def run(self) -> list[str]:
        """Judge the files as they are; return the tests that fail."""
        for relation, sql in self.models:
            self.connection.execute(f"create or replace table {relation} as {sql}")
        return [name for name, sql in self.tests if self.connection.execute(sql).fetchone() is not None]


@pytest.fixture(scope="module")
def compiled_checks(shop_dbt: DbtRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompiledChecks]:
    """Let dbt judge a shop of every table once, then keep what it ran."""
    files = documented_shop()
    folder = write_shop(tmp_path_factory.mktemp("fuzzed"), files)
    result = run_on_shop(shop_dbt, folder, *CHECK_DATA, "--write-json")
    assert result.exit_code == 0, result.output
    assert "not in the contract" not in result.output
    database = tmp_path_factory.mktemp("compiled") / built_shop(shop_dbt).name
    for made, copy in ((built_shop(shop_dbt), database), (vault_of(built_shop(shop_dbt)), vault_of(database))):
        shutil.copy(made, copy)
    nodes = json.loads((shop_dbt.folder / "target/manifest.json").read_text())["nodes"]
    results = json.loads((shop_dbt.folder / "target/run_results.json").read_text())
    models, tests = [], []
    # in the order in which dbt finished them
    for step in results["results"]:
        node = nodes[step["unique_id"]]
        if node["resource_type"] == "test":
            tests.append((node["name"], step["compiled_code"]))
        elif node["config"]["materialized"] == "table" and node["language"] == "sql":
            models.append((step["relation_name"], step["compiled_code"]))
    assert len(models) > 10
    assert len(tests) > 20
    with duckdb.connect(str(database)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        # texts are redacted by the names that it holds
        attach_vault(connection, database)
        for name in ("inner", "outer"):
            connection.execute(f"set variable pseudonym_{name}_key = encode(repeat('k', 64))")
        columns = {name.removesuffix(".csv"): text.partition("\n")[0].split(",") for name, text in files.items()}
        yield CompiledChecks(connection, folder, columns, models, tests)


IDS = ["1", "2", "u-1001", "p-1", "k-1", "c-1", " 1 ", "É"]
MOMENTS = ["2026-03-01", "2026-03-01 10:00:00", "01.03.2026", "03/04/2026", "1970-01-01"]
MOMENTS += ["99999-12-31", "0001-01-01", "infinity", "2026-02-30", "2099-01-01"]
NUMBERS = ["1", "-1", "0", "2.50", "1e400", "1e15", "nan", "-inf", "$1,234.50", "(3,00 €)"]
WORDS = ["", "NULL", "true", "no", "returned", "Adjusted", "holdout", "EUR", "CafÃ©", "ÿþ"]
cells = st.one_of(st.sampled_from(IDS + MOMENTS + NUMBERS + WORDS), st.text(st.characters(codec="utf-8"), max_size=8))


def cells_of(column: str) -> st.SearchStrategy[str]:
    """Mostly what belongs into a column, so that rows get past the first check."""
    if column.endswith("_id"):
        likely = st.sampled_from(IDS[:5])
    elif column.endswith(("_at", "_on", "_date")):
        likely = st.sampled_from(MOMENTS[:3])
    else:
        likely = st.sampled_from(NUMBERS[:4] + WORDS)
    return st.one_of(likely, likely, likely, cells)


@settings(
    # few of many rows: a run costs its 60 statements, not its rows
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_text_is_judged_without_an_error(compiled_checks: CompiledChecks, data: st.DataObject) -> None:
    row_counts = {}
    for table, columns in compiled_checks.columns.items():
        rows = data.draw(st.lists(st.tuples(*map(cells_of, columns)), max_size=9), label=table)
        # and some come twice
        rows += rows[: data.draw(st.integers(0, 2))]
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([columns, *rows])
        write_shop(compiled_checks.folder, {f"{table}.csv": text.getvalue()})
        row_counts[table] = len(rows)

    failed = compiled_checks.run()

    assert set(failed) <= {"data_quality__no_rule_is_above_its_threshold"}
    for table, row_count in row_counts.items():
        judged = compiled_checks.connection.execute(f"select count(*) from cleaning.int_{table}_checked").fetchone()
        assert judged == (row_count,), table

"""plant_dirt strikes the share asked for, and lists all that it struck."""

from __future__ import annotations

import itertools
import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from math import sqrt
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER
from support.dirt_targets import CLEAN_TABLES, KEYS, REQUESTS, TARGETS, TEXT_KINDS

from demo_shop.dirt import plant_dirt

ROWS = 2000
SEED = 7
# A chance of one in two million per number compared.
STANDARD_ERRORS = 5


@dataclass(frozen=True)
class Planting:
    """A run of plant_dirt: what was asked, printed, written and listed."""

    shares: dict[str, float]
    printed: str
    folder: Path
    planted: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple]:
        """Query `planted_dirt`, `<table>_clean` and `<table>_dirty`."""
        return self.planted.execute(query).fetchall()

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table with their types, less the row number."""
        described = self.rows(f"describe {table}")
        return {row[0]: row[1] for row in described if row[0] != "file_row"}


@pytest.fixture(scope="module")
def clean_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "clean"
    folder.mkdir()
    with duckdb.connect() as connection:
        for table, query in CLEAN_TABLES.items():
            rows = connection.sql(query.format(rows=ROWS))
            rows.write_parquet(str(folder / f"{table}.parquet"))
    return folder


@contextmanager
def printed_lines() -> Iterator[list[str]]:
    """Collect what the command prints meanwhile."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("demo_shop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)


def plant(clean_shop: Path, folder: Path, shares: dict[str, float], seed: int) -> Planting:
    """Run plant_dirt and open what it left."""
    folder.mkdir(exist_ok=True)
    dirty_shop, warehouse = folder / "dirty", folder / "planted.duckdb"
    with printed_lines() as printed:
        plant_dirt(clean_shop, dirty_shop, warehouse, seed, shares)
    connection = duckdb.connect()
    connection.execute(f"attach '{warehouse}' as run (read_only)")
    connection.execute("create table planted_dirt as from run.truth.planted_dirt")
    connection.execute("detach run")
    for entity in KEYS:
        for state, shop in (("clean", clean_shop), ("dirty", dirty_shop)):
            connection.execute(f"""
                create table {entity}_{state} as
                select * exclude (file_row_number), file_row_number + 1 as file_row
                from read_parquet(
                    '{shop}/{entity}.parquet', file_row_number = true
                )
            """)
    return Planting(shares, "\n".join(printed), dirty_shop, connection)


@pytest.fixture(scope="module", params=REQUESTS.values(), ids=REQUESTS.keys())
def planting(
    request: pytest.FixtureRequest, clean_shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planting]:
    folder = tmp_path_factory.mktemp("planting")
    planting = plant(clean_shop, folder, request.param, SEED)
    yield planting
    planting.planted.close()


def test_each_target_gets_its_share(planting: Planting) -> None:
    found = {
        tuple(row[:5]): row[5]
        for row in planting.rows("""
            select
                kind, entity, column_name, expected_status, expected_reason, count(*)
            from planted_dirt group by all
        """)
    }
    off = {}
    for kind, share in planting.shares.items():
        in_table = Counter(target.entity for target in TARGETS[kind])
        for target in TARGETS[kind]:
            named = (kind, *astuple(target)[:4])
            eligible = planting.rows(f"select count(*) from {target.entity}_clean where {target.eligible}")[0][0]
            part = share / in_table[target.entity]
            error = STANDARD_ERRORS * sqrt(eligible * part * (1 - part))
            count = found.pop(named, 0)
            if abs(count - eligible * part) > error or not eligible:
                off[named] = (count, eligible * part)
    assert off == {}
    assert found == {}


def test_what_is_listed_stands_in_the_file(planting: Planting) -> None:
    wrong = [
        (entity, column)
        for entity, column in planting.rows("""
            select distinct entity, column_name from planted_dirt
            where column_name is not null
        """)
        if planting.rows(f"""
            select 1 from planted_dirt
            left join {entity}_clean as clean on source_row = clean.file_row
            left join {entity}_dirty as dirty on source_row = dirty.file_row
            where
                entity = '{entity}'
                and column_name = '{column}'
                and (
                    dirty.file_row is null
                    or cast(dirty.{column} as varchar) is distinct from dirty_value
                    or cast(clean.{column} as varchar) is distinct from clean_value
                    or dirty_value is not distinct from clean_value
                    or row_key is distinct from (
                        select {KEYS[entity]} from {entity}_clean as keyed
                        where keyed.file_row = source_row
                    )
                )
        """)
    ]
    assert wrong == []


def test_what_is_not_listed_is_clean(planting: Planting) -> None:
    # the list names one column of the two that were swapped
    unlike = [
        (entity, column)
        for entity in KEYS
        for column in planting.columns(f"{entity}_clean")
        if planting.rows(f"""
            select 1 from {entity}_clean as clean
            left join {entity}_dirty as dirty using (file_row)
            anti join planted_dirt on
                entity = '{entity}'
                and source_row = file_row
                and (
                    column_name = '{column}'
                    or (kind = 'swapped_columns' and '{column}' = 'product_id')
                )
            where
                dirty.file_row is null
                or cast(dirty.{column} as varchar)
                is distinct from cast(clean.{column} as varchar)
        """)
    ]
    assert unlike == []


def test_a_row_carries_one_piece_of_dirt(planting: Planting) -> None:
    assert (
        planting.rows("""
            select entity, source_row from planted_dirt group by all having count(*) > 1
        """)
        == []
    )


def test_copies_follow_the_last_row_and_are_of_clean_rows(planting: Planting) -> None:
    for entity, key in KEYS.items():
        columns = ", ".join(planting.columns(f"{entity}_clean"))
        copies = planting.rows(f"""
            select file_row, {key}, {columns} from {entity}_dirty
            where file_row > {ROWS} order by file_row
        """)
        originals = planting.rows(f"""
            select source_row, row_key, {columns} from planted_dirt
            inner join {entity}_dirty on row_key = {key} and file_row <= {ROWS}
            anti join planted_dirt as struck on
                struck.entity = '{entity}' and struck.source_row = file_row
            where kind = 'duplicates' and entity = '{entity}'
            order by source_row
        """)
        assert copies == originals
        assert len({row[1] for row in copies}) == len(copies)
        assert bool(copies) == ("duplicates" in planting.shares)


def test_a_column_is_text_only_where_text_was_planted(planting: Planting) -> None:
    for entity in KEYS:
        made_text = {
            target.column
            for kind in TEXT_KINDS & planting.shares.keys()
            for target in TARGETS[kind]
            if target.entity == entity
        }
        assert planting.columns(f"{entity}_dirty") == {
            column: "VARCHAR" if column in made_text else data_type
            for column, data_type in planting.columns(f"{entity}_clean").items()
        }


def reads_as_date(text: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    if len(numbers) < 3:
        return False
    for year, month, day in itertools.permutations(numbers):
        with suppress(ValueError):
            date(year, month, day)
            return True
    return False


def amount_in(text: str) -> Decimal:
    whole, cents = re.fullmatch(r"\D*(\d[\d., ]*)[.,](\d\d)\D*", text).groups()
    return Decimal(re.sub(r"\D", "", whole) + "." + cents)


# Per kind of which values can be judged: whether the dirty one is such dirt.
IS_SUCH_DIRT: dict[str, Callable[[str, str], bool]] = {
    "broken_dates": lambda clean, dirty: not reads_as_date(dirty),
    "negative_quantities": lambda clean, dirty: Decimal(dirty) == -Decimal(clean) < 0,
    "mixed_encodings": lambda clean, dirty: dirty.encode("latin-1").decode("utf-8") == clean,
    "case_and_whitespace": lambda clean, dirty: " ".join(dirty.split()).lower() == clean.lower(),
    "currency_strings": lambda clean, dirty: amount_in(dirty) == Decimal(clean),
    "out_of_range_ages": lambda clean, dirty: (
        1200 <= int(dirty) <= 1899 or 2100 <= int(dirty) <= 2999 or int(dirty) < 0
    ),
    "clock_skew": lambda clean, dirty: (
        dirty[:4] in ("1970", "1971") or (int(dirty[:4]) == int(clean[:4]) + 40 and dirty[4:] == clean[4:])
    ),
}


def test_dirt_is_of_its_kind_and_takes_several_forms(planting: Planting) -> None:
    for kind in IS_SUCH_DIRT.keys() & planting.shares.keys():
        values = planting.rows(f"""
            select distinct clean_value, dirty_value from planted_dirt
            where kind = '{kind}' order by all
        """)
        assert [pair for pair in values if not IS_SUCH_DIRT[kind](*pair)] == []
        assert len(values) > 1


def test_unknown_ids_stand_in_no_clean_file(planting: Planting) -> None:
    unknown = "select dirty_value from planted_dirt where kind = 'unknown_ids'"
    ids = [
        (entity, column) for entity in KEYS for column in planting.columns(f"{entity}_clean") if column.endswith("_id")
    ]
    assert ("users", "user_id") in ids
    for entity, column in ids:
        held = planting.rows(f"select 1 from {entity}_clean where {column} in ({unknown})")
        assert held == []


def test_rows_keep_their_places_in_a_file_of_many_row_groups(tmp_path: Path) -> None:
    # DuckDB writes 122 880 rows to a group, and groups side by side
    (tmp_path / "clean").mkdir()
    contacts = CLEAN_TABLES["campaign_contacts"].format(rows=600_000)
    with duckdb.connect() as connection:
        connection.sql(contacts).write_parquet(str(tmp_path / "clean" / "campaign_contacts.parquet"))
        plant_dirt(tmp_path / "clean", tmp_path / "dirty", tmp_path / "planted.duckdb", 1, {"duplicates": 0.02})
        moved, copied = connection.execute(f"""
            select
                count(*) filter (
                    file_row_number < 600_000 and user_id <> 'u' || file_row_number
                ),
                count(*) filter (file_row_number >= 600_000)
            from read_parquet('{tmp_path}/dirty/*.parquet', file_row_number = true)
        """).fetchone()
    assert moved == 0
    assert copied > 0


def test_a_line_per_table_says_what_was_planted(planting: Planting) -> None:
    for entity in KEYS:
        row_count = planting.rows(f"select count(*) from {entity}_dirty")[0][0]
        line = re.search(rf"^  {entity} +(\d+) rows   (.*)$", planting.printed, re.M)
        assert int(line[1]) == row_count
        counts = planting.rows(f"""
            select kind, count(*) from planted_dirt where entity = '{entity}' group by 1
        """)
        printed = dict(re.findall(r"(\w+) (\d+)", line[2]))
        assert printed == {kind: str(count) for kind, count in counts}


@pytest.mark.parametrize("planting", [REQUESTS["a tenth of each kind"]], indirect=True, ids=["a tenth"])
def test_a_seed_gives_the_same_dirt_each_time_and_another_seed_other_dirt(
    planting: Planting, clean_shop: Path, tmp_path: Path
) -> None:
    again = plant(clean_shop, tmp_path / "again", planting.shares, seed=SEED)
    other = plant(clean_shop, tmp_path / "other", planting.shares, seed=SEED + 1)
    in_order = "select * from planted_dirt order by all"
    assert planting.rows(in_order) == again.rows(in_order) != other.rows(in_order)
    for entity in KEYS:
        file = f"{entity}.parquet"
        written = (planting.folder / file).read_bytes()
        assert written == (again.folder / file).read_bytes()
        assert written != (other.folder / file).read_bytes()


def test_each_fault_of_a_request_gets_a_sentence(clean_shop: Path, tmp_path: Path) -> None:
    refused = subprocess.run(
        [
            *(sys.executable, "-m", "demo_shop.dirt", "--seed", "x"),
            *("--clean-folder", clean_shop, "--dirty-folder", tmp_path / "dirty"),
            *("--warehouse", tmp_path / "planted.duckdb", "rust=0.1", "nulls=1.5"),
            *("clock_skew=some", "duplicates=nan", "unknown_ids=-1"),
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT_FOLDER,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stdout == ""
    for line, sentence in zip(
        refused.stderr.splitlines(),
        (
            "seed: expected a whole number, found x.",
            "unknown kind 'rust', expected one of duplicates, nulls, ",
            "share of nulls: expected a number from 0 to 1, found 1.5.",
            "share of clock_skew: expected a number from 0 to 1, found some.",
            "share of duplicates: expected a number from 0 to 1, found nan.",
            "share of unknown_ids: expected a number from 0 to 1, found -1.",
        ),
        strict=True,
    ):
        assert line.startswith(f"demo_shop.dirt: {sentence}")
    assert not (tmp_path / "dirty").exists()


def assert_refused(sentence: str, clean: Path, dirty: Path, shares: dict[str, float]) -> None:
    """Assert that plant_dirt refuses with this sentence."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        plant_dirt(clean, dirty, dirty.parent / "planted.duckdb", 1, shares)


def test_a_share_that_is_true_is_refused(clean_shop: Path, tmp_path: Path) -> None:
    sentence = "share of duplicates: expected a number from 0 to 1, found True."
    assert_refused(sentence, clean_shop, tmp_path / "dirty", {"duplicates": True})


def test_shares_above_one_together_are_refused(clean_shop: Path, tmp_path: Path) -> None:
    assert_refused(
        "that strike table events add up to 1.1, above 1",
        clean_shop,
        tmp_path / "dirty",
        {"nulls": 0.6, "clock_skew": 0.5},
    )
    assert not (tmp_path / "dirty").exists()


def test_a_folder_without_clean_tables_is_refused(tmp_path: Path) -> None:
    assert_refused(
        f"expected clean tables in {tmp_path / 'none'}, found none.",
        tmp_path / "none",
        tmp_path / "dirty",
        {"nulls": 0.1},
    )


def test_the_clean_folder_is_never_written_to(clean_shop: Path) -> None:
    before = (clean_shop / "users.parquet").read_bytes()
    sentence = "the dirty folder must be another than the clean one"
    assert_refused(sentence, clean_shop, clean_shop, {"nulls": 0.1})
    assert (clean_shop / "users.parquet").read_bytes() == before

"""Plants dirt in a copy of a shop: `python -m demo_shop.dirt --seed 1 nulls=0.01`.

The kinds of dirt are the rows of dirt_rules.csv, one per column that a kind may strike
(none: whole rows). The SQL is composed here, because which columns are struck, and
become text by it, depends on what is asked.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demo_shop.shop import SQL_FOLDER, default_folder, default_warehouse, open_warehouse, run_file

# What names a row, per entity; dirt is planted in no others.
KEYS = {
    "users": "user_id",
    "products": "product_id",
    "transactions": "transaction_id",
    "events": "event_id",
    "stock_levels": "product_id, location_id, counted_at",
    "reviews": "review_id",
    "campaigns": "campaign_id",
    "campaign_contacts": "campaign_id, user_id",
    "coupons": "coupon_id, product_id, campaign_id",
    "coupon_redemptions": "redemption_id",
    "point_movements": "movement_id",
    "promotions": "product_id, location_id, week_start_date",
}

log = logging.getLogger("demo_shop")


@dataclass(frozen=True)
class Target:
    """A rule of dirt_rules.csv, and the rows of its entity that it strikes.

    Parameters
    ----------
    number : int
        From 0 within the entity.
    first_draw, last_draw : float
        The interval of a row's draw from [0, 1) that hits this target.
    rule : dict of str to str
        The row of dirt_rules.csv.
    """

    number: int
    first_draw: float
    last_draw: float
    rule: dict[str, str]

    def expression(self, name: str) -> str:
        """Return a SQL expression of the rule, with the row's draws put in."""
        drawn = {
            draw: f"uniform('{self.rule['entity']} {self.rule['kind']} {purpose}', source_row)"
            for draw, purpose in (("draw", "variant"), ("second_draw", "value"))
        }
        return self.rule[name].format(**drawn)


def plant_dirt(clean_folder: Path, dirty_folder: Path, warehouse: Path, seed: int, shares: dict[str, float]) -> None:
    """Write a dirty copy of a folder of clean tables, and what was planted where.

    A row gets at most one fault. What was planted stands in
    ``truth.planted_dirt`` of the database, a row each: a copied row names no column and
    no values; of a swap the list names user_id, and product_id holds the clean user_id.

    Parameters
    ----------
    clean_folder : Path
        Holds ``<table>.parquet``.
    dirty_folder : Path
        Gets the same files; row i of a dirty file is row i of the clean one, and the
        copies of rows come after.
    warehouse : Path
        The database that gets ``truth.planted_dirt``.
    seed : int
        The same one gives the same files.
    shares : dict of str to float
        Per kind of dirt which share, 0 to 1, of the rows that it may strike. Where a
        kind strikes several columns of a table, they divide its share evenly.

    Raises
    ------
    ValueError
        A sentence per fault of the request.
    """
    rules = _read_rules()
    _check_request(seed, shares, list(dict.fromkeys(rule["kind"] for rule in rules)))
    if clean_folder.resolve() == dirty_folder.resolve():
        raise ValueError(f"the dirty folder must be another than the clean one, {clean_folder}.")
    files = sorted(clean_folder.glob("*.parquet"))
    if not files:
        raise ValueError(f"expected clean tables in {clean_folder}, found none.")
    with open_warehouse(warehouse) as connection:
        connection.execute("set variable seed = $1", [seed])
        run_file(connection, "functions")
        targets = {file: _find_targets(connection, file, rules, shares) for file in files}
        run_file(connection, "dirt")
        dirty_folder.mkdir(parents=True, exist_ok=True)
        log.info(f"Dirty tables in {dirty_folder}")
        for file in files:
            _plant(connection, file, dirty_folder / file.name, targets[file])


def _read_rules() -> list[dict[str, str]]:
    with (SQL_FOLDER / "dirt_rules.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _check_request(seed: object, shares: dict[str, object], kinds: list[str]) -> None:
    faults = []
    if not isinstance(seed, int):
        faults.append(f"seed: expected a whole number, found {seed}.")
    for kind, share in shares.items():
        if kind not in kinds:
            faults.append(f"unknown kind '{kind}', expected one of {', '.join(kinds)}.")
        elif type(share) not in (int, float) or not 0 <= share <= 1:
            faults.append(f"share of {kind}: expected a number from 0 to 1, found {share}.")
    if faults:
        raise ValueError("\n".join(faults))


def _columns(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    described = connection.execute("describe from read_parquet($1)", [str(file)])
    return {row[0]: row[1] for row in described.fetchall()}


def _find_targets(
    connection: duckdb.DuckDBPyConnection, file: Path, rules: list[dict[str, str]], shares: dict[str, float]
) -> list[Target]:
    """Return what is struck in a table, each with an interval of draws to itself."""
    columns = ["", *_columns(connection, file)]
    targets, taken = [], 0.0
    for kind, share in shares.items():
        struck = [
            rule
            for rule in rules
            if (rule["kind"], rule["entity"]) == (kind, file.stem) and rule["column_name"] in columns
        ]
        if not share or not struck:
            continue
        for number, rule in enumerate(struck):
            first, last = (taken + share * (number + end) / len(struck) for end in (0, 1))
            targets.append(Target(len(targets), first, last, rule))
        taken += share
    # decimal shares that make up 1 may add up to a little more
    if taken > 1 + 1e-9:
        raise ValueError(
            f"the shares that strike table {file.stem} add up to {taken:.6g}, above 1; a row gets at most one fault."
        )
    return targets


def _plant(connection: duckdb.DuckDBPyConnection, clean: Path, dirty: Path, targets: list[Target]) -> None:
    """Write a table's dirty file, list what was planted in it, and log how much."""
    (row_count,) = connection.execute(
        f"copy ({_dirty_rows(connection, clean, targets)}) to {_literal(dirty)} (format parquet)"
    ).fetchone()
    planted = {target.rule["kind"]: 0 for target in targets}
    if targets:
        connection.execute(_planted_rows(clean, targets))
        planted |= connection.execute(
            "select kind, count(*) from truth.planted_dirt where entity = $1 group by kind", [clean.stem]
        ).fetchall()
    counts = ", ".join(f"{kind} {count}" for kind, count in planted.items())
    log.info(f"  {clean.stem:<20} {row_count:>10} rows   {counts or 'clean'}")


def _cases(values: dict[int, str]) -> str:
    return " ".join(f"when {number} then {value}" for number, value in values.items())


def _struck_rows(clean: Path, targets: list[Target], readings: int = 1) -> str:
    """Return CTEs that end in struck_rows: clean rows with target and dirty value.

    Read several times, the table comes as often, one reading after the other.
    """
    aims = " ".join(
        f"when target_draw >= {target.first_draw!r}"
        f" and target_draw < {target.last_draw!r}"
        f" and ({target.expression('eligible')}) then {target.number}"
        for target in targets
    )
    clean_values, dirty_values = (
        _cases({each.number: f"cast({value(each)} as varchar)" for each in targets})
        for value in (
            lambda target: target.rule["column_name"] or "null",
            lambda target: target.expression("dirty_value"),
        )
    )
    return f"""
        numbered_rows as (
            select *, file_row_number + 1 as source_row, file_index as reading
            from read_parquet(
                [{", ".join([_literal(clean)] * readings)}], file_row_number = true
            )
        ),
        drawn_rows as (
            select *, uniform('{clean.stem} target', source_row) as target_draw
            from numbered_rows
        ),
        aimed_rows as (
            select *, case {aims} end as target_number from drawn_rows
        ),
        struck_rows as (
            select
                *,
                case target_number {clean_values} end as clean_value,
                case target_number {dirty_values} end as dirty_value
            from aimed_rows
        )
    """


def _dirty_rows(connection: duckdb.DuckDBPyConnection, clean: Path, targets: list[Target]) -> str:
    """Return the query of a dirty file.

    One scan reads the table a second time for the copies: DuckDB keeps the order of a
    scan, but mixes the branches of a union.
    """
    if not targets:
        return f"from read_parquet({_literal(clean)})"
    columns = _columns(connection, clean)
    copied = [str(each.number) for each in targets if not each.rule["column_name"]]
    return f"""
        with {_struck_rows(clean, targets, readings=1 + len(copied))}
        select {", ".join(_dirty_column(*each, targets) for each in columns.items())}
        from struck_rows
        where reading = 0 or target_number in ({", ".join(copied) or "null"})
    """


def _dirty_column(name: str, data_type: str, targets: list[Target]) -> str:
    """Return a column: text as soon as one of its targets makes it text."""
    struck = [target for target in targets if target.rule["column_name"] == name]
    swapped = [target for target in targets if target.rule["swaps_with"] == name]
    if not struck and not swapped:
        return f'"{name}"'
    if swapped or any(target.rule["is_text"] == "true" for target in struck):
        data_type = "varchar"
    values = {target.number: "dirty_value" for target in struck}
    values |= {target.number: target.rule["column_name"] for target in swapped}
    whens = _cases({each: f"cast({values[each]} as {data_type})" for each in values})
    clean = f'cast("{name}" as {data_type})'
    return f'case target_number {whens} else {clean} end as "{name}"'


def _planted_rows(clean: Path, targets: list[Target]) -> str:
    """Return the statement that lists what was planted in a table."""
    listed = ", ".join(
        f"({target.number}, '{target.rule['kind']}', "
        f"nullif('{target.rule['column_name']}', ''), "
        f"'{target.rule['expected_status']}', '{target.rule['expected_reason']}')"
        for target in targets
    )
    return f"""
        insert into truth.planted_dirt by name
        with {_struck_rows(clean, targets)},
        targets (
            target_number, kind, column_name, expected_status, expected_reason
        ) as (
            values {listed}
        )
        select
            targets.kind,
            '{clean.stem}' as entity,
            targets.column_name,
            concat_ws('/', {KEYS[clean.stem]}) as row_key,
            struck_rows.clean_value,
            struck_rows.dirty_value,
            targets.expected_status,
            targets.expected_reason,
            case
                when targets.column_name is not null then struck_rows.source_row
                -- the n-th copy is n rows below the last clean row
                else (select count(*) from numbered_rows) + row_number() over (
                    partition by targets.kind order by struck_rows.source_row
                )
            end as source_row
        from struck_rows
        inner join targets on struck_rows.target_number = targets.target_number
        order by source_row
    """


def _literal(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


def main() -> None:
    """Plant what the command line asks for, or say what is wrong with it."""
    clean, first_line = default_folder(), __doc__.split("\n")[0]
    parser = argparse.ArgumentParser("demo_shop.dirt", description=first_line)
    parser.add_argument("shares", nargs="+", metavar="KIND=SHARE")
    parser.add_argument("--seed", required=True)
    parser.add_argument("--clean-folder", type=Path, default=clean)
    dirty = clean.with_name(f"dirty_{clean.name}")
    parser.add_argument("--dirty-folder", type=Path, default=dirty)
    parser.add_argument("--warehouse", type=Path, default=default_warehouse())
    given = vars(parser.parse_args())
    given["seed"] = _number(given["seed"])
    named = [each.partition("=") for each in given["shares"]]
    given["shares"] = {kind: _number(share) for kind, _, share in named}
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    try:
        plant_dirt(**given)
    except (ValueError, OSError, duckdb.IOException) as error:
        faults = str(error).splitlines()
        sys.exit("\n".join(f"demo_shop.dirt: {fault}" for fault in faults))


def _number(text: str) -> int | float | str:
    """Return a number, or the text that is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


if __name__ == "__main__":
    main()

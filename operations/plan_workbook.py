"""Writes the plan as a workbook with drop-downs, and reads it back into the seeds.

    python -m operations.plan_workbook                 # make plan-workbook
    python -m operations.plan_workbook <shop>.xlsx     # make plan-workbook FILE=...

A sheet per seed has the shop's rows; the last one shows what `make check-plan` prints. A
workbook is read whole or not at all: seeds are written once the plan in it has no fault.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import duckdb

from operations.build.ledger import LedgerError
from operations.launch.__main__ import check
from operations.launch.database_copy import RefusedError, copied
from operations.launch.exported import held
from operations.places import PROJECT_FOLDER, SHOP, WAREHOUSE, shown
from operations.plan_files import PlanFileError
from operations.plan_sheets import Plan, WorkbookError, fingerprint, read_workbook, write_workbook
from operations.plan_tables import SEEDS, kept_texts, read_seed

FOLDER = PROJECT_FOLDER / "seeds" / "campaigns"
DEFAULT = PROJECT_FOLDER / f"{SHOP}.plan.xlsx"
SENTENCE = re.compile(r"Seed (\w+), (\w+) (.*?), column (\w+): (expected .*, found (.*)\.)$")


def write(file: Path) -> str:
    """Write the plan as it stands; refuse to write over changes that nobody has read."""
    plan = {seed: read_seed(FOLDER, seed).of(SHOP) for seed in SEEDS}
    if file.exists():
        held_rows, written = read_workbook(file, SHOP)
        if fingerprint(held_rows) not in (written, fingerprint(plan)):
            raise RefusedError(
                f"{shown(file)} has changes that the seeds lack. Read it (make plan-workbook FILE={shown(file)}),"
                " or move it away."
            )
    told, _ = _told(FOLDER)
    _put(file, plan, told)
    return f"Wrote the plan of {SHOP} to {shown(file)}. To read it back: make plan-workbook FILE={shown(file)}\n"


def read(file: Path) -> str:
    """Read a workbook into the seeds, if the plan in it has no fault; then write it anew."""
    if not file.is_file():
        raise RefusedError(f"{file}: expected a workbook, found no file.")
    rows, written = read_workbook(file, SHOP)
    tables = {seed: read_seed(FOLDER, seed) for seed in SEEDS}
    plan = {seed: tables[seed].of(SHOP) for seed in SEEDS}
    if written != fingerprint(plan) and fingerprint(rows) != fingerprint(plan):
        raise RefusedError(
            f"the seeds have changed since {shown(file)} was written, and reading it would undo that. Move it away,"
            " write a new one (make plan-workbook) and repeat your changes there."
        )
    changed = {}
    for seed, table in tables.items():
        kept = kept_texts(seed, table.of(SHOP), rows[seed])
        if kept != table.of(SHOP):
            changed[seed] = table.text_with(SHOP, kept)
    with tempfile.TemporaryDirectory() as place:
        candidate = Path(shutil.copytree(FOLDER, Path(place) / "seeds" / "campaigns"))
        for seed, text in changed.items():
            (candidate / f"{seed}.csv").write_text(text, encoding="utf-8")
        told, faults = _told(candidate)
    if faults:
        raise RefusedError("\n".join(_of_sheet(fault, rows) for fault in faults))
    _replace(FOLDER, {f"{seed}.csv": text for seed, text in changed.items()})
    _put(file, {seed: read_seed(FOLDER, seed).of(SHOP) for seed in SEEDS}, told)
    sys.stdout.write("\n".join(told) + "\n")
    names = ", ".join(sorted(changed))
    return f"Wrote seeds {names} from {shown(file)}.\n" if changed else f"{shown(file)} changes nothing.\n"


def _replace(folder: Path, texts: dict[str, str]) -> None:
    """Write files anew, all or none: of what has been replaced when one fails, the former text comes back."""
    new, former = ({name: folder / f".{name}.{kind}" for name in texts} for kind in ("new", "former"))
    replaced = []
    try:
        # a full disk is found before anything is replaced
        for name, text in texts.items():
            former[name].write_bytes((folder / name).read_bytes())
            new[name].write_text(text, encoding="utf-8")
        for name in texts:
            new[name].replace(folder / name)
            replaced.append(name)
    except BaseException:
        for name in replaced:
            former[name].replace(folder / name)
        raise
    finally:
        for file in (*new.values(), *former.values()):
            file.unlink(missing_ok=True)


def _told(folder: Path) -> tuple[list[str], list[str]]:
    """Return what check-plan tells of the seeds in a folder, and the faults among it."""
    os.environ["PLAN_FOLDER"] = str(folder)
    told = io.StringIO()
    try:
        with held(WAREHOUSE), copied(WAREHOUSE) as copy, redirect_stdout(told):
            last = check(copy)
    except RefusedError as error:
        faults = [line for line in str(error).splitlines() if line.startswith(("Seed ", "File "))]
        if not faults:
            raise
        return str(error).splitlines(), faults
    finally:
        del os.environ["PLAN_FOLDER"]
    return (told.getvalue() + last).splitlines(), []


def _put(file: Path, plan: Plan, told: list[str]) -> None:
    """Write a workbook beside its place, then rename it."""
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        choices = dict(
            connection.execute(
                "select column_name, list(choice order by choice) from plan.plan_choices group by all"
            ).fetchall()
        )
    new = file.with_name(f".{file.name}")
    write_workbook(new, SHOP, plan, choices, told)
    new.replace(file)


def _of_sheet(fault: str, rows: dict[str, list[tuple[int, dict[str, str | None]]]]) -> str:
    """Name sheet and row in place of the seed, where the fault is of a row of the workbook."""
    found = SENTENCE.match(fault)
    if not found:
        return fault
    seed, key, name, column, expected, value = found.groups()
    same = [(number, row) for number, row in rows[seed] if (row.get(key) or "(none)") == name]
    exact = [number for number, row in same if (row.get(column) or "nothing") == value]
    numbers = exact or [number for number, _ in same]
    if not numbers:
        return fault
    label = "row" if len(numbers) == 1 else "rows"
    return f"Sheet {seed}, column {column}, {label} {', '.join(map(str, numbers))}: {expected}"


def main(arguments: list[str]) -> int:
    """Write a workbook, or read the one that is named; return 1 where it is refused."""
    try:
        sys.stdout.write(read(Path(arguments[0])) if arguments and arguments[0] else write(DEFAULT))
    except (RefusedError, LedgerError, PlanFileError, WorkbookError, OSError) as error:
        sys.stderr.write(f"Nothing was written: {error}\n")
        return 1
    except duckdb.CatalogException:
        sys.stderr.write("Nothing was written: the database is of an earlier version of the project. Run make build.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Runs the SQL files that make the synthetic shop, in the order declared here."""

from __future__ import annotations

import logging
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from demo_shop.ledger import keep_ledger

SQL_FOLDER = Path(__file__).parent
PROJECT_FOLDER = SQL_FOLDER.parent
SETUP = ("settings", "functions", "words", "catalogue", "planned")
# Per folder its SQL files, in the order in which they read each other.
ORDER = {
    "steps": (
        *("festivals", "buying_days", "persons", "spells", "assortment", "supply"),
        *("launches", "deals", "deal_keys", "campaign_plan", "coupon_plan", "audience", "offers"),
        *("responses", "arrivals", "visits", "wanted_lines", "ledger"),
    ),
    "files": (
        *("users", "products", "transactions", "events", "stock_levels", "reviews"),
        *("campaigns", "campaign_contacts", "coupons", "coupon_redemptions"),
        *("point_movements", "promotions"),
    ),
    "truth": (
        *("lapse_probabilities", "users", "offer_effects", "offer_values"),
        *("elasticities", "fraudulent_orders", "guest_orders", "stock_days", "deliveries"),
        "parameters",
    ),
}
# Where the clock of the project counts as wrong, 2000, later by six years: accounts are
# up to a year, products five years older than the data.
EARLIEST_FIRST_DATE = date(2006, 1, 1)
# What order ids of 36 bits can hold: 16 slots a day, and guests beside the users.
MOST_USER_DAYS = 2**36 // 18

log = logging.getLogger("demo_shop")


def make_shop(folder: Path, warehouse: Path, plan: Path | None = None, **given: object) -> None:
    """Write a shop's raw files, and the truth behind them; log a line per step.

    The same arguments give the same rows, whatever the number of threads. A shop that
    grows, as in tests/simulation, is made anew with more `days` of the same
    `horizon_days`, which the last date ends: what happened stays as it was.

    Parameters
    ----------
    folder : Path
        Where one Parquet file per table of the contract is written.
    warehouse : Path
        The database that gets the schema ``truth``.
    plan : Path, optional
        A folder whose campaigns.parquet says what is offered when, from day
        `history_days` on, and whose contacts.parquet says who is in which arm.
    **given : object
        ``users``, ``days``, ``seed``, ``horizon_days``, ``history_days``; where None or
        missing, ``demo_shop`` of dbt_project.yml holds.

    Raises
    ------
    ValueError
        One sentence on what is wrong.
    """
    start = time.perf_counter()
    variables = _variables(given)
    variables |= {"has_plan": plan is not None, "folder": str(folder)}
    row_counts = {}
    with open_warehouse(warehouse) as connection:
        for name, value in variables.items():
            connection.execute(f"set variable {name} = $1", [value])
        for name in SETUP:
            run_file(connection, name)
        if plan is not None:
            _read_plan(connection, plan)
        folder.mkdir(parents=True, exist_ok=True)
        for kind, names in ORDER.items():
            if kind == "truth":
                connection.execute("create schema if not exists truth")
                connection.execute("set variable row_counts = $1", [row_counts])
            for name in names:
                if name == "offer_values" and plan is None:
                    continue
                rows = _run_step(connection, kind, name, folder)
                if kind == "files":
                    row_counts[f"{name}_rows"] = rows
    log.info(
        f"Made the shop of {variables['users']:,} users over {variables['days']} days, "
        f"seed {variables['seed']}: {sum(row_counts.values()):,} rows in "
        f"{time.perf_counter() - start:.1f} s, in {folder}"
    )


def project_vars() -> dict[str, Any]:
    """Return ``vars`` of dbt_project.yml."""
    text = (PROJECT_FOLDER / "dbt_project.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["vars"]


def default_folder() -> Path:
    """Return the folder of the shop's files.

    Not SHOP_DIR, which may name the files of a shop of one's own.
    """
    named = os.environ.get("DEMO_SHOP_DIR")
    return Path(named or project_vars()["shops"]["demo_shop"]["folder"])


def default_warehouse() -> Path:
    """Return the database that gets the truth: WAREHOUSE, or the shop's own."""
    return Path(os.environ.get("WAREHOUSE") or "warehouse/demo_shop.duckdb")


def open_warehouse(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """Open a database, or say in one sentence why it cannot be opened."""
    if warehouse.stem == "truth":
        raise ValueError("expected a database that is not named as its schema, truth.")
    named = {"threads": "THREADS", "memory_limit": "MEMORY_LIMIT"}
    config = {option: os.environ[name] for option, name in named.items() if name in os.environ}
    try:
        return duckdb.connect(str(warehouse), config=config)
    except duckdb.IOException as error:
        cause = str(error).split(" See also ")[0].removeprefix("IO Error: ")
        raise ValueError(f"cannot open the database {warehouse}. {cause}") from error


def run_file(connection: duckdb.DuckDBPyConnection, name: str) -> int | None:
    """Run a SQL file of this folder; return the rows of a table that it makes last."""
    text = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    made = connection.execute(text).fetchone()
    return made[0] if made else None


def _run_step(connection: duckdb.DuckDBPyConnection, kind: str, name: str, folder: Path) -> int:
    """Run a file, which makes a table, a view or a Parquet file."""
    start = time.perf_counter()
    rows = keep_ledger(connection) if name == "ledger" else run_file(connection, f"{kind}/{name}")
    if kind == "files":
        file = str(folder / f"{name}.parquet").replace("'", "''")
        (rows,) = connection.execute(f"copy (from {name}) to '{file}' (format parquet, compression snappy)").fetchone()
    count = "view" if rows is None else f"{rows:,} rows"
    log.info(f"{kind:<7} {name:<20} {count:>18} {time.perf_counter() - start:>7.1f} s")
    return rows


def _read_plan(connection: duckdb.DuckDBPyConnection, plan: Path) -> None:
    for name in ("campaigns", "contacts"):
        file = plan / f"{name}.parquet"
        if not file.exists():
            raise ValueError(f"expected the plan in {file}, found no such file.")
        connection.execute(f"insert into planned_{name} by name from read_parquet($1)", [str(file)])


def _variables(given: dict[str, object]) -> dict[str, Any]:
    """Return what the SQL files read by getvariable()."""
    known = project_vars()
    shop = known["demo_shop"] | {name: value for name, value in given.items() if value is not None}
    users = _whole("users", shop["users"], 1)
    days = _whole("days", shop["days"], 1)
    horizon_days = _whole("horizon_days", shop.get("horizon_days", days), days)
    last_date = date.fromisoformat(shop["last_date"])
    most_days = (last_date - EARLIEST_FIRST_DATE).days
    if horizon_days > most_days:
        raise ValueError(
            f"expected days as at most {most_days}, because data before 2000 counts as "
            f"a wrong clock, found {horizon_days}."
        )
    if users * horizon_days > MOST_USER_DAYS:
        raise ValueError(
            f"expected users x days as at most {MOST_USER_DAYS}, which order ids can "
            f"hold, found {users * horizon_days}."
        )
    return {
        "users": users,
        "days": days,
        "seed": _whole("seed", shop["seed"], 0),
        "horizon_days": horizon_days,
        "history_days": _whole("history_days", shop.get("history_days", days), 1),
        "last_date": last_date,
        "currency": shop["currency"],
        "products_per_category": shop["products_per_category"],
        "timezone": known["shops"]["demo_shop"]["timezone"],
        **{name: known[name] for name in ("as_of_count", "as_of_step_days", "lapse_horizon_days")},
    }


def _whole(name: str, value: object, least: int) -> int:
    """Return a whole number, given as such or as text."""
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if number < least:
        raise ValueError(f"expected {name} as a whole number of at least {least}, found {value}.")
    return number

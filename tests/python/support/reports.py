"""The report of a database that a test built, and the page in a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb
from playwright.sync_api import Browser, Page
from support.operations import run_operation


def write_report(published: Path, target: Path) -> subprocess.CompletedProcess:
    """Run the script as `make report` does."""
    return run_operation("report", SOURCE="shop", PUBLISHED_DIR=str(published), DBT_TARGET_PATH=str(target))


def publish_reports(warehouse: Path, folder: Path) -> Path:
    """Copy what the report reads into a file as `make publish` leaves it."""
    file = folder / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        connection.execute("create schema reports")
        connection.execute("create schema publication")
        connection.execute(
            "create table publication.published_tables as"
            " select timestamp '2026-01-02 03:04' as published_at, 'shop' as source"
        )
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' and schema_name = 'reports'"
        ).fetchall():
            connection.execute(f"create table reports.{name} as from built.reports.{name}")
    return file


def opened(browser: Browser, report: Path, **settings: object) -> tuple[Page, list]:
    """Open the report and wait until it is drawn; list what went wrong."""
    page = browser.new_page(**{"locale": "en-GB", **settings})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file://", "data:", "blob:")) else wrong.append(request.url),
    )
    page.goto(report.as_uri())
    page.wait_for_function("document.documentElement.dataset.drawn", timeout=30_000)
    return page, wrong

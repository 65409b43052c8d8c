"""Writes the files that reach people: per channel, campaign and layout, for its tool.

    exports/<shop>/<channel>/addressed/<campaign>.<layout>.csv
    exports/<shop>/<channel>/addressed/rows.json

They hold personal data from the vault, for their owner alone (mode 600). Each export
writes them anew from the contacts that may be sent now and deletes all others, so that
none outlives a refusal, an erasure or its time.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shutil
import time
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from operations.audience_export.coupon_codes import codes_of, give_codes
from operations.audience_export.layouts import FOLDER, OWN_IDS, Column, read_layouts
from operations.files import sql_text

NAME = "addressed"
DAY = 86_400
# Contacts whose offer takes money off: each gets a code of its own.
NEED_CODES = """
    select decision_id, campaign_id, offer_id
    from contacts
    inner join plan_offers using (campaign_id, offer_id)
    where left_out is null and discount_kind <> 'none' and address_key is not null
"""
WINDOWS = "select distinct send_on, send_from_hour, send_until_hour from contacts where left_out is null"


def addressed_folders(exports: Path) -> list[Path]:
    """Return the folders of such files below a shop's exports."""
    return sorted(exports.glob(f"*/{NAME}"))


def delete_addressed(exports: Path) -> int:
    """Delete all such files of a shop, as an erasure does; return how many."""
    folders = addressed_folders(exports)
    count = sum(1 for folder in folders for _ in folder.glob("*.csv"))
    for folder in folders:
        shutil.rmtree(folder)
    return count


def delete_expired(exports: Path, days: int) -> None:
    """Delete what is older than it may be, and what killed exports left."""
    oldest = time.time() - days * DAY
    for folder in addressed_folders(exports):
        for file in folder.iterdir():
            if file.name.startswith(".") or file.stat().st_mtime < oldest:
                file.unlink()


def prepare(connection: duckdb.DuckDBPyConnection, settings: dict[str, Any], warehouse: Path, pool: Path) -> None:
    """Make the table `messages` of all contacts that may be sent, with their codes.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the vault attached and the tables `contacts`, `channel_kinds` and `addresses`.
    settings : dict
        Of the shop, of var shops.
    warehouse : Path
        The database beside which the codes given are kept.
    pool : Path
        Codes that the shop brings; it may be missing.
    """
    codes = give_codes(codes_of(warehouse), connection.execute(NEED_CODES).fetchall(), pool)
    connection.execute("create or replace temp table given_codes (decision_id varchar, code varchar)")
    if codes:
        connection.executemany("insert into given_codes values ($1, $2)", list(codes.items()))
    connection.execute(
        "create or replace temp table hours (day date, first int, last int, send_from text, send_until text)"
    )
    zone = zoneinfo.ZoneInfo(settings["timezone"])
    for day, first, last in connection.execute(WINDOWS).fetchall():
        times = [_instant(day, hour, zone) for hour in (first, last)]
        connection.execute("insert into hours values ($1, $2, $3, $4, $5)", [day, first, last, *times])
    connection.execute(
        "create or replace temp table windows as select decision_id, send_from, send_until from contacts"
        " inner join hours on send_on = day and send_from_hour = first and send_until_hour = last"
    )
    [[currency]] = connection.execute(
        "select coalesce(max(currency), '') from (select currency from transactions"
        " where currency is not null group by currency order by count(*) desc, currency limit 1)"
    ).fetchall()
    connection.execute(
        (FOLDER / "messages.sql").read_text(),
        {"currency": currency, "country": settings["country"], "link": settings.get("offer_link")},
    )


def _instant(day: datetime.date, hour: int, zone: zoneinfo.ZoneInfo) -> str:
    """Return an hour of a local day, 24 is the next one, as ISO 8601 with its offset."""
    midnight = datetime.datetime.combine(day, datetime.time(), zone)
    return (midnight + datetime.timedelta(hours=hour)).isoformat()


def write_files(
    connection: duckdb.DuckDBPyConnection, exports: Path, wanted: dict[str, list[str]], *, days: int, with_own_ids: bool
) -> list[tuple[str, str, int, int]]:
    """Write a file per channel, campaign and layout that has a row; delete all others.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the table `messages`.
    exports : Path
        Where the folders of the shop's channels lie.
    wanted : dict of str to list of str
        Layouts of each channel.
    days : int
        Days after the day of sending for which a campaign's files are written.
    with_own_ids : bool
        Whether they hold the shop's own user ids.

    Returns
    -------
    list of tuple
        Channel, layout, rows written and contacts without an address for it.
    """
    layouts = read_layouts()
    written: set[Path] = set()
    counts = []
    for channel, names in wanted.items():
        rows_of_files = {}
        for name in names:
            columns = [column for column in layouts[name] if with_own_ids or column.source != OWN_IDS]
            row_count = without = 0
            for campaign, total, addressed in connection.execute(_campaigns(columns), [channel, days]).fetchall():
                row_count += addressed
                without += total - addressed
                if addressed:
                    file = exports / channel / NAME / f"{_file_name(campaign)}.{name}.csv"
                    _write_csv(connection, file, columns, channel, campaign)
                    written.add(file)
                    rows_of_files[file.name] = addressed
            counts.append((channel, name, row_count, without))
        if rows_of_files:
            listing = exports / channel / NAME / "rows.json"
            with _private():
                listing.write_text(json.dumps(rows_of_files, indent=1, ensure_ascii=False) + "\n")
            written.add(listing)
    for folder in addressed_folders(exports):
        for file in folder.iterdir():
            if file not in written:
                file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    return counts


def _campaigns(columns: list[Column]) -> str:
    return f"""
        select campaign_id, count(*), count(*) filter ({_has_address(columns)})
        from messages
        where channel = $1 and send_on + cast($2 as integer) >= as_of_date
        group by campaign_id
        order by campaign_id
    """


def _has_address(columns: list[Column]) -> str:
    return "coalesce(" + ", ".join(column.source for column in columns if column.is_address) + ") is not null"


def _write_csv(
    connection: duckdb.DuckDBPyConnection, file: Path, columns: list[Column], channel: str, campaign: str
) -> None:
    """Write one file whole, in UTF-8 without a mark of it: tools take that for part of a heading."""
    writing = file.with_name(f".{file.name}.new")
    with _private():
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select {', '.join(column.sql for column in columns)} from messages"
            f" where channel = $1 and campaign_id = $2 and {_has_address(columns)} order by contact_id)"
            f" to {sql_text(writing)} (format csv, header true)",
            [channel, campaign],
        )
    writing.replace(file)


@contextmanager
def _private() -> Iterator[None]:
    """Make what is written for its owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _file_name(campaign: str) -> str:
    """Return a campaign's id as part of a file name, no two alike."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", campaign)[:80]
    return plain if plain == campaign else f"{plain}-{hashlib.sha256(campaign.encode()).hexdigest()[:8]}"

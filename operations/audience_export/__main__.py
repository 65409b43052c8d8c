"""Write what the channels need to send: a folder per channel and version.

    python -m operations.audience_export        # `make export`, part of `make build`

    exports/<shop>/<channel>/<version>/contacts.csv
    exports/<shop>/<channel>/<version>/manifest.json
    exports/<shop>/<channel>/current.json

A version is named by what it says: the same decisions give the same bytes in the same
place, others a version beside it. It is written into a hidden folder, then renamed.
current.json is the manifest of the version to send; a decision_id that was sent stays
sent, whatever versions come.

With the key of the vault, it writes the files that reach people as well: addressed_files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.addressed_files import NAME, delete_expired, prepare, write_files
from operations.audience_export.contacts import judge_contacts, open_vault
from operations.audience_export.coupon_codes import CodesError
from operations.audience_export.layouts import CELL, LayoutError
from operations.build.ledger import LedgerError
from operations.build.wholeness import why_not_whole
from operations.files import sql_text
from operations.launch.exported import held, note_exported
from operations.places import EXPORTS, PROJECT, PROJECT_FOLDER, SHOP, WAREHOUSE, shown
from operations.privacy.encryption import connect
from operations.privacy.vault import vault_of
from operations.publish import clock
from operations.publish.versions import NotPublishedError, remove

SCHEMAS = ("campaigns", "core", "plan", "seeds")
# Coupon codes that a shop brings, columns offer_id and code.
POOL = PROJECT_FOLDER / os.environ.get("COUPON_POOL", f"coupon_pools/{SHOP}.csv")
# What a channel needs to send, and no more.
COLUMNS = ("user_id", "campaign_id", "offer_id", "send_on", "send_from_hour", "send_until_hour", "decision_id")
LEFT_OUT = (
    *("without consent", "suppressed", "refused at this address", "campaign stopped"),
    *("same address", "weekly cap", "erased"),
)
ROWS = f"""
    create or replace temp table sent as
    select {", ".join(COLUMNS)} from contacts
    where left_out is null and channel = $channel
    order by campaign_id, user_id
"""
CELLS = ", ".join(f"{CELL.format(name)} as {name}" if name.endswith("_id") else name for name in COLUMNS)
# The first 12 digits of the SHA-256 of all that a version says.
VERSION = f"""
    select left(sha256(concat_ws(
        chr(10),
        '{",".join(COLUMNS)}',
        (
            select string_agg(cast(to_json(sent) as varchar), chr(10)
                order by campaign_id, user_id)
            from sent
        ),
        (
            select string_agg(concat_ws(',', campaign_id, left_out, decided_on), chr(10)
                order by decision_id)
            from contacts
            where channel = $channel
        )
    )), 12)
"""
CAMPAIGNS = """
    select campaign_id, min(decided_on), left_out, count(*)
    from contacts
    where channel = $channel
    group by campaign_id, left_out
    order by campaign_id
"""


def export(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[tuple[str, int, int, Path]]:
    """Write a version per channel, an empty one where no contact is left.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the table `contacts` of `judge_contacts`.
    folder : Path
        Where the folders of the shop's channels lie.

    Returns
    -------
    list of tuple
        Per channel its name, contacts, contacts left out since the launch, and folder.
    """
    channels = [
        row[0] for row in connection.execute("select distinct channel from contacts order by channel").fetchall()
    ]
    emptied = [file.parent.name for file in sorted(folder.glob("*/current.json")) if file.parent.name not in channels]
    return [_export_channel(connection, folder, channel) for channel in channels + emptied]


def _export_channel(connection: duckdb.DuckDBPyConnection, folder: Path, channel: str) -> tuple[str, int, int, Path]:
    """Write a channel's version, unless it is there, and point to it."""
    connection.execute(ROWS, {"channel": channel})
    [[version]] = connection.execute(VERSION, {"channel": channel}).fetchall()
    written = folder / channel / version
    for left in _left(folder / channel):
        remove(left)
    if not written.exists():
        writing = written.with_name(f".{version}.new")
        writing.mkdir(parents=True)
        contacts, manifest = writing / "contacts.csv", writing / "manifest.json"
        connection.execute(
            f"copy (select {CELLS} from sent order by campaign_id, user_id) to $1"
            " (format csv, header true, use_tmp_file true)",
            [str(contacts)],
        )
        _write(
            manifest,
            json.dumps(
                {
                    "source": folder.name,
                    "channel": channel,
                    "version": version,
                    "file": contacts.name,
                    "sha256": hashlib.sha256(contacts.read_bytes()).hexdigest(),
                    **_counts(connection, channel),
                },
                separators=(",", ":"),
                ensure_ascii=False,
            )
            + "\n",
        )
        writing.rename(written)
    text = (written / "manifest.json").read_text()
    _write(folder / channel / "current.json", text)
    counts = json.loads(text)
    return channel, counts["rows"], counts["left_out"], written


def _left(channel: Path) -> list[Path]:
    """Return what killed commands left in a channel's folder: hidden, or without a manifest."""
    return [
        each
        for each in channel.glob("*")
        if each.name.startswith(".") or (each.is_dir() and each.name != NAME and not (each / "manifest.json").exists())
    ]


def _counts(connection: duckdb.DuckDBPyConnection, channel: str) -> dict:
    """Return how many contacts a version has, and who was left out since decided."""
    campaigns: dict[str, dict] = {}
    for name, decided_on, left_out, count in connection.execute(CAMPAIGNS, {"channel": channel}).fetchall():
        campaign = campaigns.setdefault(
            name,
            {"campaign_id": name, "decided_on": str(decided_on), "rows": 0, "left_out": dict.fromkeys(LEFT_OUT, 0)},
        )
        campaign["decided_on"] = min(campaign["decided_on"], str(decided_on))
        if left_out:
            campaign["left_out"][left_out] = count
        else:
            campaign["rows"] = count
    return {
        "rows": sum(each["rows"] for each in campaigns.values()),
        "left_out": sum(sum(each["left_out"].values()) for each in campaigns.values()),
        "columns": COLUMNS,
        "campaigns": list(campaigns.values()),
    }


def _write(file: Path, text: str) -> None:
    """Write a file whole, under another name first."""
    writing = file.with_name(f".{file.name}.new")
    writing.write_text(text, encoding="utf-8")
    writing.replace(file)


def main() -> str | None:
    """Export; return a sentence when nothing can be."""
    settings = PROJECT["vars"]
    wanted, days = settings["audience_files"], settings["audience_file_days"]
    try:
        # whatever else is at fault, nothing stays for longer than it may
        delete_expired(EXPORTS, days)
        if not WAREHOUSE.exists():
            return f"Nothing was exported: no {WAREHOUSE}. Run make build first."
        with held(WAREHOUSE), connect() as connection:
            connection.execute(f"attach {sql_text(WAREHOUSE)} as warehouse (read_only)")
            if reason := why_not_whole(connection, "warehouse"):
                return f"Nothing was exported: {reason}"
            clock.refuse_later_builds(connection, "warehouse")
            path = ",".join(f"warehouse.{schema}" for schema in SCHEMAS)
            connection.execute(f"set search_path = '{path}'")
            # before any file: what may have been sent cannot be undone
            launched = connection.execute("select distinct campaign_id from campaign_audience order by 1").fetchall()
            note_exported(WAREHOUSE, [campaign for (campaign,) in launched])
            has_key = open_vault(connection)
            judge_contacts(connection, SHOP, wanted, settings["shops"][SHOP]["country"])
            if has_key:
                prepare(connection, settings["shops"][SHOP], WAREHOUSE, POOL)
            exported = export(connection, EXPORTS)
            addressed = []
            if has_key:
                own_ids = settings["audience_file_ids"]
                addressed = write_files(connection, EXPORTS, wanted, days=days, with_own_ids=own_ids)
    except (
        *(duckdb.Error, OSError, DbtRuntimeError),
        *(CodesError, LayoutError, LedgerError, NotPublishedError),
    ) as error:
        cause = str(error).strip().splitlines()[-1 if isinstance(error, DbtRuntimeError) else 0].strip()
        return f"Nothing was exported: {cause.removeprefix('Nothing was built: ')}"
    for channel, rows, left_out, folder in exported:
        sys.stdout.write(
            f"Exported {rows:,} contacts for {channel}, {left_out:,} left out since launch: {shown(folder)}\n"
        )
    for channel, layout, rows, without in addressed:
        if rows or without:
            sys.stdout.write(
                f"Wrote {rows:,} contacts for {layout}, {without:,} have no address for it:"
                f" {shown(EXPORTS / channel / NAME)}\n"
            )
    if not exported:
        sys.stdout.write("Exported no contacts: no launched campaign is open or about to start.\n")
    elif not has_key:
        sys.stdout.write(f"Wrote no file with addresses: no vault {shown(vault_of(WAREHOUSE))}, or no key for it.\n")
    return None


if __name__ == "__main__":
    sys.exit(main())

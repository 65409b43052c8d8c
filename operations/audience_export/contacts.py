"""Who may be contacted now: launched contacts, their addresses in the vault, and refusals."""

from __future__ import annotations

import csv
import datetime

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.layouts import FOLDER, channel_kinds, read_layouts
from operations.places import PROJECT, SHOP, WAREHOUSE, shown
from operations.privacy.keys import key_fingerprint, read_key
from operations.privacy.vault import attach_encrypted, vault_of

WEEK = datetime.timedelta(days=7)
# Contacts and other messages by address; what was launched first comes first.
MESSAGES = """
    select
        contacts.kind,
        contacts.address_key,
        contacts.send_on,
        contacts.decision_id,
        least($cap, coalesce(try_cast(channels.most_contacts_per_user_week as int), $cap)),
        contacts.decided_on,
        contacts.audience_rank
    from contacts
    left join channels on contacts.channel = channels.channel and channels.shop = $shop
    where contacts.left_out is null and contacts.address_key is not null
    union all
    select kind, address_key, contact_date, null, null, null, null from other_messages
    order by 1, 2, 6 nulls first, 3, 7, 4
"""


def open_vault(connection: duckdb.DuckDBPyConnection) -> bool:
    """Attach the vault beside the database, where it and its key are there; return whether."""
    file = vault_of(WAREHOUSE)
    if not file.exists() or key_fingerprint("vault", SHOP) is None:
        return False
    key, place = read_key("vault", "the vault")
    try:
        attach_encrypted(connection, file, "vault", key, is_read_only=True)
    except duckdb.Error as error:
        cause = f"{place} holds another key than it was written with." if "Wrong encryption key" in str(error) else ""
        cause = cause or str(error).splitlines()[0].split(" See also ")[0]
        raise DbtRuntimeError(f"cannot open the vault {shown(file)}. {cause}") from None
    return True


def judge_contacts(
    connection: duckdb.DuckDBPyConnection, shop: str, wanted: dict[str, list[str]], country: str
) -> None:
    """Make the table `contacts`: the launched ones of open campaigns, and what keeps each back now.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Whose search path has the tables of the warehouse; with the vault attached, a
        refusal of one account of an address holds for all.
    shop : str
        Name of the shop.
    wanted : dict of str to list of str
        Layouts of each channel.
    country : str
        Of the shop: telephone numbers without a calling code are of it.
    """
    connection.execute("create or replace temp table channel_kinds (channel varchar, kind varchar, rank integer)")
    if kinds := channel_kinds(wanted, read_layouts()):
        connection.executemany("insert into channel_kinds values ($1, $2, $3)", kinds)
    if _has_vault(connection):
        find_addresses(connection, country)
    else:
        connection.execute("create or replace temp table addresses (user_id text, kind text, address_key text)")
    contacts, others = (FOLDER / "contacts.sql").read_text().split(";\n")
    connection.execute(contacts, {"shop": shop})
    connection.execute(others)
    _cap_addresses(connection, shop)


def _cap_addresses(connection: duckdb.DuckDBPyConnection, shop: str) -> None:
    """Leave out what would give an address more in a week than one user may get, over all campaigns.

    What was launched first stays, so that no later campaign takes back what was exported.
    """
    cap = PROJECT["vars"]["most_contacts_per_user_week"]
    messages = connection.execute(MESSAGES, {"shop": shop, "cap": cap})
    address, sent, too_many = None, [], []
    # sorted by address, so that no more than one address's messages are held
    while rows := messages.fetchmany(10_000):
        for kind, key, day, contact, most, *_ in rows:
            if (kind, key) != address:
                address, sent = (kind, key), []
            if contact and sum(abs(day - each) < WEEK for each in sent) >= most:
                too_many.append(contact)
            else:
                sent.append(day)
    connection.execute(
        "update contacts set left_out = 'weekly cap' where decision_id in (select unnest($1::varchar[]))", [too_many]
    )


def find_addresses(connection: duckdb.DuckDBPyConnection, country: str) -> None:
    """Make the table `addresses` of the accounts in the vault, numbers of a country where they name none."""
    codes = {row[0]: row[1:] for row in csv.reader((FOLDER / "calling_codes.csv").read_text().splitlines())}
    calling_code, trunk_prefix = codes.get(country, ("", ""))
    connection.execute(
        (FOLDER / "addresses.sql").read_text(), {"calling_code": calling_code, "trunk_prefix": trunk_prefix}
    )


def _has_vault(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_tables() where database_name = 'vault' and table_name = 'people'"
        ).fetchall()
    )

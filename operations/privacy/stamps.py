"""Tells by whose key a database names its users: builds and ledgers bear a fingerprint of it.

Until 2026-11-29 all shops of a key shared their pseudonyms. A database of then may be
asked about and erased from as it is; `make rotate-pseudonyms` gives it names of its own.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.build.ledger import stamp_of_ledger
from operations.privacy.keys import block_key, fingerprint, keyed_name, shop_key

# Where a fingerprint is not that of the key in force.
ADVICE = (
    "Put the key of then back into .secrets/pseudonym.key; to change it, where a rotation was stopped, or where the"
    " shop was renamed, run make rotate-pseudonyms."
)


def last_run(connection: duckdb.DuckDBPyConnection) -> tuple[str | None, str | None]:
    """Return the shop and the fingerprint of a database's last build, None where it has none."""
    try:
        found = connection.execute("select shop, pseudonym_key from builds.runs order by started_at desc limit 1")
        return (*found.fetchall(), (None, None))[0]
    except duckdb.Error:
        # no build yet, or one of a version that kept no such record
        return None, None


def naming_key(connection: duckdb.DuckDBPyConnection, warehouse: Path, shop: str) -> str:
    """Return the key by which a database names users: the shop's own, or that which all shops shared.

    Raises
    ------
    DbtRuntimeError
        Where it is neither.
    """
    shared = block_key("pseudonym", "the users' pseudonyms")
    own = shop_key(shared, shop)
    last_shop, last_stamp = last_run(connection)
    stamps = {"this database": last_stamp, f"the ledger of {warehouse}": stamp_of_ledger(warehouse)}
    for what, stamp in stamps.items():
        if stamp in (None, fingerprint(own), fingerprint(shared)):
            continue
        if last_shop and stamp == fingerprint(shop_key(shared, last_shop)):
            raise DbtRuntimeError(
                f"Nothing was built: {warehouse} is the database of shop {last_shop}, and this is shop {shop}. Name"
                f" another by WAREHOUSE; if {last_shop} is called {shop} now, run make rotate-pseudonyms."
            )
        raise DbtRuntimeError(
            f"Nothing was built: {what} was built with pseudonym key {stamp} (fingerprint), the key of now is"
            f" {fingerprint(own)}. {ADVICE}"
        )
    is_alone = not any(stamps.values())
    return shared if fingerprint(shared) in stamps.values() or (is_alone and _is_of(connection, shared)) else own


def _is_of(connection: duckdb.DuckDBPyConnection, key: str) -> bool:
    """Whether a vault that is left alone names its users by a key."""
    try:
        found = connection.execute("select user_id, source_user_id from vault.people limit 1").fetchall()
    except duckdb.Error:
        # no build yet
        return False
    return any(name == keyed_name(user, key) for name, user in found)


def pseudonym_fault(connection: duckdb.DuckDBPyConnection, warehouse: Path, shop: str) -> str:
    """Return why no build may follow upon what a database was built with; nothing where one may."""
    try:
        key = naming_key(connection, warehouse, shop)
    except DbtRuntimeError as error:
        return error.msg
    if key == block_key("pseudonym", "the users' pseudonyms"):
        return (
            f"Nothing was built: {warehouse} names users as all shops of one key did until each had pseudonyms of its"
            " own. Run make rotate-pseudonyms, which renames them in launched decisions and seeds, then build again."
        )
    return ""

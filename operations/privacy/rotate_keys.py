"""Give the vaults another key, or all users other pseudonyms.

    python -m operations.privacy.rotate_keys vault          # make rotate-vault-key
    python -m operations.privacy.rotate_keys pseudonyms     # make rotate-pseudonyms

A new key waits as `.secrets/<name>.key.new` until all that it is for has changed hands,
then takes the old one's place. Whoever is stopped on the way calls the same command
again: a key that waits is used, not drawn anew, and what has changed already stays.

Each shop has a key of its own, derived from that of all. Of pseudonyms only what no build
makes again is translated: the decisions that were launched and the seeds that name users. A
build makes the rest from the raw tables, so publications and contact files of old pseudonyms go.
"""

from __future__ import annotations

import csv
import os
import secrets
import shutil
import sys
from pathlib import Path

import duckdb
import pandas as pd
from dbt_common.exceptions import DbtRuntimeError

from operations.build.ledger import ledger_of, restore_ledger, stamp_of_ledger, write_generation
from operations.files import sql_text
from operations.places import PROJECT, SHOP, SOURCE
from operations.privacy.encryption import connect
from operations.privacy.keys import FOLDER, fingerprint, keyed_name, read_key, shop_key
from operations.privacy.stamps import last_run
from operations.privacy.vault import attach_encrypted, vault_of

WAREHOUSES = Path("warehouse")
SEEDS = Path("seeds/campaigns")
LEDGER = "campaigns.decision_ledger"
RUNS = "builds.runs"
# All that a build makes names users as before, and is neither published nor a launch's ground.
NAMED_AS_BEFORE = """
    insert into builds.nodes
    select distinct
        concat_ws('.', case schema_name when 'seeds' then 'seed' else 'model' end, 'precision_marketing', table_name)
            as node,
        'stale'
    from duckdb_columns()
    where column_name = 'user_id' and not internal and node not in (select node_id from builds.nodes)
"""
# handover/ is what exports/ was called
OLD_NAMES = ("published", "exports", "handover")


def new_key_of(name: str) -> Path:
    """Return the file in which the next key waits, drawn unless one does."""
    file = FOLDER / f"{name}.key.new"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as writing:
            writing.write(secrets.token_hex(24) + "\n")
    return file


def databases() -> list[Path]:
    """Return every database with a vault: in warehouse/, and where WAREHOUSE says.

    One that is lost is among them if its ledger is not, or if it is called as a shop: seeds may name its users.
    """
    ledgers = {ledger.with_suffix(".duckdb") for ledger in WAREHOUSES.glob("*.ledger")}
    shops = {WAREHOUSES / f"{shop}.duckdb" for shop in (*PROJECT["vars"]["shops"], PROJECT["name"])}
    files = {*WAREHOUSES.glob("*.duckdb"), *ledgers, *shops}
    if named := os.environ.get("WAREHOUSE"):
        files = {file for file in files if file.resolve() != Path(named).resolve()} | {Path(named)}
    return sorted(file for file in files if vault_of(file).exists())


def refuse_lost_vaults() -> None:
    """Stop where a ledger has no vault, for nobody could translate it any more.

    Raises
    ------
    DbtRuntimeError
        Naming the ledger.
    """
    named = [ledger_of(named)] if (named := os.environ.get("WAREHOUSE")) else []
    for ledger in sorted({*WAREHOUSES.glob("*.ledger"), *filter(Path.exists, named)}):
        if not (vault := vault_of(ledger)).exists():
            raise DbtRuntimeError(
                f"Nothing was built: the ledger {ledger} names users whom only the vault {vault} knows, which is"
                " missing. Run make build of that shop first, or put the vault back from a backup."
            )


def shop_of(warehouse: Path, keys: list[str]) -> str:
    """Return what shop the next build of a database will say that it is.

    That of its last build, or by one of whose keys its ledger is stamped, or what the
    environment or its name says, as after a shop was renamed.

    Raises
    ------
    DbtRuntimeError
        Where that is no shop of the project, and there is no record of a build.
    """
    shops, recorded = PROJECT["vars"]["shops"], None
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            recorded, _ = last_run(connection)
    stamps = {fingerprint(shop_key(key, shop)): shop for key in keys for shop in shops}
    named = os.environ.get("WAREHOUSE")
    by_name = PROJECT["vars"]["source"] if warehouse.stem == PROJECT["name"] else warehouse.stem
    told = SHOP if named and Path(named) == warehouse else by_name
    for shop in (recorded, stamps.get(stamp_of_ledger(warehouse)), told):
        if shop in shops:
            return shop
    if recorded:
        return recorded
    raise DbtRuntimeError(
        f"Nothing was built: nobody knows of which shop {warehouse} was, which is lost. Name both:"
        f" make rotate-pseudonyms SOURCE=<shop> WAREHOUSE={warehouse}."
    )


def opens(file: Path, key: str) -> bool:
    """Tell whether a vault opens with a key."""
    with duckdb.connect() as connection:
        try:
            connection.execute(f"attach {sql_text(file)} as vault (encryption_key '{key}', read_only)")
        except duckdb.Error as error:
            if "Wrong encryption key" in str(error):
                return False
            raise
    return True


def encrypt_anew(file: Path, old_key: str, new_key: str) -> None:
    """Copy the tables of a vault to a file of another key, and rename that into place.

    Views stay behind: they hold no row, and the next build makes them.
    """
    writing = file.with_name(f"{file.name}.new")
    writing.unlink(missing_ok=True)
    with connect() as connection:
        attach_encrypted(connection, file, "old", old_key)
        attach_encrypted(connection, writing, "new", new_key)
        for (view,) in connection.execute(
            "select view_name from duckdb_views() where database_name = 'old' and not internal"
        ).fetchall():
            connection.execute(f"drop view old.{view}")
        connection.execute("copy from database old to new")
    writing.replace(file)


def rotate_vault_key() -> str:
    """Encrypt every vault with a new key; return what was done."""
    old_key, _ = read_key("vault", "the vault")
    waiting = new_key_of("vault")
    new_key = waiting.read_text().strip()
    # one whose database is gone holds people, too
    vaults = sorted({file.resolve() for file in (*WAREHOUSES.glob("*.vault.duckdb"), *map(vault_of, databases()))})
    for file in vaults:
        if not opens(file, new_key):
            encrypt_anew(file, old_key, new_key)
    waiting.replace(FOLDER / "vault.key")
    return f"{len(vaults)} vaults have a new key: {FOLDER / 'vault.key'}.\n"


def new_pseudonyms(warehouse: Path, vault_key: str, old_keys: list[str], new_key: str) -> pd.DataFrame:
    """Return old and new pseudonyms of every user in a vault.

    The old are that of the last build and those of the key in force, which differ where no
    build came between two rotations.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach {sql_text(vault_of(warehouse))} as vault (encryption_key '{vault_key}', read_only)")
        people = connection.sql("select user_id, source_user_id from vault.people").df()
    people["new_user_id"] = [keyed_name(user, new_key) for user in people["source_user_id"]]
    in_force = [people.assign(user_id=[keyed_name(user, key) for user in people["source_user_id"]]) for key in old_keys]
    return pd.concat([people, *in_force])[["user_id", "new_user_id"]].drop_duplicates()


def translate_ledger(warehouse: Path, pseudonyms: pd.DataFrame, new_key: str) -> int:
    """Rename the users of launched decisions, and stamp the key; return how many rows that were."""
    if not warehouse.exists() and not ledger_of(warehouse).exists():
        return 0
    with duckdb.connect(str(warehouse)) as connection:
        restore_ledger(connection, warehouse, None)
        connection.register("pseudonyms", pseudonyms)
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        count = 0
        connection.begin()
        if (LEDGER,) in tables:
            count = connection.execute(
                f"update {LEDGER} as ledger set user_id = pseudonyms.new_user_id"
                " from pseudonyms where ledger.user_id = pseudonyms.user_id"
            ).fetchall()[0][0]
        if (RUNS,) in tables:
            connection.execute(f"update {RUNS} set pseudonym_key = $1", [fingerprint(new_key)])
            connection.execute(NAMED_AS_BEFORE)
        # in the files before the database: what is stopped between is done again from the files
        write_generation(connection, warehouse, fingerprint(new_key))
        connection.commit()
        return count


def translate_seeds(pseudonyms: dict[str, str], shop: str) -> int:
    """Rename the users that seeds name in rows of a shop; return how many rows that were."""
    count = 0
    for file in sorted(SEEDS.glob("*.csv")):
        with file.open(newline="") as reading:
            header, *rows = csv.reader(reading)
        if "user_id" not in header:
            continue
        place = header.index("user_id")
        # shops that shared their pseudonyms part here
        whose = header.index("shop") if "shop" in header else None
        found = [row for row in rows if row[place] in pseudonyms and (whose is None or row[whose] == shop)]
        for row in found:
            row[place] = pseudonyms[row[place]]
        if found:
            writing = file.with_suffix(".csv.new")
            with writing.open("w", newline="") as written:
                csv.writer(written, lineterminator="\n").writerows([header, *rows])
            writing.replace(file)
        count += len(found)
    return count


def rotate_pseudonyms() -> str:
    """Translate what no build makes again, in every database; return what was done."""
    vault_key, _ = read_key("vault", "the vault")
    old_key, _ = read_key("pseudonym", "the users' pseudonyms")
    refuse_lost_vaults()
    keys = [old_key, *(file.read_text().strip() for file in FOLDER.glob("pseudonym.key.new"))]
    shops = {warehouse: shop_of(warehouse, keys) for warehouse in databases()}
    waiting = new_key_of("pseudonym")
    new_key = waiting.read_text().strip()
    decisions = rows = 0
    for warehouse, shop in shops.items():
        # until 2026-11-29 all shops shared one key's pseudonyms
        old_keys, own_key = [shop_key(old_key, shop), old_key], shop_key(new_key, shop)
        pseudonyms = new_pseudonyms(warehouse, vault_key, old_keys, own_key)
        decisions += translate_ledger(warehouse, pseudonyms, own_key)
        rows += translate_seeds(dict(pseudonyms.itertuples(index=False)), shop)
    waiting.replace(FOLDER / "pseudonym.key")
    # named by pseudonyms that nothing knows any more
    for folder in (*map(Path, OLD_NAMES), *Path("privacy").glob("*/exports")):
        shutil.rmtree(folder, ignore_errors=True)
    # a folder that the environment names may hold what is not ours
    if published := os.environ.get("PUBLISHED_DIR"):
        Path(published, f"{SOURCE}.duckdb").unlink(missing_ok=True)
        shutil.rmtree(Path(published, SOURCE), ignore_errors=True)
    if exports := os.environ.get("EXPORTS_DIR"):
        shutil.rmtree(Path(exports, SHOP), ignore_errors=True)
    return (
        f"{decisions:,} decisions and {rows} rows of seeds name users anew; key: "
        f"{FOLDER / 'pseudonym.key'}. Build every shop again: "
        f"{', '.join(file.stem for file in shops) or 'none was built'}.\n"
    )


def main(what: list[str]) -> str | None:
    """Rotate; return a sentence when nothing can be."""
    rotations = {"vault": rotate_vault_key, "pseudonyms": rotate_pseudonyms}
    if len(what) != 1 or what[0] not in rotations:
        return f"Expected one of {', '.join(rotations)}, found {' '.join(what)!r}."
    variable = {"vault": "VAULT_KEY", "pseudonyms": "PSEUDONYM_KEY"}[what[0]]
    if os.environ.get(variable):
        return (
            f"Nothing was changed: {variable} is set in the environment, which no "
            f"command can change. Put the key into {FOLDER} first."
        )
    try:
        sys.stdout.write(rotations[what[0]]())
    except DbtRuntimeError as error:
        return error.msg.replace("Nothing was built", "Nothing was changed")
    except duckdb.Error as error:
        return f"Stopped, call again: {str(error).splitlines()[0]}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

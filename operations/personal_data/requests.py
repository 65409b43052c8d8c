"""Forgets users, and exports all data about one: two SQL functions for macros/privacy.

Python, as both write files, the vault's key may stand in no SQL, and dbt's own logs and
target folder, which name who was asked about, are written until it ends.
"""

from __future__ import annotations

import atexit
import csv
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from dbt_common.exceptions import DbtRuntimeError

from operations.audience_export.addressed_files import delete_addressed
from operations.build.ledger import write_generation
from operations.files import require_file, sql_text, why_unreadable
from operations.mapping.persons import refuse_mapped, rows_in_mapped_files
from operations.mapping.reading import NAME
from operations.personal_data.access_export import held_in_files, held_on
from operations.personal_data.databases import erase_from_database
from operations.personal_data.leftovers import refuse_unfinished, remove_leftovers
from operations.personal_data.persons import Person, UnreadableError, mask, names_of, persons_named, write_private
from operations.personal_data.postgres_copy import rows_in_postgres
from operations.personal_data.receipts import Receipt, Removal, settle
from operations.personal_data.user_files import Reading, RowsInFile, files_below, refuse_workbooks, rows_of_users
from operations.privacy.keys import ERASURE_KEY, fingerprint, keyed_name, read_key
from operations.privacy.stamps import naming_key
from operations.privacy.vault import attach_encrypted, vault_of
from operations.publish.postgres.copying import publish
from operations.publish.postgres.tables import NotPublishedError
from operations.publish.versions import database_files, leftovers

SEEDS = Path("seeds/campaigns")


class RefusedError(Exception):
    """Nothing was done; the reason is one sentence."""


@dataclass(frozen=True)
class Request:
    """Who is asked about, of which shop, and where its files lie.

    Parameters
    ----------
    ids : list of str
        Ids of the source, pseudonyms or e-mail addresses.
    file : str or None
        A CSV file with more of them in its column user_id.
    source : str
        Name of the shop.
    raw_folder : str or None
        Folder of the shop's files; None where its data come with a package.
    database : str
        What dbt calls its database.
    target, logs : str
        Where dbt writes beside it.
    today : str
        Date of the request.
    encoding, id_as_read : str
        How intake reads files, as of `Reading`.
    """

    ids: list[str]
    file: str | None
    source: str
    raw_folder: str | None
    database: str
    target: str
    logs: str
    today: str
    encoding: str
    id_as_read: str

    @property
    def folder(self) -> Path:
        """Return the folder of what is noted about requests."""
        return Path(os.environ.get("PRIVACY_DIR", "privacy")) / self.source

    @property
    def shop_folder(self) -> Path | None:
        """Return the folder of the shop's files."""
        return Path(self.raw_folder) if self.raw_folder else None

    @property
    def file_folders(self) -> dict[str, tuple[Path | None, Reading]]:
        """Return the folders of files that may name users, and how each is read."""
        ours = Reading("utf-8", self.id_as_read)
        return {
            "raw_files": (self.shop_folder, Reading(self.encoding, self.id_as_read)),
            **{kind: (folder, ours) for kind, folder in self.export_folders.items()},
            "published_files": (self.published_file.with_suffix(""), ours),
            "seeds": (SEEDS, ours),
        }

    @property
    def export_folders(self) -> dict[str, Path]:
        """Return where channels fetch contacts; handover/ is the former exports/."""
        return {
            "exported_files": Path(os.environ.get("EXPORTS_DIR", "exports")) / self.source,
            "handed_over_files": Path(os.environ.get("HANDOVER_DIR", "handover")) / self.source,
        }

    @property
    def publication(self) -> str:
        """Return what the shop's publication is called."""
        return os.environ.get("SOURCE", "precision_marketing")

    @property
    def published_file(self) -> Path:
        """Return the file that is published."""
        folder = Path(os.environ.get("PUBLISHED_DIR", "published"))
        return folder / f"{self.publication}.duckdb"

    @property
    def postgres_url(self) -> str:
        """Return where PostgreSQL has a copy of it; nothing where that is unknown."""
        return os.environ.get("POSTGRES_URL", "")

    def rows_in_postgres(self, persons: list[Person]) -> dict[str, int]:
        """Count the users' rows there; a server that is away stops what was asked."""
        if not self.postgres_url:
            return {}
        try:
            return rows_in_postgres(self.postgres_url, self.publication, sorted(names_of(persons)))
        except (NotPublishedError, psycopg.Error) as error:
            cause = str(error).splitlines()[0]
            raise RefusedError(f"cannot look into PostgreSQL: {cause}") from None

    def names(self) -> list[str]:
        """Return all names asked about, those of the file last."""
        names = [str(name).strip() for name in self.ids]
        if self.file:
            try:
                require_file(self.file)
                with Path(self.file).open(newline="", encoding="utf-8-sig") as lines:
                    rows = list(csv.DictReader(lines))
            except (OSError, UnicodeError, csv.Error) as error:
                raise RefusedError(f"cannot read {self.file}: {error}.") from None
            if not rows or "user_id" not in rows[0]:
                raise RefusedError(f"{self.file} needs a column user_id, with rows.")
            names += [(row["user_id"] or "").strip() for row in rows]
        if not names or not all(names):
            raise RefusedError("name a user_id, or a file with a column user_id.")
        return list(dict.fromkeys(names))


class Requests:
    """Answers requests about users.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To the database, with the vault attached.
    warehouse : Path
        The database's file.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path):
        self.connection = connection
        self.warehouse = warehouse

    def forget_users(self, request: str) -> str:
        """Forget users; return a receipt, or `fault`, as JSON."""
        return self._answer(self._forget, Request(**json.loads(request)), "erased")

    def export_user(self, request: str) -> str:
        """Write what is held on a user; return `file`, or `fault`, as JSON."""
        return self._answer(self._export, Request(**json.loads(request)), "exported")

    def _answer(self, action: Any, request: Request, done: str) -> str:
        atexit.register(mask, list(request.ids), [request.target, request.logs])
        try:
            return json.dumps(action(request))
        except DbtRuntimeError as error:
            return json.dumps({"fault": error.msg.replace("Nothing was built", f"Nothing was {done}")})
        except (RefusedError, UnreadableError) as error:
            return json.dumps({"fault": f"Nothing was {done}: {error}"})
        except (NotPublishedError, duckdb.Error, psycopg.Error, OSError) as error:
            cause = str(error).splitlines()[0]
            return json.dumps({"fault": f"Stopped, run it again: {cause}"})

    def _persons(self, cursor: duckdb.DuckDBPyConnection, request: Request, key: str) -> list[Person]:
        names = request.names()
        if not cursor.execute(
            "select 1 from duckdb_tables() where database_name = 'vault' and table_name = 'people'"
        ).fetchall():
            raise RefusedError(f"{vault_of(self.warehouse)} has no table people: build the shop first.")
        listed = request.folder / "forgotten.csv"
        forgotten = read_list(listed)
        pseudonym_key = naming_key(cursor, self.warehouse, request.source)
        persons: dict[str, Person] = {}
        for number, name in enumerate(names, 1):
            found = persons_named(cursor, name)
            # not built yet, no row of theirs was fit to be, or the shop has deleted them all
            named = Person(keyed_name(name, pseudonym_key), name)
            if not found and ((key and keyed_name(name, key) in forgotten) or self._is_held(named, cursor, request)):
                found = [named]
            if len(found) != 1:
                who = "nobody is" if not found else f"{len(found)} users are"
                raise RefusedError(
                    f"{who} known by name {number} of {len(names)} (id of the source, pseudonym or e-mail address)."
                    + f" Searched: {', '.join(map(str, self._places(request)))}." * (not found)
                )
            in_force = keyed_name(found[0].source_user_id, pseudonym_key)
            persons[found[0].source_user_id] = replace(found[0], user_id_in_force=in_force)
        return list(persons.values())

    def _places(self, request: Request) -> list[Path]:
        """Return all files and folders that may hold rows of a user."""
        published = request.published_file
        folders = [request.shop_folder, published, published.with_suffix(""), *request.export_folders.values()]
        return [self.warehouse, vault_of(self.warehouse), *filter(None, folders)]

    def _is_held(self, person: Person, cursor: duckdb.DuckDBPyConnection, request: Request) -> bool:
        """Whether anything is held on a user whom the vault does not know, under the key in force."""
        published = request.published_file
        if held_on(person, cursor, request.database):
            return True
        if self._rows_in_files([person], request):
            return True
        if not published.exists():
            return False
        cursor.execute(f"attach {sql_text(published)} as published (read_only)")
        try:
            return bool(held_on(person, cursor, "published"))
        finally:
            cursor.execute("detach published")

    def _export(self, request: Request) -> dict[str, Any]:
        cursor = self.connection.cursor()
        (person,) = self._persons(cursor, request, "")
        held = {"tables": held_on(person, cursor, request.database)} | {
            kind: held_in_files([person], folder, reading)
            for kind, (folder, reading) in request.file_folders.items()
            if kind not in ("seeds", "published_files")
        }
        file = request.folder / "exports" / f"{person.file_name}.json"
        write_private(file, json.dumps(held, indent=1, default=str, ensure_ascii=False))
        return {"file": str(file), "tables": len(held["tables"])}

    def _forget(self, request: Request) -> dict[str, Any]:
        cursor = self.connection.cursor()
        key = erasure_key()
        receipts = request.folder / "receipts"
        settle(receipts)
        stamp = fingerprint(naming_key(cursor, self.warehouse, request.source))
        persons = self._persons(cursor, request, key)
        found_in = self._rows_in_files(persons, request)
        refuse_workbooks(found_in)
        refuse_mapped(request.shop_folder, found_in)
        refuse_unfinished(request.shop_folder, persons)
        in_postgres = request.rows_in_postgres(persons)
        databases = (self.warehouse, vault_of(self.warehouse))
        folders = [folder for folder, _ in request.file_folders.values() if folder]
        ours = [request.folder, SEEDS, *request.export_folders.values()]
        remove_leftovers(folders, ours, request.published_file, databases)
        # first of all nobody comes back, last of all nobody is found any more
        remember(persons, request, key)
        receipt = Receipt.begin(
            receipts,
            source=request.source,
            erased_on=request.today,
            users=[keyed_name(each.source_user_id, key) for each in persons],
            notes=self._notes(request),
            **{kind: {} for kind in request.file_folders},
        )
        # they are written anew by the next export
        if count := delete_addressed(request.export_folders["exported_files"]):
            receipt.note("files_with_addresses", count)
        for removal in found_in:
            receipt.replace(removal.copied())
        self._erase_published(cursor, persons, request, receipt)
        if in_postgres:
            # deleted rows would stay in PostgreSQL's files, tables that go do not
            publish(request.published_file, request.postgres_url)
            receipt.note("postgres_tables", in_postgres)
        # a verdict on raw files is made again in seconds
        shutil.rmtree(Path(request.target) / "check_data", ignore_errors=True)
        removals = self._erase_databases(cursor, persons, request)
        # in the ledger's files before the database: what is stopped between is taken from the files
        (rewritten, _), *_ = removals[0].copies
        with duckdb.connect(str(rewritten)) as connection:
            write_generation(connection, self.warehouse, stamp)
        receipt.replace(*removals)
        receipt.finish()
        atexit.register(mask, [text for person in persons for text in person.texts()], [request.target, request.logs])
        return receipt.content

    def _rows_in_files(self, persons: list[Person], request: Request) -> list[RowsInFile]:
        """Return where rows of users are in files; one that cannot be read stops what was asked."""
        if os.path.lexists(request.published_file) and (found := why_unreadable(request.published_file)):
            raise RefusedError(f"{request.published_file}: expected a file, found {found}.")
        # in these lies what a killed publish left, half written: they are removed
        left = leftovers(request.published_file)
        return [
            RowsInFile(kind, file, file.relative_to(folder), rows, reading)
            for kind, (folder, reading) in request.file_folders.items()
            for file in files_below(folder)
            if not any(file.is_relative_to(each) for each in left) and (rows := rows_of_users(file, persons, reading))
        ] + rows_in_mapped_files(*request.file_folders["raw_files"], persons)

    def _erase_published(
        self, cursor: duckdb.DuckDBPyConnection, persons: list[Person], request: Request, receipt: Receipt
    ) -> None:
        for file in (request.folder / "exports").glob("*.json"):
            if file.stem in {person.file_name for person in persons}:
                file.unlink()
                receipt.note("exports", receipt.content.get("exports", 0) + 1)
        # of every version kept; the receipt has the counts of the last
        for file in database_files(request.published_file):
            cursor.execute(f"attach {sql_text(file)} as published (read_only)")
            writing = erase_from_database(cursor, persons, "published", file, "v1.0.0", keeps_decisions=False)
            cursor.execute("detach published")
            receipt.replace(Removal("published_tables", writing.counts, [(writing.writing, file)]))

    def _notes(self, request: Request) -> list[str]:
        notes = []
        if not request.shop_folder:
            notes.append("The raw tables come with a package and cannot be changed; every build leaves the users out.")
        elif others := self._not_searched(request.shop_folder):
            notes.append(f"Not searched, as they are links or no files that a build reads: {', '.join(others)}.")
        if not request.postgres_url:
            notes.append(
                "POSTGRES_URL is not set: the next make publish-postgres removes the users from a copy in PostgreSQL."
            )
        return notes

    @staticmethod
    def _not_searched(folder: Path) -> list[str]:
        searched = {*files_below(folder)}
        others = (file for file in sorted(folder.rglob("*")) if file.is_symlink() or not file.is_dir())
        return [str(file) for file in others if file not in searched and file.name != NAME]

    def _erase_databases(
        self, cursor: duckdb.DuckDBPyConnection, persons: list[Person], request: Request
    ) -> list[Removal]:
        vault_key, _ = read_key("vault", "the vault")
        written = {
            "warehouse_tables": erase_from_database(cursor, persons, request.database, self.warehouse),
            "vault_tables": erase_from_database(
                cursor,
                persons,
                "vault",
                vault_of(self.warehouse),
                attach=lambda file, name: attach_encrypted(cursor, file, name, vault_key),
            ),
        }
        return [Removal(kind, each.counts, [(each.writing, each.file)]) for kind, each in written.items()]


def erasure_key() -> str:
    """Return the key of the list of forgotten users, drawn with the first of them."""
    if not os.environ.get("ERASURE_KEY") and not ERASURE_KEY.exists():
        write_private(ERASURE_KEY, os.urandom(24).hex() + "\n")
    return read_key("erasure", "the list of forgotten users")[0]


def read_list(file: Path) -> str:
    """Return the list of forgotten users, empty before the first."""
    if not os.path.lexists(file):
        return ""
    require_file(file)
    return file.read_text()


def remember(persons: list[Person], request: Request, key: str) -> None:
    """Add users to the list that builds leave out."""
    file = request.folder / "forgotten.csv"
    text = read_list(file) or "forgotten_key,forgotten_on\n"
    for person in persons:
        hashed = keyed_name(person.source_user_id, key)
        if hashed not in text:
            text += f"{hashed},{request.today}\n"
    write_private(file, text)

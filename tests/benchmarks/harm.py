"""What kills have done to a shop: see bench_kills."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from operations.build.ledger import ledger_files
from operations.personal_data.databases import ERASED
from operations.privacy.keys import keyed_name, shop_key
from operations.privacy.vault import attach_encrypted

# What an episode changes; backups may name who was forgotten since.
PLACES = (".secrets", "warehouse", "published", "exports", "privacy", "backups", "seeds", "raw")
LEDGER = "campaigns.decision_ledger"


@dataclass
class Known:
    """What was there before a command was killed."""

    decisions: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, Counter] = field(default_factory=dict)
    launched: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    forgotten_since_backup: bool = False


@dataclass
class Look:
    """Compares a shop's folder with what is known of it."""

    folder: Path
    known: Known

    def people(self) -> dict[str, str]:
        """Return the ids of the source by pseudonym."""
        keys = {name: (self.folder / ".secrets" / f"{name}.key").read_text().strip() for name in ("vault", "pseudonym")}
        own_key = shop_key(keys["pseudonym"], "demo_shop")
        self.known.keys.add(own_key)
        with duckdb.connect() as connection:
            attach_encrypted(connection, self.folder / "warehouse" / "shop.vault.duckdb", "vault", keys["vault"])
            users = connection.sql("select source_user_id from vault.people").fetchall()
        return {keyed_name(user, own_key): user for (user,) in users}

    def ledger(self) -> list[tuple[str, str, int, str]]:
        """Return campaign, user, revision and decision; of the files where the database is lost."""
        database = self.folder / "warehouse" / "shop.duckdb"
        with duckdb.connect(str(database) if database.exists() else ":memory:", read_only=database.exists()) as found:
            rows = LEDGER
            if (
                not database.exists()
                or not found.sql(
                    f"select 1 from duckdb_tables() where schema_name || '.' || table_name = '{LEDGER}'"
                ).fetchall()
            ):
                files = ledger_files(self.folder / "warehouse" / "shop.ledger")
                rows = f"read_parquet({[str(file.path) for file in files]}, union_by_name = true)"
            return found.sql(f"select campaign_id, user_id, revision_number, decision from {rows}").fetchall()

    def harm(self) -> Counter:
        """Return what is lost, doubled or altered, and take what is there as known."""
        people, rows, harm = self.people(), self.ledger(), Counter()
        found = {(campaign, people.get(user, user), revision): decision for campaign, user, revision, decision in rows}
        harm["doubled decisions"] = len(rows) - len(found)
        for key, decision in self.known.decisions.items():
            # whoever is forgotten once more gets another random name: their decisions are counted below
            if key[1] not in self.known.forgotten and not key[1].startswith(ERASED):
                harm["lost decisions"] += key not in found
                harm["altered decisions"] += found.get(key, decision) != decision
        counts: dict[str, Counter] = {}
        for campaign, _, _, decision in rows:
            counts.setdefault(campaign, Counter())[decision] += 1
        harm["campaigns with other counts"] = sum(
            counts.get(name) != known for name, known in self.known.counts.items() if name not in self.known.undone
        )
        harm["half undone"] = sum(
            counts[name]["withdrawn"] != counts[name]["contact"] + counts[name]["control"] or not counts[name]
            for name in self.known.undone & {*counts}
        )
        harm["campaigns not launched"] = len(self.known.launched - {*counts})
        self.known.decisions, self.known.counts = found, counts
        return +harm

    def unlisted(self) -> Counter:
        """Return publications, exports and files that are half, or that nothing leads to."""
        harm = Counter()
        for file in ledger_files(self.folder / "warehouse" / "shop.ledger"):
            harm["damaged files of the ledger"] += not file.is_whole
        published = self.folder / "published" / "demo_shop.duckdb"
        if published.exists():
            with duckdb.connect(str(published), read_only=True) as connection:
                told = connection.sql("select table_name, row_count from publication.published_tables").fetchall()
                for name, count in told:
                    parquet = published.with_suffix("") / "current" / f"{name.replace('.', '/')}.parquet"
                    counts = [connection.table(name).count("*"), connection.read_parquet(str(parquet)).count("*")]
                    harm["half publications"] += [each.fetchone()[0] for each in counts] != [count, count]
        for folder in self.folder.glob("exports/*/*/*/"):
            if folder.name == "addressed":
                harm["half exports"] += self._rows_per_file(folder) != json.loads((folder / "rows.json").read_text())
            else:
                harm["half exports"] += not self._is_whole_export(folder)
        harm["codes given twice"] = self._codes_given_twice()
        for name in PLACES:
            left = [
                file
                for file in (self.folder / name).rglob("*")
                if re.search(r"\.(new|tmp|erasing|wal)$", file.name) or re.match(r"\.(?!gitignore)", file.name)
            ]
            harm["leftovers"] += len(left)
            if left:
                sys.stdout.write(f"Left over: {[str(file.relative_to(self.folder)) for file in left]}\n")
        return +harm

    def traces(self) -> Counter:
        """Return where users are found who were forgotten: by id, or by pseudonym under any key so far."""
        harm = Counter()
        self.people()
        names = {
            name: user
            for user in self.known.forgotten
            for name in (user, *(keyed_name(user, key) for key in self.known.keys))
        }
        if not names:
            return harm
        sought = re.compile(rb"\b(" + b"|".join(re.escape(name.encode()) for name in names) + rb")\b")
        for place in (*PLACES, "logs", "target", "output.txt"):
            top = self.folder / place
            for file in (file for file in [top, *top.rglob("*")] if file.is_file() and place != "backups"):
                found = {*sought.findall(file.read_bytes()), *self._in_tables(file, [*names])}
                harm["traces of the forgotten"] += bool(found)
                if found:
                    sys.stdout.write(f"Trace of {len(found)} names: {file.relative_to(self.folder)} {found}\n")
        return +harm

    @staticmethod
    def _rows_per_file(folder: Path) -> dict[str, int]:
        return {file.name: len(_rows(file)) for file in folder.glob("*.csv")}

    def _codes_given_twice(self) -> int:
        """Count contacts whose coupon code is another's, or another than before."""
        twice, contacts = 0, {contact: code for code, contact in self.known.codes.items()}
        for file in self.folder.glob("exports/*/*/addressed/*.csv"):
            for row in _rows(file):
                if code := row.get("coupon_code"):
                    contact = row["contact_id"]
                    twice += self.known.codes.setdefault(code, contact) != contact
                    twice += contacts.setdefault(contact, code) != code
        return twice

    @staticmethod
    def _is_whole_export(folder: Path) -> bool:
        manifest = folder / "manifest.json"
        if not manifest.exists():
            return False
        checksum = hashlib.sha256((folder / "contacts.csv").read_bytes()).hexdigest()
        return json.loads(manifest.read_text())["sha256"] == checksum

    def _in_tables(self, file: Path, names: list[str]) -> list[str]:
        """Return in which tables of a file, whose pages may be compressed, a name stands."""
        pattern = r"\b(" + "|".join(map(re.escape, names)) + r")\b"
        with duckdb.connect() as connection:
            if file.suffix == ".parquet":
                return self._telling(connection, [f"read_parquet('{file}')"], pattern)
            if file.suffix != ".duckdb" or file.is_symlink():
                return []
            if file.name.endswith(".vault.duckdb"):
                attach_encrypted(connection, file, "seen", (self.folder / ".secrets" / "vault.key").read_text().strip())
            else:
                connection.execute(f"attach '{file}' as seen (read_only)")
            tables = connection.execute(
                "select 'seen.' || schema_name || '.' || table_name from duckdb_tables()"
                " where database_name = 'seen' and estimated_size > 0"
            ).fetchall()
            return self._telling(connection, [table for (table,) in tables], pattern)

    @staticmethod
    def _telling(connection: duckdb.DuckDBPyConnection, tables: list[str], pattern: str) -> list[str]:
        return [
            table
            for table in tables
            if connection.execute(
                f"select 1 from {table} as row_read where regexp_matches(cast(row_read as varchar), $1) limit 1",
                [pattern],
            ).fetchall()
        ]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as reading:
        return list(csv.DictReader(reading))

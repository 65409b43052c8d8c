"""A shop of three customers, built, published and exported, to forget them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import replace
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb
from support.builds import PSEUDONYM_KEY, VAULT_KEY, DbtResult, DbtRuns, moved, package_folder, vault_of
from support.cache import kept
from support.operations import run_apart, start_apart
from support.shops import write_shop

from operations.publish.versions import point

KEY = "a key for tests that hides who was forgotten"
TEXTS = {
    # a mark of the encoding comes first, as Excel has it
    "users.csv": "\ufeffuser_id;email;full_name;phone\r\n"
    'id-anna;Anna@Example.com;"Anna\r\nZwölfer";+49 111 2223334\r\n'
    "id-boris;boris@example.com;Boris Ö;+49 222 3334445\r\n"
    "id-carla;carla@example.com;Carla Ruiz;+49 333 4445556\r\n",
    "products.csv": "product_id,product_name,list_price\np1,Tea,2.50\n",
    "transactions/1.csv": "transaction_id,order_id,user_id,product_id,quantity,"
    "net_amount,ordered_at\n"
    "t1,o1,id-anna,p1,1,2.50,2026-03-14 09:26:53\n"
    't2,o2," id-boris ",p1,1,2.50,2026-03-15 09:26:53\n'
    "t3,o3,id-carla,p1,1,2.50,2026-03-16 09:26:53\n"
    "t4,o4,id-anna,p1,none,2.50,2026-03-17 09:26:53\n",
    # what two share is of both
    "order_tokens.csv": "order_id,user_id,token_kind,token,seen_at\n"
    "o1,id-anna,device,anna-s phone,2026-03-14 09:26:53\n"
    "o3,id-carla,address,1 Shared Way,2026-03-16 09:26:53\n",
    "order_disputes.csv": "order_id,user_id,dispute_kind,reported_at\no1,id-anna,chargeback,2026-03-20 08:00:00\n",
}
BUILT = ("+people", "+orders", "+order_tokens", "+order_disputes", "+events", "+rejected_rows", "+rows_left_out")
# Folders of exported contacts: as now, and as they were called before.
EXPORTS = ("exports", "handover")
ANNA = ["id-anna", "anna@example.com", "Zwölfer", "+49 111 2223334", "anna-s phone"]


class Shop:
    """A shop of three customers, built, published and exported."""

    def __init__(self, dbt: DbtRuns, folder: Path) -> None:
        # logs are searched for persons
        self.dbt, self.folder = replace(dbt, log_level="debug"), folder
        self.warehouse = dbt.folder / "building.duckdb"

    def run(self, *arguments: str, **environment: str) -> DbtResult:
        """Run dbt on it."""
        return self.dbt.run("--quiet", *arguments, **self.settings(**environment))

    def settings(self, **environment: str) -> dict:
        """Return where everything lies."""
        return {
            "warehouse": self.warehouse,
            "raw_folder": package_folder(),
            "source": "your_shop",
            "environment": {
                "SHOP_DIR": str(self.folder / "raw"),
                "PRIVACY_DIR": str(self.folder / "privacy"),
                "PUBLISHED_DIR": str(self.folder / "published"),
                "EXPORTS_DIR": str(self.folder / "exports"),
                "HANDOVER_DIR": str(self.folder / "handover"),
                "ERASURE_KEY": KEY,
                **environment,
            },
        }

    def build(self, *selected: str, retention: str = "{}", tested: tuple[str, ...] = ()) -> None:
        """Build what rests on the files, and test some of it."""
        # one row in four is rejected, so that it is looked for
        variables = f"--vars={{data_quality_severity: warn, retention_days: {retention}}}"
        untested = ("--exclude-resource-type=test", "--exclude-resource-type=unit_test")
        steps = [("build", *untested, "--select", *(selected or BUILT))]
        if tested:
            steps.append(("test", untested[1], "--select", *tested))
        for step in steps:
            result = self.run(*step, variables)
            assert result.exit_code == 0, result.output

    def forget(self, environment: dict | None = None, **arguments: str) -> DbtResult:
        """Run the operation."""
        told = json.dumps(arguments)
        return self.run("run-operation", "forget_user", "--args", told, **(environment or {}))

    def answer(self, *ids: str, file: Path | None = None, **environment: str) -> dict:
        """Forget users as that operation does, without dbt, which takes most of its time."""
        done = run_apart(*self._asked(ids, file), **self._environment(**environment))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, file: Path) -> BaseProcess:
        """Start to, and do not wait."""
        return start_apart(*self._asked((), file), **self._environment())

    def _asked(self, ids: tuple[str, ...], file: Path | None) -> tuple:
        request = {
            "ids": ids,
            "file": file and str(file),
            "source": "your_shop",
            "raw_folder": str(self.folder / "raw"),
            "database": "building",
            "target": str(self.dbt.folder / "target"),
            "logs": str(self.dbt.folder / "logs"),
            "today": str(date.today()),
            "encoding": "auto",
            "id_as_read": "trim({column})",
        }
        return answer, self.warehouse, json.dumps(request)

    def _environment(self, **environment: str) -> dict[str, str]:
        keys = {"PSEUDONYM_KEY": PSEUDONYM_KEY, "VAULT_KEY": VAULT_KEY}
        return {"SOURCE": "your_shop", **keys, **self.settings(**environment)["environment"]}

    def receipt(self) -> dict:
        """Return the last receipt."""
        files = sorted((self.folder / "privacy" / "your_shop" / "receipts").iterdir())
        return json.loads(files[-1].read_text())

    def files_telling(self, texts: list[str]) -> dict[str, list[str]]:
        """Return, per file, which of some texts its bytes hold; Parquet is read."""
        found = {}
        places = [self.folder, self.warehouse, vault_of(self.warehouse)]
        places += [self.dbt.folder / "target", self.dbt.folder / "logs"]
        for place in places:
            for file in [place] if place.is_file() else place.rglob("*"):
                if not file.is_file():
                    continue
                content = file.read_bytes()
                if file.suffix == ".parquet" and content.endswith(b"PAR1"):
                    content = repr(duckdb.read_parquet(str(file)).fetchall()).encode()
                content = content.lower()
                if told := [text for text in texts if text.lower().encode() in content]:
                    found[file.name] = told
        return found


def answer(warehouse: Path, request: str) -> None:
    """Forget users over a connection like that of dbt."""
    from operations.personal_data.requests import Requests
    from operations.privacy.vault import attach_encrypted, open_vault

    with duckdb.connect(str(warehouse)) as connection:
        attach_encrypted(connection, *open_vault(warehouse))
        sys.stdout.write(Requests(connection, warehouse).forget_users(request))


def erasable_shop(dbt: DbtRuns, name: str) -> Shop:
    """Return the shop as it was built, in a folder of this name."""

    def make(folder: Path) -> None:
        shop = Shop(dbt, folder / "shop")
        shop.dbt = dbt
        dbt.begin()
        write_shop(shop.folder / "raw", TEXTS)
        duckdb.sql(
            "select 'e' || i || n as event_id, 'id-' || n as user_id, 'view' as event_type,"
            " timestamp '2026-03-01 10:00:00' as occurred_at"
            " from range(3) as r (i), (values ('anna'), ('carla')) as n (n)"
        ).write_parquet(str(shop.folder / "raw" / "events.parquet"))
        shop.build()
        publish(shop)
        moved(shop.warehouse, folder / shop.warehouse.name)

    made, shop = kept("erasable_shop", (), make), Shop(dbt, dbt.folder / name)
    dbt.begin()
    shutil.rmtree(shop.folder, ignore_errors=True)
    shutil.copytree(made / "shop", shop.folder, symlinks=True)
    for file in (shop.warehouse, vault_of(shop.warehouse)):
        shutil.copy(made / file.name, file)
    return shop


def publish(shop: Shop) -> None:
    """Copy a mart as publish does; contacts as audience_export does, and did before."""
    folder = shop.folder / "published"
    version = folder / "your_shop" / "000002"
    (version / "core").mkdir(parents=True)
    with duckdb.connect(str(version / "your_shop.duckdb")) as connection:
        connection.execute(f"attach '{shop.warehouse}' as private (read_only)")
        connection.execute("create schema core")
        connection.execute("create table core.orders as from private.core.orders")
        connection.table("core.orders").write_parquet(str(version / "core" / "orders.parquet"))
        connection.execute("create schema publication")
        connection.execute(
            "create table publication.published_tables as"
            " select 'core.orders' as table_name, count(*) as row_count from core.orders"
        )
        users = connection.sql("select user_id from core.orders order by 1").fetchall()
    shutil.copytree(version, version.with_name("000001"))
    point(version.with_name("current"), "000002")
    point(folder / "your_shop.duckdb", "your_shop/current/your_shop.duckdb")
    # what publishes that were killed leave, in this release and before
    shutil.copytree(version, version.with_name("000003"))
    shutil.copy(version / "your_shop.duckdb", folder / ".your_shop.77.duckdb")
    killed = folder / "your_shop" / ".000004" / "core" / "orders.parquet"
    killed.parent.mkdir(parents=True)
    killed.write_bytes(b"PAR1" + repr(users).encode())
    # escaped, as an export escapes what a spreadsheet would run
    text = "user_id,campaign_id\n" + "".join(f"{user},'=c1\n" for (user,) in users)
    manifest = {
        "version": "v1",
        "rows": len(users),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "campaigns": [{"campaign_id": "=c1", "rows": len(users)}],
    }
    for name in EXPORTS:
        write_shop(
            shop.folder / name / "your_shop" / "mail",
            {"v1/contacts.csv": text, "v1/manifest.json": json.dumps(manifest), "current.json": json.dumps(manifest)},
        )
    # written by an export with the vault's key
    addressed = {"c1.email_service.csv": "email\nanna@example.com\n", "rows.json": "{}"}
    write_shop(shop.folder / EXPORTS[0] / "your_shop" / "mail" / "addressed", addressed)

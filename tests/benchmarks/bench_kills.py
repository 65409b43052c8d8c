"""Kill commands at random moments and count what is harmed: `make bench-kills KILLS=200 SEED=1`.

A small shop in a copy of the project is built, published, exported, rotated, erased from,
backed up and restored. Each command is killed once, called again until it ends, and what
cannot be rebuilt is compared with what was there. Prints counts; asserts nothing.
"""

from __future__ import annotations

import csv
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from demo_shop.shop import make_shop
from operations.privacy.keys import keyed_name
from operations.privacy.vault import attach_encrypted

FOLDER = Path("target/kills")
USERS, DAYS = 80, 120
BUILD = ["-m", "operations.build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
VARS = ["--vars", "{as_of_count: 6, bootstrap_draws: 10, value_draws: 10}"]
COMMANDS = {
    "build": [*BUILD, *VARS],
    "launch": [*BUILD, *VARS, "--select", "campaign_plan+", "offers+"],
    "publish": ["-m", "operations.publish"],
    "export": ["-m", "operations.audience_export"],
    "rotate vault": ["-m", "operations.privacy.rotate_keys", "vault"],
    "rotate pseudonyms": ["-m", "operations.privacy.rotate_keys", "pseudonyms"],
    "back up": ["-m", "operations.backup"],
}
KILLED = ("launch", "launch", "publish", "export", "rotate vault", "rotate pseudonyms", "forget", "restore")


@dataclass
class Shop:
    """The copy of the project, and what is known of it."""

    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    decisions: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, Counter] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    backup: int = 0
    campaigns: int = 0

    def start(self, name: str, user: str | None = None) -> subprocess.Popen:
        """Start a command in a group of its own."""
        if name in ("forget", "look for"):
            operation = "forget_user" if name == "forget" else "export_user"
            command = ["-m", "dbt.cli.main", "run-operation", operation, "--args", f"{{user_id: '{user}'}}"]
        elif name == "restore":
            command = ["-m", "operations.backup", f"backups/{self.backup:06d}"]
        else:
            command = COMMANDS[name]
        with (FOLDER / "output.txt").open("w") as output:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=FOLDER,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, user: str | None = None) -> None:
        """Run a command to its end."""
        began = time.monotonic()
        if self.start(name, user).wait() and not (name == "forget" and "nobody is known" in self.output()):
            raise SystemExit(f"{name} failed:\n{self.output()}")
        self.seconds[name] = max(self.seconds.get(name, 0), time.monotonic() - began)

    def output(self) -> str:
        """Return what the last command printed."""
        return (FOLDER / "output.txt").read_text()[-3000:]

    def people(self) -> dict[str, str]:
        """Return the ids of the source by pseudonym."""
        keys = {name: (FOLDER / ".secrets" / f"{name}.key").read_text().strip() for name in ("vault", "pseudonym")}
        with duckdb.connect() as connection:
            attach_encrypted(connection, FOLDER / "warehouse" / "shop.vault.duckdb", "vault", keys["vault"])
            users = connection.sql("select source_user_id from vault.people").fetchall()
        return {keyed_name(user, keys["pseudonym"]): user for (user,) in users}

    def harmed(self) -> Counter:
        """Compare the ledger and the publication with what is known; return what is harmed."""
        people, harm = self.people(), Counter()
        with duckdb.connect(str(FOLDER / "warehouse" / "shop.duckdb"), read_only=True) as connection:
            rows = connection.sql("select campaign_id, user_id, decision from campaigns.decision_ledger").fetchall()
        found = {(campaign, people.get(user, user)): decision for campaign, user, decision in rows}
        harm["doubled"] = len(rows) - len(found)
        for (campaign, user), decision in self.decisions.items():
            if user not in self.forgotten:
                harm["lost"] += (campaign, user) not in found
                harm["altered"] += found.get((campaign, user), decision) != decision
        counts: dict[str, Counter] = {}
        for campaign, _, decision in rows:
            counts.setdefault(campaign, Counter())[decision] += 1
        harm["campaigns with other counts"] = sum(counts.get(name) != known for name, known in self.counts.items())
        self.decisions, self.counts = found, counts
        with duckdb.connect(str(FOLDER / "published" / "demo_shop.duckdb"), read_only=True) as connection:
            told = connection.sql("select table_name, row_count from publication.published_tables").fetchall()
            counted = [(name, connection.table(name).count("*").fetchone()[0]) for name, _ in told]
        harm["half publications"] = int(sorted(told) != sorted(counted))
        return harm

    def approve_another(self) -> None:
        """Plan another campaign, which the next build launches."""
        self.campaigns += 1
        for seed, key in (("campaign_plan", "2026-07-new"), ("offers", "2026-07-app")):
            file = FOLDER / "seeds" / "campaigns" / f"{seed}.csv"
            with file.open(newline="") as reading:
                header, *rows = csv.reader(reading)
            (row,) = [row for row in rows if row[1] == key]
            name = f"more-{self.campaigns}"
            changed = {"campaign_id": name, "offer_id": f"{name}-offer", "budget_amount": "2"}
            rows.append([changed.get(column, value) for column, value in zip(header, row, strict=True)])
            with file.open("w", newline="") as writing:
                csv.writer(writing, lineterminator="\n").writerows([header, *rows])


def made() -> Shop:
    """Copy the project, make a shop, and build, publish, export and back it up."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run(["git", "checkout-index", "--all", f"--prefix={FOLDER}/"], check=True)
    (FOLDER / ".secrets").mkdir(mode=0o700)
    for name in ("pseudonym", "vault"):
        key = FOLDER / ".secrets" / f"{name}.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(24))
    make_shop(FOLDER / "raw", FOLDER / "warehouse" / "shop.duckdb", users=USERS, days=DAYS)
    ours = {"SOURCE": "demo_shop", "WAREHOUSE": "warehouse/shop.duckdb", "SHOP_DIR": "raw", "CI": "1"}
    unset = ("PSEUDONYM_KEY", "VAULT_KEY", "ERASURE_KEY", "POSTGRES_URL")
    shop = Shop({**{name: value for name, value in os.environ.items() if name not in unset}, **ours})
    for name in ("build", "launch", "publish", "export"):
        shop.run(name)
    shop.run("back up")
    shop.backup = 1
    shop.harmed()
    return shop


def kill_once(shop: Shop, name: str, draw: random.Random) -> bool:
    """Kill a command at a random moment, then see it through; return whether it was killed."""
    user = None
    if name == "launch":
        shop.approve_another()
    elif name == "forget":
        user = draw.choice(sorted(shop.people().values()))
    elif name == "restore":
        for lost in (FOLDER / "warehouse").glob("shop.*"):
            shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    process = shop.start(name, user)
    time.sleep(draw.uniform(0, shop.seconds.get(name, 8)))
    is_killed = process.poll() is None
    if is_killed:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if is_killed or name != "forget":
        shop.run(name, user)
    if user:
        shop.forgotten.append(user)
    if name in ("rotate pseudonyms", "forget", "restore"):
        shop.run("build")
    for following in ("publish", "export", "back up"):
        shop.run(following)
    shop.backup += 1
    return is_killed


def main() -> None:
    """Kill as often as asked; print what was killed and what was harmed."""
    kills, draw = int(os.environ.get("KILLS") or "200"), random.Random(int(os.environ.get("SEED") or "1"))
    shop, killed, harm = made(), Counter(), Counter()
    while killed.total() < kills:
        name = draw.choice(KILLED)
        killed[name] += kill_once(shop, name, draw)
        harm += shop.harmed()
        sys.stdout.write(f"{killed.total():>5} kills, last {name}; harmed: {dict(harm) or 'nothing'}\n")
        sys.stdout.flush()
    left = 0
    for user in shop.forgotten:
        shop.start("look for", user).wait()
        left += "nobody is known" not in shop.output()
    sys.stdout.write(f"Killed: {dict(killed)}. Harmed: {dict(harm) or 'nothing'}.\n")
    sys.stdout.write(f"Forgotten: {len(shop.forgotten)} users, {left} of them still found somewhere.\n")


if __name__ == "__main__":
    main()

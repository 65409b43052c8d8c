"""Kill commands at random moments and count what is harmed: `make bench-kills KILLS=200 SEED=1`.

A small shop is built, launched, published, exported and backed up once, in a copy of the project.
An episode starts from there: a few commands are killed, some again and again, then called
until they end, and what cannot be rebuilt is compared with what was there. Moments are
drawn evenly over the time that a command takes. Prints counts; asserts nothing.
"""

from __future__ import annotations

import csv
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from demo_shop.shop import make_shop
from tests.benchmarks.harm import PLACES, Known, Look
from tests.benchmarks.warm_commands import VARS

FOLDER = Path("target/kills").resolve()
PREPARED = FOLDER.with_name("kills-prepared")
USERS, DAYS = 80, 120
BUILD = ["operations.build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", *VARS]
COMMANDS = {
    "build": BUILD,
    "launch": ["operations.launch", "launch"],
    "smallest build": [*BUILD, "--select", "blackout_dates"],
    "publish": ["operations.publish"],
    "export": ["operations.audience_export"],
    "rotate vault": ["operations.privacy.rotate_keys", "vault"],
    "rotate pseudonyms": ["operations.privacy.rotate_keys", "pseudonyms"],
    "back up": ["operations.backup"],
}
# How often each is drawn: always, and if the database is whole.
# What takes long is drawn less often, and called until it ends less often.
KILLED = {"rotate vault": 3, "rotate pseudonyms": 3, "forget": 3, "restore": 3, "back up": 1, "build": 1}
KILLED_IF_WHOLE = {"publish": 3, "export": 3, "launch": 3, "undo": 2}
BUILT_OF = ("models", "macros", "python_models", "profiles", "seeds", "demo_shop", "dbt_project.yml")
# What a command says that was killed after its work.
DONE = {"forget": "nobody is known", "undo": "was undone before"}
MOST_KILLS_OF_AN_EPISODE = 5
KILLED_AGAIN, BUILT_TO_THE_END = 0.5, 0.3


@dataclass
class Shop:
    """The copy of the project, and what is known of it."""

    draw: random.Random
    seconds: dict[str, float] = field(default_factory=dict)
    known: Known = field(default_factory=Known)
    is_whole: bool = True
    backup: int = 1
    campaigns: int = 0

    def __post_init__(self) -> None:
        """Start the process that runs the commands."""
        ours = {"SOURCE": "demo_shop", "WAREHOUSE": "warehouse/shop.duckdb", "SHOP_DIR": "raw", "CI": "1"}
        ours |= {
            "DBT_PROFILES_DIR": "profiles",
            "PYTHONPATH": f"{FOLDER}:{FOLDER}/python_models",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        unset = ("PSEUDONYM_KEY", "VAULT_KEY", "ERASURE_KEY", "POSTGRES_URL")
        self.runner = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.warm_commands"],
            cwd=FOLDER,
            env={**{name: value for name, value in os.environ.items() if name not in unset}, **ours},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.runner.stdout.readline() != "ready\n":
            raise SystemExit("The process that runs the commands did not start.")

    def words(self, name: str, told: str | None) -> list[str]:
        """Return what runs a command, about a user or a campaign."""
        if name == "forget":
            return ["dbt", "--quiet", "run-operation", "forget_user", "--args", f"{{user_id: '{told}'}}"]
        if name == "undo":
            return ["operations.launch", "undo", told]
        if name == "restore":
            return ["operations.backup", f"backups/{self.backup:06d}"]
        return COMMANDS[name]

    def run(self, name: str, told: str | None = None, kill_after: float | None = None) -> int:
        """Run a command to its end, or kill it; return its exit code, negative if it was killed."""
        self.runner.stdin.write(json.dumps(self.words(name, told)) + "\n")
        self.runner.stdin.flush()
        group, began = int(self.runner.stdout.readline()), time.monotonic()
        if kill_after is not None:
            killer = threading.Timer(kill_after, _kill, [group])
            killer.start()
        code = int(self.runner.stdout.readline())
        if kill_after is not None:
            killer.cancel()
        if not code:
            self.seconds[name] = time.monotonic() - began
        return code

    def see_through(self, name: str, told: str | None = None) -> None:
        """Run a command that is expected to do what it says, or to say that it is done."""
        if self.run(name, told) and not (name in DONE and DONE[name] in self.output()):
            raise SystemExit(f"{name} failed:\n{self.output()}")

    def output(self) -> str:
        """Return what the last command printed."""
        return (FOLDER / "output.txt").read_text()[-3000:]

    def begin_again(self) -> None:
        """Put back the shop as it was prepared."""
        for name in (*PLACES, "target"):
            shutil.rmtree(FOLDER / name, ignore_errors=True)
            shutil.copytree(PREPARED / name, FOLDER / name, symlinks=True)
        self.is_whole = True
        self.backup, self.known = 1, Known()
        Look(FOLDER, self.known).harm()

    def approve_another(self) -> str:
        """Plan another campaign, which the next launch launches; return its name."""
        self.campaigns += 1
        for seed, key in (("campaign_plan", "2026-07-new"), ("offers", "2026-07-app")):
            file = FOLDER / "seeds" / "campaigns" / f"{seed}.csv"
            with file.open(newline="") as reading:
                header, *rows = csv.reader(reading)
            (row,) = [row for row in rows if row[1] == key]
            name = f"more-{self.campaigns}"
            changed = {"campaign_id": name, "offer_id": f"{name}-offer", "budget_amount": "0.1"}
            rows.append([changed.get(column, value) for column, value in zip(header, row, strict=True)])
            with file.open("w", newline="") as writing:
                csv.writer(writing, lineterminator="\n").writerows([header, *rows])
        return name

    def lose(self) -> None:
        """Delete some of what the last backup holds."""
        lost = [each for each in ("database", "ledger", "vault", "keys") if self.draw.random() < 0.5] or ["database"]
        if self.known.forgotten_since_backup:
            # the key of the forgotten is younger than the backup
            lost = [each for each in lost if each != "keys"] or ["ledger"]
        files = {
            "database": [FOLDER / "warehouse" / "shop.duckdb", FOLDER / "warehouse" / "shop.duckdb.wal"],
            "ledger": [FOLDER / "warehouse" / "shop.ledger"],
            "vault": [FOLDER / "warehouse" / "shop.vault.duckdb"],
            "keys": [FOLDER / ".secrets"],
        }
        for place in (place for each in lost for place in files[each]):
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        self.is_whole = self.is_whole and "database" not in lost


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        # not yet the leader of a group, or ended
        try:
            os.kill(group, signal.SIGKILL)
        except ProcessLookupError:
            return


def prepare(draw: random.Random) -> Shop:
    """Copy the project, as git's index has it, and prepare a shop unless one of these models is there."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run(["git", "checkout-index", "--all", f"--prefix={FOLDER}/"], check=True)
    built_of = subprocess.run(["git", "ls-files", "--stage", *BUILT_OF], check=True, capture_output=True, text=True)
    told = PREPARED / "prepared.json"
    if not told.exists() or json.loads(told.read_text())["built_of"] != built_of.stdout:
        seconds = make_prepared(draw)
        told.write_text(json.dumps({"built_of": built_of.stdout, "seconds": seconds}))
    shop = Shop(draw, seconds=json.loads(told.read_text())["seconds"])
    shop.begin_again()
    # how long the others take
    shop.approve_another()
    shop.see_through("launch")
    shop.see_through("rotate vault")
    shop.see_through("rotate pseudonyms")
    shop.see_through("forget", draw.choice(sorted(Look(FOLDER, shop.known).people().values())))
    return shop


def make_prepared(draw: random.Random) -> dict[str, float]:
    """Make a shop, build, publish, export and back it up; return how long each took."""
    shutil.rmtree(PREPARED, ignore_errors=True)
    (FOLDER / ".secrets").mkdir(mode=0o700)
    for name in ("pseudonym", "vault"):
        key = FOLDER / ".secrets" / f"{name}.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(24))
    _contact_few(FOLDER / "seeds" / "campaigns" / "campaign_plan.csv")
    make_shop(FOLDER / "raw", FOLDER / "warehouse" / "shop.duckdb", users=USERS, days=DAYS)
    shop = Shop(draw)
    for name in ("build", "launch", "publish", "export", "back up"):
        shop.see_through(name)
    (FOLDER / "privacy").mkdir(exist_ok=True)
    for name in (*PLACES, "target"):
        shutil.copytree(FOLDER / name, PREPARED / name, symlinks=True)
    shop.runner.stdin.close()
    return shop.seconds


def _contact_few(plan: Path) -> None:
    """Leave users for the campaigns that are planned later."""
    with plan.open(newline="") as reading:
        rows = list(csv.DictReader(reading))
    with plan.open("w", newline="") as writing:
        written = csv.DictWriter(writing, rows[0], lineterminator="\n")
        written.writeheader()
        written.writerows({**row, "budget_amount": "30" if row["campaign_type"] == "coupon" else "0.1"} for row in rows)


def kill(shop: Shop, name: str) -> tuple[int, Counter]:
    """Kill a command, perhaps again, then see it through; return kills and harm."""
    told = None
    if name in ("launch", "undo"):
        campaign = shop.approve_another()
    if name == "undo":
        shop.see_through("launch")
        told = campaign
    elif name == "forget":
        told = shop.draw.choice(sorted(Look(FOLDER, shop.known).people().values()))
    elif name == "restore":
        shop.lose()
    kills = 0
    while True:
        longest = shop.seconds.get(name, 0.5)
        is_killed = shop.run(name, told, kill_after=shop.draw.uniform(0, longest)) < 0
        kills += is_killed
        if not is_killed or shop.draw.random() > KILLED_AGAIN:
            break
    if name == "build":
        is_to_end = shop.draw.random() < BUILT_TO_THE_END
        shop.see_through("build" if is_to_end else "smallest build")
        shop.is_whole = is_to_end
    elif is_killed or name not in DONE:
        shop.see_through(name, told)
    if name in ("launch", "undo"):
        shop.known.launched.add(campaign)
    if name == "undo":
        shop.known.undone.add(campaign)
    if name == "rotate pseudonyms":
        shop.is_whole = False
    if name == "forget":
        shop.known.forgotten.append(told)
        shop.known.forgotten_since_backup = True
    else:
        shop.see_through("back up")
        shop.backup = max(int(file.name[:6]) for file in (FOLDER / "backups").glob("0*.tar"))
        shop.known.forgotten_since_backup = False
    look = Look(FOLDER, shop.known)
    harm = look.harm()
    harm += look.unlisted()
    if not shop.is_whole:
        for wrong in ("publish", "export"):
            harm[f"{wrong} of what is not whole"] += not shop.run(wrong)
    return kills, harm


def main() -> None:
    """Kill as often as asked; print what was killed and what was harmed."""
    wanted, draw = int(os.environ.get("KILLS") or "200"), random.Random(int(os.environ.get("SEED") or "1"))
    shop, killed, calls, harm, forgotten = prepare(draw), Counter(), Counter(), Counter(), 0
    sys.stdout.write(f"Seconds: { {name: round(each, 1) for name, each in shop.seconds.items()} }\n")
    began = time.monotonic()
    while killed.total() < wanted:
        shop.begin_again()
        for _ in range(draw.randint(1, MOST_KILLS_OF_AN_EPISODE)):
            drawn = KILLED | (KILLED_IF_WHOLE if shop.is_whole else {})
            [name] = draw.choices([*drawn], [*drawn.values()])
            kills, found = kill(shop, name)
            killed[name] += kills
            calls[name] += 1
            harm += found
            each = (time.monotonic() - began) / max(killed.total(), 1)
            sys.stdout.write(f"{killed.total():>5} kills, {each:.1f} s each, last {name}; harmed: {dict(harm)}\n")
            sys.stdout.flush()
            if name == "build" or killed.total() >= wanted:
                break
        forgotten += len(shop.known.forgotten)
        harm += Look(FOLDER, shop.known).traces()
    lines = [f"  {name:<18}{killed[name]:>5} killed in {calls[name]:>4} tries" for name in sorted(calls)]
    sys.stdout.write("\n".join(["Killed:", *lines, ""]))
    sys.stdout.write(f"{forgotten} users forgotten. Harmed: {dict(harm) or 'nothing'}.\n")


if __name__ == "__main__":
    main()

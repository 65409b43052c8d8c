"""Tells what of a database a build may keep: only what changed is made anew.

    python -m operations.build.reuse        # the start of `make build`: is there anything to do?
    python -m operations.build.reuse tests  # amid `make test`: is there anything to test with dbt?

Each run of dbt notes in `builds.runs` what it was made of. A build looks back to the last
one of everything: where files, code and keys are as they were then, it makes what failed
or is stale (`builds.nodes`), and what follows from the plan where that changed. Any other
command may have written anything, so after one everything is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from dbt_common.exceptions import DbtRuntimeError

from operations.build.ledger import LedgerError, held_files, ledger_files, ledger_of
from operations.build.wholeness import KEPT_TAGS
from operations.files import checksum
from operations.places import PROJECT, PROJECT_FOLDER, PUBLISHED_FILE, SITE, TARGET, WAREHOUSE, shop_named
from operations.privacy.keys import key_fingerprint
from operations.shop_files import inputs_fingerprint

# What a run was for: `build` makes everything, `rest` what is not in order, `plan` what
# follows from the plan, `launch` launches; without a word it is somebody's own command.
SCOPE = "BUILD_SCOPE"
SCOPES = ("build", "rest", "plan", "launch")
PLAN = "seeds/campaigns"
CODE = (
    *("dbt_project.yml", "selectors.yml", "requirements.lock", "models", "macros", "python_models", "operations"),
    *("profiles", "seeds", "tests/data", "tests/generic"),
)
ALL_ANEW = "; all anew: make build FULL=1."
# As the sentences call them.
PARTS = {
    "files": "the shop's files",
    "code": "the project's code",
    "settings": "vars, keys or Python",
    "forgotten": "the list of forgotten users",
    # what lies in the future, and what is kept no longer, is told by it
    "day": "the day",
}


class Choice(NamedTuple):
    """What to build, and a sentence that says why.

    Parameters
    ----------
    scope : str or None
        ``build``, ``plan`` or ``rest``; None where nothing is to be built.
    sentence : str
        For whoever waits.
    stale : list of str
        Ids of the nodes that failed or are stale.
    """

    scope: str | None
    sentence: str
    stale: list[str]


def made_of(changed_vars: dict[str, Any]) -> str:
    """Return what tables are made of now, as JSON: a fingerprint per part, and what the run is for.

    Parameters
    ----------
    changed_vars : dict
        What ``--vars`` sets.
    """
    folder = os.environ.get("COMPLETE_JOURNEY_DIR")
    shop = shop_named(changed_vars)
    if below := PROJECT["vars"]["shops"].get(shop, {}).get("folder"):
        folder = os.environ.get("SHOP_DIR") or below
    keys = [key_fingerprint(name, shop) for name in ("pseudonym", "vault", "erasure")]
    forgotten = PROJECT_FOLDER / os.environ.get("PRIVACY_DIR", "privacy") / shop / "forgotten.csv"
    plan = _files(PROJECT_FOLDER / os.environ.get("PLAN_FOLDER", PLAN))
    code = [file for part in CODE for file in _files(PROJECT_FOLDER / part) if file not in plan]
    return json.dumps(
        {
            "scope": "launch" if os.environ.get("LAUNCH_STEP") else os.environ.get(SCOPE),
            "files": inputs_fingerprint(folder) if folder else None,
            "code": _checksum(code),
            "plan": _checksum(plan),
            "settings": json.dumps([changed_vars, *sys.version_info[:2], *keys]),
            "forgotten": _checksum(_files(forgotten)),
            "day": f"{datetime.now(UTC):%Y-%m-%d}",
        }
    )


def choose(connection: duckdb.DuckDBPyConnection, warehouse: Path, now: dict[str, Any]) -> Choice:
    """Say what is to be built.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To the database.
    warehouse : Path
        Its file; the ledger lies beside it.
    now : dict
        What `made_of` returns, read from JSON.
    """
    since = []
    runs = _runs(connection)
    for started_at, _, text in runs:
        told = json.loads(text or "{}")
        if told.get("scope") not in SCOPES:
            return _everything(f"another command wrote tables on {_when(started_at)}")
        since.append((started_at, told))
        if told["scope"] == "build":
            break
    else:
        return Choice("build", "", [])
    when = f"of {_when(since[-1][0])}"
    changed = [name for part, name in PARTS.items() if any(told[part] != now[part] for _, told in since)]
    if changed:
        return _everything(f"{' and '.join(changed)} changed since the build {when}")
    stale = [node for (node,) in connection.execute("select node_id from builds.nodes order by node_id").fetchall()]
    is_planned = since[0][1]["plan"] == now["plan"]
    if is_planned and held_files(connection) == {file.path.name for file in ledger_files(ledger_of(warehouse))}:
        if not stale and not runs[0][1]:
            return _everything(f"the build {when} was stopped at its end")
        if not stale:
            return Choice(None, f"Nothing is new since the build {when}, so nothing is built{ALL_ANEW}", [])
        return Choice("rest", f"Only the {len(stale):,} tables and tests not in order are built{ALL_ANEW}", stale)
    # what the plan's own build left, as after a fault in the plan, follows from the plan
    if stale and not _was_whole_before_the_plan(runs):
        return _everything(f"the plan changed, and the build {when} is not whole")
    return Choice("plan", f"Only what follows from the plan or the ledger is built{ALL_ANEW}", [])


def selection(choice: Choice) -> list[str]:
    """Return the arguments of dbt that select what is to be built."""
    if choice.scope == "plan":
        # launching does the same: what is learnt from the plan is learnt of campaigns that are over
        return ["--select", f"path:{PLAN}+", "--exclude", *(f"tag:{tag}" for tag in sorted(KEPT_TAGS))]
    if choice.scope == "rest":
        return ["--select", *(f"{node.split('.')[2]}+" for node in choice.stale), "--exclude", "tag:full_grid"]
    return []


def _was_whole_before_the_plan(runs: list[tuple]) -> bool:
    for _, whole_at, text in runs:
        if whole_at or json.loads(text)["scope"] != "plan":
            return bool(whole_at)
    return False


def _everything(reason: str) -> Choice:
    return Choice("build", f"Everything is built anew: {reason}.", [])


def _runs(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    try:
        return connection.execute(
            "select started_at, whole_at, made_of from builds.runs order by started_at desc"
        ).fetchall()
    except duckdb.Error:
        # no build yet, or one of a version that kept no such record
        return []


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in found if file.is_file() and file.suffix != ".pyc"]


def _checksum(files: list[Path]) -> str:
    # the folder says what a model is configured to be
    told = [f"{os.path.relpath(file, PROJECT_FOLDER)} {checksum(file)}" for file in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def choice() -> Choice:
    """Say what of the shop's database is to be built."""
    # without the manifest, what follows cannot know the tables
    if os.environ.get("FULL") or not WAREHOUSE.exists() or not (TARGET / "manifest.json").exists():
        return Choice("build", "", [])
    try:
        with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
            return choose(connection, WAREHOUSE, json.loads(made_of({})))
    except (duckdb.Error, LedgerError, OSError, DbtRuntimeError):
        # the build meets it as well, and says it in a sentence
        return Choice("build", "", [])


def is_told() -> bool:
    """Whether publication, report and pages are of the last run."""
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        [(ended_at,)] = connection.execute("select max(ended_at) from builds.runs").fetchall()
    written = [PUBLISHED_FILE, SITE / "report.html", SITE / "index.html"]
    return all(file.exists() and file.stat().st_mtime >= ended_at.replace(tzinfo=UTC).timestamp() for file in written)


def main(arguments: list[str]) -> int:
    """Say that nothing is to be done, and return 0; else return 1.

    A database that a build would leave as it is holds what passed all tests: builds and launches test what they make.
    """
    found, is_of_tests = choice(), arguments == ["tests"]
    if found.scope or not (is_of_tests or is_told()):
        return 1
    told = "Every test of data and SQL passed as this was built; once more: make test FULL=1."
    sys.stdout.write(f"{told if is_of_tests else found.sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

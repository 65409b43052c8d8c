"""Start Apache Superset with the dashboards of dashboards.yml, one per role.

    python -m operations.superset            # what `make superset` runs: check all, keep nothing
    python -m operations.superset --stay     # make superset STAY=1: keep them, serve until stopped

The check reads the published DuckDB file, and a PostgreSQL server that is started for the
purpose, there once as each role. Each chart's rows, as its REST API gives them, are held
against its query of the published file. Meanwhile the marts are published anew.

With --stay the data of Superset stay in the folder .superset, key and passwords in
.secrets/superset.json: what people add is there after a restart, and the dashboards of
dashboards.yml are imported again. Charts read the published file, or for a role the
PostgreSQL login in the environment variable SUPERSET_<ROLE>_URL.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import duckdb
import psycopg
import yaml

from operations.places import PROJECT_FOLDER
from operations.places import PUBLISHED_FILE as FILE
from operations.publish.postgres.temporary_server import find_binaries, temporary_server
from operations.superset.bundle import DASHBOARDS, bundle, uuid_of
from operations.superset.server import RefusedError, SetUp, Superset, running_superset

HOME = PROJECT_FOLDER / ".superset"
SECRETS = PROJECT_FOLDER / ".secrets" / "superset.json"
GRANTS = PROJECT_FOLDER / "operations" / "publish" / "postgres" / "grants.yml"
PORT = 8088
# What must be answered, and what must be refused, when typed as SQL in Superset.
ANSWERED = "select count(*) from publication.published_tables"
REFUSED_BY_FILE = (
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('/etc/passwd')",
    "set enable_external_access = true",
    "attach 'other.duckdb'",
    "create table core.mine as select 1 as one",
)
REFUSED_BY_POSTGRES = {
    "marketer": ("select * from evaluation.estimator_registry",),
    "analyst": ("select * from campaigns.campaign_decisions", "select * from reports.rpt_totals"),
    "auditor": ("select * from core.orders",),
}
# Figures from two engines differ in the order in which doubles were summed.
TOLERANCE = 1e-9


def grouped(rows: list[tuple], width: int) -> dict[str, list[float]]:
    """Return figures by the names before them; no figure counts as none."""
    return {
        # a date comes as milliseconds, whole or not
        " / ".join(f"{each:.0f}" if isinstance(each, float) else str(each) for each in row[:width]): [
            float(each or 0) for each in row[width:]
        ]
        for row in rows
    }


def chart_rows(superset: Superset, role: str, chart: dict) -> dict[str, list[float]]:
    """Run a chart's query through the API; return its figures."""
    number = superset.charts[uuid_of(role, chart["name"])]
    [result] = superset.call(f"/chart/{number}/data/")["result"]
    names = [*chart["by"], *chart["show"]]
    return grouped([tuple(row[name] for name in names) for row in result["data"]], len(chart["by"]))


def file_rows(chart: dict) -> dict[str, list[float]]:
    """Return the same figures from the published file."""
    with duckdb.connect(str(FILE), read_only=True) as connection:
        found = connection.sql(chart["query"])
        kinds = dict(zip(found.columns, found.types, strict=True))
        # as JSON has a date: milliseconds since 1970
        names = [f"epoch_ms({each})" if str(kinds[each]) == "DATE" else each for each in chart["by"]]
        columns = ", ".join([*names, *chart["show"].values()])
        query = f"select {columns} from ({chart['query']}) as chart group by {', '.join(chart['by'])}"
        rows = connection.execute(query).fetchall()
    return grouped(rows, len(chart["by"]))


def check(superset: Superset, where: str, role: str) -> None:
    """Hold each chart of a role's dashboard against the published file."""
    for chart in DASHBOARDS[role]["charts"]:
        found, expected = chart_rows(superset, role, chart), file_rows(chart)
        is_same = found.keys() == expected.keys() and all(
            abs(here - there) <= TOLERANCE * max(1, abs(there))
            for name, figures in expected.items()
            for here, there in zip(found[name], figures, strict=True)
        )
        if not is_same:
            raise RefusedError(f"{where}, chart {chart['name']!r}: {found}, in the file {expected}")
        say(f"{where}: {chart['name']}, {len(found)} rows, as in the file")


def check_refused(superset: Superset, where: str, role: str, refused: tuple[str, ...]) -> None:
    """See to it that SQL typed in Superset reaches only what it may."""
    found = superset.call("/database/")["result"]
    [database] = [each["id"] for each in found if each["database_name"] == f"Marketing as {role}"]

    def run(query: str) -> dict:
        return superset.call("/sqllab/execute/", {"database_id": database, "sql": query})

    run(ANSWERED)
    for query in refused:
        try:
            run(query)
        except RefusedError:
            continue
        raise RefusedError(f"{where}: it ran {query!r}")
    say(f"{where}: refused {'; '.join(refused)}")


def check_logins(superset: Superset, logins: dict[str, tuple[str, list[str]]]) -> None:
    """See to it that each login sees its own dashboard, no other, and types no SQL."""
    for role, (password, _) in logins.items():
        superset.log_in(role, password)
        seen = [each["slug"] for each in superset.call("/dashboard/")["result"]]
        if seen != [role]:
            raise RefusedError(f"{role} sees the dashboards {seen}")
        for other, number in superset.charts.items():
            is_own = other in {uuid_of(role, chart["name"]) for chart in DASHBOARDS[role]["charts"]}
            with contextlib.suppress(RefusedError):
                superset.call(f"/chart/{number}/data/")
                if not is_own:
                    raise AssertionError(f"{role} reads chart {number} of another role")
        with contextlib.suppress(RefusedError):
            superset.call("/sqllab/execute/", {"database_id": 1, "sql": ANSWERED})
            raise AssertionError(f"{role} types SQL")
        say(f"login {role}: its own dashboard, no other, no SQL")
    superset.log_in()


def check_beside_publish(superset: Superset, role: str) -> None:
    """Read all the time while the marts are published anew."""
    published = threading.Event()
    failed: list[str] = []

    def publish() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "operations.publish"],
            cwd=PROJECT_FOLDER,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed.append(done.stderr.strip())
        published.set()

    before = FILE.stat().st_ino
    thread = threading.Thread(target=publish)
    thread.start()
    reads = 0
    while not published.is_set():
        for chart in DASHBOARDS[role]["charts"]:
            chart_rows(superset, role, chart)
            reads += 1
    thread.join()
    if failed or FILE.stat().st_ino == before:
        raise RefusedError(f"beside Superset nothing was published: {failed}")
    say(f"DuckDB file: {reads} charts read beside a publish, none failed")
    check(superset, "DuckDB file, published anew", role)


def say(text: str) -> None:
    """Tell what was found."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def add_logins(server: dict[str, str]) -> dict[str, str]:
    """Publish into PostgreSQL; return the address of a login of each role."""
    done = subprocess.run(
        [sys.executable, "-m", "operations.publish.postgres"],
        cwd=PROJECT_FOLDER,
        env={**os.environ, "POSTGRES_URL": "", **server},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RefusedError(done.stderr.strip())
    say(done.stdout.strip())
    addresses = {}
    with psycopg.connect(host=server["PGHOST"], user="postgres", password=server["PGPASSWORD"]) as connection:
        for role in DASHBOARDS:
            password = secrets.token_hex(16)
            connection.execute(f"create role superset_{role} login password '{password}' in role {role}")
            addresses[role] = f"postgresql+psycopg2://superset_{role}:{password}@/postgres?host={server['PGHOST']}"
        connection.execute(
            "insert into access.analyst_regions"
            " select distinct 'superset_analyst', region from core.users"
            " union select 'superset_analyst', null"
        )
    return addresses


def set_up(addresses: dict[str, str], kept: dict[str, str], open_roles: list[str]) -> SetUp:
    """Return what a Superset is started with: the dashboards of all roles, logins of some."""
    logins = {
        role: (
            kept.setdefault(role, secrets.token_urlsafe(18)),
            [uuid_of(role, chart["name"], "dataset") for chart in DASHBOARDS[role]["charts"]],
        )
        for role in open_roles
    }
    for name in ("key", "admin"):
        kept.setdefault(name, secrets.token_urlsafe(48))
    return SetUp(bundle(addresses, FILE), logins, [role for role in addresses if role not in open_roles], kept)


def try_out() -> None:
    """Check the dashboards on the file and on PostgreSQL, and keep nothing."""
    binaries = find_binaries()
    if binaries is None:
        raise RefusedError("not tried: no initdb. Install the package postgresql.")
    of_file = dict.fromkeys(DASHBOARDS, file_address())
    with tempfile.TemporaryDirectory(prefix="superset-") as home:
        given = set_up(of_file, {}, [*DASHBOARDS])
        with running_superset(Path(home), given) as superset:
            for role in DASHBOARDS:
                check(superset, f"DuckDB file as {role}", role)
            check_refused(superset, "DuckDB file", "auditor", REFUSED_BY_FILE)
            check_logins(superset, given.logins)
            check_beside_publish(superset, "auditor")
        # the same data again, as after a restart, now on PostgreSQL
        with temporary_server(binaries) as server:
            given = set_up(add_logins(server), given.secrets, [*DASHBOARDS])
            with running_superset(Path(home), given) as superset:
                for role in DASHBOARDS:
                    check(superset, f"PostgreSQL as {role}", role)
                    check_refused(superset, f"PostgreSQL as {role}", role, REFUSED_BY_POSTGRES[role])


def file_address() -> str:
    """Return the address of the published file."""
    return f"duckdb:///{FILE}?access_mode=READ_ONLY"


def stay() -> None:
    """Serve the kept dashboards until stopped."""
    kept = json.loads(SECRETS.read_text()) if SECRETS.exists() else {}
    rights = yaml.safe_load(GRANTS.read_text())
    urls = {role: os.environ.get(f"SUPERSET_{role.upper()}_URL", "") for role in DASHBOARDS}
    # the file shows the users of all regions
    shut = [role for role, url in urls.items() if not url and rights[role]["users"] != "all"]
    given = set_up(
        {role: url or file_address() for role, url in urls.items()}, kept, [role for role in urls if role not in shut]
    )
    SECRETS.parent.mkdir(exist_ok=True)
    SECRETS.touch(mode=0o600)
    SECRETS.write_text(json.dumps(kept))
    with running_superset(HOME, given, int(os.environ.get("SUPERSET_PORT", PORT))) as superset:
        for role in DASHBOARDS:
            say(f"{role:<9} {superset.url}/superset/dashboard/{role}/")
        place = SECRETS.relative_to(PROJECT_FOLDER)
        say(f"Logins admin, {', '.join(given.logins)}; passwords in {place}. Ctrl-C stops it.")
        for role in shut:
            variable = f"SUPERSET_{role.upper()}_URL"
            say(f"No login {role}, as the file shows all regions: set {variable} to a login of PostgreSQL.")
        with contextlib.suppress(KeyboardInterrupt):
            superset.process.wait()


def main(arguments: list[str]) -> str | None:
    """Try Superset out, or serve it; return a sentence when something is not as it should be."""
    if not FILE.exists():
        return f"Superset was not started: no {FILE}. Run make publish first."
    try:
        stay() if "--stay" in arguments else try_out()
    except (AssertionError, RefusedError, RuntimeError, psycopg.Error) as error:
        return f"Superset: {error}"
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        return f"Superset: the published file lacks what a dashboard shows; run make publish. {cause}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

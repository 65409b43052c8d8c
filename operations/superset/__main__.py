"""Start Apache Superset on the published tables, make dashboards, and check their figures.

    python -m operations.superset [--stay]     # what `make superset` runs

Superset reads the published DuckDB file and a PostgreSQL server that is started for the
purpose, there once as a marketer and once as an analyst. Each chart's rows, as its REST
API gives them, are held against a query of the published file. Meanwhile the marts are
published anew. All of it is gone afterwards; with --stay it waits for Enter before.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading

import duckdb
import psycopg

from operations.places import PROJECT_FOLDER
from operations.places import PUBLISHED_FILE as FILE
from operations.publish.postgres.temporary_server import find_binaries, temporary_server
from operations.superset.server import RefusedError, Superset, running_superset

# Without them, whoever may write SQL in Superset reads every file of its server.
CLOSED = {"enable_external_access": False, "lock_configuration": True}
# Per chart: table, column to group by, aggregate in SQL.
CHARTS = {
    "Decisions by kind": ("campaigns.campaign_decisions", "decision", "count(*)"),
    "Expected margin by channel": ("campaigns.campaign_audience", "channel", "sum(expected_margin)"),
    "Revenue by sales channel": ("core.orders", "sales_channel", "sum(net_amount)"),
    "Users by score and task": ("scores.user_scores", "task", "avg(score)"),
    # seconds, so that a figure tells one publication from the next
    "Time of publication": ("publication.published_tables", "source", "extract(epoch from max(published_at))"),
    "Published rows": ("publication.published_tables", "table_name", "sum(row_count)"),
}
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
}
# Figures from two engines differ in the order in which doubles were summed.
TOLERANCE = 1e-9


def add_database(superset: Superset, name: str, uri: str, **connect: object) -> int:
    """Add a database; return its id."""
    extra = {"engine_params": {"connect_args": connect}} if connect else {}
    body = {"database_name": name, "sqlalchemy_uri": uri, "expose_in_sqllab": True, "extra": json.dumps(extra)}
    return superset.call("/database/", body)["id"]


def add_chart(superset: Superset, database: int, dashboard: int, title: str) -> int:
    """Add a chart, and the dataset under it; return the chart's id."""
    place, column, aggregate = CHARTS[title]
    # a dataset of its own name: with SQLite under it, Superset takes a name only once
    dataset = superset.call(
        "/dataset/",
        {
            "database": database,
            "schema": place.split(".")[0],
            "table_name": f"{title}, database {database}",
            "sql": f"select * from {place}",
        },
    )["id"]
    metric = {"expressionType": "SQL", "sqlExpression": aggregate, "label": "figure"}
    source = {"id": dataset, "type": "table"}
    context = {
        "datasource": source,
        "result_format": "json",
        "result_type": "full",
        "queries": [{"columns": [column], "metrics": [metric], "row_limit": 1000}],
    }
    form = {
        "datasource": f"{dataset}__table",
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": [column],
        "metrics": [metric],
    }
    return superset.call(
        "/chart/",
        {
            "slice_name": title,
            "viz_type": "table",
            "datasource_id": dataset,
            "datasource_type": "table",
            "dashboards": [dashboard],
            "params": json.dumps(form),
            "query_context": json.dumps({**context, "form_data": form}),
        },
    )["id"]


def add_dashboard(superset: Superset, database: int, name: str, titles: list[str]) -> dict[str, int]:
    """Add a dashboard with its charts below one another; return their ids."""
    dashboard = superset.call("/dashboard/", {"dashboard_title": name})["id"]
    charts = {title: add_chart(superset, database, dashboard, title) for title in titles}
    layout: dict[str, object] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "parents": ["ROOT_ID"],
            "children": [f"ROW-{chart}" for chart in charts.values()],
        },
    }
    for chart in charts.values():
        layout[f"ROW-{chart}"] = {
            "type": "ROW",
            "id": f"ROW-{chart}",
            "parents": ["ROOT_ID", "GRID_ID"],
            "children": [f"CHART-{chart}"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        layout[f"CHART-{chart}"] = {
            "type": "CHART",
            "id": f"CHART-{chart}",
            "parents": ["ROOT_ID", "GRID_ID", f"ROW-{chart}"],
            "children": [],
            "meta": {"chartId": chart, "width": 12, "height": 40},
        }
    superset.call(f"/dashboard/{dashboard}", {"position_json": json.dumps(layout)}, method="PUT")
    return charts


def chart_rows(superset: Superset, chart: int, title: str) -> dict[str, float]:
    """Run a chart's query through the API; return its figures."""
    _, column, _ = CHARTS[title]
    [result] = superset.call(f"/chart/{chart}/data/")["result"]
    return {str(row[column]): float(row["figure"]) for row in result["data"]}


def file_rows(title: str) -> dict[str, float]:
    """Return the same figures from the published file."""
    place, column, aggregate = CHARTS[title]
    with duckdb.connect(str(FILE), read_only=True) as connection:
        rows = connection.execute(f"select {column}, {aggregate} from {place} group by {column}").fetchall()
    return {str(name): float(figure) for name, figure in rows}


def check(superset: Superset, where: str, charts: dict[str, int]) -> None:
    """Hold each chart of a dashboard against the published file."""
    for title, chart in charts.items():
        found, expected = chart_rows(superset, chart, title), file_rows(title)
        is_same = found.keys() == expected.keys() and all(
            abs(found[name] - figure) <= TOLERANCE * max(1, abs(figure)) for name, figure in expected.items()
        )
        if not is_same or not expected:
            raise RefusedError(f"{where}, chart {title!r}: {found}, in the file {expected}")
        total = sum(found.values())
        say(f"{where}: {title}, {len(found)} rows, sum {total:,.2f}, as in the file")


def check_refused(superset: Superset, where: str, database: int, refused: tuple[str, ...]) -> None:
    """See to it that SQL typed in Superset reaches only what it may."""

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


def check_beside_publish(superset: Superset, charts: dict[str, int]) -> None:
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
        for title, chart in charts.items():
            chart_rows(superset, chart, title)
            reads += 1
    thread.join()
    if failed or FILE.stat().st_ino == before:
        raise RefusedError(f"beside Superset nothing was published: {failed}")
    say(f"DuckDB file: {reads} charts read beside a publish, none failed")
    check(superset, "DuckDB file, published anew", charts)


def say(text: str) -> None:
    """Tell what was found."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def add_logins(server: dict[str, str]) -> dict[str, str]:
    """Publish into PostgreSQL; return addresses for a marketer and an analyst."""
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
        for role in ("marketer", "analyst"):
            password = secrets.token_hex(16)
            connection.execute(f"create role superset_{role} login password '{password}' in role {role}")
            addresses[role] = f"postgresql+psycopg2://superset_{role}:{password}@/postgres?host={server['PGHOST']}"
        connection.execute(
            "insert into access.analyst_regions"
            " select distinct 'superset_analyst', region from core.users"
            " union select 'superset_analyst', null"
        )
    return addresses


def main(arguments: list[str]) -> str | None:
    """Try Superset out; return a sentence when something is not as it should be."""
    if not FILE.exists():
        return f"Superset was not tried: no {FILE}. Run make publish first."
    binaries = find_binaries()
    if binaries is None:
        return "Superset was not tried: no initdb. Install the package postgresql."
    try:
        with temporary_server(binaries) as server, running_superset() as superset:
            addresses = add_logins(server)
            file = add_database(superset, "Published file", f"duckdb:///{FILE}?access_mode=READ_ONLY", config=CLOSED)
            charts = add_dashboard(superset, file, "Published file", list(CHARTS))
            check(superset, "DuckDB file", charts)
            check_refused(superset, "DuckDB file", file, REFUSED_BY_FILE)
            for role, address in addresses.items():
                database = add_database(superset, f"PostgreSQL, {role}", address)
                titles = [
                    title
                    for title, (place, _, _) in CHARTS.items()
                    if role == "marketer" or not (place.startswith("campaigns") or title == "Published rows")
                ]
                name = f"PostgreSQL as {role}"
                check(superset, name, add_dashboard(superset, database, name, titles))
                check_refused(superset, name, database, REFUSED_BY_POSTGRES[role])
            check_beside_publish(superset, charts)
            if "--stay" in arguments:
                say(f"{superset.url}: user admin, password {superset.password}")
                with contextlib.suppress(EOFError, KeyboardInterrupt):
                    input("Enter stops it. ")
    except (RefusedError, RuntimeError, psycopg.Error) as error:
        return f"Superset: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Whether a database is one whole build: nothing failed, nothing older than what it reads.

dbt's hooks keep the schema `builds` of the database (macros/builds.sql): `builds.runs`
tells of every command that wrote tables, `builds.nodes` of every model and test that is
not in order. What is published or exported comes from a whole build only: a figure of the
report that fails is kept back alone.
"""

from __future__ import annotations

import json
from graphlib import TopologicalSorter

import duckdb

PASSED = {"success", "pass", "warn", "no-op"}
# Kept from earlier builds on purpose: fits stay when only scores are made anew.
KEPT_TAGS = {"training", "full_grid"}
# What is said of a figure of the report that failed: it is not published, all else is.
KEPT_BACK = "kept back"


def nodes_in_trouble(nodes: str, statuses: str, before: str) -> str:
    """Return which models and tests are not in order after a run of dbt, and why.

    Parameters
    ----------
    nodes : str
        JSON object, by node id: ``kind`` (model, seed or test), ``parents``,
        ``is_view``, ``tags`` and ``is_figure``.
    statuses : str
        JSON object, by node id: what the run made of it, in dbt's words.
    before : str
        JSON object, by node id: trouble before the run; a node without is in order.

    Returns
    -------
    str
        JSON object, by node id: ``failed``; or ``stale``, where a table was not built
        since one that it reads. A test is ``failed`` until it passes. A figure that fails,
        and a test of figures alone, is ``kept back``.
    """
    graph, found, old = json.loads(nodes), json.loads(statuses), json.loads(before)
    trouble: dict[str, str] = {}
    changed = set()
    order = TopologicalSorter({name: node["parents"] for name, node in graph.items()}).static_order()
    for name in order:
        if name not in graph:
            continue
        node, status = graph[name], found.get(name, "skipped")
        is_built = status in PASSED
        if status != "skipped" and not is_built:
            trouble[name] = KEPT_BACK if is_of_figures(name, graph) else "failed"
        elif not is_built and name in old:
            trouble[name] = old[name]
        if node["kind"] == "test" or KEPT_TAGS & {*node["tags"]}:
            continue
        is_behind = not is_built and any(parent in changed for parent in node["parents"])
        if is_built or (is_behind and node["is_view"]):
            changed.add(name)
        is_late = is_behind and not node["is_view"]
        if name not in trouble and (is_late or any(parent in trouble for parent in node["parents"])):
            trouble[name] = "stale"
    return json.dumps(trouble)


def is_of_figures(name: str, graph: dict[str, dict]) -> bool:
    """Return whether a node is a figure of the report that nothing else reads, or a test of such alone."""
    node = graph[name]
    if node["kind"] == "test":
        return bool(node["parents"]) and all(graph.get(each, {}).get("is_figure") for each in node["parents"])
    return bool(node.get("is_figure"))


def kept_back(connection: duckdb.DuckDBPyConnection, database: str, manifest: dict) -> set[str]:
    """Return the models that are not published, as they or a test of theirs failed."""
    nodes = {
        row[0]
        for row in connection.execute(
            f"select node_id from {database}.builds.nodes where trouble = $1", [KEPT_BACK]
        ).fetchall()
    }
    tested = (manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", []) for name in nodes)
    return {name for name in nodes.union(*tested) if name.startswith("model.")}


def why_not_whole(connection: duckdb.DuckDBPyConnection, database: str) -> str | None:
    """Say why an attached database is no whole build; nothing where it is one."""
    if not connection.execute(
        "select 1 from duckdb_tables() where database_name = $1 and schema_name = 'builds' and table_name = 'runs'",
        [database],
    ).fetchall():
        return "the database is of a version that kept no record of its builds. Run make build."
    started, ended, failed, stale = connection.execute(f"""
        select
            strftime(started_at, '%Y-%m-%d %H:%M UTC'),
            ended_at,
            (select list(node_id order by node_id) from {database}.builds.nodes where trouble = 'failed'),
            (select list(node_id order by node_id) from {database}.builds.nodes where trouble = 'stale')
        from {database}.builds.runs
        order by started_at desc
        limit 1
    """).fetchall()[0]
    if not ended:
        return f"the build of {started} did not come to its end. Run make build."
    if failed:
        return f"{_counted(failed, 'step', 'steps')} failed and did not pass since, first {_name(failed)}."
    if stale:
        are = _counted(stale, "table is", "tables are")
        return f"{are} older than what stands there to read, first {_name(stale)}. Run make build."
    return None


def _counted(nodes: list[str], one: str, many: str) -> str:
    return f"{len(nodes):,} {one if len(nodes) == 1 else many}"


def _name(nodes: list[str]) -> str:
    return nodes[0].split(".")[2]

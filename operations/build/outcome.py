"""The outcome of a build as lines of text: layers, warnings, failures."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import duckdb

from operations.build.wholeness import KEPT_BACK
from operations.layers import layer_of, read_layers
from operations.places import PROJECT_FOLDER, WAREHOUSE, shown

LOG = PROJECT_FOLDER / os.environ.get("DBT_LOG_PATH", "logs") / "dbt.log"
FAILED = ("error", "fail", "runtime error")
# Failures and warnings written out; the log has all.
MOST_WRITTEN = 10
TESTS = ("test", "unit_test")


@dataclass
class Outcome:
    """Nodes, results and time of a folder."""

    nodes: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    tables: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    peak_bytes: int = 0


def outcome_lines(result: Any, warnings: list[str], peak_bytes: dict[str, int]) -> list[str]:
    """Write what came of a run of dbt.

    Parameters
    ----------
    result : dbt.artifacts.schemas.run.RunExecutionResult
        What dbt returns.
    warnings : list of str
        What dbt warned of beside its nodes.
    peak_bytes : dict
        The most memory that the process held while a node ran, by its id.
    """
    results = [each for each in result.results if each.node]
    warned = [each for each in results if each.status == "warn"]
    failed, kept_back = failures(result)
    lines = layer_lines(results, result.elapsed_time, peak_bytes)
    told = [*map(_sentence, warned), *dict.fromkeys(warnings)]
    if told:
        lines += ["", f"Warnings: {len(told)}", *_first(told)]
    if kept_back:
        lines += ["", f"Kept back: {len(kept_back)}. The report and what is published are without these figures"]
        lines += _first([*map(_sentence, kept_back)])
    if failed:
        lines += ["", f"Failed: {len(failed)} of {len(results)} steps"]
        lines += _first([*map(_sentence, failed)])
        if count := sum(each.status == "skipped" for each in results):
            lines += [f"  {count} dependent steps were skipped"]
    return [*lines, "", f"Full log of dbt: {shown(LOG)}"]


def failures(result: Any, database: Path = WAREHOUSE) -> tuple[list[Any], list[Any]]:
    """Return what failed, and apart what failed of the report's figures alone: all else is published."""
    failed = [each for each in result.results if each.node and each.status in FAILED]
    query = f"select node_id from builds.nodes where trouble = '{KEPT_BACK}'"
    kept_back = {node for (node,) in rows_of(query, database)}
    of_figures = [each for each in failed if each.node.unique_id in kept_back]
    return [each for each in failed if each not in of_figures], of_figures


def exception_lines(exception: BaseException) -> list[str]:
    """Write why nothing was run."""
    return [*message_lines(str(exception)), f"Full log of dbt: {shown(LOG)}"]


def layer_lines(results: list[Any], seconds: float, peak_bytes: dict[str, int]) -> list[str]:
    """Write a line per folder, seeds first, then in the order of docs/layers.yml."""
    order = ["seeds", "seeds/campaigns", *(layer.folder for layer in read_layers())]
    layers: dict[str, Outcome] = {folder: Outcome() for folder in order}
    for each in results:
        node = each.node
        if node.resource_type == "operation":
            continue
        layer = layers.setdefault(folder_of(node.original_file_path), Outcome())
        layer.nodes["tests" if node.resource_type in TESTS else "models"] += 1
        layer.statuses[str(each.status)] += 1
        layer.seconds += each.execution_time
        layer.peak_bytes = max(layer.peak_bytes, peak_bytes.get(node.unique_id, 0))
        if node.resource_type in ("model", "seed"):
            layer.tables.append((node.schema, node.alias))
    counts = row_counts()
    layers = {name: layer for name, layer in layers.items() if layer.nodes}
    width = max(map(len, layers), default=0)
    lines = [f"{'Layer':<{width}} {'models':>7} {'tests':>7} {'rows':>12} {'seconds':>8} {'peak MB':>8}"]
    for name, layer in layers.items():
        rows = sum(counts.get(table, 0) for table in layer.tables)
        troubles = ", ".join(
            f"{count} {status}"
            for status, count in sorted(layer.statuses.items())
            if status not in ("success", "pass", "no-op")
        )
        lines.append(
            f"{name:<{width}} {layer.nodes['models']:>7} {layer.nodes['tests']:>7}"
            f" {rows:>12,} {layer.seconds:>8.1f} {layer.peak_bytes / 1e6:>8,.0f}  {troubles}".rstrip()
        )
    total = sum((layer.nodes for layer in layers.values()), Counter())
    peak = max((layer.peak_bytes for layer in layers.values()), default=0)
    told = f"{total['models']:,} models, {total['tests']:,} tests in {seconds:,.0f} s"
    return [*lines, f"{told}, at most {peak / 1e6:,.0f} MB of memory"]


def folder_of(path: str) -> str:
    """Return the listed folder that a node's file stands in, else the first two of its path."""
    layer = layer_of({"original_file_path": path}, read_layers())
    return layer.folder if layer else "/".join(PurePath(path).parts[:-1][:2])


def row_counts() -> dict[tuple[str, str], int]:
    """Return the rows of each table of the database, by schema and name."""
    rows = rows_of("select schema_name, table_name, estimated_size from duckdb_tables()", WAREHOUSE)
    return {(schema, table): count for schema, table, count in rows}


def rows_of(query: str, database: Path) -> list[tuple]:
    """Return the rows of a query of a database; none where it does not answer."""
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute(query).fetchall()
    except duckdb.Error:
        # no database yet, or somebody else writes to it
        return []


def message_lines(message: str) -> list[str]:
    """Return the sentences of a message of dbt, without its frame and its trace."""
    lines = [line.strip() for line in message.strip().splitlines()]
    if any(line.startswith("Traceback ") for line in lines):
        # what our Python refuses, it says in a sentence
        last = next(line for line in reversed(lines) if line)
        return [last.removeprefix("ValueError: ")]
    while len(lines) > 1 and re.match(r"[\w ]+ Error( in .*)?$", lines[0]):
        lines = lines[1:]
    sentences = []
    for line in lines:
        if sentences and re.match(r"$|>|LINE \d|compiled code at", line):
            break
        # what our SQL refuses is a sentence behind DuckDB's name for it
        sentences += [line.removeprefix("Invalid Input Error: ")] if line else []
    return sentences


def _sentence(result: Any) -> str:
    """Say which node it is, what of it, and what a test is about."""
    node = result.node
    found = " ".join(message_lines(result.message or str(result.status)))
    if node.resource_type == "test" and result.failures is not None:
        found = f"{result.failures:,} rows"
    about = getattr(node, "description", "").split("\n\n")[0].strip()
    place = f"{folder_of(node.original_file_path)}/{node.name}"
    return f"{place}: {found}" + (f". {about}" if about else "")


def _first(texts: list[str]) -> list[str]:
    more = len(texts) - MOST_WRITTEN
    return [f"  {text}" for text in texts[:MOST_WRITTEN]] + ([f"  and {more} more"] if more > 0 else [])

"""Runs dbt on a copy of the database: what reads the plan or the ledger, and no fits."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from operations.build.outcome import exception_lines, failures, folder_of, message_lines
from operations.build.wholeness import KEPT_TAGS
from operations.launch.database_copy import RefusedError

PLAN = "seeds/campaigns"
# What a preview reads, and models that only explain decisions, which it does not show.
PREVIEWED = ("dec_decisions", "ml_campaign_checks")
EXPLAINING = "__reasons"
# What is built of a part stands, though what follows from it is stale.
PARTIAL = ("--vars", "{launches_need_a_whole_build: false}")
QUIET = ("--log-level", "none", "--log-level-file", "debug", "--no-print")


class Rebuild:
    """The parsed project, to build parts of it anew in a copy of the database."""

    def __init__(self, copy: Path):
        os.environ |= {"DATABASE_COPY": str(copy), "LAUNCH_STEP": "check"}
        os.environ.setdefault("DBT_PROFILES_DIR", "profiles")
        self.manifest = _parsed()

    def check(self) -> list[str]:
        """Decide by the plan as it stands, without tests; return what is wrong, in sentences."""
        return self._build(self._with_followers(_is_of_plan) & self._previewed(), "check", is_tested=False)

    def launch(self, empty: list[str]) -> list[str]:
        """Decide, launch and build all that follows; return what is wrong, in sentences."""
        return self._build(self._with_followers(_is_of_plan), "launch", empty)

    def undo(self, campaign: str) -> list[str]:
        """Take a campaign back in the ledger, then decide without it; return what is wrong."""
        # what reads the ledger is built with what is decided without the campaign, once
        ledger = {name for name, node in self.manifest.nodes.items() if _is_called("decision_ledger")(node)}
        follow = self._with_followers(_is_called("dec_launched_decisions"))
        return self._build(ledger, "undo", [campaign], PARTIAL) or self._build(follow, "check")

    def _build(
        self,
        nodes: set[str],
        step: str,
        campaigns: list[str] | None = None,
        settings: tuple[str, ...] = (),
        *,
        is_tested: bool = True,
    ) -> list[str]:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        os.environ |= {"LAUNCH_STEP": step, "LAUNCH_CAMPAIGNS": "\n".join(campaigns or [])}
        left_out = ["--exclude-resource-type=unit_test", *["--exclude-resource-type=test"] * (not is_tested)]
        names = sorted(self.manifest.nodes[node].name for node in nodes)
        done = dbtRunner(self.manifest).invoke(
            [*QUIET, "--no-write-json", "build", *left_out, *settings, "--select", *names]
        )
        # what is in the log of the database moves into its file
        DuckDBConnectionManager.close_all_connections()
        if done.exception is not None:
            return exception_lines(done.exception)
        # a figure of the report keeps no campaign back
        failed, _ = failures(done.result, Path(os.environ["DATABASE_COPY"]))
        return [*dict.fromkeys(sentence for each in failed for sentence in _sentences(each))]

    def _with_followers(self, is_first: Callable[[Any], bool]) -> set[str]:
        """Return nodes and all that follows from them, but for fits and what only those change."""
        nodes = {
            name: node
            for name, node in self.manifest.nodes.items()
            if node.resource_type in ("model", "seed") and not KEPT_TAGS & {*node.tags}
        }
        found = reached = {name for name, node in nodes.items() if is_first(node)}
        while reached:
            reached = {name for name, node in nodes.items() if reached & {*node.depends_on_nodes}} - found
            found = found | reached
        return found

    def _previewed(self) -> set[str]:
        """Return what a preview reads, and all that this reads."""
        found = reached = {name for name, node in self.manifest.nodes.items() if node.name in PREVIEWED}
        while reached:
            before = {parent for name in reached for parent in self.manifest.nodes[name].depends_on_nodes}
            reached = {name for name in before & {*self.manifest.nodes} if not name.endswith(EXPLAINING)} - found
            found = found | reached
        return found


@cache
def _parsed() -> Any:
    """Parse the project, once in a process."""
    from dbt.cli.main import dbtRunner

    parsed = dbtRunner().invoke([*QUIET, "parse"])
    if parsed.exception is not None:
        raise RefusedError("\n".join(exception_lines(parsed.exception)))
    return parsed.result


def _is_of_plan(node: Any) -> bool:
    return node.original_file_path.startswith(PLAN)


def _is_called(name: str) -> Callable[[Any], bool]:
    return lambda node: node.name == name


def _sentences(result: Any) -> list[str]:
    """Say what a step came to: a fault of the plan is a sentence by itself."""
    lines = message_lines(result.message or str(result.status))
    if all(line.startswith(("Seed ", "File ")) for line in lines):
        return lines
    found = f"{result.failures:,} rows" if result.node.resource_type == "test" else " ".join(lines)
    return [f"{folder_of(result.node.original_file_path)}/{result.node.name}: {found}"]

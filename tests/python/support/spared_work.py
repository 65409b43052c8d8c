"""Spares runs of dbt what comes to the same each time, and what nobody reads: a fifth of a build of small tables."""

from __future__ import annotations

import os
from typing import Any

import agate
import dbt.context.providers
from dbt.adapters.base import BaseRelation
from dbt.adapters.duckdb import DuckDBAdapter
from dbt.adapters.reference_keys import _make_ref_key
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.exceptions_jinja import wrapped_exports
from dbt_common.clients import agate_helper
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from support.cache import BUILT, CACHE_FOLDER, content_hash, short_hash

make_event, fire_event = BaseEvent.__init__, EventManager.fire_event
call_macro, drop_relation = MacroGenerator.call_macro, DuckDBAdapter.drop_relation
build_type_tester = agate_helper.build_type_tester
# of staging, what stands in the files decides
OF_FILES = ('"staging"', "read_")
NOTHING = agate.Table(rows=[])
TESTERS: dict[tuple, agate.TypeTester] = {}
ERRORS_OF_MACROS = wrapped_exports(None)


def noted(event: DebugLevel, *arguments: Any, **told: Any) -> None:
    """Keep what an event is made of: few are ever asked for their message."""
    event.__dict__["told"] = (arguments, told)


class Made:
    """Stands in for the message of an event until somebody asks for it."""

    def __get__(self, event: DebugLevel, kind: type) -> Any:
        """Make the message; from then on the event holds it."""
        arguments, told = event.__dict__["told"]
        make_event(event, *arguments, **told)
        return event.__dict__["pb_msg"]


def fired(manager: EventManager, event: BaseEvent, level: EventLevel | None = None, *others: Any, **more: Any) -> None:
    """Fire an event, but for what only dbt's log is told, where none is written."""
    if os.environ.get("DBT_LOG_LEVEL_FILE") != "none" or (level or event.level_tag()) != EventLevel.DEBUG:
        fire_event(manager, event, level, *others, **more)


def called(macro: MacroGenerator, *arguments: Any, **settings: Any) -> Any:
    """Call a macro, but for the check of a contract that this SQL has kept in an earlier run."""
    if macro.macro.name != "assert_columns_equivalent" or any(each in arguments[0] for each in OF_FILES):
        return call_macro(macro, *arguments, **settings)
    kept = CACHE_FOLDER / "contracts" / short_hash(content_hash(BUILT))
    held = kept / short_hash(macro.context["model"]["unique_id"], arguments)
    if not held.exists():
        call_macro(macro, *arguments, **settings)
        held.parent.mkdir(parents=True, exist_ok=True)
        held.touch()
    return ""


def dropped(adapter: DuckDBAdapter, relation: BaseRelation) -> None:
    """Drop a table or view, if dbt knows of one by that name."""
    if _make_ref_key(relation) in adapter.cache.relations:
        drop_relation(adapter, relation)


def type_tester(text_columns: Any, string_null_values: Any = ("null", "")) -> agate.TypeTester:
    """Return what tells the types of a query's rows, made once."""
    key = (tuple(text_columns), tuple(string_null_values))
    if key not in TESTERS:
        TESTERS[key] = build_type_tester(*key)
    return TESTERS[key]


def errors(model: Any) -> dict[str, Any]:
    """Return what a macro can raise, which for no model is the same each time."""
    return wrapped_exports(model) if model else ERRORS_OF_MACROS


DebugLevel.__init__, DebugLevel.pb_msg, EventManager.fire_event = noted, Made(), fired
MacroGenerator.call_macro, DuckDBAdapter.drop_relation = called, dropped
# of a graph that parsing has found whole, and a summary of it that nobody reads
Linker.find_cycles, Linker.get_graph_summary = lambda graph: None, lambda *graph: {}
agate_helper.build_type_tester, agate_helper.empty_table = type_tester, lambda: NOTHING
dbt.context.providers.wrapped_exports = errors

"""Leaves out what dbt tells a log that nobody keeps: a tenth of a build of small tables."""

from __future__ import annotations

import os
from typing import Any

from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager

make_event, fire_event = BaseEvent.__init__, EventManager.fire_event


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


DebugLevel.__init__, DebugLevel.pb_msg, EventManager.fire_event = noted, Made(), fired

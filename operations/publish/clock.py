"""Whether the clock is behind what has already happened by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb

from operations.publish.versions import NotPublishedError

# Decisions are dated by the day after the shop's last order, in the shop's own zone.
LEDGER_LEAD = timedelta(days=2)


def now() -> datetime:
    """Return the current instant in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def refuse_later(what: str, instant: datetime | None) -> None:
    """Raise where something has happened after now."""
    if instant and instant > now():
        raise NotPublishedError(
            f"the clock says {now():%Y-%m-%d %H:%M} UTC, but {what} is of {instant:%Y-%m-%d %H:%M}. Set the clock."
        )


def refuse_later_builds(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Raise where an attached database was built, or decisions were launched, after now."""
    [built_at] = connection.execute(
        f"select max(greatest(started_at, ended_at)) from {database}.builds.runs"
    ).fetchone()
    refuse_later("the last build", built_at)
    if connection.execute(
        "select 1 from duckdb_tables() where database_name = $1 and schema_name = 'campaigns'"
        " and table_name = 'decision_ledger'",
        [database],
    ).fetchone():
        [decided_on] = connection.execute(
            f"select cast(max(decided_on) as timestamp) from {database}.campaigns.decision_ledger"
        ).fetchone()
        refuse_later("the last launched decision", decided_on and decided_on - LEDGER_LEAD)

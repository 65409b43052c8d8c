"""Attributes ten million touchpoints in 2 GB.

PYTHONPATH=tests/python:. python -m tests.benchmarks.bench_attribution
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from touchpoints.plain_models import make_tables

from operations.places import PROJECT

TOUCHES, ORDERS, USERS = 10_000_000, 2_500_000, 500_000
# Pseudonyms are as long as these; a user's touches and orders lie at random in two years.
ROWS = f"""
    create table campaign_contacts as
        select 'k' || i % 90 as campaign_id, md5((i * 7919 % {USERS})::text) as user_id, 'treatment' as arm,
            ['email', 'sms', 'push', 'ads'][1 + i % 4] as channel,
            timestamp '2024-01-01' + to_seconds((hash(i) % 63072000)::bigint) as sent_at
        from range({TOUCHES} // 2) as rows(i);
    create table campaign_calendar as
        select 'k' || i as campaign_id, null::text as channel, date '2024-01-01' as starts_on from range(90) as rows(i);
    create table contact_events (
        user_id text, campaign_id text, channel text, event_type text, occurred_at timestamp);
    create table events as
        select md5((i * 6007 % {USERS})::text) as user_id, 's' || i as session_id, 'view' as event_type,
            ['web', 'app', 'search', 'social', 'partner'][1 + i % 5] as channel, occurred_at::date as occurred_on,
            occurred_at
        from (
            select i, timestamp '2024-01-01' + to_seconds((hash(-i - 1) % 63072000)::bigint) as occurred_at
            from range({TOUCHES} // 2) as rows(i)
        );
    create table orders as
        select 'o' || i as order_id, md5((i * 5003 % {USERS})::text) as user_id, 'web' as sales_channel,
            ((hash(i) % 20000) / 100)::decimal(18, 2) as net_amount, 0::decimal(18, 2) as returned_amount,
            false as is_cancelled, ordered_at::date as order_date, ordered_at
        from (
            select i, timestamp '2024-01-01' + to_seconds((hash(i + {TOUCHES}) % 63072000)::bigint) as ordered_at
            from range({ORDERS}) as rows(i)
        );
    create table as_of_dates as select date '2026-01-01' as as_of_date, true as is_scoring_date
"""
MODELS = ("user_touchpoints", "tch_steps", "tch_removal_effects", "tch_shapley_values", "attribution")


def main() -> None:
    """Make the rows, attribute them with two threads, and say how long each model took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(ROWS)
        with duckdb.connect(str(path), config={"memory_limit": "1500MB", "threads": 2}) as connection:
            connection.execute("set preserve_insertion_order = false")
            began, used = time.perf_counter(), time.process_time()
            for name in MODELS:
                start, used_before = time.perf_counter(), time.process_time()
                make_tables(connection, "touchpoints", [name], PROJECT["vars"])
                count = connection.table(name).count("*").fetchone()[0]
                seconds, processor = time.perf_counter() - start, time.process_time() - used_before
                sys.stdout.write(f"{name:20} {count:>12,} rows {seconds:6.1f} s, {processor:6.1f} s of CPU\n")
                sys.stdout.flush()
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            seconds, processor = time.perf_counter() - began, time.process_time() - used
            sys.stdout.write(f"all {seconds:.1f} s, {processor:.1f} s of CPU, at most {memory:.2f} GB\n")


if __name__ == "__main__":
    main()

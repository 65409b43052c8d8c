"""PostgreSQL tells a login nothing of rows that it does not see, by no side door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from support.databases import PASSWORD, Database, add_logins, list_tables, refused

from operations.publish.postgres import copying as publishing
from operations.publish.postgres import rights

# How many users each region has, and how many in another publication: who sees north
# alone must not notice.
REGIONS = {"north": 211, "south": 1613, None: 397}
OTHER_REGIONS = {"north": 211, "south": 5237, None: 89}
LINES = 3
NOBODY = 7


def write_file(file: Path, regions: dict[str | None, int]) -> Path:
    """Write a published file; the users of north are the same in each."""
    file.unlink(missing_ok=True)
    users = " union all ".join(
        f"select '{region}' || i as user_id, nullif('{region}', 'None') as region, repeat('x', i % 50) as padding"
        f" from range({count}) t(i)"
        for region, count in regions.items()
    )
    [total] = duckdb.sql(f"select count(*) from ({users})").fetchone()
    per_user = "select user_id, line, (hash(user_id, line) % 997)::integer as amount from core.users, range({}) t(line)"
    # of guests, and of users whom core.users does not know
    others = f"select if(i % 2 = 0, null, 'unknown' || i), 0, 1 from range({NOBODY} + {regions[None]}) t(i)"
    with duckdb.connect(str(file)) as connection:
        for place, query in {
            "core.users": users,
            "core.orders": f"{per_user.format(LINES)} union all {others}",
            "core.products": "select 'p' || i as product_id from range(53) t(i)",
            "core.data_quality": f"select {total} as rows_seen",
            "scores.user_scores": per_user.format(2),
            "campaigns.campaign_audience": per_user.format(1),
            "evaluation.estimator_results": f"select {total} as user_count",
        }.items():
            connection.execute(f"create schema if not exists {place.split('.')[0]}")
            connection.execute(f"create table {place} as {query}")
        list_tables(connection)
    return file


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Database:
    """Return a database with a publication and its logins."""
    database.publish(write_file(tmp_path / "small.duckdb", REGIONS))
    add_logins(database)
    return database


VIEWS = ("core.users", "core.orders", "scores.user_scores")
EXPLAIN = "explain (analyze, verbose, timing off, summary off)"
# What a login may ask, and what it must not learn from it.
DOORS = [
    *(f"{EXPLAIN} select * from {view}" for view in VIEWS),
    *(f"explain select * from {view} where user_id > 'n'" for view in VIEWS),
    *(f"{EXPLAIN} select * from {view} where user_id = 'south5'" for view in VIEWS),
    f"{EXPLAIN} select * from core.users where region = 'south'",
    f"{EXPLAIN} select count(*) from core.orders join core.users using (user_id) where padding like '%x%'",
    f"{EXPLAIN} select user_id, sum(amount) from core.orders group by user_id order by 2 limit 5",
    # the count that PostgREST calls planned, and asks of every table
    *(f"explain (format json) select * from {view}" for view in VIEWS),
    # Metabase reads it at each synchronisation, of every table
    "select n.nspname, c.relname, stat.n_live_tup from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " left join pg_stat_user_tables stat on n.nspname = stat.schemaname and c.relname = stat.relname"
    " where c.relkind in ('r', 'v') and n.nspname !~ '^pg_' order by 1, 2",
    "select nspname, regexp_replace(relname, '\\d{5,}', ''), reltuples, relpages, relallvisible from pg_class"
    " join pg_namespace n on n.oid = relnamespace"
    " where nspname not in ('pg_catalog', 'information_schema') and (nspname <> 'pg_toast' or pg_class.oid > 16384)"
    " order by nspname, 2, 3, 4",
    *(
        f"select to_jsonb(s) - '{{relid,indexrelid,relname,indexrelname,last_idx_scan,last_seq_scan}}'::text[]"
        f" from {statistics} s where schemaname !~ '^pg_' order by relname"
        for statistics in ("pg_stat_all_tables", "pg_stat_xact_all_tables", "pg_statio_all_tables")
    ),
    *(f"select * from {statistics} where schemaname !~ '^pg_'" for statistics in ("pg_stats", "pg_stats_ext")),
    "select tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, blks_read, blks_hit, temp_bytes"
    " from pg_stat_database where datname = current_database()",
    "select sum(pg_stat_get_live_tuples(oid)), sum(pg_stat_get_tuples_inserted(oid)),"
    " sum(pg_stat_get_tuples_returned(oid)), sum(pg_stat_get_blocks_fetched(oid)) from pg_class where oid > 16384",
    "select * from pg_sequences",
    "select tuples_processed, bytes_processed from pg_stat_progress_copy",
    "select table_name, row_count from publication.published_tables order by 1",
    "select pg_get_viewdef('core.orders'::regclass)",
    *(f"select count(*) from {view}" for view in VIEWS),
    "select max(user_id), min(user_id), count(distinct amount) from core.orders",
    "copy (select * from core.users order by user_id) to stdout",
]
# These must be refused outright.
CLOSED = [
    'table by_region."core.users 1"',
    'explain table by_region."core.users 3"',
    f'{EXPLAIN} select count(*) from by_region."core.orders 3"',
    'select ctid from by_region."core.users 3"',
    'select * from by_region."core.users 3" tablesample system (100)',
    "table access.analyst_regions",
    f"{EXPLAIN} table access.analyst_regions",
    "table access.regions",
    "select * from pg_statistic",
    "select * from pg_statistic_ext_data",
    "select pg_relation_size(oid) from pg_class where relname like 'core.users%'",
    "select pg_table_size(oid), pg_indexes_size(oid), pg_total_relation_size(oid) from pg_class",
    "select pg_database_size(current_database())",
    "select pg_tablespace_size('pg_default')",
    "select pg_current_wal_lsn()",
    "select * from pg_stat_wal",
    "select * from pg_stat_bgwriter",
    "select * from pg_stat_slru",
    "select * from pg_locks",
    "select schema_to_xml('by_region', true, false, '')",
    "select query_to_xml('table by_region.\"core.users 3\"', true, false, '')",
    "select currtid2('by_region.\"core.users 3\"', '(0,1)')",
    "select * from core.users for share",
    'begin; lock table by_region."core.users 3" in access share mode',
    'analyze by_region."core.users 3"',
    "explain table campaigns.campaign_audience",
    "table core.data_quality",
    "table evaluation.estimator_results",
    "alter role anna bypassrls",
    'set row_security = off; table by_region."core.users 3"',
    "set track_counts = on",
    "load 'auto_explain'",
]


def told(database: Database, login: str, door: str) -> str:
    """Return all that a login is told when it asks."""
    with database.connect(login) as connection:
        cursor = connection.cursor()
        if door.startswith("copy"):
            with cursor.copy(door) as copy:
                return b"".join(copy).decode()
        return "\n".join(map(str, cursor.execute(door).fetchall()))


def hidden_counts(regions: dict[str | None, int], seen: set[str | None]) -> set[str]:
    """Return the row counts of each table that a login must not learn."""
    hidden = {
        str(rows * lines)
        for lines in (1, 2, LINES)
        for rows in (
            sum(regions.values()),
            *(count for region, count in regions.items() if region not in seen),
            sum(count for region, count in regions.items() if region not in seen),
        )
    }
    nobody = NOBODY + regions[None]
    return hidden | {str(sum(regions.values()) * LINES + nobody), str(nobody // 2), str(nobody - nobody // 2)}


SEEN = {"anna": {"north"}, "noor": {None}, "nobody_yet": set()}


def test_no_door_tells_how_many_rows_are_hidden(shop: Database) -> None:
    # others read all, which counters would keep
    for view in (*VIEWS, "campaigns.campaign_audience"):
        assert shop.rows("max", f"select count(*) from {view}")[0][0] > sum(REGIONS.values()) - 1
    for login, seen in SEEN.items():
        hidden = hidden_counts(REGIONS, seen)
        for door in DOORS:
            numbers = set(re.findall(r"(?<![\w.])\d+(?!\w)", told(shop, login, door)))
            assert not numbers & hidden, (login, door)
        found = [refused(shop, login, statement) for statement in CLOSED]
        assert not any(found), [each for each in found if each]
    # and they would be seen: who sees all is told all
    everything = "\n".join(told(shop, "max", door) for door in DOORS)
    assert {str(count) for count in REGIONS.values()} <= set(re.findall(r"\d+", everything))


def test_another_number_of_hidden_rows_changes_no_answer(shop: Database, tmp_path: Path) -> None:
    def answers(login: str) -> dict[str, str]:
        # each connection reads catalogues before it knows that nothing is to be counted
        return {door: told(shop, login, door) for door in DOORS if "pg_stat_database" not in door}

    before = {login: answers(login) for login in ("anna", "nobody_yet")}
    shop.publish(write_file(tmp_path / "other.duckdb", OTHER_REGIONS))
    for login, said in before.items():
        assert answers(login) == said, login
    # as they do change for those who see them
    assert shop.rows("noor", "select count(*) from core.users") == [(OTHER_REGIONS[None],)]


def test_blocks_that_a_query_reads_are_of_rows_that_it_sees(shop: Database, tmp_path: Path) -> None:
    def blocks() -> list[int]:
        found = []
        with shop.connect("anna") as connection:
            for view in VIEWS:
                explain = f"explain (analyze, buffers, timing off, format json) select * from {view}"
                for _ in range(2):
                    [[[plan]]] = connection.execute(explain).fetchall()
                found.append(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
        return found

    before = blocks()
    assert min(before) > 0
    shop.publish(write_file(tmp_path / "other.duckdb", OTHER_REGIONS))
    assert blocks() == before


def test_a_cursor_moves_over_seen_rows_alone(shop: Database) -> None:
    with shop.connect("anna") as connection:
        connection.execute("declare seen scroll cursor for select * from core.users")
        assert connection.execute("move forward all in seen").statusmessage == f"MOVE {REGIONS['north']}"
        assert connection.execute("move backward all in seen").statusmessage == f"MOVE {REGIONS['north']}"
    for statement in ("select ctid from core.users", "select * from core.users tablesample system (100)"):
        with pytest.raises((psycopg.errors.UndefinedColumn, psycopg.errors.FeatureNotSupported)):
            shop.rows("anna", statement)


def test_a_filter_fails_on_seen_rows_alone(shop: Database) -> None:
    # the error would say that there is such a user
    there_is = "select count(*) from core.users where user_id = '{}' and 1 / (length(user_id) - length(user_id)) = 0"
    for login, user in {"anna": "south5", "nobody_yet": "north5", "noor": "north5"}.items():
        assert shop.rows(login, there_is.format(user)) == [(0,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        shop.rows("anna", there_is.format("north5"))


def test_a_prepared_query_forgets_rows_that_are_no_longer_seen(shop: Database) -> None:
    with shop.connect("anna", autocommit=True) as connection:
        connection.execute(
            "set plan_cache_mode = force_generic_plan; prepare counted as select count(*) from core.users"
        )
        assert connection.execute("execute counted").fetchall() == [(REGIONS["north"],)]
        for change, count in {
            "update access.analyst_regions set region = 'south' where login = 'anna'": REGIONS["south"],
            "insert into access.analyst_regions values ('anna', null)": REGIONS["south"] + REGIONS[None],
            "delete from access.analyst_regions where login = 'anna'": 0,
        }.items():
            shop.change(change, user="publisher")
            assert connection.execute("execute counted").fetchall() == [(count,)]
        assert connection.execute("execute counted").fetchall() == [(0,)]


def test_a_prepared_query_is_planned_for_the_role_that_asks(shop: Database) -> None:
    # one connection for all, as web services keep it
    shop.change(f"create role pool login noinherit password '{PASSWORD}'", "grant anna, max, noor to pool")
    shop.change(f"grant connect on database {shop.name} to pool")
    try:
        with shop.connect("pool", autocommit=True) as connection:
            connection.execute("set plan_cache_mode = force_generic_plan; set role max")
            connection.execute("prepare counted as select count(*) from core.users")
            for login, count in {"max": sum(REGIONS.values()), "anna": 211, "noor": 397, "nobody_yet": None}.items():
                if count is None:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(f"set role {login}")
                    continue
                connection.execute(f"set role {login}")
                assert connection.execute("execute counted").fetchall() == [(count,)], login
            connection.execute("reset role")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("execute counted")
    finally:
        shop.change("drop owned by pool", "drop role pool")


def test_nobody_asks_what_others_see(shop: Database) -> None:
    for login in ("anna", "nobody_yet", "max"):
        for number in range(5):
            assert shop.rows(login, f"select access.is_in_region({number}, 'noor')") == [(False,)]
    assert shop.rows("noor", "select access.is_in_region(1, 'noor')") == [(True,)]


def test_regions_together_see_what_is_published_once(shop: Database) -> None:
    shop.change("insert into access.analyst_regions values ('nobody_yet', 'south')", user="publisher")
    for view in VIEWS:
        everything = sorted(map(str, shop.rows("max", f"select * from {view}")))
        assert everything == sorted(map(str, shop.rows("publisher", f"select * from {view}")))
        seen = sorted(str(row) for login in SEEN for row in shop.rows(login, f"select * from {view}"))
        # users whom core.users does not know are of no region
        of_nobody = sorted(map(str, shop.rows("max", f"select * from {view} where user_id ~ '^unknown'")))
        assert sorted(seen + of_nobody) == everything
    assert of_nobody == []


def test_regions_keep_their_numbers(shop: Database, tmp_path: Path) -> None:
    before = shop.rows("publisher", "table access.regions order by 1")
    assert before == [(1, None), (2, "north"), (3, "south")]
    with shop.connect("anna") as reader:
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select 1")
        shop.publish(write_file(tmp_path / "next.duckdb", {"east": 5, **REGIONS}))
        # a query that began before reads what is new, and of its own region
        assert reader.execute("select distinct region from core.users").fetchall() == [("north",)]
    assert shop.rows("publisher", "table access.regions order by 1") == [*before, (4, "east")]
    shop.publish(write_file(tmp_path / "next.duckdb", {"north": 3, None: 2}))
    assert shop.rows("anna", "select count(*) from core.users") == [(3,)]
    assert len(shop.rows("publisher", "table access.regions")) == 4


@pytest.fixture
def roles_as_before(shop: Database) -> Iterator[None]:
    """Give the roles back what a test changes: they stand outside of the database."""
    yield
    for change in (
        "alter role analyst nosuperuser nobypassrls nocreaterole nocreatedb noreplication nologin",
        "alter role anna nocreaterole nobypassrls",
        "revoke marketer, pg_read_all_data from analyst",
        "revoke pg_read_all_data from anna",
        "drop role if exists mighty",
    ):
        shop.change(change)


@pytest.mark.usefixtures("roles_as_before")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        *(
            (f"alter role analyst {name.lower()}", f"role analyst has {name}: run alter role analyst no{name.lower()}.")
            for name in rights.ATTRIBUTES
        ),
        (
            "create role mighty superuser role analyst",
            "role analyst is a member of mighty, which has SUPERUSER: revoke",
        ),
        ("create role mighty login role analyst", "role analyst is a member of mighty, which has LOGIN: revoke mighty"),
        (
            "grant pg_read_all_data to analyst",
            "analyst is a member of pg_read_all_data, which has rights on all tables",
        ),
        (
            "create role mighty; grant pg_monitor to mighty; grant mighty to analyst",
            "role analyst is a member of pg_monitor, which has rights on all",
        ),
        ("grant marketer to analyst", "role analyst is a member of marketer, which has the rows of all users: revoke"),
        ("alter role anna bypassrls", "anna, a member of role analyst, has BYPASSRLS: revoke analyst from anna."),
        (
            "grant pg_read_all_data to anna",
            "anna, a member of role analyst, has rights on all tables or files by pg_read_all_data: revoke analyst",
        ),
        ("alter role anna createrole", "anna, a member of role analyst, has CREATEROLE: revoke analyst from anna."),
    ],
)
def test_a_role_that_can_do_more_than_it_is_granted_stops_the_publish(
    shop: Database, tmp_path: Path, change: str, sentence: str
) -> None:
    shop.change(*change.split("; "))
    with pytest.raises(publishing.NotPublishedError, match=re.escape(sentence)):
        shop.publish(write_file(tmp_path / "next.duckdb", {"north": 3, None: 2}))
    assert shop.rows("publisher", "select count(*) from core.users") == [(sum(REGIONS.values()),)]


@pytest.mark.parametrize(
    "opening",
    [
        "grant execute on function pg_relation_size(regclass, text) to public",
        "grant execute on function pg_database_size(oid) to public",
        "alter database {name} reset track_counts",
    ],
)
def test_a_door_that_was_opened_again_stops_the_publish(shop: Database, tmp_path: Path, opening: str) -> None:
    shop.change(opening.format(name=shop.name))
    with pytest.raises(publishing.NotPublishedError, match="logins may count rows that they do not see"):
        shop.publish(write_file(tmp_path / "next.duckdb", REGIONS))
    shop.change((rights.FOLDER / "close_database.sql").read_text())
    shop.publish(write_file(tmp_path / "next.duckdb", REGIONS))
    # a superuser closes them by publishing
    shop.change(opening.format(name=shop.name))
    url = shop.url.replace("//publisher@", f"//postgres:{shop.server['PGPASSWORD']}@")
    for place in ("core", "scores", "by_region", "access", "publication", "campaigns", "evaluation"):
        shop.change(f"drop schema {place} cascade")
    publishing.publish(tmp_path / "next.duckdb", url)
    shop.change("insert into access.analyst_regions values ('anna', 'north')")
    for door in DOORS:
        numbers = set(re.findall(r"(?<![\w.])\d+(?!\w)", told(shop, "anna", door)))
        assert not numbers & hidden_counts(REGIONS, {"north"}), door


def test_a_door_that_was_opened_to_one_role_stops_the_publish(shop: Database, tmp_path: Path) -> None:
    shop.change("grant execute on function pg_total_relation_size(regclass) to auditor")
    with pytest.raises(publishing.NotPublishedError, match="logins may count rows that they do not see"):
        shop.publish(write_file(tmp_path / "next.duckdb", REGIONS))

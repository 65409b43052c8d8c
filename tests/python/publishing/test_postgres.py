"""PostgreSQL: roles read what they may, and no reader sees half a publication."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg
import pytest
from support.builds import PROJECT_FOLDER
from support.databases import PASSWORD, Database, add_logins, list_tables, refused
from support.operations import run_operation

from operations.publish.postgres import __main__ as script
from operations.publish.postgres import copying as publishing
from operations.publish.postgres import rights

PUBLISHES = 20
BUILT_FILE = PROJECT_FOLDER / "published" / "precision_marketing.duckdb"
# Texts that a copy by way of CSV could spoil.
TEXTS = ["", None, "\\.", "\\N", 'a "b", c', "two\nlines\r\n", " x ", "NULL", "价格"]


def write_file(file: Path, number: int = 1, users: int = 90) -> Path:
    """Write a published file: every table tells of which round it is."""
    file.unlink(missing_ok=True)
    users += number
    user = "'u' || i as user_id"
    about_users = f"select {user}, {number} as round from range({users}) t(i)"
    region = "case i % 3 when 0 then 'north' when 1 then 'south' end"
    tables = {
        "core.users": f"select {user}, {region} as region, {number} as round from range({users}) t(i)",
        # every tenth order is of a guest
        "core.orders": f"""
            select 'o' || i as order_id, if(i % 10 = 0, null, 'u' || i) as user_id,
                (i / 7)::decimal(18, 2) as net_amount, {number} as round
            from range({users}) t(i)
        """,
        "scores.user_scores": about_users,
        "campaigns.campaign_decisions": about_users,
        "campaigns.decision_ledger": about_users,
        "campaigns.campaign_audience": about_users,
        "evaluation.estimator_results": f"""
            select 0.1 as share, 'nan'::double as odd,
                timestamp '2026-11-25 01:02:03.456789' as seen_at, {number} as round
        """,
        # of one column, where a text may stand alone in its line
        "evaluation.texts": "select unnest($1) as value_text",
    }
    with duckdb.connect(str(file)) as connection:
        for place, query in tables.items():
            schema = place.split(".")[0]
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create table {place} as {query}", [TEXTS] if "$1" in query else [])
        list_tables(connection)
    return file


@pytest.fixture
def published_file(tmp_path: Path) -> Path:
    """Return a small published file."""
    return write_file(tmp_path / "small.duckdb")


@pytest.fixture
def shop(database: Database, published_file: Path) -> Database:
    """Return a database that was published to once, with logins of every role."""
    database.publish(published_file)
    add_logins(database)
    return database


def test_each_role_reads_what_it_is_granted_and_nothing_else(shop: Database) -> None:
    places = [place for (place,) in shop.rows("publisher", "select table_name from publication.published_tables")]
    granted = {
        "max": ("campaigns.", "core.", "scores."),
        "anna": ("core.", "scores."),
        "otto": ("evaluation.", "campaigns.campaign_decisions", "campaigns.decision_ledger"),
    }
    for login, prefixes in granted.items():
        assert shop.rows(login, "select count(*) from publication.published_tables")
        readable = {place for place in places if (refused(shop, login, f"table {place}") or "").endswith(": done")}
        assert readable == {place for place in places if place.startswith(prefixes)}
    assert shop.rows("max", "select count(*) from core.users") == [(91,)]
    assert shop.rows("max", "select count(*) from core.orders") == [(91,)]


def test_values_arrive_as_they_were(shop: Database, published_file: Path) -> None:
    with duckdb.connect(str(published_file), read_only=True) as connection:
        for place in ("core.orders", "evaluation.estimator_results", "evaluation.texts"):
            query = f"select * from {place}"
            expected = connection.execute(query).fetchall()
            found = shop.rows("publisher", query)
            assert sorted(map(str, found)) == sorted(map(str, expected))


REFUSED_TO_ALL = """
    insert into core.users values ('x', 'north', 1)
    update core.users set region = 'north'
    delete from core.users
    truncate core.users
    drop view core.users
    alter view core.users rename to mine
    create or replace view core.users as select 1 as one
    insert into by_region."core.users 1" values ('x', 'north', 1)
    truncate by_region."core.users 1"
    alter table by_region."core.users 1" disable row level security
    create or replace function access.sees(int, name[], name[]) returns boolean language sql return true
    insert into campaigns.decision_ledger values ('x', 1)
    drop table campaigns.decision_ledger
    alter table campaigns.decision_ledger disable row level security
    create table core.mine (i int)
    create table public.mine (i int)
    create temporary table mine (i int)
    create schema mine
    create function core.mine() returns int language sql return 1
    create view core.mine as select 1 as one
    create extension dblink schema core
    copy core.users to program 'cat'
    copy core.users to '/users.csv'
    copy core.users from '/etc/passwd'
    select pg_read_file('/etc/passwd')
    select pg_read_binary_file('/etc/passwd')
    select pg_ls_dir('/')
    select pg_stat_file('/etc/passwd')
    select lo_import('/etc/passwd')
    select lo_creat(-1)
    select lo_create(1)
    select lo_from_bytea(0, 'x')
    select * from pg_authid
    set role postgres
    set role publisher
    set session authorization postgres
    insert into access.analyst_regions values (current_user, 'south')
    create policy everything on core.users using (true)
    alter system set work_mem = '1GB'
    select * from vault.people
"""


def test_writes_files_and_the_vault_are_refused(database: Database, published_file: Path) -> None:
    database.change(
        "create schema vault",
        "create table vault.people as select 'u1' as user_id, 'a@b.c' as email",
        "grant usage on schema vault to public",
        "grant select on vault.people to public",
        user="publisher",
    )
    database.publish(published_file)
    add_logins(database)
    statements = [each.strip() for each in REFUSED_TO_ALL.strip().splitlines()]
    done = [refused(database, login, statement) for login in ("max", "anna", "otto") for statement in statements]
    assert not any(done), [each for each in done if each]


def test_strangers_cannot_even_connect(shop: Database) -> None:
    shop.change(f"create role stranger login password '{PASSWORD}'")
    try:
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            shop.connect("stranger")
    finally:
        shop.change("drop role stranger")


def test_a_role_with_rights_on_the_vault_stops_the_publish(shop: Database, published_file: Path) -> None:
    shop.change("create schema vault", "grant usage on schema vault to analyst")
    with pytest.raises(publishing.NotPublishedError, match="analyst has rights on"):
        shop.publish(published_file)


def tables_about_users(database: Database, login: str) -> list[str]:
    """List tables with a user_id that a login may read."""
    found = database.rows(
        login,
        "select table_schema || '.' || table_name from information_schema.columns"
        " where column_name = 'user_id'"
        " and has_table_privilege(table_schema || '.' || table_name, 'select')",
    )
    return sorted(place for (place,) in found)


def test_an_analyst_sees_the_users_of_their_regions_alone(shop: Database) -> None:
    expected = {
        "anna": "select user_id from core.users where region = 'north'",
        "noor": "select user_id from core.users where region is null",
        "nobody_yet": "select user_id from core.users where false",
    }
    tables = tables_about_users(shop, "anna")
    assert tables == ["core.orders", "core.users", "scores.user_scores"]
    for login, query in expected.items():
        users = {user for (user,) in shop.rows("publisher", query)}
        for place in tables:
            seen = {u for (u,) in shop.rows(login, f"select user_id from {place}")}
            present = {u for (u,) in shop.rows("publisher", f"select user_id from {place}")}
            # rows of no user go with the users of no region
            shown = users | {None} if login == "noor" else users
            assert seen == shown & present, (login, place)
    # how many rows that table has is nobody's business
    assert refused(shop, "anna", "table access.analyst_regions") is None
    assert refused(shop, "anna", "table access.regions") is None


def test_in_the_built_tables_too_analysts_see_their_regions_alone(database: Database, tmp_path: Path) -> None:
    if not BUILT_FILE.exists():
        pytest.skip(f"BUILT TABLES NOT CHECKED: no {BUILT_FILE}; run make build.")
    database.publish(cut_built_file(tmp_path / "cut.duckdb"))
    add_logins(database)
    tables = tables_about_users(database, "anna")
    filled = 0
    for place in tables:
        regions = (
            "select count(*), count(distinct users.region), min(users.region)"
            f" from {place} as counted"
            " left join core.users as users on users.user_id = counted.user_id"
        )
        [(rows, _, _)] = database.rows("publisher", f"{regions} where users.region = 'north'")
        [seen] = database.rows("anna", regions)
        assert seen == ((rows, 1, "north") if rows else (0, 0, None)), place
        filled += rows > 0
    assert filled > len(tables) / 2
    expected = database.rows("publisher", "select count(*) from core.transactions where user_id is not null")
    assert database.rows("max", "select count(user_id) from core.transactions") == (expected)


def cut_built_file(file: Path) -> Path:
    """Write what `make build` published, of few users, in synthetic regions."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{BUILT_FILE}' as built (read_only)")
        connection.execute(
            "create table memory_of_users as select user_id from built.core.users order by hash(user_id) limit 60"
        )
        for schema, name, is_about_users in connection.execute(
            "select schema_name, table_name, bool_or(column_name = 'user_id')"
            " from duckdb_columns() where database_name = 'built' and not internal"
            " group by all"
        ).fetchall():
            region = "if(hash(user_id) % 2 = 0, 'north', 'south') as region"
            columns = f"* replace ({region})" if name == "users" else "*"
            few = "where user_id is null or user_id in (from memory_of_users)" if is_about_users else "limit 50"
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create table {schema}.{name} as select {columns} from built.{schema}.{name} {few}")
        connection.execute("drop table memory_of_users")
        connection.execute("drop table publication.published_tables")
        list_tables(connection)
    return file


def test_rights_survive_a_publish(shop: Database, tmp_path: Path) -> None:
    shop.change("alter default privileges in schema campaigns grant select on tables to auditor", user="publisher")
    for number in (2, 3):
        shop.publish(write_file(tmp_path / "next.duckdb", number))
    assert shop.rows("max", "select max(round) from core.users") == [(3,)]
    assert shop.rows("anna", "select count(distinct region) from core.users") == [(1,)]
    # what an administrator gave to all tables to come is theirs too
    assert shop.rows("otto", "select count(*) from campaigns.campaign_audience")
    assert refused(shop, "otto", "select * from scores.user_scores") is None
    names = shop.rows("publisher", "select relname from pg_class where relname like '%\\_\\_new%'")
    assert names == []


def test_what_is_no_longer_published_goes(shop: Database, tmp_path: Path) -> None:
    file = write_file(tmp_path / "next.duckdb", 2)
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table scores.user_scores")
        connection.execute("drop table publication.published_tables")
        list_tables(connection)
    shop.publish(file)
    assert shop.rows("postgres", "select to_regclass('scores.user_scores')") == [(None,)]


def test_comments_are_those_of_the_file(database: Database, published_file: Path) -> None:
    text = 'Each user\'s "row": 50 % $$ \\ {x} 价格. ' * 200
    with duckdb.connect(str(published_file)) as connection:
        quoted = text.replace("'", "''")
        connection.execute(f"comment on table core.users is '{quoted}'")
        connection.execute(f"comment on column core.users.region is '{quoted}'")
        connection.execute("comment on table publication.published_tables is 'What there is.'")
    for _ in range(2):
        database.publish(published_file)
        assert database.rows(
            "publisher",
            "select obj_description('core.users'::regclass),"
            " col_description('core.users'::regclass, 2),"
            " obj_description('publication.published_tables'::regclass),"
            " obj_description('core.orders'::regclass)",
        ) == [(text, text, "What there is.", None)]


def test_every_table_and_column_that_was_built_is_commented(database: Database, tmp_path: Path) -> None:
    if not BUILT_FILE.exists():
        pytest.skip(f"COMMENTS NOT CHECKED: no {BUILT_FILE}; run make build.")
    file = tmp_path / "empty.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{BUILT_FILE}' as built (read_only); attach '{file}' as copied")
        connection.execute(
            "copy from database built to copied (schema); insert into"
            " copied.publication.published_tables from built.publication.published_tables"
        )
    # twice, for a publish replaces what the last one left
    for _ in range(2):
        database.publish(file)
    silent = """
        select concat(nspname, '.', relname, '.', attname) from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        join pg_attribute on attrelid = pg_class.oid and attnum > 0
        where relkind in ('r', 'v')
            and nspname not in ('access', 'by_region', 'information_schema', 'pg_catalog')
            and (
                col_description(pg_class.oid, attnum) is null
                or obj_description(pg_class.oid) is null
            )
    """
    assert database.rows("publisher", silent) == []
    assert database.rows("publisher", "select count(*) from pg_tables where schemaname = 'core'")[0][0]


@contextmanager
def reading(read: Callable[[], None]) -> Iterator[list[int]]:
    """Read in a loop, in a thread; raise what a read raised."""
    stop, reads, errors = threading.Event(), [0], []

    def loop() -> None:
        while not stop.is_set():
            try:
                read()
            except Exception as error:
                errors.append(error)
                return
            reads[0] += 1

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield reads
    finally:
        stop.set()
        thread.join()
    if errors:
        raise errors[0]


def test_readers_see_no_error_and_no_half_table_during_twenty_publishes(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 20)
    places = [
        place
        for (place,) in shop.rows("max", "select table_name from publication.published_tables order by 1")
        if not place.startswith("evaluation")
    ]

    def read_all_tables(connection: psycopg.Connection, pause: float) -> None:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            # the snapshot is of now, the first table of a while later
            connection.execute("select 1")
            time.sleep(pause)
            told = dict(connection.execute("select table_name, row_count from publication.published_tables").fetchall())
            for place in reversed(places):
                count, first, last = connection.execute(
                    f"select count(*), min(round), max(round) from {place}"
                ).fetchone()
                assert (count, first) == (told[place], last), (place, pause)
                assert count == 90 + first, (place, pause)

    def read_in_one_query(connection: psycopg.Connection) -> None:
        found = connection.execute(
            "select count(*), count(distinct users.round), min(users.round) = "
            " all (select round from scores.user_scores)"
            " from core.users join core.orders using (user_id)"
            " where users.round = orders.round"
        ).fetchone()
        assert found[1:] == (1, True), found
        assert found[0] >= 27, found

    with (
        shop.connect("max") as first,
        shop.connect("max") as second,
        shop.connect("anna", autocommit=True) as third,
        reading(lambda: read_all_tables(first, 0.0)) as quick_reads,
        reading(lambda: read_all_tables(second, 0.4)) as slow_reads,
        reading(lambda: read_in_one_query(third)) as analyst_reads,
    ):
        for number in range(2, PUBLISHES + 2):
            shop.publish(write_file(tmp_path / "next.duckdb", number))
    assert shop.rows("max", "select max(round) from core.users") == [(PUBLISHES + 1,)]
    assert min(quick_reads[0], analyst_reads[0]) > PUBLISHES
    assert slow_reads[0] > PUBLISHES / 4


def state(database: Database) -> list[tuple]:
    """Return what readers see, and the tables there are."""
    return database.rows(
        "publisher",
        "select min(users.round), count(*), min(tables.names) from core.users,"
        " (select string_agg(relname, ' ' order by relname) as names from pg_class"
        " where relkind in ('r', 'i') and relnamespace > 16000) as tables",
    )


def test_a_reader_who_stays_is_named_and_loses_nothing(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 1)
    file = write_file(tmp_path / "next.duckdb", 2)
    before = state(shop)
    with shop.connect("max") as reader:
        reader.execute("select count(*) from scores.user_scores")
        with pytest.raises(publishing.NotPublishedError, match="readers held the tables"):
            shop.publish(file)
        # nobody queues behind a publish that gives way
        assert shop.rows("anna", "select max(round) from core.users") == [(1,)]
    assert state(shop) == before
    shop.publish(file)
    assert shop.rows("max", "select max(round) from core.users") == [(2,)]


def test_a_failure_half_way_leaves_the_last_publication(shop: Database, tmp_path: Path) -> None:
    before = state(shop)
    file = write_file(tmp_path / "next.duckdb", 2)
    with duckdb.connect(str(file)) as connection:
        # the last table by name, and a character that PostgreSQL's text lacks
        connection.execute("create table scores.zzz as select 'a' || chr(0) as text")
    with pytest.raises(psycopg.Error, match="invalid byte sequence"):
        shop.publish(file)
    assert state(shop) == before
    # what somebody left behind is no hindrance
    shop.change('create table core."users__new" (i int)', user="publisher")
    shop.publish(write_file(tmp_path / "next.duckdb", 3))
    assert shop.rows("max", "select max(round) from core.users") == [(3,)]


def test_the_script_says_what_it_did_and_what_is_open(shop: Database, published_file: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        return run_operation(
            "publish.postgres", POSTGRES_URL=shop.url, PUBLISHED_DIR=str(published_file.parent), SOURCE="small"
        )

    result = run()
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Published 9 tables, ")
    assert "large objects" not in result.stdout
    shop.change("grant execute on function lo_creat(int) to public")
    result = run()
    assert (result.returncode, result.stdout) == (1, "")
    assert "or write large objects, until a superuser runs operations/publish/" in result.stderr
    shop.change((rights.FOLDER / "close_database.sql").read_text())
    published_file.unlink()
    result = run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1


def run_script(monkeypatch: pytest.MonkeyPatch, published: Path, url: str | None, **env: str) -> str | None:
    """Run `main` as the script does, with the environment given."""
    monkeypatch.setattr(script, "PUBLISHED_FILE", published / "small.duckdb")
    if url:
        monkeypatch.setenv("POSTGRES_URL", url)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return script.main()


def test_bad_input_is_told_in_one_sentence_without_the_password(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = shop.server["PGHOST"]
    before = state(shop)
    secret = "s3cr3t"
    cases = {
        f"postgresql://publisher:{secret}@/{shop.name}?host={host}": "password authen",
        f"postgresql://publisher:{secret}@/nowhere?host={tmp_path}": "No such file",
        f"postgresql://publisher:{secret}@127.0.0.1:1/{shop.name}": "Connection refus",
        f"postgresql://publisher:{secret}@x/y@127.0.0.1/db": "percent sign",
        f"postgresql://publisher:{secret}@127.0.0.1:1/db?{secret}": "not a connection string",
        f"host={host} password={secret} nonsense": "not a connection string",
    }
    for url, words in cases.items():
        told = run_script(monkeypatch, tmp_path, url)
        assert told.startswith("Nothing was published to PostgreSQL: "), told
        assert words in told, told
        assert secret not in told
        assert "\n" not in told
    told = run_script(monkeypatch, tmp_path / "none", shop.url)
    assert "Run make publish first." in told
    monkeypatch.setattr(publishing, "LEAST_VERSION", 99)
    told = run_script(monkeypatch, tmp_path, shop.url)
    assert "99 or newer is needed" in told
    assert state(shop) == before


def test_files_that_no_publish_wrote_are_refused(shop: Database, tmp_path: Path, published_file: Path) -> None:
    before = state(shop)
    for statement, words in {
        "create table core.odd as select [1] as items": "items of core.odd has type",
        "create schema vault; create table vault.people (i int)": "vault is not publ",
        f"create table core.{'x' * 60} (i int)": "longer than",
        "alter table core.users drop region": "no core.users.region",
        "drop table publication.published_tables": "did not write it",
    }.items():
        file = write_file(tmp_path / "next.duckdb", 2)
        with duckdb.connect(str(file)) as connection:
            connection.execute(statement)
        with pytest.raises(publishing.NotPublishedError, match=words):
            shop.publish(file)
    assert state(shop) == before
    shop.change("create table core.returns (i int)", user="publisher")
    with duckdb.connect(str(published_file)) as connection:
        connection.execute("create table core.returns as select 1 as i")
    with pytest.raises(publishing.NotPublishedError, match=r"already has core.returns"):
        shop.publish(published_file)


def number(file: Path, series: str, sequence: int) -> Path:
    """Say which publication a file is."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "alter table publication.published_tables add column if not exists series_id text;"
            " alter table publication.published_tables add column if not exists sequence_number bigint"
        )
        connection.execute(
            "update publication.published_tables set series_id = $1, sequence_number = $2", [series, sequence]
        )
    return file


def test_an_older_publication_does_not_replace_a_later_one(
    shop: Database, tmp_path: Path, published_file: Path
) -> None:
    shop.publish(number(published_file, "a", 8))
    assert shop.rows("otto", "select distinct sequence_number from publication.published_tables") == [(8,)]
    before = state(shop)
    older = number(write_file(tmp_path / "older.duckdb", 2), "a", 7)
    with pytest.raises(publishing.NotPublishedError, match="holds publication 8, the file is 7, an older one"):
        shop.publish(older)
    assert state(shop) == before
    # the same once more, as erasure does, one of another series, and one of an earlier release
    shop.publish(published_file)
    shop.publish(number(older, "b", 1))
    shop.publish(write_file(tmp_path / "before.duckdb", 3))
    shop.publish(number(older, "a", 1))
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_two_publishes_do_not_mix(shop: Database, published_file: Path) -> None:
    with shop.connect("publisher") as other:
        other.execute("select pg_advisory_xact_lock(%s)", [publishing.PUBLISH_LOCK])
        with pytest.raises(publishing.NotPublishedError, match="another process"):
            shop.publish(published_file)

"""Who may read what: roles, grants and the rows that a role sees.

Rights stand in grants.yml and access.sql; they are given anew at each publish, to the
new tables before readers see them.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import yaml
from psycopg import sql

from operations.publish.postgres.tables import NotPublishedError, Role, Table

FOLDER = Path(__file__).resolve().parent
SCOPES = {"all": True, "of_their_regions": False}
# By each of these, a role could read what it is not granted; or, of LOGIN, be a person
# whom nobody listed.
ATTRIBUTES = {
    "SUPERUSER": "rolsuper",
    "BYPASSRLS": "rolbypassrls",
    "CREATEROLE": "rolcreaterole",
    "CREATEDB": "rolcreatedb",
    "REPLICATION": "rolreplication",
    "LOGIN": "rolcanlogin",
}


def read_roles() -> list[Role]:
    """Read grants.yml."""
    roles = []
    for name, role in yaml.safe_load((FOLDER / "grants.yml").read_text()).items():
        if role["users"] not in SCOPES:
            raise NotPublishedError(
                f"grants.yml has users: {role['users']} for role {name}, expected one of {', '.join(SCOPES)}."
            )
        roles.append(Role(name, tuple(role["reads"]), SCOPES[role["users"]]))
    return roles


def refuse_powerful(server: psycopg.Connection, roles: list[Role]) -> None:
    """Raise where a role can do more than grants.yml says, or who reads by region can."""
    # superusers count as members of all, so the memberships are followed by hand
    query = f"""
        with recursive memberships as (
            select roleid, member from pg_auth_members as memberships
            -- from PostgreSQL 16 on, who made a role may only administer it
            where coalesce((to_jsonb(memberships) ->> 'inherit_option')::boolean, true)
                or coalesce((to_jsonb(memberships) ->> 'set_option')::boolean, true)
        ),
        members as (
            select oid as role, oid as member from pg_roles where rolname = any(%(regional)s)
            union
            select members.role, memberships.member from memberships join members on roleid = members.member
        ),
        -- all that somebody is a member of; `reads_as` is the role of grants.yml
        granted as (
            select oid as who, oid as role, oid as reads_as from pg_roles where rolname = any(%(names)s)
            union
            select member, member, role from members
            where role <> member and member::regrole::text not in (current_user, session_user)
            union
            select granted.who, roleid, reads_as from memberships join granted on memberships.member = granted.role
        ),
        faults as (
            select who, granted.role, reads_as, case
                when rolname ~ '^pg_' then 'rights on all tables or files'
                when who = reads_as and rolname = any(%(others)s) and who <> granted.role
                    and who::regrole::text = any(%(regional)s) then 'the rows of all users'
                when who = reads_as then {_attributes()}
                else {_attributes("LOGIN", "CREATEDB")}
            end as can
            from granted join pg_roles on pg_roles.oid = granted.role
        )
        select who::regrole::text, role::regrole::text, reads_as::regrole::text, can from faults
        where can <> '' order by who <> reads_as, who <> role, 1, 2 limit 1
    """
    regional = [role.name for role in roles if not role.sees_all_users]
    others = [role.name for role in roles if role.sees_all_users]
    fault = server.execute(query, {"names": regional + others, "regional": regional, "others": others}).fetchone()
    if fault is None:
        return
    who, role, reads_as, can = fault
    if who == role == reads_as:
        raise NotPublishedError(f"role {role} has {can}: run alter role {role} no{can.split(', ')[0].lower()}.")
    if who == reads_as:
        raise NotPublishedError(f"role {who} is a member of {role}, which has {can}: revoke {role} from {who}.")
    by = "" if who == role else f" by {role}"
    raise NotPublishedError(f"{who}, a member of role {reads_as}, has {can}{by}: revoke {reads_as} from {who}.")


def _attributes(*without: str) -> str:
    names = ", ".join(
        f"case when {column} then '{name}' end" for name, column in ATTRIBUTES.items() if name not in without
    )
    return f"concat_ws(', ', {names})"


def close_doors(server: psycopg.Connection, roles: list[Role]) -> str:
    """Close what tells of rows that a login does not see, or find it closed.

    Returns
    -------
    str
        What is open, where no role reads by region; or nothing.

    Raises
    ------
    NotPublishedError
        Where something is open and a role reads by region: only a superuser can close it.
    """
    file = FOLDER / "close_database.sql"
    [is_superuser] = server.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if is_superuser:
        server.execute(file.read_text())
        # the database's setting is for connections to come
        server.execute("set local track_counts = off")
    functions = re.findall(r"'((?:pg|lo)_\w+)'", file.read_text())
    is_open = server.execute(
        "select current_setting('track_counts')::boolean or exists ("
        " select from pg_proc where proname = any(%s) and (has_function_privilege('public', oid, 'execute') or exists ("
        " select from pg_roles where rolname = any(%s) and has_function_privilege(rolname, pg_proc.oid, 'execute'))))",
        [functions, [role.name for role in roles]],
    ).fetchone() == (True,)
    if not is_open:
        return ""
    [database] = server.execute("select current_database()").fetchone()
    note = (
        f"in database {database} logins may count rows that they do not see, or write large objects, until a"
        f" superuser runs operations/publish/postgres/{file.name} there"
    )
    if all(role.sees_all_users for role in roles):
        return f" But {note}."
    raise NotPublishedError(f"{note}.")


def prepare(server: psycopg.Connection, roles: list[Role]) -> None:
    """Make the roles that are missing, and close what is open by default."""
    known = {row[0] for row in server.execute("select rolname from pg_roles")}
    for role in roles:
        if role.name not in known:
            server.execute(sql.SQL("create role {} nologin").format(role.identifier))
    server.execute((FOLDER / "access.sql").read_text())
    [database] = server.execute("select current_database()").fetchone()
    for role in roles:
        server.execute(
            sql.SQL(
                "grant connect on database {database} to {role}; revoke all on all tables in schema access from {role};"
                " grant usage on schema access to {role}"
            ).format(database=sql.Identifier(database), role=role.identifier)
        )
        if server.execute(
            "select 1 from pg_namespace where nspname = 'vault' and has_schema_privilege(%s, oid, 'usage, create')",
            [role.name],
        ).fetchone():
            raise NotPublishedError(f"role {role.name} has rights on schema vault.")


def open_schema(server: psycopg.Connection, schema: str, tables: list[Table], roles: list[Role]) -> None:
    """Make a schema, and let those use it who may read a table in it."""
    place = sql.Identifier(schema)
    server.execute(
        sql.SQL("create schema if not exists {0}; revoke all on schema {0} from public, {1}").format(
            place, sql.SQL(", ").join(role.identifier for role in roles)
        )
    )
    for role in roles:
        if any(role.may_read(table) for table in tables if table.schema == schema):
            server.execute(sql.SQL("grant usage on schema {} to {}").format(place, role.identifier))


def grant(server: psycopg.Connection, table: Table, roles: list[Role], *, is_divided: bool) -> None:
    """Grant a new table; a view itself leaves out what a role does not see."""
    readers = [role for role in roles if role.may_read(table)]
    for role in readers:
        server.execute(sql.SQL("grant select on {} to {}").format(table.new, role.identifier))
    if table.is_about_users and not is_divided:
        # whoever was granted all tables to come sees no row of users
        server.execute(sql.SQL("alter table {} enable row level security").format(table.new))
        for role in readers:
            server.execute(
                sql.SQL("create policy {} on {} for select to {} using (true)").format(
                    sql.Identifier(f"rows_for_{role.name}"), table.new, role.identifier
                )
            )

"""Who may read what: roles, grants and the rows that a role sees.

Rights stand in grants.yml and access.sql; they are given anew at each publish, to the
new tables before readers see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml
from psycopg import sql

from operations.publish.postgres.tables import NotPublishedError, Table

FOLDER = Path(__file__).resolve().parent
SCOPES = {"all": True, "of_their_regions": False}
# Of whom the region is not known: those see it who are given region null.
SEES_UNKNOWN = """
    exists (select from access.analyst_regions as regions where regions.region is null)
"""
USERS_POLICY = f"""
    region in (select regions.region from access.analyst_regions as regions)
    or (region is null and {SEES_UNKNOWN})
"""
# What of core.users is seen, the policy above decides.
ROWS_POLICY = f"""
    user_id in (select users.user_id from core.users__new as users)
    or (user_id is null and {SEES_UNKNOWN})
"""


@dataclass(frozen=True)
class Role:
    """A role of grants.yml."""

    name: str
    reads: tuple[str, ...]
    sees_all_users: bool

    @property
    def identifier(self) -> sql.Identifier:
        """Return the name, as SQL has it."""
        return sql.Identifier(self.name)

    def may_read(self, table: Table) -> bool:
        """Tell whether the role is granted a table or its schema."""
        return table.schema in self.reads or table.place in self.reads


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


def prepare(server: psycopg.Connection, roles: list[Role]) -> None:
    """Make the roles that are missing, and close what is open by default."""
    known = {row[0] for row in server.execute("select rolname from pg_roles")}
    for role in roles:
        if role.name not in known:
            server.execute(sql.SQL("create role {} nologin").format(role.identifier))
    server.execute((FOLDER / "access.sql").read_text())
    [database] = server.execute("select current_database()").fetchone()
    for role in roles:
        server.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(database), role.identifier))
        if not role.sees_all_users:
            server.execute(
                sql.SQL("grant usage on schema access to {0};grant select on access.analyst_regions to {0}").format(
                    role.identifier
                )
            )
        if server.execute(
            "select 1 from pg_namespace where nspname = 'vault' and has_schema_privilege(%s, oid, 'usage, create')",
            [role.name],
        ).fetchone():
            raise NotPublishedError(f"role {role.name} has rights on schema vault.")


def what_is_open(server: psycopg.Connection) -> str:
    """Name what only a superuser can close, where it is open; or nothing."""
    [is_open] = server.execute("select has_function_privilege('public', 'lo_creat(int)', 'execute')").fetchone()
    return (
        " Every login may still write large objects; docs/bi-tools.md has the statement"
        " by which a superuser forbids it."
        if is_open
        else ""
    )


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


def grant(server: psycopg.Connection, table: Table, roles: list[Role]) -> None:
    """Grant a new table, and the rows in it that each role sees."""
    if table.is_about_users:
        server.execute(sql.SQL("alter table {} enable row level security").format(table.new))
    for role in roles:
        if not role.may_read(table):
            continue
        server.execute(sql.SQL("grant select on {} to {}").format(table.new, role.identifier))
        if table.is_about_users:
            server.execute(
                sql.SQL("create policy {} on {} for select to {} using ({})").format(
                    sql.Identifier(f"rows_for_{role.name}"),
                    table.new,
                    role.identifier,
                    sql.SQL(_rows_seen(table, role)),
                )
            )


def _rows_seen(table: Table, role: Role) -> str:
    if role.sees_all_users:
        return "true"
    return USERS_POLICY if table.place == "core.users" else ROWS_POLICY

-- What stands around the published tables: no rights by default, and who sees which
-- regions. Run at each publish.
do $$
begin
    -- a database of its own: nobody may so much as connect who is not granted it
    execute format('revoke all on database %I from public', current_database());
    if (
        select pg_has_role(nspowner, 'usage')
        from pg_namespace
        where nspname = 'public'
    ) then
        revoke all on schema public from public;
    end if;
    if (
        select pg_has_role(nspowner, 'usage')
        from pg_namespace
        where nspname = 'vault'
    ) then
        revoke all on schema vault from public;
    end if;
    -- large objects are a way to write, open to all; only a superuser can close it
    if (select rolsuper from pg_roles where rolname = current_user) then
        revoke execute on function
            lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea)
        from public;
    end if;
end
$$;

-- Made once: to alter it would lock analysts out until the publish is over.
do $$
begin
    if to_regclass('access.analyst_regions') is not null then
        return;
    end if;
    create schema if not exists access;
    create table access.analyst_regions (
        login text not null,
        region text,
        unique nulls not distinct (login, region)
    );
    comment on table access.analyst_regions is
    'Regions whose users a login of role analyst sees, one row each. Region null: users
whose region is not known, and rows of no user. No publish changes this table.';
    alter table access.analyst_regions enable row level security;
    create policy own_rows on access.analyst_regions
    for select using (login = current_user);
end
$$;

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
end
$$;

-- Made once: to alter it would lock analysts out until the publish is over.
do $$
begin
    if to_regclass('access.analyst_regions') is null then
        create schema if not exists access;
        create table access.analyst_regions (
            login text not null,
            region text,
            unique nulls not distinct (login, region)
        );
        comment on table access.analyst_regions is
        'Regions whose users a login of role analyst sees, one row each. Region null:
users whose region is not known, and rows of no user. No publish changes this table.';
    end if;
    if to_regclass('access.regions') is null then
        -- never given anew: a query that began before a publish has the same numbers
        create table access.regions (
            region_number int primary key,
            region text unique nulls not distinct
        );
        comment on table access.regions is
        'The number of each region in the names of the tables in schema by_region.';
    end if;
end
$$;

create or replace function access.is_in_region(region_number int, login name)
returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return exists (
    select
    from access.analyst_regions
    inner join access.regions
        on analyst_regions.region is not distinct from regions.region
    where
        regions.region_number = $1
        and analyst_regions.login = $2
        -- nobody asks for others
        and pg_has_role(session_user, $2, 'member')
);

-- Whether who asks reads a part of a table: number 0 has all rows, for the roles of
-- `all_users`, any other those of a region, for those of `own_regions`. To PostgreSQL
-- the answer is immutable, so it has it while it plans: a part that is not seen is in
-- no plan, with no estimate and no count. A plan that is kept is made anew when the
-- role changes, for these tables have row level security, or when the regions do, by
-- the trigger below.
create or replace function access.sees(
    region_number int, all_users name[], own_regions name[]
)
returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from unnest(all_users) as role where pg_has_role(role, 'usage')
    ) then
        return region_number = 0;
    end if;
    if exists (
        select from unnest(own_regions) as role where pg_has_role(role, 'usage')
    ) then
        return access.is_in_region(region_number, current_user);
    end if;
    return false;
end
$$;

create or replace function access.forget_plans()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    seen regclass;
begin
    for seen in
        select oid
        from pg_class
        where
            relkind = 'v'
            and pg_get_userbyid(relowner) = current_user
            and relnamespace::regnamespace not in ('pg_catalog', 'information_schema')
    loop
        -- takes nothing away, but any change of rights ends the plans of a view
        execute format('revoke trigger on %s from public', seen);
    end loop;
    return null;
end
$$;

create or replace trigger forget_plans
after insert or update or delete or truncate on access.analyst_regions
for each statement execute function access.forget_plans();

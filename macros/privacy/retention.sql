{#
    Condition by which rows of an entity are kept no longer, by var retention_days;
    empty where all are kept.
#}
{% macro expired_rows(entity) -%}
    {%- set days = var('retention_days').get(entity) -%}
    {%- if not execute -%}
        {#- dbt parses once for all periods: it must see what any of them reads -#}
        {%- for each in {
            'campaign_contacts': ['campaigns'],
            'users': instant_of().keys() | list + ['campaigns', 'users'],
            'people': instant_of().keys() | list + ['campaigns', 'users'],
        }.get(entity, []) if each in shop('entities') -%}
            {%- do staged_rows(each) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if entity in ['users', 'people'] -%}
        {{ return(expired_users()) }}
    {%- elif days is not integer -%}
        {{ return('') }}
    {%- endif -%}
    {%- set condition = instant_of()[entity] ~ ' < ' ~ first_day_kept(days) -%}
    {%- if entity == 'campaign_contacts' -%}
        {#- without a date of its own, a contact has that of its campaign -#}
        {%- set condition = condition ~ ' or sent_at is null' -%}
        {%- if 'campaigns' in shop('entities') -%}
            {%- set condition = '(' ~ condition
                ~ " and coalesce(campaign_id, '') not in (select campaign_id from "
                ~ staged_rows('campaigns') ~ ' where campaign_id is not null'
                ~ ' and coalesce(ends_on, starts_on) >= '
                ~ first_day_kept(days) ~ '))' -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(condition) }}
{%- endmacro %}

{#
    Condition by which a user leaves: no dated row is kept, nor did they sign up or
    change within the longest period. Who never had a dated row stays where some rows
    are kept for ever.
#}
{% macro expired_users() -%}
    {%- set periods, kept, had = [], [], [] -%}
    {%- set dated = instant_of().keys()
        | select('in', user_entities()) | select('in', shop('entities')) | list -%}
    {%- for entity in dated -%}
        {%- set expired = expired_rows(entity) -%}
        {%- set named = 'select user_id from ' ~ staged_rows(entity)
            ~ ' where user_id is not null' -%}
        {%- if expired -%}
            {%- do periods.append(var('retention_days')[entity]) -%}
            {%- do had.append(named) -%}
            {%- do kept.append(named ~ ' and not coalesce(' ~ expired ~ ', false)') -%}
        {%- else -%}
            {%- do kept.append(named) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not periods -%}{{ return('') }}{%- endif -%}
    {%- if 'users' in shop('entities') -%}
        {%- do kept.append(
            'select user_id from ' ~ staged_rows('users') ~ ' where user_id is not null'
            ~ ' and greatest(signup_at, updated_at) >= ' ~ first_day_kept(periods | max)
        ) -%}
    {%- endif -%}
    {%- set condition = 'user_id not in (' ~ kept | join(' union ') ~ ')' -%}
    {%- if periods | length < dated | length -%}
        {%- set condition = condition
            ~ ' and user_id in (' ~ had | join(' union ') ~ ')' -%}
    {%- endif -%}
    {{ return(condition) }}
{%- endmacro %}

{# The first day that is kept, so many days before that of the build. #}
{% macro first_day_kept(days) -%}
    {%- set day = run_started_at - modules.datetime.timedelta(days=days) -%}
    {{ return("cast('" ~ day.strftime('%Y-%m-%d') ~ "' as timestamp)") }}
{%- endmacro %}

{# The staged rows of an entity of the active shop. #}
{% macro staged_rows(entity) -%}
    {{ return(ref('stg_' ~ shop('staging') ~ '__' ~ entity)) }}
{%- endmacro %}

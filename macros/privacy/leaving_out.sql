{#
    Conditions by which intake leaves out rows of an entity, by reason: a list
    of conditions, empty where nobody is forgotten and everything is kept.
#}
{% macro leaving_out_rules(entity) -%}
    {%- set rules = {} -%}
    {%- if execute and entity in user_entities() and has_forgotten_users() -%}
        {%- do rules.update({
            'erased': pseudonym('user_id', 'erasure') ~ ' in (select forgotten_key from '
                ~ 'read_csv(' ~ as_literal(as_pattern(forgotten_file()))
                ~ ', header = true, all_varchar = true))'
        }) -%}
    {%- endif -%}
    {%- set expired = expired_rows(entity) -%}
    {%- if expired -%}{%- do rules.update({'expired': expired}) -%}{%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# Entities whose rows name a user. #}
{% macro user_entities() -%}
    {{ return([
        'users', 'people', 'transactions', 'events', 'reviews', 'campaign_contacts',
        'contact_events', 'coupon_redemptions', 'point_movements', 'order_tokens',
        'order_disputes',
    ]) }}
{%- endmacro %}

{# The column with the time of a row. #}
{% macro instant_of() -%}
    {{ return({
        'transactions': 'ordered_at',
        'events': 'occurred_at',
        'reviews': 'reviewed_at',
        'contact_events': 'occurred_at',
        'campaign_contacts': 'sent_at',
        'coupon_redemptions': 'redeemed_at',
        'point_movements': 'moved_at',
        'order_tokens': 'seen_at',
        'order_disputes': 'reported_at',
        'stock_levels': 'counted_at',
        'promotions': 'week_start_date',
    }) }}
{%- endmacro %}

{# The file of forgotten users, by a keyed hash of the source's id. #}
{% macro forgotten_file() -%}
    {{ return(env_var('PRIVACY_DIR', 'privacy').rstrip('/') ~ '/' ~ active_source()
        ~ '/forgotten.csv') }}
{%- endmacro %}

{# What stands in its place: no text where it is a file. #}
{% macro found_instead_of_list() -%}
    {{ return(run_query(
        'select found_instead(' ~ text_literal(forgotten_file()) ~ ')'
    ).rows[0][0]) }}
{%- endmacro %}

{% macro has_forgotten_users() -%}
    {{ return(found_instead_of_list() != 'nothing') }}
{%- endmacro %}

{# Faults of var retention_days or of the key of erasure, as sentences. #}
{% macro retention_faults() -%}
    {%- set faults = [] -%}
    {%- set found = found_instead_of_list() -%}
    {%- if found not in ['', 'nothing'] -%}
        {%- do faults.append(
            'The list of the forgotten, ' ~ forgotten_file() ~ ': expected a file, found '
            ~ found ~ '.'
        ) -%}
    {%- elif has_forgotten_users() and not run_query(
        "select 1 where getvariable('erasure_inner_key') is not null"
    ).rows -%}
        {%- do faults.append(
            'The users of ' ~ forgotten_file() ~ ' cannot be told from others: no '
            ~ '.secrets/erasure.key, nor ERASURE_KEY.'
        ) -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{# Whether the user of a launched decision was forgotten since; the row stays for counts. #}
{% macro is_erased(user_id) -%}
    starts_with({{ user_id }}, 'erased-')
{%- endmacro %}

{# Number of rows of an entity that one reason leaves out. #}
{% macro rows_left_out(entity, reason) -%}
    {%- if entity not in shop('entities') -%}{{ return('0') }}{%- endif -%}
    {%- set staged = ref('stg_' ~ shop('staging') ~ '__' ~ entity) -%}
    {%- set rule = leaving_out_rules(entity).get(reason) -%}
    {{ return('(select count(*) from ' ~ staged ~ ' where ' ~ rule ~ ')' if rule else '0') }}
{%- endmacro %}

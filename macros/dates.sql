{# Instants are UTC in the contract; the shop's zone (var timezone) gives local time. #}
{% macro local_timestamp(instant) -%}
    {{ return(adapter.dispatch('local_timestamp')(instant)) }}
{%- endmacro %}

{% macro default__local_timestamp(instant) -%}
    timezone('{{ shop('timezone') }}', timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro spark__local_timestamp(instant) -%}
    from_utc_timestamp({{ instant }}, '{{ shop('timezone') }}')
{%- endmacro %}

{# The way back: a local wall-clock time as a UTC instant. #}
{% macro utc_timestamp(local_time) -%}
    {{ return(adapter.dispatch('utc_timestamp')(local_time)) }}
{%- endmacro %}

{% macro default__utc_timestamp(local_time) -%}
    timezone('UTC', timezone('{{ shop('timezone') }}', {{ local_time }}))
{%- endmacro %}

{% macro spark__utc_timestamp(local_time) -%}
    to_utc_timestamp({{ local_time }}, '{{ shop('timezone') }}')
{%- endmacro %}

{# A date so many days after another; a negative number counts back. #}
{% macro days_after(date_expression, days) -%}
    cast({{ dbt.dateadd('day', days, date_expression) }} as date)
{%- endmacro %}

{# 0 on Monday to 6 on Sunday, bigint, alike on every engine. #}
{% macro weekday_number(date_expression) -%}
    {{ return(adapter.dispatch('weekday_number')(date_expression)) }}
{%- endmacro %}

{% macro default__weekday_number(date_expression) -%}
    cast(extract(isodow from {{ date_expression }}) - 1 as bigint)
{%- endmacro %}

{% macro spark__weekday_number(date_expression) -%}
    cast(weekday({{ date_expression }}) as bigint)
{%- endmacro %}

{# Whole days from one date to another, bigint. #}
{% macro days_between(first_date, last_date) -%}
    cast({{ dbt.datediff(first_date, last_date, 'day') }} as bigint)
{%- endmacro %}

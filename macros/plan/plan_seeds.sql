{#
    How the seeds of the plan become tables: read as Excel writes them (operations/plan_files),
    all text. Dates, shares and amounts come out as the checks of the plan expect them; a value
    that cannot be read stays, and is a fault.
#}

{# A seed of another folder is read as dbt does. #}
{% materialization seed, adapter='duckdb' %}
    {%- if not model.original_file_path.startswith('seeds/campaigns/') -%}
        {{ return(dbt.materialization_seed_default()) }}
    {%- endif -%}
    {%- set columns = config.get('column_types') | list -%}
    {#- a plan that is looked at before it is written lies elsewhere (operations/plan_workbook) -#}
    {%- set folder = env_var('PLAN_FOLDER', model.root_path ~ '/seeds/campaigns') -%}
    {%- set of_file = "'" ~ (folder ~ '/' ~ model.name ~ '.csv') | replace("'", "''")
        ~ "', ['" ~ columns | join("', '") ~ "'], '" ~ shop('country') ~ "'" -%}
    {%- set faults = run_query('select plan_file_faults(' ~ of_file ~ ')') -%}
    {%- if faults.rows[0][0] -%}
        {{ exceptions.raise_compiler_error(faults.rows[0][0]) }}
    {%- endif -%}
    {#- dbt asks for a table, and shows it with dbt seed --show -#}
    {%- do store_result('agate_table', response='OK', agate_table=faults) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        create or replace table {{ this }} as
        with

        rows_of_file as (
            select unnest(from_json(plan_file_rows({{ of_file }}), '[["varchar"]]')) as cells
        ),

        named as (
            select
                {% for column in columns -%}
                    cells[{{ loop.index }}] as {{ column }}{{ ',' if not loop.last }}
                {% endfor %}
            from rows_of_file
        )

        select
            {% for column in columns -%}
                {{ read_plan_value(column) }} as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from named
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{# The value of a column as text; what cannot be read stays as it is. #}
{% macro read_plan_value(column) -%}
    {%- if column.endswith('_on') or column.endswith('_date') -%}
        coalesce(cast(cast({{ read_timestamp(column) }} as date) as varchar), {{ column }})
    {%- elif column.endswith('_share') -%}{{ read_plan_share(column) }}
    {%- elif column == 'discount_value' -%}
        case
            when discount_kind = 'share' then {{ read_plan_share(column) }}
            else {{ read_plan_number(column) }}
        end
    {%- elif column.endswith('_amount') or column.startswith('cost_per_')
        or column == 'amount_per_point' -%}
        {{ read_plan_number(column) }}
    {%- elif column in ['priority', 'stock_cap', 'days_before'] or column.endswith('_days')
        or column.endswith('_hour') or column.startswith('most_contacts_') -%}
        regexp_replace({{ read_plan_number(column) }}, '[.]0+$', '')
    {%- elif column == 'value' -%}
        case
            when operator in ('at_least', 'at_most')
                then
                    case
                        when contains(value, '%') then {{ read_plan_share('value') }}
                        else {{ read_plan_number('value') }}
                    end
            else value
        end
    {%- else -%}{{ column }}
    {%- endif -%}
{%- endmacro %}

{# A number as it is, or out of a way in which money is written: $1,234.50 or 12,50 €. #}
{% macro read_plan_number(column) -%}
    case
        when try_cast({{ column }} as double) is not null then {{ column }}
        else coalesce(
            cast({{ read_decimal(column, 'decimal(18, 2)') }} as varchar), {{ column }}
        )
    end
{%- endmacro %}

{# A share of 1: a decimal comma is a point, and 10% is 0.1. #}
{% macro read_plan_share(column) -%}
    {%- set number -%}replace(rtrim({{ column }}, '% '), ',', '.'){%- endset -%}
    case
        when contains({{ column }}, '%')
            then coalesce(
                cast(cast(try_cast({{ number }} as decimal(9, 6)) / 100 as double) as varchar),
                {{ column }}
            )
        when try_cast({{ number }} as double) is not null then {{ number }}
        else {{ column }}
    end
{%- endmacro %}

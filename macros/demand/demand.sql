{#
    Weeks are counted from the scoring date: -1 is the last whole week of sales, 0 the
    first that is forecast.
#}
{% macro demand_week(date_expression, scoring_date='scoring.scoring_date') -%}
    cast(
        floor({{ days_between(scoring_date, date_expression) }} / 7.0) as bigint
    )
{%- endmacro %}

{# Mean of the uncensored weeks among the last so many, the current row's the last. #}
{% macro demand_mean(column, weeks, condition='not is_censored') -%}
    avg(case when {{ condition }} then {{ column }} end) over (
        partition by product_id order by week_number
        rows between {{ weeks - 1 }} preceding and current row
    )
{%- endmacro %}

{# Logarithm of demand over the product's usual demand, 0 for usual. #}
{% macro demand_ratio(column) -%}
    ln(coalesce({{ column }}, usual_units) / usual_units + 0.1)
{%- endmacro %}

{# Methods that forecast a product; all, or those that read the plan of promotions. #}
{% macro demand_methods(reads_plan=none) -%}
    {%- set methods = {
        'mean_4': false, 'mean_8': false, 'smoothing': false, 'seasonal': false,
        'regression': false, 'similar_weeks': true, 'planned_regression': true,
    } -%}
    {%- set named = [] -%}
    {%- for name, reads in methods.items()
        if reads_plan is none or reads == reads_plan -%}
        {%- do named.append(name) -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}

{# Levels of the quantiles that forecasts are published with, by suffix. #}
{% macro demand_quantiles() -%}
    {{ return({
        'q05': 0.05, 'q10': 0.1, 'q25': 0.25, 'q50': 0.5, 'q75': 0.75, 'q90': 0.9,
        'q95': 0.95,
    }) }}
{%- endmacro %}

{# Quantiles of demand over the weeks of cover, for service levels between. #}
{% macro cover_quantiles() -%}
    {{ return({
        'q10': 0.1, 'q25': 0.25, 'q50': 0.5, 'q75': 0.75, 'q90': 0.9, 'q95': 0.95,
        'q98': 0.98, 'q99': 0.99,
    }) }}
{%- endmacro %}

{# Class of sizes of what is expected, by powers of two: errors shrink as it grows. #}
{% macro size_class(expected) -%}
    cast(
        greatest(least(floor(log2(greatest({{ expected }}, 0.001))), 7), -4) as bigint
    )
{%- endmacro %}

{% macro array_of(expressions) -%}
    {{ return(adapter.dispatch('array_of')(expressions)) }}
{%- endmacro %}

{% macro default__array_of(expressions) -%}
    [{{ expressions | join(', ') }}]
{%- endmacro %}

{% macro spark__array_of(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}

{# Sum of the products of two arrays of numbers. #}
{% macro dot_product(first_array, second_array) -%}
    {{ return(adapter.dispatch('dot_product')(first_array, second_array)) }}
{%- endmacro %}

{% macro default__dot_product(first_array, second_array) -%}
    list_dot_product({{ first_array }}, {{ second_array }})
{%- endmacro %}

{% macro spark__dot_product(first_array, second_array) -%}
    aggregate(
        zip_with({{ first_array }}, {{ second_array }}, (a, b) -> a * b),
        cast(0 as double), (total, each) -> total + each
    )
{%- endmacro %}

{#
    Units by a regression of `ml_demand__fits`: at most twenty times what is usual; null
    without one, which least() would pass over.
#}
{% macro demand_regression(fit) -%}
    case
        when {{ fit }}.intercept is not null
            then
                features.usual_units * least(
                    exp(
                        least(
                            {{ fit }}.intercept
                            + {{ dot_product(
                                'features.own_features', fit ~ '.own_coefficients'
                            ) }}
                            + {{ dot_product(
                                'features.plan_features', fit ~ '.plan_coefficients'
                            ) }},
                            5
                        )
                    ),
                    20
                )
    end
{%- endmacro %}

{#
    A quantile of units: what is expected times the ratio of past errors of its kind;
    before there are any, that of a law whose variance grows from Poisson's.
#}
{% macro demand_quantile(ratio, level, expected) -%}
    coalesce(
        {{ expected }} * {{ ratio }},
        greatest(
            {{ expected }} + {{ normal_quantile(level) }}
            * sqrt({{ expected }} + 0.25 * {{ expected }} * {{ expected }}),
            0
        )
    )
{%- endmacro %}

{#
    CTEs up to `quantiles`: those of units over expected units in past forecasts, per use
    and key. The test is judged by the validation's errors, what comes by those of both.
#}
{% macro past_ratios(forecasts, keys, levels) -%}
uses as (
    select
        'test' as split_name,
        'validation' as learnt_from
    union all
    select
        'score' as split_name,
        'validation' as learnt_from
    union all
    select
        'score' as split_name,
        'test' as learnt_from
),

past as (
    select
        uses.split_name as used_for,
        {% for key in keys -%}
            forecasts.{{ key }},
        {% endfor -%}
        forecasts.units / forecasts.expected_units as ratio
    from {{ forecasts }} as forecasts
    inner join uses on forecasts.split_name = uses.learnt_from
    where forecasts.units is not null and forecasts.expected_units > 0
),

quantiles as (
    select
        used_for,
        {{ keys | join(', ') }},
        {% for suffix, level in levels.items() -%}
            percentile_cont({{ level }}) within group (order by ratio)
                as ratio_{{ suffix }},
        {% endfor -%}
        cast(count(*) as bigint) as past_count
    from past
    group by used_for, {{ keys | join(', ') }}
    having count(*) >= {{ var('demand_least_errors') }}
)
{%- endmacro %}

{# Quantiles of the normal law at the levels of the two macros above. #}
{% macro normal_quantile(level) -%}
    {{ return({
        0.05: -1.6449, 0.1: -1.2816, 0.25: -0.6745, 0.5: 0, 0.75: 0.6745, 0.9: 1.2816,
        0.95: 1.6449, 0.98: 2.0537, 0.99: 2.3263,
    }[level]) }}
{%- endmacro %}

{# Columns of seed supply_rules that say how a product is supplied. #}
{% macro supply_columns() -%}
    {{ return([
        'lead_time_days', 'lead_time_spread_days', 'review_days', 'service_level',
        'pack_size', 'minimum_order', 'shelf_life_days', 'holding_cost',
    ]) }}
{%- endmacro %}

{#
    Why so much of a product is ordered, as one sentence of a language: en or zh. Reads the
    columns of reorder_plan; `expected` are the units of cover_days.
#}
{% macro reorder_reason(language, expected) -%}
    {%- set words = {
        'en': {
            'unpaid': 'The budget is spent on what runs out earlier',
            'capped': 'More would expire before it sells',
            'expiring': 'Some of what is on hand will expire before it sells',
            'overstocked': 'There is more than enough',
            'enough': 'What is on hand and on order suffices',
            'order': ['Order ', ''], 'expected': [': ', ' expected in ', ' days'],
            'campaigns': [', ', ' by campaigns'],
            'stock': [', ', ' on hand, ', ' on order.'],
        },
        'zh': {
            'unpaid': '预算已用于更早售罄的商品', 'capped': '再订会在售出前过期',
            'expiring': '部分库存会在售出前过期', 'overstocked': '库存已绰绰有余',
            'enough': '现有库存与在途已够', 'order': ['订购 ', ' 件'],
            'expected': ['：预计 ', ' 件需求，覆盖 ', ' 天'], 'campaigns': ['，其中活动 ', ' 件'],
            'stock': ['，现有库存 ', ' 件，在途 ', ' 件。'],
        },
    }[language] -%}
    concat(
        case
            when is_budget_capped then '{{ words.unpaid }}'
            when order_units = 0 and is_shelf_capped then '{{ words.capped }}'
            when order_units = 0 and is_expiring then '{{ words.expiring }}'
            when order_units = 0 and is_overstocked then '{{ words.overstocked }}'
            when order_units = 0 then '{{ words.enough }}'
            else concat(
                '{{ words.order[0] }}', {{ shown_units('order_units') }},
                '{{ words.order[1] }}'
            )
        end,
        '{{ words.expected[0] }}', {{ shown_units(expected) }},
        '{{ words.expected[1] }}', cast(cast(ceil(cover_days) as bigint) as string),
        '{{ words.expected[2] }}',
        case
            when campaign_units >= 0.5
                then concat(
                    '{{ words.campaigns[0] }}', {{ shown_units('campaign_units') }},
                    '{{ words.campaigns[1] }}'
                )
            else ''
        end,
        '{{ words.stock[0] }}', {{ shown_units('on_hand_units') }},
        '{{ words.stock[1] }}', {{ shown_units('on_order_units') }},
        '{{ words.stock[2] }}'
    )
{%- endmacro %}

{# Units in a sentence, whole. #}
{% macro shown_units(units) -%}
    cast(cast(round({{ units }}) as bigint) as string)
{%- endmacro %}

{# Rules of seed risk_rules, each with the model that computes its value. #}
{% macro known_risk_rules() -%}
    {{ return([
        'orders_of_user', 'orders_of_device', 'payments_of_user', 'payments_of_device',
        'accounts_of_device', 'accounts_of_payment', 'accounts_of_address',
        'large_first_order', 'returned_share', 'linked_coupon', 'discounted_bulk',
        'reviews_unbought', 'dispute_open', 'dispute_upheld',
    ]) }}
{%- endmacro %}

{# An instant so many days before or after another; the days may be an expression. #}
{% macro instant_after(instant, days) -%}
    {{ dbt.dateadd('day', days, instant) }}
{%- endmacro %}

{# The first day of a date's month. #}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{# Most accounts of a token of a kind, by var risk: of more it is a place. #}
{% macro most_accounts(token_kind) -%}
    case {{ token_kind }}
        {%- for kind, most in var('risk').most_accounts.items() %}
        when '{{ kind }}' then {{ most }}
        {%- endfor %}
    end
{%- endmacro %}

{# A sentence of seed risk_rules with the value and the days in their places. #}
{% macro filled_in(sentence) -%}
    replace(
        replace({{ sentence }}, '{value}', value_text),
        '{days}', cast(window_days as string)
    )
{%- endmacro %}

{# Whether two rows are of one user, or both of guests. #}
{% macro same_user(left_user, right_user) -%}
    coalesce({{ left_user }}, '') = coalesce({{ right_user }}, '')
{%- endmacro %}

{#
    CTE `components`: the connected components of accounts. `edges` has a row per pair, in both
    directions. Each account takes the least name among its neighbours', then that name's own
    name, as often as `rounds`: paths of 2 to the power of rounds, nearly; a test of
    account_links shows where that was too few.
#}
{% macro connected_components(edges, rounds) -%}
    named_0 as (
        select distinct
            user_id,
            user_id as component_id
        from {{ edges }}
    ),

    {% for round in range(1, rounds + 1) -%}
        heard_{{ round }} as (
            select
                named.user_id,
                least(named.component_id, min(others.component_id)) as component_id
            from named_{{ round - 1 }} as named
            inner join {{ edges }} as edges on named.user_id = edges.user_id
            inner join named_{{ round - 1 }} as others
                on edges.other_user_id = others.user_id
            group by named.user_id, named.component_id
        ),

        named_{{ round }} as (
            select
                heard.user_id,
                least(heard.component_id, named.component_id) as component_id
            from heard_{{ round }} as heard
            inner join heard_{{ round }} as named on heard.component_id = named.user_id
        ),

    {% endfor -%}
    components as (select * from named_{{ rounds }}),
{%- endmacro %}

{#
    CTE `counted`: how many items a window of days before each question holds. An item comes
    into the count when it is seen and leaves it so many days after it was seen last, so that
    running sums do what a join of all with all would. A token that was a place of many
    accounts before the window says nothing of who uses it.
#}
{% macro counted_in_windows() -%}
steps as (
    select
        rule,
        counted_for,
        entered_at as stepped_at,
        1 as step,
        1 as item_step,
        cast(null as string) as order_id
    from neighboured
    where
        before_at is null
        or before_at <= {{ instant_after('entered_at', '-window_days') }}
    union all
    select
        rule,
        counted_for,
        {{ instant_after('entered_at', 'window_days') }} as stepped_at,
        0 as step,
        -1 as item_step,
        cast(null as string) as order_id
    from neighboured
    where
        after_at is null
        or after_at >= {{ instant_after('entered_at', 'window_days') }}
    union all
    select
        asked.rule,
        asked.counted_for,
        asked.asked_at as stepped_at,
        2 as step,
        0 as item_step,
        asked.order_id
    from asked
    inner join rules on asked.rule = rules.rule
    where
        asked.place_at is null
        or asked.place_at
        > {{ instant_after('asked.asked_at', '-rules.window_days') }}
),

counted as (
    select
        order_id,
        rule,
        sum(item_step) over (
            partition by rule, counted_for order by stepped_at, step
            rows between unbounded preceding and current row
        ) as item_count
    from steps
)
{%- endmacro %}

{# Whether a pair of rsk_account_pairs is a link at an instant: no place, no family. #}
{% macro is_linked(instant) -%}
    linked_at <= {{ instant }}
    and (place_at is null or place_at > {{ instant }})
    and not (
        family_at is not null and family_at <= {{ instant }}
        and (unspared_at is null or unspared_at > {{ instant }})
    )
{%- endmacro %}

-- one row per order and channel on the path to it: what each method credits it with
{% set settings = var('attribution') -%}
{% set ends = settings.ends_share -%}
with

steps as (
    select * from {{ ref('tch_steps') }}
    where path_end = 'order'
),

removal_effects as (select * from {{ ref('tch_removal_effects') }}),
shapley_values as (select * from {{ ref('tch_shapley_values') }}),

-- one checkout may be several orders: those of an instant end one path
path_orders as (
    select
        order_id,
        user_id,
        min(touchpoint_number) over (
            partition by user_id, touched_at
        ) as touchpoint_number
    from {{ ref('user_touchpoints') }}
    where touch_kind = 'order'
),

orders as (select * from {{ ref('orders') }}),

channels_summed as (
    select
        user_id,
        order_number,
        channel,
        min(channel_number) as channel_number,
        cast(sum(touch_count) as bigint) as touch_count,
        cast(count(*) as bigint) as step_count,
        max(step_count) as path_step_count,
        max(case when step_number = 1 then 1 else 0 end) as is_first,
        max(case when step_number = step_count then 1 else 0 end) as is_last,
        {{ exact_sum(
            'power(0.5, seconds_before / ' ~ settings.half_life_days * 86400 ~ '.0)'
        ) }} as decayed_count
    from steps
    group by user_id, order_number, channel
),

sets_numbered as (
    select
        *,
        sum({{ channel_bit('channel_number') }})
            over (partition by user_id, order_number) as set_number
    from channels_summed
),

weighed as (
    select
        paths.user_id,
        paths.order_number,
        paths.channel,
        paths.touch_count,
        paths.is_last = 1 as is_last,
        paths.is_first as first_touch_weight,
        paths.is_last as last_touch_weight,
        paths.step_count as linear_weight,
        paths.decayed_count as time_decay_weight,
        -- the ends have fixed shares, what is between shares the rest
        case
            when paths.path_step_count < 3 then paths.is_first + paths.is_last
            else
                {{ ends }} * (paths.is_first + paths.is_last)
                + {{ 1 - 2 * ends }}
                * (paths.step_count - paths.is_first - paths.is_last)
                / (paths.path_step_count - 2)
        end as position_weight,
        coalesce(removal_effects.removal_effect, 0) as markov_weight,
        -- rounding leaves values of nothing a little below it
        greatest(shapley_values.shapley_value, 0) as shapley_weight
    from sets_numbered as paths
    inner join removal_effects
        on paths.channel_number = removal_effects.channel_number
    inner join shapley_values
        on
            paths.set_number = shapley_values.set_number
            and paths.channel_number = shapley_values.channel_number
),

-- an order that nothing touched is credited to none
joined as (
    select
        orders.order_id,
        orders.user_id,
        coalesce(weighed.channel, 'none') as channel,
        orders.sales_channel,
        coalesce(weighed.touch_count, 0) as touch_count,
        coalesce(weighed.is_last, true) as is_last,
        {% for method in attribution_methods() -%}
            coalesce(weighed.{{ method }}_weight, 1) as {{ method }}_weight,
        {% endfor -%}
        cast((orders.net_amount - orders.returned_amount) * 100 as bigint) as cents,
        orders.order_date
    from orders
    left join path_orders on orders.order_id = path_orders.order_id
    left join weighed
        on
            path_orders.user_id = weighed.user_id
            and path_orders.touchpoint_number = weighed.order_number
),

floored as (
    select
        {% for method in attribution_methods() -%}
            {{ cents_floored('cents', method ~ '_weight', 'order_id') }}
                as {{ method }}_cents,
        {% endfor -%}
        *
    from joined
),

-- cents left over by rounding go to the channel of the last touch
spread as (
    select
        {% for method in attribution_methods() -%}
            {{ cents_spread(method ~ '_cents', 'cents', 'is_last', 'order_id') }}
                as {{ method }}_spread,
        {% endfor -%}
        *
    from floored
),

typed as (
    select
        order_id,
        user_id,
        channel,
        sales_channel,
        touch_count,
        {% for method in attribution_methods() -%}
            cast(cast({{ method }}_spread as decimal(18, 0)) * 0.01 as decimal(18, 2))
                as {{ method }}_amount,
        {% endfor -%}
        order_date
    from spread
)

select * from typed

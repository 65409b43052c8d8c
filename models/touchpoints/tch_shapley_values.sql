-- one row per set of channels on paths that ended with an order, and channel of it
{% set settings = var('attribution') -%}
{% set channels = range(1, settings.channels + 1) -%}
with

steps as (
    select * from {{ ref('tch_steps') }}
    where path_end in ('order', 'none')
),

channels as (
    select distinct channel_number from steps
),

-- a set of channels is a number, a bit for each
paths as (
    select
        path_end,
        bit_or({{ channel_bit('channel_number') }}) as set_number
    from steps
    group by user_id, order_number, path_end
),

sets_counted as (
    select
        set_number,
        count(*) as path_count,
        sum(case when path_end = 'order' then 1 else 0 end) as order_count
    from paths
    group by set_number
),

-- rates of few paths lie near that of all
sets_rated as (
    select
        set_number,
        order_count,
        (
            order_count + {{ settings.prior_paths }}
            * sum(order_count) over () / cast(sum(path_count) over () as double)
        ) / (path_count + {{ settings.prior_paths }}) as order_rate
    from sets_counted
),

flags as (
    select 0 as flag
    union all
    select 1 as flag
),

parts as (
    select
        {% for number in channels -%}
            {{ '+ ' if not loop.first }}bit_{{ number }}.flag * {{ 2 ** (number - 1) }}
        {% endfor %} as part_number
    from flags as bit_1
    {% for number in channels if number > 1 -%}
        cross join flags as bit_{{ number }}
    {% endfor %}
),

-- channels are worth at least what any of them are: more of them do no harm
parts_valued as (
    select
        parts.part_number,
        bit_count(parts.part_number) as part_size,
        coalesce(max(sets_rated.order_rate), 0) as worth
    from parts
    left join sets_rated
        on sets_rated.set_number & parts.part_number = sets_rated.set_number
    group by parts.part_number
),

-- Shapley value in the game of the channels of a set
values_summed as (
    select
        sets_rated.set_number,
        channels.channel_number,
        {{ exact_sum('parts_valued.worth * ' ~ shapley_weight(
            'parts_valued.part_size', 'bit_count(sets_rated.set_number)',
            'case when parts_valued.part_number & '
            ~ channel_bit('channels.channel_number') ~ ' > 0 then 1 else 0 end',
            settings.channels
        )) }} as shapley_value
    from sets_rated
    inner join channels
        on sets_rated.set_number & {{ channel_bit('channels.channel_number') }} > 0
    inner join parts_valued
        on
            parts_valued.part_number & sets_rated.set_number
            = parts_valued.part_number
    where sets_rated.order_count > 0
    group by sets_rated.set_number, channels.channel_number
)

select * from values_summed

-- one row per channel and method of attribution: cost, revenue credited and caused
with

attribution as (select * from {{ ref('attribution') }}),
touchpoints as (select * from {{ ref('user_touchpoints') }}),
measured as (select * from {{ ref('attribution_vs_control') }}),

channels as (
    select
        channel,
        cast(cost_per_contact as decimal(18, 4)) as cost_per_contact
    from {{ ref('channels') }}
    where shop = '{{ active_source() }}'
),

named as (select distinct channel from {{ ref('tch_steps') }}),

-- contacts of a channel that is one of the others are theirs, with its cost
contacts_counted as (
    select
        coalesce(named.channel, 'other') as channel,
        cast(count(*) as bigint) as contact_count,
        -- a channel without a price has no known cost
        case
            when count(channels.cost_per_contact) = count(*)
                then sum(channels.cost_per_contact)
        end as cost_amount
    from touchpoints
    left join named on touchpoints.channel = named.channel
    left join channels on touchpoints.channel = channels.channel
    where touchpoints.touch_kind = 'contact'
    group by coalesce(named.channel, 'other')
),

credited as (
    {% for method in attribution_methods() -%}
        select
            channel,
            '{{ method }}' as method,
            cast(count(distinct user_id) as bigint) as user_count,
            cast(count(*) as bigint) as order_count,
            sum({{ method }}_amount) as credited_amount
        from attribution
        group by channel
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

shown as (
    select * from credited
    -- a user may be in several channels
    qualify
        {{ is_shown(
            'user_count', 'method', 'channel',
            hidden_users='max(case when ' ~ is_few('user_count')
            ~ ' then user_count else 0 end) over (partition by method)'
        ) }}
),

joined as (
    select
        cast(shown.channel as string) as channel,
        cast(shown.method as string) as method,
        shown.user_count,
        shown.order_count,
        coalesce(contacts_counted.contact_count, 0) as contact_count,
        cast(contacts_counted.cost_amount as decimal(18, 2)) as cost_amount,
        cast(shown.credited_amount as decimal(18, 2)) as credited_amount,
        measured.over_credit_factor,
        {% for name, factor in [
            ('expected_caused_amount', 'over_credit_factor'),
            ('expected_caused_low', 'factor_high'),
            ('expected_caused_high', 'factor_low'),
        ] -%}
            cast(
                case
                    when measured.factor_low > 0
                        then round(shown.credited_amount / measured.{{ factor }}, 2)
                end as decimal(18, 2)
            ) as {{ name }},
        {% endfor -%}
        cast(
            round(
                shown.credited_amount
                / cast(nullif(contacts_counted.cost_amount, 0) as double), 6
            ) as double
        ) as credited_per_cost
    from shown
    left join contacts_counted on shown.channel = contacts_counted.channel
    left join measured
        on shown.channel = measured.channel and shown.method = measured.method
)

select * from joined
